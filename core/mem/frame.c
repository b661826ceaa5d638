/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames: RAM as an array of block records of 2 MiB each, per zone. A block is free as a whole,
 * taken as a whole, or split into pages with a bitmap. frame_lock guards it all.
 */
#include <core/log.h>
#include <libs/bits.h>
#include <libs/errno.h>
#include <libs/string.h>
#include "mem_priv.h"

#define BLOCK_PAGES (BLOCK_SIZE / PAGE_SIZE)
#define BITMAP_WORDS (BLOCK_PAGES / 64)
#define ZONES_MAX 16

enum block_state { BLOCK_FREE, BLOCK_WHOLE, BLOCK_SPLIT };

struct page_bitmap {
	uint64_t used[BITMAP_WORDS]; /* as a free one: used[0] links to the next */
};

struct frame_block {
	struct page_bitmap *bitmap; /* BLOCK_SPLIT */
	uint16_t free;		    /* pages, BLOCK_SPLIT */
	uint8_t state;
	bool mapped;		    /* in the direct map (page.c) */
};

struct zone {
	hpa_t base; /* of block 0 */
	size_t count;
	struct frame_block *blocks;
};

static struct zone zones[ZONES_MAX];
static unsigned nr_zones;
static spinlock_t frame_lock = SPINLOCK_INIT;
static uint64_t pages_total, pages_free;
static int64_t pages_own;

/* Bitmaps of split blocks: the first ones are in the image, more come a page at a time. */
static struct page_bitmap first_bitmaps[16];
static struct page_bitmap *free_bitmaps;
static unsigned nr_free_bitmaps;

static void bitmaps_add(struct page_bitmap *b, size_t n)
{
	while (n--) {
		b[n].used[0] = (uintptr_t)free_bitmaps;
		free_bitmaps = &b[n];
		nr_free_bitmaps++;
	}
}

static struct page_bitmap *bitmap_take(void)
{
	struct page_bitmap *b = free_bitmaps;

	if (b) {
		free_bitmaps = (struct page_bitmap *)(uintptr_t)b->used[0];
		nr_free_bitmaps--;
		memset(b, 0, sizeof(*b));
	}
	return b;
}

static struct frame_block *block_of(hpa_t pa)
{
	unsigned i;

	for (i = 0; i < nr_zones; i++)
		if (pa >= zones[i].base && (pa - zones[i].base) >> BLOCK_SHIFT < zones[i].count)
			return &zones[i].blocks[(pa - zones[i].base) >> BLOCK_SHIFT];
	return NULL;
}

static bool page_used(const struct frame_block *b, size_t page)
{
	return b->bitmap->used[page / 64] & BIT(page % 64);
}

static void page_mark(struct frame_block *b, size_t page, bool used)
{
	if (used)
		b->bitmap->used[page / 64] |= BIT(page % 64);
	else
		b->bitmap->used[page / 64] &= ~BIT(page % 64);
	b->free += used ? -1 : 1;
}

static bool block_split(struct frame_block *b, bool used)
{
	struct page_bitmap *bitmap = bitmap_take();

	if (!bitmap)
		return false;
	b->bitmap = bitmap;
	b->free = used ? 0 : BLOCK_PAGES;
	if (used)
		memset(bitmap, 0xff, sizeof(*bitmap));
	b->state = BLOCK_SPLIT;
	return true;
}

static void block_join(struct frame_block *b, enum block_state state)
{
	bitmaps_add(b->bitmap, 1);
	b->bitmap = NULL;
	b->state = state;
}

size_t frame_zone_bytes(hpa_t start, uint64_t size)
{
	hpa_t end = ALIGN_UP(start + size, BLOCK_SIZE);

	return ((end - ALIGN_DOWN(start, BLOCK_SIZE)) >> BLOCK_SHIFT) * sizeof(struct frame_block);
}

void frame_add_zone(hpa_t start, uint64_t size, struct frame_block *blocks)
{
	struct zone *z = &zones[nr_zones];
	hpa_t end = start + size;

	if (nr_zones == ZONES_MAX) {
		log_warn("more than %u ranges of RAM: 0x%llx is not used", ZONES_MAX,
			 (unsigned long long)start);
		return;
	}
	if (!nr_zones)
		bitmaps_add(first_bitmaps, ARRAY_SIZE(first_bitmaps));
	z->base = ALIGN_DOWN(start, BLOCK_SIZE);
	z->count = (ALIGN_UP(end, BLOCK_SIZE) - z->base) >> BLOCK_SHIFT;
	z->blocks = blocks;
	nr_zones++;
	pages_total += z->count * BLOCK_PAGES;
	pages_free += z->count * BLOCK_PAGES;
	/* The edges of the range that are not whole blocks. */
	frame_take_range(z->base, start);
	frame_take_range(end, z->base + z->count * BLOCK_SIZE);
	pages_total -= (start - z->base + z->base + z->count * BLOCK_SIZE - end) >> PAGE_SHIFT;
}

static bool range_mark(struct frame_block *b, size_t first, size_t n)
{
	size_t i;

	if (b->state == BLOCK_WHOLE)
		return true;
	if (n == BLOCK_PAGES && b->state == BLOCK_FREE) {
		b->state = BLOCK_WHOLE;
		pages_free -= n;
		return true;
	}
	if (b->state == BLOCK_FREE && !block_split(b, false))
		return false;
	for (i = first; i < first + n; i++) {
		if (!page_used(b, i)) {
			page_mark(b, i, true);
			pages_free--;
		}
	}
	return true;
}

void frame_take_range(hpa_t start, hpa_t end)
{
	unsigned long flags = spin_lock_irqsave(&frame_lock);
	hpa_t pa;

	end = ALIGN_UP(end, PAGE_SIZE);
	for (pa = ALIGN_DOWN(start, PAGE_SIZE); pa < end;) {
		struct frame_block *b = block_of(pa);
		hpa_t next = MIN(ALIGN_DOWN(pa, BLOCK_SIZE) + BLOCK_SIZE, end);

		/* Without a bitmap left a block is given up as a whole: safe, and never seen. */
		if (b && !range_mark(b, (pa & (BLOCK_SIZE - 1)) >> PAGE_SHIFT,
				     (next - pa) >> PAGE_SHIFT)) {
			b->state = BLOCK_WHOLE;
			pages_free -= BLOCK_PAGES;
		}
		pa = next;
	}
	spin_unlock_irqrestore(&frame_lock, flags);
}

/* First page of a free run in a split block, or BLOCK_PAGES. */
static size_t find_run(const struct frame_block *b, size_t pages, size_t align)
{
	size_t at = 0, i;

	while (at + pages <= BLOCK_PAGES) {
		if (b->bitmap->used[at / 64] == ~0ULL) {
			at = ALIGN_UP((at / 64 + 1) * 64, align);
			continue;
		}
		for (i = 0; i < pages && !page_used(b, at + i); i++)
			;
		if (i == pages)
			return at;
		at = ALIGN_UP(at + i + 1, align);
	}
	return BLOCK_PAGES;
}

static hpa_t take_from(struct zone *z, struct frame_block *b, size_t pages, size_t align)
{
	size_t at, i;

	if (b->free < pages)
		return 0;
	at = find_run(b, pages, align);
	if (at == BLOCK_PAGES)
		return 0;
	for (i = 0; i < pages; i++)
		page_mark(b, at + i, true);
	pages_free -= pages;
	return z->base + ((hpa_t)(b - z->blocks) << BLOCK_SHIFT) + (at << PAGE_SHIFT);
}

/* Less than a block: out of a split one, the wanted kind first. */
static hpa_t take_small(size_t pages, size_t align, bool mapped)
{
	unsigned i;
	size_t n;
	hpa_t pa;

	for (i = 0; i < nr_zones; i++) {
		struct zone *z = &zones[i];

		for (n = 0; n < z->count; n++) {
			struct frame_block *b = &z->blocks[n];

			if (b->state != BLOCK_SPLIT || b->mapped != mapped)
				continue;
			pa = take_from(z, b, pages, align);
			if (pa)
				return pa;
		}
	}
	return 0;
}

/* A run of whole free blocks, from the top of memory so that the low end stays in one piece. */
static hpa_t take_blocks(size_t count, uint64_t align)
{
	unsigned i;

	for (i = nr_zones; i-- > 0;) {
		struct zone *z = &zones[i];
		size_t run = 0, n, k;

		for (n = z->count; n-- > 0;) {
			hpa_t pa = z->base + ((hpa_t)n << BLOCK_SHIFT);

			run = z->blocks[n].state == BLOCK_FREE && pa ? run + 1 : 0;
			if (run < count || !IS_ALIGNED(pa, align))
				continue;
			for (k = n; k < n + count; k++)
				z->blocks[k].state = BLOCK_WHOLE;
			pages_free -= count * BLOCK_PAGES;
			return pa;
		}
	}
	return 0;
}

static hpa_t take_split(size_t pages, size_t align)
{
	hpa_t pa = take_blocks(1, BLOCK_SIZE);
	struct frame_block *b = pa ? block_of(pa) : NULL;
	size_t i;

	if (!b)
		return 0;
	if (!block_split(b, true)) {
		b->state = BLOCK_FREE;
		pages_free += BLOCK_PAGES;
		return 0;
	}
	for (i = pages; i < BLOCK_PAGES; i++)
		page_mark(b, i, false);
	pages_free += BLOCK_PAGES - pages;
	return pa;
}

/* Parts of a block where that is enough, else whole ones. Lock held. @return 0 for none */
static hpa_t take_any(size_t pages, uint64_t align, bool mapped)
{
	size_t align_pages = align > PAGE_SIZE ? align >> PAGE_SHIFT : 1;
	hpa_t pa;

	if (pages >= BLOCK_PAGES || align >= BLOCK_SIZE)
		return mapped ? 0 : take_blocks(DIV_ROUND_UP(pages, BLOCK_PAGES),
						MAX(align, BLOCK_SIZE));
	if (mapped)
		return take_small(pages, align_pages, true);
	pa = take_small(pages, align_pages, false);
	if (!pa)
		pa = take_split(pages, align_pages);
	return pa ? pa : take_small(pages, align_pages, true);
}

hpa_t frame_take(size_t pages, uint64_t align, enum frame_use use)
{
	unsigned long flags = spin_lock_irqsave(&frame_lock);
	hpa_t spare = use == FRAME_GUEST ? take_blocks(1, BLOCK_SIZE) : 0;
	hpa_t pa = 0;

	/* The last block is the hypervisor's. */
	if (use != FRAME_GUEST || spare)
		pa = take_any(pages, align, use == FRAME_MAPPED);
	if (spare) {
		block_of(spare)->state = BLOCK_FREE;
		pages_free += BLOCK_PAGES;
	}
	spin_unlock_irqrestore(&frame_lock, flags);
	/* Whole blocks were taken: what is behind the run goes back. */
	if (pa && pages % BLOCK_PAGES && (pages >= BLOCK_PAGES || align >= BLOCK_SIZE))
		frame_put(pa + (pages << PAGE_SHIFT), BLOCK_PAGES - pages % BLOCK_PAGES);
	return pa;
}

hpa_t frame_split_free_block(void)
{
	unsigned long flags = spin_lock_irqsave(&frame_lock);
	hpa_t pa = take_split(0, 1);

	spin_unlock_irqrestore(&frame_lock, flags);
	return pa;
}

bool frame_block_mapped(hpa_t pa)
{
	struct frame_block *b = block_of(pa);

	return b && READ_ONCE(b->mapped);
}

void frame_block_set_mapped(hpa_t pa, bool mapped)
{
	struct frame_block *b = block_of(pa);

	if (b)
		WRITE_ONCE(b->mapped, mapped);
}

bool frame_block_free(hpa_t pa)
{
	struct frame_block *b = block_of(pa);

	return b && b->state == BLOCK_FREE;
}

bool frame_block_split(hpa_t pa)
{
	struct frame_block *b = block_of(pa);

	return b && b->state == BLOCK_SPLIT;
}

static void put_in_block(struct frame_block *b, size_t first, size_t n, hpa_t pa)
{
	size_t i;

	if (b->state == BLOCK_WHOLE && n == BLOCK_PAGES) {
		b->state = BLOCK_FREE;
		pages_free += n;
		return;
	}
	if (b->state == BLOCK_WHOLE && !block_split(b, true)) {
		log_error("no room to split the block at 0x%llx: %zu pages are lost",
			  (unsigned long long)pa, n);
		return;
	}
	for (i = first; i < first + n; i++) {
		if (b->state != BLOCK_SPLIT || !page_used(b, i))
			panic("frame 0x%llx is freed twice",
			      (unsigned long long)(pa + ((i - first) << PAGE_SHIFT)));
		page_mark(b, i, false);
		pages_free++;
	}
	if (b->free == BLOCK_PAGES)
		block_join(b, BLOCK_FREE);
}

void frame_put(hpa_t start, size_t pages)
{
	unsigned long flags = spin_lock_irqsave(&frame_lock);

	while (pages) {
		struct frame_block *b = block_of(start);
		size_t first = (start & (BLOCK_SIZE - 1)) >> PAGE_SHIFT;
		size_t n = MIN(pages, BLOCK_PAGES - first);

		if (!b)
			panic("frame 0x%llx is freed, which is no RAM", (unsigned long long)start);
		put_in_block(b, first, n, start);
		start += n << PAGE_SHIFT;
		pages -= n;
	}
	spin_unlock_irqrestore(&frame_lock, flags);
}

/* Is every page of the range free? frame_lock is held. */
static int range_is_free(hpa_t start, size_t pages)
{
	for (; pages; pages--, start += PAGE_SIZE) {
		struct frame_block *b = block_of(start);

		if (!b)
			return -ERANGE;
		if (b->state == BLOCK_WHOLE ||
		    (b->state == BLOCK_SPLIT &&
		     page_used(b, (start & (BLOCK_SIZE - 1)) >> PAGE_SHIFT)))
			return -EBUSY;
	}
	return 0;
}

int frame_reserve(hpa_t start, size_t pages)
{
	unsigned long flags = spin_lock_irqsave(&frame_lock);
	int err = range_is_free(start, pages);
	hpa_t end = start + (pages << PAGE_SHIFT), pa;

	for (pa = start; !err && pa < end;) {
		hpa_t next = MIN(ALIGN_DOWN(pa, BLOCK_SIZE) + BLOCK_SIZE, end);

		if (!range_mark(block_of(pa), (pa & (BLOCK_SIZE - 1)) >> PAGE_SHIFT,
				(next - pa) >> PAGE_SHIFT))
			err = -ENOMEM;
		else
			pa = next;
	}
	spin_unlock_irqrestore(&frame_lock, flags);
	if (err == -ENOMEM && pa > start)
		frame_put(start, (pa - start) >> PAGE_SHIFT);
	return err;
}

void frame_count_own(int64_t pages)
{
	__atomic_fetch_add(&pages_own, pages, __ATOMIC_RELAXED);
}

void frame_stats_get(struct frame_stats *out)
{
	unsigned long flags = spin_lock_irqsave(&frame_lock);
	unsigned i;
	size_t n, run;

	out->total = pages_total;
	out->free = pages_free;
	out->own = (uint64_t)__atomic_load_n(&pages_own, __ATOMIC_RELAXED);
	out->largest = 0;
	for (i = 0; i < nr_zones; i++) {
		for (run = 0, n = 0; n < zones[i].count; n++) {
			run = zones[i].blocks[n].state == BLOCK_FREE ? run + BLOCK_PAGES : 0;
			out->largest = MAX(out->largest, (uint64_t)run);
		}
	}
	spin_unlock_irqrestore(&frame_lock, flags);
}

int frame_block_used(hpa_t pa)
{
	unsigned long flags = spin_lock_irqsave(&frame_lock);
	const struct frame_block *b = block_of(pa);
	int used = -ERANGE;

	if (b)
		used = b->state == BLOCK_FREE ? 0 :
		       b->state == BLOCK_WHOLE ? (int)BLOCK_PAGES : (int)(BLOCK_PAGES - b->free);
	spin_unlock_irqrestore(&frame_lock, flags);
	return used;
}

/* Keep bitmaps in store so that freeing never lacks one; page.c calls it outside of locks. */
void frame_refill_bitmaps(void)
{
	unsigned long flags;
	struct page_bitmap *more;

	if (READ_ONCE(nr_free_bitmaps) >= 4)
		return;
	more = page_take();
	if (!more)
		return;
	flags = spin_lock_irqsave(&frame_lock);
	bitmaps_add(more, PAGE_SIZE / sizeof(*more));
	spin_unlock_irqrestore(&frame_lock, flags);
}
