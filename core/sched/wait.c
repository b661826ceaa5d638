/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wait queues. A waiter is on its queue while it looks at its condition, so that no wake between
 * look and block is lost (thread_block() returns at once then). wq->lock guards the list.
 */
#include "sched_priv.h"

void waitq_init(struct waitq *wq)
{
	spin_init(&wq->lock);
	list_init(&wq->waiters);
}

void waitq_add(struct waitq *wq, struct waiter *w)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);

	w->thread = thread_current();
	list_add_tail(&wq->waiters, &w->link);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void waitq_remove(struct waitq *wq, struct waiter *w)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);

	list_del(&w->link);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void waitq_wake_all(struct waitq *wq)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);
	struct waiter *w;

	list_for_each_entry(w, &wq->waiters, link)
		thread_ready(w->thread);
	spin_unlock_irqrestore(&wq->lock, flags);
	sched_preempt_now();
}

void waitq_wake_one_locked(struct waitq *wq)
{
	struct waiter *w;

	if (list_empty(&wq->waiters))
		return;
	/* To the end: the next wake is for another one. */
	w = list_first_entry(&wq->waiters, struct waiter, link);
	list_del(&w->link);
	list_add_tail(&wq->waiters, &w->link);
	thread_ready(w->thread);
}

void waitq_wake_one(struct waitq *wq)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);

	waitq_wake_one_locked(wq);
	spin_unlock_irqrestore(&wq->lock, flags);
	sched_preempt_now();
}
