/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ext2: contents of files. They go straight between the caller's memory and the device, in pieces
 * as long as blocks are contiguous; directories are metadata. Serialised by the VFS.
 */
#include "ext2.h"

#include <core/time.h>
#include <libs/errno.h>
#include <libs/string.h>

/* --- reading --------------------------------------------------------------------------------- */

int64_t ext2_read_data(struct vfs_mount *m, const struct ext2_inode *inode, uint64_t off, void *buf,
		       size_t n)
{
	const struct ext2 *fs = m->priv;
	bool contents = ext2_type(inode_mode(inode)) == VFS_FILE;
	uint64_t size = inode_size(inode);
	uint8_t *to = buf;
	size_t done = 0;

	if (off >= size)
		return 0;
	n = (size_t)MIN_T(uint64_t, n, size - off);
	while (done < n) {
		uint64_t at = off + done, in = at % fs->block_size, place;
		struct ext2_run run;
		size_t part;
		int err = ext2_map(m, inode, at / fs->block_size,
				   DIV_ROUND_UP(in + n - done, fs->block_size), &run);

		if (err)
			return err;
		part = (size_t)MIN_T(uint64_t, n - done, run.count * fs->block_size - in);
		place = run.block * fs->block_size + in;
		if (!run.block)
			memset(to + done, 0, part);
		else if (contents)
			err = data_read(m, place, to + done, part);
		else
			err = meta_read(m, place, to + done, part);
		if (err)
			return err;
		done += part;
	}
	return (int64_t)done;
}

int64_t ext2_read(struct vfs_mount *m, vfs_ino ino, uint64_t off, void *buf, size_t n)
{
	struct ext2_inode inode;
	int err = ext2_get_inode(m, ino, &inode);

	return err ? err : ext2_read_data(m, &inode, off, buf, n);
}

int ext2_extent(struct vfs_mount *m, vfs_ino ino, uint64_t off, struct vfs_extent *ext)
{
	const struct ext2 *fs = m->priv;
	uint64_t in = off % fs->block_size, size;
	struct ext2_inode inode;
	struct ext2_run run;
	int err = ext2_get_inode(m, ino, &inode);

	if (err)
		return err;
	size = inode_size(&inode);
	ext->at = VFS_HOLE;
	ext->len = 0;
	if (off >= size)
		return 0;
	err = ext2_map(m, &inode, off / fs->block_size, UINT32_MAX, &run);
	if (err)
		return err;
	if (run.block)
		ext->at = run.block * fs->block_size + in;
	ext->len = MIN(run.count * fs->block_size - in, size - off);
	return 0;
}

/* --- writing --------------------------------------------------------------------------------- */

/* A file that is to be changed. */
static int begin(struct vfs_mount *m, vfs_ino ino, struct ext2_inode *inode)
{
	int err = ext2_get_inode(m, ino, inode);

	if (!err && (inode_flags(inode) & INODE_FLAG_EXTENTS))
		err = ext2_bad(m, "flags of inode", ino);
	return err ? err : ext2_begin_change(m);
}

/* Of a new block that is written in part, the rest becomes zeros. */
static int zero_around(struct vfs_mount *m, const struct ext2_run *run, uint64_t in, size_t part)
{
	const struct ext2 *fs = m->priv;
	uint64_t at = run->block * fs->block_size, end = in + part;
	int err = in ? data_zero(m, at, in) : 0;

	if (!err && end % fs->block_size)
		err = data_zero(m, at + end, fs->block_size - end % fs->block_size);
	return err;
}

/* As much as is contiguous. @return bytes or negative errno */
static int64_t write_run(struct vfs_mount *m, struct ext2_inode *inode, uint64_t off,
			 const void *buf, size_t n)
{
	const struct ext2 *fs = m->priv;
	uint64_t in = off % fs->block_size, most = DIV_ROUND_UP(in + n, fs->block_size);
	struct ext2_run run;
	bool fresh;
	int err = ext2_map_alloc(m, inode, off / fs->block_size, most, &run, &fresh);

	if (err)
		return err;
	run.count = MIN(run.count, most);
	n = (size_t)MIN_T(uint64_t, n, run.count * fs->block_size - in);
	if (fresh)
		err = zero_around(m, &run, in, n);
	if (!err)
		err = data_write(m, run.block * fs->block_size + in, buf, n);
	if (!err)
		return (int64_t)n;
	/* Nobody shall read in it what was on the device before. */
	off /= fs->block_size;
	if (fresh && ext2_unmap(m, inode, off, off + run.count - 1))
		return ext2_bad(m, "new blocks of inode", inode->ino);
	return err;
}

/* The part of the last block behind the end of the file, which becomes part of the file. */
static int zero_tail(struct vfs_mount *m, const struct ext2_inode *inode, uint64_t size)
{
	const struct ext2 *fs = m->priv;
	struct ext2_run run;
	uint32_t in = (uint32_t)(size % fs->block_size);
	int err = in ? ext2_map(m, inode, size / fs->block_size, 1, &run) : 0;

	if (err || !in || !run.block)
		return err;
	return data_zero(m, run.block * fs->block_size + in, fs->block_size - in);
}

/* The largest size that 32 bits for sectors and three levels of pointers allow. */
static uint64_t largest(const struct ext2 *fs)
{
	uint64_t per = fs->block_size / 4, blocks = EXT2_DIRECT + per + per * per + per * per * per;

	return MIN(blocks, UINT64_C(0xfff00000) / (fs->block_size / 512)) * fs->block_size;
}

/* Files of 2 GiB and more are told in the superblock, for programs that do not know them. */
static int note_size(struct vfs_mount *m, uint64_t size)
{
	uint8_t raw[4];
	int err;

	if (size <= INT32_MAX)
		return 0;
	if (!((const struct ext2 *)m->priv)->revised)
		return -EFBIG;
	err = meta_read(m, EXT2_RO_COMPAT_AT, raw, sizeof(raw));
	if (err || (get_le32(raw) & EXT2_LARGE_FILE))
		return err;
	put_le32(raw, get_le32(raw) | EXT2_LARGE_FILE);
	return meta_write(m, EXT2_RO_COMPAT_AT, raw, sizeof(raw), META_ALLOC);
}

int64_t ext2_write(struct vfs_mount *m, vfs_ino ino, uint64_t off, const void *buf, size_t n)
{
	const struct ext2 *fs = m->priv;
	struct ext2_inode inode;
	size_t done = 0;
	int64_t got = 0;
	int err = begin(m, ino, &inode);

	if (!err && (off >= largest(fs) || n > largest(fs) - off))
		err = -EFBIG;
	if (!err)
		err = note_size(m, off + n);
	if (!err && off > inode_size(&inode))
		err = zero_tail(m, &inode, inode_size(&inode));
	if (err)
		return err;
	while (done < n && got >= 0) {
		got = write_run(m, &inode, off + done, (const uint8_t *)buf + done, n - done);
		if (got > 0)
			done += (size_t)got;
	}
	if (off + done > inode_size(&inode) && done)
		inode_set_size(&inode, off + done);
	inode_touch(&inode);
	err = ext2_put_inode(m, &inode);
	if (err)
		return err;
	return done ? (int64_t)done : got;
}

int ext2_truncate(struct vfs_mount *m, vfs_ino ino, uint64_t size)
{
	const struct ext2 *fs = m->priv;
	struct ext2_inode inode;
	uint64_t old;
	int err = begin(m, ino, &inode), put;

	if (err)
		return err;
	old = inode_size(&inode);
	if (size > largest(fs))
		return -EFBIG;
	err = note_size(m, size);
	if (!err && size != old)
		err = zero_tail(m, &inode, MIN(size, old));
	if (!err && size < old)
		err = ext2_unmap(m, &inode, DIV_ROUND_UP(size, fs->block_size), UINT64_MAX / 2);
	if (!err)
		inode_set_size(&inode, size);
	inode_touch(&inode);
	put = ext2_put_inode(m, &inode);
	return err ? err : put;
}

/* A part of one block. */
static int zero_part(struct vfs_mount *m, const struct ext2_inode *inode, uint64_t off, uint64_t n)
{
	const struct ext2 *fs = m->priv;
	struct ext2_run run;
	int err = ext2_map(m, inode, off / fs->block_size, 1, &run);

	if (err || !run.block)
		return err;
	return data_zero(m, run.block * fs->block_size + off % fs->block_size, n);
}

int ext2_punch(struct vfs_mount *m, vfs_ino ino, uint64_t off, uint64_t n)
{
	const struct ext2 *fs = m->priv;
	uint64_t size = fs->block_size, end = off + n, part;
	struct ext2_inode inode;
	int err = begin(m, ino, &inode), put;

	if (err)
		return err;
	/* A last block that ends with the file is a whole one. */
	if (end >= inode_size(&inode))
		end = ALIGN_UP(end, size);
	if (off % size) {
		part = MIN(end - off, size - off % size);
		err = zero_part(m, &inode, off, part);
		off += part;
	}
	if (!err && off < end && end % size) {
		err = zero_part(m, &inode, end - end % size, end % size);
		end -= end % size;
	}
	if (err || off >= end)
		return err;
	err = ext2_unmap(m, &inode, off / size, end / size - 1);
	inode_touch(&inode);
	put = ext2_put_inode(m, &inode);
	return err ? err : put;
}

/* --- the end --------------------------------------------------------------------------------- */

/* A block of attributes may be shared by several inodes; it counts them. */
static int drop_attributes(struct vfs_mount *m, struct ext2_inode *inode)
{
	const struct ext2 *fs = m->priv;
	uint32_t block = get_le32(inode->raw + INODE_ATTRIBUTES), owners;
	uint64_t at = (uint64_t)block * fs->block_size + 4;
	uint8_t raw[4];
	int err;

	if (!block)
		return 0;
	if (block <= fs->first_block || block >= fs->blocks)
		return ext2_bad(m, "block of attributes", block);
	err = meta_read(m, at, raw, sizeof(raw));
	if (err)
		return err;
	owners = get_le32(raw);
	put_le32(inode->raw + INODE_ATTRIBUTES, 0);
	if (owners > 1) {
		put_le32(raw, owners - 1);
		return meta_write(m, at, raw, sizeof(raw), META_ALLOC);
	}
	meta_forget(m, at, 1);
	ext2_free_blocks(m, block, 1);
	return 0;
}

/* A symbolic link whose target is in the inode has no pointers. */
static bool has_blocks(const struct ext2_inode *inode, const struct ext2 *fs)
{
	uint32_t sectors = get_le32(inode->raw + INODE_SECTORS);
	bool attributes = get_le32(inode->raw + INODE_ATTRIBUTES);

	switch (ext2_type(inode_mode(inode))) {
	case VFS_FILE:
	case VFS_DIR:
		return true;
	case VFS_LINK:
		return sectors > (attributes ? fs->block_size / 512 : 0);
	default:
		return false;
	}
}

int ext2_drop_inode(struct vfs_mount *m, struct ext2_inode *inode)
{
	bool folder = ext2_type(inode_mode(inode)) == VFS_DIR;
	int err = 0, put;

	if (has_blocks(inode, m->priv))
		err = ext2_unmap(m, inode, 0, UINT64_MAX / 2);
	if (!err)
		err = drop_attributes(m, inode);
	if (!err) {
		inode_set_size(inode, 0);
		put_le32(inode->raw + INODE_SECTORS, 0);
		put_le16(inode->raw + INODE_LINKS, 0);
		put_le32(inode->raw + INODE_DTIME, (uint32_t)time_wallclock());
		ext2_free_inode(m, inode->ino, folder);
	}
	put = ext2_put_inode(m, inode);
	return err ? err : put;
}
