/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page tables: what the hypervisor's own mappings permit, and a private stage 2 table that is
 * mapped, split and taken apart again. Looks at the host's table without its lock: entries are
 * written whole, and tables are never freed.
 */
#include "self.h"

#include <arch/cpu.h>
#include <core/pgtable.h>
#include <libs/errno.h>

/* Calls fn for each leaf of the host's table. */
static const char *for_each_leaf(const char *(*fn)(uint64_t va, hpa_t pa, uint64_t size,
						   uint32_t attr, void *arg),
				 void *arg)
{
	uint64_t end = 1ULL << arch_pgtable_format(PGTABLE_STAGE1)->input_bits, at, size;

	for (at = 0; at < end; at += size) {
		const char *wrong;
		uint32_t attr;
		hpa_t pa;

		if (!pgtable_lookup(&pgtable_host, at, &pa, &attr, &size)) {
			REQUIRE(size, "a hole has no size");
			continue;
		}
		wrong = fn(at, pa, size, attr, arg);
		REQUIRE(!wrong, wrong);
	}
	return NULL;
}

struct census {
	hpa_t image, image_end;
	uint64_t code, constants, data, mapped; /* bytes; the first three of the image */
	hpa_t code_end;
};

static const char *count_leaf(uint64_t va, hpa_t pa, uint64_t size, uint32_t attr, void *arg)
{
	struct census *c = arg;
	bool image = va >= arch_va_image() && va - arch_va_image() < c->image_end - c->image;
	va_t vmap, vmap_end;

	arch_va_vmap_range(&vmap, &vmap_end);
	REQUIRE((attr & (PG_WRITE | PG_EXEC)) != (PG_WRITE | PG_EXEC),
		"a page is writable and executable");
	REQUIRE(!(attr & PG_EXEC) || !(attr & PG_DEVICE), "device registers are executable");
	REQUIRE(!(attr & PG_EXEC) || (pa >= c->image && pa + size <= c->image_end),
		"something else than the image is executable");
	REQUIRE(!(attr & PG_EXEC) || (va < vmap || va >= vmap_end), "a stack is executable");
	REQUIRE(!(attr & PG_EXEC) || va < mem_direct_base(), "the direct map is executable");
	c->mapped += size;
	if (image && attr & PG_EXEC) {
		c->code += size;
		c->code_end = MAX(c->code_end, pa + size);
	} else if (image) {
		*(attr & PG_WRITE ? &c->data : &c->constants) += size;
	}
	return NULL;
}

static const char *find_alias(uint64_t va, hpa_t pa, uint64_t size, uint32_t attr, void *arg)
{
	const struct census *c = arg;

	REQUIRE(!(attr & PG_WRITE) || pa >= c->code_end || pa + size <= c->image,
		"code is writable at another address");
	return NULL;
}

SELFTEST(pages_permissions, "pages.permissions")
{
	struct census c = { .code = 0 };
	const char *wrong;

	arch_image_range(&c.image, &c.image_end);
	wrong = for_each_leaf(count_leaf, &c);
	REQUIRE(!wrong, wrong);
	REQUIRE(c.code && c.constants && c.data, "the image lacks code, constants or data");
	REQUIRE(c.code + c.constants + c.data == c.image_end - c.image,
		"not all of the image is mapped");
	REQUIRE(c.mapped > c.image_end - c.image, "nothing but the image is mapped");
	REQUIRE(!pgtable_lookup(&pgtable_host, 0, NULL, NULL, NULL), "page 0 is mapped");
	return for_each_leaf(find_alias, &c);
}

SELFTEST(pages_stack, "pages.stack")
{
	va_t top = stack_alloc(STACK_SIZE), last;
	const char *wrong = NULL;
	uint32_t attr = 0;

	REQUIRE(top, "out of memory");
	last = top - STACK_SIZE;
	REQUIRE_OR_OUT(pgtable_lookup(&pgtable_host, top - 1, NULL, NULL, NULL) &&
			       pgtable_lookup(&pgtable_host, last, NULL, &attr, NULL),
		       "a stack is not mapped");
	REQUIRE_OR_OUT(attr == (PG_READ | PG_WRITE), "a stack is not readable and writable");
	REQUIRE_OR_OUT(!pgtable_lookup(&pgtable_host, last - 1, NULL, NULL, NULL),
		       "the page below a stack is mapped");
	REQUIRE_OR_OUT(stack_guard_hit(last - 1) && !stack_guard_hit(last),
		       "the guard below a stack is not known as such");
out:
	stack_free(top, STACK_SIZE);
	if (!wrong && pgtable_lookup(&pgtable_host, last, NULL, NULL, NULL))
		wrong = "a stack is mapped after it was freed";
	return wrong;
}

/* --- a table of our own --------------------------------------------------------------------- */

#define IN  (GIB - 2 * MIB) /* across an entry of a higher level */
#define OUT UINT64_C(0x80000000)
#define RW  (PG_READ | PG_WRITE)

static bool leads(const struct pgtable *pt, uint64_t in, uint32_t attr, uint64_t leaf)
{
	uint64_t size;
	uint32_t found;
	hpa_t pa;

	return pgtable_lookup(pt, in + 0x123, &pa, &found, &size) &&
	       pa == OUT + (in - IN) + 0x123 && found == attr && size == leaf;
}

static const char *map_and_split(struct pgtable *pt)
{
	uint64_t page = IN + 5 * PAGE_SIZE, size;

	REQUIRE(!pgtable_lookup(pt, IN, NULL, NULL, NULL), "an empty table maps something");
	REQUIRE(!pgtable_map(pt, IN, OUT, 4 * MIB, RW), "blocks cannot be mapped");
	REQUIRE(leads(pt, IN, RW, BLOCK_SIZE) && leads(pt, GIB, RW, BLOCK_SIZE),
		"blocks are not mapped as such");
	REQUIRE(!pgtable_lookup(pt, IN - 1, NULL, NULL, NULL) &&
			!pgtable_lookup(pt, IN + 4 * MIB, NULL, NULL, NULL),
		"more is mapped than was asked for");
	REQUIRE(pgtable_map(pt, IN - PAGE_SIZE, OUT, 2 * PAGE_SIZE, RW) == -EEXIST,
		"what is mapped can be mapped over");
	REQUIRE(!pgtable_lookup(pt, IN - 1, NULL, NULL, NULL), "half of a refused mapping stays");
	REQUIRE(!pgtable_protect(pt, page, PAGE_SIZE, PG_READ), "a block cannot be split");
	REQUIRE(leads(pt, page, PG_READ, PAGE_SIZE) &&
			leads(pt, page - PAGE_SIZE, RW, PAGE_SIZE) &&
			leads(pt, page + PAGE_SIZE, RW, PAGE_SIZE) &&
			leads(pt, GIB, RW, BLOCK_SIZE),
		"splitting changed more than the page");
	REQUIRE(!pgtable_unmap(pt, GIB + PAGE_SIZE, PAGE_SIZE), "a page cannot be unmapped");
	REQUIRE(!pgtable_lookup(pt, GIB + PAGE_SIZE, NULL, NULL, &size) && size == PAGE_SIZE &&
			leads(pt, GIB, RW, PAGE_SIZE) &&
			leads(pt, GIB + 2 * PAGE_SIZE, RW, PAGE_SIZE),
		"unmapping took more than the page");
	size = 1ULL << arch_pgtable_format(pt->stage)->input_bits;
	REQUIRE(pgtable_map(pt, size - PAGE_SIZE, OUT, 2 * PAGE_SIZE, RW) == -ERANGE,
		"addresses beyond the table's can be mapped");
	REQUIRE(!pgtable_unmap(pt, IN - MIB, 6 * MIB), "a range with holes cannot be unmapped");
	REQUIRE(!pgtable_lookup(pt, IN, NULL, NULL, NULL) &&
			!pgtable_lookup(pt, GIB, NULL, NULL, NULL), "unmapped pages are mapped");
	return NULL;
}

static const char *table_round(void)
{
	struct pgtable pt;
	const char *wrong;
	uint32_t pages;

	REQUIRE(!pgtable_init(&pt, PGTABLE_STAGE2), "out of memory");
	pages = pt.pages;
	wrong = map_and_split(&pt);
	if (!wrong && pt.pages <= pages)
		wrong = "tables do not count as pages";
	pgtable_fini(&pt);
	return wrong ? wrong : pt.pages ? "pages remain of a table that is gone" : NULL;
}

SELFTEST(pages_table, "pages.table")
{
	struct self_usage before;
	const char *wrong = table_round();

	REQUIRE(!wrong, wrong);
	self_usage_get(&before);
	wrong = table_round();
	if (!wrong && !self_frames_back(&before))
		wrong = "pages of a table that is gone are not free";
	return wrong;
}
