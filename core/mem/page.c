/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages for the hypervisor and the direct map. A block enters the direct map when it is split for
 * hypervisor pages or when guest memory in it is first accessed, and leaves it when it is free
 * again.
 *
 * Mapping a block may itself need pages for tables; those come from a small reserve, which is
 * filled up again afterwards. host_pt_lock guards the tables and the reserve.
 */
#include <arch/barrier.h>
#include <arch/cache.h>
#include <arch/cpu.h>
#include <arch/pgtable.h>
#include <core/log.h>
#include <core/pgtable.h>
#include <libs/errno.h>
#include <libs/string.h>
#include "mem_priv.h"

#define RESERVE 4

spinlock_t host_pt_lock = SPINLOCK_INIT;
struct pgtable pgtable_host;

static void *reserve[RESERVE];
static unsigned nr_reserve;

static void *direct(hpa_t pa)
{
	return (void *)(uintptr_t)(VA_DIRECT_BASE + pa);
}

va_t mem_direct_base(void)
{
	return VA_DIRECT_BASE;
}

void *table_va(hpa_t pa)
{
	hpa_t start, end;

	arch_image_range(&start, &end);
	if (pa >= start && pa < end)
		return (void *)(uintptr_t)(arch_va_image() + (pa - start));
	return direct(pa);
}

hpa_t mem_va_to_hpa(const void *va)
{
	uintptr_t addr = (uintptr_t)va;
	hpa_t start, end, pa;

	arch_image_range(&start, &end);
	if (addr >= arch_va_image() && addr < arch_va_image() + (end - start))
		return start + (addr - arch_va_image());
	if (addr >= VA_DIRECT_BASE && frame_block_mapped(addr - VA_DIRECT_BASE))
		return addr - VA_DIRECT_BASE;
	return pgtable_lookup(&pgtable_host, addr, &pa, NULL, NULL) ? pa : 0;
}

/* Under the lock nothing goes away between look and access. */
int mem_access(uint64_t va, void *buf, size_t n, bool is_write)
{
	uint32_t want = is_write ? PG_READ | PG_WRITE : PG_READ, attr;
	unsigned long flags;
	int err = -EFAULT;

	if (va % PAGE_SIZE + n > PAGE_SIZE || va != (va_t)va)
		return -EFAULT;
	flags = spin_lock_irqsave(&host_pt_lock);
	if (pgtable_lookup(&pgtable_host, va, NULL, &attr, NULL) && (attr & want) == want &&
	    !(attr & PG_DEVICE)) {
		if (is_write)
			memcpy((void *)(va_t)va, buf, n);
		else
			memcpy(buf, (const void *)(va_t)va, n);
		err = 0;
	}
	spin_unlock_irqrestore(&host_pt_lock, flags);
	return err;
}

/* From what is mapped already, zeroed. */
static void *take_mapped(size_t pages)
{
	hpa_t pa = frame_take(pages, 0, FRAME_MAPPED);

	if (!pa)
		return NULL;
	arch_cache_zero(direct(pa), pages << PAGE_SHIFT);
	return direct(pa);
}

void *page_take(void)
{
	void *page = take_mapped(1);

	if (page)
		frame_count_own(1);
	return page;
}

void *page_alloc_table(void)
{
	void *page = take_mapped(1);

	/* In the middle of mapping a block: host_pt_lock is held then. */
	if (!page && nr_reserve)
		page = reserve[--nr_reserve];
	if (page)
		frame_count_own(1);
	return page;
}

static void reserve_fill(void)
{
	unsigned long flags = spin_lock_irqsave(&host_pt_lock);

	while (nr_reserve < RESERVE) {
		void *page = take_mapped(1);

		if (!page)
			break;
		reserve[nr_reserve++] = page;
	}
	spin_unlock_irqrestore(&host_pt_lock, flags);
	frame_refill_bitmaps();
}

/* Put the block that contains pa into the direct map, unless it is there. */
static bool map_block(hpa_t pa)
{
	unsigned long flags = spin_lock_irqsave(&host_pt_lock);
	hpa_t block = ALIGN_DOWN(pa, BLOCK_SIZE);
	bool ok = frame_block_mapped(pa);

	if (!ok) {
		int err = pgtable_map(&pgtable_host, VA_DIRECT_BASE + block, block, BLOCK_SIZE,
				      PG_READ | PG_WRITE);

		ok = !err;
		if (ok)
			frame_block_set_mapped(pa, true);
	}
	spin_unlock_irqrestore(&host_pt_lock, flags);
	return ok;
}

/*
 * Take a block out of the direct map, unless hypervisor pages are in it; of a free one, unless
 * somebody has taken it meanwhile. Who takes it after we have looked finds it unmapped, and waits
 * for the lock to map it again.
 */
static void unmap_block(hpa_t pa, bool is_free)
{
	unsigned long flags = spin_lock_irqsave(&host_pt_lock);
	hpa_t block = ALIGN_DOWN(pa, BLOCK_SIZE);

	if (frame_block_mapped(pa)) {
		frame_block_set_mapped(pa, false);
		arch_mb();
		if (is_free ? !frame_block_free(pa) : frame_block_split(pa)) {
			frame_block_set_mapped(pa, true);
		} else {
			pgtable_unmap(&pgtable_host, VA_DIRECT_BASE + block, BLOCK_SIZE);
			arch_tlb_flush_va(VA_DIRECT_BASE + block, PAGE_SIZE);
		}
	}
	spin_unlock_irqrestore(&host_pt_lock, flags);
}

static hpa_t alloc(size_t pages, uint64_t align, enum frame_use use)
{
	hpa_t pa;

	if (!pages)
		return 0;
	pa = frame_take(pages, align, use);
	/* Taken before looked at whether it is mapped: see unmap_block(). */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	frame_refill_bitmaps();
	return pa;
}

hpa_t frame_alloc(size_t pages, uint64_t align)
{
	return alloc(pages, align, FRAME_UNMAPPED);
}

hpa_t frame_alloc_guest(size_t pages, uint64_t align)
{
	return alloc(pages, align, FRAME_GUEST);
}

void frame_free(hpa_t start, size_t pages)
{
	hpa_t end = start + (pages << PAGE_SHIFT), pa;

	frame_put(start, pages);
	for (pa = start; pa < end; pa = ALIGN_DOWN(pa, BLOCK_SIZE) + BLOCK_SIZE)
		if (frame_block_mapped(pa) && frame_block_free(pa))
			unmap_block(pa, true);
}

void *mem_map_frames(hpa_t start, uint64_t size)
{
	hpa_t pa;

	for (pa = ALIGN_DOWN(start, BLOCK_SIZE); pa < start + size; pa += BLOCK_SIZE) {
		if (frame_block_mapped(pa))
			continue;
		if (!map_block(pa))
			return NULL;
		if (nr_reserve < RESERVE)
			reserve_fill();
	}
	return direct(start);
}

void mem_unmap_frames(hpa_t start, uint64_t size)
{
	hpa_t pa;

	for (pa = ALIGN_DOWN(start, BLOCK_SIZE); pa < start + size; pa += BLOCK_SIZE)
		unmap_block(pa, false);
}

/* A run as long as a block or longer: whole blocks of its own. */
static void *page_alloc_large(size_t pages)
{
	hpa_t pa = frame_alloc(pages, BLOCK_SIZE);
	void *va;

	if (!pa)
		return NULL;
	va = mem_map_frames(pa, pages << PAGE_SHIFT);
	if (!va) {
		frame_free(pa, pages);
		return NULL;
	}
	arch_cache_zero(va, pages << PAGE_SHIFT);
	return va;
}

void *page_alloc(size_t pages)
{
	void *va;

	if (pages >= BLOCK_SIZE / PAGE_SIZE) {
		va = page_alloc_large(pages);
	} else {
		va = take_mapped(pages);
		if (!va) {
			hpa_t block = frame_split_free_block();

			if (block && map_block(block))
				va = take_mapped(pages);
			/* That took a bitmap, and the next block needs one too. */
			frame_refill_bitmaps();
		}
	}
	if (nr_reserve < RESERVE)
		reserve_fill();
	if (va)
		frame_count_own((int64_t)pages);
	return va;
}

void page_free(void *va, size_t pages)
{
	if (!va)
		return;
	frame_count_own(-(int64_t)pages);
	frame_free((uintptr_t)va - VA_DIRECT_BASE, pages);
}

void page_note_blob(void)
{
	hpa_t blob = arch_boot_fdt(), pa;

	for (pa = blob; pa && pa < blob + BLOCK_SIZE; pa = ALIGN_DOWN(pa, BLOCK_SIZE) + BLOCK_SIZE)
		frame_block_set_mapped(pa, true);
}

/*
 * The first pages are behind the image: the entry code has put them into the direct map page by
 * page (the image's own pages must not be writable there), up to a block boundary; and the blocks
 * of the boot loader's blob, 2 MiB at most.
 */
void page_init(void)
{
	hpa_t start, end, pa;

	arch_image_range(&start, &end);
	pgtable_host.stage = PGTABLE_STAGE1;
	pgtable_host.root = arch_pgtable_root();
	pgtable_host.pages = 1;
	for (pa = end; pa < arch_boot_mapped_end(); pa = ALIGN_DOWN(pa, BLOCK_SIZE) + BLOCK_SIZE)
		frame_block_set_mapped(pa, true);
	page_note_blob();
	frame_count_own((int64_t)((end - start) >> PAGE_SHIFT));
	reserve_fill();
}
