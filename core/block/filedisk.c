/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file as a disk. Where its bytes are on the device of its file system is remembered in a map of
 * extents; a request within one of them goes straight to that device, with the segments that it
 * has. All else is for a worker thread, as file systems may sleep: requests across extents, for
 * which it has one for each; holes, flushes that metadata has to precede, giving space back. A file
 * in memory is copied from at once.
 *
 * filedisk.lock, a spinlock as requests end in interrupts, guards the queue, the map, and the
 * requests of ours that are on the way. Only the worker changes the map.
 */
#include "filedisk.h"

#include <core/log.h>
#include <core/mem.h>
#include <core/spinlock.h>
#include <core/thread.h>
#include <core/vfs.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

#define REQUESTS    32	 /* straight to the device at a time; more go by the worker */
#define MAP_FIRST   16	 /* extents that there is room for at first */
#define LOOK_BACK   2048 /* sectors */
#define MAP_MOST    4096 /* when it has so many, the map is begun anew */
#define PIECE_SEGS  32	 /* of a request in pieces */

/* Sectors of the file that are contiguous on the device. */
struct extent {
	uint64_t sector, sectors, at;
};

/* A request of ours in the place of somebody's. */
struct direct {
	struct block_request rq;
	struct block_request *of;
	struct filedisk *disk;
	struct direct *next_free;
};

struct filedisk {
	struct blockdev bd;
	struct vfs_file file;
	const uint8_t *mem; /* the file, where it is in memory; never written then */
	spinlock_t lock;
	struct list queue;
	struct extent *map; /* in order */
	unsigned nr_extents, room;
	struct direct *free;
	unsigned on_way;    /* of direct[] */
	bool held;	    /* none of them may begin now */
	bool unsynced;	    /* metadata of the file system changed; set by the worker */
	bool stopping;
	struct thread *worker;
	struct direct direct[REQUESTS];
};

static struct filedisk *of(struct blockdev *bd)
{
	return container_of(bd, struct filedisk, bd);
}

/* --- straight to the device ------------------------------------------------------------------ */

/* The extent that has a sector, or the first behind it: nr_extents when there is none. */
static unsigned find_extent(const struct filedisk *d, uint64_t sector)
{
	unsigned lo = 0, hi = d->nr_extents;

	while (lo < hi) {
		unsigned mid = lo + (hi - lo) / 2;

		if (d->map[mid].sector + d->map[mid].sectors > sector)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

static void direct_done(struct block_request *rq)
{
	struct direct *x = container_of(rq, struct direct, rq);
	struct block_request *of = x->of;
	struct filedisk *d = x->disk;
	int status = rq->status;
	unsigned long flags = spin_lock_irqsave(&d->lock);
	bool wake;

	x->next_free = d->free;
	d->free = x;
	wake = --d->on_way == 0 && d->held;
	/* When the lock is given back, the worker may go on, but the disk is still of's. */
	spin_unlock_irqrestore(&d->lock, flags);
	if (wake)
		thread_wake(d->worker);
	block_end(of, status);
}

/* Where the request goes on the device, and what goes there in its place. NULL: not so. */
static struct direct *take_direct(struct filedisk *d, const struct block_request *rq)
{
	struct direct *x = d->free;
	uint64_t at = 0;

	if (!x || d->held)
		return NULL;
	if (rq->op != BLOCK_FLUSH) {
		unsigned i = find_extent(d, rq->sector);
		const struct extent *e = &d->map[i];

		if (i == d->nr_extents || rq->sector < e->sector ||
		    rq->sectors > e->sector + e->sectors - rq->sector)
			return NULL;
		at = e->at + (rq->sector - e->sector);
	} else if (d->unsynced) {
		return NULL;
	}
	d->free = x->next_free;
	d->on_way++;
	x->rq.sector = at;
	return x;
}

/* @return whether the request is on its way */
static bool submit_direct(struct filedisk *d, struct block_request *rq)
{
	unsigned long flags = spin_lock_irqsave(&d->lock);
	struct direct *x = take_direct(d, rq);

	spin_unlock_irqrestore(&d->lock, flags);
	if (!x)
		return false;
	x->of = rq;
	x->rq.op = rq->op;
	x->rq.sectors = rq->sectors;
	x->rq.segs = rq->segs;
	x->rq.nr_segs = rq->nr_segs;
	blockdev_submit(d->file.mount->bd, &x->rq);
	return true;
}

static void copy_from_memory(struct filedisk *d, struct block_request *rq)
{
	uint64_t at = rq->sector * SECTOR_SIZE;
	struct block_iter it;
	uint8_t *to;
	size_t n;

	block_iter_init(&it, rq);
	while ((to = block_iter_next(&it, SIZE_MAX, &n)) && n) {
		size_t there = at < d->file.stat.size
				       ? (size_t)MIN_T(uint64_t, n, d->file.stat.size - at)
				       : 0;

		memcpy(to, d->mem + at, there);
		memset(to + there, 0, n - there);
		at += n;
	}
	block_end(rq, 0);
}

static void filedisk_submit(struct blockdev *bd, struct block_request *rq)
{
	struct filedisk *d = of(bd);
	unsigned long flags;

	if (d->mem && rq->op == BLOCK_READ) {
		copy_from_memory(d, rq);
		return;
	}
	if (rq->op == BLOCK_FLUSH && !d->file.write) {
		block_end(rq, 0);
		return;
	}
	if (rq->op != BLOCK_DISCARD && rq->op != BLOCK_ZERO && submit_direct(d, rq))
		return;
	flags = spin_lock_irqsave(&d->lock);
	list_add_tail(&d->queue, &rq->link);
	spin_unlock_irqrestore(&d->lock, flags);
	thread_wake(d->worker);
}

/* --- the map --------------------------------------------------------------------------------- */

static void forget_map(struct filedisk *d)
{
	unsigned long flags = spin_lock_irqsave(&d->lock);

	d->nr_extents = 0;
	spin_unlock_irqrestore(&d->lock, flags);
}

/* Room for one more extent. The map is looked at while this copies it. */
static bool make_room(struct filedisk *d)
{
	unsigned room = d->room ? d->room * 2 : MAP_FIRST;
	struct extent *map, *old = d->map;
	unsigned long flags;

	if (d->nr_extents < d->room)
		return true;
	map = room <= MAP_MOST ? heap_alloc(room * sizeof(*map)) : NULL;
	if (!map) {
		forget_map(d);
		return d->room;
	}
	if (old)
		memcpy(map, old, d->nr_extents * sizeof(*map));
	flags = spin_lock_irqsave(&d->lock);
	d->map = map;
	d->room = room;
	spin_unlock_irqrestore(&d->lock, flags);
	heap_free(old);
	return true;
}

/* What is known already is not learnt again: the sector is in no extent. */
static cold_fn void learn(struct filedisk *d, const struct extent *e)
{
	struct extent *prev, *next;
	unsigned long flags;
	unsigned i;

	if (!make_room(d))
		return;
	flags = spin_lock_irqsave(&d->lock);
	i = find_extent(d, e->sector);
	prev = i ? &d->map[i - 1] : NULL;
	next = i < d->nr_extents ? &d->map[i] : NULL;
	if (prev && prev->sector + prev->sectors == e->sector &&
	    prev->at + prev->sectors == e->at) {
		prev->sectors += e->sectors;
		if (next && next->sector == prev->sector + prev->sectors &&
		    next->at == prev->at + prev->sectors) {
			prev->sectors += next->sectors;
			d->nr_extents--;
			memmove(next, next + 1, (d->nr_extents - i) * sizeof(*next));
		}
	} else if (!next || next->sector > e->sector) {
		memmove(&d->map[i + 1], &d->map[i], (d->nr_extents - i) * sizeof(*d->map));
		d->map[i] = *e;
		d->nr_extents++;
	}
	spin_unlock_irqrestore(&d->lock, flags);
}

static bool is_known(const struct filedisk *d, uint64_t sector)
{
	unsigned i = find_extent(d, sector);

	return i < d->nr_extents && d->map[i].sector <= sector;
}

/* Learn what is contiguous from a sector on, of which nothing is known, up to what is known. */
static cold_fn void look_from(struct filedisk *d, uint64_t sector)
{
	unsigned i = find_extent(d, sector);
	struct vfs_extent ext;
	struct extent e;

	if (vfs_extent(&d->file, sector * SECTOR_SIZE, &ext) || ext.at == VFS_HOLE ||
	    ext.at % d->bd.block_size)
		return;
	e = (struct extent){ sector, ext.len / SECTOR_SIZE, ext.at / SECTOR_SIZE };
	if (i < d->nr_extents)
		e.sectors = MIN(e.sectors, d->map[i].sector - sector);
	if (e.sectors)
		learn(d, &e);
}

/* Learn where a sector is, best together with what is before it. */
static void look_up(struct filedisk *d, uint64_t sector)
{
	uint64_t first = ALIGN_DOWN(sector, LOOK_BACK);

	if (d->mem || is_known(d, sector))
		return;
	if (!is_known(d, first))
		look_from(d, first);
	if (!is_known(d, sector))
		look_from(d, sector);
}

/* --- the worker ------------------------------------------------------------------------------ */

/* What a request has next, in whole blocks, at most piece->sectors, becomes the piece's. */
static void take_piece(const struct filedisk *d, struct block_iter *it, struct mem_seg *segs,
		       struct block_request *piece)
{
	uint64_t most = piece->sectors * SECTOR_SIZE, left = 0;
	struct block_iter ahead = *it;
	size_t n = 1;

	for (unsigned i = 0; i < PIECE_SEGS && left < most && n; i++, left += n)
		(void)block_iter_next(&ahead, most - left, &n);
	left = ALIGN_DOWN(left, d->bd.block_size);
	piece->sectors = left / SECTOR_SIZE;
	for (piece->nr_segs = 0; left; left -= n) {
		struct mem_seg *seg = &segs[piece->nr_segs++];

		seg->va = block_iter_next(it, left, &n);
		seg->len = (uint32_t)n;
	}
}

/* @return as the device, -EAGAIN: there are holes, or the memory is in too many parts */
static int rw_in_pieces(struct filedisk *d, const struct block_request *rq)
{
	uint64_t sector = rq->sector, end = sector + rq->sectors;
	struct mem_seg segs[PIECE_SEGS];
	struct block_request piece = { .op = rq->op, .segs = segs };
	struct block_iter it;
	int err = 0;

	block_iter_init(&it, rq);
	for (; !err && sector < end; sector += piece.sectors) {
		const struct extent *e;

		look_up(d, sector);
		if (!is_known(d, sector))
			return -EAGAIN;
		e = &d->map[find_extent(d, sector)];
		piece.sector = e->at + (sector - e->sector);
		piece.sectors = MIN(end, e->sector + e->sectors) - sector;
		take_piece(d, &it, segs, &piece);
		err = piece.sectors ? blockdev_run(d->file.mount->bd, &piece) : -EAGAIN;
	}
	return err;
}

/* One contiguous piece of memory. Behind the end of the file (of its last sector) are zeros. */
static int read_piece(struct filedisk *d, uint64_t at, uint8_t *to, size_t n)
{
	while (n) {
		int64_t got = vfs_read(&d->file, at, to, n);

		if (got < 0)
			return (int)got;
		if (!got) {
			memset(to, 0, n);
			return 0;
		}
		at += (uint64_t)got;
		to += got;
		n -= (size_t)got;
	}
	return 0;
}

static int write_piece(struct filedisk *d, uint64_t at, const uint8_t *from, size_t n)
{
	while (n) {
		int64_t done = vfs_write(&d->file, at, from, n);

		if (done <= 0)
			return done ? (int)done : -EIO;
		at += (uint64_t)done;
		from += done;
		n -= (size_t)done;
	}
	return 0;
}

static cold_fn int do_read(struct filedisk *d, struct block_request *rq)
{
	uint64_t at = rq->sector * SECTOR_SIZE;
	struct block_iter it;
	uint8_t *p;
	size_t n;
	int err = 0;

	block_iter_init(&it, rq);
	while (!err && (p = block_iter_next(&it, SIZE_MAX, &n)) && n) {
		err = read_piece(d, at, p, n);
		at += n;
	}
	return err;
}

/* Whole sectors only: a guest may rely on finding either what a sector was or what it became. */
static cold_fn int do_write(struct filedisk *d, struct block_request *rq)
{
	uint64_t at = rq->sector * SECTOR_SIZE;
	uint8_t sector[SECTOR_SIZE];
	struct block_iter it;
	size_t have = 0, n, whole;
	uint8_t *p;
	int err = 0;

	block_iter_init(&it, rq);
	while (!err && (p = block_iter_next(&it, have ? SECTOR_SIZE - have : SIZE_MAX, &n)) && n) {
		whole = have ? 0 : ALIGN_DOWN(n, SECTOR_SIZE);
		if (whole)
			err = write_piece(d, at, p, whole);
		at += whole;
		memcpy(sector + have, p + whole, n - whole);
		have += n - whole;
		if (err || have < SECTOR_SIZE)
			continue;
		err = write_piece(d, at, sector, SECTOR_SIZE);
		at += SECTOR_SIZE;
		have = 0;
	}
	return err;
}

/* take() has seen to it that no request of ours is on the way to what is given back. */
static cold_fn int discard(struct filedisk *d, const struct block_request *rq)
{
	int err;

	forget_map(d);
	err = vfs_punch(&d->file, rq->sector * SECTOR_SIZE, rq->sectors * SECTOR_SIZE);
	WRITE_ONCE(d->held, false);
	return err == -ENOTSUP ? 0 : err;
}

/* Zeros where there are blocks; these stay. */
static cold_fn int zero(struct filedisk *d, const struct block_request *rq)
{
	uint64_t at = rq->sector * SECTOR_SIZE, end = at + rq->sectors * SECTOR_SIZE;
	struct vfs_extent ext;
	int err = 0;

	while (!err && at < end) {
		err = vfs_extent(&d->file, at, &ext);
		if (err || !ext.len)
			break;
		ext.len = MIN(ext.len, end - at);
		if (ext.at != VFS_HOLE)
			err = blockdev_zero(d->file.mount->bd, ext.at / SECTOR_SIZE,
					    DIV_ROUND_UP(ext.len, SECTOR_SIZE));
		at += ext.len;
	}
	return err;
}

/* Until metadata is on the disk no other flush may go straight there: it would end too early. */
static int flush(struct filedisk *d)
{
	int err = vfs_sync_file(&d->file);

	if (!err)
		WRITE_ONCE(d->unsynced, false);
	return err;
}

static void serve(struct filedisk *d, struct block_request *rq)
{
	bool rw = rq->op == BLOCK_READ || rq->op == BLOCK_WRITE;
	int err = 0;

	if (rw)
		look_up(d, rq->sector);
	if (rw && submit_direct(d, rq))
		return;
	if (rw)
		err = rw_in_pieces(d, rq);
	if (rw && err != -EAGAIN) {
		block_end(rq, err);
		return;
	}
	if (rq->op != BLOCK_READ && rq->op != BLOCK_FLUSH)
		WRITE_ONCE(d->unsynced, true);
	switch (rq->op) {
	case BLOCK_READ:
	case BLOCK_WRITE:
		err = rq->op == BLOCK_WRITE ? do_write(d, rq) : do_read(d, rq);
		if (!err)
			look_up(d, rq->sector + rq->sectors - 1);
		break;
	case BLOCK_FLUSH:
		err = flush(d);
		break;
	case BLOCK_DISCARD:
		err = discard(d, rq);
		break;
	case BLOCK_ZERO:
		err = zero(d, rq);
		break;
	}
	block_end(rq, err);
}

/* NULL: there is nothing to do, or not yet. */
static struct block_request *take(struct filedisk *d)
{
	unsigned long flags = spin_lock_irqsave(&d->lock);
	struct block_request *rq = list_first_entry_or_null(&d->queue, struct block_request, link);

	/* Before space is given back, what is on the way arrives, and nothing else sets out. */
	if (rq && rq->op == BLOCK_DISCARD) {
		d->held = true;
		rq = d->on_way ? NULL : rq;
	}
	if (rq)
		list_del(&rq->link);
	spin_unlock_irqrestore(&d->lock, flags);
	return rq;
}

static cold_fn void work(void *arg)
{
	struct filedisk *d = arg;
	struct block_request *rq;

	for (;;) {
		while ((rq = take(d)))
			serve(d, rq);
		if (READ_ONCE(d->stopping))
			return;
		thread_block(UINT64_MAX);
	}
}

/* --- life ------------------------------------------------------------------------------------ */

static cold_fn void filedisk_release(struct blockdev *bd)
{
	struct filedisk *d = of(bd);

	WRITE_ONCE(d->stopping, true);
	thread_wake(d->worker);
	thread_join(d->worker);
	if (d->file.write && vfs_sync_file(&d->file))
		log_error("%s: what was written last is not all on the disk", bd->name);
	vfs_close(&d->file);
	heap_free(d->map);
	heap_free(d);
}

static const struct blockdev_ops filedisk_ops = {
	.submit = filedisk_submit,
	.release = filedisk_release,
};

/* The end of the path, as much as fits. */
static void set_name(struct blockdev *bd, const char *path)
{
	size_t len = strlen(path), room = sizeof(bd->name) - 1;

	strlcpy(bd->name, path + (len > room ? len - room : 0), sizeof(bd->name));
}

static int init(struct filedisk *d, const char *path)
{
	const struct vfs_mount *m = d->file.mount;

	if (d->file.stat.type != VFS_FILE)
		return d->file.stat.type == VFS_DIR ? -EISDIR : -EINVAL;
	if (!d->file.stat.size)
		return -EINVAL;
	d->mem = vfs_map(&d->file);
	d->bd.ops = &filedisk_ops;
	d->bd.kind = "file";
	d->bd.sectors = DIV_ROUND_UP(d->file.stat.size, SECTOR_SIZE);
	d->bd.block_size = m->bd ? m->bd->block_size : SECTOR_SIZE;
	d->bd.sectors = ALIGN_UP(d->bd.sectors, d->bd.block_size / SECTOR_SIZE);
	d->bd.read_only = !d->file.write;
	d->bd.can_discard = d->file.write && m->fs->punch;
	d->bd.can_zero = d->file.write && m->fs->extent;
	set_name(&d->bd, path);
	list_init(&d->bd.link);
	list_init(&d->queue);
	spin_init(&d->lock);
	for (unsigned i = 0; i < REQUESTS; i++) {
		d->direct[i].rq.done = direct_done;
		d->direct[i].disk = d;
		d->direct[i].next_free = d->free;
		d->free = &d->direct[i];
	}
	d->worker = thread_create("filedisk", work, d, PRIO_DEFAULT);
	if (!d->worker)
		return -ENOMEM;
	thread_start(d->worker);
	return 0;
}

static void explain(int err, const char *path, bool empty, char *why, size_t len)
{
	if (err == -EBUSY)
		snprintf(why, len, "%s is open elsewhere, so that it cannot be a disk now", path);
	else if (err == -EINVAL || err == -EISDIR)
		snprintf(why, len, "%s is %s, so no disk", path, empty ? "empty" : "no file");
	else
		snprintf(why, len, "%s cannot be a disk: %s", path, error_text(err));
}

cold_fn int filedisk_open(const char *path, bool write, struct blockdev **out, char *why,
			  size_t len)
{
	struct filedisk *d = heap_zalloc(sizeof(*d));
	bool empty = false;
	int err = -ENOMEM;

	if (d)
		err = vfs_open_flags(path, write ? VFS_WRITE : VFS_KEEP, &d->file);
	if (!err) {
		empty = d->file.stat.type == VFS_FILE;
		err = init(d, path);
		if (err)
			vfs_close(&d->file);
	}
	if (err) {
		explain(err, path, empty, why, len);
		heap_free(d);
		return err;
	}
	*out = &d->bd;
	return 0;
}
