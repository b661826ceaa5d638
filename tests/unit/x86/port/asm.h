/* SPDX-License-Identifier: GPL-2.0-only */
/* Model-specific registers and CPUID of a CPU that the test plays, for files of arch/x86/host. */
#pragma once

#include <stdint.h>

#define MSR_APIC_BASE	 0x1b
#define MSR_TSC_DEADLINE 0x6e0
#define MSR_X2APIC	 0x800

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

struct cpuid cpuid(uint32_t leaf, uint32_t subleaf);
uint64_t rdmsr(uint32_t msr);
void wrmsr(uint32_t msr, uint64_t v);
