/* SPDX-License-Identifier: GPL-2.0-only */
/* The time stamp counter. */
#pragma once

#include <stdint.h>

static inline uint64_t arch_counter(void)
{
	uint32_t low, high;

	/* The barrier keeps the read from moving before what it is to time. */
	__asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}
