/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wait queues, mutexes, completions and deferred work under contention, a thread on each CPU and
 * more. Counters that threads change without a lock are what a mutex is to guard.
 */
#include "self.h"

#include <core/cpu.h>
#include <libs/atomic.h>
#include <libs/string.h>

#define THREADS 4
#define ROUNDS	100

/* Run fn in THREADS threads, spread over the CPUs, and wait for them. */
static bool together(void (*fn)(void *), void *arg)
{
	struct thread *t[THREADS];
	bool ok = true;
	unsigned i;

	for (i = 0; i < THREADS; i++) {
		t[i] = self_thread(fn, arg, PRIO_DEFAULT, BIT(i % self_cpus()));
		ok &= t[i] != NULL;
	}
	for (i = 0; i < THREADS; i++)
		if (t[i])
			thread_start(t[i]);
	for (i = 0; i < THREADS; i++)
		if (t[i])
			thread_join(t[i]);
	return ok;
}

/* --- mutex ---------------------------------------------------------------------------------- */

struct guarded {
	struct mutex lock;
	unsigned count, broken;
};

static void count_guarded(void *arg)
{
	struct guarded *g = arg;
	unsigned i, seen;

	for (i = 0; i < ROUNDS; i++) {
		mutex_lock(&g->lock);
		seen = READ_ONCE(g->count);
		if (i % 8 == 0)
			thread_yield();
		g->broken += mutex_trylock(&g->lock);
		WRITE_ONCE(g->count, seen + 1);
		mutex_unlock(&g->lock);
	}
}

SELFTEST(sync_mutex, "sync.mutex")
{
	struct guarded g = { .count = 0 };

	mutex_init(&g.lock);
	REQUIRE(together(count_guarded, &g), "out of memory");
	REQUIRE(g.count == THREADS * ROUNDS && !g.broken, "two threads had a mutex at once");
	return mutex_trylock(&g.lock) ? NULL : "a mutex is held by nobody";
}

/* --- wait queue ----------------------------------------------------------------------------- */

struct ring {
	struct waitq wq;
	atomic_t turn, joined, late;
};

/* Each waits for its turn and hands on to the next one. */
static void pass_on(void *arg)
{
	struct ring *r = arg;
	int me = atomic_add_return(&r->joined, 1) - 1, turn;

	for (turn = me; turn < THREADS * ROUNDS; turn += THREADS) {
		if (!waitq_wait_until(&r->wq, atomic_load_acquire(&r->turn) == turn,
				      time_now() + PATIENCE)) {
			atomic_inc(&r->late);
			return;
		}
		atomic_add_return(&r->turn, 1);
		waitq_wake_all(&r->wq);
	}
}

SELFTEST(sync_waitq, "sync.waitq")
{
	struct ring r = { .turn = ATOMIC_INIT(0) };

	waitq_init(&r.wq);
	REQUIRE(together(pass_on, &r), "out of memory");
	REQUIRE(!atomic_load(&r.late) && atomic_load(&r.turn) == THREADS * ROUNDS,
		"a wake was lost");
	REQUIRE(list_empty(&r.wq.waiters), "a thread that has gone is still on the queue");
	return waitq_wait_until(&r.wq, false, time_now() + MSEC) ? "nothing came, and was seen" :
								   NULL;
}

/* --- completion ----------------------------------------------------------------------------- */

static struct completion went;
static atomic_t taken;

static void take_completions(void *arg)
{
	unsigned i;

	for (i = 0; i < ROUNDS / THREADS; i++)
		if (completion_wait(&went, time_now() + PATIENCE))
			atomic_inc(&taken);
}

static void complete_all(void *arg)
{
	unsigned i;

	for (i = 0; i < ROUNDS; i++)
		completion_done(&went);
}

SELFTEST(sync_completion, "sync.completion")
{
	struct thread *t = self_thread(complete_all, NULL, PRIO_DEFAULT, UINT64_MAX);

	REQUIRE(t, "out of memory");
	completion_init(&went);
	atomic_store(&taken, 0);
	thread_start(t);
	if (!together(take_completions, NULL))
		atomic_store(&taken, -1);
	thread_join(t);
	REQUIRE(atomic_load(&taken) == ROUNDS, "a completion was lost");
	return completion_wait(&went, time_now() + MSEC) ? "a completion was counted twice" : NULL;
}

/* --- deferred work -------------------------------------------------------------------------- */

static struct work job;
static atomic_t runs, inside;

static void slow_job(struct work *work)
{
	atomic_store_release(&inside, 1);
	thread_sleep(MSEC);
	atomic_inc(&runs);
	atomic_store_release(&inside, 0);
}

static void queue_often(void *arg)
{
	unsigned i;

	for (i = 0; i < ROUNDS; i++)
		work_queue(&job);
}

SELFTEST(sync_work, "sync.work")
{
	uint64_t end = time_now() + PATIENCE;
	int before;

	atomic_store(&runs, 0);
	work_init(&job, slow_job);
	work_queue(&job);
	while (!atomic_load_acquire(&inside) && time_now() < end)
		thread_sleep(MSEC / 10);
	/* It runs: cancelling waits for its end. */
	work_cancel(&job);
	REQUIRE(!atomic_load_acquire(&inside) && atomic_load(&runs) == 1,
		"work that was cancelled is running, or never ran");
	REQUIRE(together(queue_often, NULL), "out of memory");
	work_cancel(&job);
	before = atomic_load(&runs);
	thread_sleep(3 * MSEC);
	REQUIRE(!atomic_load(&inside) && atomic_load(&runs) == before,
		"work runs after it was cancelled");
	return before <= 1 + THREADS * ROUNDS ? NULL : "work ran more often than it was queued";
}
