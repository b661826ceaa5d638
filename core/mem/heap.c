/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The heap: slabs of one page for a few sizes, page runs for what is larger. Each page run begins
 * with a header, found by rounding the address down. heap_lock guards lists and headers.
 */
#include <core/log.h>
#include <core/mem.h>
#include <core/spinlock.h>
#include <libs/list.h>
#include <libs/string.h>
#include <libs/util.h>

#define HEADER_SIZE 64
#define SLAB_MAGIC  0x51ab51abU
#define LARGE_MAGIC 0x1a96e1a9U

struct page_header {
	uint32_t magic;
	uint16_t class; /* slab: index into sizes[] */
	uint16_t used;	/* slab: objects in use */
	size_t pages;	/* large */
	void *free;	/* slab: first free object */
	struct list link; /* slab: in partial[class] while some are free */
	size_t size;	/* large: bytes asked for */
};

/* A slab page holds (4096 - 64) / size objects; the upper ones are the exact divisors. */
static const uint16_t sizes[] = { 16,  32,  48,  64,  80,  96,  128,  192,  240,
				  336, 448, 576, 672, 800, 1008, 1344, 2016 };
#define CLASSES ARRAY_SIZE(sizes)

static spinlock_t heap_lock = SPINLOCK_INIT;
static struct list partial[CLASSES];
static struct heap_stats stats;
static bool ready;

static void init_lists(void)
{
	size_t i;

	for (i = 0; i < CLASSES; i++)
		list_init(&partial[i]);
	ready = true;
}

static size_t class_of(size_t size)
{
	size_t i = 0;

	while (sizes[i] < size)
		i++;
	return i;
}

static struct page_header *header_of(const void *p)
{
	return (struct page_header *)((uintptr_t)p & PAGE_MASK);
}

/* A fresh page cut into objects, each linking to the next. */
static struct page_header *slab_make(size_t class)
{
	struct page_header *h = page_alloc(1);
	char *at;

	if (!h)
		return NULL;
	h->magic = SLAB_MAGIC;
	h->class = (uint16_t)class;
	list_init(&h->link);
	for (at = (char *)h + HEADER_SIZE; at + sizes[class] <= (char *)h + PAGE_SIZE;
	     at += sizes[class]) {
		*(void **)(void *)at = h->free;
		h->free = at;
	}
	return h;
}

static void *slab_alloc(size_t class)
{
	unsigned long flags = spin_lock_irqsave(&heap_lock);
	struct page_header *h;
	void *p;

	if (!ready)
		init_lists();
	if (list_empty(&partial[class])) {
		/* page_alloc() has locks of its own: not under ours. */
		spin_unlock_irqrestore(&heap_lock, flags);
		h = slab_make(class);
		if (!h)
			return NULL;
		flags = spin_lock_irqsave(&heap_lock);
		list_add_head(&partial[class], &h->link);
		stats.pages++;
	}
	h = list_first_entry(&partial[class], struct page_header, link);
	p = h->free;
	h->free = *(void **)p;
	h->used++;
	if (!h->free)
		list_del(&h->link);
	stats.used += sizes[class];
	stats.allocs++;
	spin_unlock_irqrestore(&heap_lock, flags);
	return p;
}

static void *large_alloc(size_t size)
{
	size_t pages = DIV_ROUND_UP(size + HEADER_SIZE, PAGE_SIZE);
	struct page_header *h = page_alloc(pages);
	unsigned long flags;

	if (!h)
		return NULL;
	h->magic = LARGE_MAGIC;
	h->pages = pages;
	h->size = size;
	flags = spin_lock_irqsave(&heap_lock);
	stats.pages += pages;
	stats.used += pages << PAGE_SHIFT;
	stats.allocs++;
	spin_unlock_irqrestore(&heap_lock, flags);
	return (char *)h + HEADER_SIZE;
}

void *heap_alloc(size_t size)
{
	if (size > SIZE_MAX / 2)
		return NULL;
	if (size > sizes[CLASSES - 1])
		return large_alloc(size);
	return slab_alloc(class_of(size));
}

void *heap_zalloc(size_t size)
{
	void *p = heap_alloc(size);

	if (p)
		memset(p, 0, size);
	return p;
}

void *heap_calloc(size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		return NULL;
	return heap_zalloc(total);
}

char *heap_strdup(const char *s)
{
	size_t n = strlen(s) + 1;
	char *p = heap_alloc(n);

	if (p)
		memcpy(p, s, n);
	return p;
}

static size_t room(const void *p)
{
	const struct page_header *h = header_of(p);

	return h->magic == SLAB_MAGIC ? sizes[h->class] : h->pages * PAGE_SIZE - HEADER_SIZE;
}

void *heap_realloc(void *old, size_t size)
{
	void *p;

	if (!old)
		return heap_alloc(size);
	if (size <= room(old) && size > room(old) / 2)
		return old;
	p = heap_alloc(size);
	if (!p)
		return size <= room(old) ? old : NULL;
	memcpy(p, old, MIN(size, room(old)));
	heap_free(old);
	return p;
}

static void large_free(struct page_header *h)
{
	size_t pages = h->pages;
	unsigned long flags = spin_lock_irqsave(&heap_lock);

	h->magic = 0;
	stats.pages -= pages;
	stats.used -= pages << PAGE_SHIFT;
	stats.allocs--;
	spin_unlock_irqrestore(&heap_lock, flags);
	page_free(h, pages);
}

void heap_free(void *p)
{
	struct page_header *h = header_of(p);
	unsigned long flags;
	bool empty;

	if (!p)
		return;
	if (h->magic == LARGE_MAGIC) {
		large_free(h);
		return;
	}
	if (h->magic != SLAB_MAGIC || ((uintptr_t)p - (uintptr_t)h - HEADER_SIZE) % sizes[h->class])
		panic("heap_free(%p): not from the heap, or freed before", p);
	flags = spin_lock_irqsave(&heap_lock);
	if (!h->free)
		list_add_head(&partial[h->class], &h->link);
	*(void **)p = h->free;
	h->free = p;
	stats.used -= sizes[h->class];
	stats.allocs--;
	empty = --h->used == 0;
	if (empty) {
		list_del(&h->link);
		h->magic = 0;
		stats.pages--;
	}
	spin_unlock_irqrestore(&heap_lock, flags);
	if (empty)
		page_free(h, 1);
}

void heap_stats_get(struct heap_stats *out)
{
	unsigned long flags = spin_lock_irqsave(&heap_lock);

	*out = stats;
	spin_unlock_irqrestore(&heap_lock, flags);
}
