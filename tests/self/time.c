/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Clock and timers. A machine may be slow, so timers may be late, but never early, and the clock
 * never goes back, on whichever CPU it is read.
 */
#include "self.h"

#include <core/cpu.h>
#include <core/spinlock.h>
#include <libs/atomic.h>

#define TIMERS 5
#define READS  2000

/* --- clock ---------------------------------------------------------------------------------- */

static struct {
	spinlock_t lock;
	uint64_t last;
	unsigned back;
} reading = { SPINLOCK_INIT, 0, 0 };

static void read_clock(void *arg)
{
	unsigned i;

	for (i = 0; i < READS; i++) {
		unsigned long flags = spin_lock_irqsave(&reading.lock);
		uint64_t now = time_now();

		reading.back += now < reading.last;
		reading.last = now;
		spin_unlock_irqrestore(&reading.lock, flags);
	}
}

SELFTEST(time_monotonic, "time.monotonic")
{
	struct thread *t[8];
	unsigned i, n = MIN(self_cpus(), (unsigned)ARRAY_SIZE(t));
	bool ok = true;
	uint64_t ns;

	reading.back = 0;
	for (i = 0; i < n; i++) {
		t[i] = self_thread(read_clock, NULL, PRIO_DEFAULT, BIT(i));
		ok &= t[i] != NULL;
		if (t[i])
			thread_start(t[i]);
	}
	for (i = 0; i < n; i++)
		if (t[i])
			thread_join(t[i]);
	REQUIRE(ok, "out of memory");
	REQUIRE(!reading.back, "the clock goes back from one CPU to another");
	for (ns = 1; ns < 1ULL << 60; ns = ns * 3 + 1)
		REQUIRE(time_from_ticks(time_to_ticks(ns)) >= ns, "a time gets shorter in ticks");
	return NULL;
}

/* --- timers --------------------------------------------------------------------------------- */

struct alarm {
	struct timer timer;
	uint64_t due;
	int place; /* in the order in which they came; -1: not yet */
	bool early;
};

static atomic_t came;

static void alarm_fires(struct timer *timer)
{
	struct alarm *a = container_of(timer, struct alarm, timer);

	a->early = time_now() < a->due;
	a->place = atomic_add_return(&came, 1) - 1;
}

static void alarm_set(struct alarm *a, uint64_t due)
{
	a->due = due;
	a->place = -1;
	timer_start(&a->timer, due);
}

static bool came_in_time(int n)
{
	uint64_t end = time_now() + PATIENCE;

	while (atomic_load_acquire(&came) < n && time_now() < end)
		thread_sleep(MSEC);
	return atomic_load_acquire(&came) == n;
}

SELFTEST(time_order, "time.order")
{
	static const uint8_t order[TIMERS] = { 3, 0, 4, 1, 2 };
	struct alarm a[TIMERS];
	uint64_t start = time_now() + 2 * MSEC;
	const char *wrong = NULL;
	unsigned long flags;
	unsigned i;

	atomic_store(&came, 0);
	/* All on one CPU before any of them comes, and each set twice; 100 us apart. */
	flags = arch_irq_save();
	for (i = 0; i < TIMERS; i++) {
		timer_init(&a[i].timer, alarm_fires);
		alarm_set(&a[i], start + 1000 * MSEC);
	}
	for (i = 0; i < TIMERS; i++)
		alarm_set(&a[i], start + order[i] * (MSEC / 10));
	arch_irq_restore(flags);
	if (!came_in_time(TIMERS))
		wrong = "a timer did not come, or came twice";
	for (i = 0; i < TIMERS; i++) {
		timer_stop(&a[i].timer);
		if (!wrong && a[i].place != order[i])
			wrong = "timers came in another order than their moments";
		if (!wrong && a[i].early)
			wrong = "a timer came too early";
	}
	return wrong;
}

static void set_in_a_moment(void *arg)
{
	alarm_set(arg, time_now() + 20 * MSEC);
}

static atomic_t entered, left;

static void slow_alarm(struct timer *timer)
{
	uint64_t end = time_now() + MSEC;

	atomic_store_release(&entered, 1);
	while (time_now() < end)
		arch_relax();
	atomic_store_release(&left, 1);
}

static void start_now(void *arg)
{
	timer_start(arg, time_now());
	thread_sleep(MSEC);
}

/* Run fn on the last CPU; with one, on this. */
static bool elsewhere(void (*fn)(void *), void *arg, struct thread **out)
{
	*out = self_thread(fn, arg, PRIO_MAX, BIT(self_cpus() - 1));
	if (*out)
		thread_start(*out);
	return *out != NULL;
}

SELFTEST(time_stop, "time.stop")
{
	uint64_t end = time_now() + PATIENCE;
	struct alarm a;
	struct timer slow;
	struct thread *t;

	atomic_store(&came, 0);
	atomic_store(&entered, 0);
	atomic_store(&left, 0);
	timer_init(&a.timer, alarm_fires);
	timer_init(&slow, slow_alarm);
	REQUIRE(elsewhere(set_in_a_moment, &a, &t), "out of memory");
	thread_join(t);
	timer_stop(&a.timer);
	REQUIRE(!timer_armed(&a.timer), "a timer is armed after it was stopped");
	if (time_now() < a.due) {
		thread_sleep(a.due + MSEC - time_now());
		REQUIRE(!atomic_load(&came), "a timer came after it was stopped");
	}
	REQUIRE(elsewhere(start_now, &slow, &t), "out of memory");
	while (!atomic_load_acquire(&entered) && time_now() < end)
		thread_yield();
	timer_stop(&slow);
	thread_join(t);
	REQUIRE(atomic_load(&entered), "a timer that is due at once does not come");
	return atomic_load(&left) ? NULL : "a timer's function went on after it was stopped";
}
