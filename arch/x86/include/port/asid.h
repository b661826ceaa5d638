/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tags of translations in a CPU (ASIDs): given out once each, and anew after all of that CPU's
 * translations were flushed, which begins another generation. A CPU's own, with IRQs masked.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define ASID_FIRST 1 /* 0 is the hypervisor's */

struct asid_pool {
	uint32_t next, generation;
};

/** What a vCPU has, and of which CPU. */
struct asid {
	uint32_t number, generation;
	unsigned cpu;
};

/** No vCPU has one: before anybody's first, of a zeroed struct asid too. */
static inline void asid_init(struct asid_pool *pool)
{
	pool->next = ASID_FIRST;
	pool->generation = 1;
}

/** Is it of this CPU, and not given to anybody else since? */
static inline bool asid_valid(const struct asid *a, const struct asid_pool *pool, unsigned cpu)
{
	return a->cpu == cpu && a->generation == pool->generation;
}

/**
 * Have one that nobody had since the last flush.
 * @param count how many the CPU has, with 0
 * @return whether all translations are to be flushed before it is used
 */
static inline bool asid_take(struct asid *a, struct asid_pool *pool, unsigned cpu, uint32_t count)
{
	/* A CPU that has but one besides its own: flushed each time. */
	bool flush = pool->next >= count && pool->next > ASID_FIRST;

	if (flush) {
		pool->next = ASID_FIRST;
		/* Never the one of those that have none. */
		if (!++pool->generation)
			pool->generation = 1;
	}
	*a = (struct asid){ pool->next++, pool->generation, cpu };
	return flush;
}
