/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a person does to a single vCPU: pause, resume, switch off, on, reset. guest->life
 * serialises it with what is done to the whole guest; power states are changed as the guest's own
 * calls do it, so that these may come at the same time.
 */
#include <core/guest.h>
#include <core/vcpu.h>
#include "guest_priv.h"

static const char *pause(struct vcpu *v)
{
	if (v->held)
		return "is paused already";
	WRITE_ONCE(v->held, true);
	vcpu_request(v, VCPU_REQ_STOP);
	vcpu_wait_parked(v);
	return NULL;
}

static const char *resume(struct vcpu *v)
{
	if (!v->held)
		return "is not paused";
	WRITE_ONCE(v->held, false);
	thread_wake(v->thread);
	return NULL;
}

/* From on to off; parked, so that nobody else has a word in that. */
static const char *halt(struct vcpu *v)
{
	enum vcpu_power on = VCPU_ON;
	bool held = v->held, was;

	if (!held)
		pause(v);
	was = __atomic_compare_exchange_n(&v->power, &on, VCPU_OFF, false, __ATOMIC_ACQ_REL,
					  __ATOMIC_ACQUIRE);
	if (!held)
		resume(v);
	return was ? NULL : "is off already";
}

static const char *kick(struct vcpu *v)
{
	return vcpu_power_on(v, v->start_pc, v->start_arg) ? "is on already" : NULL;
}

static const char *reset(struct vcpu *v)
{
	enum vcpu_power off = VCPU_OFF;

	halt(v);
	/* While it is pending, the guest does not switch it on. */
	if (!__atomic_compare_exchange_n(&v->power, &off, VCPU_ON_PENDING, false, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE))
		return "was switched on by its guest at the same time";
	vcpu_reset_registers(v, v->start_pc, v->start_arg);
	__atomic_store_n(&v->power, VCPU_OFF, __ATOMIC_RELEASE);
	return NULL;
}

const char *vcpu_control(struct vcpu *v, enum vcpu_action action)
{
	static const char *(*const actions[])(struct vcpu *v) = {
		[VCPU_PAUSE] = pause, [VCPU_RESUME] = resume, [VCPU_HALT] = halt,
		[VCPU_KICK] = kick,   [VCPU_RESET] = reset,
	};
	const char *why;

	mutex_lock(&v->guest->life);
	why = v->guest->state == GUEST_STOPPED ? "is of a guest that is stopped" :
						 actions[action](v);
	mutex_unlock(&v->guest->life);
	return why;
}
