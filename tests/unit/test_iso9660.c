/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CDs: images of xorriso with each kind of names, one made by hand with what is rare and what is
 * wrong, and damage of all kinds. (test_vfs reads a whole tree from such an image too.)
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <core/vfs.h>
#include <libs/errno.h>

#include "fake.h"
#include "fake_block.h"
#include "fs_image.h"

#define PRIMARY (16 * 2048)

static void mount(const char *name)
{
	fs_load(name);
	fake_block("disk0", fs_image, fs_image_size);
	CHECK_EQ(vfs_mount_blockdev("/", "disk0", true), 0);
}

static void unmount(void)
{
	CHECK_EQ(vfs_unmount("/"), 0);
	CHECK_EQ(fake_block_users(), 0);
	fs_unload();
	CHECK_EQ(fake_heap_live(), 0);
}

static const char *content(const char *path)
{
	static char text[3000];
	struct vfs_file file;
	int64_t n;
	int err = vfs_open(path, &file);

	if (err) {
		snprintf(text, sizeof(text), "error %d", err);
		return text;
	}
	n = vfs_read(&file, 0, text, sizeof(text) - 1);
	if (n < 0)
		snprintf(text, sizeof(text), "error %d", (int)n);
	else
		text[n] = '\0';
	vfs_close(&file);
	return text;
}

/* The names in a folder, in its order, with a comma behind each. */
static const char *names(const char *path)
{
	static char all[3000];
	struct vfs_dirent ent;
	struct vfs_file dir;
	uint64_t pos = 0;
	size_t n = 0;
	int got = vfs_open(path, &dir);

	all[0] = '\0';
	if (!got) {
		while ((got = vfs_readdir(&dir, &pos, &ent)) == 1)
			n += (size_t)snprintf(all + n, sizeof(all) - n, "%s,", ent.name);
		vfs_close(&dir);
	}
	if (got)
		snprintf(all + n, sizeof(all) - n, "error %d", got);
	return all;
}

TEST(rock_ridge)
{
	mount("names-rock.iso");
	CHECK_STR(content("/UPPER.TXT"), "upper");
	CHECK_STR(content("/upper.txt"), "error -2");
	CHECK_STR(content("/Mixed Case and long.text"), "mixed");
	CHECK_STR(content("/\u00e4\u00f6 \u20ac.txt"), "not ASCII");
	CHECK_STR(content("/noext"), "dot");
	CHECK_STR(content("/1/2/3/4/5/6/7/8/9/10/bottom"), "deep");
	CHECK_STR(names("/1/2/3/4/5/6/7/8/9/10"), "bottom,");
	unmount();
}

TEST(joliet)
{
	mount("names-joliet.iso");
	CHECK_STR(content("/UPPER.TXT"), "upper");
	CHECK_STR(content("/lower.txt"), "lower");
	CHECK_STR(content("/Mixed Case and long.text"), "mixed");
	CHECK_STR(content("/\u00e4\u00f6 \u20ac.txt"), "not ASCII");
	CHECK_STR(content("/1/2/3/4/5/6/7/8/9/10/bottom"), "deep");
	unmount();
}

TEST(plain)
{
	struct vfs_stat st;

	mount("names-plain.iso");
	CHECK_STR(content("/upper.txt"), "upper");
	CHECK_STR(content("/UPPER.TXT"), "upper");
	CHECK_STR(content("/Lower.Txt"), "lower");
	CHECK_STR(content("/noext"), "dot");
	CHECK_STR(content("/1/2/3/4/5/6/7/8/9/10/bottom"), "deep");
	CHECK_STR(content("/noext/x"), "error -20");
	CHECK_EQ(vfs_stat_path("/upper.txt", true, &st), 0);
	CHECK_EQ(st.type, VFS_FILE);
	CHECK_EQ(st.size, 5);
	CHECK_EQ(st.mode, 0444);
	CHECK_EQ(vfs_stat_path("/1", true, &st), 0);
	CHECK_EQ(st.type, VFS_DIR);
	unmount();
}

TEST(read_only)
{
	struct vfs_space space;
	struct vfs_file file;

	mount("names-rock.iso");
	CHECK_EQ(vfs_mkdir("/new"), -EROFS);
	CHECK_EQ(vfs_unlink("/noext"), -EROFS);
	CHECK_EQ(vfs_rename("/noext", "/ext"), -EROFS);
	CHECK_EQ(vfs_open_flags("/noext", VFS_WRITE, &file), -EROFS);
	CHECK_EQ(vfs_open_flags("/new", VFS_WRITE | VFS_CREATE, &file), -EROFS);
	CHECK_EQ(vfs_space("/", &space), 0);
	CHECK_EQ(space.size, fs_image_size);
	CHECK_EQ(space.free, 0);
	unmount();
}

TEST(sections)
{
	struct vfs_extent ext;
	struct vfs_file file;
	uint8_t buf[200];

	mount("odd.iso");
	REQUIRE(!vfs_open("/parts", &file));
	CHECK_EQ(file.stat.size, 2148);
	CHECK_EQ(vfs_read(&file, 2000, buf, sizeof(buf)), 148);
	CHECK_EQ(buf[0], 2000 & 0xff);
	CHECK_EQ(buf[47], 2047 & 0xff);
	CHECK_MEM(buf + 48, "behind!!", 8);
	CHECK_EQ(vfs_extent(&file, 0, &ext), 0);
	CHECK_EQ(ext.at, 24 * 2048);
	CHECK_EQ(ext.len, 2048);
	CHECK_EQ(vfs_extent(&file, 2050, &ext), 0);
	CHECK_EQ(ext.at, 26 * 2048 + 2);
	CHECK_EQ(ext.len, 98);
	CHECK_EQ(vfs_extent(&file, 2148, &ext), 0);
	CHECK_EQ(ext.at, VFS_HOLE);
	vfs_close(&file);
	unmount();
	/* In memory only what is in one piece can be had without a copy. */
	fs_load("odd.iso");
	CHECK_EQ(vfs_mount_image("/", fs_image, fs_image_size), 0);
	REQUIRE(!vfs_open("/parts", &file));
	CHECK(!vfs_map(&file));
	vfs_close(&file);
	REQUIRE(!vfs_open("/plain.txt", &file));
	CHECK(vfs_map(&file) == fs_image + 25 * 2048);
	vfs_close(&file);
	CHECK_EQ(vfs_unmount("/"), 0);
	fs_unload();
}

TEST(odd_names)
{
	char expected[400], target[VFS_PATH_MAX], half[101];
	struct vfs_stat st;

	memset(half, 'n', 100);
	half[100] = '\0';
	snprintf(expected, sizeof(expected), "parts,%s", half);
	memset(half, 'm', 100);
	snprintf(expected + 106, sizeof(expected) - 106,
		 "%s,link,interleaved,zipped,outside,attributes,fifo,plain.txt,a?b?c,deep,bad,huge,"
		 "text,", half);
	mount("odd.iso");
	CHECK_STR(names("/"), expected);
	CHECK_EQ(vfs_readlink("/link", target, sizeof(target)), 0);
	CHECK_STR(target, "/folder/.././parts");
	CHECK_EQ(vfs_readlink("/link", target, 18), -ENAMETOOLONG);
	CHECK_EQ(vfs_stat_path("/link", false, &st), 0);
	CHECK_EQ(st.type, VFS_LINK);
	CHECK_EQ(st.size, 18);
	CHECK_STR(content("/attributes"), "text");
	CHECK_STR(content("/plain.txt"), "text");
	CHECK_STR(content("/deep/file"), "text");
	CHECK_STR(content("/moved/file"), "error -2");
	CHECK_STR(content("/a?b?c"), "text");
	CHECK_EQ(vfs_stat_path("/fifo", true, &st), 0);
	CHECK_EQ(st.type, VFS_OTHER);
	CHECK_EQ(vfs_stat_path("/deep", true, &st), 0);
	CHECK_EQ(st.type, VFS_DIR);
	CHECK_EQ(st.mode, 0700);
	/* The root's time is where its attributes go on; others have that of their record. */
	CHECK_EQ(vfs_stat_path("/", true, &st), 0);
	CHECK_EQ(st.mode, 0711);
	CHECK_EQ(st.mtime, 1700000000);
	CHECK_EQ(vfs_stat_path("/plain.txt", true, &st), 0);
	CHECK_EQ(st.mtime, 1700000000 - 3600);
	unmount();
	/* Without Rock Ridge the same volume has other names. */
	fs_load("odd.iso");
	fs_image[20 * 2048 + 38] = 0;
	fake_block("disk0", fs_image, fs_image_size);
	CHECK_EQ(vfs_mount_blockdev("/", "disk0", false), 0);
	CHECK_STR(names("/"), "\u00e4\U0001f600 x,??,");
	CHECK_STR(content("/\u00e4\U0001f600 x"), "text");
	unmount();
}

TEST(not_to_be_read)
{
	mount("odd.iso");
	fake_log_clear();
	CHECK_STR(content("/interleaved"), "error -95");
	CHECK(strstr(fake_log_text(), "a file is interleaved, which cannot be read here"));
	CHECK_STR(content("/zipped"), "error -95");
	CHECK_STR(content("/outside"), "error -117");
	CHECK(strstr(fake_log_text(), "extent of the record at"));
	CHECK_STR(names("/bad"), "error -117");
	CHECK(strstr(fake_log_text(), "continuations without an end"));
	CHECK_STR(content("/bad/circle"), "error -117");
	CHECK_STR(names("/huge"), "error -117");
	CHECK_STR(content("/text/x"), "error -117");
	unmount();
}

/* What is wrong with an image is told in words, and the image is refused. */
static void check_refused(size_t at, uint8_t value, int expected, const char *words)
{
	fs_load("odd.iso");
	fake_log_clear();
	fs_image[at] = value;
	fake_block("disk0", fs_image, fs_image_size);
	CHECK_EQ(vfs_mount_blockdev("/", "disk0", false), expected);
	CHECK(strstr(fake_log_text(), words));
	CHECK_EQ(fake_block_users(), 0);
	CHECK_EQ(fake_heap_live(), 0);
	fs_unload();
}

TEST(refused_images)
{
	check_refused(PRIMARY + 1, 'X', -ENOEXEC, "");
	check_refused(PRIMARY, 0, -ENOEXEC, "");
	check_refused(PRIMARY + 129, 3, -EUCLEAN, "volume descriptor is damaged");
	check_refused(PRIMARY + 81, 1, -EUCLEAN, "the image is cut off: 65536 of 589824 bytes");
	check_refused(PRIMARY + 156 + 4, 1, -EUCLEAN, "extent of the record");
	check_refused(PRIMARY + 156 + 2, 25, -EUCLEAN, "name in the record at 51200");
	check_refused(20 * 2048 + 25, 0, -EUCLEAN, "root directory at 40960");
	check_refused(20 * 2048 + 33, 7, -EUCLEAN, "root directory at 40960");
}

TEST(cut_off)
{
	/* Wherever it ends, it is refused, and nothing behind the end is touched. */
	for (size_t size = 0; size < 32 * 2048; size += 512) {
		uint8_t *part;

		fs_load("odd.iso");
		part = malloc(size ? size : 1);
		memcpy(part, fs_image, size);
		fake_block("disk0", part, size);
		CHECK(vfs_mount_blockdev("/", "disk0", false) < 0);
		CHECK(vfs_mount_image("/", part, size) < 0);
		free(part);
		fs_unload();
	}
	CHECK_EQ(fake_heap_live(), 0);
}

TEST(memory_and_disk_fail)
{
	struct vfs_stat st;
	bool failed = true;

	mount("names-rock.iso");
	fake_block_fail_from(80);
	CHECK_STR(content("/1/2/3/4/5/6/7/8/9/10/bottom"), "error -5");
	CHECK_EQ(vfs_unmount("/"), 0);
	fs_unload();
	for (size_t n = 1; failed; n++) {
		int err;

		fs_load("names-rock.iso");
		fake_heap_fail_at(n);
		err = vfs_mount_blockdev("/", "disk0", false);
		if (!err) {
			err = vfs_stat_path("/1/2/3", true, &st);
			failed = fake_heap_failed();
			fake_heap_fail_at(0);
			CHECK_EQ(vfs_unmount("/"), 0);
		}
		CHECK(err == 0 || err == -ENOMEM);
		fake_heap_fail_at(0);
		CHECK_EQ(fake_block_users(), 0);
		CHECK_EQ(fake_heap_live(), 0);
		fs_unload();
	}
}
