/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU's life, as far as others than its own thread have a part in it: making and ending it,
 * letting it run and stopping it, its power. None of this is on the way of an exit.
 */
#include <core/vcpu.h>

#include <core/guest.h>
#include <core/mem.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include "guest_priv.h"

/* --- running ---------------------------------------------------------------------------------- */

void vcpu_run(struct vcpu *v)
{
	unsigned long flags = spin_lock_irqsave(&v->guest->lock);

	/* Whoever records that it has ended, or is to be reset, stops it afterwards. */
	if (v->guest->state == GUEST_RUNNING && !v->guest->resetting)
		WRITE_ONCE(v->stopped, false);
	spin_unlock_irqrestore(&v->guest->lock, flags);
	thread_wake(v->thread);
}

void vcpu_stop(struct vcpu *v)
{
	WRITE_ONCE(v->stopped, true);
	vcpu_request(v, VCPU_REQ_STOP); /* a full barrier: parked is looked at behind it */
}

void vcpu_wait_parked(struct vcpu *v)
{
	waitq_wait(&v->parked_wq, __atomic_load_n(&v->parked, __ATOMIC_ACQUIRE));
}

void vcpu_reset_registers(struct vcpu *v, uint64_t pc, uint64_t arg)
{
	const struct vintc_ops *ops = v->guest->vintc;

	arch_vcpu_reset(v, pc, arg);
	if (ops && ops->reset_vcpu)
		ops->reset_vcpu(v);
}

int vcpu_power_on(struct vcpu *v, uint64_t pc, uint64_t arg)
{
	enum vcpu_power off = VCPU_OFF;

	if (!__atomic_compare_exchange_n(&v->power, &off, VCPU_ON_PENDING, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE))
		return off == VCPU_ON ? -EEXIST : -EBUSY;
	/* Off implies parked: its registers are ours. */
	vcpu_reset_registers(v, pc, arg);
	/* Who found it on, and asked when it had just gone off, meant what was before this. */
	WRITE_ONCE(v->power_down, false);
	__atomic_store_n(&v->power, VCPU_ON, __ATOMIC_RELEASE);
	thread_wake(v->thread);
	return 0;
}

void vcpu_power_off(struct vcpu *v)
{
	v->power_down = true;
	vcpu_request(v, VCPU_REQ_STOP);
}

void vcpu_dump(struct vcpu *v, struct shell_out *out)
{
	arch_vcpu_dump(v, out);
}

/* --- making and ending ------------------------------------------------------------------------ */

int vcpu_create(struct guest *guest, const struct vcpu_desc *desc, unsigned id, struct vcpu **out)
{
	uint64_t affinity = desc->affinity ? desc->affinity : arch_guest_cpus();
	struct vcpu *v = heap_zalloc(sizeof(*v));
	char name[sizeof(v->thread->name)];
	int err;

	if (!v)
		return -ENOMEM;
	v->guest = guest;
	v->id = id;
	v->node = desc->node;
	v->power = VCPU_OFF;
	v->start_off = desc->poweroff;
	v->start_pc = desc->start_pc;
	v->deadline_prop = desc->deadline;
	v->period_prop = desc->period;
	v->stopped = v->parked = true;
	waitq_init(&v->parked_wq);
	timer_init(&v->idle_timer, vcpu_idle_over);
	arch_vcpu_configure(v, desc->narrow, desc->numbers);
	err = arch_vcpu_init(v);
	if (err)
		goto err_free;
	snprintf(name, sizeof(name), "%s/vcpu%u", guest->name, id);
	v->thread = thread_create(name, vcpu_thread, v, desc->prio);
	if (!v->thread) {
		err = -ENOMEM;
		goto err_fini;
	}
	v->thread->vcpu = v;
	v->thread->slice = desc->slice;
	if (affinity != UINT64_MAX) {
		err = thread_set_affinity(v->thread, affinity);
		if (err)
			goto err_thread;
	}
	*out = v;
	return 0;

err_thread:
	thread_abandon(v->thread);
err_fini:
	arch_vcpu_fini(v);
err_free:
	heap_free(v);
	return err;
}

void vcpu_destroy(struct vcpu *v)
{
	timer_stop(&v->idle_timer);
	thread_abandon(v->thread);
	arch_vcpu_fini(v);
	heap_free(v);
}

void vcpu_reset(struct vcpu *v)
{
	vcpu_reset_registers(v, v->start_pc, v->start_arg);
	/* Requests stay: only its thread takes them away, which may be just about to look. */
	v->power_down = false;
	v->held = false;
	v->last_region = v->last_port = NULL;
	WRITE_ONCE(v->power, v->start_off ? VCPU_OFF : VCPU_ON);
}
