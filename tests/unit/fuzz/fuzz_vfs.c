/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * File systems of any bytes: each is refused, or everything that can be found in it can be walked
 * and read to its end in bounded time; nothing is left after it is unmounted. The first byte says
 * whether the rest is an archive or the metadata of an ext2 image.
 */
#include "fuzz.h"

#include <core/vfs.h>
#include <libs/errno.h>

#include "../fake.h"

#define NODES_MAX 200

static unsigned nodes;

static void read_some(struct vfs_file *file)
{
	uint8_t buf[300];
	uint64_t size = file->stat.size;
	int64_t n;

	for (unsigned i = 0; i < 40; i++) {
		uint64_t off = i < 20 ? i * 290ull : size / 20 * (i - 20);

		n = vfs_read(file, off, buf, sizeof(buf));
		FUZZ_CHECK(n <= (int64_t)sizeof(buf));
		FUZZ_CHECK(n <= 0 || off + (uint64_t)n <= size);
	}
	if (file->mount->fs->map && file->stat.type == VFS_FILE && size) {
		const uint8_t *p = vfs_map(file);
		unsigned sum = 0;

		for (uint64_t i = 0; p && i < size; i++)
			sum += p[i];
		FUZZ_CHECK(!p || sum < UINT32_MAX);
	}
}

static void walk(const char *path, unsigned depth)
{
	struct vfs_dirent *ent = malloc(sizeof(*ent));
	char *below = malloc(2 * VFS_PATH_MAX), target[VFS_PATH_MAX];
	struct vfs_file file;
	uint64_t pos = 0, before = 0;
	int got;

	(void)!vfs_readlink(path, target, sizeof(target));
	if (!vfs_open(path, &file)) {
		read_some(&file);
		while (depth < 5 && nodes < NODES_MAX &&
		       (got = vfs_readdir(&file, &pos, ent)) == 1) {
			FUZZ_CHECK(pos > before);
			before = pos;
			FUZZ_CHECK(strlen(ent->name) < sizeof(ent->name));
			FUZZ_CHECK(!strchr(ent->name, '/') || strcmp(file.mount->fs->name, "cpio"));
			nodes++;
			snprintf(below, 2 * VFS_PATH_MAX, "%s/%s", path, ent->name);
			if (strlen(below) < VFS_PATH_MAX)
				walk(below, depth + 1);
		}
		vfs_close(&file);
	}
	free(ent);
	free(below);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = {"/boot/hello", "/boot/link", "/x/../boot/", "/loop",
					    "/boot/./slow"};
	/*
	 * Of an ext2 image the first block, and its end up to 64 KiB, are zeros that the input does
	 * not have.
	 */
	size_t front = size && (data[0] & 1) ? 1024 : 0, total = front	? 65536
								 : size ? size - 1
									: 0;
	uint8_t *image;
	struct vfs_stat st;

	if (!size || size > 32768)
		return 0;
	image = calloc(1, total + 1);
	memcpy(image + front, data + 1, size - 1);
	fake_log_clear();
	if (!vfs_mount_image("/", image, total)) {
		nodes = 0;
		walk("", 0);
		walk("/", 0);
		for (unsigned i = 0; i < sizeof(paths) / sizeof(*paths); i++)
			(void)!vfs_stat_path(paths[i], i % 2, &st);
		FUZZ_CHECK(vfs_unmount("/") == 0);
	} else {
		FUZZ_CHECK(vfs_unmount("/") == -ENOENT);
	}
	free(image);
	FUZZ_CHECK(fake_heap_live() == 0);
	return 0;
}
