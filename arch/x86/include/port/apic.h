/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU's own interrupt controller (local APIC), as a driver of what feeds it with interrupts
 * sees it. All act on the calling CPU, with its IRQs masked. The vector is where vectors.S put it.
 */
#pragma once

#include <stdint.h>
#include <port/cpu.h>

/* Vectors, lowest priority first: the drivers', and those of the port. */
#define APIC_VECTOR_FIRST    0x30
#define APIC_VECTOR_LAST     0xef
#define APIC_VECTOR_TIMER    0xf0
#define APIC_VECTOR_KICK     0xf1
#define APIC_VECTOR_TELL     0xf2 /* mcheck_tell() */
#define APIC_VECTOR_SPURIOUS 0xff

/** The last vector is at its end. */
void apic_eoi(void);
/** Interrupt a logical CPU with a vector. After writes that it shall see. */
void apic_send(unsigned cpu, uint8_t vector);
/** Interrupt this CPU, of any context. */
void apic_send_self(uint8_t vector);
/** What has happened and could not be told then: machine checks, NMIs (mcheck.c). */
void mcheck_tell(void);
/** What APIC a logical CPU has, as redirection entries and messages name it. */
uint32_t apic_id_of(unsigned cpu);

/** The vector that interrupted this CPU, once. @return 0: none has */
static inline unsigned apic_take(void)
{
	unsigned vector = 0;

	__asm__ volatile("xchgl %0, %%gs:%c1" : "+r"(vector) : "i"(CPU_VECTOR) : "memory");
	return vector;
}

/** Let what is pending come: for each, irqchip.entry() is called anew. */
static inline void apic_window(void)
{
	struct x86_cpu *cpu = x86_this_cpu();

	cpu->window = 1;
	__asm__ volatile("sti\n\tnop\n\tcli" : : : "memory");
	cpu->window = 0;
}
