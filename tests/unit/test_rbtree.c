/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libs/rbtree.c: after every operation the rules of the tree hold and its order is that of a
 * sorted array.
 */
#include <stdlib.h>
#include <string.h>

#include <libs/rbtree.h>

#include "unit.h"

#define ITEMS	64

struct item {
	int key;
	int serial;		/* order of insertion: equal keys have to keep it */
	struct rbnode node;
};

static const struct item *item_of(const struct rbnode *node)
{
	return rb_entry(node, struct item, node);
}

static int compare(const struct rbnode *a, const struct rbnode *b)
{
	return item_of(a)->key - item_of(b)->key;
}

static int compare_key(const void *key, const struct rbnode *b)
{
	return *(const int *)key - item_of(b)->key;
}

static bool black(const struct rbnode *node)
{
	return !node || node->parent_colour & 1;
}

/* Checks a subtree; returns the number of black nodes on every way down. */
static int check_subtree(const struct rbnode *node, const struct rbnode *parent)
{
	int left, right;

	if (!node)
		return 0;
	CHECK((node->parent_colour & ~(uintptr_t)1) == (uintptr_t)parent);
	CHECK(black(node) || (black(node->left) && black(node->right)));
	left = check_subtree(node->left, node);
	right = check_subtree(node->right, node);
	CHECK_EQ(left, right);
	return left + black(node);
}

/* The tree has exactly the items of the array, in its order. */
static void check_tree(const struct rbroot *root, struct item **sorted, size_t n)
{
	struct rbnode *node;
	size_t i = 0;

	CHECK(black(root->node));
	check_subtree(root->node, NULL);
	CHECK(rb_first(root) == (n ? &sorted[0]->node : NULL));
	CHECK(rb_last(root) == (n ? &sorted[n - 1]->node : NULL));
	CHECK(rb_empty(root) == (n == 0));
	rb_for_each(node, root) {
		REQUIRE(i < n);
		CHECK(node == &sorted[i]->node);
		CHECK(rb_prev(node) == (i ? &sorted[i - 1]->node : NULL));
		CHECK(rb_linked(node));
		i++;
	}
	CHECK_EQ(i, n);
}

static void check_finding(const struct rbroot *root, struct item **sorted, size_t n, int key)
{
	struct rbnode *first = NULL, *last_le = NULL;
	size_t i;

	for (i = n; i-- > 0;) {
		if (sorted[i]->key == key)
			first = &sorted[i]->node;
		if (sorted[i]->key <= key && !last_le)
			last_le = &sorted[i]->node;
	}
	CHECK(rb_find(root, &key, compare_key) == first);
	CHECK(rb_find_last_le(root, &key, compare_key) == last_le);
}

static size_t insert_sorted(struct item **sorted, size_t n, struct item *item)
{
	size_t i;

	for (i = n; i > 0 && sorted[i - 1]->key > item->key; i--)
		sorted[i] = sorted[i - 1];
	sorted[i] = item;
	return n + 1;
}

static void run_model(int keys)
{
	struct rbroot root = RBROOT_INIT;
	struct item items[ITEMS], *sorted[ITEMS];
	size_t n = 0, i;
	int round;

	for (i = 0; i < ITEMS; i++)
		rb_node_init(&items[i].node);
	for (round = 0; round < 4000 && !unit_failed(); round++) {
		struct item *item = &items[unit_random_below(ITEMS)];

		if (!rb_linked(&item->node)) {
			item->key = (int)unit_random_below((uint64_t)keys);
			rb_insert(&root, &item->node, compare);
			n = insert_sorted(sorted, n, item);
		} else {
			rb_erase(&root, &item->node);
			CHECK(!rb_linked(&item->node));
			for (i = 0; sorted[i] != item; i++)
				;
			n--;
			memmove(&sorted[i], &sorted[i + 1], (n - i) * sizeof(sorted[0]));
		}
		check_tree(&root, sorted, n);
		check_finding(&root, sorted, n, (int)unit_random_below((uint64_t)keys + 1) - 1);
	}
}

TEST(random_operations_match_a_sorted_array)
{
	run_model(1000);
}

TEST(equal_keys_keep_their_order)
{
	run_model(4);
	run_model(1);
}

TEST(ascending_and_descending)
{
	struct item items[ITEMS], *sorted[ITEMS];
	struct rbroot root;
	size_t i;

	rb_init(&root);
	for (i = 0; i < ITEMS; i++) {
		items[i].key = (int)i;
		sorted[i] = &items[i];
		rb_insert(&root, &items[i].node, compare);
		check_tree(&root, sorted, i + 1);
	}
	for (i = 0; i < ITEMS; i++) {
		CHECK(rb_first(&root) == &items[i].node);
		rb_erase(&root, &items[i].node);
		check_tree(&root, sorted + i + 1, ITEMS - i - 1);
	}
	for (i = ITEMS; i-- > 0;) {
		rb_insert(&root, &items[i].node, compare);
		check_tree(&root, sorted + i, ITEMS - i);
	}
}

TEST(replacing_keeps_the_place)
{
	struct item items[7], with, *sorted[7];
	struct rbroot root = RBROOT_INIT;
	size_t i;

	for (i = 0; i < 7; i++) {
		items[i].key = (int)i;
		sorted[i] = &items[i];
		rb_insert(&root, &items[i].node, compare);
	}
	for (i = 0; i < 7; i++) {
		with = items[i];
		rb_replace(&root, &items[i].node, &with.node);
		CHECK(!rb_linked(&items[i].node));
		sorted[i] = &with;
		check_tree(&root, sorted, 7);
		rb_replace(&root, &with.node, &items[i].node);
		sorted[i] = &items[i];
	}
	check_tree(&root, sorted, 7);
}

TEST(freeing_in_a_loop)
{
	struct rbroot root = RBROOT_INIT;
	struct rbnode *node, *next;
	int i;

	for (i = 0; i < 10; i++) {
		struct item *item = malloc(sizeof(*item));

		item->key = i * 7 % 10;
		rb_insert(&root, &item->node, compare);
	}
	rb_for_each_safe(node, next, &root) {
		rb_erase(&root, node);
		free(rb_entry(node, struct item, node));
	}
	CHECK(rb_empty(&root) && rb_first(&root) == NULL && rb_last(&root) == NULL);
}
