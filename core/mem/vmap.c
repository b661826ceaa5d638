/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mappings on demand: stacks with guard pages and device registers. The used parts of the range
 * are a list sorted by address; vmap_lock guards it.
 */
#include <arch/cpu.h>
#include <core/log.h>
#include <core/pgtable.h>
#include <libs/list.h>
#include <libs/util.h>
#include "mem_priv.h"

struct vrange {
	struct list link;
	va_t start, end;
	size_t guard; /* bytes at the start that are never mapped */
};

static spinlock_t vmap_lock = SPINLOCK_INIT;
static struct list used = LIST_INIT(used);

/* Reserve addresses: the lowest gap that is large enough. */
static struct vrange *vrange_take(size_t size, size_t align)
{
	struct vrange *r = heap_zalloc(sizeof(*r)), *at;
	unsigned long flags;
	va_t start, end;

	if (!r)
		return NULL;
	arch_va_vmap_range(&start, &end);
	flags = spin_lock_irqsave(&vmap_lock);
	start = ALIGN_UP(start, align);
	list_for_each_entry(at, &used, link) {
		if (at->start >= start + size)
			break;
		start = ALIGN_UP(MAX(start, at->end), align);
	}
	if (start + size > end) {
		spin_unlock_irqrestore(&vmap_lock, flags);
		heap_free(r);
		return NULL;
	}
	r->start = start;
	r->end = start + size;
	list_add_before(&at->link, &r->link);
	spin_unlock_irqrestore(&vmap_lock, flags);
	return r;
}

/* The range that contains va; the caller owns it, or only looks at where it is. */
static struct vrange *vrange_of(va_t va)
{
	unsigned long flags = spin_lock_irqsave(&vmap_lock);
	struct vrange *at, *found = NULL;

	list_for_each_entry(at, &used, link) {
		if (va >= at->start && va < at->end) {
			found = at;
			break;
		}
	}
	spin_unlock_irqrestore(&vmap_lock, flags);
	return found;
}

static void vrange_put(struct vrange *r)
{
	unsigned long flags = spin_lock_irqsave(&vmap_lock);

	list_del(&r->link);
	spin_unlock_irqrestore(&vmap_lock, flags);
	heap_free(r);
}

static int host_map(va_t va, hpa_t pa, size_t size, uint32_t attr)
{
	unsigned long flags = spin_lock_irqsave(&host_pt_lock);
	int err = pgtable_map(&pgtable_host, va, pa, size, attr);

	spin_unlock_irqrestore(&host_pt_lock, flags);
	return err;
}

static void host_unmap(va_t va, size_t size)
{
	unsigned long flags = spin_lock_irqsave(&host_pt_lock);
	void *tables;

	pgtable_unmap(&pgtable_host, va, size);
	tables = pgtable_prune(&pgtable_host, va, size);
	arch_tlb_flush_va(va, size);
	spin_unlock_irqrestore(&host_pt_lock, flags);
	pgtable_free_pruned(tables);
}

static void *map_registers(hpa_t pa, uint64_t size, uint32_t attr)
{
	hpa_t first = ALIGN_DOWN(pa, PAGE_SIZE);
	size_t bytes = ALIGN_UP(pa + size, PAGE_SIZE) - first;
	/* whole blocks take one entry each */
	bool blocks = IS_ALIGNED(first | bytes, BLOCK_SIZE);
	struct vrange *r = vrange_take(bytes, blocks ? BLOCK_SIZE : PAGE_SIZE);

	if (!r)
		return NULL;
	if (host_map(r->start, first, bytes, PG_READ | PG_WRITE | attr)) {
		vrange_put(r);
		return NULL;
	}
	return (void *)(r->start + (pa - first));
}

void *mem_map_device(hpa_t pa, uint64_t size)
{
	return map_registers(pa, size, PG_DEVICE);
}

void *mem_map_buffer(hpa_t pa, uint64_t size)
{
	return map_registers(pa, size, PG_NC);
}

void mem_unmap_device(void *va, uint64_t size)
{
	struct vrange *r = vrange_of((va_t)va);

	if (!r)
		return;
	host_unmap(r->start, r->end - r->start);
	vrange_put(r);
}

/* A slot is twice the stack: guard below, stack above (the port's overflow test relies on it). */
va_t stack_alloc(size_t size)
{
	struct vrange *r = vrange_take(2 * size, 2 * size);
	void *pages;

	if (!r)
		return 0;
	pages = page_alloc(size / PAGE_SIZE);
	if (!pages || host_map(r->start + size, mem_va_to_hpa(pages), size, PG_READ | PG_WRITE)) {
		page_free(pages, size / PAGE_SIZE);
		vrange_put(r);
		return 0;
	}
	r->guard = size;
	return r->end;
}

void stack_free(va_t top, size_t size)
{
	struct vrange *r = vrange_of(top - 1);
	hpa_t pa = mem_va_to_hpa((void *)(top - size));

	host_unmap(top - size, size);
	page_free((void *)(uintptr_t)(VA_DIRECT_BASE + pa), size / PAGE_SIZE);
	vrange_put(r);
}

/* For a CPU that is dying of it, maybe with the lock held: a try. */
bool stack_guard_hit(va_t va)
{
	struct vrange *at;
	bool hit = false;

	if (!spin_trylock(&vmap_lock))
		return false;
	list_for_each_entry(at, &used, link)
		if (va >= at->start && va < at->start + at->guard)
			hit = true;
	spin_unlock(&vmap_lock);
	return hit;
}
