/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * core/sched on one CPU of the fake port: threads are real contexts, time passes only when a thread
 * or the idle CPU lets it. The program's own thread of control is the CPU's idle thread.
 */
#include <stdlib.h>
#include <string.h>

#include <arch/smp.h>
#include <core/cpu.h>
#include <core/irq.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/thread.h>
#include <core/vcpu.h>
#include <libs/errno.h>
#include <libs/string.h>
#include <port/host.h>

#include "fake.h"
#include "sched_priv.h"
#include "unit.h"

#define MS	UINT64_C(1000000)

/* ---- parts of core that are not here ---------------------------------------------------- */

bool panic_active(void)
{
	return false;
}

/* Stacks in use; the worker's stays so. */
static void *stacks[32];

va_t stack_alloc(size_t size)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(stacks); i++) {
		if (!stacks[i]) {
			stacks[i] = aligned_alloc(16, size);
			return (va_t)stacks[i] + size;
		}
	}
	return 0;
}

void stack_free(va_t top, size_t size)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(stacks) && (va_t)stacks[i] + size != top; i++)
		;
	REQUIRE(i < ARRAY_SIZE(stacks));
	free(stacks[i]);
	stacks[i] = NULL;
}

void irq_init_cpu(void)
{
}

/* What happened, a character for each event. */
static char trace[256];

static void note(char c)
{
	size_t n = strlen(trace);

	if (n + 1 < sizeof(trace))
		trace[n] = c;
}

void vcpu_load(struct vcpu *vcpu)
{
	CHECK(arch_irq_disabled());
	note((char)('A' + vcpu->id));
}

void vcpu_unload(struct vcpu *vcpu)
{
	CHECK(arch_irq_disabled());
	note('-');
}

/* ---- the frame ------------------------------------------------------------------------- */

static size_t heap_at_start;

static void begin(void)
{
	static bool started;

	if (!started) {
		host_reset();
		cpu_init_boot();
		started = true;
	}
	memset(trace, 0, sizeof(trace));
	heap_at_start = fake_heap_live();
}

/* Idles until every thread has ended or blocks for ever. */
static void run(void)
{
	do {
		arch_irq_disable();
		if (this_cpu()->need_resched)
			sched_switch();
		else if (host_timer_armed() != UINT64_MAX)
			arch_cpu_idle();
		arch_irq_enable();
	} while (this_cpu()->need_resched || host_timer_armed() != UINT64_MAX);
}

static struct thread *make(const char *name, void (*fn)(void *), int prio)
{
	struct thread *t = thread_create(name, fn, (void *)(uintptr_t)name[0], prio);

	thread_start(t);
	return t;
}

/* The calling thread works for so long; others may run in between. */
static void work_for(uint64_t ns)
{
	uint64_t step;

	for (; ns; ns -= step) {
		step = MIN(ns, MS / 4);
		host_clock_advance(step);
	}
}

static void end(void)
{
	CHECK_EQ(fake_heap_live(), heap_at_start);
	CHECK_EQ(this_cpu()->nr_ready, 0);
	CHECK(thread_current() == this_cpu()->idle);
}

/* ---- tests ------------------------------------------------------------------------------- */

static void note_and_exit(void *name)
{
	CHECK(!arch_irq_disabled());
	note((char)(uintptr_t)name);
	thread_exit((int)(uintptr_t)name);
}

TEST(the_highest_priority_runs_first)
{
	struct thread *a, *b, *c;

	begin();
	a = make("a", note_and_exit, 3);
	b = make("b", note_and_exit, 9);
	c = make("c", note_and_exit, 3);
	run();
	CHECK_STR(trace, "bac");
	CHECK_EQ(thread_join(b), 'b');
	CHECK_EQ(thread_join(a), 'a');
	CHECK_EQ(thread_join(c), 'c');
	end();
}

static void just_return(void *arg)
{
	note('r');
}

TEST(ended_threads_are_freed)
{
	struct thread *t;

	begin();
	t = make("t", just_return, 3);
	thread_detach(t);
	run();
	t = make("u", just_return, 3);
	run();
	thread_detach(t);
	t = thread_create("v", just_return, NULL, 3);
	thread_abandon(t);
	CHECK_STR(trace, "rr");
	end();
}

/* Works 25 ms in steps of one, and notes each. */
static void work_and_note(void *name)
{
	int i;

	for (i = 0; i < 25; i++) {
		note((char)(uintptr_t)name);
		work_for(MS);
	}
}

TEST(equals_share_in_slices_of_ten_milliseconds)
{
	struct thread *a, *b;
	const char *at;

	begin();
	a = make("a", work_and_note, 3);
	b = make("b", work_and_note, 3);
	run();
	CHECK_EQ(strlen(trace), 50);
	/* a10 b10 a10 b10 a5 b5: a change in the middle of a step shows as one more. */
	for (at = trace; *at;) {
		size_t n = strspn(at, at[0] == 'a' ? "a" : "b");

		CHECK(n <= 11 && (n >= 9 || at + n >= trace + 40));
		at += n;
	}
	CHECK_EQ(a->run_time / MS, 25);
	CHECK_EQ(b->run_time / MS, 25);
	thread_join(a);
	thread_join(b);
	end();
}

static struct thread *partner;
static bool steady_done;

static void wait_for_work(void *arg)
{
	while (!steady_done)
		thread_block(UINT64_MAX);
}

/* Hands over to its partner all the time, so that it is switched to in the midst of its slice. */
static void work_with_partner(void *arg)
{
	while (!steady_done) {
		work_for(MS / 4);
		thread_wake(partner);
	}
}

static void work_steadily(void *arg)
{
	work_for(25 * MS);
	steady_done = true;
	thread_wake(partner);
}

TEST(who_ran_a_whole_slice_has_another_one_in_its_next_turn)
{
	struct thread *busy, *steady;
	uint64_t start;

	begin();
	steady_done = false;
	start = time_now();
	partner = make("p", wait_for_work, 3);
	busy = make("b", work_with_partner, 3);
	steady = make("s", work_steadily, 3);
	run();
	/* As long a turn for each, but for the steps that b ends before it looks. */
	CHECK_EQ(steady->run_time / MS, 25);
	CHECK(time_now() - start <= 65 * MS);
	thread_join(partner);
	thread_join(busy);
	thread_join(steady);
	end();
}

TEST(alone_there_is_no_slice_timer)
{
	struct thread *a;
	uint64_t switches;

	begin();
	a = make("a", work_and_note, 3);
	switches = this_cpu()->idle->switches;
	run();
	CHECK_EQ(strlen(trace), 25);
	CHECK_EQ(a->switches, 1);
	CHECK_EQ(this_cpu()->idle->switches, switches + 1);
	thread_join(a);
	end();
}

static void sleep_and_note(void *name)
{
	uint64_t start = time_now();
	int i;

	for (i = 1; i <= 3; i++) {
		thread_sleep(5 * MS);
		/* At its moment, although a lower one works all the time. */
		CHECK(time_now() - start >= 5u * i * MS && time_now() - start < (5u * i + 1) * MS);
		note((char)(uintptr_t)name);
	}
}

TEST(a_higher_one_preempts_when_it_wakes)
{
	struct thread *high, *low;

	begin();
	high = make("h", sleep_and_note, 8);
	low = make("l", work_and_note, 2);
	run();
	CHECK(strstr(trace, "llllh") && strchr(strrchr(trace, 'h'), 'l'));
	CHECK_EQ(strlen(trace), 28);
	thread_join(high);
	thread_join(low);
	end();
}

static struct thread *blocked;

static void block_three_times(void *arg)
{
	/* Was woken before it blocked: the first returns at once, only once. */
	CHECK(thread_block(UINT64_MAX));
	note('1');
	CHECK(!thread_block(time_now() + MS));
	note('2');
	CHECK(thread_block(UINT64_MAX));
	note('3');
}

TEST(blocking_and_waking)
{
	begin();
	blocked = make("b", block_three_times, 3);
	thread_wake(blocked);
	run();
	CHECK_STR(trace, "12");
	thread_wake(blocked);
	run();
	CHECK_STR(trace, "123");
	thread_join(blocked);
	end();
}

static void note_name(void *name)
{
	note((char)(uintptr_t)name);
}

/* As a vCPU that is still being made, when a device has an interrupt for it. */
TEST(who_was_woken_before_its_start_stays_where_it_is)
{
	struct thread *t;

	begin();
	t = thread_create("s", note_name, (void *)(uintptr_t)'s', 3);
	thread_ready(t);
	/* Its start would choose another CPU, if it were not queued already. */
	cpus_online = 2;
	t->affinity = 2;
	thread_start(t);
	CHECK_EQ(t->cpu, 0);
	t->affinity = 1;
	cpus_online = 1;
	run();
	CHECK_STR(trace, "s");
	thread_join(t);
	end();
}

static struct thread *sleepers[3];

static void sleep_then_note(void *name)
{
	thread_block(UINT64_MAX);
	note((char)(uintptr_t)name);
}

static void wake_all_then_work(void *arg)
{
	work_for(MS);
	for (size_t i = 0; i < ARRAY_SIZE(sleepers); i++)
		thread_wake(sleepers[i]);
	work_for(MS);
	note('w');
}

TEST(all_that_were_woken_go_before_their_waker)
{
	struct thread *waker;
	size_t i;

	begin();
	sleepers[0] = make("x", sleep_then_note, 3);
	sleepers[1] = make("y", sleep_then_note, 3);
	sleepers[2] = make("z", sleep_then_note, 3);
	run();
	waker = make("w", wake_all_then_work, 3);
	run();
	CHECK_EQ(strlen(trace), 4);
	CHECK(trace[3] == 'w');
	for (i = 0; i < ARRAY_SIZE(sleepers); i++)
		thread_join(sleepers[i]);
	thread_join(waker);
	end();
}

static struct mutex mutex;
static unsigned int inside, entered;

static void lock_often(void *name)
{
	int i;

	for (i = 0; i < 20; i++) {
		mutex_lock(&mutex);
		CHECK_EQ(inside++, 0);
		if (i % 3 == 0)
			thread_yield();
		if (i % 5 == 0)
			thread_sleep(MS);
		work_for(MS);
		inside--;
		entered++;
		mutex_unlock(&mutex);
		if (i % 4 == 0)
			thread_yield();
	}
}

TEST(one_at_a_time_holds_a_mutex)
{
	struct thread *threads[3];
	size_t i;

	begin();
	mutex_init(&mutex);
	entered = 0;
	for (i = 0; i < 3; i++)
		threads[i] = make("m", lock_often, 3 + (int)i % 2);
	run();
	CHECK_EQ(entered, 60);
	for (i = 0; i < 3; i++)
		thread_join(threads[i]);
	CHECK(mutex_trylock(&mutex) && !mutex_trylock(&mutex));
	CHECK_ABORTS(mutex_lock(&mutex));
	mutex_unlock(&mutex);
	end();
}

static struct completion completion;

static void wait_for_it(void *name)
{
	CHECK(!completion_wait(&completion, time_now() + 2 * MS));
	note('t');
	CHECK(completion_wait(&completion, UINT64_MAX));
	note('c');
	CHECK(completion_wait(&completion, UINT64_MAX));
	note('d');
}

TEST(completions_count_and_time_out)
{
	struct thread *t;

	begin();
	completion_init(&completion);
	t = make("w", wait_for_it, 3);
	run();
	CHECK_STR(trace, "t");
	completion_done(&completion);
	completion_done(&completion);
	run();
	CHECK_STR(trace, "tcd");
	thread_join(t);
	end();
}

static void no_preemption_for_a_while(void *arg)
{
	preempt_disable();
	preempt_disable();
	work_for(3 * MS);
	note('x');
	preempt_enable();
	note('y');
	preempt_enable();
	note('z');
}

static void sleep_once(void *arg)
{
	thread_sleep(MS);
	note('h');
}

TEST(preemption_waits_until_it_is_allowed)
{
	struct thread *high, *low;

	begin();
	high = make("h", sleep_once, 9);
	low = make("l", no_preemption_for_a_while, 2);
	run();
	CHECK_STR(trace, "xyhz");
	thread_join(high);
	thread_join(low);
	end();
}

static struct thread *raised;

static void raise_other(void *arg)
{
	thread_set_prio(raised, 9);
	work_for(MS / 4);
	thread_yield();
	note('1');
	CHECK_EQ(thread_set_affinity(raised, 2), -EINVAL);
	CHECK_EQ(thread_set_affinity(raised, 1), 0);
}

TEST(a_changed_priority_counts_at_once)
{
	struct thread *t;

	begin();
	raised = make("2", note_and_exit, 1);
	t = make("1", raise_other, 5);
	run();
	CHECK_STR(trace, "21");
	thread_join(t);
	thread_join(raised);
	end();
}

static void on_work(struct work *work)
{
	CHECK(!host_in_interrupt());
	note('w');
	if (strlen(trace) == 1)
		work_queue(work);
}

static void queue_in_interrupt(void *work)
{
	work_queue(work);
	work_queue(work);
}

static void cancel_it(void *work)
{
	work_cancel(work);
	note('c');
}

TEST(work_runs_once_for_each_queueing)
{
	struct work work;
	struct thread *t;

	begin();
	work_start();
	run();
	heap_at_start = fake_heap_live();
	work_init(&work, on_work);
	host_interrupt(queue_in_interrupt, &work);
	run();
	/* Once for both, and once more for what its function queued. */
	CHECK_STR(trace, "ww");
	/* Cancelled before its thread comes to it. */
	t = thread_create("c", cancel_it, &work, 15);
	arch_irq_disable();
	work_queue(&work);
	thread_start(t);
	arch_irq_enable();
	run();
	CHECK_STR(trace, "wwc");
	thread_join(t);
	end();
}

static struct vcpu vcpus[2];

static void be_vcpu(void *name)
{
	int i;

	for (i = 0; i < 2; i++) {
		note((char)(uintptr_t)name);
		thread_yield();
	}
}

TEST(a_vcpu_stays_loaded_until_another_one_comes)
{
	struct thread *t[3];
	size_t i;

	begin();
	for (i = 0; i < 2; i++) {
		vcpus[i].id = (unsigned int)i;
		t[i] = thread_create("v", be_vcpu, (void *)('a' + i), 3);
		t[i]->vcpu = &vcpus[i];
		thread_start(t[i]);
	}
	t[2] = make("h", be_vcpu, 3);
	run();
	/* The hypervisor's own thread h takes nothing out of the CPU. */
	CHECK_STR(trace, "Aa-Bbh-Aa-Bbh-A-B");
	CHECK(this_cpu()->loaded == &vcpus[1]);
	arch_irq_disable();
	vcpu_unload(&vcpus[1]);
	this_cpu()->loaded = NULL;
	arch_irq_enable();
	for (i = 0; i < 3; i++)
		thread_join(t[i]);
	end();
}

/* ---- everything at once -------------------------------------------------------------------- */

#define CROWD	12

static struct thread *crowd[CROWD];
static unsigned int ended;

static void live(void *arg)
{
	int i;

	for (i = 0; i < 200; i++) {
		struct thread *other = crowd[unit_random_below(CROWD)];

		switch (unit_random_below(7)) {
		case 0:
			thread_sleep(unit_random_below(3 * MS));
			break;
		case 1:
			thread_block(time_now() + unit_random_below(3 * MS));
			break;
		case 2:
			thread_wake(other);
			break;
		case 3:
			thread_yield();
			break;
		case 4:
			thread_set_prio(other, (int)unit_random_below(PRIO_LEVELS));
			break;
		case 5:
			mutex_lock(&mutex);
			CHECK_EQ(inside++, 0);
			work_for(unit_random_below(MS));
			inside--;
			mutex_unlock(&mutex);
			break;
		default:
			work_for(unit_random_below(5 * MS));
			break;
		}
		CHECK(!arch_irq_disabled() && thread_current()->state == THREAD_RUNNING);
	}
	ended++;
}

TEST(a_crowd_lives_to_its_end)
{
	size_t i;

	begin();
	mutex_init(&mutex);
	ended = 0;
	for (i = 0; i < CROWD; i++)
		crowd[i] = thread_create("crowd", live, NULL, (int)unit_random_below(PRIO_LEVELS));
	for (i = 0; i < CROWD; i++)
		thread_start(crowd[i]);
	run();
	CHECK_EQ(ended, CROWD);
	for (i = 0; i < CROWD; i++)
		thread_join(crowd[i]);
	end();
}
