/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest's breakpoints and watchpoints. Trapped until the guest uses one; from then on they are
 * switched with the vCPU.
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
	struct vcpu_debug *d = vcpu->arch.debug;

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

void debug_first_use(struct vcpu *vcpu)
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
	a->mdcr &= ~MDCR_TDA;
	WRITE_SYSREG(mdcr_el2, a->mdcr);
}
