/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads of interfaces that receive. A flag says that there is something to look at; it is taken
 * back before the look, so nothing is missed.
 */
#include <core/netpoll.h>

#include <libs/errno.h>

#define PRIO_POLL 3	/* what a guest's processors have when nothing is said */

void net_poll_init(struct net_poll *np, bool (*poll)(struct net_poll *np))
{
	np->poll = poll;
	np->thread = NULL;
	waitq_init(&np->wq);
}

static bool take_kick(struct net_poll *np)
{
	return __atomic_exchange_n(&np->kicked, false, __ATOMIC_ACQ_REL);
}

static void poll_thread(void *arg)
{
	struct net_poll *np = arg;

	while (!READ_ONCE(np->stop)) {
		waitq_wait(&np->wq, take_kick(np) || READ_ONCE(np->stop));
		while (!READ_ONCE(np->stop) && np->poll(np))
			thread_yield();
	}
	thread_exit(0);
}

int net_poll_start(struct net_poll *np, const char *name)
{
	np->stop = false;
	np->kicked = true;
	np->thread = thread_create(name, poll_thread, np, PRIO_POLL);
	if (!np->thread)
		return -ENOMEM;
	thread_start(np->thread);
	return 0;
}

void net_poll_stop(struct net_poll *np)
{
	if (!np->thread)
		return;
	WRITE_ONCE(np->stop, true);
	waitq_wake_all(&np->wq);
	(void)thread_join(np->thread);
	np->thread = NULL;
}

void net_poll_kick(struct net_poll *np)
{
	__atomic_store_n(&np->kicked, true, __ATOMIC_RELEASE);
	waitq_wake_all(&np->wq);
}
