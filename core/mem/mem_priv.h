/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the files of core/mem.
 *
 * Locks, in this order: host_pt_lock (the hypervisor's own tables), frame_lock (blocks). Both are
 * taken with IRQs masked.
 */
#pragma once

#include <core/mem.h>
#include <core/spinlock.h>

/** Guards pgtable_host; see page.c. */
extern spinlock_t host_pt_lock;

/** What frame_take() may use. */
enum frame_use {
	FRAME_UNMAPPED, /**< rather not from blocks in the direct map */
	FRAME_GUEST,	/**< the same, and a whole block stays free for the hypervisor */
	FRAME_MAPPED,	/**< only from split blocks in the direct map */
};

/** Add a range of RAM; boot only. @param blocks  records for it, zeroed, frame_blocks() of them */
struct frame_block;
void frame_add_zone(hpa_t start, uint64_t size, struct frame_block *blocks);
/** Number of block records a range needs, and the bytes they take. */
size_t frame_zone_bytes(hpa_t start, uint64_t size);
/** Take frames without changing any mapping. @return 0 when there are none */
hpa_t frame_take(size_t pages, uint64_t align, enum frame_use use);
/** Mark frames as used at boot; parts that are not RAM are ignored. */
void frame_take_range(hpa_t start, hpa_t end);
/** Split a whole free block for hypervisor pages. @return its address, 0 when there is none */
hpa_t frame_split_free_block(void);
/** State of the direct map for the block that contains pa. */
bool frame_block_mapped(hpa_t pa);
void frame_block_set_mapped(hpa_t pa, bool mapped);
/** Is the block that contains pa free as a whole? */
bool frame_block_free(hpa_t pa);
/** Does it serve requests smaller than itself? */
bool frame_block_split(hpa_t pa);
/** Return frames to the bitmap. */
void frame_put(hpa_t start, size_t pages);
/** Count pages as the hypervisor's own. */
void frame_count_own(int64_t pages);

/** A page of the hypervisor from blocks that are in the direct map already; NULL: none is left. */
void *page_take(void);
/** A page for a page table: never grows the direct map (that is what needs tables). */
void *page_alloc_table(void);
/** Boot: first pages, before mem_init() is done. */
void page_init(void);
/**
 * Boot: the blocks of the boot loader's blob are in the direct map, as far as they are in a zone.
 */
void page_note_blob(void);
/** Virtual address of a page table page. */
void *table_va(hpa_t pa);
/** Keep bitmaps in store so that freeing never lacks one; called outside of locks. */
void frame_refill_bitmaps(void);
