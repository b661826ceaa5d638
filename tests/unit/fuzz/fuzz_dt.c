/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device tree blobs of any bytes: refused, or a tree in which every node is found by its path,
 * which flattens to a blob that gives the same tree again. Nothing is left when it is removed.
 */
#include "fuzz.h"

#include <libfdt.h>

#include <core/dt.h>
#include <libs/errno.h>

#include "../../../core/dt/dt_priv.h"
#include "../fake.h"

static bool same_props(const struct dt_node *a, const struct dt_node *b)
{
	struct list *y = b->props.next;
	struct dt_prop *p;

	dt_for_each_prop(p, a) {
		struct dt_prop *q = list_entry(y, struct dt_prop, link);

		if (y == &b->props || strcmp(p->name, q->name) || p->len != q->len ||
		    memcmp(p->data, q->data, p->len))
			return false;
		y = y->next;
	}
	return y == &b->props;
}

static void check_same(struct dt_node *a, struct dt_node *b)
{
	struct dt_node *x = a, *y = b;

	while (x && y) {
		FUZZ_CHECK(x == a || !strcmp(x->name, y->name));
		FUZZ_CHECK(same_props(x, y) && x->phandle == y->phandle);
		x = dt_next(x, a);
		y = dt_next(y, b);
	}
	FUZZ_CHECK(!x && !y);
}

/* Whatever the values are, reading them ends, and within the property. */
static void check_values(struct dt_node *node)
{
	const struct dt_prop *prop;
	uint64_t addr, size;
	unsigned i;

	for (i = 0; i < 3; i++)
		(void)!dt_reg(node, i, &addr, &size);
	(void)dt_available(node);
	dt_for_each_prop(prop, node) {
		const char *s;
		uint32_t v;
		size_t bytes = 0;

		if (dt_prop(node, prop->name) != prop)
			continue;	/* the second of its name */
		for (i = 0; (s = dt_string(node, prop->name, i)); i++)
			bytes += strlen(s) + 1;
		FUZZ_CHECK(bytes <= prop->len);
		for (i = 0; !dt_u32(node, prop->name, i, &v); i++)
			;
		FUZZ_CHECK(i == prop->len / 4);
	}
}

static void check_paths(struct dt_node *top)
{
	struct dt_node *node;
	char path[8192];

	for (node = top; node; node = dt_next(node, top)) {
		FUZZ_CHECK(dt_path(node, path, sizeof(path)) < (int)sizeof(path));
		FUZZ_CHECK(dt_find(path) == node);
		check_values(node);
	}
}

static void check_round_trip(struct dt_node *node)
{
	static uint64_t buf[65536];
	struct dt_node *again;
	int used = dt_flatten(node, buf, sizeof(buf));

	FUZZ_CHECK(used > 0 && !fdt_check_full(buf, (size_t)used));
	FUZZ_CHECK(!dt_load(dt_root(), "again", buf, (size_t)used, &again));
	check_same(node, again);
	FUZZ_CHECK(!dt_copy(again, "copy", node, &again));
	check_same(node, again);
}

/* The boot loader's tree is taken with double and odd names, so it need not find its way back. */
static void try_boot(const void *blob, size_t size)
{
	struct dt_node *node;

	if (fdt_check_header(blob) || fdt_totalsize(blob) > size || dt_init(blob))
		return;
	for (node = dt_root(); node; node = dt_next(node, dt_root()))
		check_values(node);
	(void)dt_find("serial0");
	dt_forget();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t root_blob[64];
	void *blob = malloc(size + 1);
	struct dt_node *node = NULL;

	memcpy(blob, data, size);
	if (size >= sizeof(struct fdt_header))
		try_boot(blob, size);
	if (!root_blob[0])
		FUZZ_CHECK(!fdt_create_empty_tree(root_blob, sizeof(root_blob)));
	FUZZ_CHECK(!dt_init(root_blob));
	if (!dt_load(dt_root(), "node", blob, size, &node)) {
		check_paths(node);
		check_round_trip(node);
	}
	free(blob);
	dt_forget();
	FUZZ_CHECK(fake_heap_live() == 0);
	return 0;
}
