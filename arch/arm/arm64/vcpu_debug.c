/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest's breakpoints and watchpoints. They are in memory and trap until the guest touches one;
 * then they are in the CPU, without a trap, until the vCPU leaves it while nothing can hit
 * (MDSCR_EL1.MDE is clear): kernels write zeros to them when they begin, and hardly ever come back.
 * Only the vCPU's own thread, or who has parked it, comes here.
 */
#include <core/guest.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/vcpu.h>
#include <port/features.h>
#include <port/sysreg.h>
#include "../common/port.h"

void debug_save(struct vcpu *vcpu)
{
	struct arch_vcpu *a = &vcpu->arch;
	struct vcpu_debug *d = a->debug;

	if (a->icc) /* its memory is always as the registers are */
		return;

#define SAVE(n)                                                                                     \
	if (n < cpu_features.brps) {                                                                \
		d->bvr[n] = READ_SYSREG(dbgbvr##n##_el1);                                           \
		d->bcr[n] = READ_SYSREG(dbgbcr##n##_el1);                                           \
	}                                                                                           \
	if (n < cpu_features.wrps) {                                                                \
		d->wvr[n] = READ_SYSREG(dbgwvr##n##_el1);                                           \
		d->wcr[n] = READ_SYSREG(dbgwcr##n##_el1);                                           \
	}
	EACH16(SAVE)
#undef SAVE
	if (!(a->sys[VR_MDSCR_EL1] & MDSCR_MDE)) {
		a->debug_loaded = false;
		a->mdcr |= MDCR_TDA;
	}
}

void debug_load(struct vcpu *vcpu)
{
	const struct vcpu_debug *d = vcpu->arch.debug;

#define LOAD(n)                                                                                     \
	if (n < cpu_features.brps) {                                                                \
		WRITE_SYSREG(dbgbvr##n##_el1, d->bvr[n]);                                           \
		WRITE_SYSREG(dbgbcr##n##_el1, d->bcr[n]);                                           \
	}                                                                                           \
	if (n < cpu_features.wrps) {                                                                \
		WRITE_SYSREG(dbgwvr##n##_el1, d->wvr[n]);                                           \
		WRITE_SYSREG(dbgwcr##n##_el1, d->wcr[n]);                                           \
	}
	EACH16(LOAD)
#undef LOAD
}

void debug_use(struct vcpu *vcpu)
{
	struct arch_vcpu *a = &vcpu->arch;

	if (!a->debug) {
		a->debug = heap_zalloc(sizeof(*a->debug));
		if (!a->debug) {
			log_guest(LOG_ERROR, vcpu->guest, vcpu,
				  "no memory for its debug registers: access ignored");
			arch_vcpu_skip(vcpu);
			return;
		}
	}
	debug_load(vcpu);
	a->more = true;
	a->debug_loaded = true;
	a->mdcr &= ~MDCR_TDA;
	WRITE_SYSREG(mdcr_el2, a->mdcr);
}
