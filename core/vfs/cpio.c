/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cpio archives as a file system. When one is mounted, an index of 8 bytes a member is made: where
 * its header is and which part of its name is its path. It is sorted so that a folder stands right
 * in front of what is below it, and made whole: folders that are missing in the archive get an
 * entry that borrows the name of a member below. The archive itself is read in place; one on a
 * device is brought into memory first. Serialised by the VFS.
 */
#include <core/vfs.h>

#include <core/log.h>
#include <core/mem.h>
#include <libs/cpio.h>
#include <libs/errno.h>
#include <libs/string.h>

#include "cache.h"

#define HEADER_SIZE 110	   /* of newc; the name follows */
#define NAME_LIMIT  4096
#define NODES_LIMIT 1000000
#define IMPLIED	    0x8000 /* in node.len: no member, a folder that others are in */

struct node {
	uint32_t at;	/* of the header in the image */
	uint16_t start; /* of the path in the name */
	uint16_t len;	/* of the path, and IMPLIED */
};

struct index {
	struct node *nodes; /* [0] is the root */
	uint32_t count, room;
};

/* A path in pieces, so that "folder" + "name" can be looked for without joining them. */
struct path {
	const char *s;
	size_t len;
	const char *name; /* behind s and a slash; NULL: none */
	size_t name_len;
};

static const char *node_path(const struct vfs_mount *m, const struct node *node)
{
	return (const char *)m->image + node->at + HEADER_SIZE + node->start;
}

static size_t node_len(const struct node *node)
{
	return node->len & ~IMPLIED;
}

/* --- order --------------------------------------------------------------------------------- */

/* A slash sorts before all else: "a", "a/b", "a.b". The end is before that. */
static int rank(const struct path *p, size_t i)
{
	size_t base = p->len + (p->len && p->name);
	char c;

	if (i < p->len)
		c = p->s[i];
	else if (p->name && i < base)
		c = '/';
	else if (p->name && i - base < p->name_len)
		c = p->name[i - base];
	else
		return -1;
	return c == '/' ? 0 : (uint8_t)c;
}

static int compare_paths(const struct path *a, const struct path *b)
{
	for (size_t i = 0;; i++) {
		int ra = rank(a, i), rb = rank(b, i);

		if (ra != rb || ra < 0)
			return ra - rb;
	}
}

static int compare_to(const struct vfs_mount *m, const struct node *node, const struct path *p)
{
	struct path own = { .s = node_path(m, node), .len = node_len(node) };

	return compare_paths(&own, p);
}

/* Members of the same name stay in the order of the archive. */
static bool is_before(const struct vfs_mount *m, const struct node *a, const struct node *b)
{
	struct path p = { .s = node_path(m, b), .len = node_len(b) };
	int order = compare_to(m, a, &p);

	return order ? order < 0 : a->at < b->at;
}

static void sift_down(const struct vfs_mount *m, struct node *nodes, uint32_t root, uint32_t n)
{
	struct node moved = nodes[root];
	uint32_t child;

	while ((child = 2 * root + 1) < n) {
		if (child + 1 < n && is_before(m, &nodes[child], &nodes[child + 1]))
			child++;
		if (!is_before(m, &moved, &nodes[child]))
			break;
		nodes[root] = nodes[child];
		root = child;
	}
	nodes[root] = moved;
}

/* Heap sort: no worst case for an archive to aim at, no memory. */
static void sort(const struct vfs_mount *m, struct node *nodes, uint32_t n)
{
	for (uint32_t i = n / 2; i-- > 0;)
		sift_down(m, nodes, i, n);
	for (uint32_t end = n; end-- > 1;) {
		struct node last = nodes[end];

		nodes[end] = nodes[0];
		nodes[0] = last;
		sift_down(m, nodes, 0, end);
	}
}

/* --- index --------------------------------------------------------------------------------- */

/*
 * The path in a member's name, without "./" and slashes around it. @return false: no such path can
 * be
 */
static bool trim(const char *name, size_t len, struct node *node)
{
	size_t start = 0;

	if (len >= NAME_LIMIT)
		return false;
	for (;;) {
		if (name[start] == '/')
			start++;
		else if (name[start] == '.' && (name[start + 1] == '/' || !name[start + 1]))
			start++;
		else
			break;
	}
	while (len > start && name[len - 1] == '/')
		len--;
	node->start = (uint16_t)start;
	node->len = (uint16_t)(len - start);
	for (const char *s = name + start, *end = name + len; s < end;) {
		size_t n = strcspn(s, "/");

		if (!n || (*s == '.' && (n == 1 || (n == 2 && s[1] == '.'))))
			return false;
		s += n + 1;
	}
	return true;
}

static int push(struct index *ix, const struct node *node)
{
	if (ix->count == ix->room) {
		uint32_t room = ix->room ? ix->room * 2 : 64;
		struct node *nodes = ix->count < NODES_LIMIT
					     ? heap_realloc(ix->nodes, room * sizeof(*nodes))
					     : NULL;

		if (!nodes)
			return -ENOMEM;
		ix->nodes = nodes;
		ix->room = room;
	}
	ix->nodes[ix->count++] = *node;
	return 0;
}

/* All members of the archive, unsorted. */
static int collect(struct vfs_mount *m, struct index *ix)
{
	struct cpio_reader reader;
	struct cpio_entry entry;
	int got;

	cpio_open(&reader, m->image, (size_t)m->size);
	while ((got = cpio_next(&reader, &entry)) > 0) {
		struct node node = {
			.at = (uint32_t)(entry.name - (const char *)m->image - HEADER_SIZE)};

		if (!trim(entry.name, entry.name_len, &node)) {
			log_warn("cpio at '%s/': name of the member at offset %u left out", m->path,
				 node.at);
			continue;
		}
		if (push(ix, &node))
			return -ENOMEM;
	}
	if (got < 0)
		log_error("cpio at '%s/': %s, at offset %zu", m->path, reader.error, reader.at);
	return got;
}

/* Of members of the same name, keep the last. */
static void drop_doubles(struct vfs_mount *m, struct index *ix)
{
	uint32_t to = 0;

	for (uint32_t i = 0; i < ix->count; i++) {
		struct path p = { .s = node_path(m, &ix->nodes[i]), .len = node_len(&ix->nodes[i])};

		if (to && !compare_to(m, &ix->nodes[to - 1], &p))
			to--;
		ix->nodes[to++] = ix->nodes[i];
	}
	ix->count = to;
}

/* How many leading bytes of b are whole components that a has in common with it. */
static size_t common_folders(const struct vfs_mount *m, const struct node *a, const struct node *b)
{
	const char *pa = node_path(m, a), *pb = node_path(m, b);
	size_t la = node_len(a), lb = node_len(b), i, common = 0;

	for (i = 0; i < la && i < lb && pa[i] == pb[i]; i++)
		if (pb[i] == '/')
			common = i;
	if (i == la && i < lb && pb[i] == '/')
		common = i;
	return common;
}

/*
 * Add the folders that are missing: in front of each node, those of its path that the node before
 * is neither in nor is itself.
 */
static int add_folders(struct vfs_mount *m, struct index *ix, struct index *whole)
{
	struct node root = { .at = 0, .start = 0, .len = IMPLIED };

	if ((!ix->count || node_len(&ix->nodes[0])) && push(whole, &root))
		return -ENOMEM;
	for (uint32_t i = 0; i < ix->count; i++) {
		const char *s = node_path(m, &ix->nodes[i]);
		size_t len = node_len(&ix->nodes[i]);
		size_t at = i ? common_folders(m, &ix->nodes[i - 1], &ix->nodes[i]) : 0;

		for (at = at ? at + 1 : 0; at < len; at++) {
			struct node folder = ix->nodes[i];

			if (s[at] != '/')
				continue;
			folder.len = (uint16_t)at | IMPLIED;
			if (push(whole, &folder))
				return -ENOMEM;
		}
		if (push(whole, &ix->nodes[i]))
			return -ENOMEM;
	}
	return 0;
}

/* An archive on a device comes into memory as a whole: members are looked at in place. */
static int load(struct vfs_mount *m)
{
	size_t pages = (size_t)DIV_ROUND_UP(m->size, PAGE_SIZE);
	struct frame_stats frames;
	uint8_t *copy = NULL;
	int err;

	frame_stats_get(&frames);
	if (pages < frames.free / 2)
		copy = page_alloc(pages);
	if (!copy) {
		log_error("cpio at '%s/': not enough memory for all of the archive", m->path);
		return -ENOMEM;
	}
	err = data_read(m, 0, copy, (size_t)m->size);
	if (err)
		page_free(copy, pages);
	else
		m->image = copy;
	return err;
}

static void unload(struct vfs_mount *m)
{
	if (!m->bd || !m->image)
		return;
	page_free((void *)(uintptr_t)m->image, (size_t)DIV_ROUND_UP(m->size, PAGE_SIZE));
	m->image = NULL;
}

/* Whose is what begins so? @return 0, -ENOEXEC: not an archive; another error, logged */
static int look(struct vfs_mount *m)
{
	char magic[6];
	int err;

	if (m->size < HEADER_SIZE)
		return -ENOEXEC;
	err = data_read(m, 0, magic, sizeof(magic));
	if (err)
		return err;
	if (memcmp(magic, "070701", 6) && memcmp(magic, "070702", 6))
		return -ENOEXEC;
	if (m->size > UINT32_MAX) {
		log_error("cpio at '%s/': an archive of 4 GiB or more", m->path);
		return -EFBIG;
	}
	return m->image ? 0 : load(m);
}

static int cpio_mount(struct vfs_mount *m)
{
	struct index members = { NULL, 0, 0 }, *whole;
	int err = look(m);

	if (err)
		return err;
	whole = heap_zalloc(sizeof(*whole));
	err = whole ? collect(m, &members) : -ENOMEM;
	if (!err) {
		sort(m, members.nodes, members.count);
		drop_doubles(m, &members);
		err = add_folders(m, &members, whole);
	}
	heap_free(members.nodes);
	if (err) {
		if (whole)
			heap_free(whole->nodes);
		heap_free(whole);
		unload(m);
		return err;
	}
	m->priv = whole;
	return 0;
}

static void cpio_unmount(struct vfs_mount *m)
{
	struct index *ix = m->priv;

	heap_free(ix->nodes);
	heap_free(ix);
	unload(m);
}

/* --- reading --------------------------------------------------------------------------------- */

static vfs_ino cpio_root(struct vfs_mount *m)
{
	return 0;
}

/*
 * Fields of the header by number: eight hexadecimal digits each, which were checked when the index
 * was made.
 */
enum field { INO, MODE, NLINK = 4, MTIME, FILESIZE, DEV_MAJOR, DEV_MINOR, NAMESIZE = 11 };

static uint32_t read_field(const struct vfs_mount *m, const struct node *node, enum field field)
{
	const uint8_t *digits = m->image + node->at + 6 + field * 8;
	uint32_t v = 0;

	if (node->len & IMPLIED)
		return field == MODE ? CPIO_MODE_DIR | 0755 : 0;
	for (unsigned i = 0; i < 8; i++)
		v = v << 4 | (digits[i] <= '9' ? digits[i] - 48u : (digits[i] | 0x20u) - 'a' + 10);
	return v;
}

static const uint8_t *node_data(const struct vfs_mount *m, const struct node *node)
{
	return m->image +
	       ALIGN_UP((uint64_t)node->at + HEADER_SIZE + read_field(m, node, NAMESIZE), 4);
}

static const struct node *get_node(const struct vfs_mount *m, vfs_ino ino)
{
	return &((const struct index *)m->priv)->nodes[ino];
}

static bool is_hard_link(const struct vfs_mount *m, const struct node *node)
{
	return (read_field(m, node, MODE) & CPIO_MODE_TYPE) == CPIO_MODE_FILE &&
	       read_field(m, node, NLINK) > 1;
}

/* Of hard links, one member alone has the content. */
static uint32_t find_content(const struct vfs_mount *m, uint32_t n)
{
	const struct index *ix = m->priv;
	const struct node *node = &ix->nodes[n];

	if (!is_hard_link(m, node) || read_field(m, node, FILESIZE))
		return n;
	for (uint32_t i = 0; i < ix->count; i++) {
		const struct node *other = &ix->nodes[i];

		if (is_hard_link(m, other) && read_field(m, other, FILESIZE) &&
		    read_field(m, other, INO) == read_field(m, node, INO) &&
		    read_field(m, other, DEV_MAJOR) == read_field(m, node, DEV_MAJOR) &&
		    read_field(m, other, DEV_MINOR) == read_field(m, node, DEV_MINOR))
			return i;
	}
	return n;
}

static int cpio_lookup(struct vfs_mount *m, vfs_ino dir, const char *name, size_t len, vfs_ino *out)
{
	struct index *ix = m->priv;
	const struct node *folder = &ix->nodes[dir];
	struct path p = { node_path(m, folder), node_len(folder), name, len };
	uint32_t lo = 0, hi = ix->count;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int order = compare_to(m, &ix->nodes[mid], &p);

		if (!order) {
			*out = find_content(m, mid);
			return 0;
		}
		if (order < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return -ENOENT;
}

static enum vfs_type type_of(uint32_t mode)
{
	switch (mode & CPIO_MODE_TYPE) {
	case CPIO_MODE_FILE:
		return VFS_FILE;
	case CPIO_MODE_DIR:
		return VFS_DIR;
	case CPIO_MODE_LINK:
		return VFS_LINK;
	default:
		return VFS_OTHER;
	}
}

static int cpio_stat(struct vfs_mount *m, vfs_ino ino, struct vfs_stat *st)
{
	const struct node *node = get_node(m, ino);
	uint32_t mode = read_field(m, node, MODE);

	st->type = type_of(mode);
	st->size = st->type == VFS_DIR ? 0 : read_field(m, node, FILESIZE);
	st->mode = mode & 07777;
	st->mtime = read_field(m, node, MTIME);
	return 0;
}

static int64_t cpio_read(struct vfs_mount *m, vfs_ino ino, uint64_t off, void *buf, size_t n)
{
	const struct node *node = get_node(m, ino);
	uint32_t size = read_field(m, node, FILESIZE);

	if (off >= size)
		return 0;
	n = (size_t)MIN_T(uint64_t, n, size - off);
	memcpy(buf, node_data(m, node) + off, n);
	return (int64_t)n;
}

static int cpio_readdir(struct vfs_mount *m, vfs_ino dir, uint64_t *pos, struct vfs_dirent *ent)
{
	struct index *ix = m->priv;
	const struct node *folder = &ix->nodes[dir];
	const char *base = node_path(m, folder);
	size_t skip = node_len(folder);

	for (uint64_t i = MAX_T(uint64_t, *pos, dir + 1); i < ix->count; i++) {
		const char *s = node_path(m, &ix->nodes[i]);
		size_t len = node_len(&ix->nodes[i]), start = skip ? skip + 1 : 0;

		if (skip && (len <= skip || memcmp(s, base, skip) || s[skip] != '/'))
			break; /* no more of this folder */
		if (memchr(s + start, '/', len - start))
			continue;
		*pos = i + 1;
		if (len - start >= sizeof(ent->name))
			continue;
		memcpy(ent->name, s + start, len - start);
		ent->name[len - start] = '\0';
		ent->type = type_of(read_field(m, &ix->nodes[i], MODE));
		return 1;
	}
	return 0;
}

static int cpio_readlink(struct vfs_mount *m, vfs_ino ino, char *buf, size_t n)
{
	const struct node *node = get_node(m, ino);
	uint32_t size = read_field(m, node, FILESIZE);

	if (size >= n)
		return -ENAMETOOLONG;
	memcpy(buf, node_data(m, node), size);
	buf[size] = '\0';
	return 0;
}

static const void *cpio_map(struct vfs_mount *m, vfs_ino ino)
{
	return node_data(m, get_node(m, ino));
}

VFS_FS(cpio) {
	.name = "cpio",
	.mount = cpio_mount,
	.unmount = cpio_unmount,
	.root = cpio_root,
	.lookup = cpio_lookup,
	.stat = cpio_stat,
	.read = cpio_read,
	.readdir = cpio_readdir,
	.readlink = cpio_readlink,
	.map = cpio_map,
};
