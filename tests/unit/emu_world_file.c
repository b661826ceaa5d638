/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file system of the world for emulators: one file, or none.
 */
#include "emu_world.h"

#include <string.h>

#include <core/vfs.h>

#include "../../core/block/filedisk.h"
#include <libs/errno.h>

static const char *file_path;
static const uint8_t *file_data;
static size_t file_size, file_room;
static int sync_err;

void world_file(const char *path, const void *data, size_t size)
{
	file_path = path;
	file_data = data;
	file_size = size;
	file_room = 0;
	sync_err = 0;
}

void world_file_rw(const char *path, void *data, size_t size, size_t room)
{
	world_file(path, data, size);
	file_room = room;
}

size_t world_file_size(void)
{
	return file_size;
}

int vfs_stat_path(const char *path, bool follow, struct vfs_stat *st)
{
	memset(st, 0, sizeof(*st));
	if (!file_path || strcmp(path, file_path))
		return -ENOENT;
	st->type = VFS_FILE;
	st->size = file_size;
	return 0;
}

int vfs_open(const char *path, struct vfs_file *file)
{
	memset(file, 0, sizeof(*file));
	return vfs_stat_path(path, true, &file->stat);
}

int vfs_open_flags(const char *path, uint32_t flags, struct vfs_file *file)
{
	if ((flags & VFS_WRITE) && file_path && !strcmp(path, file_path) && !file_room)
		return -EROFS;
	return vfs_open(path, file);
}

int64_t vfs_write(struct vfs_file *file, uint64_t off, const void *buf, size_t n)
{
	if (off >= file_room)
		return -ENOSPC;
	n = MIN_T(size_t, n, file_room - off);
	memcpy((uint8_t *)(uintptr_t)file_data + off, buf, n);
	file_size = MAX(file_size, off + n);
	return (int64_t)n;
}

void world_file_sync_fails(int err)
{
	sync_err = err;
}

int vfs_sync_file(struct vfs_file *file)
{
	return sync_err;
}

void vfs_close(struct vfs_file *file)
{
}

int64_t vfs_read(struct vfs_file *file, uint64_t off, void *buf, size_t n)
{
	/* In pieces of any size, as a file system may. */
	n = MIN_T(size_t, n, 1000);
	if (off >= file_size)
		return 0;
	n = MIN_T(size_t, n, file_size - off);
	memcpy(buf, file_data + off, n);
	return (int64_t)n;
}

/* Files are disks by a copy in memory here. */
int filedisk_open(const char *path, bool write, struct blockdev **out, char *why, size_t len)
{
	return -EROFS;
}
