/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one table of a CPU's page tables looks like. The walker that makes,
 * changes and removes mappings is core's (<core/pgtable.h>); it asks the port
 * to encode and decode entries and to flush. Stage 1 is the hypervisor's own
 * translation, stage 2 a guest's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <arch/types.h>
#include <libs/util.h>

enum pgtable_stage { PGTABLE_STAGE1, PGTABLE_STAGE2 };

/* Attributes of a mapping, the same for both stages. */
#define PG_READ	  BIT32(0)
#define PG_WRITE  BIT32(1)
#define PG_EXEC	  BIT32(2)
#define PG_DEVICE BIT32(3) /**< device memory, else normal write-back cacheable */
#define PG_NC	  BIT32(4) /**< normal non-cacheable */

/** Geometry: entry size is 8 bytes, a table is one page unless said so for the root. */
struct pgtable_format {
	unsigned levels;	  /**< number of levels, root is level 0 here */
	unsigned root_pages;	  /**< contiguous pages of the root (concatenated tables) */
	unsigned input_bits;	  /**< width of the input address */
	unsigned shift[5];	  /**< bit position of each level's index */
	bool leaf_ok[5];	  /**< a leaf (block) may stand at this level */
};

/** @return the geometry of a stage on this machine (after arch_cpu_early_init()). */
const struct pgtable_format *arch_pgtable_format(enum pgtable_stage stage);

/** Encode a leaf for @p level. pa is aligned to the level's size. */
uint64_t arch_pgtable_leaf(enum pgtable_stage s, unsigned level, hpa_t pa, uint32_t attr);
/** Encode a pointer to the next table. */
uint64_t arch_pgtable_table(enum pgtable_stage s, hpa_t table);
/** @return true for an entry that maps or points; an all-zero entry is invalid in each port. */
bool arch_pgtable_valid(uint64_t entry);
/** @return true when a valid entry at this level is a leaf. */
bool arch_pgtable_is_leaf(enum pgtable_stage s, unsigned level, uint64_t entry);
/** @return output address of a leaf or next table. */
hpa_t arch_pgtable_addr(enum pgtable_stage s, unsigned level, uint64_t entry);
/** @return PG_* attributes of a leaf. */
uint32_t arch_pgtable_attr(enum pgtable_stage s, uint64_t entry);

/** Make written entries visible to the table walkers. */
void arch_pgtable_sync(void);
/** Drop stage 1 translations of [va, va+size) on all CPUs. */
void arch_tlb_flush_va(va_t va, size_t size);
/**
 * Drop all translations of a guest on all CPUs. @param vmid_root what arch_guest_root() returned
 */
void arch_tlb_flush_guest(uint64_t vmid_root);
/** Drop stage 2 translations of [gpa, gpa+size) of a guest, combined ones included, on all CPUs. */
void arch_tlb_flush_gpa(uint64_t vmid_root, gpa_t gpa, uint64_t size);

/** Physical address of the stage 1 root made by the port's entry code. */
hpa_t arch_pgtable_root(void);
/**
 * The entry code has mapped [end of the image, this) in the direct map, by pages: 64 KiB or more,
 * up to a block boundary. Physical address.
 */
hpa_t arch_boot_mapped_end(void);

/** The hypervisor's address space as the port lays it out. */
#define VA_DIRECT_BASE arch_va_direct_base() /**< VA of physical address 0 in the direct map */
va_t arch_va_direct_base(void);
/** Range for mappings made on demand (stacks, devices). */
void arch_va_vmap_range(va_t *start, va_t *end);
/**
 * VA of the image's first byte; image VA - this + arch_image_range() start is its physical
 * address.
 */
va_t arch_va_image(void);
