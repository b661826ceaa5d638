/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between flattened blobs (Devicetree Specification v0.4, chapter 5) and the live tree. Reading
 * checks each byte before it is used, in one pass; libfdt would walk the blob anew for each
 * property. A tree is built detached and linked in one step under the tree's lock, so nobody
 * sees half of it.
 */
#include <core/dt.h>

#include <core/mem.h>
#include <libfdt.h>
#include <libs/byteorder.h>
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
	const char *strings;
	uint32_t strings_size;
	const uint8_t *at;	/* next tag of the structure block */
	const uint8_t *end;	/* of that block */
	bool in_place;		/* properties may point into the blob, which stays */
	bool strict;		/* refuse odd and double names: not the boot loader's tree */
	unsigned nodes;
};

/* A property as it lies in the blob. */
struct blob_prop {
	const char *name;
	const uint8_t *data;
	uint32_t len;
};

/* Tags are aligned, and there are at least four bytes at each place that is looked at. */
static uint32_t tag_at(const uint8_t *at)
{
	return be32_to_cpu(*(const uint32_t *)(const void *)at);
}

static size_t room(const struct unflatten *u, const uint8_t *at)
{
	return (size_t)(u->end - at);
}

/* The tag at `at`, past what means nothing; FDT_END behind the end of the block. */
static uint32_t next_tag(const struct unflatten *u, const uint8_t **at)
{
	for (; room(u, *at) >= FDT_TAGSIZE; *at += FDT_TAGSIZE)
		if (tag_at(*at) != FDT_NOP)
			return tag_at(*at);
	return FDT_END;
}

/*
 * A property, if there is one at *at, which goes behind it then.
 * @return 1, 0 when there is none, -EINVAL when it does not lie in the blob
 */
static int next_prop(const struct unflatten *u, const uint8_t **at, struct blob_prop *prop)
{
	uint32_t name;
	size_t size;

	if (next_tag(u, at) != FDT_PROP)
		return 0;
	if (room(u, *at) < sizeof(struct fdt_property))
		return -EINVAL;
	prop->len = tag_at(*at + 4);
	name = tag_at(*at + 8);
	*at += sizeof(struct fdt_property);
	size = ALIGN_UP((size_t)prop->len, FDT_TAGSIZE);
	if (size > room(u, *at) || prop->len > INT32_MAX || name >= u->strings_size)
		return -EINVAL;
	prop->data = *at;
	prop->name = u->strings + name;
	if (!memchr(prop->name, '\0', u->strings_size - name))
		return -EINVAL;
	*at += size;
	return 1;
}

/* Measure the block of a node whose properties begin at `at`, and check them. */
static int node_shape(const struct unflatten *u, const uint8_t *at, struct dt_shape *shape)
{
	struct blob_prop prop;
	int found;

	*shape = (struct dt_shape){ 0 };
	while ((found = next_prop(u, &at, &prop)) == 1) {
		if (u->strict && !dt_prop_name_ok(prop.name))
			return -EINVAL;
		shape->nr_props++;
		if (!u->in_place)
			shape->bytes += ALIGN_UP((size_t)prop.len + strlen(prop.name) + 1, 4);
		if (u->strict && shape->nr_props > LOAD_PROPS_MAX)
			return -E2BIG;
	}
	return found;
}

static bool has_prop(const struct dt_node *node, const char *name)
{
	const struct dt_prop *prop;

	dt_for_each_prop(prop, node)
		if (!strcmp(prop->name, name))
			return true;
	return false;
}

/* Fill a node's embedded properties from the blob. */
static int fill_props(struct unflatten *u, struct dt_node *node, uint8_t *spare)
{
	struct blob_prop prop;
	uint32_t i = 0;

	while (next_prop(u, &u->at, &prop) == 1) {
		if (u->strict && has_prop(node, prop.name))
			return -EINVAL;
		if (!u->in_place) {
			size_t name_size = strlen(prop.name) + 1;

			memcpy(spare, prop.data, prop.len);
			memcpy(spare + prop.len, prop.name, name_size);
			prop.data = spare;
			prop.name = (const char *)spare + prop.len;
			spare += ALIGN_UP((size_t)prop.len + name_size, 4);
		}
		dt_node_embed(node, i++, prop.name, prop.data, prop.len);
	}
	return 0;
}

/* One node, from its begin tag on; @p top_name replaces the empty name of the blob's root. */
static int make_node(struct unflatten *u, const char *top_name, struct dt_node **out)
{
	const char *name = (const char *)u->at + FDT_TAGSIZE;
	size_t left = room(u, u->at) - FDT_TAGSIZE;
	size_t size = ALIGN_UP(strnlen(name, left) + 1, (size_t)FDT_TAGSIZE);
	struct dt_shape shape;
	struct dt_node *node;
	uint8_t *spare;
	int err;

	if (size > left)
		return -EINVAL;
	u->at += FDT_TAGSIZE + size;
	if (top_name)
		name = top_name;
	else if (u->strict && !dt_node_name_ok(name))
		return -EINVAL;
	if (u->strict && ++u->nodes > LOAD_NODES_MAX)
		return -E2BIG;
	err = node_shape(u, u->at, &shape);
	if (err)
		return err;
	node = dt_node_alloc(name, strlen(name), &shape, &spare);
	if (!node)
		return -ENOMEM;
	err = fill_props(u, node, spare);
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

/* The next node, as a child of *at, which is the new node then. */
static int make_child(struct unflatten *u, struct dt_node **at)
{
	struct dt_node *node;
	int err = make_node(u, NULL, &node);

	if (err)
		return err;
	err = link_below(u, *at, node);
	if (err) {
		dt_node_free(node);
		return err;
	}
	*at = node;
	return 0;
}

/* What follows a node's properties, up to the end of the root. */
static int make_below(struct unflatten *u, struct dt_node *top)
{
	struct dt_node *at = top;
	int err;

	while (at) {
		switch (next_tag(u, &u->at)) {
		case FDT_BEGIN_NODE:
			err = make_child(u, &at);
			if (err)
				return err;
			break;
		case FDT_END_NODE:
			at = at == top ? NULL : at->parent;
			u->at += FDT_TAGSIZE;
			break;
		default:
			return -EINVAL;	/* a property behind a node, or the end of the block */
		}
	}
	return room(u, u->at) >= FDT_TAGSIZE && next_tag(u, &u->at) == FDT_END ? 0 : -EINVAL;
}

/*
 * Find the blocks of a blob: libfdt's check of the header says that they lie in it, and all else is
 * checked on the way. Before version 16 nodes had their whole paths as names.
 */
static int open_blob(struct unflatten *u, const void *fdt, size_t size)
{
	uint32_t start;

	if (size < FDT_V1_SIZE || !IS_ALIGNED((uintptr_t)fdt, 8) || fdt_check_header(fdt) ||
	    fdt_totalsize(fdt) > size || fdt_version(fdt) < 16)
		return -EINVAL;
	start = fdt_off_dt_struct(fdt);
	if (!IS_ALIGNED(start, FDT_TAGSIZE))
		return -EINVAL;
	u->strings = (const char *)fdt + fdt_off_dt_strings(fdt);
	u->strings_size = fdt_size_dt_strings(fdt);
	u->at = (const uint8_t *)fdt + start;
	u->end = fdt_version(fdt) >= 17 ? u->at + fdt_size_dt_struct(fdt) :
					  (const uint8_t *)fdt + fdt_totalsize(fdt);
	return 0;
}

/* The whole blob, detached. */
static int unflatten(struct unflatten *u, const char *top_name, struct dt_node **out)
{
	struct dt_node *top;
	int err;

	if (next_tag(u, &u->at) != FDT_BEGIN_NODE)
		return -EINVAL;
	err = make_node(u, top_name, &top);
	if (err)
		return err;
	err = make_below(u, top);
	if (err) {
		dt_node_free(top);
		return err;
	}
	*out = top;
	return 0;
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

	/* how large it is only the blob itself says */
	err = open_blob(&u, fdt, UINT32_MAX);
	if (err)
		return err;
	copy = copy_used(fdt);
	if (!copy)
		return -ENOMEM;
	err = open_blob(&u, copy, UINT32_MAX);
	if (!err)
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
	struct unflatten u = { .strict = true };
	struct dt_node *node;
	int err = open_blob(&u, fdt, size);

	if (!err)
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
