/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mutexes and completions, over wait queues. Before threads exist (boot) a mutex is always free.
 *
 * Who unlocks a mutex does not touch it once somebody else can have it, as that one may free it: it
 * gives up the word `owner` last, or, with a waiter, hands the mutex over under the queue's lock,
 * which the waiter takes before it returns.
 */
#include <core/log.h>
#include <libs/atomic.h>
#include "sched_priv.h"

void mutex_init(struct mutex *m)
{
	waitq_init(&m->wq);
	m->owner = 0;
}

/* In `owner`: somebody is in the queue. */
#define WAITED 1UL

static bool change_owner(struct mutex *m, uintptr_t from, uintptr_t to)
{
	return __atomic_compare_exchange_n(&m->owner, &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_RELAXED);
}

bool mutex_trylock(struct mutex *m)
{
	uintptr_t me = (uintptr_t)thread_current();

	return !me || change_owner(m, 0, me);
}

/* In the queue: was it handed over, or is it free? Else have the owner look at the queue. */
static bool mutex_taken(struct mutex *m, uintptr_t me)
{
	uintptr_t owner;

	do {
		owner = __atomic_load_n(&m->owner, __ATOMIC_ACQUIRE);
		if ((owner & ~WAITED) == me)
			return true;
	} while (!change_owner(m, owner, owner ? owner | WAITED : me));
	return !owner;
}

void mutex_lock(struct mutex *m)
{
	uintptr_t me = (uintptr_t)thread_current();

	if (likely(mutex_trylock(m)))
		return;
	if ((m->owner & ~WAITED) == me)
		panic("thread %s takes a mutex that it holds", thread_current()->name);
	waitq_wait(&m->wq, mutex_taken(m, me));
}

static void hand_over(struct mutex *m)
{
	unsigned long flags = spin_lock_irqsave(&m->wq.lock);
	struct waiter *w = list_first_entry(&m->wq.waiters, struct waiter, link);
	bool more = w->link.next != &m->wq.waiters;

	__atomic_store_n(&m->owner, (uintptr_t)w->thread | (more ? WAITED : 0), __ATOMIC_RELEASE);
	thread_ready(w->thread);
	spin_unlock_irqrestore(&m->wq.lock, flags);
	sched_preempt_now();
}

void mutex_unlock(struct mutex *m)
{
	/* Who waits stays in the queue until it has it. */
	if (unlikely(!change_owner(m, (uintptr_t)thread_current(), 0)))
		hand_over(m);
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
