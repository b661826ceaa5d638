/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of the guest in the world of interrupt controllers.
 */
#pragma once

#include <stdint.h>

#define VGIC_MEM      0x40000000ull
#define VGIC_MEM_SIZE 0x100000ull

/** Where it is; gpa is in it. */
uint8_t *vgic_mem(uint64_t gpa);
void vgic_mem_clear(void);
/** How often somebody let others run. */
unsigned vgic_yields(void);
