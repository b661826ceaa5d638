/* SPDX-License-Identifier: GPL-2.0-only */
/* Taking interrupts. The vector is where vectors.S put it. */
#pragma once

#include <port/cpu.h>

static inline unsigned apic_take(void)
{
	unsigned vector = 0;

	__asm__ volatile("xchgl %0, %%gs:%c1" : "+r"(vector) : "i"(CPU_VECTOR) : "memory");
	return vector;
}

static inline void apic_window(void)
{
	struct x86_cpu *cpu = x86_this_cpu();

	cpu->window = 1;
	__asm__ volatile("sti\n\tnop\n\tcli" : : : "memory");
	cpu->window = 0;
}
