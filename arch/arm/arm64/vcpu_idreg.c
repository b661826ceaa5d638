/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ID registers as guests see them: of what this CPU has, exactly the features whose state the
 * hypervisor switches. One row a register: the fields (nibbles) that pass as they are.
 */
#include <arch/vintc.h>
#include <core/vcpu.h>
#include <libs/string.h>
#include <port/features.h>
#include <port/sysreg.h>
#include "idreg.h"

#define F(n) (0xfULL << ((n) * 4))

uint64_t idreg_values[VINTC_GICV3_SOFT + 1][8][8];

struct id_row {
	uint8_t crm, op2;
	uint64_t keep; /* fields that pass */
};

/* What is not listed reads as zero, as the architecture asks of reserved ID registers. */
static const struct id_row id_rows[] = {
	/* AArch32: instruction sets, memory model, debug without performance monitors and trace */
	{ 1, 0, ~(F(7) | F(5)) },	       /* ID_PFR0: no RAS, no AMU */
	{ 1, 1, F(0) | F(2) | F(4) | F(5) | F(6) }, /* ID_PFR1: no virtualization, security, GIC */
	{ 1, 2, F(0) | F(1) | F(2) },	       /* ID_DFR0: CopDbg, CopSDbg, MMapDbg */
	{ 1, 4, ~0ULL },		       /* ID_MMFR0 … 3 */
	{ 1, 5, ~0ULL },
	{ 1, 6, ~0ULL },
	{ 1, 7, ~0ULL },
	{ 2, 0, ~0ULL }, /* ID_ISAR0 … 5 */
	{ 2, 1, ~0ULL },
	{ 2, 2, ~0ULL },
	{ 2, 3, ~0ULL },
	{ 2, 4, ~0ULL },
	{ 2, 5, ~0ULL },
	{ 2, 6, ~(F(0) | F(7)) }, /* ID_MMFR4: no SpecSEI, EVT */
	{ 2, 7, ~0ULL },	  /* ID_ISAR6 */
	{ 3, 0, ~0ULL },	  /* MVFR0 … 2 */
	{ 3, 1, ~0ULL },
	{ 3, 2, ~0ULL },
	{ 3, 4, F(0) | F(1) }, /* ID_PFR2: CSV3, SSBS */
	/* ID_AA64PFR0: EL0 EL1 FP AdvSIMD GIC DIT CSV2 CSV3; no EL2 EL3 RAS SVE MPAM AMU RME */
	{ 4, 0, F(0) | F(1) | F(4) | F(5) | F(6) | F(12) | F(14) | F(15) },
	{ 4, 1, F(0) | F(1) }, /* ID_AA64PFR1: BT SSBS; no MTE, SME */
	/* ID_AA64DFR0: DebugVer BRPs WRPs CTX_CMPs DoubleLock; no trace, PMU, SPE */
	{ 5, 0, F(0) | F(3) | F(5) | F(7) | F(9) },
	{ 6, 0, ~F(6) },			/* ID_AA64ISAR0: no TME */
	{ 6, 1, ~(F(14) | F(15)) },		/* ID_AA64ISAR1: no XS, LS64 */
	{ 6, 2, F(1) | F(2) | F(3) | F(5) | F(6) }, /* ID_AA64ISAR2: no WFxT, MOPS */
	/* ID_AA64MMFR0: no nested granules, FGT, ECV */
	{ 7, 0, F(0) | F(1) | F(2) | F(4) | F(5) | F(6) | F(7) | F(11) },
	/* ID_AA64MMFR1: HAFDBS HPDS PAN ETS AFP */
	{ 7, 1, F(0) | F(3) | F(5) | F(9) | F(11) },
	/* ID_AA64MMFR2: CnP UAO LSM VARange CCIDX ST AT TTL BBM E0PD */
	{ 7, 2, F(0) | F(1) | F(2) | F(4) | F(5) | F(7) | F(8) | F(12) | F(13) | F(15) },
};

static uint64_t id_read(unsigned crm, unsigned op2)
{
#define ID(m, o) case (m) * 8 + (o): return READ_SYSREG(S3_0_C0_C##m##_##o);
#define ID_ROW(m) ID(m, 0) ID(m, 1) ID(m, 2) ID(m, 3) ID(m, 4) ID(m, 5) ID(m, 6) ID(m, 7)
	switch (crm * 8 + op2) {
		ID_ROW(1) ID_ROW(2) ID_ROW(3) ID_ROW(4) ID_ROW(5) ID_ROW(6) ID_ROW(7)
	}
#undef ID_ROW
#undef ID
	return 0;
}

/* Fields with a highest value that we support. */
static void limit(uint64_t *reg, unsigned nibble, unsigned max)
{
	uint64_t v = (*reg >> (nibble * 4)) & 0xf;

	if (v > max)
		*reg = (*reg & ~F(nibble)) | ((uint64_t)max << (nibble * 4));
}

/* The fields GIC, and what breakpoints that catch ICC_* leave to the guest (vcpu_icc.c). */
static void make_variants(uint64_t pfr0_gic)
{
	uint64_t *dfr0 = &idreg_values[VINTC_GICV3_SOFT][5][0];
	unsigned mode;

	for (mode = VINTC_NONE + 1; mode < ARRAY_SIZE(idreg_values); mode++)
		memcpy(idreg_values[mode], idreg_values[VINTC_NONE], sizeof(idreg_values[0]));
	idreg_values[VINTC_GICV3][4][0] |= pfr0_gic;
	idreg_values[VINTC_GICV3][1][1] |= pfr0_gic << 4; /* ID_PFR1.GIC is one field higher */
	idreg_values[VINTC_GICV3_SOFT][4][0] |= 1ULL << 24;
	idreg_values[VINTC_GICV3_SOFT][1][1] |= 1ULL << 28;
	*dfr0 &= ~(F(3) | F(5) | F(7));
	*dfr0 |= (ICC_DEBUG_REGS - 1) << 12 | (ICC_DEBUG_REGS - 1) << 20; /* BRPs, WRPs; CTX_CMPs */
}

void idreg_init(void)
{
	static const uint8_t bits_to_range[] = { 32, 36, 40 };
	uint64_t (*values)[8] = idreg_values[VINTC_NONE], pfr0_gic;
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(id_rows); i++) {
		const struct id_row *row = &id_rows[i];

		values[row->crm][row->op2] = id_read(row->crm, row->op2) & row->keep;
	}
	limit(&values[4][0], 14, 1);	/* CSV2: SCXTNUM is not switched */
	limit(&values[4][0], 6, 1);	/* GICv3, not v4.1 */
	pfr0_gic = values[4][0] & F(6);
	values[4][0] &= ~F(6);
	limit(&values[5][0], 0, 9);	/* debug up to v8.4 */
	if (!cpu_features.pauth) {
		values[6][1] &= ~(F(1) | F(2) | F(6) | F(7));
		values[6][2] &= ~(F(2) | F(3));
	}
	for (i = 0; i < ARRAY_SIZE(bits_to_range) && bits_to_range[i] < cpu_features.pa_bits; i++)
		;
	limit(&values[7][0], 0, MIN_T(unsigned, i, 2)); /* PARange: 40 bits at most */
	make_variants(pfr0_gic);
}
