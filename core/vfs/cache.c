/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The cache of metadata, and contents past it. A tree of blocks per mount, a list of them by when
 * they were used last, and a list of the dirty ones for each phase; all under the lock of the
 * mount. Its share of the memory is looked up anew whenever a block is added, so it shrinks when
 * others need the memory. cache_bytes, of all mounts, is atomic.
 */
#include "cache.h"

#include <core/blockdev.h>
#include <core/log.h>
#include <core/mem.h>
#include <libs/errno.h>
#include <libs/rbtree.h>
#include <libs/string.h>

#define MEMORY_SHARE 64 /* of the free memory, this part at most */
#define LEAST_BLOCKS 64 /* that a mount may always have */

struct buf {
	struct rbnode node;
	struct list used;  /* cache->used, the one used last in front */
	struct list dirty; /* cache->dirty[phase - 1] */
	uint64_t block;
	enum meta_phase phase;
	uint8_t *data; /* behind this, or a page */
};

struct vfs_cache {
	uint32_t block_size;
	struct rbroot blocks;
	struct list used;
	struct list dirty[META_PHASES - 1];
	uint32_t count, nr_dirty;
};

static uint64_t cache_bytes;

/* --- blocks ---------------------------------------------------------------------------------- */

static uint32_t most_blocks(const struct vfs_cache *c)
{
	struct frame_stats frames;
	uint64_t share, all = __atomic_load_n(&cache_bytes, __ATOMIC_RELAXED);

	frame_stats_get(&frames);
	share = (frames.free * PAGE_SIZE + all) / MEMORY_SHARE / c->block_size;
	return (uint32_t)CLAMP(share, (uint64_t)LEAST_BLOCKS, (uint64_t)UINT32_MAX);
}

static struct buf *buf_alloc(const struct vfs_cache *c)
{
	bool page = c->block_size >= PAGE_SIZE;
	struct buf *b = heap_alloc(sizeof(*b) + (page ? 0 : c->block_size));

	if (!b)
		return NULL;
	b->data = page ? page_alloc(c->block_size / PAGE_SIZE) : (uint8_t *)(b + 1);
	if (!b->data) {
		heap_free(b);
		return NULL;
	}
	return b;
}

static void buf_free(const struct vfs_cache *c, struct buf *b)
{
	if (c->block_size >= PAGE_SIZE)
		page_free(b->data, c->block_size / PAGE_SIZE);
	heap_free(b);
}

static void drop(struct vfs_cache *c, struct buf *b)
{
	if (b->phase)
		c->nr_dirty--;
	list_del(&b->dirty);
	list_del(&b->used);
	rb_erase(&c->blocks, &b->node);
	c->count--;
	__atomic_fetch_sub(&cache_bytes, c->block_size, __ATOMIC_RELAXED);
	buf_free(c, b);
}

/* The clean one that was used longest ago. */
static bool drop_oldest(struct vfs_cache *c)
{
	struct buf *b;

	list_for_each_entry_reverse(b, &c->used, used) {
		if (!b->phase) {
			drop(c, b);
			return true;
		}
	}
	return false;
}

static int compare_key(const void *key, const struct rbnode *node)
{
	uint64_t a = *(const uint64_t *)key, b = rb_entry(node, struct buf, node)->block;

	return a < b ? -1 : a > b;
}

static int compare(const struct rbnode *a, const struct rbnode *b)
{
	return compare_key(&rb_entry(a, struct buf, node)->block, b);
}

static struct buf *find(struct vfs_cache *c, uint64_t block)
{
	struct rbnode *node = rb_find(&c->blocks, &block, compare_key);

	return node ? rb_entry(node, struct buf, node) : NULL;
}

static int transfer(struct vfs_mount *m, struct buf *b, bool write)
{
	uint32_t sectors = m->cache->block_size / SECTOR_SIZE;

	return blockdev_rw(m->bd, b->block * sectors, b->data, sectors, write);
}

/* The block that is in the cache after this. @param fill  read it; false: it is overwritten */
static int get(struct vfs_mount *m, uint64_t block, bool fill, struct buf **out)
{
	struct vfs_cache *c = m->cache;
	struct buf *b = find(c, block);
	int err;

	*out = b;
	if (b) {
		list_del(&b->used);
		list_add_head(&c->used, &b->used);
		return 0;
	}
	if ((block + 1) * c->block_size > m->size)
		return -ERANGE;
	while (c->count >= most_blocks(c) && drop_oldest(c))
		;
	do
		b = buf_alloc(c);
	while (!b && drop_oldest(c));
	if (!b)
		return -ENOMEM;
	b->block = block;
	b->phase = META_CLEAN;
	err = fill ? transfer(m, b, false) : 0;
	if (err) {
		buf_free(c, b);
		return err;
	}
	list_init(&b->dirty);
	list_init(&b->used);
	list_add_head(&c->used, &b->used);
	rb_insert(&c->blocks, &b->node, compare);
	c->count++;
	__atomic_fetch_add(&cache_bytes, c->block_size, __ATOMIC_RELAXED);
	*out = b;
	return 0;
}

/* --- metadata -------------------------------------------------------------------------------- */

int cache_open(struct vfs_mount *m, uint32_t block_size)
{
	struct vfs_cache *c;

	if (!m->bd)
		return 0;
	c = heap_zalloc(sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->block_size = block_size;
	rb_init(&c->blocks);
	list_init(&c->used);
	for (unsigned i = 0; i < ARRAY_SIZE(c->dirty); i++)
		list_init(&c->dirty[i]);
	m->cache = c;
	return 0;
}

void cache_close(struct vfs_mount *m)
{
	struct vfs_cache *c = m->cache;

	while (c && !list_empty(&c->used))
		drop(c, list_first_entry(&c->used, struct buf, used));
	heap_free(c);
	m->cache = NULL;
}

bool cache_is_full(const struct vfs_mount *m)
{
	const struct vfs_cache *c = m->cache;

	return c && c->nr_dirty > LEAST_BLOCKS / 2 && c->nr_dirty > most_blocks(c) / 2;
}

bool meta_is_dirty(const struct vfs_mount *m)
{
	return m->cache && m->cache->nr_dirty;
}

int meta_read(struct vfs_mount *m, uint64_t off, void *buf, size_t n)
{
	uint8_t *to = buf;

	if (off > m->size || n > m->size - off)
		return -ERANGE;
	if (m->image) {
		memcpy(buf, m->image + off, n);
		return 0;
	}
	while (n) {
		uint32_t size = m->cache->block_size, in = (uint32_t)(off % size);
		size_t part = MIN_T(size_t, n, size - in);
		struct buf *b;
		int err = get(m, off / size, true, &b);

		if (err)
			return err;
		memcpy(to, b->data + in, part);
		off += part;
		to += part;
		n -= part;
	}
	return 0;
}

int meta_write(struct vfs_mount *m, uint64_t off, const void *buf, size_t n, enum meta_phase phase)
{
	struct vfs_cache *c = m->cache;
	const uint8_t *from = buf;

	if (!c)
		return -EROFS;
	while (n) {
		uint32_t size = c->block_size, in = (uint32_t)(off % size);
		size_t part = MIN_T(size_t, n, size - in);
		struct buf *b;
		int err = get(m, off / size, part < size, &b);

		if (err)
			return err;
		memcpy(b->data + in, from, part);
		if (!b->phase)
			c->nr_dirty++;
		if (b->phase < phase) {
			list_del(&b->dirty);
			list_add_tail(&c->dirty[phase - 1], &b->dirty);
			b->phase = phase;
		}
		off += part;
		from += part;
		n -= part;
	}
	return 0;
}

void meta_forget(struct vfs_mount *m, uint64_t off, uint64_t n)
{
	struct vfs_cache *c = m->cache;
	uint64_t first, last;
	struct rbnode *node;

	if (!c || !n)
		return;
	first = off / c->block_size;
	last = (off + n - 1) / c->block_size;
	while ((node = rb_find_last_le(&c->blocks, &last, compare_key)) &&
	       rb_entry(node, struct buf, node)->block >= first)
		drop(c, rb_entry(node, struct buf, node));
}

/* Out of space may end; a device that does not write is not trusted any more. */
static int note_failure(struct vfs_mount *m, int err)
{
	if (err && !m->failed) {
		log_error("%s at '%s/': cannot be written: %s", m->fs->name, m->path,
			  error_text(err));
		m->failed = err != -ENOSPC;
	}
	return err;
}

static int write_phase(struct vfs_mount *m, enum meta_phase phase)
{
	struct list *dirty = &m->cache->dirty[phase - 1];
	int err = 0;

	while (!err && !list_empty(dirty)) {
		struct buf *b = list_first_entry(dirty, struct buf, dirty);

		err = transfer(m, b, true);
		if (err)
			break;
		list_del(&b->dirty);
		b->phase = META_CLEAN;
		m->cache->nr_dirty--;
	}
	if (!err)
		err = blockdev_flush(m->bd);
	return note_failure(m, err);
}

int meta_sync_phase(struct vfs_mount *m, enum meta_phase phase)
{
	return m->cache ? write_phase(m, phase) : 0;
}

int meta_sync(struct vfs_mount *m)
{
	struct vfs_cache *c = m->cache;
	int err;

	if (!c)
		return 0;
	/* What names go to first of all: contents of files. */
	err = note_failure(m, blockdev_flush(m->bd));
	for (enum meta_phase phase = META_ALLOC; !err && phase < META_PHASES; phase++)
		if (!list_empty(&c->dirty[phase - 1]))
			err = write_phase(m, phase);
	return err;
}

/* --- contents -------------------------------------------------------------------------------- */

/* Bytes within one sector. */
static int change_sector(struct vfs_mount *m, uint64_t off, const void *buf, size_t n)
{
	uint8_t sector[SECTOR_SIZE];
	int err = blockdev_rw(m->bd, off / SECTOR_SIZE, sector, 1, false);

	if (err)
		return err;
	memcpy(sector + off % SECTOR_SIZE, buf, n);
	return blockdev_rw(m->bd, off / SECTOR_SIZE, sector, 1, true);
}

static int read_sector(struct vfs_mount *m, uint64_t off, void *buf, size_t n)
{
	uint8_t sector[SECTOR_SIZE];
	int err = blockdev_rw(m->bd, off / SECTOR_SIZE, sector, 1, false);

	memcpy(buf, sector + off % SECTOR_SIZE, n);
	return err;
}

static int move(struct vfs_mount *m, uint64_t off, uint8_t *buf, size_t n, bool write)
{
	int err = 0;

	while (n && !err) {
		size_t in = off % SECTOR_SIZE, part;

		if (!in && n >= SECTOR_SIZE) {
			part = ALIGN_DOWN(n, SECTOR_SIZE);
			err = blockdev_rw(m->bd, off / SECTOR_SIZE, buf, part / SECTOR_SIZE, write);
		} else {
			part = MIN_T(size_t, n, SECTOR_SIZE - in);
			err = write ? change_sector(m, off, buf, part)
				    : read_sector(m, off, buf, part);
		}
		off += part;
		buf += part;
		n -= part;
	}
	return err;
}

int data_read(struct vfs_mount *m, uint64_t off, void *buf, size_t n)
{
	if (off > m->size || n > m->size - off)
		return -ERANGE;
	if (m->image) {
		memcpy(buf, m->image + off, n);
		return 0;
	}
	return move(m, off, buf, n, false);
}

int data_write(struct vfs_mount *m, uint64_t off, const void *buf, size_t n)
{
	if (!m->bd)
		return -EROFS;
	if (off > m->size || n > m->size - off)
		return -ERANGE;
	return move(m, off, (uint8_t *)(uintptr_t)buf, n, true);
}

uint8_t vfs_zeros[SECTOR_SIZE];

/* Parts of sectors at both ends by hand, what is between by the device. */
int data_zero(struct vfs_mount *m, uint64_t off, uint64_t n)
{
	uint64_t part;
	int err = 0;

	if (off > m->size || n > m->size - off)
		return -ERANGE;
	while (n && !err) {
		if (off % SECTOR_SIZE || n < SECTOR_SIZE) {
			part = MIN_T(uint64_t, n, SECTOR_SIZE - off % SECTOR_SIZE);
			err = change_sector(m, off, vfs_zeros, (size_t)part);
		} else {
			part = ALIGN_DOWN(n, SECTOR_SIZE);
			err = blockdev_zero(m->bd, off / SECTOR_SIZE, part / SECTOR_SIZE);
		}
		off += part;
		n -= part;
	}
	return err;
}
