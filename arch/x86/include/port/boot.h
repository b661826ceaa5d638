/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the entry code, which runs before the image is at its addresses, and the rest of the
 * port.
 */
#pragma once

#ifndef __ASSEMBLY__
#include <stdbool.h>
#include <stdint.h>
#include <arch/types.h>
#endif

/* Address space of the hypervisor (lower half, 47 bits): see docs/design.md. */
#define VA_IMAGE_BASE 0x40000000     /* the image: below 2 GiB, so that addresses have 32 bits */
#define VA_VMAP_BASE  0x008000000000 /* mappings on demand: 512 GiB */
#define VA_VMAP_END   0x010000000000
#define VA_WINDOW     0x020000000000 /* what the boot loader left, while it is read at boot */
#define VA_DIRECT     0x400000000000 /* physical address 0; 64 TiB */
#define DIRECT_LIMIT  0x400000000000

/* Where the image is put, and how far above its physical addresses what unpacks it is linked. */
#define LOAD_ADDRESS 0x200000
#define UNPACK_BASE  0x40000000

#define BOOT_STACK_SIZE 8192

#ifndef __ASSEMBLY__
/** What the entry code leaves for C: EAX and EBX at entry. */
extern uint32_t boot_magic, boot_info;

/** Physical address of something in the image. */
static inline hpa_t image_pa(const void *va)
{
	return (uintptr_t)va - VA_IMAGE_BASE + LOAD_ADDRESS;
}

/**
 * Map one device page at a fixed place, before the memory allocators are there.
 * @return its address; the mapping stays
 */
void *early_map_device(hpa_t pa);
/**
 * See physical memory that the boot loader or firmware left, read-only, while the image starts.
 * @return NULL when it lies beyond what can be seen
 */
const void *early_peek(hpa_t pa, uint64_t size);
/**
 * Write a frame buffer while the image starts.
 * @return NULL when it lies beyond what can be reached
 */
void *early_map_buffer(hpa_t pa, uint64_t size);
/** No such views any more. */
void early_peek_end(void);
/** Put [end of the image, end) into the direct map. */
void early_map_direct(hpa_t end);

/** Early console: COM1, if it is there. */
void early_console_init(void);
#endif
