/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Deferred work: a thread for functions that end soon, and one for those that may wait for devices
 * or for works of the other kind; each runs its queue in order. work_lock guards the queues and
 * which work is running.
 */
#include <core/log.h>
#include "sched_priv.h"

/** A thread and what it is to run. */
struct worker {
	struct list queue;
	struct waitq wq; /* the thread, and who cancels */
	struct work *running;
};

static spinlock_t work_lock = SPINLOCK_INIT;
static struct worker soon = { LIST_INIT(soon.queue), WAITQ_INIT(soon.wq), NULL };
static struct worker slow = { LIST_INIT(slow.queue), WAITQ_INIT(slow.wq), NULL };

static struct worker *worker_of(const struct work *work)
{
	return work->slow ? &slow : &soon;
}

void work_init(struct work *work, void (*fn)(struct work *))
{
	list_init(&work->link);
	work->fn = fn;
	work->queued = false;
	work->slow = false;
}

void work_init_slow(struct work *work, void (*fn)(struct work *))
{
	work_init(work, fn);
	work->slow = true;
}

void work_queue(struct work *work)
{
	unsigned long flags = spin_lock_irqsave(&work_lock);
	struct worker *worker = worker_of(work);

	if (!work->queued) {
		work->queued = true;
		list_add_tail(&worker->queue, &work->link);
	}
	spin_unlock_irqrestore(&work_lock, flags);
	waitq_wake_all(&worker->wq);
}

static struct work *take(struct worker *worker)
{
	unsigned long flags = spin_lock_irqsave(&work_lock);
	struct work *w = list_first_entry_or_null(&worker->queue, struct work, link);

	if (w) {
		list_del(&w->link);
		w->queued = false;
	}
	worker->running = w;
	spin_unlock_irqrestore(&work_lock, flags);
	return w;
}

/* The function has ended: its work may be freed. */
static void finished(struct worker *worker)
{
	__atomic_store_n(&worker->running, NULL, __ATOMIC_RELEASE);
	waitq_wake_all(&worker->wq);
}

static void work_thread(void *arg)
{
	struct worker *worker = arg;
	struct work *w;

	for (;;) {
		waitq_wait(&worker->wq, (w = take(worker)) != NULL);
		w->fn(w);
		finished(worker);
	}
}

void work_cancel(struct work *work)
{
	unsigned long flags = spin_lock_irqsave(&work_lock);
	struct worker *worker = worker_of(work);

	if (work->queued) {
		list_del(&work->link);
		work->queued = false;
	}
	spin_unlock_irqrestore(&work_lock, flags);
	waitq_wait(&worker->wq, __atomic_load_n(&worker->running, __ATOMIC_ACQUIRE) != work);
}

static void start(const char *name, struct worker *worker, int prio)
{
	struct thread *thread = thread_create(name, work_thread, worker, prio);

	if (!thread)
		panic("no memory for the thread of the work queue '%s'", name);
	thread_start(thread);
}

void work_start(void)
{
	start("work", &soon, PRIO_DEFAULT + 1);
	start("slow-work", &slow, PRIO_DEFAULT);
}
