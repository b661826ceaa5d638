/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A well-behaved guest beside another one: computes for "ms=" milliseconds, with a line of output
 * every ten, and says in the end how much of the time it had the processor, per mille ("WITNESS
 * share"), and the longest time without it in microseconds. For a machine that counts instructions,
 * with a counter of 1 GHz: there two instructions take two ticks.
 */
#include "kit.h"

#define CHUNK  1000
#define TICK   10000 /* us */
#define MS_ALL 300

/* So many rounds of two instructions. */
static void compute(uint64_t n)
{
	__asm__ volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r"(n) : : "cc");
}

void guest_main(void)
{
	uint64_t begin = counter(), now = begin, last = begin, tick = begin;
	uint64_t end = begin + ticks_of_us(1000 * boot_arg_number("ms", MS_ALL));
	uint64_t chunks = 0, longest = 0;

	while (now < end) {
		compute(CHUNK);
		chunks++;
		now = counter();
		if (now - last > longest)
			longest = now - last;
		last = now;
		if (now - tick >= ticks_of_us(TICK)) {
			tick = now;
			print("WITNESS tick %lu\n", (now - begin) / ticks_of_us(1000));
			last = counter();
		}
	}
	print("WITNESS share %lu longest %lu\n", chunks * CHUNK * 2 * 1000 / (now - begin),
	      longest / ticks_of_us(1));
}
