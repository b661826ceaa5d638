/* SPDX-License-Identifier: GPL-2.0-only */
/* The CPU's own structure is found by TPIDR_EL2. */
#pragma once

struct cpu;

static inline struct cpu *arch_this_cpu(void)
{
	struct cpu *cpu;

	/* Volatile: a thread may be on another CPU after each call of the scheduler. */
	__asm__ volatile("mrs %0, tpidr_el2" : "=r"(cpu));
	return cpu;
}

static inline void arch_set_this_cpu(struct cpu *cpu)
{
	__asm__ volatile("msr tpidr_el2, %0" : : "r"(cpu) : "memory");
}
