/* SPDX-License-Identifier: GPL-2.0-only */
/* ID registers of guests; see vcpu_idreg.c. */
#pragma once

#include <stdint.h>
#include <arch/vintc.h>
#include <core/vcpu.h>

/** Breakpoints, and watchpoints, of a guest whose ICC_* are caught by the CPU's: the fewest. */
#define ICC_DEBUG_REGS 2ULL

/** Read this CPU's and compute the guests' values; once, after the features are known. */
void idreg_init(void);
/** Values by the CPU interface (enum vintc_mode), CRm and op2 of S3_0_C0_C<CRm>_<op2>. */
extern uint64_t idreg_values[VINTC_GICV3_SOFT + 1][8][8];

/** Value of S3_0_C0_C<crm>_<op2> for a vCPU. */
static inline uint64_t idreg_read(const struct vcpu *vcpu, unsigned crm, unsigned op2)
{
	return crm < 8 ? idreg_values[vcpu->arch.vintc.mode][crm][op2 & 7] : 0;
}
