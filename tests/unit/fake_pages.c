/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * core's pages over malloc(), counted with the blocks of fake_heap.c, and as much free memory as a
 * test says.
 */
#include "fake.h"

#include <stdlib.h>
#include <string.h>

#include <core/mem.h>

static uint64_t free_pages = 1 << 16;

void fake_pages_free(uint64_t pages)
{
	free_pages = pages;
}

void *page_alloc(size_t pages)
{
	return heap_zalloc(pages * PAGE_SIZE);
}

void page_free(void *va, size_t pages)
{
	heap_free(va);
}

void frame_stats_get(struct frame_stats *out)
{
	*out = (struct frame_stats){ .total = 1 << 16, .free = free_pages, .largest = free_pages };
}
