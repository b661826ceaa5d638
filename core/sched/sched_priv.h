/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the files of core/sched. Locks, in this order: a wait queue's, one CPU's rq_lock, then
 * threads_lock; never two run queue locks at once. IRQs are masked under each.
 */
#pragma once

#include <core/cpu.h>
#include <core/thread.h>

/** Switch at once if something better is ready here and IRQs are on; any context. */
void sched_preempt_now(void);
/** Lock the run queue of the CPU that a thread belongs to. IRQs masked. */
struct cpu *sched_lock_cpu_of(const struct thread *thread);
/** Wake the first waiter; its lock is held. */
void waitq_wake_one_locked(struct waitq *wq);
/** Set up the calling CPU's run queue with its idle thread. */
void sched_init_cpu(struct cpu *cpu, struct thread *idle);
/** Bit per CPU that runs its idle thread. */
uint64_t sched_idle_mask(void);
/** Thread bookkeeping (thread.c). */
void thread_register(struct thread *thread);
/** A thread without a stack of its own yet: a CPU's idle thread. */
struct thread *thread_create_idle(unsigned cpu);
/** Its stack was left for the last time. IRQs masked. */
void thread_dead(struct thread *thread);
