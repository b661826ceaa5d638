/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One structure per CPU. Its own CPU writes it with IRQs masked; the run queue
 * has a lock because other CPUs put threads there.
 */
#pragma once

#include <arch/cpu.h>
#include <core/spinlock.h>
#include <core/thread.h>
#include <libs/rbtree.h>

struct vcpu;

struct cpu {
	struct thread *current;
	struct vcpu *loaded;	/* whose state is in this CPU's registers */
	bool need_resched;
	bool preempt_equal; /* a woken thread of the current one's priority goes first; rq_lock */
	bool online;
	unsigned id;
	uint64_t mask;		/* its bit of an affinity; none for a CPU beyond 63 */
	unsigned preempt_off;	/* > 0: no switch on interrupt */
	unsigned irq_depth;
	/* run queue */
	spinlock_t rq_lock;
	uint32_t rq_bitmap;	/* bit p: queue p is not empty */
	struct list rq[PRIO_LEVELS];
	struct thread *next;	/* woken to run at once: ready, but in no queue; rq_lock */
	unsigned nr_ready;	/* queued and next, current excluded */
	struct thread *idle;
	struct timer slice_timer;
	/* timers */
	spinlock_t timer_lock;
	struct rbroot timers;
	struct timer *timer_running;
	uint64_t timer_armed;	/* ticks, what the hardware is set to */
	/* statistics */
	uint64_t boot_time;
	va_t boot_stack;
	struct thread *prev;	/* switched away from, its stack is being left */
};

static inline struct cpu *this_cpu(void)
{
	return arch_this_cpu();
}

extern unsigned cpus_online; /* core/sched/cpu.c */
/** CPUs that run; logical ids are 0 … cpu_count()-1. */
static inline unsigned cpu_count(void)
{
	return READ_ONCE(cpus_online);
}
/** @return NULL past the end */
struct cpu *cpu_get(unsigned id);

/** Boot: the calling CPU's structure; then start all others. */
void cpu_init_boot(void);
void cpu_start_others(void);
/** The calling CPU becomes its own idle thread. Never returns. */
noreturn_fn void cpu_idle_loop(void);

/** What the calling CPU is, as text; the hardware's own number of a CPU. */
void cpu_describe(char *buf, size_t size);
uint64_t cpu_hwid(unsigned id);
/** Start the machine anew, by its firmware. Returns only when that refuses. */
void machine_reset(void);
/**
 * The end of the machine, by its firmware. Returns only when that refuses.
 * @param status  0 … 255, for an emulator or debugger if `vmm.semihosting=1` says there is one
 */
void machine_off(int status);

/**
 * Preemption off/on, nestable; IRQs stay as they are. Where they are masked, a thread that is to
 * run comes only after they are unmasked.
 */
void preempt_disable(void);
void preempt_enable(void);

/** The calling vCPU's thread takes its state out of this CPU, or puts it in. IRQs masked. */
void sched_unload_self(void);
void sched_load_self(void);
/**
 * Give the calling CPU to the best ready thread; the caller's state says whether it goes on. IRQs
 * masked.
 */
void sched_switch(void);
/** Switch if something better is ready; how many wait. IRQs masked. */
static inline unsigned sched_point(void)
{
	if (this_cpu()->need_resched)
		sched_switch();
	return this_cpu()->nr_ready;
}

/* --- up-calls of a port ------------------------------------------------------- */

/** A CPU that arch_smp_start() started arrives here on its boot stack, IRQs masked. */
noreturn_fn void cpu_secondary_main(void);
/** First thing a new thread runs, on its own stack, IRQs masked. */
noreturn_fn void thread_entry(void);
/** Another CPU kicked this one. Interrupt context. */
void sched_ipi(void);
/** End of an interrupt that came in hypervisor code: switch if needed. IRQs masked. */
void sched_preempt(void);
