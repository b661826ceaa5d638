/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between flattened blobs (Devicetree Specification v0.4, chapter 5) and the live tree, by libfdt.
 * A blob is checked as a whole before anything is made of it; a tree is built detached and
 * linked in one step under the tree's lock, so nobody sees half of it.
 */
#include <core/dt.h>

#include <core/log.h>
#include <core/mem.h>
#include <libfdt.h>
#include <libs/errno.h>
#include <libs/string.h>

#include "dt_priv.h"

/*
 * More than any machine's tree has. Names of siblings and of a node's properties are compared with
 * each other, so these also bound the time that a hostile file can take.
 */
#define LOAD_NODES_MAX 16384
#define LOAD_PROPS_MAX 1024

static void *boot_blob;	/* what dt_init() kept of the boot loader's */

/* How an unflattening is done. */
struct unflatten {
	const void *fdt;
	bool in_place;	/* properties may point into the blob, which stays */
	bool strict;	/* refuse odd and double names: not the boot loader's tree */
	unsigned nodes;
};

static int prop_at(const void *fdt, int offset, const char **name, const void **data)
{
	int len;

	*data = fdt_getprop_by_offset(fdt, offset, name, &len);
	return *data && *name ? len : -EINVAL;
}

/* Measure the block of the node at offset, and check its properties' names. */
static int node_shape(struct unflatten *u, int offset, struct dt_shape *shape)
{
	int prop;

	*shape = (struct dt_shape){ 0 };
	fdt_for_each_property_offset(prop, u->fdt, offset) {
		const char *name;
		const void *data;
		int len = prop_at(u->fdt, prop, &name, &data);

		if (len < 0 || (u->strict && !dt_prop_name_ok(name)))
			return -EINVAL;
		shape->nr_props++;
		if (!u->in_place)
			shape->bytes += ALIGN_UP((size_t)len + strlen(name) + 1, 4);
		if (u->strict && shape->nr_props > LOAD_PROPS_MAX)
			return -E2BIG;
	}
	return prop == -FDT_ERR_NOTFOUND ? 0 : -EINVAL;
}

/* Fill a node's embedded properties from the blob. */
static int fill_props(struct unflatten *u, int offset, struct dt_node *node, uint8_t *spare)
{
	uint32_t i = 0;
	int prop;

	fdt_for_each_property_offset(prop, u->fdt, offset) {
		const char *name;
		const void *data;
		int len = prop_at(u->fdt, prop, &name, &data);
		size_t name_size;

		if (len < 0 || (u->strict && dt_has(node, name)))
			return -EINVAL;
		if (!u->in_place) {
			name_size = strlen(name) + 1;
			memcpy(spare, data, (size_t)len);
			memcpy(spare + len, name, name_size);
			data = spare;
			name = (const char *)spare + len;
			spare += ALIGN_UP((size_t)len + name_size, 4);
		}
		dt_node_embed(node, i++, name, data, (uint32_t)len);
	}
	return 0;
}

/* One node; @p top_name replaces the empty name of the blob's root. */
static int make_node(struct unflatten *u, int offset, const char *top_name, struct dt_node **out)
{
	struct dt_shape shape;
	struct dt_node *node;
	uint8_t *spare;
	const char *name;
	int len, err;

	name = fdt_get_name(u->fdt, offset, &len);
	if (!name)
		return -EINVAL;
	if (top_name) {
		name = top_name;
		len = (int)strlen(name);
	} else if (u->strict && !dt_node_name_ok(name)) {
		return -EINVAL;
	}
	if (u->strict && ++u->nodes > LOAD_NODES_MAX)
		return -E2BIG;
	err = node_shape(u, offset, &shape);
	if (err)
		return err;
	node = dt_node_alloc(name, (size_t)len, &shape, &spare);
	if (!node)
		return -ENOMEM;
	err = fill_props(u, offset, node, spare);
	if (err) {
		dt_node_free(node);
		return err;
	}
	*out = node;
	return 0;
}

static int link_below(struct unflatten *u, struct dt_node *parent, struct dt_node *node)
{
	if (u->strict)
		return dt_attach(parent, node) ? -EINVAL : 0;
	node->parent = parent;
	list_add_tail(&parent->children, &node->link);
	return 0;
}

/* The whole blob, detached. The caller has checked it by fdt_check_full(). */
static int unflatten(struct unflatten *u, const char *top_name, struct dt_node **out)
{
	struct dt_node *top, *at, *node;
	int offset, depth = 0, at_depth = 0;
	int err = make_node(u, 0, top_name, &top);

	if (err)
		return err;
	at = top;
	for (offset = fdt_next_node(u->fdt, 0, &depth); offset >= 0 && depth > 0;
	     offset = fdt_next_node(u->fdt, offset, &depth)) {
		err = make_node(u, offset, NULL, &node);
		if (err)
			goto err_free;
		for (; at_depth >= depth; at_depth--)
			at = at->parent;
		err = link_below(u, at, node);
		if (err) {
			dt_node_free(node);
			goto err_free;
		}
		at = node;
		at_depth = depth;
	}
	if (offset < 0 && offset != -FDT_ERR_NOTFOUND) {
		err = -EINVAL;
		goto err_free;
	}
	*out = top;
	return 0;
err_free:
	dt_node_free(top);
	return err;
}

/*
 * Boot loaders reserve far more than a blob needs (QEMU: 1 MiB for 8 KB), so what is used is
 * copied and the boot loader's memory need not stay.
 */
static void *copy_used(const void *fdt)
{
	uint32_t total = fdt_totalsize(fdt);
	uint32_t dt_end = fdt_off_dt_struct(fdt) + fdt_size_dt_struct(fdt);
	uint32_t str_end = fdt_off_dt_strings(fdt) + fdt_size_dt_strings(fdt);
	uint32_t used = MAX(dt_end, str_end);
	void *copy;

	/* version 16 has no size of the structure block, and reservations may be behind it */
	if (fdt_version(fdt) < 17 || fdt_off_mem_rsvmap(fdt) >= fdt_off_dt_struct(fdt))
		used = total;
	copy = heap_alloc(used);
	if (!copy)
		return NULL;
	memcpy(copy, fdt, used);
	fdt_set_totalsize(copy, used);
	return copy;
}

int dt_init(const void *fdt)
{
	struct unflatten u = { .in_place = true };
	struct dt_node *root;
	void *copy;
	int err;

	if (fdt_check_header(fdt) || fdt_check_full(fdt, fdt_totalsize(fdt)))
		return -EINVAL;
	copy = copy_used(fdt);
	if (!copy)
		return -ENOMEM;
	u.fdt = copy;
	err = unflatten(&u, "", &root);
	if (err) {
		heap_free(copy);
		return err;
	}
	boot_blob = copy;
	dt_set_root(root);
	return 0;
}

void dt_forget(void)
{
	dt_node_free(dt_root());
	dt_set_root(NULL);
	heap_free(boot_blob);
	boot_blob = NULL;
}

/* dt_load() with a blob that is aligned as libfdt wants it. */
static int load_aligned(struct dt_node *parent, const char *name, const void *fdt, size_t size,
			struct dt_node **out)
{
	struct unflatten u = { .fdt = fdt, .strict = true };
	struct dt_node *node;
	int err;

	if (size < sizeof(struct fdt_header) || fdt_check_header(fdt) ||
	    fdt_check_full(fdt, size))
		return -EINVAL;
	err = unflatten(&u, name, &node);
	if (err)
		return err;
	dt_box_of(node)->own_phandles = true;
	dt_lock();
	err = dt_attach(parent, node);
	dt_unlock();
	if (err) {
		dt_node_free(node);
		return err;
	}
	if (out)
		*out = node;
	return 0;
}

int dt_load(struct dt_node *parent, const char *name, const void *fdt, size_t size,
	    struct dt_node **out)
{
	void *aligned;
	int err;

	if (!dt_node_name_ok(name))
		return -EINVAL;
	if (IS_ALIGNED((uintptr_t)fdt, 8))
		return load_aligned(parent, name, fdt, size, out);
	aligned = heap_alloc(size ? size : 1);
	if (!aligned)
		return -ENOMEM;
	memcpy(aligned, fdt, size);
	err = load_aligned(parent, name, aligned, size, out);
	heap_free(aligned);
	return err;
}

/* --- copy ------------------------------------------------------------------------------ */

/* One node with its properties, linked nowhere. */
static struct dt_node *copy_node(const struct dt_node *src, const char *name)
{
	struct dt_shape shape = { 0 };
	const struct dt_prop *prop;
	struct dt_node *node;
	uint8_t *spare;
	uint32_t i = 0;

	dt_for_each_prop(prop, src) {
		shape.nr_props++;
		shape.bytes += ALIGN_UP((size_t)prop->len + strlen(prop->name) + 1, 4);
	}
	node = dt_node_alloc(name, strlen(name), &shape, &spare);
	if (!node)
		return NULL;
	dt_for_each_prop(prop, src) {
		size_t name_size = strlen(prop->name) + 1;

		memcpy(spare, prop->data, prop->len);
		memcpy(spare + prop->len, prop->name, name_size);
		dt_node_embed(node, i++, (const char *)spare + prop->len, spare, prop->len);
		spare += ALIGN_UP((size_t)prop->len + name_size, 4);
	}
	return node;
}

static struct dt_node *copy_tree(struct dt_node *src, const char *name)
{
	struct dt_node *top = copy_node(src, name), *at = top, *from = src, *next, *node;

	while (top && (next = dt_next(from, src))) {
		for (; from != next->parent; from = from->parent)
			at = at->parent;
		node = copy_node(next, next->name);
		if (!node) {
			dt_node_free(top);
			return NULL;
		}
		node->parent = at;
		list_add_tail(&at->children, &node->link);
		at = node;
		from = next;
	}
	return top;
}

int dt_copy(struct dt_node *parent, const char *name, const struct dt_node *src,
	    struct dt_node **out)
{
	struct dt_node *node;
	int err;

	if (!dt_node_name_ok(name))
		return -EINVAL;
	dt_lock();
	node = copy_tree(container_of(&src->link, struct dt_node, link), name);
	err = node ? dt_attach(parent, node) : -ENOMEM;
	dt_unlock();
	if (err) {
		if (node)
			dt_node_free(node);
		return err;
	}
	dt_box_of(node)->own_phandles = true;
	if (out)
		*out = node;
	return 0;
}

/* --- flatten --------------------------------------------------------------------------- */

static int put_node(void *fdt, const struct dt_node *node, const char *name)
{
	const struct dt_prop *prop;
	int err = fdt_begin_node(fdt, name);

	if (err)
		return err;
	dt_for_each_prop(prop, node) {
		err = fdt_property(fdt, prop->name, prop->data, (int)prop->len);
		if (err)
			return err;
	}
	return 0;
}

static int put_tree(void *fdt, struct dt_node *top)
{
	struct dt_node *at = top, *next;
	int err = put_node(fdt, top, "");

	while (!err && (next = dt_next(at, top))) {
		for (; !err && at != next->parent; at = at->parent)
			err = fdt_end_node(fdt);
		if (!err)
			err = put_node(fdt, next, next->name);
		at = next;
	}
	for (; !err && at != top; at = at->parent)
		err = fdt_end_node(fdt);
	return err ? err : fdt_end_node(fdt);
}

int dt_flatten(const struct dt_node *node, void *buf, size_t size)
{
	int err;

	if (!IS_ALIGNED((uintptr_t)buf, 8))
		return -EINVAL;
	err = fdt_create(buf, (int)MIN_T(size_t, size, INT32_MAX));
	if (!err)
		err = fdt_finish_reservemap(buf);
	if (!err) {
		dt_lock();
		err = put_tree(buf, container_of(&node->link, struct dt_node, link));
		dt_unlock();
	}
	if (!err)
		err = fdt_finish(buf);
	if (err)
		return err == -FDT_ERR_NOSPACE ? -ENOSPC : -EINVAL;
	return (int)fdt_totalsize(buf);
}
