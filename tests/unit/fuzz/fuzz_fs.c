/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * File systems of any bytes on a device that is written to: each is refused, or files are made,
 * written, cut, moved and removed in it, in bounded time, and nothing is left when it is unmounted.
 * The first byte says what the rest is the begin of, the second how it is changed.
 */
#include "fuzz.h"

#include <core/vfs.h>
#include <libs/errno.h>

#include "../fake.h"
#include "../fake_block.h"

#define IMAGE_SIZE 65536
#define STEPS	   16
#define NODES_MAX  60

static uint32_t seed;
static unsigned nodes;

static uint32_t pick(uint32_t n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

static const char *path(void)
{
	static const char *const paths[] = {
		"/boot/hello", "/boot/link", "/boot",	    "/new",	     "/boot/New file.text",
		"/dir",	       "/dir/x",     "/loop",	    "/big",	     "/boot/slow",
		"/HELLO.TXT",  "/dir/y",     "/lost/found", "/dir/a/b/c",
		"/parts",      "/deep/file", "/link",	    "/bad/circle",
	};

	return paths[pick(sizeof(paths) / sizeof(*paths))];
}

static void change_file(const char *name)
{
	static uint8_t bytes[5000];
	uint32_t flags = VFS_WRITE | (pick(2) ? VFS_CREATE : 0) | (pick(8) ? 0 : VFS_TRUNCATE);
	struct vfs_extent ext;
	struct vfs_file file;
	int64_t n;

	if (vfs_open_flags(name, flags, &file))
		return;
	for (unsigned i = 0; i < 3; i++) {
		uint64_t off = pick(4) ? pick(40000) : (uint64_t)pick(65536) << pick(30);
		size_t len = 1 + pick(sizeof(bytes));

		switch (pick(5)) {
		case 0:
			(void)!vfs_truncate(&file, off);
			break;
		case 1:
			(void)!vfs_punch(&file, off, len);
			break;
		case 2:
			if (!vfs_extent(&file, off, &ext) && ext.at != VFS_HOLE && ext.len)
				FUZZ_CHECK(ext.at + ext.len <= IMAGE_SIZE);
			break;
		case 3:
			n = vfs_read(&file, off, bytes, len);
			FUZZ_CHECK(n <= (int64_t)len);
			break;
		default:
			n = vfs_write(&file, off, bytes, len);
			FUZZ_CHECK(n <= (int64_t)len);
		}
	}
	vfs_close(&file);
}

static void walk(const char *name, unsigned depth)
{
	struct vfs_dirent *ent = malloc(sizeof(*ent));
	char *below = malloc(2 * VFS_PATH_MAX), target[VFS_PATH_MAX];
	struct vfs_file file;
	uint64_t pos = 0, before = 0;
	uint8_t buf[500];
	int got;

	(void)!vfs_readlink(name, target, sizeof(target));
	if (!vfs_open(name, &file)) {
		(void)!vfs_read(&file, file.stat.size / 2, buf, sizeof(buf));
		while (depth < 4 && nodes < NODES_MAX &&
		       (got = vfs_readdir(&file, &pos, ent)) == 1) {
			FUZZ_CHECK(pos > before);
			before = pos;
			FUZZ_CHECK(strlen(ent->name) < sizeof(ent->name));
			nodes++;
			snprintf(below, 2 * VFS_PATH_MAX, "%s/%s", name, ent->name);
			if (strlen(below) < VFS_PATH_MAX)
				walk(below, depth + 1);
		}
		vfs_close(&file);
	}
	free(ent);
	free(below);
}

static void step(void)
{
	switch (pick(10)) {
	case 0:
		(void)!vfs_mkdir(path());
		break;
	case 1:
		(void)!vfs_unlink(path());
		break;
	case 2:
		(void)!vfs_rmdir(path());
		break;
	case 3:
		(void)!vfs_rename(path(), path());
		break;
	case 4:
		(void)!vfs_sync("/");
		break;
	default:
		change_file(path());
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Where the input goes: a superblock of ext2, a boot sector, a volume descriptor. */
	static const size_t fronts[] = { 1024, 0, 32768, 32768 };
	struct vfs_space space;
	uint8_t *image;
	size_t front;
	int err;

	if (size < 2 || size > 32768)
		return 0;
	front = fronts[data[0] % 4];
	seed = data[1];
	image = calloc(1, IMAGE_SIZE);
	memcpy(image + front, data + 2,
	       size - 2 < IMAGE_SIZE - front ? size - 2 : IMAGE_SIZE - front);
	fake_log_clear();
	fake_block_rw("disk0", image, IMAGE_SIZE);
	if (data[1] & 1)
		fake_block_fail_writes(30 + data[1], -EIO);
	if (!vfs_mount_blockdev("/", "disk0", true)) {
		nodes = 0;
		walk("/", 0);
		for (unsigned i = 0; i < STEPS; i++)
			step();
		(void)!vfs_space("/", &space);
		nodes = 0;
		walk("/", 0);
		err = vfs_unmount("/");
		FUZZ_CHECK(err != -ENOENT && err != -EBUSY);
	}
	FUZZ_CHECK(vfs_unmount("/") == -ENOENT);
	FUZZ_CHECK(!fake_block_users());
	free(image);
	FUZZ_CHECK(fake_heap_live() == 0);
	return 0;
}
