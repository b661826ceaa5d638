/* SPDX-License-Identifier: GPL-2.0-only */
/* Barriers of x86: stores are ordered among each other, and so are loads. */
#pragma once

static inline void arch_mb(void)
{
	__asm__ volatile("mfence" : : : "memory");
}

static inline void arch_rmb(void)
{
	__asm__ volatile("lfence" : : : "memory");
}

static inline void arch_wmb(void)
{
	__asm__ volatile("sfence" : : : "memory");
}

static inline void arch_relax(void)
{
	__asm__ volatile("pause" : : : "memory");
}
