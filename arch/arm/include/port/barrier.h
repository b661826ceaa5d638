/* SPDX-License-Identifier: GPL-2.0-only */
/* Barriers of ARMv8: towards other CPUs and devices. */
#pragma once

static inline void arch_mb(void)
{
	__asm__ volatile("dsb sy" : : : "memory");
}

static inline void arch_rmb(void)
{
	__asm__ volatile("dsb ld" : : : "memory");
}

static inline void arch_wmb(void)
{
	__asm__ volatile("dsb st" : : : "memory");
}

static inline void arch_relax(void)
{
	__asm__ volatile("yield" : : : "memory");
}
