/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A well-behaved guest beside another one: computes for "ms=" milliseconds and says in the end how
 * much of the time it had the processor, per mille ("WITNESS share"), and the longest time without
 * it in microseconds. For a machine that counts instructions, with a counter of 1 GHz: there two
 * instructions take two ticks.
 */
#include "kit.h"

#define CHUNK 1000
#define US    1000

/* So many rounds of two instructions. */
static void compute(uint64_t n)
{
	__asm__ volatile("1: decq %0\n\tjnz 1b" : "+r"(n) : : "cc");
}

void guest_main(void)
{
	uint64_t begin = rdtsc(), now = begin, last = begin, chunks = 0, longest = 0;
	uint64_t end = begin + boot_arg_number("ms", 100) * 1000 * US;

	while (now < end) {
		compute(CHUNK);
		chunks++;
		now = rdtsc();
		if (now - last > longest)
			longest = now - last;
		last = now;
	}
	print_text("WITNESS share ");
	print_number(chunks * CHUNK * 2 * 1000 / (now - begin));
	print_text(" longest ");
	print_number(longest / US);
	print_text(" us\n");
	outw(0x604, 0x3400);
}
