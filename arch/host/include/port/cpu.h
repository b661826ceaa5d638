/* SPDX-License-Identifier: GPL-2.0-only */
/* The structure of the CPU that the calling thread of the test program plays. */
#pragma once

#include <port/host.h>

static inline struct cpu *arch_this_cpu(void)
{
	return host_this_cpu();
}

static inline void arch_set_this_cpu(struct cpu *cpu)
{
	host_set_this_cpu(cpu);
}
