/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers of x86 that the port uses, by name, and the instructions that reach them.
 */
#pragma once

/* Segments of the hypervisor (struct x86_cpu.gdt) */
#define SEL_CODE   0x08
#define SEL_DATA   0x10
#define SEL_CODE32 0x18
#define SEL_TSS	   0x20

#define CR0_PE 0x00000001
#define CR0_MP 0x00000002
#define CR0_EM 0x00000004
#define CR0_TS 0x00000008
#define CR0_ET 0x00000010
#define CR0_NE 0x00000020
#define CR0_WP 0x00010000
#define CR0_AM 0x00040000
#define CR0_NW 0x20000000
#define CR0_CD 0x40000000
#define CR0_PG 0x80000000

#define CR4_DE	       0x00000008
#define CR4_PSE	       0x00000010
#define CR4_PAE	       0x00000020
#define CR4_MCE	       0x00000040
#define CR4_PGE	       0x00000080
#define CR4_OSFXSR     0x00000200
#define CR4_OSXMMEXCPT 0x00000400
#define CR4_OSXSAVE    0x00040000

#define MSR_APIC_BASE	 0x1b
#define MSR_PAT		 0x277
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_X2APIC	 0x800
#define MSR_EFER	 0xc0000080
#define MSR_STAR	 0xc0000081
#define MSR_FS_BASE	 0xc0000100
#define MSR_GS_BASE	 0xc0000101
#define MSR_KERNEL_GS	 0xc0000102
#define MSR_TSC_AUX	 0xc0000103
#define MSR_VM_CR	 0xc0010114
#define MSR_VM_HSAVE_PA	 0xc0010117

#define EFER_SCE  0x001
#define EFER_LME  0x100
#define EFER_LMA  0x400
#define EFER_NXE  0x800
#define EFER_SVME 0x1000

#define RFLAGS_TF 0x00000100
#define RFLAGS_IF 0x00000200
#define RFLAGS_RF 0x00010000
#define RFLAGS_VM 0x00020000

#ifndef __ASSEMBLY__
#include <stdint.h>

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
	struct cpuid r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

static inline uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
	return (uint64_t)high << 32 | low;
}

static inline void wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr"
			 :
			 : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32))
			 : "memory");
}

#define CR_ACCESSORS(n)                                                                             \
	static inline uint64_t read_cr##n(void)                                                     \
	{                                                                                           \
		uint64_t v;                                                                         \
		__asm__ volatile("movq %%cr" #n ", %0" : "=r"(v) : : "memory");                     \
		return v;                                                                           \
	}                                                                                           \
	static inline void write_cr##n(uint64_t v)                                                  \
	{                                                                                           \
		__asm__ volatile("movq %0, %%cr" #n : : "r"(v) : "memory");                         \
	}

CR_ACCESSORS(0)
CR_ACCESSORS(2)
CR_ACCESSORS(3)
CR_ACCESSORS(4)
#undef CR_ACCESSORS
#endif
