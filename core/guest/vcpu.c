/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vCPUs: the run loop, idling and standing still. Other contexts set requests; only the
 * vCPU's own thread acts on them, between exits. A vCPU is `parked` when its thread does not run
 * the guest and its registers are in memory; only then may others change them.
 */
#include <core/vcpu.h>

#include <arch/irqflags.h>
#include <arch/smp.h>
#include <arch/vcpu_enter.h>
#include <core/cpu.h>
#include <core/guest.h>
#include <core/irq.h>
#include <core/log.h>
#include "guest_priv.h"

void vcpu_request(struct vcpu *v, uint32_t request)
{
	struct thread *t = v->thread;

	__atomic_fetch_or(&v->requests, request, __ATOMIC_SEQ_CST);
	/*
	 * The loop looks before it enters. Should we be moved between the two loads: what has come
	 * to that CPU since looks as well.
	 */
	if (t == READ_ONCE(this_cpu()->current))
		return;
	thread_wake(t);
	/* In the guest on another CPU: an interrupt brings it out. */
	if (READ_ONCE(t->on_cpu) && READ_ONCE(t->cpu) != this_cpu()->id)
		arch_smp_kick(READ_ONCE(t->cpu));
}

void vcpu_wake(struct vcpu *v)
{
	vcpu_request(v, VCPU_REQ_VINTC);
}

struct vcpu *vcpu_current(void)
{
	struct thread *t = thread_current();

	return t ? t->vcpu : NULL;
}

/* --- registers into and out of the CPU (the scheduler's) --------------------------------- */

void vcpu_load(struct vcpu *v)
{
	const struct vintc_ops *ops;

	if (timer_armed(&v->idle_timer))
		timer_stop(&v->idle_timer);
	arch_vcpu_load(v);
	ops = v->guest->vintc;
	if (likely(ops && ops->load))
		ops->load(v);
}

static inline void save(struct vcpu *v)
{
	const struct vintc_ops *ops = v->guest->vintc;

	if (likely(ops && ops->save))
		ops->save(v);
	arch_vcpu_save(v);
}

static noinline_fn void unload_idle(struct vcpu *v)
{
	uint64_t deadline = arch_vcpu_deadline(v);

	save(v);
	/* Its timer cannot fire in hardware any more: if it waits for that, wake it by ours. */
	if (deadline != UINT64_MAX)
		timer_start(&v->idle_timer, time_of_ticks(deadline));
}

void vcpu_unload(struct vcpu *v)
{
	if (v->idle)
		unload_idle(v);
	else
		save(v);
}

void vcpu_idle_over(struct timer *timer)
{
	thread_ready(container_of(timer, struct vcpu, idle_timer)->thread);
}

static noinline_fn void linked_irq_of_sleeper(struct vcpu *v, unsigned virq, unsigned hwirq)
{
	v->guest->vintc->linked(v, virq, hwirq);
	thread_ready(v->thread);
}

void vcpu_linked_irq(struct vcpu *v, unsigned virq, unsigned hwirq)
{
	/* Its own thread looks by itself. */
	if (unlikely(v->idle && v->thread != this_cpu()->current))
		linked_irq_of_sleeper(v, virq, hwirq);
	else
		v->guest->vintc->linked(v, virq, hwirq);
}

void vcpu_vintc_maintenance(struct vcpu *v)
{
	v->guest->vintc->maintenance(v);
}

/* --- idling ---------------------------------------------------------------------------------- */

static bool may_go_on(struct vcpu *v)
{
	const struct vintc_ops *ops = v->guest->vintc;

	if (__atomic_load_n(&v->requests, __ATOMIC_ACQUIRE))
		return true;
	return arch_vcpu_pending(v) || (ops && ops->pending && ops->pending(v));
}

void vcpu_wait_irq(struct vcpu *v)
{
	unsigned long flags = arch_irq_save();

	v->idle = true;
	while (!may_go_on(v)) {
		thread_block(UINT64_MAX);
		/* Its timer, loaded with it, may be what it waits for: taken without an exit. */
		irq_host_entry();
	}
	v->idle = false;
	arch_irq_restore(flags);
}

/* --- standing still --------------------------------------------------------------------------- */

static bool may_run(const struct vcpu *v)
{
	return !READ_ONCE(v->stopped) && !READ_ONCE(v->held) && READ_ONCE(v->power) == VCPU_ON;
}

/*
 * No longer parked, if nobody stops it. Who does so at the same time may have seen it parked still,
 * or sees it gone: in the first case it has to stay. @return whether it went
 */
static bool leave_parked(struct vcpu *v)
{
	__atomic_store_n(&v->parked, false, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return may_run(v);
}

/* Registers to memory, tell those who wait, and sleep until it may run. IRQs masked. */
static void park(struct vcpu *v)
{
	sched_unload_self();
	if (v->power_down) {
		v->power_down = false;
		WRITE_ONCE(v->power, VCPU_OFF);
	}
	do {
		__atomic_store_n(&v->parked, true, __ATOMIC_RELEASE);
		waitq_wake_all(&v->parked_wq);
		while (!may_run(v))
			thread_block(UINT64_MAX);
	} while (!leave_parked(v));
	v->lost_fetches = 0;
	sched_load_self();
}

/* --- the run loop ----------------------------------------------------------------------------- */

/* What was asked for since the last entry. IRQs masked. */
static always_inline_fn void serve_requests(struct vcpu *v)
{
	const struct vintc_ops *ops = v->guest->vintc;
	uint32_t r;

	arch_vcpu_trap_idle(v, sched_point() > 0);
	r = __atomic_exchange_n(&v->requests, 0, __ATOMIC_ACQ_REL);
	if (READ_ONCE(v->away) || READ_ONCE(v->power) != VCPU_ON) {
		park(v);
		r |= VCPU_REQ_VINTC;
	}
	if (r & VCPU_REQ_SAVE) {
		sched_unload_self();
		sched_load_self();
	}
	if (r & VCPU_REQ_VINTC && ops)
		ops->flush(v);
}

/* The loop of vCPUs that need more before they enter. */
static noinline_fn void run_prepared(struct vcpu *v)
{
	struct vcpu_exit exit;

	for (;;) {
		while (unlikely(READ_ONCE(v->requests) || this_cpu()->need_resched))
			serve_requests(v);
		arch_vcpu_prepare(v);
		arch_vcpu_enter(v, &v->arch, &exit);
		v->exits[exit.kind]++;
		vcpu_exits[exit.kind](v, &exit);
	}
}

void vcpu_thread(void *arg)
{
	struct vcpu *v = arg;
	struct vcpu_exit exit;

	arch_irq_disable();
	vcpu_request(v, VCPU_REQ_STOP); /* it begins parked */
	if (arch_vcpu_needs_prepare(&v->arch))
		run_prepared(v);
	for (;;) {
		while (unlikely(READ_ONCE(v->requests) || this_cpu()->need_resched))
			serve_requests(v);
		arch_vcpu_enter(v, &v->arch, &exit);
		v->exits[exit.kind]++;
		vcpu_exits[exit.kind](v, &exit);
	}
}
