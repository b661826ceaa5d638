/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The scheduler: per CPU, preemptive, strict priorities, round robin among equals. No tick: a
 * time slice is timed only while another thread of the same priority waits.
 *
 * A vCPU's registers stay in the CPU that ran it until another vCPU comes there (cpu->loaded).
 * Therefore only that CPU may hand the vCPU's thread to another one, after saving; wakers always
 * queue a thread where it was. cpu->rq_lock guards queues, states and nr_ready.
 */
#include <arch/barrier.h>
#include <arch/smp.h>
#include <arch/thread.h>
#include <arch/vcpu.h>
#include <core/guest.h>
#include <core/log.h>
#include <core/vcpu.h>
#include <libs/bits.h>
#include <libs/errno.h>
#include <libs/limits.h>
#include "sched_priv.h"

static uint64_t idle_mask; /* atomic */

uint64_t sched_idle_mask(void)
{
	return __atomic_load_n(&idle_mask, __ATOMIC_RELAXED);
}

/* What is queued of a priority and above: bit 0 is that priority. */
static inline uint32_t queued_from(const struct cpu *cpu, int prio)
{
	return cpu->rq_bitmap >> prio;
}

/*
 * The vCPU that runs decides anew whether it may idle in the guest. Who requests something behind
 * this sees where it runs.
 */
static void tell_vcpu(const struct cpu *cpu)
{
	struct vcpu *v = cpu->current->vcpu;

	if (v)
		__atomic_fetch_or(&v->requests, VCPU_REQ_SCHED, __ATOMIC_RELEASE);
}

/* Into its queue, without being counted. */
static inline void put_in_queue(struct cpu *cpu, struct thread *t, bool at_head)
{
	if (at_head)
		list_add_head(&cpu->rq[t->prio], &t->link);
	else
		list_add_tail(&cpu->rq[t->prio], &t->link);
	cpu->rq_bitmap |= BIT32(t->prio);
}

static inline void enqueue(struct cpu *cpu, struct thread *t, bool at_head)
{
	put_in_queue(cpu, t, at_head);
	cpu->nr_ready++;
}

static void dequeue(struct cpu *cpu, struct thread *t)
{
	list_del(&t->link);
	if (list_empty(&cpu->rq[t->prio]))
		cpu->rq_bitmap &= ~BIT32(t->prio);
	cpu->nr_ready--;
}

/*
 * Time the slice while somebody of the same priority waits. A timer that is set for an earlier
 * moment, of the thread before, stays: when it fires, pick() finds that the turn is not over, and
 * it is set anew here. This CPU, IRQs masked, no lock.
 */
static inline void update_slice(struct cpu *cpu)
{
	struct thread *t = cpu->current;
	uint64_t end = t->run_start + t->slice_left;

	if (t == cpu->idle || queued_from(cpu, t->prio) != 1)
		return;
	if (!timer_armed(&cpu->slice_timer) || cpu->slice_timer.deadline > end)
		timer_start(&cpu->slice_timer, end);
}

static void slice_over(struct timer *timer)
{
	this_cpu()->need_resched = true;
}

/*
 * A thread became ready on cpu, whose lock is held: must cpu look? A vCPU that idles in the guest
 * must be told even of a lower priority, so that it traps idling from now on.
 */
static noinline_fn bool must_look(const struct cpu *cpu, const struct thread *t)
{
	const struct thread *cur = cpu->current;

	return cur == cpu->idle || t->prio >= cur->prio || cur->vcpu ||
	       (sched_idle_mask() & t->affinity);
}

/*
 * Queue a thread that was woken. What it has left of its slice it may use at once, before others
 * of its priority: so one that mostly waits is served without delay, and none gets more than its
 * share. rq_lock held.
 */
static noinline_fn void enqueue_woken(struct cpu *cpu, struct thread *t)
{
	bool first = t->slice_left > 0;

	if (!first)
		t->slice_left = t->slice;
	t->ahead = first;
	enqueue(cpu, t, first);
	if (first && t->prio == cpu->current->prio && cpu->current != cpu->idle)
		cpu->preempt_equal = true;
}

/*
 * The short way of the same: one that goes before all others, the current one too, needs no
 * queue. rq_lock held. @return false when it does not
 */
static inline bool hand_over(struct cpu *cpu, struct thread *t)
{
	const struct thread *cur = cpu->current;

	if (cpu->next || !t->slice_left || queued_from(cpu, t->prio) > 1 ||
	    (t->prio < cur->prio && cur != cpu->idle))
		return false;
	cpu->next = t;
	cpu->nr_ready++;
	return true;
}

noinline_fn struct cpu *sched_lock_cpu_of(const struct thread *t)
{
	for (;;) {
		unsigned id = READ_ONCE(t->cpu);
		struct cpu *cpu = cpu_get(id);

		spin_lock(&cpu->rq_lock);
		if (t->cpu == id)
			return cpu;
		spin_unlock(&cpu->rq_lock); /* it was moved meanwhile */
	}
}

/* rq_lock held. @return whether the CPU must look */
static inline bool make_ready(struct cpu *cpu, struct thread *t)
{
	if (unlikely(t->state != THREAD_BLOCKED && t->state != THREAD_NEW)) {
		t->wake_pending = true;
		return false;
	}
	t->state = THREAD_READY;
	if (likely(hand_over(cpu, t)))
		return true;
	enqueue_woken(cpu, t);
	return must_look(cpu, t);
}

static noinline_fn void ready_elsewhere(struct thread *t)
{
	struct cpu *cpu = sched_lock_cpu_of(t);
	bool look = make_ready(cpu, t);

	if (look)
		WRITE_ONCE(cpu->need_resched, true);
	spin_unlock(&cpu->rq_lock);
	if (look && cpu != this_cpu())
		arch_smp_kick(cpu->id);
}

void thread_ready(struct thread *t)
{
	unsigned long flags = arch_irq_save();
	struct cpu *cpu = this_cpu();

	/* Only this CPU moves its threads elsewhere. */
	if (likely(READ_ONCE(t->cpu) == cpu->id)) {
		spin_lock(&cpu->rq_lock);
		if (make_ready(cpu, t))
			WRITE_ONCE(cpu->need_resched, true);
		spin_unlock(&cpu->rq_lock);
	} else {
		ready_elsewhere(t);
	}
	arch_irq_restore(flags);
}

/* --- moving threads to other CPUs ------------------------------------------------------- */

static bool allowed(const struct thread *t, const struct cpu *cpu)
{
	return t->affinity & cpu->mask;
}

/*
 * Threads that want a CPU: one that waits in the guest counts as well. Other CPUs' may be a
 * moment old.
 */
static unsigned load_of(const struct cpu *cpu)
{
	return READ_ONCE(cpu->nr_ready) + (READ_ONCE(cpu->current) != cpu->idle);
}

/* Where t, which waits on cpu, should go; its own id: stay. */
static unsigned better_cpu(const struct cpu *cpu, const struct thread *t)
{
	bool must = !allowed(t, cpu);
	unsigned best = cpu->id, best_load = must ? UINT_MAX : load_of(cpu) - 1, i;

	for (i = 0; i < cpu_count(); i++) {
		unsigned load = i == cpu->id ? UINT_MAX : load_of(cpu_get(i));

		if (allowed(t, cpu_get(i)) && load < best_load) {
			best = i;
			best_load = load;
		}
	}
	return best;
}

/* A waiting thread that is better off elsewhere; taken off the queue. rq_lock held. */
static struct thread *find_movable(struct cpu *cpu, unsigned *target)
{
	uint32_t prios = cpu->rq_bitmap;

	while (prios) {
		unsigned p = 31U - (unsigned)__builtin_clz(prios);
		struct thread *t;

		prios &= ~BIT32(p);
		list_for_each_entry(t, &cpu->rq[p], link) {
			if (t->on_cpu)
				continue;
			*target = better_cpu(cpu, t);
			if (*target != cpu->id) {
				dequeue(cpu, t);
				return t;
			}
		}
	}
	return NULL;
}

static void unload_vcpu(struct cpu *cpu)
{
	struct vcpu *old = cpu->loaded;

	if (!old)
		return;
	vcpu_unload(old);
	cpu->loaded = NULL;
}

/*
 * Push one waiting thread to a CPU with less to do, or on which it may run. IRQs masked, no lock.
 * @return whether there was one
 */
static bool push_one(struct cpu *cpu)
{
	unsigned target;
	struct thread *t;
	struct cpu *to;
	bool look;

	spin_lock(&cpu->rq_lock);
	t = find_movable(cpu, &target);
	/* From here on those who wake it take the other lock: one lock has all of its states. */
	if (t)
		WRITE_ONCE(t->cpu, target);
	spin_unlock(&cpu->rq_lock);
	if (!t)
		return false;
	if (t->vcpu && cpu->loaded == t->vcpu)
		unload_vcpu(cpu);
	to = cpu_get(target);
	spin_lock(&to->rq_lock);
	enqueue(to, t, false);
	look = must_look(to, t);
	if (look)
		WRITE_ONCE(to->need_resched, true);
	spin_unlock(&to->rq_lock);
	if (look)
		arch_smp_kick(target);
	return true;
}

static noinline_fn void push_all(struct cpu *cpu)
{
	while (push_one(cpu))
		;
}

static inline void push(struct cpu *cpu)
{
	if (cpu->nr_ready && cpu_count() > 1)
		push_all(cpu);
}

/* --- switching ----------------------------------------------------------------------------- */

static void load_vcpu(struct cpu *cpu, struct vcpu *next)
{
	/* A parked one's registers are in memory, for others to change. */
	if (cpu->loaded == next || __atomic_load_n(&next->parked, __ATOMIC_ACQUIRE))
		return;
	unload_vcpu(cpu);
	vcpu_load(next);
	cpu->loaded = next;
}

/* What it ran is of the slice that it had, before it may be given another one. */
static inline void charge(struct thread *t, uint64_t now)
{
	uint64_t ran = now - t->run_start;

	t->run_time += ran;
	t->slice_left -= MIN(ran, t->slice_left);
	t->run_start = now;
}

/* This CPU has nothing to do: let one that has too much look for what it can push. */
static void ask_for_work(const struct cpu *cpu)
{
	unsigned i;

	for (i = 0; i < cpu_count(); i++) {
		struct cpu *other = cpu_get(i);

		if (other == cpu || !READ_ONCE(other->nr_ready))
			continue;
		WRITE_ONCE(other->need_resched, true);
		arch_smp_kick(i);
		return;
	}
}

/* On the next thread's stack: the previous one's is free to be used or released. */
static void finish_switch(struct cpu *cpu)
{
	struct thread *prev = cpu->prev;
	bool dead = prev->state == THREAD_DEAD;

	__atomic_store_n(&prev->on_cpu, false, __ATOMIC_RELEASE);
	if (unlikely(dead))
		thread_dead(prev);
	push(cpu);
	update_slice(cpu);
	tell_vcpu(cpu);
	if (cpu->current == cpu->idle)
		ask_for_work(cpu);
}

static void idle_state(struct cpu *cpu, bool idle)
{
	if (idle)
		__atomic_fetch_or(&idle_mask, BIT(cpu->id), __ATOMIC_RELAXED);
	else
		__atomic_fetch_and(&idle_mask, ~BIT(cpu->id), __ATOMIC_RELAXED);
}

/* Has the current thread, which could go on, to make room for others of its priority? */
static inline bool turn_is_over(struct thread *t)
{
	bool over = t->asks || !t->slice_left; /* it can only ask to yield */

	t->asks = 0;
	return over;
}

/*
 * The first of the highest priority that may run here; others wait to be pushed away. rq_lock
 * held.
 */
static struct thread *best_thread(const struct cpu *cpu)
{
	uint32_t prios = cpu->rq_bitmap;

	while (prios) {
		unsigned p = 31U - (unsigned)__builtin_clz(prios);
		struct thread *t;

		list_for_each_entry(t, &cpu->rq[p], link)
			if (likely(allowed(t, cpu)))
				return t;
		prios &= ~BIT32(p);
	}
	return NULL;
}

static struct thread *take(struct cpu *cpu, struct thread *t)
{
	if (!t)
		return cpu->idle;
	dequeue(cpu, t);
	t->ahead = false;
	return t;
}

/*
 * The one that ran goes on when its turn is not over, but not before those that were woken with it
 * and have something left, too: they are at the head of the queue.
 */
static noinline_fn void put_behind_woken(struct cpu *cpu, struct thread *t)
{
	struct list *at = &cpu->rq[t->prio];
	struct thread *other;

	list_for_each_entry(other, &cpu->rq[t->prio], link) {
		if (!other->ahead)
			break;
		at = &other->link;
	}
	list_add_head(at, &t->link);
	cpu->rq_bitmap |= BIT32(t->prio);
}

/* The one that was handed over goes the way of all others: circumstances have changed. */
static noinline_fn void queue_next(struct cpu *cpu)
{
	struct thread *t = cpu->next;

	cpu->next = NULL;
	cpu->nr_ready--;
	enqueue_woken(cpu, t);
}

/* The one that was handed over, if it still goes before all others; prev is queued. */
static inline struct thread *pick_next(struct cpu *cpu, struct thread *prev)
{
	struct thread *next = cpu->next;
	bool goes_on = prev->state == THREAD_RUNNING && prev != cpu->idle, over, equal;

	if (queued_from(cpu, next->prio) > 1 || !allowed(next, cpu) ||
	    (goes_on && next->prio < prev->prio)) {
		queue_next(cpu);
		return NULL;
	}
	cpu->next = NULL;
	equal = cpu->preempt_equal;
	cpu->preempt_equal = false;
	if (!goes_on) {
		cpu->nr_ready--;
		return next;
	}
	over = turn_is_over(prev);
	prev->state = THREAD_READY;
	if (over)
		prev->slice_left = prev->slice;
	if (unlikely(equal) && !over)
		put_behind_woken(cpu, prev);
	else
		put_in_queue(cpu, prev, !over);
	return next;
}

/* Choose who runs next; the current one is queued if it can go on. rq_lock held. */
static inline struct thread *pick(struct cpu *cpu, struct thread *prev)
{
	struct thread *best = best_thread(cpu), *next;
	bool equal = cpu->preempt_equal, over;

	cpu->preempt_equal = false;
	if (prev->state != THREAD_RUNNING || prev == cpu->idle)
		return take(cpu, best);
	over = turn_is_over(prev) || !allowed(prev, cpu);
	if (allowed(prev, cpu) &&
	    (!best || best->prio < prev->prio || (best->prio == prev->prio && !over && !equal)))
		return prev;
	/*
	 * It may not run here any more and nobody else is ready: pushed away from the idle
	 * thread.
	 */
	next = take(cpu, best);
	prev->state = THREAD_READY;
	if (over)
		prev->slice_left = prev->slice;
	if (over) {
		enqueue(cpu, prev, false);
	} else {
		put_behind_woken(cpu, prev);
		cpu->nr_ready++;
	}
	return next;
}

/* What the current thread asked for: to block, unless it was woken before; to end. rq_lock held. */
static void leave_running(struct thread *t)
{
	if (t->asks & THREAD_ASKS_EXIT) {
		t->state = THREAD_DEAD;
	} else if (t->asks & THREAD_ASKS_BLOCK) {
		t->asks = 0;
		if (!t->wake_pending)
			t->state = THREAD_BLOCKED;
		t->wake_pending = false;
	}
}

void sched_switch(void)
{
	struct cpu *cpu = this_cpu();
	struct thread *prev = cpu->current, *next;
	uint64_t now = time_now();

	WRITE_ONCE(cpu->need_resched, false);
	spin_lock(&cpu->rq_lock);
	if (prev->asks)
		leave_running(prev);
	charge(prev, now);
	next = cpu->next ? pick_next(cpu, prev) : NULL;
	if (!next)
		next = pick(cpu, prev);
	if (next == prev) {
		spin_unlock(&cpu->rq_lock);
		push(cpu);
		update_slice(cpu);
		return;
	}
	next->state = THREAD_RUNNING;
	cpu->current = next;
	spin_unlock(&cpu->rq_lock);

	/* A thread that came from another CPU may still be leaving its stack there. */
	while (__atomic_load_n(&next->on_cpu, __ATOMIC_ACQUIRE))
		arch_relax();
	next->on_cpu = true;
	if (prev == cpu->idle || next == cpu->idle)
		idle_state(cpu, next == cpu->idle);
	next->run_start = now;
	next->switches++;
	if (next->vcpu)
		load_vcpu(cpu, next->vcpu);
	cpu->prev = prev;
	arch_thread_switch(&prev->sp, next->sp);
	/* Back, maybe on another CPU. */
	finish_switch(this_cpu());
}

void thread_entry(void)
{
	struct thread *t;

	finish_switch(this_cpu());
	arch_irq_enable();
	t = thread_current();
	t->fn(t->arg);
	thread_exit(0);
}

void sched_preempt_now(void)
{
	unsigned long flags;

	if (!this_cpu()->need_resched || arch_irq_disabled())
		return;
	flags = arch_irq_save();
	sched_preempt();
	arch_irq_restore(flags);
}

void sched_unload_self(void)
{
	struct cpu *cpu = this_cpu();

	if (cpu->loaded == cpu->current->vcpu)
		unload_vcpu(cpu);
}

void sched_load_self(void)
{
	struct cpu *cpu = this_cpu();

	load_vcpu(cpu, cpu->current->vcpu);
}

void sched_preempt(void)
{
	struct cpu *cpu = this_cpu();

	if (unlikely(cpu->need_resched) && cpu->current && !cpu->preempt_off)
		sched_switch();
}

void sched_ipi(void)
{
	/* What is to be seen is in need_resched and in the vCPU's requests already. */
	if (unlikely(panic_active()))
		arch_cpu_halt();
}

void preempt_disable(void)
{
	unsigned long flags = arch_irq_save();

	this_cpu()->preempt_off++;
	arch_irq_restore(flags);
}

void preempt_enable(void)
{
	bool masked = arch_irq_disabled();
	unsigned long flags = arch_irq_save();
	struct cpu *cpu = this_cpu();

	if (--cpu->preempt_off == 0 && cpu->need_resched) {
		/* Whoever masked IRQs may hold a spin lock: the switch comes with the next IRQ. */
		if (masked)
			arch_smp_kick(cpu->id);
		else
			sched_preempt();
	}
	arch_irq_restore(flags);
}

void thread_yield(void)
{
	unsigned long flags = arch_irq_save();

	thread_current()->asks = THREAD_ASKS_YIELD;
	sched_switch();
	arch_irq_restore(flags);
}

void sched_init_cpu(struct cpu *cpu, struct thread *idle)
{
	unsigned i;

	for (i = 0; i < PRIO_LEVELS; i++)
		list_init(&cpu->rq[i]);
	timer_init(&cpu->slice_timer, slice_over);
	cpu->mask = cpu->id < 64 ? BIT(cpu->id) : 0;
	cpu->idle = idle;
	cpu->current = idle;
	idle->cpu = cpu->id;
	idle->on_cpu = true;
	idle->state = THREAD_RUNNING;
	idle_state(cpu, true);
}

void thread_set_prio(struct thread *t, int prio)
{
	unsigned long flags = arch_irq_save();
	struct cpu *cpu = sched_lock_cpu_of(t);

	if (t->state == THREAD_READY && !list_empty(&t->link)) {
		dequeue(cpu, t);
		t->prio = prio;
		enqueue(cpu, t, false);
	} else {
		t->prio = prio;
	}
	WRITE_ONCE(cpu->need_resched, true);
	spin_unlock(&cpu->rq_lock);
	if (cpu != this_cpu())
		arch_smp_kick(cpu->id);
	arch_irq_restore(flags);
	sched_preempt_now();
}

int thread_set_affinity(struct thread *t, uint64_t mask)
{
	unsigned id = READ_ONCE(t->cpu);

	mask &= cpu_count() >= 64 ? UINT64_MAX : BIT(cpu_count()) - 1;
	if (!mask)
		return -EINVAL;
	WRITE_ONCE(t->affinity, mask);
	WRITE_ONCE(cpu_get(id)->need_resched, true);
	if (cpu_get(id) != this_cpu())
		arch_smp_kick(id);
	sched_preempt_now();
	return 0;
}
