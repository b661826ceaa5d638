/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RAM disks: chunks of pages that are taken when something other than zeros is first written to
 * them. A mutex per disk guards its table of chunks and their contents.
 */
#include "ramdisk.h"

#include <core/log.h>
#include <core/mem.h>
#include <core/thread.h>
#include <core/vfs.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/string.h>

#define CHUNK_PAGES 4
#define CHUNK_SIZE  (CHUNK_PAGES * PAGE_SIZE)

struct ramdisk {
	struct blockdev bd;
	struct mutex lock;
	size_t nr_chunks;
	uint8_t **chunks; /* NULL: all zeros */
};

static struct ramdisk *of(struct blockdev *bd)
{
	return container_of(bd, struct ramdisk, bd);
}

static bool all_zero(const uint8_t *p, size_t n)
{
	/* Equal to itself shifted by one byte, and the first byte is zero. */
	return !p[0] && !memcmp(p, p + 1, n - 1);
}

/** Copy one piece that lies within a chunk. */
static int copy_piece(struct ramdisk *rd, uint64_t at, uint8_t *buf, size_t n, bool write)
{
	uint8_t **chunk = &rd->chunks[at / CHUNK_SIZE];
	size_t in = at % CHUNK_SIZE;

	if (!*chunk) {
		if (!write) {
			memset(buf, 0, n);
			return 0;
		}
		if (all_zero(buf, n))
			return 0;
		*chunk = page_alloc(CHUNK_PAGES);
		if (!*chunk)
			return -ENOSPC;
	}
	if (write)
		memcpy(*chunk + in, buf, n);
	else
		memcpy(buf, *chunk + in, n);
	return 0;
}

static int ramdisk_rw(struct blockdev *bd, uint64_t sector, void *buf, size_t sectors, bool write)
{
	struct ramdisk *rd = of(bd);
	uint64_t at = sector * SECTOR_SIZE, left = (uint64_t)sectors * SECTOR_SIZE;
	uint8_t *p = buf;
	int err = 0;

	mutex_lock(&rd->lock);
	while (left && !err) {
		size_t n = MIN_T(uint64_t, CHUNK_SIZE - at % CHUNK_SIZE, left);

		err = copy_piece(rd, at, p, n, write);
		at += n;
		p += n;
		left -= n;
	}
	mutex_unlock(&rd->lock);
	return err;
}

static int ramdisk_zero(struct blockdev *bd, uint64_t sector, uint64_t sectors)
{
	struct ramdisk *rd = of(bd);
	uint64_t at = sector * SECTOR_SIZE, left = sectors * SECTOR_SIZE;

	mutex_lock(&rd->lock);
	while (left) {
		size_t n = MIN_T(uint64_t, CHUNK_SIZE - at % CHUNK_SIZE, left);
		uint8_t **chunk = &rd->chunks[at / CHUNK_SIZE];

		if (*chunk && n == CHUNK_SIZE) {
			page_free(*chunk, CHUNK_PAGES);
			*chunk = NULL;
		} else if (*chunk) {
			memset(*chunk + at % CHUNK_SIZE, 0, n);
		}
		at += n;
		left -= n;
	}
	mutex_unlock(&rd->lock);
	return 0;
}

static void ramdisk_release(struct blockdev *bd)
{
	struct ramdisk *rd = of(bd);
	size_t i;

	for (i = 0; i < rd->nr_chunks; i++) {
		if (rd->chunks[i])
			page_free(rd->chunks[i], CHUNK_PAGES);
	}
	heap_free(rd->chunks);
	heap_free(rd);
}

static const struct blockdev_ops ramdisk_ops = {
	.rw = ramdisk_rw,
	.zero = ramdisk_zero,
	.release = ramdisk_release,
};

static struct ramdisk *make(uint64_t bytes)
{
	uint64_t sectors = DIV_ROUND_UP(bytes, SECTOR_SIZE);
	uint64_t chunks = DIV_ROUND_UP(bytes, CHUNK_SIZE);
	struct ramdisk *rd;

	if (chunks > SIZE_MAX / sizeof(*rd->chunks))
		return NULL;
	rd = heap_zalloc(sizeof(*rd));
	if (!rd)
		return NULL;
	mutex_init(&rd->lock);
	list_init(&rd->bd.link);
	rd->bd.ops = &ramdisk_ops;
	rd->bd.sectors = sectors;
	rd->nr_chunks = chunks;
	rd->chunks = heap_calloc(chunks, sizeof(*rd->chunks));
	if (!rd->chunks) {
		heap_free(rd);
		return NULL;
	}
	return rd;
}

/**
 * Write bytes at the start of a chunk; a last part sector is filled up with what is there: zeros.
 */
static int fill_chunk(struct ramdisk *rd, size_t chunk, const uint8_t *data, size_t n)
{
	if (all_zero(data, n))
		return 0;
	rd->chunks[chunk] = page_alloc(CHUNK_PAGES);
	if (!rd->chunks[chunk])
		return -ENOMEM;
	memcpy(rd->chunks[chunk], data, n);
	return 0;
}

int ramdisk_create(const char *name, uint64_t bytes, const void *data, size_t len,
		   struct blockdev **out)
{
	struct ramdisk *rd;
	size_t at, n;
	int err = 0;

	if (!bytes || len > bytes)
		return -EINVAL;
	rd = make(bytes);
	if (!rd)
		return -ENOMEM;
	for (at = 0; at < len && !err; at += n) {
		n = MIN_T(size_t, CHUNK_SIZE, len - at);
		err = fill_chunk(rd, at / CHUNK_SIZE, (const uint8_t *)data + at, n);
	}
	if (!err)
		err = blockdev_register(&rd->bd, name);
	if (err) {
		ramdisk_release(&rd->bd);
		return err;
	}
	*out = &rd->bd;
	return 0;
}

/** Read a whole file into the disk, chunk by chunk. @return 0 or negative errno */
static int fill_from_file(struct ramdisk *rd, struct vfs_file *file, uint64_t size)
{
	uint8_t *chunk = heap_alloc(CHUNK_SIZE);
	uint64_t at = 0;
	int err = chunk ? 0 : -ENOMEM;

	while (!err && at < size) {
		size_t want = MIN_T(uint64_t, CHUNK_SIZE, size - at), have = 0;

		while (!err && have < want) {
			int64_t n = vfs_read(file, at + have, chunk + have, want - have);

			if (n <= 0)
				err = n < 0 ? (int)n : -EIO;
			else
				have += (size_t)n;
		}
		if (!err)
			err = fill_chunk(rd, at / CHUNK_SIZE, chunk, want);
		at += want;
	}
	heap_free(chunk);
	return err;
}

struct blockdev *ramdisk_of_file(const char *path)
{
	struct vfs_file file;
	struct ramdisk *rd = NULL;
	char size[16];
	int err = vfs_open(path, &file);

	if (err) {
		log_error("Cannot make a disk of %s: %s.", path, error_text(err));
		return NULL;
	}
	if (file.stat.type != VFS_FILE || !file.stat.size) {
		log_error("Cannot make a disk of %s: it is %s.", path,
			  file.stat.type == VFS_FILE ? "empty" : "no file");
		goto close;
	}
	rd = make(file.stat.size);
	err = rd ? fill_from_file(rd, &file, file.stat.size) : -ENOMEM;
	if (err) {
		log_error("Cannot make a disk of %s (%s): %s.", path,
			  format_size(size, sizeof(size), file.stat.size), error_text(err));
		if (rd)
			ramdisk_release(&rd->bd);
		rd = NULL;
		goto close;
	}
	strlcpy(rd->bd.name, "ramdisk", sizeof(rd->bd.name));
close:
	vfs_close(&file);
	return rd ? &rd->bd : NULL;
}
