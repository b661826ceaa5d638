/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads and what they wait on. vCPUs are threads too; there is one scheduler:
 * per CPU, preemptive, strict priorities with round robin among equals.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <arch/types.h>
#include <core/spinlock.h>
#include <core/time.h>
#include <libs/list.h>
#include <libs/util.h>

struct cpu;
struct vcpu;
struct shell;

#define PRIO_LEVELS	16
#define PRIO_IDLE	(-1)
#define PRIO_VCPU_MAX	7  /**< vCPUs: 0 … 7, as in device trees */
#define PRIO_DEFAULT	8  /**< hypervisor threads: above every vCPU */
#define PRIO_SHELL	10 /**< the management terminal stays usable */
#define PRIO_MAX	(PRIO_LEVELS - 1)
#define TIME_SLICE_DEFAULT 10000000ULL /**< ns */
#define STACK_SIZE	8192

enum thread_state { THREAD_NEW, THREAD_READY, THREAD_RUNNING, THREAD_BLOCKED, THREAD_DEAD };

#define THREAD_ASKS_BLOCK BIT32(0)
#define THREAD_ASKS_YIELD BIT32(1)
#define THREAD_ASKS_EXIT  BIT32(2)

struct thread {
	struct list link;	/* run queue or wait queue; its lock */
	struct list all;	/* list of all threads; threads_lock */
	va_t sp;		/* when not running */
	va_t stack_top;
	size_t stack_size;
	void (*fn)(void *arg);
	void *arg;
	struct vcpu *vcpu;	/* NULL for a hypervisor thread */
	struct shell *shell;	/* whose commands it runs, or NULL */
	unsigned id;
	char name[24];
	int prio;
	uint64_t slice;		/* ns */
	bool ahead;		/* queued at the head, because it was woken */
	uint64_t slice_left;	/* ns of its slice that it has not used, up to the last switch */
	uint64_t affinity;	/* bit per logical CPU (0 … 63) */
	unsigned cpu;		/* that it is queued or running on */
	enum thread_state state; /* run queue lock */
	bool on_cpu;		/* its stack is in use */
	bool wake_pending;	/* woken before it blocked; run queue lock */
	uint8_t asks;		/* THREAD_ASKS_…: of the scheduler; its own */
	bool timed_out;
	bool detached;
	bool exited;		/* its stack is free */
	int exit_code;
	struct timer timeout;	/* of thread_block() */
	uint64_t run_time;	/* ns spent running, up to the last switch */
	uint64_t run_start;
	uint64_t switches;
};

/**
 * Create a thread, not started. Thread context.
 * @param prio  0 … PRIO_MAX
 * @return NULL when out of memory
 */
struct thread *thread_create(const char *name, void (*fn)(void *), void *arg, int prio);
/** Let a new thread run. */
void thread_start(struct thread *thread);
/**
 * End the calling thread. The one who joins frees it; a detached one is freed by the idle thread.
 */
noreturn_fn void thread_exit(int code);
/** Wait until it ends, free it. @return its exit code */
int thread_join(struct thread *thread);
/**
 * Free a thread that will never run again: it was not started, or blocks and nobody wakes it. Its
 * registers and stack are gone with it. Thread context.
 */
void thread_abandon(struct thread *thread);
/** Nobody joins: free by itself at its end. */
void thread_detach(struct thread *thread);
/**
 * Change priority, slice or affinity of any thread; takes effect at once, on any CPU. Zero mask
 * is -EINVAL.
 */
void thread_set_prio(struct thread *thread, int prio);
must_check int thread_set_affinity(struct thread *thread, uint64_t mask);
/** The calling thread. */
struct thread *thread_current(void);
/** Give way to others of the same priority. Thread context. */
void thread_yield(void);
/** Sleep. Thread context. */
void thread_sleep(uint64_t ns);
/**
 * Block until thread_wake(), or until an absolute moment (UINT64_MAX: no limit). A wake that came
 * since the last block returns at once. Thread context, no locks held.
 * @return true when woken, false when the moment passed
 */
bool thread_block(uint64_t deadline);
/** Wake. Any context. */
void thread_wake(struct thread *thread);
/** The same for those who do not give way at once: interrupt handlers, whose end does. */
void thread_ready(struct thread *thread);
/** Time spent running so far, ns; about right when it is switched at this moment. Any context. */
static inline uint64_t thread_run_time(const struct thread *thread)
{
	uint64_t ns = READ_ONCE(thread->run_time);

	if (READ_ONCE(thread->state) == THREAD_RUNNING)
		ns += time_now() - READ_ONCE(thread->run_start);
	return ns;
}
/** Iterate all threads under the list's lock: fn must not block. */
void thread_for_each(void (*fn)(struct thread *thread, void *arg), void *arg);

/* --- wait queues ------------------------------------------------------------- */

struct waitq {
	spinlock_t lock;
	struct list waiters;
};
struct waiter {
	struct list link;
	struct thread *thread;
};
#define WAITQ_INIT(name) { SPINLOCK_INIT, { &(name).waiters, &(name).waiters } }
void waitq_init(struct waitq *wq);
void waitq_add(struct waitq *wq, struct waiter *waiter);
void waitq_remove(struct waitq *wq, struct waiter *waiter);
/** Wake all, or one. Any context. */
void waitq_wake_all(struct waitq *wq);
void waitq_wake_one(struct waitq *wq);

/**
 * Wait until cond holds, looked at again after each wake-up. Evaluates to false on time-out.
 * Thread context.
 */
#define waitq_wait_until(wq, cond, deadline)                                                        \
	({                                                                                          \
		struct waiter w_;                                                                   \
		bool ok_ = true;                                                                    \
		waitq_add((wq), &w_);                                                               \
		while (!(cond)) {                                                                   \
			if (!thread_block(deadline)) {                                              \
				ok_ = (cond);                                                       \
				break;                                                              \
			}                                                                           \
		}                                                                                   \
		waitq_remove((wq), &w_);                                                            \
		ok_;                                                                                \
	})
#define waitq_wait(wq, cond) ((void)waitq_wait_until((wq), (cond), UINT64_MAX))

/* --- mutex, completion, work ---------------------------------------------------- */

struct mutex {
	struct waitq wq;
	uintptr_t owner; /**< its struct thread; bit 0: somebody waits */
};
#define MUTEX_INIT(name) { WAITQ_INIT((name).wq), 0 }
void mutex_init(struct mutex *m);
void mutex_lock(struct mutex *m);
bool mutex_trylock(struct mutex *m);
/** Who has it next may free it at once: it is not touched any more. */
void mutex_unlock(struct mutex *m);

struct completion {
	struct waitq wq;
	unsigned done;
};
void completion_init(struct completion *c);
/** Any context. */
void completion_done(struct completion *c);
/** @return false on time-out */
bool completion_wait(struct completion *c, uint64_t deadline);

/**
 * Deferred work: fn runs once per queueing, in thread context, on a thread of the system. It must
 * end soon, and not wait for a device or another work; work_init_slow() is for those that do.
 */
struct work {
	struct list link;
	void (*fn)(struct work *work);
	bool queued;
	bool slow;
};
void work_init(struct work *work, void (*fn)(struct work *));
/**
 * The same for a function that may wait for devices, and for works of the other kind; not for one
 * of its own kind.
 */
void work_init_slow(struct work *work, void (*fn)(struct work *));
/** Any context. No effect when it is queued already. */
void work_queue(struct work *work);
/** Wait until it is neither queued nor running. Thread context, not from fn. */
void work_cancel(struct work *work);
/** Boot: start the threads of the work queues. */
void work_start(void);
