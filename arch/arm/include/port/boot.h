/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the entry code, which runs before translation is on, and the rest of the port.
 */
#pragma once

#ifndef __ASSEMBLY__
#include <stdint.h>
#include <arch/types.h>
#endif

/* Address space of EL2 (48 bits, one half): see docs/design.md. */
#define VA_IMAGE_BASE	0x800000000000 /* the image, wherever it was loaded */
#define VA_VMAP_BASE	0x808000000000 /* mappings on demand: 512 GiB */
#define VA_VMAP_END	0x810000000000
#define VA_DIRECT	0xc00000000000 /* physical address 0; 64 TiB */
#define DIRECT_LIMIT	0x400000000000 /* physical addresses beyond this are not used */

#define BOOT_STACK_SIZE 8192

#ifndef __ASSEMBLY__
/** What the entry code leaves for C. */
extern uint64_t boot_fdt_pa;  /**< x0 at entry */
extern uint64_t boot_load_pa; /**< physical address of _start */
extern uint64_t boot_el;      /**< exception level at entry */

/**
 * Map one device page at a fixed place, before the memory allocators are there.
 * @return its address; the mapping stays
 */
void *arch_early_map_device(hpa_t pa);

/** Tell the early console where the UART is. Before that arch_early_puts() is silent. */
void early_uart_init(const void *fdt);
#endif
