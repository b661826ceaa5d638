/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the CPUs have in common, read once from the ID registers of the boot CPU.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct cpu_features {
	bool pauth;	  /* FEAT_PAuth, any algorithm */
	bool sve, sme;	  /* trapped, hidden from guests */
	bool ras;	  /* FEAT_RAS: VSESR_EL2, VDISR_EL2 */
	bool vmid16;	  /* 16-bit VMIDs */
	bool aarch32_el1; /* guests may run AArch32 at EL1 */
	bool gicv3;	  /* ICC_* system registers */
	bool fgt;	  /* FEAT_FGT */
	bool hcx;	  /* FEAT_HCX: HCRX_EL2 */
	bool mte;
	unsigned pa_bits; /* physical address size */
	bool more_state;  /* pauth, ras, sme: registers that not every CPU has are switched */
	unsigned brps, wrps; /* breakpoints, watchpoints */
};

extern struct cpu_features cpu_features;

/** CPTR_EL2 for all guests: no trace, SVE, SME. */
uint64_t cptr_el2_base(void);
