/* SPDX-License-Identifier: GPL-2.0-only */
/* Barriers between the threads of a test program; a spin that nobody can end is found. */
#pragma once

#include <port/host.h>

static inline void arch_mb(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static inline void arch_rmb(void)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
}

static inline void arch_wmb(void)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void arch_relax(void)
{
	host_relax();
}
