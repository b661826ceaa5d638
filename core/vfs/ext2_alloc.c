/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ext2: blocks and inodes are taken from, and given back to, the bitmaps of the block groups. What
 * is given back waits in a list until the sync that makes it so on the device. Serialised by the
 * VFS.
 */
#include "ext2.h"

#include <core/log.h>
#include <core/mem.h>
#include <libs/bits.h>
#include <libs/errno.h>

#define PIECE	    32 /* bytes of a bitmap that are looked at together */
#define FREED_FIRST 32 /* entries of the list at first */
#define AN_INODE    0
#define A_FOLDER    UINT32_MAX

/* --- groups ---------------------------------------------------------------------------------- */

static uint64_t desc_at(const struct ext2 *fs, uint32_t group)
{
	return fs->groups_at + (uint64_t)group * fs->desc_size;
}

static int read_desc(struct vfs_mount *m, uint32_t group, uint8_t *desc)
{
	return meta_read(m, desc_at(m->priv, group), desc, GROUP_RAW);
}

/* Add to one of the counts of a group, which is never more than 16 bits here. */
static int add_count(struct vfs_mount *m, uint32_t group, unsigned field, int by)
{
	uint8_t raw[2];
	uint64_t at = desc_at(m->priv, group) + field;
	int err = meta_read(m, at, raw, 2);

	if (err)
		return err;
	put_le16(raw, (uint16_t)(get_le16(raw) + by));
	return meta_write(m, at, raw, 2, META_ALLOC);
}

static uint32_t group_of(const struct ext2 *fs, uint64_t block)
{
	return (uint32_t)((block - fs->first_block) / fs->group_blocks);
}

/* Blocks in a group; the last may have fewer. */
static uint32_t group_size(const struct ext2 *fs, uint32_t group)
{
	uint64_t first = fs->first_block + (uint64_t)group * fs->group_blocks;

	return (uint32_t)MIN_T(uint64_t, fs->group_blocks, fs->blocks - first);
}

uint32_t ext2_goal_of(const struct ext2 *fs, vfs_ino ino)
{
	uint32_t group = (uint32_t)(ino - 1) / fs->group_inodes;

	return fs->first_block + group * fs->group_blocks;
}

/* --- bitmaps --------------------------------------------------------------------------------- */

/* Where the bitmap of a group is. */
static int map_place(struct vfs_mount *m, const uint8_t *desc, unsigned field, uint64_t *at)
{
	const struct ext2 *fs = m->priv;
	uint32_t block = get_le32(desc + field);

	if (block <= fs->first_block || block >= fs->blocks)
		return ext2_bad(m, "bitmap at block", block);
	*at = (uint64_t)block * fs->block_size;
	return 0;
}

/*
 * The first bit from `from` on that is clear (or set), below `size`; size when there is none.
 * @return 0 or negative errno
 */
static int find_bit(struct vfs_mount *m, uint64_t at, bool set, uint32_t from, uint32_t size,
		    uint32_t *bit)
{
	uint8_t raw[PIECE], skip = set ? 0 : 0xff;

	while (from < size) {
		uint32_t byte = from / 8, n = MIN_T(uint32_t, PIECE, DIV_ROUND_UP(size, 8) - byte);
		int err = meta_read(m, at + byte, raw, n);

		if (err)
			return err;
		for (uint32_t end = MIN((byte + n) * 8, size); from < end; from++) {
			uint8_t bits = raw[from / 8 - byte];

			if (from % 8 == 0 && bits == skip && from + 7 < end) {
				from += 7;
				continue;
			}
			if (((bits >> from % 8) & 1) == set) {
				*bit = from;
				return 0;
			}
		}
	}
	*bit = size;
	return 0;
}

static int change_bits(struct vfs_mount *m, uint64_t at, uint32_t first, uint32_t count, bool set)
{
	for (uint32_t bit = first; bit < first + count; bit++) {
		uint8_t raw;
		int err = meta_read(m, at + bit / 8, &raw, 1);

		if (err)
			return err;
		if (bit % 8 == 0 && first + count - bit >= 8) {
			raw = set ? 0xff : 0;
			bit += 7;
		} else if (set) {
			raw |= (uint8_t)(1u << bit % 8);
		} else {
			raw &= (uint8_t)~(1u << bit % 8);
		}
		err = meta_write(m, at + bit / 8, &raw, 1, META_ALLOC);
		if (err)
			return err;
	}
	return 0;
}

/* --- blocks ---------------------------------------------------------------------------------- */

/* Blocks of one group, from bit `from` on. -ENOSPC: there are none */
static int alloc_in(struct vfs_mount *m, uint32_t group, uint32_t from, uint32_t most,
		    uint32_t *start, uint32_t *count)
{
	struct ext2 *fs = m->priv;
	uint32_t size = group_size(fs, group), bit, end;
	uint8_t desc[GROUP_RAW];
	uint64_t at;
	int err = read_desc(m, group, desc);

	if (!err && !get_le16(desc + GROUP_FREE_BLOCKS))
		err = -ENOSPC;
	if (!err)
		err = map_place(m, desc, GROUP_BLOCK_MAP, &at);
	if (!err)
		err = find_bit(m, at, false, from, size, &bit);
	if (!err && bit == size)
		err = -ENOSPC;
	if (!err)
		err = find_bit(m, at, true, bit, MIN_T(uint64_t, size, (uint64_t)bit + most), &end);
	if (!err && end - bit > get_le16(desc + GROUP_FREE_BLOCKS))
		err = ext2_bad(m, "count of free blocks of group", group);
	if (!err)
		err = change_bits(m, at, bit, end - bit, true);
	if (!err)
		err = add_count(m, group, GROUP_FREE_BLOCKS, (int)bit - (int)end);
	if (err)
		return err;
	*start = fs->first_block + group * fs->group_blocks + bit;
	*count = end - bit;
	fs->goal = *start + *count;
	fs->free_blocks -= MIN(fs->free_blocks, *count);
	fs->counts_dirty = true;
	return 0;
}

static int find_space(struct vfs_mount *m, uint32_t goal, uint32_t most, uint32_t *start,
		      uint32_t *count)
{
	struct ext2 *fs = m->priv;
	bool inside = goal > fs->first_block && goal < fs->blocks;
	uint32_t first = inside ? group_of(fs, goal) : 0;
	uint32_t from = inside ? (goal - fs->first_block) % fs->group_blocks : 0;
	int err = alloc_in(m, first, from, most, start, count);

	/* The other groups, and at last the beginning of the first. */
	for (uint32_t i = 1; err == -ENOSPC && i <= fs->groups; i++)
		err = alloc_in(m, (first + i) % fs->groups, 0, most, start, count);
	return err;
}

int ext2_alloc_blocks(struct vfs_mount *m, uint32_t goal, uint32_t most, uint32_t *start,
		      uint32_t *count)
{
	struct ext2 *fs = m->priv;
	int err = find_space(m, goal, most, start, count);

	if (err != -ENOSPC || !fs->nr_freed)
		return err;
	/* There is space, as soon as the device knows that it was freed. */
	err = m->fs->sync(m);
	return err ? err : find_space(m, goal, most, start, count);
}

static void note_freed(struct vfs_mount *m, uint32_t start, uint32_t count)
{
	struct ext2 *fs = m->priv;
	struct ext2_freed *last = fs->nr_freed ? &fs->freed[fs->nr_freed - 1] : NULL;

	if (count != AN_INODE && count != A_FOLDER) {
		fs->freed_blocks += count;
		if (last && last->count != AN_INODE && last->count != A_FOLDER &&
		    last->start + last->count == start) {
			last->count += count;
			return;
		}
	}
	if (fs->nr_freed == fs->freed_room) {
		uint32_t room = fs->freed_room ? fs->freed_room * 2 : FREED_FIRST;
		void *bigger = heap_realloc(fs->freed, room * sizeof(*fs->freed));

		if (!bigger) {
			log_warn("ext2 at '%s/': not enough memory to free blocks now; "
				 "e2fsck will do it", m->path);
			return;
		}
		fs->freed = bigger;
		fs->freed_room = room;
	}
	fs->freed[fs->nr_freed++] = (struct ext2_freed){ start, count };
}

void ext2_free_blocks(struct vfs_mount *m, uint64_t start, uint32_t count)
{
	note_freed(m, (uint32_t)start, count);
}

/* --- inodes ---------------------------------------------------------------------------------- */

static int alloc_inode_in(struct vfs_mount *m, uint32_t group, bool folder, vfs_ino *ino)
{
	struct ext2 *fs = m->priv;
	uint32_t size = MIN(fs->group_inodes, fs->inodes - group * fs->group_inodes), bit;
	uint32_t from = group ? 0 : MIN(fs->first_inode, size) - 1;
	uint8_t desc[GROUP_RAW];
	uint64_t at;
	int err = read_desc(m, group, desc);

	if (!err && !get_le16(desc + GROUP_FREE_INODES))
		err = -ENOSPC;
	if (!err)
		err = map_place(m, desc, GROUP_INODE_MAP, &at);
	if (!err)
		err = find_bit(m, at, false, from, size, &bit);
	if (!err && bit == size)
		err = -ENOSPC;
	if (!err)
		err = change_bits(m, at, bit, 1, true);
	if (!err)
		err = add_count(m, group, GROUP_FREE_INODES, -1);
	if (!err && folder)
		err = add_count(m, group, GROUP_DIRS, 1);
	if (err)
		return err;
	fs->free_inodes -= fs->free_inodes ? 1 : 0;
	fs->counts_dirty = true;
	*ino = (vfs_ino)group * fs->group_inodes + bit + 1;
	return 0;
}

static int find_inode(struct vfs_mount *m, vfs_ino near, bool folder, vfs_ino *ino)
{
	const struct ext2 *fs = m->priv;
	uint32_t first = (uint32_t)(near - 1) / fs->group_inodes;
	int err = -ENOSPC;

	for (uint32_t i = 0; err == -ENOSPC && i < fs->groups; i++)
		err = alloc_inode_in(m, (first + i) % fs->groups, folder, ino);
	return err;
}

int ext2_alloc_inode(struct vfs_mount *m, vfs_ino near, bool folder, vfs_ino *ino)
{
	struct ext2 *fs = m->priv;
	int err = find_inode(m, near, folder, ino);

	if (err != -ENOSPC || !fs->nr_freed)
		return err;
	err = m->fs->sync(m);
	return err ? err : find_inode(m, near, folder, ino);
}

void ext2_free_inode(struct vfs_mount *m, vfs_ino ino, bool folder)
{
	note_freed(m, (uint32_t)ino, folder ? A_FOLDER : AN_INODE);
}

/* --- when it is on the device ---------------------------------------------------------------- */

static int free_inode_now(struct vfs_mount *m, uint32_t ino, bool folder)
{
	struct ext2 *fs = m->priv;
	uint32_t group = (ino - 1) / fs->group_inodes;
	uint8_t desc[GROUP_RAW];
	uint64_t at;
	int err = read_desc(m, group, desc);

	if (!err)
		err = map_place(m, desc, GROUP_INODE_MAP, &at);
	if (!err)
		err = change_bits(m, at, (ino - 1) % fs->group_inodes, 1, false);
	if (!err)
		err = add_count(m, group, GROUP_FREE_INODES, 1);
	if (!err && folder)
		err = add_count(m, group, GROUP_DIRS, -1);
	fs->free_inodes += err ? 0 : 1;
	return err;
}

static int free_blocks_now(struct vfs_mount *m, uint32_t start, uint32_t count)
{
	struct ext2 *fs = m->priv;
	uint8_t desc[GROUP_RAW];
	uint64_t at;
	int err = 0;

	while (count && !err) {
		uint32_t group = group_of(fs, start);
		uint32_t bit = (start - fs->first_block) % fs->group_blocks;
		uint32_t n = MIN(count, fs->group_blocks - bit), used;

		err = read_desc(m, group, desc);
		if (!err)
			err = map_place(m, desc, GROUP_BLOCK_MAP, &at);
		/* A block that is free already belonged to two owners. */
		if (!err)
			err = find_bit(m, at, false, bit, bit + n, &used);
		if (!err && used < bit + n)
			err = ext2_bad(m, "block was free already,", start + used - bit);
		if (!err)
			err = change_bits(m, at, bit, n, false);
		if (!err)
			err = add_count(m, group, GROUP_FREE_BLOCKS, (int)n);
		fs->free_blocks += err ? 0 : n;
		start += n;
		count -= n;
	}
	return err;
}

int ext2_free_now(struct vfs_mount *m)
{
	struct ext2 *fs = m->priv;
	int err, first = 0;

	for (uint32_t i = 0; i < fs->nr_freed; i++) {
		const struct ext2_freed *f = &fs->freed[i];

		if (f->count == AN_INODE || f->count == A_FOLDER)
			err = free_inode_now(m, f->start, f->count == A_FOLDER);
		else
			err = free_blocks_now(m, f->start, f->count);
		first = first ? first : err;
	}
	fs->nr_freed = 0;
	fs->freed_blocks = 0;
	/* What is damaged stays allocated; that is told, and no reason to stop. */
	return first == -EUCLEAN ? 0 : first;
}
