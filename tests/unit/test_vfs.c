/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mounts, paths and files, over images that mke2fs and cpio made of the tree in make-vfs-data.py,
 * the same for each kind of image.
 */
#include <core/vfs.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <core/mem.h>
#include <libs/byteorder.h>
#include <libs/errno.h>

#include "fake.h"
#include "fake_block.h"
#include "unit.h"

static const char *const ext2_images[] = { "tree-1k.ext2", "tree-2k.ext2", "tree-4k.ext2",
					   "tree-rev0.ext2", "tree-notype.ext2",
					   "tree-inode256.ext2", "tree-ext3.ext2",
					   "tree-ext4.ext2", "tree-ext4-4k.ext2" };

/* The whole file as a string; static, one at a time. */
static const char *content(const char *path)
{
	static char text[4096];
	struct vfs_file file;
	int64_t n;
	int err = vfs_open(path, &file);

	if (err) {
		snprintf(text, sizeof(text), "error %d", err);
		return text;
	}
	n = vfs_read(&file, 0, text, sizeof(text) - 1);
	text[n < 0 ? 0 : n] = '\0';
	if (n < 0)
		snprintf(text, sizeof(text), "error %d", (int)n);
	vfs_close(&file);
	return text;
}

static int open_error(const char *path)
{
	struct vfs_file file;
	int err = vfs_open(path, &file);

	if (!err)
		vfs_close(&file);
	return err;
}

static void check_paths(void)
{
	CHECK_STR(content("/boot/hello"), "hello, world\n");
	CHECK_STR(content("//boot/./../boot//hello"), "hello, world\n");
	CHECK_STR(content("/../../boot/hello"), "hello, world\n");
	CHECK_STR(content("/hard"), "hello, world\n");
	CHECK_STR(content("/boot/empty"), "");
	CHECK_STR(content("/boot.xscript"), "echo one\n");
	CHECK_EQ(open_error("/"), 0);
	CHECK_EQ(open_error("/boot/"), 0);
	CHECK_EQ(open_error("/a/b/c/d"), 0);
	CHECK_EQ(open_error("/nothing"), -ENOENT);
	CHECK_EQ(open_error("/nothing/below"), -ENOENT);
	CHECK_EQ(open_error("/boot/hell"), -ENOENT);
	CHECK_EQ(open_error("/boot/hello1"), -ENOENT);
	CHECK_EQ(open_error("/boot/hello/"), -ENOTDIR);
	CHECK_EQ(open_error("/boot/hello/x"), -ENOTDIR);
	CHECK_EQ(open_error("/boot/hello/.."), -ENOTDIR);
	CHECK_EQ(open_error("boot/hello"), -EINVAL);
	CHECK_EQ(open_error(""), -EINVAL);
}

static void check_links(void)
{
	char target[VFS_PATH_MAX];
	struct vfs_stat st;

	CHECK_STR(content("/boot/link"), "hello, world\n");
	CHECK_STR(content("/absolute"), "hello, world\n");
	CHECK_STR(content("/folder/hello"), "hello, world\n");
	CHECK_STR(content("/folder/link"), "hello, world\n");
	CHECK_STR(content("/folder/../boot.xscript"), "echo one\n");
	CHECK_STR(content("/slow"), "hello, world\n");
	CHECK_EQ(open_error("/loop"), -ELOOP);
	CHECK_EQ(open_error("/loop/x"), -ELOOP);
	CHECK_EQ(open_error("/dangling"), -ENOENT);
	CHECK_EQ(vfs_stat_path("/dangling", false, &st), 0);
	CHECK_EQ(st.type, VFS_LINK);
	CHECK_EQ(vfs_readlink("/dangling", target, sizeof(target)), 0);
	CHECK_STR(target, "nowhere");
	CHECK_EQ(vfs_readlink("/dangling", target, 7), -ENAMETOOLONG);
	CHECK_EQ(vfs_readlink("/boot/hello", target, sizeof(target)), -EINVAL);
}

static void check_content(void)
{
	struct vfs_file file;
	struct vfs_stat st;
	uint8_t buf[5000];
	void *all;
	size_t len;
	bool same = true;

	CHECK_EQ(vfs_stat_path("/boot/hello", true, &st), 0);
	CHECK_EQ(st.type, VFS_FILE);
	CHECK_EQ(st.size, 13);
	CHECK_EQ(st.mode, 0755);
	CHECK_EQ(st.mtime, 1700000000);
	REQUIRE(!vfs_open("/big.bin", &file));
	CHECK_EQ(file.stat.size, 300001);
	for (uint64_t off = 0; off < 300001; off += 4999) {
		int64_t n = vfs_read(&file, off, buf, sizeof(buf));

		CHECK_EQ(n, off + sizeof(buf) <= 300001 ? sizeof(buf) : 300001 - off);
		for (int64_t i = 0; i < n; i++)
			same = same && buf[i] == (uint8_t)((off + i) * 7 + (off + i) / 256);
	}
	CHECK(same);
	CHECK_EQ(vfs_read(&file, 300001, buf, 1), 0);
	CHECK_EQ(vfs_read(&file, UINT64_MAX, buf, 1), 0);
	CHECK_EQ(vfs_read(&file, 0, buf, 0), 0);
	vfs_close(&file);

	CHECK_EQ(vfs_load("/big.bin", 300000, &all, &len), -EFBIG);
	CHECK_EQ(vfs_load("/boot", 300000, &all, &len), -EISDIR);
	REQUIRE(!vfs_load("/big.bin", 300001, &all, &len));
	CHECK_EQ(len, 300001);
	CHECK_EQ(((uint8_t *)all)[300000], (uint8_t)(300000 * 7 + 300000 / 256));
	CHECK_EQ(((uint8_t *)all)[300001], 0);
	heap_free(all);
	REQUIRE(!vfs_open("/boot", &file));
	CHECK_EQ(vfs_read(&file, 0, buf, 1), -EISDIR);
	CHECK(!vfs_map(&file));
	vfs_close(&file);
}

/* Names in a folder: how many, and whether each of them is found again and has the type it says. */
static unsigned count_entries(const char *path)
{
	struct vfs_dirent *ent = malloc(sizeof(*ent));
	char full[600];
	struct vfs_file dir;
	struct vfs_stat st;
	uint64_t pos = 0;
	unsigned n = 0;
	int got;

	if (vfs_open(path, &dir))
		return 0;
	while ((got = vfs_readdir(&dir, &pos, ent)) == 1) {
		snprintf(full, sizeof(full), "%s/%s", path, ent->name);
		n++;
		if (strlen(full) >= VFS_PATH_MAX)
			continue;
		CHECK_EQ(vfs_stat_path(full, false, &st), 0);
		CHECK_EQ(st.type, ent->type);
	}
	CHECK_EQ(got, 0);
	vfs_close(&dir);
	free(ent);
	return n;
}

static void check_folders(unsigned in_root)
{
	struct vfs_file file;
	struct vfs_dirent ent;
	uint64_t pos = 0;
	char name[16];

	CHECK_EQ(count_entries("/many"), 300);
	CHECK_EQ(count_entries("/boot"), 3);
	CHECK_EQ(count_entries("/a/b"), 1);
	CHECK_EQ(count_entries("/a/b/c/d"), 0);
	CHECK_EQ(count_entries("/"), in_root);
	for (unsigned i = 0; i < 300; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/many/file-with-a-long-name-%03u", i);
		snprintf(name, sizeof(name), "%u\n", i);
		CHECK_STR(content(path), name);
	}
	REQUIRE(!vfs_open("/boot/hello", &file));
	CHECK_EQ(vfs_readdir(&file, &pos, &ent), -ENOTDIR);
	vfs_close(&file);
}

static void check_tree(unsigned in_root)
{
	check_paths();
	check_links();
	check_content();
	check_folders(in_root);
}

TEST(cpio_tree)
{
	struct vfs_file file;
	size_t size;
	void *image = unit_data("tree.cpio", &size);

	REQUIRE(image);
	REQUIRE(!vfs_mount_image("/", image, size));
	check_tree(12);
	REQUIRE(!vfs_open("/boot/hello", &file));
	REQUIRE(vfs_map(&file));
	CHECK_MEM(vfs_map(&file), "hello, world\n", 13);
	vfs_close(&file);
	CHECK_EQ(vfs_unmount("/"), 0);
	free(image);
	CHECK_EQ(fake_heap_live(), 0);
}

TEST(cpio_on_a_device)
{
	size_t size, whole;
	void *image = unit_data("tree.cpio", &size), *disk;

	REQUIRE(image);
	whole = ALIGN_UP(size, (size_t)512);
	disk = calloc(1, whole);
	memcpy(disk, image, size);
	fake_block("disk0", disk, whole);
	REQUIRE(!vfs_mount_blockdev("/", "disk0", true));
	check_tree(12);
	CHECK_EQ(vfs_unmount("/"), 0);
	/* What cannot be read, what is broken, and no memory: nothing is left of it. */
	fake_block_fail_from(1);
	CHECK_EQ(vfs_mount_blockdev("/", "disk0", false), -EIO);
	fake_block("disk0", disk, whole);
	memset((char *)disk + 54, 'x', 8);
	CHECK_EQ(vfs_mount_blockdev("/", "disk0", false), -EILSEQ);
	fake_pages_free(4);
	CHECK_EQ(vfs_mount_blockdev("/", "disk0", false), -ENOMEM);
	CHECK(strstr(fake_log_text(), "not enough memory for all"));
	fake_pages_free(1 << 16);
	CHECK_EQ(fake_block_users(), 0);
	free(disk);
	free(image);
	CHECK_EQ(fake_heap_live(), 0);
}

TEST(odd_archive)
{
	size_t size;
	void *image = unit_data("odd.cpio", &size);
	struct vfs_stat st;

	fake_log_clear();
	REQUIRE(image);
	REQUIRE(!vfs_mount_image("/", image, size));
	CHECK_STR(content("/z/y/x"), "deep");
	CHECK_STR(content("/dot/file"), "dot");
	CHECK_STR(content("/root"), "absolute");
	CHECK_STR(content("/twice"), "second");
	CHECK_STR(content("/second/archive"), "appended");
	CHECK_STR(content("/link1"), "content");
	CHECK_STR(content("/sub/link2"), "content");
	CHECK_STR(content("/link3"), "content");
	CHECK_STR(content("/other"), "not it");
	CHECK_STR(content("/a/b"), "2");
	CHECK_STR(content("/a-b"), "1");
	CHECK_STR(content("/a.b"), "3");
	CHECK_EQ(open_error("/name"), -ENOENT);
	CHECK_EQ(open_error("/bad"), -ENOENT);
	CHECK(strstr(fake_log_text(), "left out"));
	CHECK_EQ(vfs_stat_path("/a", true, &st), 0);
	CHECK_EQ(st.mode, 0700);
	CHECK_EQ(vfs_stat_path("/z", true, &st), 0);
	CHECK_EQ(st.type, VFS_DIR);
	CHECK_EQ(st.mode, 0755);
	CHECK_EQ(vfs_stat_path("/z/y", true, &st), 0);
	CHECK_EQ(st.mode, 0711);
	CHECK_EQ(count_entries("/"), 12);
	CHECK_EQ(count_entries("/z"), 1);
	CHECK_EQ(count_entries("/a"), 1);
	CHECK_EQ(vfs_unmount("/"), 0);
	free(image);
	CHECK_EQ(fake_heap_live(), 0);
}

static void check_sparse(void)
{
	static const uint64_t stamps[] = {0,
					  11 * 1024,
					  12 * 1024,
					  267 * 1024,
					  268 * 1024,
					  5000 * 1024 + 512,
					  (12 + 256 + 65536) * 1024ull - 1024,
					  (12 + 256 + 65536) * 1024ull,
					  70000 * 1024ull};
	struct vfs_file file;
	uint8_t buf[64];

	REQUIRE(!vfs_open("/sparse.bin", &file));
	CHECK_EQ(file.stat.size, 70000 * 1024 + 100);
	for (unsigned i = 0; i < 9; i++) {
		memset(buf, 0xee, sizeof(buf));
		CHECK_EQ(vfs_read(&file, stamps[i], buf, 64), 64);
		CHECK_EQ(get_le64(buf), stamps[i] + 1);
		for (unsigned b = 8; b < 64; b++)
			CHECK_EQ(buf[b], 0);
	}
	CHECK_EQ(vfs_read(&file, 30000 * 1024, buf, 64), 64);
	CHECK_EQ(get_le64(buf), 0);
	vfs_close(&file);
}

TEST(ext2_trees)
{
	for (unsigned i = 0; i < sizeof(ext2_images) / sizeof(*ext2_images); i++) {
		size_t size;
		void *image = unit_data(ext2_images[i], &size);

		REQUIRE(image);
		printf("%s\n", ext2_images[i]);
		REQUIRE(!vfs_mount_image("/", image, size));
		check_tree(14); /* with lost+found and sparse.bin */
		check_sparse();
		CHECK_EQ(vfs_unmount("/"), 0);
		free(image);
	}
	CHECK_EQ(fake_heap_live(), 0);
}

TEST(cd_trees)
{
	static const char *const images[] = { "tree-rock.iso", "tree-both.iso" };

	for (unsigned i = 0; i < sizeof(images) / sizeof(*images); i++) {
		size_t size;
		void *image = unit_data(images[i], &size);

		REQUIRE(image);
		REQUIRE(!vfs_mount_image("/", image, size));
		check_tree(12);
		CHECK_EQ(vfs_unmount("/"), 0);
		fake_block("disk0", image, size);
		REQUIRE(!vfs_mount_blockdev("/", "disk0", false));
		check_tree(12);
		CHECK_EQ(vfs_unmount("/"), 0);
		free(image);
	}
	CHECK_EQ(fake_heap_live(), 0);
}

TEST(ext2_on_a_device)
{
	size_t size;
	void *image = unit_data("tree-1k.ext2", &size);
	char *data;

	REQUIRE(image);
	fake_block("disk0", image, size);
	CHECK_EQ(vfs_mount_blockdev("/", "disk1", false), -ENODEV);
	REQUIRE(!vfs_mount_blockdev("/", "disk0", false));
	check_tree(14);
	check_sparse();
	/* A device that does not read: errors, nothing else. */
	fake_block_fail_from(100);
	data = strdup(content("/many/file-with-a-long-name-299"));
	CHECK_STR(data, "error -5");
	free(data);
	CHECK_EQ(vfs_unmount("/"), 0);
	CHECK_EQ(fake_block_users(), 0);
	free(image);
	CHECK_EQ(fake_heap_live(), 0);
}

TEST(mounts)
{
	size_t size, size2;
	void *image = unit_data("tree.cpio", &size), *other = unit_data("odd.cpio", &size2);
	struct vfs_file file;
	uint8_t zeros[4096] = { 0 };

	REQUIRE(image && other);
	CHECK_EQ(open_error("/"), -ENOENT);
	REQUIRE(!vfs_mount_image("/mnt/deep/", other, size2));
	CHECK_STR(content("/mnt/deep/root"), "absolute");
	CHECK_STR(content("/mnt/x/../deep/root"), "error -2");
	CHECK_STR(content("/mnt/../mnt/deep/root"), "absolute");
	CHECK_EQ(open_error("/mnt"), -ENOENT);
	REQUIRE(!vfs_mount_image("/", image, size));
	CHECK_STR(content("/boot/hello"), "hello, world\n");
	CHECK_STR(content("/mnt/deep/root"), "absolute");
	CHECK_STR(content("/mnt/deep/../../boot/hello"), "hello, world\n");
	CHECK_EQ(vfs_mount_image("/", other, size2), -EEXIST);
	CHECK_EQ(vfs_mount_image("/mnt/deep", other, size2), -EEXIST);
	CHECK_EQ(vfs_mount_image("mnt", other, size2), -EINVAL);
	CHECK_EQ(vfs_mount_image("/a//b", other, size2), -EINVAL);
	CHECK_EQ(vfs_mount_image("/a/../b", other, size2), -EINVAL);
	CHECK_EQ(vfs_mount_image("/zeros", zeros, sizeof(zeros)), -ENOEXEC);
	CHECK_EQ(vfs_mount_image("/zeros", zeros, 10), -ENOEXEC);
	REQUIRE(!vfs_open("/mnt/deep/root", &file));
	CHECK_EQ(vfs_unmount("/mnt/deep"), -EBUSY);
	vfs_close(&file);
	CHECK_EQ(vfs_unmount("/mnt/deep/"), 0);
	CHECK_EQ(vfs_unmount("/mnt/deep"), -ENOENT);
	CHECK_EQ(vfs_unmount("/"), 0);
	free(image);
	free(other);
	CHECK_EQ(fake_heap_live(), 0);
}

TEST(long_paths)
{
	size_t size;
	void *image = unit_data("tree.cpio", &size);
	char path[300];

	REQUIRE(image);
	REQUIRE(!vfs_mount_image("/", image, size));
	memset(path, 'n', sizeof(path));
	path[0] = '/';
	path[255] = '\0'; /* one less than the name that there is */
	CHECK_EQ(open_error(path), -ENOENT);
	path[255] = 'n';
	path[256] = '\0';
	CHECK_EQ(open_error(path), -ENAMETOOLONG);
	CHECK_EQ(vfs_unmount("/"), 0);
	free(image);
}

/* What is wrong with an image is told in words, and the image is refused. */
static void check_refused(uint8_t *image, size_t size, int expected, const char *words)
{
	fake_log_clear();
	CHECK_EQ(vfs_mount_image("/", image, size), expected);
	CHECK(strstr(fake_log_text(), words));
	if (!strstr(fake_log_text(), words))
		printf("log: %s\n", fake_log_text());
	CHECK_EQ(fake_heap_live(), 0);
}

TEST(refused_images)
{
	size_t size;
	uint8_t *image = unit_data("tree-1k.ext2", &size), saved[1024];

	REQUIRE(image);
	memcpy(saved, image + 1024, 1024);
	put_le32(image + 1024 + 96, 0x12);
	check_refused(image, size, -ENOTSUP, "meta block groups");
	put_le32(image + 1024 + 96, 0xa);
	check_refused(image, size, -ENOTSUP, "an external journal");
	put_le32(image + 1024 + 96, 0x80000002);
	check_refused(image, size, -ENOTSUP, "something unknown");
	memcpy(image + 1024, saved, 1024);
	put_le32(image + 1024 + 24, 6);
	check_refused(image, size, -ENOTSUP, "65536 bytes");
	put_le32(image + 1024 + 24, 0xffffffff);
	check_refused(image, size, -ENOTSUP, "blocks of");
	memcpy(image + 1024, saved, 1024);
	put_le32(image + 1024 + 40, 0);
	check_refused(image, size, -EUCLEAN, "damaged");
	put_le32(image + 1024 + 40, 1);
	put_le32(image + 1024, 0xffffffff);
	check_refused(image, size, -EUCLEAN, "damaged");
	memcpy(image + 1024, saved, 1024);
	put_le16(image + 1024 + 88, 100);
	check_refused(image, size, -EUCLEAN, "damaged");
	memcpy(image + 1024, saved, 1024);
	check_refused(image, size - 1024, -EUCLEAN, "cut off");
	free(image);
	image = unit_data("tree.cpio", &size);
	REQUIRE(image);
	check_refused(image, size / 2, -EILSEQ, "cut off");
	memset(image + 112 + 20, 'x', 8); /* the second header */
	check_refused(image, size, -EILSEQ, "cpio at '/'");
	free(image);
}

TEST(memory_runs_out)
{
	size_t size;
	void *image = unit_data("tree.cpio", &size);
	bool failed = true;

	REQUIRE(image);
	for (size_t n = 1; failed; n++) {
		struct vfs_stat st;
		int err;

		fake_heap_fail_at(n);
		err = vfs_mount_image("/", image, size);
		if (!err) {
			err = vfs_stat_path("/boot/hello", true, &st);
			failed = fake_heap_failed();
			fake_heap_fail_at(0);
			CHECK_EQ(vfs_unmount("/"), 0);
		}
		CHECK(err == 0 || err == -ENOMEM);
		fake_heap_fail_at(0);
		CHECK_EQ(fake_heap_live(), 0);
	}
	free(image);
}
