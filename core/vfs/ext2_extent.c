/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ext4: which blocks a file has by its tree of extents, for reading. Serialised by the VFS.
 */
#include "ext2.h"

#include <libs/errno.h>
#include <libs/string.h>

#define MAGIC	   0xf30a
#define NODE_SIZE  12 /* of a header and of an entry */
#define DEPTH_MAX  5
#define UNWRITTEN  32768 /* lengths above this: allocated, but zeros */
#define IN_INODE   4	 /* entries that an inode has room for */

/* A node of the tree: in the inode, or a block. */
struct tree_node {
	const struct ext2_inode *inode;
	uint64_t block; /* 0: in the inode */
	unsigned count, depth;
};

static int read_part(struct vfs_mount *m, const struct tree_node *t, unsigned i, uint8_t *raw)
{
	const struct ext2 *fs = m->priv;

	if (t->block)
		return meta_read(m, t->block * fs->block_size + i * NODE_SIZE, raw, NODE_SIZE);
	memcpy(raw, t->inode->raw + INODE_BLOCK + i * NODE_SIZE, NODE_SIZE);
	return 0;
}

static int read_header(struct vfs_mount *m, struct tree_node *t)
{
	const struct ext2 *fs = m->priv;
	unsigned room = t->block ? fs->block_size / NODE_SIZE - 1 : IN_INODE;
	uint8_t raw[NODE_SIZE];
	int err = read_part(m, t, 0, raw);

	if (err)
		return err;
	t->count = get_le16(raw + 2);
	t->depth = get_le16(raw + 6);
	if (get_le16(raw) != MAGIC || t->count > room || t->depth > DEPTH_MAX)
		return ext2_bad(m, "extents of inode", t->inode->ino);
	return 0;
}

/*
 * The last entry that begins at or before block n, by halving. @param next  gets where the one
 * behind it begins @return 1, 0: there is none
 */
static int find_part(struct vfs_mount *m, const struct tree_node *t, uint64_t n, uint8_t *raw,
		     uint64_t *next)
{
	unsigned lo = 0, hi = t->count;

	while (lo < hi) {
		unsigned mid = lo + (hi - lo) / 2;
		int err = read_part(m, t, mid + 1, raw);

		if (err)
			return err;
		if (get_le32(raw) > n) {
			*next = MIN_T(uint64_t, *next, get_le32(raw));
			hi = mid;
		} else {
			lo = mid + 1;
		}
	}
	if (!lo)
		return 0;
	return read_part(m, t, lo, raw) ?: 1;
}

static int map_leaf(struct vfs_mount *m, const struct tree_node *t, uint64_t n, uint64_t next,
		    struct ext2_run *run)
{
	const struct ext2 *fs = m->priv;
	uint8_t raw[NODE_SIZE];
	uint64_t first, block;
	uint32_t len;
	int got = find_part(m, t, n, raw, &next);

	if (got < 0)
		return got;
	run->block = 0;
	run->count = next - n;
	if (!got)
		return 0;
	first = get_le32(raw);
	len = get_le16(raw + 4);
	block = get_le32(raw + 8) | (uint64_t)get_le16(raw + 6) << 32;
	if (n - first >= (len > UNWRITTEN ? len - UNWRITTEN : len))
		return 0;
	if (len > UNWRITTEN) {
		run->count = first + len - UNWRITTEN - n;
		return 0;
	}
	if (block <= fs->first_block || block >= fs->blocks || len > fs->blocks - block)
		return ext2_bad(m, "extent at block", block);
	run->block = block + (n - first);
	run->count = len - (n - first);
	return 0;
}

int ext2_map_extents(struct vfs_mount *m, const struct ext2_inode *inode, uint64_t n,
		     struct ext2_run *run)
{
	const struct ext2 *fs = m->priv;
	struct tree_node t = { .inode = inode };
	uint64_t next = UINT64_C(1) << 32; /* where the next extent may begin */
	uint8_t raw[NODE_SIZE];
	int err;

	if (n >= next)
		return -EFBIG;
	err = read_header(m, &t);
	while (!err && t.depth) {
		unsigned depth = t.depth - 1;
		int got = find_part(m, &t, n, raw, &next);

		if (got < 0)
			return got;
		if (!got) {
			run->block = 0;
			run->count = next - n;
			return 0;
		}
		t.block = get_le32(raw + 4) | (uint64_t)get_le16(raw + 8) << 32;
		if (t.block <= fs->first_block || t.block >= fs->blocks)
			return ext2_bad(m, "block of extents", t.block);
		err = read_header(m, &t);
		if (!err && t.depth != depth)
			err = ext2_bad(m, "extents of inode", inode->ino);
	}
	return err ? err : map_leaf(m, &t, n, next, run);
}
