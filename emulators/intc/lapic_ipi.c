/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages between APICs: who is meant, and what the message does to them. Starting and stopping
 * other vCPUs is for thread context; all else for any. No lock; see apic.h.
 */
#include "apic.h"

#include <core/log.h>

/*
 * A vCPU that is told to stop does so at once, but may be waiting for its CPU, among many or on a
 * machine that stands still: real ones lose no start-up. One that a person paused takes longer.
 */
#define STOP_TIMEOUT 10000000000u

#define SHORTHAND(icr) ((icr) >> 18 & 3)
enum { TO_DEST, TO_SELF, TO_ALL, TO_OTHERS };

/* --- who is meant ------------------------------------------------------------------------ */

static bool meant_logically(const struct lapic *a, const struct apic_message *m)
{
	if (a->base & APIC_BASE_X2) {
		uint32_t id = (a->id >> 4) << 16 | 1u << (a->id & 15);

		if (!m->wide) /* a message of 8 bits reaches the first cluster's first 8 */
			return m->dest == 0xff || (!(a->id >> 4) && id & m->dest & 0xff);
		return m->dest == UINT32_MAX ||
		       (id >> 16 == m->dest >> 16 && id & m->dest & 0xffff);
	}
	if ((m->dest & 0xff) == 0xff)
		return true;
	if (a->dfr >> 28 == 0xf)
		return a->ldr >> 24 & m->dest;
	/* Clusters of four. */
	return a->ldr >> 28 == (m->dest >> 4 & 0xf) && a->ldr >> 24 & m->dest & 0xf;
}

static bool is_meant(const struct lapic *a, const struct apic_message *m)
{
	if (!(a->base & APIC_BASE_ENABLE))
		return false;
	if (m->logical)
		return meant_logically(a, m);
	return m->dest == a->id || m->dest == (m->wide ? UINT32_MAX : 0xff);
}

/* --- what it does ------------------------------------------------------------------------ */

static bool asked_to_stop(const struct vcpu *v)
{
	return v && READ_ONCE(v->requests) & VCPU_REQ_STOP;
}

static void init(struct lapic *a)
{
	struct vcpu *v = a->vcpu;

	if (a->base & APIC_BASE_BSP) {
		/* It would begin as after power on, with firmware that knows why. */
		log_guest(LOG_INFO, a->set->guest, v, "INIT of the first vCPU: reset");
		guest_request_reset(a->set->guest);
	} else if (READ_ONCE(v->power) != VCPU_OFF) {
		vcpu_power_off(v);
	}
}

/* Is it on its way to its end, and has the one that waits for this the time? */
static bool still_ends(const struct vcpu *v, const struct lapic *from)
{
	return READ_ONCE(v->power) != VCPU_OFF && READ_ONCE(v->power_down) &&
	       !asked_to_stop(from ? from->vcpu : NULL);
}

/*
 * A vCPU that runs ignores it; one that still has to end is waited for. To block, not to yield: a
 * whole slice for each time would be more than the sender's share.
 */
static void startup(struct lapic *a, unsigned vector, const struct lapic *from)
{
	uint64_t end = time_now() + STOP_TIMEOUT;
	struct vcpu *v = a->vcpu;

	if (a->base & APIC_BASE_BSP)
		return;
	if (still_ends(v, from))
		(void)waitq_wait_until(&v->parked_wq, !still_ends(v, from), end);
	if (READ_ONCE(v->power) != VCPU_OFF)
		return;
	if (vcpu_power_on(v, (uint64_t)vector << 12, X86_START_REAL))
		log_guest(LOG_WARN, a->set->guest, v, "cannot be started");
}

static void receive(struct lapic *a, const struct apic_message *m, const struct lapic *from)
{
	switch (m->mode) {
	case APIC_FIXED:
	case APIC_LOWEST:
		lapic_accept(a, m->vector, m->level);
		break;
	case APIC_NMI:
		__atomic_store_n(&a->nmi, true, __ATOMIC_RELEASE);
		vcpu_wake(a->vcpu);
		break;
	case APIC_INIT:
		if (from)
			init(a);
		break;
	case APIC_STARTUP:
		if (from)
			startup(a, m->vector, from);
		break;
	}
}

void apic_deliver(struct apic_set *set, const struct apic_message *m, struct lapic *from)
{
	for (unsigned i = 0; i < set->count; i++) {
		struct lapic *a = &set->lapics[i];

		if (!is_meant(a, m) || (m->mode == APIC_LOWEST && !lapic_enabled(a)))
			continue;
		receive(a, m, from);
		if (m->mode == APIC_LOWEST)
			break; /* to one of them; none has a better claim */
	}
}

void lapic_command(struct lapic *a, uint64_t icr)
{
	struct apic_message m = {
		.dest = (uint32_t)(icr >> 32),
		.vector = (uint8_t)icr,
		.mode = icr >> 8 & 7,
		.logical = icr & BIT(11),
		.wide = a->base & APIC_BASE_X2,
	};

	if (!m.wide)
		m.dest >>= 24;
	/* The end of an INIT that real buses wanted told. */
	if (m.mode == APIC_INIT && !(icr & BIT(14)) && icr & BIT(15))
		return;
	switch (SHORTHAND(icr)) {
	case TO_DEST:
		apic_deliver(a->set, &m, a);
		break;
	case TO_SELF:
		receive(a, &m, a);
		break;
	default:
		for (unsigned i = 0; i < a->set->count; i++) {
			struct lapic *to = &a->set->lapics[i];

			if (to->base & APIC_BASE_ENABLE && (to != a || SHORTHAND(icr) == TO_ALL))
				receive(to, &m, a);
		}
		break;
	}
}
