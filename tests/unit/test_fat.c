/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * FAT written to: random changes against a model on file systems of mkfs.vfat, which fsck.vfat has
 * no word against afterwards; names as mtools make and see them; stopped at any write, everything
 * that was synced is there.
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
#include "fs_model.h"

static const struct fs_checker checker = { "fsck.vfat -n", "fsck.vfat -a", "fsck.vfat -y" };

static const char *content(const char *path)
{
	static char text[100];
	struct vfs_file file;
	int64_t n;
	int err = vfs_open(path, &file);

	if (err) {
		snprintf(text, sizeof(text), "error %d", err);
		return text;
	}
	n = vfs_read(&file, 0, text, sizeof(text) - 1);
	text[n < 0 ? 0 : n] = '\0';
	vfs_close(&file);
	return text;
}

static unsigned count(const char *path)
{
	struct vfs_dirent ent;
	struct vfs_file dir;
	uint64_t pos = 0;
	unsigned n = 0;

	if (vfs_open(path, &dir))
		return 0;
	while (vfs_readdir(&dir, &pos, &ent) == 1)
		n++;
	vfs_close(&dir);
	return n;
}

TEST(names_of_mtools)
{
	static uint8_t big[300001];
	struct vfs_file file;
	struct vfs_stat st;
	bool same = true;

	fs_load("names.fat");
	fs_mount();
	CHECK_STR(content("/UPPER.TXT"), "upper");
	CHECK_STR(content("/upper.txt"), "upper");
	CHECK_STR(content("/lower.txt"), "lower");
	CHECK_STR(content("/Mixed Case and long.text"), "mixed");
	CHECK_STR(content("/MIXEDC~1.TEX"), "mixed");
	CHECK_STR(content("/\u00e4\u00f6 \u20ac.txt"), "not ASCII");
	CHECK_STR(content("/.hidden"), "dot");
	CHECK_STR(content("/a.b.c"), "dots");
	CHECK_STR(content("/folder/deep/file"), "deep");
	CHECK_STR(content("/folder/../FOLDER/deep/./file"), "deep");
	CHECK_STR(content("/nothing"), "error -2");
	CHECK_STR(content("/a.b.c/x"), "error -20");
	CHECK_EQ(count("/"), 9);
	CHECK_EQ(count("/many"), 60);
	CHECK_STR(content("/many/a file with a long name 59"), "59");
	REQUIRE(!vfs_open("/big.bin", &file));
	CHECK_EQ(vfs_read(&file, 0, big, sizeof(big)), sizeof(big));
	for (unsigned i = 0; i < sizeof(big); i++)
		same = same && big[i] == (uint8_t)(i * 7 + i / 256);
	CHECK(same);
	CHECK_EQ(vfs_read(&file, 200000, big, 10), 10);
	CHECK_EQ(big[9], (uint8_t)(200009 * 7 + 200009 / 256));
	vfs_close(&file);
	CHECK_EQ(vfs_stat_path("/big.bin", true, &st), 0);
	CHECK_EQ(st.size, sizeof(big));
	CHECK(st.mtime > 1600000000);
	fs_unmount();
	fs_unload();
}

TEST(names_for_mtools)
{
	static const char *const names[] = { "SHORT.TXT", "small.txt", "A long name. With dots",
					     "\u00e4\u00f6 \u20ac.txt", "x", ".profile",
					     "long name one.text", "long name two.text" };
	static const char *const bad[] = { "/a:b", "/a*", "/trailing.", "/trailing ", "/\xff\xfe",
					   "/ leading", "/tab\there" };
	char path[100], command[200], longest[300];
	struct vfs_file file;

	fs_load("empty16.fat");
	fs_mount();
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), "/%s", names[i]);
		fs_write_file(path, 0, names[i], strlen(names[i]));
	}
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_EQ(vfs_open_flags(bad[i], VFS_WRITE | VFS_CREATE, &file), -EINVAL);
	/* The same name in other letters is the same name. */
	CHECK_EQ(vfs_mkdir("/SMALL.TXT"), -EEXIST);
	CHECK_EQ(vfs_rename("/small.txt", "/Small.txt"), 0);
	CHECK_STR(content("/small.TXT"), "small.txt");
	CHECK_EQ(count("/"), 8);
	CHECK_EQ(vfs_rename("/x", "/X"), 0);
	CHECK_EQ(vfs_rename("/X", "/x"), 0);
	memset(longest, 'n', sizeof(longest));
	longest[0] = '/';
	longest[254] = '\0';
	CHECK_EQ(vfs_mkdir(longest), 0);
	CHECK_EQ(vfs_rmdir(longest), 0);
	fs_unmount();
	fs_check(&checker);
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(command, sizeof(command),
			 "LC_ALL=C.UTF-8 sh -c 'test \"$(mtype -i $0 \"::%s\")\" = \"%s\"'",
			 names[i], names[i]);
		CHECK_EQ(fs_run(command), 0);
	}
	fs_unload();
}

/* What is wrong with an image is told in words, and the image is refused. */
static void check_refused(unsigned at, uint8_t value, int expected, const char *words)
{
	fs_load("empty32s.fat");
	fs_image[at] = value;
	CHECK_EQ(vfs_mount_blockdev("/", "disk0", true), expected);
	CHECK(strstr(fake_log_text(), words));
	CHECK_EQ(fake_heap_live(), 0);
	fs_unload();
}

TEST(refused_images)
{
	check_refused(510, 0, -ENOEXEC, "");
	check_refused(13, 3, -ENOEXEC, "");
	check_refused(39, 0x7f, -EUCLEAN, "damaged");
	check_refused(20, 0xff, -EUCLEAN, "cut off: 4194304 of");
	check_refused(43, 1, -ENOTSUP, "version 1.0");
	check_refused(47, 0xf0, -EUCLEAN, "damaged");
}

TEST(errors_of_the_device)
{
	static uint8_t data[20000];
	struct vfs_file file;
	int err;

	fs_load("empty16.fat");
	fs_mount();
	fs_write_file("/kept", 0, "kept", 4);
	CHECK_EQ(vfs_sync("/"), 0);
	REQUIRE(!vfs_open_flags("/new", VFS_WRITE | VFS_CREATE, &file));
	fake_block_fail_writes(2, -EIO);
	CHECK(vfs_write(&file, 0, data, sizeof(data)) <= (int64_t)sizeof(data));
	vfs_close(&file);
	err = vfs_sync("/");
	CHECK_EQ(err, -EIO);
	/* Nothing is written any more, all is read, and the person knows. */
	CHECK_EQ(vfs_mkdir("/x"), -EIO);
	CHECK_STR(content("/kept"), "kept");
	CHECK(strstr(fake_log_text(), "cannot be written"));
	CHECK_EQ(vfs_unmount("/"), -EIO);
	CHECK_EQ(fake_heap_live(), 0);
	fs_unload();
}

TEST(random_changes)
{
	static const char *const images[] = { "empty12.fat", "empty16.fat", "empty32.fat",
					      "empty32s.fat", "empty12k4.fat" };

	for (unsigned i = 0; i < sizeof(images) / sizeof(*images); i++)
		fs_random_changes(images[i], &checker);
}

TEST(filled_up)
{
	fs_fill_up("empty12.fat", &checker, 700000);
}

TEST(stopped_at_any_write)
{
	model_moves(false);
	fs_stop_at_writes("empty16.fat", &checker, 5, checker.mend);
	model_moves(true);
	fs_stop_at_writes("empty32s.fat", &checker, 23, checker.answer);
}

/* The same with a disk that forgets what was not flushed, or part of it. */
TEST(power_cut_at_any_write)
{
	fs_forgets(true);
	model_moves(false);
	fs_stop_at_writes("empty32s.fat", &checker, 7, checker.mend);
	model_moves(true);
	fs_forgets(false);
}
