/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RAM disks: chunks of pages that are taken when something other than zeros is first written to
 * them. Requests end within submit. A chunk and its place in the table are guarded by one of a few
 * mutexes of the disk, so that several CPUs copy at once.
 */
#include "ramdisk.h"

#include <core/mem.h>
#include <core/thread.h>
#include <core/vfs.h>
#include <libs/copy.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/printf.h>
#include <libs/string.h>

#include "block_priv.h"

#define CHUNK_PAGES 4
#define CHUNK_SIZE  (CHUNK_PAGES * PAGE_SIZE)
#define LOCKS	    8
#define LOCK_CHUNKS 4

struct ramdisk {
	struct blockdev bd;
	struct mutex locks[LOCKS];
	size_t nr_chunks;
	uint8_t **chunks; /* NULL: all zeros */
	char *path;	  /* it was made of this file, or NULL */
};

static struct ramdisk *of(struct blockdev *bd)
{
	return container_of(bd, struct ramdisk, bd);
}

/** Neighbours have one together, so that a request takes few. */
static struct mutex *lock_of(struct ramdisk *rd, size_t chunk)
{
	return &rd->locks[chunk / LOCK_CHUNKS % LOCKS];
}

static bool all_zero(const uint8_t *p, size_t n)
{
	/* Equal to itself shifted by one byte, and the first byte is zero. */
	return !p[0] && !memcmp(p, p + 1, n - 1);
}

/* Where guests' disks spend their time: what block_iter_next() does in fewer steps, either way. */
static always_inline_fn int copy_pieces(struct block_iter *iter, uint8_t *chunk, size_t n,
					bool write)
{
	struct block_iter it = *iter;

	while (n && it.left) {
		uint8_t *p = (uint8_t *)it.seg->va + it.off;
		size_t part = it.seg->len - it.off;

		if (part > n) {
			part = n;
			it.off += (uint32_t)n;
		} else {
			it.seg++;
			it.left--;
			it.off = 0;
		}
		n -= part;
		copy_data(write ? chunk : p, write ? p : chunk, part);
		chunk += part;
	}
	*iter = it;
	return n ? -EINVAL : 0;
}

/* Of a chunk that nothing was written to: zeros are read, and zeros are not written. */
static cold_fn int pass_zeros(struct block_iter *it, size_t n, bool write)
{
	size_t part;
	uint8_t *p;

	while (n && (p = block_iter_next(it, n, &part))) {
		if (!write)
			memset(p, 0, part);
		n -= part;
	}
	return n ? -EINVAL : 0;
}

/** Are the next n bytes of a request zeros? Then they need no memory. */
static bool data_is_zero(struct block_iter it, size_t n)
{
	size_t part;
	uint8_t *p;

	while (n && (p = block_iter_next(&it, n, &part)) && all_zero(p, part))
		n -= part;
	return !n;
}

/** One piece of a read or write, which lies within a chunk. Under its lock. */
static int transfer(struct block_iter *it, uint8_t **chunk, size_t in, size_t n, bool write)
{
	if (unlikely(!*chunk && write)) {
		if (data_is_zero(*it, n))
			return pass_zeros(it, n, true);
		*chunk = page_alloc(CHUNK_PAGES);
		if (!*chunk)
			return -ENOSPC;
	}
	if (unlikely(!*chunk))
		return pass_zeros(it, n, false);
	return write ? copy_pieces(it, *chunk + in, n, true) :
		       copy_pieces(it, *chunk + in, n, false);
}

static void zero_piece(uint8_t **chunk, size_t in, size_t n)
{
	if (*chunk && n == CHUNK_SIZE) {
		page_free(*chunk, CHUNK_PAGES);
		*chunk = NULL;
	} else if (*chunk) {
		memset(*chunk + in, 0, n);
	}
}

static void ramdisk_submit(struct blockdev *bd, struct block_request *rq)
{
	struct ramdisk *rd = of(bd);
	uint64_t at = rq->sector * SECTOR_SIZE, left = rq->sectors * SECTOR_SIZE;
	bool data = rq->op == BLOCK_READ || rq->op == BLOCK_WRITE;
	struct mutex *held = NULL;
	struct block_iter it;
	int err = 0;

	block_iter_init(&it, rq);
	if (rq->op == BLOCK_FLUSH)
		left = 0;
	while (left && !err) {
		size_t in = at % CHUNK_SIZE, chunk = (size_t)(at / CHUNK_SIZE);
		size_t n = MIN_T(uint64_t, CHUNK_SIZE - in, left);
		struct mutex *lock = lock_of(rd, chunk);

		if (lock != held) {
			if (held)
				mutex_unlock(held);
			mutex_lock(lock);
			held = lock;
		}
		if (data)
			err = transfer(&it, &rd->chunks[chunk], in, n, rq->op == BLOCK_WRITE);
		else
			zero_piece(&rd->chunks[chunk], in, n);
		at += n;
		left -= n;
	}
	if (held)
		mutex_unlock(held);
	block_end(rq, err);
}

static cold_fn void ramdisk_release(struct blockdev *bd)
{
	struct ramdisk *rd = of(bd);
	size_t i;

	for (i = 0; i < rd->nr_chunks; i++) {
		if (rd->chunks[i])
			page_free(rd->chunks[i], CHUNK_PAGES);
	}
	heap_free(rd->chunks);
	heap_free(rd->path);
	heap_free(rd);
}

static const struct blockdev_ops ramdisk_ops = {
	.submit = ramdisk_submit,
	.release = ramdisk_release,
};

static struct ramdisk *make(uint64_t bytes)
{
	uint64_t sectors = DIV_ROUND_UP(bytes, SECTOR_SIZE);
	uint64_t chunks = DIV_ROUND_UP(bytes, CHUNK_SIZE);
	struct ramdisk *rd;
	unsigned i;

	if (chunks > SIZE_MAX / sizeof(*rd->chunks))
		return NULL;
	rd = heap_zalloc(sizeof(*rd));
	if (!rd)
		return NULL;
	for (i = 0; i < LOCKS; i++)
		mutex_init(&rd->locks[i]);
	rd->bd.ops = &ramdisk_ops;
	rd->bd.kind = "RAM disk";
	rd->bd.can_discard = true;
	rd->bd.can_zero = true;
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
static cold_fn int fill_from_file(struct ramdisk *rd, struct vfs_file *file, uint64_t size)
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

cold_fn int ramdisk_of_file(const char *path, struct blockdev **out, char *why, size_t len)
{
	struct vfs_file file;
	struct ramdisk *rd = NULL;
	char size[16];
	int err = vfs_open(path, &file);

	if (err) {
		snprintf(why, len, "%s: %s", path, error_text(err));
		return err;
	}
	if (file.stat.type != VFS_FILE || !file.stat.size) {
		err = file.stat.type == VFS_DIR ? -EISDIR : -EINVAL;
		snprintf(why, len, "%s cannot be a disk: it is %s", path,
			 file.stat.type == VFS_FILE ? "empty" : "no file");
		goto close;
	}
	rd = make(file.stat.size);
	err = rd ? fill_from_file(rd, &file, file.stat.size) : -ENOMEM;
	if (!err)
		rd->path = heap_strdup(path);
	if (!err && !rd->path)
		err = -ENOMEM;
	if (err) {
		snprintf(why, len, "%s (%s) cannot be copied to memory: %s", path,
			 format_size(size, sizeof(size), file.stat.size), error_text(err));
		if (rd)
			ramdisk_release(&rd->bd);
		goto close;
	}
	strlcpy(rd->bd.name, "ramdisk", sizeof(rd->bd.name));
	rd->bd.label = rd->path;
	*out = &rd->bd;
close:
	vfs_close(&file);
	return err;
}

int ramdisk_create_of_file(const char *name, const char *path, struct blockdev **out, char *why,
			   size_t len)
{
	int err = ramdisk_of_file(path, out, why, len);

	if (err)
		return err;
	err = blockdev_register(*out, name);
	if (err) {
		snprintf(why, len, "it cannot be called %s: %s", name, error_text(err));
		ramdisk_release(*out);
	}
	return err;
}

cold_fn int ramdisk_destroy(const char *name, char *why, size_t len)
{
	struct blockdev *bd = blockdev_get(name);
	int err;

	if (!bd) {
		snprintf(why, len, "there is no block device %s", name);
		return -ENOENT;
	}
	if (bd->ops != &ramdisk_ops) {
		snprintf(why, len, "%s is no RAM disk", name);
		blockdev_put(bd);
		return -EINVAL;
	}
	err = blockdev_unregister_held(bd);
	if (err)
		snprintf(why, len, "%s or a partition of it is in use ('vdisk list' and 'vfs "
			 "mount' show by whom)", name);
	return err;
}
