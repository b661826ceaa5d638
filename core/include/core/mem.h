/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical memory and the hypervisor's own address space.
 *
 * Frames are physical pages. RAM is managed in blocks of 2 MiB (one small record
 * each); a block that serves smaller requests is split and has a bitmap. A frame
 * is not visible to the hypervisor until mem_map_frames() put its block into the
 * direct map; pages for the hypervisor itself are, from the start.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <arch/types.h>
#include <libs/util.h>

/** Physical addresses from here on are outside the direct map and not used. */
#define MEM_PHYS_LIMIT (1ULL << 46)

/* --- frames ------------------------------------------------------------- */

/**
 * Take physically contiguous frames. Any context without the frame lock.
 * @param pages  how many pages
 * @param align  alignment in bytes, power of two, 0 or PAGE_SIZE for any
 * @return physical address, 0 when there is no such run
 */
hpa_t frame_alloc(size_t pages, uint64_t align);
/** The same for memory of a guest: the last free 2 MiB stay the hypervisor's, to go on with. */
hpa_t frame_alloc_guest(size_t pages, uint64_t align);
/**
 * Take a given physical range (a guest's `host_physical_addr`, a reservation).
 * @return 0, -EBUSY when part of it is in use, -ERANGE when it is no RAM of ours
 */
must_check int frame_reserve(hpa_t start, size_t pages);
/**
 * Give frames back; also a part of what was taken. Unmaps blocks that become free from the direct
 * map.
 */
void frame_free(hpa_t start, size_t pages);
/** Counts in pages. */
struct frame_stats {
	uint64_t total;	  /**< RAM known, reserved memory excluded */
	uint64_t free;
	uint64_t own; /**< used by the hypervisor itself: image, pages, heap, tables, bookkeeping */
	uint64_t largest; /**< longest free run */
};
void frame_stats_get(struct frame_stats *out);
/** Pages in use of the block of 2 MiB that contains pa; -ERANGE: it is no RAM of ours. */
int frame_block_used(hpa_t pa);

/* --- direct map ----------------------------------------------------------- */

/**
 * Make frames visible at their fixed address of the direct map.
 * Stays until the frames are freed. Thread or interrupt context.
 * @return the address of `start`, NULL when page tables cannot be had
 */
void *mem_map_frames(hpa_t start, uint64_t size);
/** Where physical address 0 is in the direct map. */
va_t mem_direct_base(void);
/** Take frames of guests out of the direct map again; parts of blocks that others use stay. */
void mem_unmap_frames(hpa_t start, uint64_t size);
/** Physical address of a direct-mapped, image or vmap address; 0: nothing is mapped there. */
hpa_t mem_va_to_hpa(const void *va);
/**
 * Read or write what is mapped as normal memory at any address that somebody may type.
 * @param va   an address; with its `n` bytes it must not cross a page
 * @return 0, or -EFAULT: it is not mapped so
 */
must_check int mem_access(uint64_t va, void *buf, size_t n, bool is_write);

/* --- pages for the hypervisor ---------------------------------------------- */

/**
 * Contiguous, direct-mapped, zeroed pages for the hypervisor's use. @return NULL when out of
 * memory
 */
void *page_alloc(size_t pages);
void page_free(void *va, size_t pages);

/* --- mappings on demand ------------------------------------------------------ */

/**
 * Map device registers. Thread context. Mappings of the same page are separate.
 * @return virtual address of pa (not only of its page), NULL when out of space or memory
 */
void *mem_map_device(hpa_t pa, uint64_t size);
/** As mem_map_device(), of memory such as a frame buffer: writes may be gathered, not cached. */
void *mem_map_buffer(hpa_t pa, uint64_t size);
void mem_unmap_device(void *va, uint64_t size);
/**
 * A stack of `size` bytes with an unmapped guard page below. @return its top, 0 when out of
 * memory
 */
va_t stack_alloc(size_t size);
void stack_free(va_t top, size_t size);
/** Is this address inside the guard page of some stack? (for the fault message) */
bool stack_guard_hit(va_t va);

/* --- heap ----------------------------------------------------------------------- */

/** Memory from the growing heap, 16-byte aligned. Any context. @return NULL when out of memory */
void *heap_alloc(size_t size);
/** The same, zeroed. */
void *heap_zalloc(size_t size);
/** n * size, zeroed, NULL on overflow. */
void *heap_calloc(size_t n, size_t size);
void *heap_realloc(void *old, size_t size);
char *heap_strdup(const char *s);
/** Free; NULL is allowed. */
void heap_free(void *p);
struct heap_stats {
	uint64_t pages;	 /**< pages that the heap holds */
	uint64_t used;	 /**< bytes handed out, rounded to size classes */
	uint64_t allocs; /**< blocks handed out and not freed */
};
void heap_stats_get(struct heap_stats *out);

/* --- the host's address map ------------------------------------------------------- */

/** Is [pa, pa+size) wholly inside RAM of the host's device tree? */
bool mem_is_ram(hpa_t pa, uint64_t size);
/** Iterate memory nodes' ranges: @return false past the end. */
bool mem_ram_range(unsigned n, hpa_t *start, uint64_t *size);
/** Boot: read memory nodes and reservations of the boot loader's blob, build the allocators. */
void mem_init(const void *fdt);
