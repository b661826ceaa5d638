/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU interface of a GICv3 (Arm IHI 0069, chapter 12), which is in the CPU, for the driver of
 * distributor and redistributors. Names are given by encoding because assemblers know them only
 * with an option. All act on the calling CPU, with its IRQs masked.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <port/sysreg.h>

#define ICC_PMR_EL1	S3_0_C4_C6_0
#define ICC_DIR_EL1	S3_0_C12_C11_1
#define ICC_SGI1R_EL1	S3_0_C12_C11_5
#define ICC_IAR1_EL1	S3_0_C12_C12_0
#define ICC_EOIR1_EL1	S3_0_C12_C12_1
#define ICC_AP1R0_EL1	S3_0_C12_C9_0
#define ICC_BPR1_EL1	S3_0_C12_C12_3
#define ICC_CTLR_EL1	S3_0_C12_C12_4
#define ICC_SRE_EL1	S3_0_C12_C12_5
#define ICC_IGRPEN1_EL1 S3_0_C12_C12_7
#define ICC_SRE_EL2	S3_4_C12_C9_5

#define ICC_SRE_SRE	 BIT(0)
#define ICC_SRE_DFB_DIB	 (BIT(1) | BIT(2))
#define ICC_CTLR_EOIMODE BIT(1)

/** Acknowledge. @return 1020 and above: nothing was pending */
static inline uint32_t gicv3_ack(void)
{
	uint32_t intid = (uint32_t)READ_SYSREG(ICC_IAR1_EL1);

	/* The acknowledge has to be done before the device is touched (IHI 0069, 3.7). */
	__asm__ volatile("dsb sy" : : : "memory");
	return intid;
}

/** Priority drop. */
static inline void gicv3_eoi(uint32_t intid)
{
	WRITE_SYSREG(ICC_EOIR1_EL1, intid);
}

/** Let it be signalled again. */
static inline void gicv3_deactivate(uint32_t intid)
{
	WRITE_SYSREG(ICC_DIR_EL1, intid);
	isb();
}

/** Send software-generated interrupts (ICC_SGI1R_EL1), after all writes before it can be seen. */
static inline void gicv3_sgi(uint64_t value)
{
	/* What the other CPU shall see is written before it is interrupted. */
	__asm__ volatile("dsb ishst" : : : "memory");
	WRITE_SYSREG(ICC_SGI1R_EL1, value);
	isb();
}

/**
 * Enable the interface, group 1 interrupts of all priorities, with priority drop and deactivation
 * apart. @return false: the CPU or firmware does not give access to it
 */
static inline bool gicv3_cpu_init(void)
{
	/* Not ENABLE: a guest's access to ICC_SRE_EL1 traps, where it can change at all. */
	WRITE_SYSREG(ICC_SRE_EL2, ICC_SRE_SRE | ICC_SRE_DFB_DIB);
	isb();
	if (!(READ_SYSREG(ICC_SRE_EL2) & ICC_SRE_SRE))
		return false;
	WRITE_SYSREG(ICC_PMR_EL1, 0xff);
	/* priorities that firmware or a former hypervisor left active would mask ours */
	WRITE_SYSREG(ICC_AP1R0_EL1, 0);
	WRITE_SYSREG(ICC_BPR1_EL1, 0);
	WRITE_SYSREG(ICC_CTLR_EL1, ICC_CTLR_EOIMODE);
	WRITE_SYSREG(ICC_IGRPEN1_EL1, 1);
	isb();
	return true;
}
