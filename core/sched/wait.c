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
		thread_wake(w->thread);
	spin_unlock_irqrestore(&wq->lock, flags);
}

void waitq_wake_one(struct waitq *wq)
{
	unsigned long flags = spin_lock_irqsave(&wq->lock);

	if (!list_empty(&wq->waiters)) {
		struct waiter *w = list_first_entry(&wq->waiters, struct waiter, link);

		/* To the end: the next wake is for another one. */
		list_del(&w->link);
		list_add_tail(&wq->waiters, &w->link);
		thread_wake(w->thread);
	}
	spin_unlock_irqrestore(&wq->lock, flags);
}
