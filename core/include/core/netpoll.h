/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The thread in which a network interface's driver receives. An interrupt asks the hardware to be
 * quiet and wakes it; it takes frames until there are none, lets the hardware interrupt again, and
 * waits. Its priority is that of guests' processors, so that a flood shares the CPU with them.
 */
#pragma once

#include <stdbool.h>
#include <core/thread.h>

struct net_poll {
	/**
	 * Take all frames there are; let the hardware interrupt again when there are no more.
	 * Thread context. @return true: to be called again, others may run in between
	 */
	bool (*poll)(struct net_poll *np);
	struct waitq wq;
	struct thread *thread;
	bool kicked, stop;
};

void net_poll_init(struct net_poll *np, bool (*poll)(struct net_poll *np));
/** Start the thread, which polls at once. @param name  its name @return 0, -ENOMEM */
must_check int net_poll_start(struct net_poll *np, const char *name);
/** poll() is not running when this returns, and does not run again. Not from poll(). */
void net_poll_stop(struct net_poll *np);
/** There is something to look at. Any context. */
void net_poll_kick(struct net_poll *np);
