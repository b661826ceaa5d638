/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mutexes and completions, over wait queues. Before threads exist (boot) a mutex is always free.
 */
#include <core/log.h>
#include <libs/atomic.h>
#include "sched_priv.h"

void mutex_init(struct mutex *m)
{
	waitq_init(&m->wq);
	m->owner = NULL;
}

bool mutex_trylock(struct mutex *m)
{
	struct thread *none = NULL, *me = thread_current();

	if (!me)
		return true;
	return __atomic_compare_exchange_n(&m->owner, &none, me, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

void mutex_lock(struct mutex *m)
{
	if (likely(mutex_trylock(m)))
		return;
	if (m->owner == thread_current())
		panic("thread %s takes a mutex that it holds", thread_current()->name);
	waitq_wait(&m->wq, mutex_trylock(m));
}

void mutex_unlock(struct mutex *m)
{
	__atomic_store_n(&m->owner, NULL, __ATOMIC_RELEASE);
	/* A waiter joins the queue and then looks at the owner; this is the other way round. */
	full_fence();
	if (!list_empty(&m->wq.waiters))
		waitq_wake_one(&m->wq);
}

void completion_init(struct completion *c)
{
	waitq_init(&c->wq);
	c->done = 0;
}

/* All under the queue's lock, which a waiter takes last: it may free the completion then. */
void completion_done(struct completion *c)
{
	unsigned long flags = spin_lock_irqsave(&c->wq.lock);

	__atomic_fetch_add(&c->done, 1, __ATOMIC_RELEASE);
	waitq_wake_one_locked(&c->wq);
	spin_unlock_irqrestore(&c->wq.lock, flags);
	sched_preempt_now();
}

static bool completion_take(struct completion *c)
{
	unsigned n = __atomic_load_n(&c->done, __ATOMIC_ACQUIRE);

	while (n && !__atomic_compare_exchange_n(&c->done, &n, n - 1, false, __ATOMIC_ACQUIRE,
						 __ATOMIC_ACQUIRE))
		;
	return n;
}

bool completion_wait(struct completion *c, uint64_t deadline)
{
	return waitq_wait_until(&c->wq, completion_take(c), deadline);
}
