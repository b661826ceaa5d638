/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest's balloon: the device by which it is asked for memory, as commands see it
 * (guest->balloon). It is there as long as the guest; numbers may be read at any time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** What guests tell of their memory: bytes, or how often. */
enum balloon_stat {
	BALLOON_SWAP_IN,
	BALLOON_SWAP_OUT,
	BALLOON_MAJOR_FAULTS,
	BALLOON_MINOR_FAULTS,
	BALLOON_FREE,
	BALLOON_TOTAL,
	BALLOON_AVAILABLE,
	BALLOON_CACHES,
	BALLOON_STATS,
};

struct guest_balloon {
	/** Ask the guest to give so many pages of 4 KiB. Thread context, no lock. */
	void (*set)(struct guest_balloon *balloon, uint32_t pages);
	/** Ask for new statistics: told changes when they are there. @return false: it has none */
	bool (*ask)(struct guest_balloon *balloon);
	void *priv;
	bool running;		/* a driver is there */
	uint32_t target, actual; /* pages asked for, and given as the guest says */
	uint64_t reported;	/* bytes that it said are free, in all */
	uint32_t told;		/* times that it gave statistics */
	uint32_t known;		/* BIT32(enum balloon_stat) or-ed */
	uint64_t stats[BALLOON_STATS];
};
