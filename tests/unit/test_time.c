/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * core/time over the fake port's clock: conversions, and timers that fire in order, at their
 * moment, on the CPU that armed them.
 */
#include <string.h>

#include <core/cpu.h>
#include <core/time.h>
#include <port/host.h>

#include "unit.h"

#define TIMERS	40

static struct cpu fake_cpus[2] = { { .id = 0 }, { .id = 1 } };

unsigned cpus_online = 2;

struct cpu *cpu_get(unsigned int id)
{
	return id < 2 ? &fake_cpus[id] : NULL;
}

struct item {
	struct timer timer;
	uint64_t deadline;	/* 0: not armed */
	unsigned int fired;
};

static struct item items[TIMERS];
static uint64_t last_fired;
static unsigned int fired;

static void on_timer(struct timer *timer)
{
	struct item *item = container_of(timer, struct item, timer);

	CHECK(host_in_interrupt() && !timer_armed(timer));
	CHECK_EQ(time_now(), item->deadline);
	CHECK(item->deadline >= last_fired);
	last_fired = item->deadline;
	item->deadline = 0;
	item->fired++;
	fired++;
}

static void begin(void)
{
	unsigned int i;

	host_reset();
	host_cpu_count_set(2);
	for (i = 2; i-- > 0;) {
		host_cpu_select(i);
		arch_set_this_cpu(&fake_cpus[i]);
		time_init_cpu();
	}
	memset(items, 0, sizeof(items));
	for (i = 0; i < TIMERS; i++)
		timer_init(&items[i].timer, on_timer);
	last_fired = 0;
	fired = 0;
}

static void start(struct item *item, uint64_t deadline)
{
	item->deadline = deadline;
	timer_start(&item->timer, deadline);
}

TEST(timers_fire_at_their_moment)
{
	uint64_t now;

	begin();
	now = time_now();
	start(&items[0], now + 3000);
	start(&items[1], now + 1000);
	start(&items[2], now + 2000);
	CHECK(timer_armed(&items[0].timer));
	host_clock_advance(999);
	CHECK_EQ(fired, 0);
	host_clock_advance(1);
	CHECK(fired == 1 && items[1].fired == 1);
	host_clock_advance(5000);
	CHECK_EQ(fired, 3);
	CHECK(host_timer_armed() == UINT64_MAX);
	CHECK_EQ(time_now() - now, 6000);
}

TEST(a_deadline_in_the_past_fires_at_once)
{
	begin();
	host_clock_advance(1000);
	items[0].deadline = time_now();
	timer_start(&items[0].timer, time_now() - 500);
	host_clock_advance(0);
	CHECK_EQ(items[0].fired, 1);
}

TEST(stopping_and_moving)
{
	uint64_t now;

	begin();
	now = time_now();
	start(&items[0], now + 1000);
	start(&items[1], now + 2000);
	timer_stop(&items[0].timer);
	CHECK(!timer_armed(&items[0].timer));
	timer_stop(&items[0].timer);
	start(&items[1], now + 500);
	host_clock_advance(500);
	CHECK_EQ(items[1].fired, 1);
	host_clock_advance(5000);
	CHECK_EQ(fired, 1);
	CHECK(host_timer_armed() == UINT64_MAX);
}

static void again(struct timer *timer)
{
	struct item *item = container_of(timer, struct item, timer);

	CHECK_EQ(time_now(), item->deadline);
	fired++;
	if (fired < 10)
		start(item, time_now() + 100);
}

TEST(a_timer_can_arm_itself_again)
{
	uint64_t now;

	begin();
	now = time_now();
	timer_init(&items[0].timer, again);
	start(&items[0], now + 100);
	host_clock_advance(10000);
	CHECK_EQ(fired, 10);
}

static uint64_t moment;

static void follower(struct timer *timer)
{
	CHECK_EQ(time_now(), moment);
	fired++;
	moment = fired < 3 ? time_now() + 50 : 0;
	timer_follow(timer, &moment);
}

TEST(a_timer_follows_a_deadline)
{
	struct timer *timer = &items[0].timer;

	begin();
	timer_init(timer, follower);
	moment = time_now() + 100;
	timer_follow(timer, &moment);
	CHECK(timer_armed(timer));
	moment += 100;
	timer_follow(timer, &moment);
	host_clock_advance(150);
	CHECK_EQ(fired, 0);
	moment = 0;
	timer_follow(timer, &moment);
	CHECK(!timer_armed(timer));
	host_clock_advance(1000);
	CHECK_EQ(fired, 0);
	moment = time_now() + 100;
	timer_follow(timer, &moment);
	host_clock_advance(1000);
	CHECK_EQ(fired, 3);
	CHECK(!timer_armed(timer));
}

TEST(each_cpu_has_its_own)
{
	uint64_t now;

	begin();
	now = time_now();
	start(&items[0], now + 100);
	host_cpu_select(1);
	start(&items[1], now + 200);
	host_clock_advance(150);
	CHECK_EQ(fired, 0);
	/* Stopped from the other CPU, whose event then finds nothing. */
	timer_stop(&items[0].timer);
	host_cpu_select(0);
	CHECK_EQ(fired, 0);
	/* Armed again here, it moves here. */
	start(&items[1], time_now() + 100);
	host_cpu_select(1);
	host_clock_advance(60);
	CHECK_EQ(fired, 0);
	host_cpu_select(0);
	host_clock_advance(40);
	CHECK_EQ(items[1].fired, 1);
}

/* The earliest of the model's deadlines; UINT64_MAX without one. */
static uint64_t earliest(void)
{
	uint64_t first = UINT64_MAX;
	unsigned int i;

	for (i = 0; i < TIMERS; i++) {
		if (items[i].deadline && items[i].deadline < first)
			first = items[i].deadline;
	}
	return first;
}

TEST(random_operations_match_the_model)
{
	int round;

	begin();
	for (round = 0; round < 20000 && !unit_failed(); round++) {
		struct item *item = &items[unit_random_below(TIMERS)];

		switch (unit_random_below(4)) {
		case 0:
		case 1:
			start(item, time_now() + 1 + unit_random_below(1000));
			break;
		case 2:
			timer_stop(&item->timer);
			item->deadline = 0;
			break;
		default:
			host_clock_advance(unit_random_below(300));
			CHECK(earliest() > time_now());
			break;
		}
		CHECK(timer_armed(&item->timer) == (item->deadline != 0));
		CHECK(host_timer_armed() == (earliest() == UINT64_MAX ? UINT64_MAX :
					     time_deadline_ticks(earliest())));
	}
	CHECK(fired > 1000);
}

TEST(the_wall_clock_goes_on_from_what_was_set)
{
	begin();
	time_set_wallclock(1700000000);
	CHECK_EQ(time_wallclock(), 1700000000);
	host_clock_advance(5000000000);
	CHECK_EQ(time_wallclock(), 1700000005);
}
