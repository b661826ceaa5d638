/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * core/time with a counter whose ticks are no whole number of nanoseconds, as boards have them
 * (24 MHz): no event comes too early, which would mean to arm it again and again, even after
 * years; and none much too late.
 */
#include <core/cpu.h>
#include <core/time.h>
#include <port/host.h>

#include "unit.h"

#define FREQ		24000000u
#define YEAR_NS		(365ull * 86400 * 1000000000)
#define TICK_NS		42	/* rounded up */

static struct cpu the_cpu;
static unsigned int fired;

unsigned cpus_online = 1;

struct cpu *cpu_get(unsigned int id)
{
	return id ? NULL : &the_cpu;
}

static void begin(void)
{
	host_reset();
	host_clock_set_freq(FREQ);
	arch_set_this_cpu(&the_cpu);
	time_init_cpu();
}

static uint64_t exact_ns(uint64_t ticks)
{
	return (uint64_t)((unsigned __int128)ticks * 1000000000 / FREQ);
}

TEST(durations_are_exact_to_a_tick)
{
	int round;

	begin();
	for (round = 0; round < 100000 && !unit_failed(); round++) {
		uint64_t ns = unit_random_below(10 * YEAR_NS) >> unit_random_below(60);
		uint64_t ticks = time_to_ticks(ns);

		CHECK(time_from_ticks(ticks) >= ns);
		CHECK(time_from_ticks(ticks) - ns <= 2 * TICK_NS);
		CHECK(time_from_ticks(ns) - exact_ns(ns) <= 1);
	}
	CHECK(time_to_ticks(UINT64_MAX) >= UINT64_MAX / 1000000000 * FREQ);
}

static void on_timer(struct timer *timer)
{
	CHECK(time_now() >= timer->deadline);
	CHECK(time_now() - timer->deadline <= 2 * TICK_NS);
	fired++;
}

TEST(events_come_once_even_after_years)
{
	struct timer timer;
	int round;

	begin();
	timer_init(&timer, on_timer);
	for (round = 0; round < 1000 && !unit_failed(); round++) {
		uint64_t ns = 1 + unit_random_below(100000000);

		if (round == 500)
			host_clock_advance(10ull * 365 * 86400 * FREQ);
		fired = 0;
		timer_start(&timer, time_now() + ns);
		/* Would not return if the event came too early: it would be armed for ever. */
		host_clock_advance(time_to_ticks(ns) + 2);
		CHECK_EQ(fired, 1);
	}
}
