/* SPDX-License-Identifier: GPL-2.0-only */
/* Registers of the generic timer by AArch64 names. */
#pragma once

#include <stdint.h>
#include <port/sysreg.h>
#include <port/vcpu.h>

#define GTIMER_REG(fn, reg)                                                                         \
	static inline uint64_t fn(void)                                                             \
	{                                                                                           \
		return READ_SYSREG(reg);                                                            \
	}
#define GTIMER_SET(fn, reg)                                                                         \
	static inline void fn(uint64_t v)                                                           \
	{                                                                                           \
		WRITE_SYSREG(reg, v);                                                               \
	}

GTIMER_REG(gtimer_freq, cntfrq_el0)
GTIMER_SET(gtimer_hyp_set_ctl, cnthp_ctl_el2)
GTIMER_SET(gtimer_hyp_set_cval, cnthp_cval_el2)
GTIMER_REG(gtimer_virt_ctl, cntv_ctl_el0)
GTIMER_SET(gtimer_virt_set_ctl, cntv_ctl_el0)
GTIMER_REG(gtimer_virt_cval, cntv_cval_el0)
GTIMER_SET(gtimer_virt_set_cval, cntv_cval_el0)
GTIMER_REG(gtimer_phys_ctl, cntp_ctl_el0)
GTIMER_SET(gtimer_phys_set_ctl, cntp_ctl_el0)
GTIMER_REG(gtimer_phys_cval, cntp_cval_el0)
GTIMER_SET(gtimer_phys_set_cval, cntp_cval_el0)
GTIMER_SET(gtimer_set_offset, cntvoff_el2)

static inline void gtimer_sync(void)
{
	isb();
}

/** Keep the loaded guest's timers and silence them (IRQs masked, this CPU). */
static inline void gtimer_save(struct arch_vcpu *a)
{
	a->vtimer.ctl = gtimer_virt_ctl();
	a->vtimer.cval = gtimer_virt_cval();
	a->ptimer.ctl = gtimer_phys_ctl();
	a->ptimer.cval = gtimer_phys_cval();
	gtimer_virt_set_ctl(0);
	gtimer_phys_set_ctl(0);
	gtimer_sync();
}

/** Restore them. @param offset  counter value at the guest's time zero */
static inline void gtimer_load(const struct arch_vcpu *a, uint64_t offset)
{
	gtimer_set_offset(offset);
	gtimer_virt_set_cval(a->vtimer.cval);
	gtimer_phys_set_cval(a->ptimer.cval);
	gtimer_sync();
	gtimer_virt_set_ctl(a->vtimer.ctl);
	gtimer_phys_set_ctl(a->ptimer.ctl);
	gtimer_sync();
}
