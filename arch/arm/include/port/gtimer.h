/* SPDX-License-Identifier: GPL-2.0-only */
/* Registers of the generic timer by AArch64 names. */
#pragma once

#include <stdint.h>
#include <port/sysreg.h>

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
