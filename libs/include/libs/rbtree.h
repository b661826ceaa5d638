/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Balanced search trees (red-black) whose nodes are members of the caller's objects: no
 * allocation, every operation in O(log n), the smallest entry in O(1). The caller's lock guards a
 * tree. Entries that compare equal keep the order in which they were inserted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libs/util.h>

/** Link in an entry. A zeroed one is in no tree. */
struct rbnode {
	uintptr_t parent_colour;	/* parent pointer; bit 0 set: black */
	struct rbnode *left;
	struct rbnode *right;
};

/** A tree. A zeroed one is empty. */
struct rbroot {
	struct rbnode *node;		/* the root, NULL in an empty tree */
	struct rbnode *leftmost;	/* the smallest, NULL in an empty tree */
};

#define RBROOT_INIT		{ NULL, NULL }

/** The object of type @p type whose node @p member is at @p ptr. */
#define rb_entry(ptr, type, member)	container_of(ptr, type, member)

/**
 * Order of two entries.
 * @return below 0 where @p a comes before @p b, 0 where they are equal, above 0 otherwise
 */
typedef int (*rb_compare)(const struct rbnode *a, const struct rbnode *b);

/**
 * Order of a key and an entry.
 * @return below 0 where the key comes before @p b, 0 where it is that of @p b, above 0 otherwise
 */
typedef int (*rb_compare_key)(const void *key, const struct rbnode *b);

/** Makes an empty tree; the entries of an earlier one are not touched. */
static inline void rb_init(struct rbroot *root)
{
	root->node = NULL;
	root->leftmost = NULL;
}

/** Marks a node as being in no tree, for rb_linked(). */
static inline void rb_node_init(struct rbnode *node)
{
	node->parent_colour = (uintptr_t)node;
	node->left = NULL;
	node->right = NULL;
}

/** @return whether a node, once initialised by rb_node_init(), is in a tree */
static inline bool rb_linked(const struct rbnode *node)
{
	return node->parent_colour != (uintptr_t)node;
}

/** @return whether the tree has no entry */
static inline bool rb_empty(const struct rbroot *root)
{
	return !root->node;
}

/** @return the smallest entry, or NULL; O(1) */
static inline struct rbnode *rb_first(const struct rbroot *root)
{
	return root->leftmost;
}

/**
 * Inserts a node at its place, behind those equal to it.
 *
 * @param root  the tree
 * @param node  in no tree
 * @param cmp   the order; the same for all entries of a tree
 */
void rb_insert(struct rbroot *root, struct rbnode *node, rb_compare cmp);

/**
 * Inserts a node at a place that the caller has searched, and rebalances.
 *
 * @param root    the tree
 * @param node    in no tree
 * @param parent  the node below which it goes, NULL in an empty tree
 * @param link    &parent->left or &parent->right, which is NULL; &root->node in an empty tree
 */
void rb_insert_at(struct rbroot *root, struct rbnode *node, struct rbnode *parent,
		  struct rbnode **link);

/** Takes a node out of the tree it is in; rb_linked() is false then. */
void rb_erase(struct rbroot *root, struct rbnode *node);

/** Puts @p with, which is in no tree and equal in order, in the place of @p node. */
void rb_replace(struct rbroot *root, struct rbnode *node, struct rbnode *with);

/** @return the largest entry, or NULL */
struct rbnode *rb_last(const struct rbroot *root);
/** @return the entry behind @p node in order, or NULL */
struct rbnode *rb_next(const struct rbnode *node);
/** @return the entry before @p node in order, or NULL */
struct rbnode *rb_prev(const struct rbnode *node);

/** @return the first entry with this key, or NULL */
struct rbnode *rb_find(const struct rbroot *root, const void *key, rb_compare_key cmp);
/** @return the last entry that is not behind the key, or NULL: which range has this address? */
struct rbnode *rb_find_last_le(const struct rbroot *root, const void *key, rb_compare_key cmp);

/** Goes through all entries in order; the body must not erase @p node. */
#define rb_for_each(node, root)						\
	for ((node) = rb_first(root); (node); (node) = rb_next(node))

/** Goes through all entries in order; the body may erase @p node but not @p next_, a helper. */
#define rb_for_each_safe(node, next_, root)				\
	for ((node) = rb_first(root);					\
	     (node) && ((next_) = rb_next(node), true); (node) = (next_))
