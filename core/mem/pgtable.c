/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page-table walker, for every stage and port. Tables are pages of the hypervisor. The caller
 * serialises changes; lookups run beside them because entries are written whole.
 */
#include <core/pgtable.h>

#include <core/mem.h>
#include <libs/errno.h>
#include <libs/string.h>
#include "mem_priv.h"

static unsigned index_at(const struct pgtable_format *f, unsigned level, uint64_t in)
{
	unsigned width = level ? f->shift[level - 1] - f->shift[level] :
				 f->input_bits - f->shift[0];

	return (in >> f->shift[level]) & ((1U << width) - 1);
}

static uint64_t level_size(const struct pgtable_format *f, unsigned level)
{
	return 1ULL << f->shift[level];
}

/*
 * Tables of stage 2 and of the hypervisor alike come from page_alloc_table() first: cheap, no
 * growth.
 */
static uint64_t *new_table(struct pgtable *pt)
{
	void *page = pt->stage == PGTABLE_STAGE1 ? page_alloc_table() : page_alloc(1);

	if (page)
		pt->pages++;
	return page;
}

static void free_table(struct pgtable *pt, hpa_t table, size_t pages)
{
	page_free(table_va(table), pages);
	pt->pages -= pages;
}

int pgtable_init(struct pgtable *pt, enum pgtable_stage stage)
{
	const struct pgtable_format *f = arch_pgtable_format(stage);
	hpa_t root;

	/* Concatenated root tables are aligned to their size. */
	root = frame_alloc(f->root_pages, (uint64_t)f->root_pages << PAGE_SHIFT);
	if (!root)
		return -ENOMEM;
	if (!mem_map_frames(root, (uint64_t)f->root_pages << PAGE_SHIFT)) {
		frame_free(root, f->root_pages);
		return -ENOMEM;
	}
	memset(table_va(root), 0, (size_t)f->root_pages << PAGE_SHIFT);
	frame_count_own(f->root_pages);
	pt->stage = stage;
	pt->root = root;
	pt->pages = f->root_pages;
	return 0;
}

static void free_below(struct pgtable *pt, const struct pgtable_format *f, unsigned level,
		       uint64_t *table, size_t entries)
{
	size_t i;

	for (i = 0; i < entries; i++) {
		hpa_t next;

		if (!arch_pgtable_valid(table[i]) ||
		    arch_pgtable_is_leaf(pt->stage, level, table[i]))
			continue;
		next = arch_pgtable_addr(pt->stage, level, table[i]);
		free_below(pt, f, level + 1, table_va(next), PAGE_SIZE / 8);
		free_table(pt, next, 1);
	}
}

void pgtable_fini(struct pgtable *pt)
{
	const struct pgtable_format *f = arch_pgtable_format(pt->stage);

	if (!pt->root)
		return;
	free_below(pt, f, 0, table_va(pt->root), (size_t)f->root_pages * (PAGE_SIZE / 8));
	free_table(pt, pt->root, f->root_pages);
	pt->root = 0;
}

/* Replace a leaf by a table of smaller leaves with the same meaning. */
static int split_leaf(struct pgtable *pt, const struct pgtable_format *f, unsigned level,
		      uint64_t *entry)
{
	hpa_t pa = arch_pgtable_addr(pt->stage, level, *entry);
	uint32_t attr = arch_pgtable_attr(pt->stage, *entry);
	uint64_t *table = new_table(pt);
	size_t i;

	if (!table)
		return -ENOMEM;
	for (i = 0; i < PAGE_SIZE / 8; i++)
		table[i] = arch_pgtable_leaf(pt->stage, level + 1,
					     pa + i * level_size(f, level + 1), attr);
	arch_pgtable_sync();
	WRITE_ONCE(*entry, arch_pgtable_table(pt->stage, mem_va_to_hpa(table)));
	return 0;
}

/* One step of a change over [in, in + size): what to do with leaves. */
struct change {
	struct pgtable *pt;
	const struct pgtable_format *f;
	enum { CHANGE_MAP, CHANGE_UNMAP, CHANGE_PROTECT } what;
	uint32_t attr;
	uint64_t delta; /* CHANGE_MAP: pa - in */
};

static bool can_be_leaf(const struct change *c, unsigned level, uint64_t in, uint64_t size)
{
	uint64_t span = level_size(c->f, level);

	return c->f->leaf_ok[level] && IS_ALIGNED(in, span) && size >= span &&
	       (c->what != CHANGE_MAP || IS_ALIGNED(in + c->delta, span));
}

static void change_leaf(const struct change *c, unsigned level, uint64_t in, uint64_t *entry)
{
	enum pgtable_stage s = c->pt->stage;

	switch (c->what) {
	case CHANGE_MAP:
		WRITE_ONCE(*entry, arch_pgtable_leaf(s, level, in + c->delta, c->attr));
		break;
	case CHANGE_UNMAP:
		WRITE_ONCE(*entry, 0);
		break;
	case CHANGE_PROTECT:
		WRITE_ONCE(*entry, arch_pgtable_leaf(s, level, arch_pgtable_addr(s, level, *entry),
						     c->attr));
		break;
	}
}

static int change_range(const struct change *c, unsigned level, uint64_t *table, uint64_t in,
			uint64_t size);

/* Entry for `in` at a level: change it, or go below. `size` is within the entry's span. */
static int change_entry(const struct change *c, unsigned level, uint64_t *entry, uint64_t in,
			uint64_t size)
{
	enum pgtable_stage s = c->pt->stage;
	bool whole = can_be_leaf(c, level, in, size);

	if (!arch_pgtable_valid(*entry)) {
		uint64_t *below;

		if (c->what != CHANGE_MAP)
			return 0;
		if (whole) {
			change_leaf(c, level, in, entry);
			return 0;
		}
		below = new_table(c->pt);
		if (!below)
			return -ENOMEM;
		arch_pgtable_sync();
		WRITE_ONCE(*entry, arch_pgtable_table(s, mem_va_to_hpa(below)));
	} else if (arch_pgtable_is_leaf(s, level, *entry)) {
		int err;

		if (c->what == CHANGE_MAP)
			return -EEXIST;
		if (size == level_size(c->f, level)) {
			change_leaf(c, level, in, entry);
			return 0;
		}
		err = split_leaf(c->pt, c->f, level, entry);
		if (err)
			return err;
	}
	return change_range(c, level + 1, table_va(arch_pgtable_addr(s, level, *entry)), in, size);
}

static int change_range(const struct change *c, unsigned level, uint64_t *table, uint64_t in,
			uint64_t size)
{
	uint64_t span = level_size(c->f, level);

	while (size) {
		uint64_t step = MIN(size, span - (in & (span - 1)));
		int err = change_entry(c, level, &table[index_at(c->f, level, in)], in, step);

		if (err)
			return err;
		in += step;
		size -= step;
	}
	return 0;
}

static int change(struct change *c, uint64_t in, uint64_t size)
{
	int err;

	c->f = arch_pgtable_format(c->pt->stage);
	if (!IS_ALIGNED(in | size, PAGE_SIZE))
		return -EINVAL;
	if (size > 1ULL << c->f->input_bits || in > (1ULL << c->f->input_bits) - size)
		return -ERANGE;
	err = change_range(c, 0, table_va(c->pt->root), in, size);
	arch_pgtable_sync();
	return err;
}

static bool anything_mapped(const struct pgtable *pt, uint64_t in, uint64_t size)
{
	uint64_t at, leaf;

	for (at = in; at - in < size; at = ALIGN_DOWN(at, leaf) + leaf)
		if (pgtable_lookup(pt, at, NULL, NULL, &leaf))
			return true;
	return false;
}

int pgtable_map(struct pgtable *pt, uint64_t in, hpa_t pa, uint64_t size, uint32_t attr)
{
	struct change c = { .pt = pt, .what = CHANGE_MAP, .attr = attr, .delta = pa - in };
	int err;

	if (!IS_ALIGNED(pa, PAGE_SIZE))
		return -EINVAL;
	if (anything_mapped(pt, in, size))
		return -EEXIST;
	err = change(&c, in, size);
	if (err)
		pgtable_unmap(pt, in, size);
	return err;
}

int pgtable_unmap(struct pgtable *pt, uint64_t in, uint64_t size)
{
	struct change c = { .pt = pt, .what = CHANGE_UNMAP };

	return change(&c, in, size);
}

static bool is_empty(const uint64_t *table)
{
	size_t i;

	for (i = 0; i < PAGE_SIZE / 8; i++)
		if (arch_pgtable_valid(table[i]))
			return false;
	return true;
}

/*
 * Unlink the empty tables below `table`. @return them before those of `list`, linked by their first
 * entries (which are not valid ones)
 */
static uint64_t *prune(struct pgtable *pt, unsigned level, uint64_t *table, uint64_t in,
		       uint64_t size, uint64_t *list)
{
	const struct pgtable_format *f = arch_pgtable_format(pt->stage);
	uint64_t span = level_size(f, level);

	while (size) {
		uint64_t step = MIN(size, span - (in & (span - 1)));
		uint64_t *entry = &table[index_at(f, level, in)], *below;

		in += step;
		size -= step;
		if (!arch_pgtable_valid(*entry) || arch_pgtable_is_leaf(pt->stage, level, *entry))
			continue;
		below = table_va(arch_pgtable_addr(pt->stage, level, *entry));
		list = prune(pt, level + 1, below, in - step, step, list);
		if (!is_empty(below))
			continue;
		WRITE_ONCE(*entry, 0);
		below[0] = (uintptr_t)list;
		list = below;
		pt->pages--;
	}
	return list;
}

void *pgtable_prune(struct pgtable *pt, uint64_t in, uint64_t size)
{
	uint64_t *list = prune(pt, 0, table_va(pt->root), in, size, NULL);

	arch_pgtable_sync();
	return list;
}

void pgtable_free_pruned(void *list)
{
	uint64_t *table = list;

	while (table) {
		uint64_t *next = (uint64_t *)(uintptr_t)table[0];

		page_free(table, 1);
		table = next;
	}
}

int pgtable_protect(struct pgtable *pt, uint64_t in, uint64_t size, uint32_t attr)
{
	struct change c = { .pt = pt, .what = CHANGE_PROTECT, .attr = attr };

	return change(&c, in, size);
}

bool pgtable_lookup(const struct pgtable *pt, uint64_t in, hpa_t *pa, uint32_t *attr,
		    uint64_t *leaf_size)
{
	const struct pgtable_format *f = arch_pgtable_format(pt->stage);
	const uint64_t *table = table_va(pt->root);
	unsigned level;

	if (leaf_size)
		*leaf_size = 1ULL << f->input_bits;
	if (in >> f->input_bits)
		return false;
	for (level = 0; level < f->levels; level++) {
		uint64_t entry = READ_ONCE(table[index_at(f, level, in)]);
		uint64_t span = level_size(f, level);

		if (leaf_size)
			*leaf_size = span;
		if (!arch_pgtable_valid(entry))
			return false;
		if (arch_pgtable_is_leaf(pt->stage, level, entry)) {
			if (pa)
				*pa = arch_pgtable_addr(pt->stage, level, entry) +
				      (in & (span - 1));
			if (attr)
				*attr = arch_pgtable_attr(pt->stage, entry);
			return true;
		}
		table = table_va(arch_pgtable_addr(pt->stage, level, entry));
	}
	return false;
}
