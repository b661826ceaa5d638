/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way of requests: their bounds, from a partition to its disk, their end; and the same for
 * those who wait. Counters are atomic; there is no other state.
 */
#include <core/blockdev.h>

#include <core/mem.h>
#include <core/thread.h>
#include <libs/errno.h>
#include <libs/string.h>

#include "fault.h"

#define PER_PAGE    (PAGE_SIZE / SECTOR_SIZE)
#define ZERO_PARTS  (PER_PAGE - 1)
#define ZERO_PAGES  (BLOCK_ZERO_MAX / PER_PAGE)
#define WAIT_SEGS   16 /* of a request that is waited for: each within a page */
#define BOUNCE_SIZE (16 * PAGE_SIZE)

/* Single sectors in front of whole pages: so each number of sectors is a run of entries. */
static uint8_t zero_page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static struct mem_seg zero_segs[ZERO_PARTS + ZERO_PAGES];

/** Has somebody asked for faults? */
static inline bool faults(void)
{
	return IS_ENABLED(CONFIG_BLOCK_FAULT) && unlikely(READ_ONCE(block_nr_faults));
}

static void count(unsigned long *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/** Zeros are written by a device that knows no better. @return whether that can be done at once */
static bool zero_by_write(struct block_request *rq)
{
	unsigned i, parts = (unsigned)(rq->sectors % PER_PAGE);

	if (rq->sectors > BLOCK_ZERO_MAX)
		return false;
	/* The same values whoever is first. */
	for (i = 0; !READ_ONCE(zero_segs[ARRAY_SIZE(zero_segs) - 1].len) &&
		    i < ARRAY_SIZE(zero_segs); i++) {
		WRITE_ONCE(zero_segs[i].va, zero_page);
		__atomic_store_n(&zero_segs[i].len, i < ZERO_PARTS ? SECTOR_SIZE : PAGE_SIZE,
				 __ATOMIC_RELEASE);
	}
	rq->op = BLOCK_WRITE;
	rq->zeroing = true;
	rq->segs = zero_segs + ZERO_PARTS - parts;
	rq->nr_segs = parts + (unsigned)(rq->sectors / PER_PAGE);
	return true;
}

/** @return what is wrong with a request, or 0 */
static int check(const struct blockdev *bd, const struct block_request *rq)
{
	if (unlikely(READ_ONCE(bd->gone)))
		return -ENODEV;
	if (rq->op == BLOCK_FLUSH)
		return 0;
	if (unlikely(rq->op != BLOCK_READ && bd->read_only))
		return -EROFS;
	if (unlikely(rq->sector > bd->sectors || rq->sectors > bd->sectors - rq->sector))
		return -ERANGE;
	if (unlikely((rq->sector | rq->sectors) & (bd->block_size / SECTOR_SIZE - 1)))
		return -EINVAL;
	return 0;
}

void blockdev_submit(struct blockdev *bd, struct block_request *rq)
{
	int err = check(bd, rq);

	rq->bd = bd;
	rq->offset = 0;
	rq->zeroing = false;
	if (rq->op == BLOCK_READ)
		count(&bd->reads);
	else if (rq->op != BLOCK_FLUSH)
		count(&bd->writes);
	if (!err && faults())
		err = block_fault_begin(rq);
	for (; !err && bd->parent; bd = bd->parent) {
		rq->offset += bd->start;
		rq->sector += bd->start;
		if (READ_ONCE(bd->parent->gone))
			err = -ENODEV;
	}
	if (!err && rq->op != BLOCK_FLUSH && !rq->sectors)
		goto nothing;
	if (!err && rq->op == BLOCK_DISCARD && !bd->can_discard)
		goto nothing;
	if (!err && rq->op == BLOCK_ZERO && !bd->can_zero && !zero_by_write(rq))
		err = -EINVAL;
	if (likely(!err)) {
		bd->ops->submit(bd, rq);
		return;
	}
nothing:
	block_end(rq, err);
}

void block_end(struct block_request *rq, int status)
{
	if (unlikely(status))
		count(&rq->bd->errors);
	rq->status = status;
	rq->sector -= rq->offset;
	if (unlikely(rq->zeroing)) {
		rq->op = BLOCK_ZERO;
		rq->segs = NULL;
		rq->nr_segs = 0;
	}
	if (faults() && block_fault_keep(rq))
		return;
	rq->done(rq);
}

/* --- waiting -------------------------------------------------------------------------------- */

struct waited {
	struct block_request rq;
	struct completion ended;
};

static void wake(struct block_request *rq)
{
	completion_done(&container_of(rq, struct waited, rq)->ended);
}

static int submit_wait(struct blockdev *bd, struct waited *w)
{
	w->rq.done = wake;
	completion_init(&w->ended);
	blockdev_submit(bd, &w->rq);
	(void)completion_wait(&w->ended, UINT64_MAX);
	return w->rq.status;
}

/**
 * Pieces of a buffer, none across a page, so that each is contiguous wherever the buffer is.
 * @return sectors that they make
 */
static size_t page_segs(struct mem_seg *segs, unsigned *nr, uint8_t *p, size_t sectors)
{
	size_t left = sectors * SECTOR_SIZE, done = 0, n, over;
	unsigned i;

	for (i = 0; i < WAIT_SEGS && done < left; i++, done += n) {
		n = PAGE_SIZE - ((uintptr_t)p + done) % PAGE_SIZE;
		n = MIN_T(size_t, n, left - done);
		segs[i].va = p + done;
		segs[i].len = (uint32_t)n;
	}
	/* What is too much for whole sectors is less than one: of a page's part, or two of them. */
	over = done % SECTOR_SIZE;
	done -= over;
	for (; over; over -= n) {
		n = MIN_T(size_t, over, segs[i - 1].len);
		segs[i - 1].len -= (uint32_t)n;
		if (!segs[i - 1].len)
			i--;
	}
	*nr = i;
	return done / SECTOR_SIZE;
}

/** At most SIZE_MAX bytes, whole blocks. */
static int rw_blocks(struct blockdev *bd, uint64_t sector, uint8_t *p, size_t sectors, bool write)
{
	struct mem_seg segs[WAIT_SEGS];
	int err = 0;

	while (!err && sectors) {
		struct waited w = {
			.rq = { .op = write ? BLOCK_WRITE : BLOCK_READ, .sector = sector,
				.segs = segs },
		};
		size_t n = page_segs(segs, &w.rq.nr_segs, p, sectors);

		w.rq.sectors = n;
		err = submit_wait(bd, &w);
		sector += n;
		sectors -= n;
		p += n * SECTOR_SIZE;
	}
	return err;
}

/** Sectors of a medium that takes larger blocks: those around them are read, too. */
static cold_fn int rw_around(struct blockdev *bd, uint64_t sector, uint8_t *p, size_t sectors,
			     bool write)
{
	unsigned per_block = bd->block_size / SECTOR_SIZE;
	size_t size = MAX_T(size_t, BOUNCE_SIZE, bd->block_size);
	uint8_t *bounce = heap_alloc(size);
	int err = bounce ? 0 : -ENOMEM;

	while (!err && sectors) {
		uint64_t from = ALIGN_DOWN(sector, per_block);
		size_t in = (size_t)(sector - from), all, n;

		all = MIN(ALIGN_UP(in + sectors, per_block), size / SECTOR_SIZE);
		n = MIN(all - in, sectors);
		err = rw_blocks(bd, from, bounce, all, false);
		if (!err && write) {
			memcpy(bounce + in * SECTOR_SIZE, p, n * SECTOR_SIZE);
			err = rw_blocks(bd, from, bounce, all, true);
		} else if (!err) {
			memcpy(p, bounce + in * SECTOR_SIZE, n * SECTOR_SIZE);
		}
		sector += n;
		sectors -= n;
		p += n * SECTOR_SIZE;
	}
	heap_free(bounce);
	return err;
}

int blockdev_rw(struct blockdev *bd, uint64_t sector, void *buf, size_t sectors, bool write)
{
	if (sector > bd->sectors || sectors > bd->sectors - sector)
		return -ERANGE;
	if (write && bd->read_only)
		return -EROFS;
	if (unlikely((sector | sectors) & (bd->block_size / SECTOR_SIZE - 1)))
		return rw_around(bd, sector, buf, sectors, write);
	return rw_blocks(bd, sector, buf, sectors, write);
}

int blockdev_flush(struct blockdev *bd)
{
	struct waited w = { .rq = { .op = BLOCK_FLUSH } };

	return submit_wait(bd, &w);
}

int blockdev_run(struct blockdev *bd, const struct block_request *rq)
{
	struct waited w = { .rq = *rq };

	return submit_wait(bd, &w);
}

cold_fn int blockdev_zero(struct blockdev *bd, uint64_t sector, uint64_t sectors)
{
	int err = 0;

	if (sector > bd->sectors || sectors > bd->sectors - sector)
		return -ERANGE;
	while (!err && sectors) {
		struct waited w = { .rq = { .op = BLOCK_ZERO, .sector = sector } };

		w.rq.sectors = MIN_T(uint64_t, sectors, BLOCK_ZERO_MAX);
		err = submit_wait(bd, &w);
		sector += w.rq.sectors;
		sectors -= w.rq.sectors;
	}
	return err;
}
