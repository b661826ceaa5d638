/* SPDX-License-Identifier: GPL-2.0-only */
/* PSTATE.I and PSTATE.F of AArch64; FIQ is masked together with IRQ. */
#pragma once

#include <stdbool.h>

static inline void arch_irq_disable(void)
{
	__asm__ volatile("msr daifset, #3" : : : "memory");
}

static inline void arch_irq_enable(void)
{
	__asm__ volatile("msr daifclr, #3" : : : "memory");
}

static inline unsigned long arch_irq_save(void)
{
	unsigned long flags;

	__asm__ volatile("mrs %0, daif\n\tmsr daifset, #3" : "=r"(flags) : : "memory");
	return flags;
}

static inline void arch_irq_restore(unsigned long flags)
{
	__asm__ volatile("msr daif, %0" : : "r"(flags) : "memory");
}

static inline bool arch_irq_disabled(void)
{
	unsigned long flags;

	__asm__ volatile("mrs %0, daif" : "=r"(flags));
	return flags & 0x80;
}
