/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the device tree share: how nodes and properties lie in the heap. A node is one
 * block that also holds the properties it was made with; a property that was set later is a block
 * of its own, with its data and name inside. Guarded by the tree's lock, dt_lock().
 */
#pragma once

#include <core/dt.h>

/** A node as it is allocated. Behind props[] lie its name and, unless they are in a blob, data. */
struct dt_box {
	struct dt_node node;
	uint32_t nr_embedded;	/* elements of props[]; they go with the node, never alone */
	bool own_phandles;	/* root of a loaded tree: phandles below mean nothing outside */
	struct dt_prop props[];
};

/** A property that was set: its data and then its name are in bytes[]. */
struct dt_prop_box {
	struct dt_prop prop;
	uint8_t bytes[];
};

/** What a new node's block needs room for. */
struct dt_shape {
	uint32_t nr_props;
	size_t bytes;	/* name, data and names of properties that are copied */
};

static inline struct dt_box *dt_box_of(struct dt_node *node)
{
	return container_of(node, struct dt_box, node);
}

/**
 * Allocate a node that is linked nowhere, with its name copied behind the properties.
 * @param shape  room for properties and bytes, those of the name not included
 * @param spare  receives the address of shape->bytes bytes
 * @return NULL when out of memory
 */
struct dt_node *dt_node_alloc(const char *name, size_t name_len, const struct dt_shape *shape,
			      uint8_t **spare);
/** Put the next embedded property of a node in place and note a phandle. */
void dt_node_embed(struct dt_node *node, uint32_t index, const char *name, const void *data,
		   uint32_t len);
/** Free a node that is linked nowhere, with all below it. */
void dt_node_free(struct dt_node *top);
/** Look at a property that was just set or removed: keeps node->phandle true. */
void dt_note_phandle(struct dt_node *node, const char *name);
/** May this be the name of a node (unit address included)? */
bool dt_node_name_ok(const char *name);
/** May this be the name of a property? */
bool dt_prop_name_ok(const char *name);
/** Make a detached tree the child of parent. Lock held. @return 0 or -EEXIST */
int dt_attach(struct dt_node *parent, struct dt_node *node);
/** Make the root; boot only. */
void dt_set_root(struct dt_node *node);
/** Undo dt_init(), for tests that begin again. */
void dt_forget(void);
