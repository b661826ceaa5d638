/* SPDX-License-Identifier: GPL-2.0-only */
/* ID registers of guests; see vcpu_idreg.c. */
#pragma once

#include <stdint.h>
#include <arch/vintc.h>
#include <core/vcpu.h>

/** Read this CPU's and compute the guests' values; once, after the features are known. */
void idreg_init(void);
/** Values by CRm and op2 of S3_0_C0_C<CRm>_<op2>, without the field GIC of ID_AA64PFR0_EL1. */
extern uint64_t idreg_values[8][8];
/** That field, for vCPUs with the system registers of GICv3. */
extern uint64_t idreg_pfr0_gic;

/** Value of S3_0_C0_C<crm>_<op2> for a vCPU. */
static inline uint64_t idreg_read(const struct vcpu *vcpu, unsigned crm, unsigned op2)
{
	uint64_t value = idreg_values[crm & 7][op2 & 7];

	if (crm == 4 && op2 == 0 && vcpu->arch.vintc.mode == VINTC_GICV3)
		value |= idreg_pfr0_gic;
	else if (crm == 1 && op2 == 1 && vcpu->arch.vintc.mode == VINTC_GICV3)
		value |= idreg_pfr0_gic << 4; /* ID_PFR1.GIC is one field higher */
	return crm < 8 ? value : 0;
}
