/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live device tree: the host's, the guests' under /guests, what commands add. Nodes are found
 * by path, changed in place, flattened again for guests. Property values are big-endian cells as in
 * a blob (Devicetree Specification v0.4). A node in use by a guest or device is held with dt_get().
 *
 * All functions are for thread context and take the tree's lock inside, unless said otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libs/list.h>
#include <libs/util.h>

struct dt_prop {
	struct list link;
	const char *name;
	uint32_t len;	     /* bytes of data */
	const uint8_t *data;
};

struct dt_node {
	struct list link;	/* among siblings */
	struct dt_node *parent;
	const char *name;	/* with unit address */
	struct list children;
	struct list props;
	uint32_t phandle;	/* 0: none */
	uint32_t refs;
	void *owner;		/* device or guest bound to it */
};

#define dt_for_each_child(c, node) list_for_each_entry(c, &(node)->children, link)
#define dt_for_each_prop(p, node)  list_for_each_entry(p, &(node)->props, link)

/**
 * The tree's lock; one thread may nest it. Whoever goes through children, or keeps pointers to
 * properties of nodes that others may change (all but its own and held ones), holds it meanwhile.
 */
void dt_lock(void);
void dt_unlock(void);

/* --- finding nodes -------------------------------------------------------------------- */

/** Root of the one tree; NULL before dt_init(). Any context. */
struct dt_node *dt_root(void);
/**
 * Boot: unflatten the boot loader's blob. What is needed of it is copied, so its memory may be used
 * for other things afterwards. Works before there are threads.
 * @return 0, -EINVAL (no valid blob), -ENOMEM
 */
must_check int dt_init(const void *fdt);
/**
 * Find by path. Unit addresses may be left out where that is unambiguous; a path without a slash in
 * front begins with an alias (`serial0`); what follows a colon in the last name is ignored.
 * @return NULL if there is none
 */
struct dt_node *dt_find(const char *path);
/** The same below a node. */
struct dt_node *dt_find_from(struct dt_node *base, const char *relative);
/** Direct child by full name, or by name without unit address if only one has it. */
struct dt_node *dt_child(struct dt_node *node, const char *name);
/** In the host's tree only: trees loaded by dt_load() and dt_copy() count their own phandles. */
struct dt_node *dt_find_phandle(uint32_t phandle);
/**
 * The node's phandle; a node without one gets the next free number of its tree.
 * @return 0 when out of memory
 */
uint32_t dt_phandle(struct dt_node *node);
/** Next node after @p from (NULL: from the root) in document order with this compatible. */
struct dt_node *dt_find_compatible(struct dt_node *from, const char *compatible);
/** Next in document order below top; NULL behind the last. With the lock held, or at boot. */
struct dt_node *dt_next(struct dt_node *node, struct dt_node *top);
/** Full path, cut to fit and terminated. Any context. @return its whole length as snprintf() */
int dt_path(const struct dt_node *node, char *buf, size_t size);

/* --- reading properties ------------------------------------------------------------------ */

/** @return the property, NULL if there is none */
const struct dt_prop *dt_prop(const struct dt_node *node, const char *name);
bool dt_has(const struct dt_node *node, const char *name);
/** Cell number index. @return 0, -ENOENT, -ERANGE when the property is shorter */
must_check int dt_u32(const struct dt_node *node, const char *name, unsigned index, uint32_t *out);
/** One or two cells, by the property's length. @return 0, -ENOENT, -ERANGE for other lengths */
must_check int dt_u64(const struct dt_node *node, const char *name, uint64_t *out);
/** First cell, or def where there is none. */
uint32_t dt_u32_or(const struct dt_node *node, const char *name, uint32_t def);
/** String number index of a list, NUL-terminated (checked); NULL if there is none. */
const char *dt_string(const struct dt_node *node, const char *name, unsigned index);
/** Is this one of the strings of `compatible`? */
bool dt_compatible(const struct dt_node *node, const char *compatible);
/** status property: absent, "ok", "okay" are true. */
bool dt_available(const struct dt_node *node);
/**
 * Entry n of `reg`, translated through the parents' ranges to a CPU address.
 * @param size  may be NULL
 * @return 0, -ENOENT when there is no such entry, -EINVAL: malformed, or no CPU address
 */
must_check int dt_reg(const struct dt_node *node, unsigned n, uint64_t *addr, uint64_t *size);
/**
 * Entry n of `reg` of a device on an ISA bus (IEEE 1275 binding) whose registers are I/O ports.
 * @return 0, -ENOENT: there is no such entry, or it is no range of ports
 */
must_check int dt_port(const struct dt_node *node, unsigned n, uint16_t *port, unsigned *size);
/**
 * An address as the children of a bus have it, to a CPU address.
 * @return 0, -EINVAL: no CPU address
 */
must_check int dt_translate(const struct dt_node *bus, uint64_t *addr, uint64_t size);

/* --- changing --------------------------------------------------------------------------- */

/** Add an empty node. @return NULL when it exists, the name cannot be one, or out of memory */
struct dt_node *dt_add_node(struct dt_node *parent, const char *name);
/**
 * The root of a new tree that is not part of the one tree; dt_del_node() frees it.
 * @return NULL when out of memory
 */
struct dt_node *dt_new_tree(void);
/**
 * Remove a node with all below.
 * @return 0, -EBUSY when it or one below or above (but the root) is held, -EINVAL for dt_root()
 */
must_check int dt_del_node(struct dt_node *node);
/**
 * Set a property; a new one comes last, an old one keeps its place. data may be part of the old.
 * @return 0, -EINVAL for a bad name, -ENOMEM
 */
must_check int dt_set(struct dt_node *node, const char *name, const void *data, uint32_t len);
must_check int dt_set_u32(struct dt_node *node, const char *name, uint32_t v);
must_check int dt_set_u64(struct dt_node *node, const char *name, uint64_t v);
must_check int dt_set_cells(struct dt_node *node, const char *name, const uint32_t *v, unsigned n);
must_check int dt_set_string(struct dt_node *node, const char *name, const char *s);
/** @return 0, -ENOENT */
must_check int dt_del_prop(struct dt_node *node, const char *name);
/** Hold a node, so that it is not removed; let it go. NULL is allowed. Any context. */
struct dt_node *dt_get(struct dt_node *node);
void dt_put(struct dt_node *node);

/* --- blobs -------------------------------------------------------------------------------- */

/**
 * Unflatten a blob below parent as a node `name`. Everything is checked first, names of nodes and
 * properties included; nothing is left behind on error.
 * @param out  receives the node; may be NULL
 * @return 0, -EINVAL (no valid blob), -E2BIG (more than any machine has), -EEXIST, -ENOMEM
 */
must_check int dt_load(struct dt_node *parent, const char *name, const void *fdt, size_t size,
		       struct dt_node **out);
/** Copy a node with all below. @return 0, -EINVAL for a bad name, -EEXIST, -ENOMEM */
must_check int dt_copy(struct dt_node *parent, const char *name, const struct dt_node *src,
		       struct dt_node **out);
/**
 * Flatten a node as the root of a blob.
 * @param buf  aligned to 8 bytes
 * @return bytes used, -ENOSPC, or -EINVAL
 */
must_check int dt_flatten(const struct dt_node *node, void *buf, size_t size);
