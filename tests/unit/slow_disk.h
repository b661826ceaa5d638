/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A block device "slow0" that keeps its requests until the test ends them, in the order that it
 * likes, and knows only reads, writes and flushes. For one test program.
 */
#pragma once

#include <string.h>

#include <core/blockdev.h>

#include "unit.h"

struct slow {
	struct blockdev bd;
	uint8_t data[64 * SECTOR_SIZE];
	struct block_request *held[8];
	unsigned n, released;
};

static inline void slow_submit(struct blockdev *bd, struct block_request *rq)
{
	struct slow *slow = container_of(bd, struct slow, bd);

	slow->held[slow->n++] = rq;
}

static inline void slow_end(struct slow *slow, unsigned i, int status)
{
	struct block_request *rq = slow->held[i];
	uint8_t *at = slow->data + rq->sector * SECTOR_SIZE;
	struct block_iter it;
	size_t n, sum = 0;
	uint8_t *p;

	block_iter_init(&it, rq);
	while ((p = block_iter_next(&it, 700, &n)) && n) {
		if (rq->op == BLOCK_READ)
			memcpy(p, at + sum, n);
		else
			memcpy(at + sum, p, n);
		sum += n;
	}
	CHECK_EQ(sum, rq->op == BLOCK_FLUSH ? 0 : rq->sectors * SECTOR_SIZE);
	memmove(slow->held + i, slow->held + i + 1, (--slow->n - i) * sizeof(slow->held[0]));
	block_end(rq, status);
}

static inline void slow_release(struct blockdev *bd)
{
	container_of(bd, struct slow, bd)->released++;
}

static const struct blockdev_ops slow_ops = { .submit = slow_submit, .release = slow_release };

static inline void slow_begin(struct slow *slow)
{
	memset(slow, 0, sizeof(*slow));
	slow->bd.ops = &slow_ops;
	slow->bd.sectors = 64;
	slow->bd.whole = true;
	REQUIRE(!blockdev_register(&slow->bd, "slow"));
}
