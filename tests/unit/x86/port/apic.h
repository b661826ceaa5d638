/* SPDX-License-Identifier: GPL-2.0-only */
/* What arch/x86/include/port/apic.h has without instructions. */
#pragma once

#include <stdint.h>

#define APIC_VECTOR_TIMER    0xf0
#define APIC_VECTOR_KICK     0xf1
#define APIC_VECTOR_SPURIOUS 0xff

void apic_eoi(void);
void apic_send(unsigned cpu, uint8_t vector);
void apic_send_self(uint8_t vector);
uint32_t apic_id_of(unsigned cpu);
