/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changing the live device tree: nodes and properties come, change and go.
 */
#include "fake.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include <core/dt.h>
#include <libs/errno.h>

static struct dt_node *tree;
static size_t live_before;

static void setup(void)
{
	live_before = fake_heap_live();
	tree = dt_new_tree();
	REQUIRE(tree);
}

static void teardown(void)
{
	CHECK_EQ(dt_del_node(tree), 0);
	CHECK_EQ(fake_heap_live(), live_before);
}

/* Names of a node's properties, in order, with a blank behind each. */
static const char *order(const struct dt_node *node)
{
	static char text[256];
	struct dt_prop *prop;

	text[0] = '\0';
	dt_for_each_prop(prop, node)
		strcat(strcat(text, prop->name), " ");
	return text;
}

TEST(set_keeps_order)
{
	const struct dt_prop *prop;

	setup();
	CHECK_EQ(dt_set_u32(tree, "a", 1), 0);
	CHECK_EQ(dt_set_string(tree, "b", "text"), 0);
	CHECK_EQ(dt_set(tree, "c", NULL, 0), 0);
	CHECK_STR(order(tree), "a b c ");
	CHECK_EQ(dt_set_u64(tree, "b", 0x100000002), 0);
	CHECK_STR(order(tree), "a b c ");
	prop = dt_prop(tree, "b");
	REQUIRE(prop);
	CHECK_EQ(prop->len, 8);
	CHECK_MEM(prop->data, "\0\0\0\1\0\0\0\2", 8);
	CHECK_EQ(dt_del_prop(tree, "b"), 0);
	CHECK_EQ(dt_del_prop(tree, "b"), -ENOENT);
	CHECK_STR(order(tree), "a c ");
	teardown();
}

TEST(set_cells)
{
	static const uint32_t cells[] = { 1, 0x80000000, 3 };
	uint32_t v;

	setup();
	CHECK_EQ(dt_set_cells(tree, "v", cells, 3), 0);
	CHECK_EQ(dt_u32(tree, "v", 1, &v), 0);
	CHECK_EQ(v, 0x80000000);
	CHECK_EQ(dt_set_cells(tree, "v", cells, 0), 0);
	CHECK(dt_has(tree, "v"));
	CHECK_EQ(dt_u32(tree, "v", 0, &v), -ERANGE);
	teardown();
}

/* The new value may be made of the old one. */
TEST(set_from_itself)
{
	const struct dt_prop *prop;

	setup();
	CHECK_EQ(dt_set_string(tree, "s", "one two"), 0);
	prop = dt_prop(tree, "s");
	REQUIRE(prop);
	CHECK_EQ(dt_set(tree, prop->name, prop->data + 4, 4), 0);
	CHECK_STR(dt_string(tree, "s", 0), "two");
	CHECK_EQ(dt_del_prop(tree, dt_prop(tree, "s")->name), 0);
	CHECK(!dt_has(tree, "s"));
	teardown();
}

TEST(bad_names)
{
	static char long_name[300];

	setup();
	memset(long_name, 'n', sizeof(long_name) - 1);
	CHECK(!dt_add_node(tree, ""));
	CHECK(!dt_add_node(tree, "a/b"));
	CHECK(!dt_add_node(tree, "a b"));
	CHECK(!dt_add_node(tree, "@1"));
	CHECK(!dt_add_node(tree, "a\n"));
	CHECK(!dt_add_node(tree, long_name));
	CHECK(dt_add_node(tree, "a,b-c_d+e.f@1,2"));
	CHECK(!dt_add_node(tree, "a,b-c_d+e.f@1,2"));
	CHECK_EQ(dt_set_u32(tree, "", 1), -EINVAL);
	CHECK_EQ(dt_set_u32(tree, "a b", 1), -EINVAL);
	CHECK_EQ(dt_set_u32(tree, long_name, 1), -EINVAL);
	CHECK_EQ(dt_set(tree, "huge", NULL, UINT32_MAX), -EINVAL);
	CHECK_EQ(dt_set_u32(tree, "#address-cells", 1), 0);
	teardown();
}

TEST(held_nodes_stay)
{
	struct dt_node *a, *b, *c;

	setup();
	a = dt_add_node(tree, "a");
	b = a ? dt_add_node(a, "b") : NULL;
	c = b ? dt_add_node(b, "c") : NULL;
	REQUIRE(c);
	CHECK(dt_get(c) == c);
	CHECK_EQ(dt_del_node(a), -EBUSY);
	CHECK_EQ(dt_del_node(c), -EBUSY);
	CHECK(dt_find_from(tree, "a/b/c") == c);
	dt_get(c);
	dt_put(c);
	CHECK_EQ(dt_del_node(c), -EBUSY);
	dt_put(c);
	/* And what is below a held one. */
	dt_get(a);
	CHECK_EQ(dt_del_node(c), -EBUSY);
	dt_put(a);
	CHECK_EQ(dt_del_node(b), 0);
	CHECK(!dt_find_from(tree, "a/b"));
	CHECK(dt_find_from(tree, "a") == a);
	CHECK(!dt_get(NULL));
	dt_put(NULL);
	teardown();
}

TEST(phandle_follows_the_property)
{
	setup();
	CHECK_EQ(dt_set_u32(tree, "linux,phandle", 5), 0);
	CHECK_EQ(tree->phandle, 5);
	CHECK_EQ(dt_set_u32(tree, "phandle", 6), 0);
	CHECK_EQ(tree->phandle, 6);
	CHECK_EQ(dt_set_u32(tree, "linux,phandle", 7), 0);
	CHECK_EQ(tree->phandle, 6);
	CHECK_EQ(dt_set(tree, "phandle", "x", 2), 0);
	CHECK_EQ(tree->phandle, 0);
	CHECK_EQ(dt_del_prop(tree, "phandle"), 0);
	CHECK_EQ(tree->phandle, 7);
	CHECK_EQ(dt_del_prop(tree, "linux,phandle"), 0);
	CHECK_EQ(tree->phandle, 0);
	teardown();
}

TEST(lock_nests)
{
	struct dt_node *node;

	setup();
	dt_lock();
	node = dt_add_node(tree, "a");
	dt_lock();
	CHECK_EQ(dt_set_u32(node, "x", 1), 0);
	dt_unlock();
	CHECK(dt_child(tree, "a") == node);
	dt_unlock();
	teardown();
}

/* Copies into a part of themselves end. */
TEST(copy_into_itself)
{
	struct dt_node *a, *copy = NULL;

	setup();
	a = dt_add_node(tree, "a");
	REQUIRE(a && dt_add_node(a, "b"));
	CHECK_EQ(dt_set_u32(a, "x", 3), 0);
	CHECK_EQ(dt_copy(dt_child(a, "b"), "a", a, &copy), 0);
	REQUIRE(copy);
	CHECK(dt_find_from(tree, "a/b/a/b"));
	CHECK(!dt_find_from(tree, "a/b/a/b/a"));
	CHECK_EQ(dt_u32_or(copy, "x", 0), 3);
	CHECK_EQ(dt_copy(tree, "a", a, NULL), -EEXIST);
	CHECK_EQ(dt_copy(tree, "/", a, NULL), -EINVAL);
	teardown();
}

/* Many changes at random, against a model that is a plain array. */
TEST(random_changes)
{
	uint32_t model[16] = { 0 };
	char name[8];
	unsigned i, n;

	setup();
	for (i = 0; i < 20000; i++) {
		n = (unsigned)unit_random_below(16);
		snprintf(name, sizeof(name), "p%u", n);
		if (unit_random_below(3)) {
			model[n] = (uint32_t)unit_random() | 1;
			CHECK_EQ(dt_set_u32(tree, name, model[n]), 0);
		} else {
			CHECK_EQ(dt_del_prop(tree, name), model[n] ? 0 : -ENOENT);
			model[n] = 0;
		}
		n = (unsigned)unit_random_below(16);
		snprintf(name, sizeof(name), "p%u", n);
		CHECK_EQ(dt_u32_or(tree, name, 0), model[n]);
	}
	teardown();
}
