/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler: who runs first, where, and for how long. Threads of a test share one object on
 * the stack of the thread that started them, which waits for all of them.
 */
#include "self.h"

#include <core/cpu.h>
#include <libs/atomic.h>
#include <libs/errno.h>
#include <libs/string.h>

#define THREADS 4

unsigned self_cpus(void)
{
	return MIN(cpu_count(), 64U);
}

struct thread *self_thread(void (*fn)(void *), void *arg, int prio, uint64_t cpus)
{
	struct thread *t = thread_create("selftest", fn, arg, prio);

	if (t && thread_set_affinity(t, cpus)) {
		thread_abandon(t);
		t = NULL;
	}
	return t;
}

bool self_pin(uint64_t cpus)
{
	uint64_t end = time_now() + PATIENCE;

	if (thread_set_affinity(thread_current(), cpus))
		return false;
	while (!(BIT(this_cpu()->id) & cpus) && time_now() < end)
		thread_yield();
	return BIT(this_cpu()->id) & cpus;
}

/* Waits until a word that others write is so, without giving way. */
static bool spin_until(const atomic_t *word, int value)
{
	uint64_t end = time_now() + PATIENCE;

	while (atomic_load_acquire(word) != value && time_now() < end)
		arch_relax();
	return atomic_load_acquire(word) == value;
}

/* --- ends ----------------------------------------------------------------------------------- */

static void exit_with(void *arg)
{
	thread_exit((int)(uintptr_t)arg);
}

static void set_word(void *arg)
{
	atomic_store_release(arg, 1);
}

static const char *exit_round(void)
{
	struct thread *t[THREADS];
	atomic_t word = ATOMIC_INIT(0);
	const char *wrong = NULL;
	unsigned i;

	for (i = 0; i < THREADS; i++) {
		t[i] = self_thread(exit_with, (void *)(uintptr_t)(100 + i), (int)i * 5, UINT64_MAX);
		if (t[i])
			thread_start(t[i]);
	}
	for (i = 0; i < THREADS; i++)
		if (!t[i] || thread_join(t[i]) != (int)(100 + i))
			wrong = "a thread's exit code is another one";
	/* One that is not started, and one that nobody joins. */
	t[0] = self_thread(set_word, &word, 1, UINT64_MAX);
	t[1] = self_thread(set_word, &word, PRIO_MAX, UINT64_MAX);
	REQUIRE(t[0] && t[1], "out of memory");
	thread_abandon(t[0]);
	thread_detach(t[1]);
	thread_start(t[1]);
	while (!atomic_load_acquire(&word))
		thread_sleep(MSEC);
	return wrong;
}

SELFTEST(sched_exit, "sched.exit")
{
	struct self_usage before;
	const char *wrong = exit_round();

	REQUIRE(!wrong, wrong);
	self_usage_get(&before);
	wrong = exit_round();
	if (!wrong && (!self_heap_back(&before) || !self_frames_back(&before)))
		wrong = "memory of threads that have ended is in use";
	return wrong;
}

/* --- order ---------------------------------------------------------------------------------- */

struct order {
	atomic_t next;
	int prio[THREADS]; /* in the order in which they ran */
};

static void note_order(void *arg)
{
	struct order *order = arg;

	order->prio[atomic_add_return(&order->next, 1) - 1] = thread_current()->prio;
}

/* On the CPU of the caller, which is above all of them. */
static const char *priority_on(unsigned cpu)
{
	static const int prios[THREADS] = { 2, 0, 5, 3 };
	struct thread *t[THREADS];
	struct order order = { .next = ATOMIC_INIT(0) };
	bool ready = true, sorted = true;
	unsigned i;

	for (i = 0; i < THREADS; i++) {
		t[i] = self_thread(note_order, &order, prios[i], BIT(cpu));
		if (t[i])
			thread_start(t[i]);
		ready &= t[i] != NULL;
	}
	/* The last is the first then: also one that waits already. */
	if (t[1])
		thread_set_prio(t[1], 7);
	for (i = 0; i < THREADS; i++)
		if (t[i])
			thread_join(t[i]);
	for (i = 1; i < THREADS; i++)
		sorted &= order.prio[i - 1] > order.prio[i];
	REQUIRE(ready, "out of memory");
	return sorted && order.prio[0] == 7 ? NULL : "a thread ran before one of higher priority";
}

/* Runs fn on each CPU, bound to it. */
static const char *on_each_cpu(const char *(*fn)(unsigned cpu))
{
	uint64_t before = thread_current()->affinity;
	const char *wrong = NULL;
	unsigned cpu;

	for (cpu = 0; cpu < self_cpus() && !wrong; cpu++)
		wrong = self_pin(BIT(cpu)) ? fn(cpu) : "a thread does not go where it is bound to";
	if (!self_pin(before) && !wrong)
		wrong = "a thread does not come back from the CPU it was bound to";
	return wrong;
}

SELFTEST(sched_priority, "sched.priority")
{
	return on_each_cpu(priority_on);
}

/* --- turns ---------------------------------------------------------------------------------- */

struct turns {
	atomic_t last;
	int count;
};
struct turn {
	struct turns *all;
	int me, had;
};

static void take_turns(void *arg)
{
	struct turn *turn = arg;
	struct turns *all = turn->all;
	uint64_t end = time_now() + PATIENCE;

	while (READ_ONCE(all->count) < 4 * THREADS && time_now() < end) {
		if (atomic_xchg(&all->last, turn->me) == turn->me)
			continue;
		turn->had++;
		WRITE_ONCE(all->count, all->count + 1);
	}
}

static const char *robin_on(unsigned cpu)
{
	struct turns all = { .last = ATOMIC_INIT(-1) };
	struct turn turn[THREADS];
	struct thread *t[THREADS];
	const char *wrong = NULL;
	unsigned i;

	for (i = 0; i < THREADS; i++) {
		turn[i] = (struct turn){ &all, (int)i, 0 };
		t[i] = self_thread(take_turns, &turn[i], PRIO_DEFAULT, BIT(cpu));
		if (!t[i])
			continue;
		t[i]->slice = MSEC / 2;
		thread_start(t[i]);
	}
	for (i = 0; i < THREADS; i++) {
		if (t[i])
			thread_join(t[i]);
		if (!t[i] || turn[i].had < 2)
			wrong = "a thread does not get its turns among equals";
	}
	return wrong;
}

SELFTEST(sched_round_robin, "sched.roundrobin")
{
	return on_each_cpu(robin_on);
}

/* --- waking --------------------------------------------------------------------------------- */

static void sleep_and_set(void *arg)
{
	thread_sleep(2 * MSEC);
	set_word(arg);
}

/* The caller does not give way: only an interrupt brings the other one in. */
static const char *preempt_on(unsigned cpu)
{
	atomic_t word = ATOMIC_INIT(0);
	struct thread *t = self_thread(sleep_and_set, &word, PRIO_MAX, BIT(cpu));
	bool seen;

	REQUIRE(t, "out of memory");
	thread_start(t);
	thread_sleep(MSEC);
	seen = spin_until(&word, 1);
	thread_join(t);
	return seen ? NULL : "a thread of higher priority does not interrupt a lower one";
}

SELFTEST(sched_preempt, "sched.preempt")
{
	return on_each_cpu(preempt_on);
}

/* It is woken where it went to sleep, and leaves that CPU at its next turn. */
static void block_and_note_cpu(void *arg)
{
	thread_block(UINT64_MAX);
	thread_yield();
	atomic_store_release(arg, (int)this_cpu()->id);
}

static void spin_to_cpu(void *arg)
{
	atomic_t *word = arg;
	uint64_t end = time_now() + PATIENCE;
	int target;

	while ((target = atomic_load_acquire(word)) < 0 && time_now() < end)
		arch_relax();
	while ((int)this_cpu()->id != target && time_now() < end)
		arch_relax();
	atomic_store(word, (int)this_cpu()->id == target ? 1000 : 2000);
}

/* One that sleeps elsewhere and one that runs elsewhere are bound to this CPU. */
static const char *move_to(unsigned cpu)
{
	uint64_t from = BIT((cpu + 1) % self_cpus());
	atomic_t at = ATOMIC_INIT(-1), word = ATOMIC_INIT(-1);
	struct thread *sleeper = self_thread(block_and_note_cpu, &at, PRIO_DEFAULT, from);
	struct thread *runner = self_thread(spin_to_cpu, &word, PRIO_DEFAULT, from);
	int err;

	REQUIRE(sleeper && runner, "out of memory");
	thread_start(sleeper);
	thread_sleep(MSEC);
	thread_start(runner);
	thread_sleep(MSEC);
	err = thread_set_affinity(sleeper, 0) != -EINVAL ||
	      thread_set_affinity(sleeper, BIT(cpu)) || thread_set_affinity(runner, BIT(cpu));
	atomic_store_release(&word, (int)cpu);
	thread_wake(sleeper);
	thread_join(sleeper);
	thread_join(runner);
	REQUIRE(!err, "a thread cannot be bound, or can be to no CPU at all");
	REQUIRE(atomic_load(&at) == (int)cpu, "a woken thread stays where it may not run");
	return atomic_load(&word) == 1000 ? NULL : "a running thread stays where it may not run";
}

SELFTEST(sched_affinity, "sched.affinity")
{
	return on_each_cpu(move_to);
}

struct block_result {
	const char *wrong;
};

static void block_checks(void *arg)
{
	struct block_result *result = arg;
	uint64_t end = time_now() + 2 * MSEC;

	if (thread_block(end))
		result->wrong = "a block ended though nobody woke the thread";
	if (time_now() < end)
		result->wrong = "a block timed out too early";
	thread_wake(thread_current());
	if (!thread_block(time_now() + PATIENCE))
		result->wrong = "a wake before the block is lost";
	if (thread_block(time_now() + MSEC))
		result->wrong = "one wake ended two blocks";
	if (thread_block(0))
		result->wrong = "a moment that has passed does not end a block";
}

SELFTEST(sched_block, "sched.block")
{
	struct block_result result = { NULL };
	struct thread *t = self_thread(block_checks, &result, PRIO_MAX, UINT64_MAX);

	REQUIRE(t, "out of memory");
	thread_start(t);
	thread_join(t);
	return result.wrong;
}
