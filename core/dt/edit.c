/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changing the live device tree: nodes and properties come and go under the tree's lock. A node
 * that is held, or has one below that is, cannot be removed.
 */
#include <core/dt.h>

#include <core/mem.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/string.h>

#include "dt_priv.h"

#define DT_NAME_MAX 255	/* of nodes and properties; the specification has 31, practice more */

/* --- blocks in the heap ------------------------------------------------------------- */

struct dt_node *dt_node_alloc(const char *name, size_t name_len, const struct dt_shape *shape,
			      uint8_t **spare)
{
	size_t head = sizeof(struct dt_box) + shape->nr_props * sizeof(struct dt_prop);
	struct dt_box *box = heap_zalloc(head + shape->bytes + name_len + 1);
	uint8_t *behind;
	char *own_name;

	if (!box)
		return NULL;
	behind = (uint8_t *)box + head;
	own_name = (char *)behind + shape->bytes;
	memcpy(own_name, name, name_len);
	box->nr_embedded = shape->nr_props;
	box->node.name = own_name;
	list_init(&box->node.link);
	list_init(&box->node.children);
	list_init(&box->node.props);
	if (spare)
		*spare = behind;
	return &box->node;
}

void dt_node_embed(struct dt_node *node, uint32_t index, const char *name, const void *data,
		   uint32_t len)
{
	struct dt_prop *prop = &dt_box_of(node)->props[index];

	prop->name = name;
	prop->data = data;
	prop->len = len;
	list_add_tail(&node->props, &prop->link);
	dt_note_phandle(node, name);
}

static void prop_free(struct dt_node *node, struct dt_prop *prop)
{
	struct dt_box *box = dt_box_of(node);

	list_del(&prop->link);
	if (prop < box->props || prop >= box->props + box->nr_embedded)
		heap_free(container_of(prop, struct dt_prop_box, prop));
}

void dt_node_free(struct dt_node *top)
{
	struct dt_node *node = top, *parent;

	for (;;) {
		while (!list_empty(&node->children))
			node = list_first_entry(&node->children, struct dt_node, link);
		parent = node->parent;
		list_del(&node->link);
		while (!list_empty(&node->props))
			prop_free(node, list_first_entry(&node->props, struct dt_prop, link));
		heap_free(dt_box_of(node));
		if (node == top)
			return;
		node = parent;
	}
}

/* --- names ---------------------------------------------------------------------------- */

static bool name_ok(const char *name)
{
	size_t i;

	for (i = 0; name[i]; i++)
		if (i == DT_NAME_MAX || name[i] <= ' ' || name[i] > '~' || name[i] == '/')
			return false;
	return i > 0;
}

bool dt_node_name_ok(const char *name)
{
	return name_ok(name) && name[0] != '@';
}

bool dt_prop_name_ok(const char *name)
{
	return name_ok(name);
}

/* --- nodes ------------------------------------------------------------------------------ */

static struct dt_node *find_exact(struct dt_node *parent, const char *name)
{
	struct dt_node *child;

	dt_for_each_child(child, parent)
		if (!strcmp(child->name, name))
			return child;
	return NULL;
}

int dt_attach(struct dt_node *parent, struct dt_node *node)
{
	if (find_exact(parent, node->name))
		return -EEXIST;
	node->parent = parent;
	list_add_tail(&parent->children, &node->link);
	return 0;
}

struct dt_node *dt_add_node(struct dt_node *parent, const char *name)
{
	static const struct dt_shape plain;
	struct dt_node *node;

	if (!dt_node_name_ok(name))
		return NULL;
	node = dt_node_alloc(name, strlen(name), &plain, NULL);
	if (!node)
		return NULL;
	dt_lock();
	if (dt_attach(parent, node)) {
		dt_node_free(node);
		node = NULL;
	}
	dt_unlock();
	return node;
}

struct dt_node *dt_new_tree(void)
{
	static const struct dt_shape plain;

	return dt_node_alloc("", 0, &plain, NULL);
}

int dt_del_node(struct dt_node *node)
{
	struct dt_node *at;
	int err = 0;

	if (node == dt_root())
		return -EINVAL;
	dt_lock();
	for (at = node; at && !err; at = dt_next(at, node))
		if (__atomic_load_n(&at->refs, __ATOMIC_ACQUIRE))
			err = -EBUSY;
	/* Who holds a guest's node means all that makes the guest. */
	for (at = node->parent; at && at->parent; at = at->parent)
		if (__atomic_load_n(&at->refs, __ATOMIC_ACQUIRE))
			err = -EBUSY;
	if (!err)
		dt_node_free(node);
	dt_unlock();
	return err;
}

struct dt_node *dt_get(struct dt_node *node)
{
	if (node)
		__atomic_fetch_add(&node->refs, 1, __ATOMIC_RELAXED);
	return node;
}

void dt_put(struct dt_node *node)
{
	if (node)
		__atomic_fetch_sub(&node->refs, 1, __ATOMIC_RELEASE);
}

/* --- properties --------------------------------------------------------------------------- */

static struct dt_prop *find_prop(struct dt_node *node, const char *name)
{
	struct dt_prop *prop;

	dt_for_each_prop(prop, node)
		if (!strcmp(prop->name, name))
			return prop;
	return NULL;
}

void dt_note_phandle(struct dt_node *node, const char *name)
{
	/* the second is the old name of the first, where firmware gives only that */
	static const char *const names[] = { "phandle", "linux,phandle" };

	if (strcmp(name, names[0]) && strcmp(name, names[1]))
		return;
	node->phandle = dt_u32_or(node, dt_has(node, names[0]) ? names[0] : names[1], 0);
}

int dt_set(struct dt_node *node, const char *name, const void *data, uint32_t len)
{
	size_t name_size = strlen(name) + 1;
	struct dt_prop_box *box;
	struct dt_prop *old;

	if (!dt_prop_name_ok(name) || len > INT32_MAX)
		return -EINVAL;
	box = heap_alloc(sizeof(*box) + len + name_size);
	if (!box)
		return -ENOMEM;
	if (len)
		memcpy(box->bytes, data, len);
	memcpy(box->bytes + len, name, name_size);
	box->prop.name = (const char *)box->bytes + len;
	box->prop.data = box->bytes;
	box->prop.len = len;
	dt_lock();
	old = find_prop(node, name);
	if (old) {
		list_add_before(&old->link, &box->prop.link);
		prop_free(node, old);
	} else {
		list_add_tail(&node->props, &box->prop.link);
	}
	dt_note_phandle(node, box->prop.name);
	dt_unlock();
	return 0;
}

int dt_set_u32(struct dt_node *node, const char *name, uint32_t v)
{
	uint8_t cell[4];

	put_be32(cell, v);
	return dt_set(node, name, cell, sizeof(cell));
}

int dt_set_u64(struct dt_node *node, const char *name, uint64_t v)
{
	uint8_t cells[8];

	put_be64(cells, v);
	return dt_set(node, name, cells, sizeof(cells));
}

int dt_set_cells(struct dt_node *node, const char *name, const uint32_t *v, unsigned n)
{
	uint32_t *cells;
	unsigned i;
	int err;

	if (n > INT32_MAX / sizeof(*cells))
		return -EINVAL;
	cells = heap_alloc(n ? n * sizeof(*cells) : 1);
	if (!cells)
		return -ENOMEM;
	for (i = 0; i < n; i++)
		cells[i] = cpu_to_be32(v[i]);
	err = dt_set(node, name, cells, n * (uint32_t)sizeof(*cells));
	heap_free(cells);
	return err;
}

int dt_set_string(struct dt_node *node, const char *name, const char *s)
{
	size_t size = strlen(s) + 1;

	return size > INT32_MAX ? -EINVAL : dt_set(node, name, s, (uint32_t)size);
}

int dt_del_prop(struct dt_node *node, const char *name)
{
	struct dt_prop *prop;

	dt_lock();
	prop = find_prop(node, name);
	if (prop) {
		/* name may lie in the property itself */
		bool phandle = !strcmp(name, "phandle") || !strcmp(name, "linux,phandle");

		prop_free(node, prop);
		if (phandle)
			dt_note_phandle(node, "phandle");
	}
	dt_unlock();
	return prop ? 0 : -ENOENT;
}
