/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One file that can be written, in the place of the VFS: kept in memory, with errors as the test
 * wants them.
 */
#include "fake_sink.h"

#include <stdlib.h>
#include <string.h>

#include <core/vfs.h>
#include <libs/errno.h>

#include "emu_world.h"

static uint8_t *content;
static size_t length, room;
static bool opened, synced;

void fake_sink_begin(size_t most)
{
	free(content);
	content = NULL;
	length = 0;
	room = most;
	opened = false;
	synced = false;
}

const uint8_t *fake_sink_content(size_t *n)
{
	*n = length;
	return content;
}

bool fake_sink_open(void)
{
	return opened;
}

bool fake_sink_synced(void)
{
	return synced;
}

int vfs_open_flags(const char *path, uint32_t flags, struct vfs_file *file)
{
	if (strcmp(path, "/file"))
		return -EROFS;
	if (opened)
		return -EBUSY;
	opened = true;
	return 0;
}

void vfs_close(struct vfs_file *file)
{
	opened = false;
}

/* In pieces of any size, as a file system may. */
int64_t vfs_write(struct vfs_file *file, uint64_t off, const void *buf, size_t n)
{
	n = MIN_T(size_t, n, 10000);
	if (off >= room)
		return -ENOSPC;
	n = MIN_T(size_t, n, room - off);
	if (off + n > length) {
		content = realloc(content, off + n);
		length = off + n;
	}
	memcpy(content + off, buf, n);
	return (int64_t)n;
}

int vfs_sync_file(struct vfs_file *file)
{
	synced = true;
	return 0;
}

/* The world has no other file. */
void world_file(const char *path, const void *data, size_t size)
{
}
