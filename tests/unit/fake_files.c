/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interface of core/vfs over a table of files in memory.
 */
#include "fake_files.h"

#include <stdint.h>
#include <string.h>

#include <core/mem.h>
#include <core/vfs.h>
#include <libs/errno.h>

static struct {
	const char *path;
	const uint8_t *data;
	size_t size;
} files[16];
static bool mappable = true;
static size_t fail_from = SIZE_MAX;
static unsigned open_files;

void fake_files_clear(void)
{
	memset(files, 0, sizeof(files));
	mappable = true;
	fail_from = SIZE_MAX;
}

void fake_file(const char *path, const void *data, size_t size)
{
	unsigned i = 0;

	while (files[i].path && strcmp(files[i].path, path))
		i++;
	files[i].path = path;
	files[i].data = data;
	files[i].size = size;
}

void fake_files_mappable(bool on)
{
	mappable = on;
}

void fake_files_fail_from(size_t offset)
{
	fail_from = offset;
}

unsigned fake_files_open(void)
{
	return open_files;
}

int vfs_stat_path(const char *path, bool follow, struct vfs_stat *st)
{
	memset(st, 0, sizeof(*st));
	if (!strcmp(path, "/dir")) {
		st->type = VFS_DIR;
		return 0;
	}
	for (unsigned i = 0; i < 16 && files[i].path; i++) {
		if (!strcmp(files[i].path, path)) {
			st->type = VFS_FILE;
			st->size = files[i].size;
			return 0;
		}
	}
	return -ENOENT;
}

int vfs_open(const char *path, struct vfs_file *file)
{
	int err = vfs_stat_path(path, true, &file->stat);

	if (err)
		return err;
	for (file->ino = 0; file->ino < 16 && files[file->ino].path; file->ino++) {
		if (!strcmp(files[file->ino].path, path))
			break;
	}
	open_files++;
	return 0;
}

void vfs_close(struct vfs_file *file)
{
	open_files--;
}

int64_t vfs_read(struct vfs_file *file, uint64_t off, void *buf, size_t n)
{
	size_t size = files[file->ino].size;

	if (off + n > fail_from)
		return -EIO;
	if (off >= size)
		return 0;
	/* short reads, as a file system may do them */
	n = n > size - off ? size - off : n;
	n = n > 1000 ? n - n / 3 : n;
	memcpy(buf, files[file->ino].data + off, n);
	return (int64_t)n;
}

const void *vfs_map(struct vfs_file *file)
{
	return mappable ? files[file->ino].data : NULL;
}

int vfs_load(const char *path, size_t max, void **out, size_t *len)
{
	struct vfs_file file;
	int err = vfs_open(path, &file);

	if (err)
		return err;
	vfs_close(&file);
	if (file.stat.type != VFS_FILE)
		return -EISDIR;
	if (file.stat.size > max)
		return -EFBIG;
	*out = heap_alloc(file.stat.size + 1);
	if (!*out)
		return -ENOMEM;
	memcpy(*out, files[file.ino].data, file.stat.size);
	((char *)*out)[file.stat.size] = '\0';
	*len = file.stat.size;
	return 0;
}
