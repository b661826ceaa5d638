/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ext2: inodes, and which blocks of the device a file has, by the pointers in its inode and the
 * blocks of pointers that those lead to. Serialised by the VFS.
 */
#include "ext2.h"

#include <core/time.h>
#include <libs/errno.h>
#include <libs/string.h>

#define PIECE 16 /* pointers that are looked at together */

/* --- inodes ---------------------------------------------------------------------------------- */

int ext2_inode_place(struct vfs_mount *m, vfs_ino ino, uint64_t *at)
{
	const struct ext2 *fs = m->priv;
	uint8_t desc[GROUP_RAW_64];
	uint64_t table;
	uint32_t n;
	int err;

	if (ino < 1 || ino > fs->inodes)
		return ext2_bad(m, "inode number", ino);
	n = (uint32_t)ino - 1;
	err = meta_read(m, fs->groups_at + (uint64_t)(n / fs->group_inodes) * fs->desc_size, desc,
			MIN_T(size_t, fs->desc_size, sizeof(desc)));
	if (err)
		return err;
	table = get_le32(desc + GROUP_INODES);
	if (fs->incompat & INCOMPAT_64BIT)
		table |= (uint64_t)get_le32(desc + GROUP_INODES_HIGH) << 32;
	n %= fs->group_inodes;
	if (table <= fs->first_block || table >= fs->blocks ||
	    (uint64_t)n * fs->inode_size >= (fs->blocks - table) * fs->block_size)
		return ext2_bad(m, "place of inode", ino);
	*at = table * fs->block_size + (uint64_t)n * fs->inode_size;
	return 0;
}

int ext2_get_inode(struct vfs_mount *m, vfs_ino ino, struct ext2_inode *inode)
{
	uint64_t at;
	int err = ext2_inode_place(m, ino, &at);

	inode->ino = ino;
	return err ? err : meta_read(m, at, inode->raw, sizeof(inode->raw));
}

int ext2_put_inode(struct vfs_mount *m, const struct ext2_inode *inode)
{
	uint64_t at;
	int err = ext2_inode_place(m, inode->ino, &at);

	return err ? err : meta_write(m, at, inode->raw, sizeof(inode->raw), META_NODE);
}

uint64_t inode_size(const struct ext2_inode *inode)
{
	uint64_t size = get_le32(inode->raw + INODE_SIZE);

	/* In a folder of ext2 this may be something else. */
	if (ext2_type(inode_mode(inode)) == VFS_FILE)
		size |= (uint64_t)get_le32(inode->raw + INODE_SIZE_HIGH) << 32;
	return size;
}

void inode_set_size(struct ext2_inode *inode, uint64_t size)
{
	put_le32(inode->raw + INODE_SIZE, (uint32_t)size);
	if (ext2_type(inode_mode(inode)) == VFS_FILE)
		put_le32(inode->raw + INODE_SIZE_HIGH, (uint32_t)(size >> 32));
}

void inode_add_blocks(const struct ext2 *fs, struct ext2_inode *inode, int64_t blocks)
{
	uint32_t sectors = get_le32(inode->raw + INODE_SECTORS);

	put_le32(inode->raw + INODE_SECTORS,
		 sectors + (uint32_t)(blocks * (int64_t)(fs->block_size / 512)));
}

void inode_touch(struct ext2_inode *inode)
{
	uint32_t now = (uint32_t)time_wallclock();

	put_le32(inode->raw + INODE_MTIME, now);
	put_le32(inode->raw + INODE_CTIME, now);
}

/* --- finding blocks -------------------------------------------------------------------------- */

/* The way from the inode to a block: which pointer on each level. */
struct way {
	unsigned depth;	       /* blocks of pointers on it */
	unsigned slot;	       /* in the inode */
	uint32_t at[EXT2_LEVELS]; /* in the blocks of pointers, outermost first */
	uint32_t left;	       /* pointers in the last table from this one on */
};

static int find_way(const struct ext2 *fs, uint64_t n, struct way *way)
{
	uint32_t per = fs->block_size / 4;
	uint64_t span = per;

	way->depth = 0;
	if (n < EXT2_DIRECT) {
		way->slot = (unsigned)n;
		way->left = EXT2_DIRECT - way->slot;
		return 0;
	}
	n -= EXT2_DIRECT;
	for (way->depth = 1; n >= span; way->depth++, span *= per) {
		if (way->depth == EXT2_LEVELS)
			return -EFBIG;
		n -= span;
	}
	way->slot = EXT2_DIRECT + way->depth - 1;
	for (unsigned i = 0; i < way->depth; i++) {
		span /= per;
		way->at[i] = (uint32_t)(n / span);
		n %= span;
	}
	way->left = per - way->at[way->depth - 1];
	return 0;
}

static bool is_block(const struct ext2 *fs, uint64_t block)
{
	return block > fs->first_block && block < fs->blocks;
}

static uint64_t place_of(const struct ext2 *fs, uint32_t table, uint32_t index)
{
	return (uint64_t)table * fs->block_size + 4ull * index;
}

/* How many pointers, the first of which was read, name blocks that are contiguous, or none. */
static int measure_run(struct vfs_mount *m, const struct ext2_inode *inode, const struct way *way,
		       uint32_t table, struct ext2_run *run, uint64_t most)
{
	const struct ext2 *fs = m->priv;
	uint8_t raw[4 * PIECE];
	uint32_t n = 1;

	most = MIN_T(uint64_t, most, way->left);
	while (n < most) {
		uint32_t part = (uint32_t)MIN_T(uint64_t, most - n, PIECE);
		int err = 0;

		if (way->depth)
			err = meta_read(m, place_of(fs, table, way->at[way->depth - 1] + n), raw,
					4 * part);
		else
			memcpy(raw, inode->raw + INODE_BLOCK + 4 * (way->slot + n), 4 * part);
		if (err)
			return err;
		for (uint32_t i = 0; i < part; i++, n++) {
			uint64_t block = get_le32(raw + 4 * i);

			if (block != (run->block ? run->block + n : 0) ||
			    (block && !is_block(fs, block))) {
				run->count = n;
				return 0;
			}
		}
	}
	run->count = n;
	return 0;
}

int ext2_map(struct vfs_mount *m, const struct ext2_inode *inode, uint64_t n, uint64_t most,
	     struct ext2_run *run)
{
	const struct ext2 *fs = m->priv;
	uint32_t block, table = 0;
	struct way way;
	uint8_t raw[4];
	int err;

	if (inode_flags(inode) & INODE_FLAG_EXTENTS)
		return ext2_map_extents(m, inode, n, run);
	err = find_way(fs, n, &way);
	if (err)
		return err;
	block = get_le32(inode->raw + INODE_BLOCK + 4 * way.slot);
	for (unsigned i = 0; i < way.depth; i++) {
		if (!block) { /* no table: it would have been holes */
			run->block = 0;
			run->count = way.left;
			return 0;
		}
		if (!is_block(fs, block))
			return ext2_bad(m, "block number", block);
		table = block;
		err = meta_read(m, place_of(fs, table, way.at[i]), raw, 4);
		if (err)
			return err;
		block = get_le32(raw);
	}
	if (block && !is_block(fs, block))
		return ext2_bad(m, "block number", block);
	run->block = block;
	return measure_run(m, inode, &way, table, run, most);
}

/* --- giving blocks --------------------------------------------------------------------------- */

/* A pointer in the inode, or in a block of pointers. */
static int set_pointer(struct vfs_mount *m, struct ext2_inode *inode, uint32_t table,
		       uint32_t index, uint32_t block)
{
	uint8_t raw[4];

	put_le32(raw, block);
	if (table)
		return meta_write(m, place_of(m->priv, table, index), raw, 4, META_ALLOC);
	memcpy(inode->raw + INODE_BLOCK + 4 * index, raw, 4);
	return 0;
}

/* A new, empty block of pointers. */
static int new_table(struct vfs_mount *m, struct ext2_inode *inode, uint32_t goal, uint32_t *table)
{
	const struct ext2 *fs = m->priv;
	uint32_t count;
	int err = ext2_alloc_blocks(m, goal, 1, table, &count);

	for (uint32_t off = 0; !err && off < fs->block_size; off += SECTOR_SIZE)
		err = meta_write(m, (uint64_t)*table * fs->block_size + off, vfs_zeros, SECTOR_SIZE,
				 META_ALLOC);
	if (!err)
		inode_add_blocks(fs, inode, 1);
	return err;
}

/* The table that the last step of a way is in, made where it is missing; 0: the inode. */
static int find_table(struct vfs_mount *m, struct ext2_inode *inode, const struct way *way,
		      uint32_t goal, uint32_t *table)
{
	const struct ext2 *fs = m->priv;
	uint32_t index = way->slot, next;
	uint8_t raw[4];
	int err = 0;

	*table = 0;
	for (unsigned i = 0; i < way->depth && !err; i++) {
		if (*table)
			err = meta_read(m, place_of(fs, *table, index), raw, 4);
		else
			memcpy(raw, inode->raw + INODE_BLOCK + 4 * index, 4);
		next = get_le32(raw);
		if (!err && next && !is_block(fs, next))
			err = ext2_bad(m, "block number", next);
		if (!err && !next) {
			err = new_table(m, inode, goal, &next);
			if (!err)
				err = set_pointer(m, inode, *table, index, next);
		}
		*table = next;
		index = way->at[i];
	}
	return err;
}

/* The block best taken for block n: behind the one before it. */
static uint32_t goal_for(struct vfs_mount *m, const struct ext2_inode *inode, uint64_t n)
{
	const struct ext2 *fs = m->priv;
	struct ext2_run run;

	if (n && !ext2_map(m, inode, n - 1, 1, &run) && run.block)
		return (uint32_t)run.block + 1;
	return n && fs->goal ? fs->goal : ext2_goal_of(fs, inode->ino);
}

int ext2_map_alloc(struct vfs_mount *m, struct ext2_inode *inode, uint64_t n, uint64_t most,
		   struct ext2_run *run, bool *fresh)
{
	const struct ext2 *fs = m->priv;
	uint32_t start = 0, count = 0, table, index, goal;
	struct way way;
	int err = ext2_map(m, inode, n, most, run);

	*fresh = false;
	if (err || run->block)
		return err;
	goal = goal_for(m, inode, n);
	err = find_way(fs, n, &way);
	if (!err)
		err = find_table(m, inode, &way, goal, &table);
	if (!err)
		err = ext2_alloc_blocks(m, goal,
					(uint32_t)MIN(most, MIN_T(uint64_t, run->count, way.left)),
					&start, &count);
	if (err)
		return err;
	index = way.depth ? way.at[way.depth - 1] : way.slot;
	for (uint32_t i = 0; i < count && !err; i++)
		err = set_pointer(m, inode, table, index + i, start + i);
	inode_add_blocks(fs, inode, count);
	run->block = start;
	run->count = count;
	*fresh = true;
	return err;
}

/* --- taking blocks --------------------------------------------------------------------------- */

/* Blocks first ... last below one pointer, counted from the first that it can have. */
struct cut {
	uint64_t first, last;
};

static int cut_branch(struct vfs_mount *m, struct ext2_inode *inode, uint32_t *block,
		      unsigned depth, struct cut cut);

/* The pointers of one table. @param empty  gets whether none is left */
static int cut_table(struct vfs_mount *m, struct ext2_inode *inode, uint32_t table, unsigned depth,
		     struct cut cut, bool *empty)
{
	const struct ext2 *fs = m->priv;
	uint32_t per = fs->block_size / 4;
	uint8_t raw[4 * PIECE];
	uint64_t span = 1;
	int err = 0;

	for (unsigned i = 1; i < depth; i++)
		span *= per;
	*empty = true;
	for (uint32_t i = 0; i < per; i++) {
		uint64_t base = i * span;
		bool hit = base <= cut.last && base + span > cut.first;
		uint32_t block, old;
		struct cut part;

		if (i % PIECE == 0)
			err = meta_read(m, place_of(fs, table, i), raw, sizeof(raw));
		if (err)
			return err;
		block = old = get_le32(raw + 4 * (i % PIECE));
		part.first = MAX(cut.first, base) - base;
		part.last = MIN(cut.last, base + span - 1) - base;
		if (block && hit)
			err = cut_branch(m, inode, &block, depth - 1, part);
		if (!err && block != old)
			err = set_pointer(m, inode, table, i, block);
		if (err)
			return err;
		*empty = *empty && !block;
	}
	return 0;
}

/* What one pointer leads to, `depth` tables deep; the pointer becomes 0 when nothing is left. */
static int cut_branch(struct vfs_mount *m, struct ext2_inode *inode, uint32_t *block,
		      unsigned depth, struct cut cut)
{
	const struct ext2 *fs = m->priv;
	bool empty = true;
	int err;

	if (!is_block(fs, *block))
		return ext2_bad(m, "block number", *block);
	/* Tables that lead to each other would have no end without this. */
	if (get_le32(inode->raw + INODE_SECTORS) < fs->block_size / 512)
		return ext2_bad(m, "number of blocks of inode", inode->ino);
	if (depth) {
		err = cut_table(m, inode, *block, depth, cut, &empty);
		if (err || !empty)
			return err;
	}
	meta_forget(m, (uint64_t)*block * fs->block_size, fs->block_size);
	ext2_free_blocks(m, *block, 1);
	inode_add_blocks(fs, inode, -1);
	*block = 0;
	return 0;
}

int ext2_unmap(struct vfs_mount *m, struct ext2_inode *inode, uint64_t first, uint64_t last)
{
	const struct ext2 *fs = m->priv;
	uint64_t base = 0, span = 1;
	int err = 0;

	for (unsigned slot = 0; slot < EXT2_DIRECT + EXT2_LEVELS && !err; slot++, base += span) {
		unsigned depth = slot < EXT2_DIRECT ? 0 : slot - EXT2_DIRECT + 1;
		uint32_t block = get_le32(inode->raw + INODE_BLOCK + 4 * slot);
		struct cut cut;

		if (depth)
			span *= fs->block_size / 4;
		if (!block || base > last || base + span <= first)
			continue;
		cut.first = MAX(first, base) - base;
		cut.last = MIN(last, base + span - 1) - base;
		err = cut_branch(m, inode, &block, depth, cut);
		put_le32(inode->raw + INODE_BLOCK + 4 * slot, block);
	}
	return err;
}
