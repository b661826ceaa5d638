/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * core/mem/pgtable.c for a guest's stage 2: random changes against a plain array with one entry per
 * page.
 */
#include <string.h>

#include <arch/pgtable.h>
#include <core/pgtable.h>
#include <libs/errno.h>

#include "host_machine.h"
#include "unit.h"

#define RAM_SIZE	(32 * MIB)
#define WINDOW		(8 * MIB)	/* of guest addresses that are changed */
#define PAGES		(WINDOW / PAGE_SIZE)
#define BASE		(GIB - 4 * MIB)	/* across an entry of the root */
#define TARGET		(UINT64_C(1) << 32)

/* What a page should be: 0 for unmapped, otherwise address and attributes. */
static uint64_t model[PAGES];

static void begin(struct pgtable *pt)
{
	static bool started;

	if (!started)
		machine_start(RAM_SIZE);
	started = true;
	memset(model, 0, sizeof(model));
	CHECK_EQ(pgtable_init(pt, PGTABLE_STAGE2), 0);
}

static void check_page(const struct pgtable *pt, size_t page)
{
	uint64_t in = BASE + page * PAGE_SIZE, leaf = 0;
	hpa_t pa = 1;
	uint32_t attr = 0;
	bool mapped = pgtable_lookup(pt, in + 0x123, &pa, &attr, &leaf);

	CHECK(mapped == (model[page] != 0));
	CHECK(leaf >= PAGE_SIZE);
	if (mapped)
		CHECK_EQ((pa - 0x123) | attr, model[page]);
}

static void check_all(const struct pgtable *pt)
{
	size_t page;

	for (page = 0; page < PAGES && !unit_failed(); page++)
		check_page(pt, page);
}

/* A range, often of whole blocks. */
static void random_range(size_t *page, size_t *n)
{
	*page = unit_random_below(PAGES);
	if (unit_random_below(3) == 0)
		*page = ALIGN_DOWN(*page, 512);
	*n = 1 + unit_random_below(unit_random_below(2) ? 40 : PAGES);
	if (unit_random_below(3) == 0)
		*n = ALIGN_UP(*n, 512);
	if (*n > PAGES - *page)
		*n = PAGES - *page;
}

static bool any_mapped(size_t page, size_t n)
{
	while (n--) {
		if (model[page++])
			return true;
	}
	return false;
}

static void map_some(struct pgtable *pt, size_t page, size_t n, uint32_t attr)
{
	/* Sometimes a target that blocks cannot be used for. */
	hpa_t pa = TARGET + page * PAGE_SIZE + (unit_random_below(4) ? 0 : 5 * PAGE_SIZE);
	int err = pgtable_map(pt, BASE + page * PAGE_SIZE, pa, n * PAGE_SIZE, attr);
	size_t i;

	if (any_mapped(page, n)) {
		CHECK_EQ(err, -EEXIST);
		return;
	}
	CHECK_EQ(err, 0);
	for (i = 0; i < n; i++)
		model[page + i] = (pa + i * PAGE_SIZE) | attr;
}

static void change_some(struct pgtable *pt, size_t page, size_t n, uint32_t attr)
{
	uint64_t in = BASE + page * PAGE_SIZE;
	bool unmap = unit_random_below(2);
	size_t i;

	if (unmap)
		CHECK_EQ(pgtable_unmap(pt, in, n * PAGE_SIZE), 0);
	if (unmap && unit_random_below(2))
		pgtable_free_pruned(pgtable_prune(pt, in, n * PAGE_SIZE));
	else if (!unmap)
		CHECK_EQ(pgtable_protect(pt, in, n * PAGE_SIZE, attr), 0);
	for (i = page; i < page + n; i++) {
		if (model[i])
			model[i] = unmap ? 0 : (model[i] & PAGE_MASK) | attr;
	}
}

TEST(random_changes_match_the_model)
{
	static const uint32_t attrs[] = { PG_READ, PG_READ | PG_WRITE,
		PG_READ | PG_WRITE | PG_EXEC, PG_READ | PG_WRITE | PG_DEVICE };
	struct frame_stats before, after;
	struct pgtable pt;
	int round;

	begin(&pt);
	pgtable_fini(&pt);
	frame_stats_get(&before);
	CHECK_EQ(pgtable_init(&pt, PGTABLE_STAGE2), 0);
	for (round = 0; round < 600 && !unit_failed(); round++) {
		uint32_t attr = attrs[unit_random_below(ARRAY_SIZE(attrs))];
		size_t page, n;

		random_range(&page, &n);
		if (unit_random_below(2))
			map_some(&pt, page, n, attr);
		else
			change_some(&pt, page, n, attr);
		check_all(&pt);
	}
	CHECK_EQ(pgtable_unmap(&pt, BASE, PAGES * PAGE_SIZE), 0);
	pgtable_free_pruned(pgtable_prune(&pt, BASE, PAGES * PAGE_SIZE));
	CHECK_EQ(pt.pages, arch_pgtable_format(PGTABLE_STAGE2)->root_pages);
	pgtable_fini(&pt);
	CHECK(pt.root == 0 && pt.pages == 0);
	frame_stats_get(&after);
	CHECK_EQ(after.free, before.free);
	CHECK_EQ(after.own, before.own);
}

TEST(the_largest_leaves_are_used)
{
	uint64_t leaf;
	struct pgtable pt;

	begin(&pt);
	CHECK_EQ(pgtable_map(&pt, 4 * GIB, 8 * GIB, 2 * GIB, PG_READ), 0);
	CHECK_EQ(pt.pages, 2);
	CHECK(pgtable_lookup(&pt, 5 * GIB, NULL, NULL, &leaf) && leaf == GIB);
	CHECK_EQ(pgtable_map(&pt, 2 * MIB, 64 * MIB, 4 * MIB, PG_READ), 0);
	CHECK(pgtable_lookup(&pt, 4 * MIB, NULL, NULL, &leaf) && leaf == 2 * MIB);
	CHECK_EQ(pt.pages, 3);
	/* One page out of a gigabyte: two more tables. */
	CHECK_EQ(pgtable_unmap(&pt, 4 * GIB + 2 * MIB, PAGE_SIZE), 0);
	CHECK_EQ(pt.pages, 5);
	CHECK(!pgtable_lookup(&pt, 4 * GIB + 2 * MIB, NULL, NULL, NULL));
	CHECK(pgtable_lookup(&pt, 4 * GIB + 2 * MIB + PAGE_SIZE, NULL, NULL, &leaf));
	CHECK_EQ(leaf, PAGE_SIZE);
	pgtable_fini(&pt);
}

TEST(impossible_ranges_are_refused)
{
	uint64_t top = UINT64_C(1) << 40;
	struct pgtable pt;

	begin(&pt);
	CHECK_EQ(pgtable_map(&pt, top, 0x1000, PAGE_SIZE, PG_READ), -ERANGE);
	CHECK_EQ(pgtable_map(&pt, top - PAGE_SIZE, 0x1000, 2 * PAGE_SIZE, PG_READ), -ERANGE);
	CHECK_EQ(pgtable_map(&pt, top - PAGE_SIZE, 0x1000, PAGE_SIZE, PG_READ), 0);
	CHECK(pgtable_map(&pt, 0x800, 0x1000, PAGE_SIZE, PG_READ) < 0);
	CHECK(pgtable_map(&pt, 0x1000, 0x1800, PAGE_SIZE, PG_READ) < 0);
	CHECK(pgtable_map(&pt, 0x1000, 0x1000, 0x800, PG_READ) < 0);
	CHECK(!pgtable_lookup(&pt, top, NULL, NULL, NULL));
	CHECK(!pgtable_lookup(&pt, UINT64_MAX, NULL, NULL, NULL));
	pgtable_fini(&pt);
}

TEST(without_memory_nothing_is_mapped)
{
	struct pgtable pt;
	void **first = NULL, **p;
	size_t page;
	int err;

	begin(&pt);
	while ((p = page_alloc(1)) != NULL) {
		*p = first;
		first = p;
	}
	err = pgtable_map(&pt, BASE, TARGET, WINDOW + PAGE_SIZE, PG_READ);
	CHECK_EQ(err, -ENOMEM);
	for (page = 0; page <= PAGES; page++)
		CHECK(!pgtable_lookup(&pt, BASE + page * PAGE_SIZE, NULL, NULL, NULL));
	while (first) {
		p = first;
		first = *p;
		page_free(p, 1);
	}
	CHECK_EQ(pgtable_map(&pt, BASE, TARGET, WINDOW + PAGE_SIZE, PG_READ), 0);
	pgtable_fini(&pt);
}
