/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mappings of the time before the allocators: the direct map behind the image, a window to what
 * boot loader and firmware left, and a few device pages. Only the boot CPU, in boot_start() and
 * arch_cpu_init(). core's walker takes the tables over later (pgtable_host).
 */
#include <arch/cpu.h>
#include <arch/pgtable.h>
#include <libs/util.h>
#include <port/asm.h>
#include <port/boot.h>
#include "../host/paging.h"

#define POOL_PAGES   24
#define DEVICE_PAGES 4
#define WINDOW_TOP   (512ULL << 30) /* one entry of the root */

extern char _image_start[], _end[];
extern uint64_t boot_pml4[512];

static uint64_t pool[POOL_PAGES][512] aligned_to(4096) in_section(".bss.pages");
static unsigned pool_used, devices;
static hpa_t direct_end;

static uint64_t *table_va_of(uint64_t entry)
{
	return (uint64_t *)(uintptr_t)((entry & PTE_ADDR) - LOAD_ADDRESS + VA_IMAGE_BASE);
}

/* The table below table[index], made if it is not there. */
static uint64_t *below(uint64_t *table, unsigned index)
{
	if (!(table[index] & PTE_P)) {
		if (pool_used == POOL_PAGES)
			return NULL;
		table[index] = image_pa(pool[pool_used++]) | PTE_P | PTE_W | PTE_A;
	}
	return table_va_of(table[index]);
}

/* One page, or one block of 2 MiB; both are aligned to that. */
static bool map_one(uint64_t va, hpa_t pa, bool block, uint64_t bits)
{
	uint64_t *table = below(boot_pml4, (va >> 39) & 511);

	table = table ? below(table, (va >> 30) & 511) : NULL;
	if (table && block) {
		table[(va >> 21) & 511] = pa | bits | PTE_PS;
		return true;
	}
	table = table ? below(table, (va >> 21) & 511) : NULL;
	if (!table)
		return false;
	table[(va >> 12) & 511] = pa | bits;
	return true;
}

void *early_map_device(hpa_t pa)
{
	uint64_t va = VA_VMAP_END - BLOCK_SIZE + devices * PAGE_SIZE;

	if (devices == DEVICE_PAGES ||
	    !map_one(va, pa & PAGE_MASK, false, page_bits(PG_READ | PG_WRITE | PG_DEVICE)))
		return NULL;
	devices++;
	return (void *)(uintptr_t)(va + (pa & ~PAGE_MASK));
}

/* [pa, pa + size) in the window. @return its address, NULL when it does not fit */
static void *see(hpa_t pa, uint64_t size, uint32_t attr)
{
	hpa_t block;

	if (pa >= WINDOW_TOP || size > WINDOW_TOP - pa)
		return NULL;
	for (block = ALIGN_DOWN(pa, BLOCK_SIZE); block < pa + size; block += BLOCK_SIZE)
		if (!map_one(VA_WINDOW + block, block, true, page_bits(attr)))
			return NULL;
	return (void *)(uintptr_t)(VA_WINDOW + pa);
}

const void *early_peek(hpa_t pa, uint64_t size)
{
	return see(pa, size, PG_READ);
}

void *early_map_buffer(hpa_t pa, uint64_t size)
{
	return see(pa, size, PG_READ | PG_WRITE | PG_NC);
}

void early_peek_end(void)
{
	/* Tables of the window are not used again: they are few. */
	boot_pml4[(VA_WINDOW >> 39) & 511] = 0;
	write_cr4(read_cr4() & ~(uint64_t)CR4_PGE);
	write_cr4(read_cr4() | CR4_PGE);
}

void early_map_direct(hpa_t end)
{
	hpa_t pa = image_pa(_end);
	bool block;

	direct_end = end;
	for (; pa < end; pa += block ? BLOCK_SIZE : PAGE_SIZE) {
		/* By pages at first: the image's own pages in the same block must not be here. */
		block = IS_ALIGNED(pa, BLOCK_SIZE);
		if (!map_one(VA_DIRECT + pa, pa, block, page_bits(PG_READ | PG_WRITE))) {
			direct_end = ALIGN_DOWN(pa, BLOCK_SIZE);
			return;
		}
	}
}

/* --- the contract --------------------------------------------------------------------------- */

hpa_t arch_boot_mapped_end(void)
{
	return direct_end;
}

hpa_t arch_pgtable_root(void)
{
	return image_pa(boot_pml4);
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
	*end = VA_VMAP_END - BLOCK_SIZE; /* early_map_device()'s */
}

/* The tree that we make ourselves is in the image: nothing of a boot loader is to be kept. */
hpa_t arch_boot_fdt(void)
{
	return 0;
}

void arch_image_range(hpa_t *start, hpa_t *end)
{
	*start = LOAD_ADDRESS;
	*end = LOAD_ADDRESS + (uint64_t)(_end - _image_start);
}
