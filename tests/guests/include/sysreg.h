/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System registers and barriers for the tiny guests. Registers that the assembler knows only with
 * an extension are written as S<op0>_<op1>_C<n>_C<m>_<op2>.
 */
#pragma once

#define READ_SYSREG(name)                                                                          \
	({                                                                                         \
		uint64_t value_;                                                                   \
		__asm__ volatile("mrs %0, " STRINGIFY(name) : "=r"(value_) : : "memory");          \
		value_;                                                                            \
	})
#define WRITE_SYSREG(name, value)                                                                  \
	__asm__ volatile("msr " STRINGIFY(name) ", %x0" : : "rZ"((uint64_t)(value)) : "memory")
#define STRINGIFY(x)  STRINGIFY_(x)
#define STRINGIFY_(x) #x

#define barrier() __asm__ volatile("" : : : "memory")
#define isb()	  __asm__ volatile("isb" : : : "memory")
#define dsb()	  __asm__ volatile("dsb sy" : : : "memory")
#define wfi()	  __asm__ volatile("dsb sy\n\twfi" : : : "memory")
#define wfe()	  __asm__ volatile("wfe" : : : "memory")

/* GICv3's CPU interface (IHI 0069, 12.2). */
#define ICC_PMR_EL1	S3_0_C4_C6_0
#define ICC_IAR0_EL1	S3_0_C12_C8_0
#define ICC_EOIR0_EL1	S3_0_C12_C8_1
#define ICC_HPPIR0_EL1	S3_0_C12_C8_2
#define ICC_BPR0_EL1	S3_0_C12_C8_3
#define ICC_AP0R0_EL1	S3_0_C12_C8_4
#define ICC_AP1R0_EL1	S3_0_C12_C9_0
#define ICC_DIR_EL1	S3_0_C12_C11_1
#define ICC_RPR_EL1	S3_0_C12_C11_3
#define ICC_SGI1R_EL1	S3_0_C12_C11_5
#define ICC_ASGI1R_EL1	S3_0_C12_C11_6
#define ICC_SGI0R_EL1	S3_0_C12_C11_7
#define ICC_IAR1_EL1	S3_0_C12_C12_0
#define ICC_EOIR1_EL1	S3_0_C12_C12_1
#define ICC_HPPIR1_EL1	S3_0_C12_C12_2
#define ICC_BPR1_EL1	S3_0_C12_C12_3
#define ICC_CTLR_EL1	S3_0_C12_C12_4
#define ICC_SRE_EL1	S3_0_C12_C12_5
#define ICC_IGRPEN0_EL1 S3_0_C12_C12_6
#define ICC_IGRPEN1_EL1 S3_0_C12_C12_7
