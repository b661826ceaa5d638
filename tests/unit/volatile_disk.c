/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The disk with a cache that forgets, see volatile_disk.h. Requests end by a timer of the world.
 */
#include "volatile_disk.h"

#include <stdlib.h>
#include <string.h>

#include <core/time.h>
#include <libs/errno.h>

#include "unit.h"

#define HELD 256

/* One sector that was written since the last flush, in order. */
struct written {
	uint64_t sector;
	uint8_t data[SECTOR_SIZE];
};

static struct {
	struct blockdev bd;
	uint8_t *now, *safe; /* as seen; what stays; kept from round to round */
	size_t size;
	struct written *log;
	size_t nr_log, room;
	uint64_t first;      /* number of log[0] since the beginning */
	struct block_request *held[HELD];
	unsigned nr_held;
	bool at_once;
	int fail;
	struct timer timer;
	unsigned flushes;
	uint64_t left;       /* requests until the cut; 0: there is none */
	uint8_t *copy;
	void (*fn)(void);
	bool cut;
	void (*meanwhile)(void);
} v;

static void note(uint64_t sector, const uint8_t *data)
{
	if (v.nr_log == v.room) {
		v.room = v.room ? 2 * v.room : 64;
		v.log = realloc(v.log, v.room * sizeof(*v.log));
	}
	v.log[v.nr_log].sector = sector;
	memcpy(v.log[v.nr_log++].data, data, SECTOR_SIZE);
}

/* Up to this number is on the medium. */
static void settle(uint64_t upto)
{
	size_t n = upto > v.first ? (size_t)(upto - v.first) : 0;

	for (size_t i = 0; i < n; i++)
		memcpy(v.safe + v.log[i].sector * SECTOR_SIZE, v.log[i].data, SECTOR_SIZE);
	if (v.nr_log > n)
		memmove(v.log, v.log + n, (v.nr_log - n) * sizeof(*v.log));
	v.nr_log -= n;
	v.first += n;
	v.flushes++;
}

/* All bytes of a request, in its order. @param to  NULL: from the device into the request */
static void gather(const struct block_request *rq, uint8_t *to)
{
	const uint8_t *from = v.now + rq->sector * SECTOR_SIZE;
	struct block_iter it;
	uint8_t *p;
	size_t n;

	block_iter_init(&it, rq);
	while ((p = block_iter_next(&it, SIZE_MAX, &n)) && n) {
		if (to) {
			memcpy(to, p, n);
			to += n;
		} else {
			memcpy(p, from, n);
			from += n;
		}
	}
}

static void finish(struct block_request *rq)
{
	if (v.fail) {
		block_end(rq, v.fail);
		return;
	}
	switch (rq->op) {
	case BLOCK_READ:
		gather(rq, NULL);
		break;
	case BLOCK_WRITE:
		gather(rq, v.now + rq->sector * SECTOR_SIZE);
		for (uint64_t s = rq->sector; s < rq->sector + rq->sectors; s++)
			note(s, v.now + s * SECTOR_SIZE);
		break;
	case BLOCK_FLUSH:
		settle((uint64_t)(uintptr_t)rq->driver);
		break;
	default:
		break;
	}
	block_end(rq, 0);
}

void volatile_cut_now(void)
{
	static const unsigned odds[] = { 0, 1, 2, 3, 4 };
	unsigned odd = odds[unit_random_below(5)];
	uint8_t *data;

	v.left = 0;
	v.cut = true;
	memcpy(v.copy, v.safe, v.bd.sectors * SECTOR_SIZE);
	for (size_t i = 0; i < v.nr_log; i++)
		if (unit_random_below(4) < odd)
			memcpy(v.copy + v.log[i].sector * SECTOR_SIZE, v.log[i].data, SECTOR_SIZE);
	for (unsigned i = 0; i < v.nr_held; i++) {
		const struct block_request *rq = v.held[i];

		if (rq->op != BLOCK_WRITE)
			continue;
		data = malloc(rq->sectors * SECTOR_SIZE);
		gather(rq, data);
		for (uint64_t s = 0; s < rq->sectors; s++)
			if (unit_random_below(4) < odd)
				memcpy(v.copy + (rq->sector + s) * SECTOR_SIZE,
				       data + s * SECTOR_SIZE, SECTOR_SIZE);
		free(data);
	}
	v.fn();
}

/* As the interrupt handler of a disk that takes what it likes first. */
static void one_ends(struct timer *timer)
{
	unsigned i = (unsigned)unit_random_below(v.nr_held);
	struct block_request *rq = v.held[i];

	if (v.left && !--v.left)
		volatile_cut_now();
	v.held[i] = v.held[--v.nr_held];
	finish(rq);
	if (v.nr_held)
		timer_start(timer, time_now() + 1000);
	if (v.meanwhile)
		v.meanwhile();
}

static void submit(struct blockdev *bd, struct block_request *rq)
{
	rq->driver = (void *)(uintptr_t)(v.first + v.nr_log);
	if (v.at_once) {
		finish(rq);
		return;
	}
	REQUIRE(v.nr_held < HELD);
	v.held[v.nr_held++] = rq;
	if (v.nr_held == 1)
		timer_start(&v.timer, time_now() + 1000);
}

static const struct blockdev_ops volatile_ops = { .submit = submit };

struct blockdev *volatile_begin(const uint8_t *data, size_t size, bool at_once)
{
	uint8_t *now = v.now, *safe = v.safe;

	if (v.size != size) {
		now = realloc(now, size);
		safe = realloc(safe, size);
	}
	memset(&v, 0, sizeof(v));
	v.now = now;
	v.safe = safe;
	v.size = size;
	memcpy(v.now, data, size);
	memcpy(v.safe, data, size);
	v.at_once = true;
	v.bd.ops = &volatile_ops;
	v.bd.sectors = size / SECTOR_SIZE;
	v.bd.whole = true;
	timer_init(&v.timer, one_ends);
	if (blockdev_register(&v.bd, "volatile"))
		abort();
	v.at_once = at_once;
	return &v.bd;
}

void volatile_end(void)
{
	CHECK_EQ(v.nr_held, 0);
	CHECK_EQ(blockdev_unregister(&v.bd), 0);
	free(v.log);
}

void volatile_cut_after(unsigned requests, uint8_t *copy, void (*fn)(void))
{
	v.left = requests;
	v.copy = copy;
	v.fn = fn;
}

bool volatile_was_cut(void)
{
	return v.cut;
}

void volatile_meanwhile(void (*fn)(void))
{
	v.meanwhile = fn;
}

void volatile_fail(int err)
{
	v.fail = err;
}

unsigned volatile_flushes(void)
{
	return v.flushes;
}

unsigned volatile_in_flight(void)
{
	return v.nr_held;
}
