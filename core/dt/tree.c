/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live device tree: finding nodes and reading properties. The tree's structure is guarded by
 * one mutex, which may be nested; whoever keeps pointers to properties of a node that others
 * could change holds it meanwhile (dt_lock()).
 */
#include <core/dt.h>

#include <core/thread.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

#include "dt_priv.h"

static struct dt_node *root;
static struct mutex tree_mutex = MUTEX_INIT(tree_mutex);
static struct thread *tree_owner;
static unsigned tree_depth;

/* Before there are threads thread_current() is NULL, and so is tree_owner: nobody can collide. */
void dt_lock(void)
{
	if (__atomic_load_n(&tree_owner, __ATOMIC_RELAXED) != thread_current() || !tree_depth) {
		mutex_lock(&tree_mutex);
		__atomic_store_n(&tree_owner, thread_current(), __ATOMIC_RELAXED);
	}
	tree_depth++;
}

void dt_unlock(void)
{
	if (--tree_depth)
		return;
	__atomic_store_n(&tree_owner, NULL, __ATOMIC_RELAXED);
	mutex_unlock(&tree_mutex);
}

struct dt_node *dt_root(void)
{
	return root;
}

void dt_set_root(struct dt_node *node)
{
	root = node;
}

/* Like dt_next(), but past all that is below node. */
static struct dt_node *next_beside(struct dt_node *node, struct dt_node *top)
{
	while (node != top) {
		if (node->link.next != &node->parent->children)
			return list_next_entry(node, link);
		node = node->parent;
	}
	return NULL;
}

struct dt_node *dt_next(struct dt_node *node, struct dt_node *top)
{
	if (!list_empty(&node->children))
		return list_first_entry(&node->children, struct dt_node, link);
	return next_beside(node, top);
}

/* --- by name and path ------------------------------------------------------------- */

/* Is `name` (n characters) the node's name, or with `base` the part before its unit address? */
static bool name_is(const struct dt_node *node, const char *name, size_t n, bool base)
{
	return !strncmp(node->name, name, n) &&
	       (node->name[n] == '\0' || (base && node->name[n] == '@'));
}

static struct dt_node *child_n(struct dt_node *node, const char *name, size_t n)
{
	struct dt_node *child, *found = NULL;

	dt_for_each_child(child, node)
		if (name_is(child, name, n, false))
			return child;
	if (memchr(name, '@', n))
		return NULL;
	dt_for_each_child(child, node) {
		if (!name_is(child, name, n, true))
			continue;
		if (found)
			return NULL;	/* several: the unit address is needed */
		found = child;
	}
	return found;
}

struct dt_node *dt_child(struct dt_node *node, const char *name)
{
	struct dt_node *child;

	dt_lock();
	child = child_n(node, name, strlen(name));
	dt_unlock();
	return child;
}

static struct dt_node *walk(struct dt_node *node, const char *path)
{
	while (node) {
		struct dt_node *child;
		size_t n;

		path += strspn(path, "/");
		if (!*path)
			return node;
		n = strcspn(path, "/");
		child = child_n(node, path, n);
		/* what follows a colon in stdout-path is for the driver */
		if (!child && !path[n] && memchr(path, ':', n))
			return child_n(node, path, strcspn(path, ":"));
		node = child;
		path += n;
	}
	return NULL;
}

struct dt_node *dt_find_from(struct dt_node *base, const char *relative)
{
	struct dt_node *node;

	dt_lock();
	node = walk(base, relative);
	dt_unlock();
	return node;
}

static struct dt_node *find_alias(const char *path)
{
	struct dt_node *aliases = walk(root, "aliases");
	size_t n = strcspn(path, "/:");
	const struct dt_prop *prop;
	struct dt_node *node = NULL;

	if (!aliases)
		return NULL;
	dt_for_each_prop(prop, aliases) {
		if (strlen(prop->name) != n || strncmp(prop->name, path, n))
			continue;
		if (prop->len && prop->data[0] == '/' && !prop->data[prop->len - 1])
			node = walk(root, (const char *)prop->data);
		break;
	}
	return node && path[n] == '/' ? walk(node, path + n) : node;
}

struct dt_node *dt_find(const char *path)
{
	struct dt_node *node = NULL;

	dt_lock();
	if (root)
		node = *path == '/' ? walk(root, path) : find_alias(path);
	dt_unlock();
	return node;
}

struct dt_node *dt_find_phandle(uint32_t phandle)
{
	struct dt_node *node;

	if (!phandle || phandle == UINT32_MAX)
		return NULL;
	dt_lock();
	for (node = root; node;) {
		/* a loaded tree has its own numbers */
		bool foreign = dt_box_of(node)->own_phandles;

		if (!foreign && node->phandle == phandle)
			break;
		node = foreign ? next_beside(node, root) : dt_next(node, root);
	}
	dt_unlock();
	return node;
}

uint32_t dt_phandle(struct dt_node *node)
{
	struct dt_node *top = node, *at;
	uint32_t max = 0;

	if (node->phandle)
		return node->phandle;
	dt_lock();
	while (top->parent && !dt_box_of(top)->own_phandles)
		top = top->parent;
	for (at = top; at; at = dt_next(at, top))
		if (at->phandle > max && at->phandle != UINT32_MAX)
			max = at->phandle;
	if (max + 1 == UINT32_MAX || dt_set_u32(node, "phandle", max + 1))
		max = 0;
	dt_unlock();
	return node->phandle;
}

struct dt_node *dt_find_compatible(struct dt_node *from, const char *compatible)
{
	struct dt_node *node;

	dt_lock();
	for (node = from ? dt_next(from, root) : root; node; node = dt_next(node, root))
		if (dt_compatible(node, compatible))
			break;
	dt_unlock();
	return node;
}

int dt_path(const struct dt_node *node, char *buf, size_t size)
{
	const struct dt_node *at;
	size_t len = 0, end;

	for (at = node; at->parent; at = at->parent)
		len += 1 + strlen(at->name);
	if (!len)
		return snprintf(buf, size, "/");
	/* From the leaf up, as every name knows where it ends; what does not fit is cut. */
	for (at = node, end = len; at->parent; at = at->parent) {
		size_t n = strlen(at->name), i;

		for (i = 0; i <= n; i++)
			if (end - n - 1 + i < size)
				buf[end - n - 1 + i] = i ? at->name[i - 1] : '/';
		end -= n + 1;
	}
	if (size)
		buf[len < size ? len : size - 1] = '\0';
	return (int)len;
}

/* --- properties ------------------------------------------------------------------- */

const struct dt_prop *dt_prop(const struct dt_node *node, const char *name)
{
	const struct dt_prop *prop, *found = NULL;

	dt_lock();
	dt_for_each_prop(prop, node) {
		if (!strcmp(prop->name, name)) {
			found = prop;
			break;
		}
	}
	dt_unlock();
	return found;
}

bool dt_has(const struct dt_node *node, const char *name)
{
	return dt_prop(node, name) != NULL;
}

int dt_u32(const struct dt_node *node, const char *name, unsigned index, uint32_t *out)
{
	const struct dt_prop *prop = dt_prop(node, name);

	if (!prop)
		return -ENOENT;
	if (index >= prop->len / 4)
		return -ERANGE;
	*out = get_be32(prop->data + 4 * (size_t)index);
	return 0;
}

int dt_u64(const struct dt_node *node, const char *name, uint64_t *out)
{
	const struct dt_prop *prop = dt_prop(node, name);

	if (!prop)
		return -ENOENT;
	if (prop->len == 8)
		*out = get_be64(prop->data);
	else if (prop->len == 4)
		*out = get_be32(prop->data);
	else
		return -ERANGE;
	return 0;
}

uint32_t dt_u32_or(const struct dt_node *node, const char *name, uint32_t def)
{
	uint32_t v;

	return dt_u32(node, name, 0, &v) ? def : v;
}

/* String number index of a list, NULL when there is none or it is not terminated. */
static const char *list_string(const struct dt_prop *prop, unsigned index)
{
	const char *at = (const char *)prop->data;
	size_t left = prop->len;

	while (left) {
		size_t n = strnlen(at, left);

		if (n == left)
			return NULL;
		if (!index--)
			return at;
		at += n + 1;
		left -= n + 1;
	}
	return NULL;
}

const char *dt_string(const struct dt_node *node, const char *name, unsigned index)
{
	const struct dt_prop *prop = dt_prop(node, name);

	return prop ? list_string(prop, index) : NULL;
}

bool dt_compatible(const struct dt_node *node, const char *compatible)
{
	const struct dt_prop *prop = dt_prop(node, "compatible");
	const char *s;
	unsigned i;

	for (i = 0; prop && (s = list_string(prop, i)); i++)
		if (!strcmp(s, compatible))
			return true;
	return false;
}

bool dt_available(const struct dt_node *node)
{
	const char *status = dt_string(node, "status", 0);

	return !dt_has(node, "status") ||
	       (status && (!strcmp(status, "okay") || !strcmp(status, "ok")));
}
