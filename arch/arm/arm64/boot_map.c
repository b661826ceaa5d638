/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The first page tables, built before translation is on: the image with its permissions (W^X),
 * the page that switches translation on at its physical address, the device tree blob, and a slot
 * for the early console. core's walker takes the tables over later (pgtable_host).
 *
 * boot_map() and what it calls run at physical addresses on strongly ordered memory: no static
 * data with pointers, no function pointers.
 */
#include <stddef.h>
#include <arch/cpu.h>
#include <arch/pgtable.h>
#include <libs/util.h>
#include <port/boot.h>
#include "boot_map.h"
#include "../common/lpae.h"

#define POOL_PAGES 20

uint64_t boot_fdt_pa;
uint64_t boot_load_pa;
uint64_t boot_el;

static uint64_t pool[POOL_PAGES][512] aligned_to(4096) in_section(".bss.pages");
static unsigned pool_used;
static uint64_t boot_root;

extern char _image_start[], _text_end[], _rodata_end[], _end[];

static uint64_t *table_new(void)
{
	return pool_used < POOL_PAGES ? pool[pool_used++] : NULL;
}

/* The table below entry index of table, made if it is not there. Addresses are physical. */
static uint64_t *table_below(uint64_t *table, unsigned index)
{
	uint64_t *below;

	if (table[index] & LPAE_VALID)
		return (uint64_t *)(uintptr_t)(table[index] & LPAE_ADDR_MASK);
	below = table_new();
	if (below)
		table[index] = (uintptr_t)below | LPAE_VALID | LPAE_TABLE;
	return below;
}

static void map_any(uint64_t *root, uint64_t va, uint64_t pa, uint64_t size, uint64_t leaf,
		    bool blocks)
{
	while (size && root) {
		uint64_t *table = table_below(root, (va >> 39) & 511);
		uint64_t step = BLOCK_SIZE;

		table = table ? table_below(table, (va >> 30) & 511) : NULL;
		if (table && blocks && ((va | pa) & (BLOCK_SIZE - 1)) == 0 && size >= BLOCK_SIZE) {
			table[(va >> 21) & 511] = pa | (leaf & ~LPAE_TABLE);
		} else {
			table = table ? table_below(table, (va >> 21) & 511) : NULL;
			step = PAGE_SIZE;
			if (table)
				table[(va >> 12) & 511] = pa | leaf;
		}
		if (!table)
			return;
		va += step;
		pa += step;
		size -= MIN(size, step);
	}
}

static void map_pages(uint64_t *root, uint64_t va, uint64_t pa, uint64_t size, uint64_t leaf)
{
	map_any(root, va, pa, size, leaf, false);
}

static void map(uint64_t *root, uint64_t va, uint64_t pa, uint64_t size, uint64_t leaf)
{
	map_any(root, va, pa, size, leaf, true);
}

static uint64_t boot_mapped_end(uint64_t image_end)
{
	return ALIGN_UP(image_end + 64 * KIB, BLOCK_SIZE);
}

/* Leaf attributes for the level that runs: at EL1 (message only) AP[1] would give EL0 access. */
static uint64_t leaf_bits(uint32_t attr)
{
	uint64_t leaf = lpae_stage1_bits(attr);

	if (boot_el == 1) {
		leaf &= ~LPAE_S1_AP1;
		if (!(attr & PG_EXEC))
			leaf |= LPAE_S1_PXN;
	}
	return leaf | LPAE_TABLE;
}

uint64_t boot_map(uint64_t load, uint64_t fdt)
{
	/* Addresses of symbols are relative to the PC, so they are physical here. */
	uint64_t text = (uintptr_t)_image_start, text_end = (uintptr_t)_text_end;
	uint64_t rodata_end = (uintptr_t)_rodata_end, end = (uintptr_t)_end;
	uint64_t *root = table_new();
	uint64_t block;

	map(root, VA_IMAGE_BASE, text, text_end - text, leaf_bits(PG_READ | PG_EXEC));
	map(root, VA_IMAGE_BASE + (text_end - text), text_end, rodata_end - text_end,
	    leaf_bits(PG_READ));
	map(root, VA_IMAGE_BASE + (rodata_end - text), rodata_end, end - rodata_end,
	    leaf_bits(PG_READ | PG_WRITE));
	map(root, text, text, PAGE_SIZE, leaf_bits(PG_READ | PG_EXEC)); /* .idmap.text is there */
	/* By pages: the image's own pages in the same block must not be writable there. */
	map_pages(root, VA_DIRECT + end, end, boot_mapped_end(end) - end,
		  leaf_bits(PG_READ | PG_WRITE));
	/* At most 2 MiB (booting.rst), maybe across a block boundary. */
	for (block = ALIGN_DOWN(fdt, BLOCK_SIZE); fdt && block < fdt + BLOCK_SIZE;
	     block += BLOCK_SIZE)
		if ((block < text || block >= boot_mapped_end(end)) && block < DIRECT_LIMIT)
			map(root, VA_DIRECT + block, block, BLOCK_SIZE,
			    leaf_bits(PG_READ | PG_WRITE));
	boot_root = (uintptr_t)root;
	return boot_root;
}

hpa_t arch_boot_mapped_end(void)
{
	hpa_t start, end;

	arch_image_range(&start, &end);
	return boot_mapped_end(end);
}

hpa_t arch_pgtable_root(void)
{
	return boot_root;
}

void *arch_early_map_device(hpa_t pa)
{
	uint64_t delta = (uintptr_t)_image_start - boot_load_pa; /* virtual minus physical */
	uint64_t va = VA_VMAP_END - BLOCK_SIZE;
	uint64_t *table = (uint64_t *)(uintptr_t)(boot_root + delta);
	unsigned shift;

	/* The walk of map(), with tables at their virtual addresses now. */
	for (shift = 39; shift > 12; shift -= 9) {
		unsigned index = (va >> shift) & 511;

		if (!(table[index] & LPAE_VALID)) {
			uint64_t *below = table_new();

			if (!below)
				return NULL;
			table[index] = ((uintptr_t)below - delta) | LPAE_VALID | LPAE_TABLE;
		}
		table = (uint64_t *)(uintptr_t)((table[index] & LPAE_ADDR_MASK) + delta);
	}
	table[(va >> 12) & 511] = (pa & PAGE_MASK) | leaf_bits(PG_READ | PG_WRITE | PG_DEVICE);
	arch_pgtable_sync();
	return (void *)(uintptr_t)(va + (pa & ~PAGE_MASK));
}

va_t arch_va_direct_base(void)
{
	return VA_DIRECT;
}

va_t arch_va_image(void)
{
	return VA_IMAGE_BASE;
}

void arch_va_vmap_range(va_t *start, va_t *end)
{
	*start = VA_VMAP_BASE;
	*end = VA_VMAP_END - BLOCK_SIZE; /* the early console's */
}

hpa_t arch_boot_fdt(void)
{
	return boot_fdt_pa;
}

void arch_image_range(hpa_t *start, hpa_t *end)
{
	*start = boot_load_pa;
	*end = boot_load_pa + (uint64_t)(_end - _image_start);
}
