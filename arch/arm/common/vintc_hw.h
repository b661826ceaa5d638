/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers of the hypervisor's side of the virtual CPU interface: ICH_* system registers of GICv3
 * (Arm IHI 0069, 12.4) and the GICH page of GICv2 (IHI 0048B, 5.3). Both have the same fields but
 * for the list registers; those of GICv2 are converted.
 */
#pragma once

#include <stdint.h>
#include <arch/mmio.h>
#include <arch/vintc.h>
#include <port/sysreg.h>

#define ICH_AP0R0_EL2 S3_4_C12_C8_0
#define ICH_AP0R1_EL2 S3_4_C12_C8_1
#define ICH_AP0R2_EL2 S3_4_C12_C8_2
#define ICH_AP0R3_EL2 S3_4_C12_C8_3
#define ICH_AP1R0_EL2 S3_4_C12_C9_0
#define ICH_AP1R1_EL2 S3_4_C12_C9_1
#define ICH_AP1R2_EL2 S3_4_C12_C9_2
#define ICH_AP1R3_EL2 S3_4_C12_C9_3
#define ICH_HCR_EL2   S3_4_C12_C11_0
#define ICH_VTR_EL2   S3_4_C12_C11_1
#define ICH_MISR_EL2  S3_4_C12_C11_2
#define ICH_ELRSR_EL2 S3_4_C12_C11_5
#define ICH_VMCR_EL2  S3_4_C12_C11_7

enum {
	GICH_HCR = 0x00,
	GICH_VTR = 0x04,
	GICH_VMCR = 0x08,
	GICH_MISR = 0x10,
	GICH_ELRSR0 = 0x30,
	GICH_APR = 0xf0,
	GICH_LR0 = 0x100,
};

#define HCR_V_EN	BIT32(0)
#define HCR_V_LRENPIE	BIT32(2)
#define HCR_V_NPIE	BIT32(3)
#define HCR_V_TC	BIT32(10)
#define HCR_V_TALL0	BIT32(11)
#define HCR_V_TALL1	BIT32(12)
#define HCR_V_TDIR	BIT32(14) /* where VTR_TDS says so */
#define VTR_TDS		BIT32(19)
#define HCR_V_TRAPS	(HCR_V_TC | HCR_V_TALL0 | HCR_V_TALL1)
#define HCR_V_EOI_SHIFT 27

/* GICH_LR */
#define LR2_VIRQ_MASK	0x3ffu
#define LR2_PHYS_SHIFT	10
#define LR2_PHYS_MASK	0x3ffu
#define LR2_CPU_MASK	0x1c00u /* of a software-generated interrupt, the same bits as in a slot */
#define LR2_EOI		BIT32(19)
#define LR2_PRIO_SHIFT	23	/* 5 bits */
#define LR2_STATE_SHIFT 28
#define LR2_GROUP1	BIT32(30)
#define LR2_HW		BIT32(31)

/* The cases of a switch over all list registers, by name. */
#define ICH_LRS(X)                                                                                  \
	X(0, S3_4_C12_C12_0)                                                                        \
	X(1, S3_4_C12_C12_1)                                                                        \
	X(2, S3_4_C12_C12_2)                                                                        \
	X(3, S3_4_C12_C12_3)                                                                        \
	X(4, S3_4_C12_C12_4)                                                                        \
	X(5, S3_4_C12_C12_5)                                                                        \
	X(6, S3_4_C12_C12_6)                                                                        \
	X(7, S3_4_C12_C12_7)                                                                        \
	X(8, S3_4_C12_C13_0)                                                                        \
	X(9, S3_4_C12_C13_1)                                                                        \
	X(10, S3_4_C12_C13_2)                                                                       \
	X(11, S3_4_C12_C13_3)                                                                       \
	X(12, S3_4_C12_C13_4)                                                                       \
	X(13, S3_4_C12_C13_5)                                                                       \
	X(14, S3_4_C12_C13_6)                                                                       \
	X(15, S3_4_C12_C13_7)

static inline uint64_t ich_lr(unsigned n)
{
	switch (n) {
#define X(i, name)                                                                                  \
	case i:                                                                                     \
		return READ_SYSREG(name);
		ICH_LRS(X)
#undef X
	}
	return 0;
}

static inline void ich_set_lr(unsigned n, uint64_t slot)
{
	switch (n) {
#define X(i, name)                                                                                  \
	case i:                                                                                     \
		WRITE_SYSREG(name, slot);                                                           \
		break;
		ICH_LRS(X)
#undef X
	}
}

static inline uint64_t slot_of_gich(uint32_t lr)
{
	uint64_t slot = (lr & LR2_VIRQ_MASK) | (uint64_t)(lr >> LR2_STATE_SHIFT & 3) << 62 |
			(uint64_t)(lr >> LR2_PRIO_SHIFT & 0x1f) << (VSLOT_PRIO_SHIFT + 3);

	if (lr & LR2_GROUP1)
		slot |= VSLOT_GROUP1;
	if (lr & LR2_HW)
		slot |= VSLOT_HW | (uint64_t)(lr >> LR2_PHYS_SHIFT & LR2_PHYS_MASK)
					   << VSLOT_HWIRQ_SHIFT;
	else
		slot |= (lr & LR2_CPU_MASK) | (lr & LR2_EOI ? VSLOT_EOI : 0);
	return slot;
}

static inline uint32_t gich_of_slot(uint64_t slot)
{
	uint32_t lr = (slot & LR2_VIRQ_MASK) | (uint32_t)(slot >> 62) << LR2_STATE_SHIFT |
		      (uint32_t)(slot >> (VSLOT_PRIO_SHIFT + 3) & 0x1f) << LR2_PRIO_SHIFT;

	if (slot & VSLOT_GROUP1)
		lr |= LR2_GROUP1;
	if (slot & VSLOT_HW)
		lr |= LR2_HW | (uint32_t)(slot >> VSLOT_HWIRQ_SHIFT & LR2_PHYS_MASK)
				       << LR2_PHYS_SHIFT;
	else
		lr |= (slot & LR2_CPU_MASK) | (slot & VSLOT_EOI ? LR2_EOI : 0);
	return lr;
}
