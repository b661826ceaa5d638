/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * x86 ports only: the CPU's own interrupt controller (local APIC), as a driver of what feeds it
 * with interrupts sees it. All act on the calling CPU, with its IRQs masked:
 *
 *   unsigned apic_take(void)   the vector that interrupted this CPU, once; 0: none has
 *   void apic_window(void)     let what is pending come: for each, irqchip.entry() is called anew
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <port/apic.h>

/** The last vector is at its end. */
void apic_eoi(void);
/** Interrupt a logical CPU with a vector. After writes that it shall see. */
void apic_send(unsigned cpu, uint8_t vector);
/** What APIC a logical CPU has, as redirection entries and messages name it. */
uint32_t apic_id_of(unsigned cpu);

/* Vectors, lowest priority first: the drivers', and those of the port. */
#define APIC_VECTOR_FIRST 0x30
#define APIC_VECTOR_LAST  0xef
#define APIC_VECTOR_TIMER 0xf0
#define APIC_VECTOR_KICK  0xf1
#define APIC_VECTOR_SPURIOUS 0xff
