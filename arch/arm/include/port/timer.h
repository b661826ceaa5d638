/* SPDX-License-Identifier: GPL-2.0-only */
/* The generic timer's physical count. */
#pragma once

#include <stdint.h>

static inline uint64_t arch_counter(void)
{
	uint64_t ticks;

	/* The barrier keeps the read from moving before what it is to time. */
	__asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(ticks) : : "memory");
	return ticks;
}
