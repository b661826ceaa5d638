/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Red-black trees. Rules that every function keeps: the root is black, a red node has no red
 * child, and every way from the root down to a missing child passes the same number of black
 * nodes. The caller's lock guards a tree.
 */
#include <libs/rbtree.h>

#define BLACK		((uintptr_t)1)

static struct rbnode *parent_of(const struct rbnode *node)
{
	return (struct rbnode *)(node->parent_colour & ~BLACK);
}

static bool is_black(const struct rbnode *node)
{
	return !node || node->parent_colour & BLACK;
}

static void set_parent(struct rbnode *node, struct rbnode *parent)
{
	node->parent_colour = (uintptr_t)parent | (node->parent_colour & BLACK);
}

static void set_black(struct rbnode *node)
{
	node->parent_colour |= BLACK;
}

static void set_red(struct rbnode *node)
{
	node->parent_colour &= ~BLACK;
}

static void copy_colour(struct rbnode *node, const struct rbnode *from)
{
	node->parent_colour = (node->parent_colour & ~BLACK) | (from->parent_colour & BLACK);
}

/* Makes whatever points down to @p node point to @p with. */
static void replace_in_parent(struct rbroot *root, struct rbnode *node, struct rbnode *parent,
			      struct rbnode *with)
{
	if (!parent)
		root->node = with;
	else if (parent->left == node)
		parent->left = with;
	else
		parent->right = with;
}

/* The child on the given side goes up into the place of @p node, which becomes its other child. */
static void rotate_up(struct rbroot *root, struct rbnode *node, bool left_child)
{
	struct rbnode *parent = parent_of(node);
	struct rbnode *child = left_child ? node->left : node->right;
	struct rbnode *inner = left_child ? child->right : child->left;

	if (left_child) {
		node->left = inner;
		child->right = node;
	} else {
		node->right = inner;
		child->left = node;
	}
	if (inner)
		set_parent(inner, node);
	replace_in_parent(root, node, parent, child);
	set_parent(child, parent);
	set_parent(node, child);
}

/* The new node is red; while its parent is too, moves the violation up or ends it by rotation. */
static void rebalance_after_insert(struct rbroot *root, struct rbnode *node)
{
	struct rbnode *parent;

	while ((parent = parent_of(node)) != NULL && !is_black(parent)) {
		struct rbnode *grand = parent_of(parent);
		bool left = grand->left == parent;
		struct rbnode *uncle = left ? grand->right : grand->left;

		if (!is_black(uncle)) {
			set_black(parent);
			set_black(uncle);
			set_red(grand);
			node = grand;
			continue;
		}
		if (node == (left ? parent->right : parent->left)) {
			rotate_up(root, parent, !left);
			parent = node;
		}
		set_black(parent);
		set_red(grand);
		rotate_up(root, grand, left);
		break;
	}
	set_black(root->node);
}

void rb_insert_at(struct rbroot *root, struct rbnode *node, struct rbnode *parent,
		  struct rbnode **link)
{
	node->parent_colour = (uintptr_t)parent;
	node->left = NULL;
	node->right = NULL;
	*link = node;
	if (!parent || (parent == root->leftmost && link == &parent->left))
		root->leftmost = node;
	rebalance_after_insert(root, node);
}

void rb_insert(struct rbroot *root, struct rbnode *node, rb_compare cmp)
{
	struct rbnode **link = &root->node;
	struct rbnode *parent = NULL;

	while (*link) {
		parent = *link;
		link = cmp(node, parent) < 0 ? &parent->left : &parent->right;
	}
	rb_insert_at(root, node, parent, link);
}

/*
 * The ways through @p node, which is below @p parent and may be missing, have one black node too
 * few. Makes a red node black there, or moves the lack up.
 */
static void rebalance_after_erase(struct rbroot *root, struct rbnode *node, struct rbnode *parent)
{
	while (parent && is_black(node)) {
		bool left = parent->left == node;
		struct rbnode *sibling = left ? parent->right : parent->left;
		struct rbnode *near, *far;

		if (!is_black(sibling)) {
			set_black(sibling);
			set_red(parent);
			rotate_up(root, parent, !left);
			sibling = left ? parent->right : parent->left;
		}
		near = left ? sibling->left : sibling->right;
		far = left ? sibling->right : sibling->left;
		if (is_black(near) && is_black(far)) {
			set_red(sibling);
			node = parent;
			parent = parent_of(node);
			continue;
		}
		if (is_black(far)) {
			set_black(near);
			set_red(sibling);
			rotate_up(root, sibling, left);
			far = sibling;
			sibling = near;
		}
		copy_colour(sibling, parent);
		set_black(parent);
		set_black(far);
		rotate_up(root, parent, !left);
		return;
	}
	if (node)
		set_black(node);
}

void rb_erase(struct rbroot *root, struct rbnode *node)
{
	struct rbnode *parent, *child;
	bool lost_black;

	if (root->leftmost == node)
		root->leftmost = rb_next(node);
	if (node->left && node->right) {
		/* The next in order has no left child: it moves into the place of node. */
		struct rbnode *next = rb_next(node);

		child = next->right;
		parent = parent_of(next);
		lost_black = is_black(next);
		if (parent == node) {
			parent = next;
		} else {
			parent->left = child;
			if (child)
				set_parent(child, parent);
			next->right = node->right;
			set_parent(next->right, next);
		}
		next->left = node->left;
		set_parent(next->left, next);
		replace_in_parent(root, node, parent_of(node), next);
		next->parent_colour = node->parent_colour;
	} else {
		child = node->left ? node->left : node->right;
		parent = parent_of(node);
		lost_black = is_black(node);
		replace_in_parent(root, node, parent, child);
		if (child)
			set_parent(child, parent);
	}
	if (lost_black)
		rebalance_after_erase(root, child, parent);
	rb_node_init(node);
}

void rb_replace(struct rbroot *root, struct rbnode *node, struct rbnode *with)
{
	*with = *node;
	replace_in_parent(root, node, parent_of(node), with);
	if (with->left)
		set_parent(with->left, with);
	if (with->right)
		set_parent(with->right, with);
	if (root->leftmost == node)
		root->leftmost = with;
	rb_node_init(node);
}

struct rbnode *rb_last(const struct rbroot *root)
{
	struct rbnode *node = root->node;

	while (node && node->right)
		node = node->right;
	return node;
}

struct rbnode *rb_next(const struct rbnode *node)
{
	struct rbnode *at;

	if (node->right) {
		for (at = node->right; at->left; at = at->left)
			;
		return at;
	}
	while ((at = parent_of(node)) != NULL && at->right == node)
		node = at;
	return at;
}

struct rbnode *rb_prev(const struct rbnode *node)
{
	struct rbnode *at;

	if (node->left) {
		for (at = node->left; at->right; at = at->right)
			;
		return at;
	}
	while ((at = parent_of(node)) != NULL && at->left == node)
		node = at;
	return at;
}

struct rbnode *rb_find(const struct rbroot *root, const void *key, rb_compare_key cmp)
{
	struct rbnode *node = root->node;
	struct rbnode *found = NULL;

	while (node) {
		int order = cmp(key, node);

		if (order == 0)
			found = node;
		node = order <= 0 ? node->left : node->right;
	}
	return found;
}

struct rbnode *rb_find_last_le(const struct rbroot *root, const void *key, rb_compare_key cmp)
{
	struct rbnode *node = root->node;
	struct rbnode *found = NULL;

	while (node) {
		if (cmp(key, node) >= 0) {
			found = node;
			node = node->right;
		} else {
			node = node->left;
		}
	}
	return found;
}
