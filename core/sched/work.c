/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Deferred work: one thread runs queued functions in order. work_lock guards the queue and which
 * one is running.
 */
#include <core/log.h>
#include "sched_priv.h"

static spinlock_t work_lock = SPINLOCK_INIT;
static struct list queue = LIST_INIT(queue);
static struct waitq work_wq = WAITQ_INIT(work_wq); /* the worker, and who cancels */
static struct work *running;

void work_init(struct work *work, void (*fn)(struct work *))
{
	list_init(&work->link);
	work->fn = fn;
	work->queued = false;
}

void work_queue(struct work *work)
{
	unsigned long flags = spin_lock_irqsave(&work_lock);

	if (!work->queued) {
		work->queued = true;
		list_add_tail(&queue, &work->link);
	}
	spin_unlock_irqrestore(&work_lock, flags);
	waitq_wake_all(&work_wq);
}

static struct work *take(void)
{
	unsigned long flags = spin_lock_irqsave(&work_lock);
	struct work *w = list_empty(&queue) ? NULL : list_first_entry(&queue, struct work, link);

	if (w) {
		list_del(&w->link);
		w->queued = false;
	}
	running = w;
	spin_unlock_irqrestore(&work_lock, flags);
	return w;
}

/* The function has ended: its work may be freed. */
static void finished(void)
{
	WRITE_ONCE(running, NULL);
	waitq_wake_all(&work_wq);
}

static void work_thread(void *arg)
{
	struct work *w;

	for (;;) {
		waitq_wait(&work_wq, (w = take()) != NULL);
		w->fn(w);
		finished();
	}
}

void work_cancel(struct work *work)
{
	unsigned long flags = spin_lock_irqsave(&work_lock);

	if (work->queued) {
		list_del(&work->link);
		work->queued = false;
	}
	spin_unlock_irqrestore(&work_lock, flags);
	waitq_wait(&work_wq, READ_ONCE(running) != work);
}

void work_start(void)
{
	struct thread *worker = thread_create("work", work_thread, NULL, PRIO_DEFAULT);
	if (!worker)
		panic("no memory for the work queue's thread");
	thread_start(worker);
}
