/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Access to system registers by name, and the fields of those that more than one file uses
 * (Arm DDI 0487). Names that old assemblers lack are given by encoding.
 */
#pragma once

#ifdef __ASSEMBLY__
#define SYSREG_BIT(n)	(1 << (n))
#else
#include <stdint.h>
#include <libs/util.h>
#define SYSREG_BIT(n)	BIT(n)

#define READ_SYSREG(name)                                                                           \
	__extension__({                                                                             \
		uint64_t value_;                                                                    \
		__asm__ volatile("mrs %0, " STRINGIFY(name) : "=r"(value_));                        \
		value_;                                                                             \
	})
#define WRITE_SYSREG(name, v)                                                                       \
	__asm__ volatile("msr " STRINGIFY(name) ", %x0" : : "rZ"((uint64_t)(v)) : "memory")

/** Something for each of 16 registers whose number is in their name. */
#define EACH16(X)                                                                                  \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15)

static inline void isb(void)
{
	__asm__ volatile("isb" : : : "memory");
}
#endif

/* Encodings: S<op0>_<op1>_C<n>_C<m>_<op2>. */
#define SYS_ICC_SRE_EL2		S3_4_C12_C9_5
#define SYS_APIAKEYLO_EL1	S3_0_C2_C1_0
#define SYS_APIAKEYHI_EL1	S3_0_C2_C1_1
#define SYS_APIBKEYLO_EL1	S3_0_C2_C1_2
#define SYS_APIBKEYHI_EL1	S3_0_C2_C1_3
#define SYS_APDAKEYLO_EL1	S3_0_C2_C2_0
#define SYS_APDAKEYHI_EL1	S3_0_C2_C2_1
#define SYS_APDBKEYLO_EL1	S3_0_C2_C2_2
#define SYS_APDBKEYHI_EL1	S3_0_C2_C2_3
#define SYS_APGAKEYLO_EL1	S3_0_C2_C3_0
#define SYS_APGAKEYHI_EL1	S3_0_C2_C3_1
#define SYS_ID_AA64ZFR0_EL1	S3_0_C0_C4_4
#define SYS_ID_AA64SMFR0_EL1	S3_0_C0_C4_5
#define SYS_ID_AA64MMFR2_EL1	S3_0_C0_C7_2
#define SYS_ID_AA64ISAR2_EL1	S3_0_C0_C6_2
#define SYS_HCRX_EL2		S3_4_C1_C2_2
#define SYS_DISR_EL1		S3_0_C12_C1_1
#define SYS_VDISR_EL2		S3_4_C12_C1_1
#define SYS_VSESR_EL2		S3_4_C5_C2_3
#define SYS_TPIDR2_EL0		S3_3_C13_C0_5
#define SYS_SCXTNUM_EL1		S3_0_C13_C0_7
#define SYS_SCXTNUM_EL0		S3_3_C13_C0_7

/* HCR_EL2 */
#define HCR_VM		SYSREG_BIT(0)
#define HCR_SWIO	SYSREG_BIT(1)
#define HCR_PTW		SYSREG_BIT(2)
#define HCR_FMO		SYSREG_BIT(3)
#define HCR_IMO		SYSREG_BIT(4)
#define HCR_AMO		SYSREG_BIT(5)
#define HCR_VF		SYSREG_BIT(6)
#define HCR_VI		SYSREG_BIT(7)
#define HCR_VSE		SYSREG_BIT(8)
#define HCR_FB		SYSREG_BIT(9)
#define HCR_BSU_IS	SYSREG_BIT(10)
#define HCR_TWI		SYSREG_BIT(13)
#define HCR_TWE		SYSREG_BIT(14)
#define HCR_TID1	SYSREG_BIT(16)
#define HCR_TID3	SYSREG_BIT(18)
#define HCR_TSC		SYSREG_BIT(19)
#define HCR_TIDCP	SYSREG_BIT(20)
#define HCR_TACR	SYSREG_BIT(21)
#define HCR_TGE		SYSREG_BIT(27)
#define HCR_RW		SYSREG_BIT(31)
#define HCR_E2H		SYSREG_BIT(34)
#define HCR_TERR	SYSREG_BIT(36)
#define HCR_APK		SYSREG_BIT(40)
#define HCR_API		SYSREG_BIT(41)

/* HSTR_EL2: c12 of coprocessor 15 */
#define HSTR_T12	SYSREG_BIT(12)

/* MDCR_EL2 */
#define MDCR_TPMCR	SYSREG_BIT(5)
#define MDCR_TPM	SYSREG_BIT(6)
#define MDCR_TDE	SYSREG_BIT(8)
#define MDCR_TDA	SYSREG_BIT(9)
#define MDCR_TDOSA	SYSREG_BIT(10)
#define MDCR_TDRA	SYSREG_BIT(11)

/* MDSCR_EL1 */
#define MDSCR_SS	SYSREG_BIT(0)
#define MDSCR_MDE	SYSREG_BIT(15)

/* CPTR_EL2, E2H = 0 */
#define CPTR_RES1	0x33ff
#define CPTR_TZ		SYSREG_BIT(8)
#define CPTR_TFP	SYSREG_BIT(10)
#define CPTR_TSM	SYSREG_BIT(12)
#define CPTR_TTA	SYSREG_BIT(20)

/* SCTLR_ELx */
#define SCTLR_M		SYSREG_BIT(0)
#define SCTLR_C		SYSREG_BIT(2)
#define SCTLR_SA	SYSREG_BIT(3)
#define SCTLR_I		SYSREG_BIT(12)
#define SCTLR_WXN	SYSREG_BIT(19)
#define SCTLR_EL2_RES1	0x30c50830
#define SCTLR_EL1_RESET	0x30c50838 /* RES1 of ARMv8.0, MMU and caches off, little endian */
#define SCTLR_EL1_EE	SYSREG_BIT(25)
#define SCTLR_EL1_E0E	SYSREG_BIT(24)

/* MAIR_EL2: attribute indices that the tables use */
#define MAIR_NORMAL	0
#define MAIR_DEVICE	1
#define MAIR_NC		2
#define MAIR_VALUE	0x4404ff

/* SPSR: M[4:0] */
#define PSR_EL1T	0x4
#define PSR_EL1H	0x5
#define PSR_EL2H	0x9
#define PSR_AARCH32	0x10
#define PSR_A32_USR	0x10
#define PSR_A32_FIQ	0x11
#define PSR_A32_IRQ	0x12
#define PSR_A32_SVC	0x13
#define PSR_A32_ABT	0x17
#define PSR_A32_UND	0x1b
#define PSR_A32_SYS	0x1f
#define PSR_SS		SYSREG_BIT(21)
#define PSR_D		0x200
#define PSR_A		0x100
#define PSR_I		0x80
#define PSR_F		0x40

/* ESR_EL2.EC */
#define EC_UNKNOWN	0x00
#define EC_WFX		0x01
#define EC_CP15_32	0x03
#define EC_CP15_64	0x04
#define EC_CP14_32	0x05
#define EC_CP14_LDC	0x06
#define EC_FP		0x07
#define EC_VMRS		0x08
#define EC_PAUTH	0x09
#define EC_CP14_64	0x0c
#define EC_ILL_STATE	0x0e
#define EC_HVC32	0x12
#define EC_SMC32	0x13
#define EC_HVC64	0x16
#define EC_SMC64	0x17
#define EC_SYSREG	0x18
#define EC_SVE		0x19
#define EC_SME		0x1d
#define EC_IABT_LOW	0x20
#define EC_IABT_CUR	0x21
#define EC_PC_ALIGN	0x22
#define EC_DABT_LOW	0x24
#define EC_DABT_CUR	0x25
#define EC_SP_ALIGN	0x26
#define EC_BREAKPOINT_LOW 0x30
#define EC_STEP_LOW	0x32
#define EC_BKPT32	0x38
#define EC_BRK		0x3c
#define ESR_IL		SYSREG_BIT(25)
