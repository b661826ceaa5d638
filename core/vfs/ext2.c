/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ext2: the superblock, what features can be read and which also written, and the calls that need
 * little more than an inode. Serialised by the VFS.
 */
#include "ext2.h"

#include <core/log.h>
#include <core/mem.h>
#include <core/time.h>
#include <libs/errno.h>
#include <libs/string.h>

#define SUPER_AT    1024
#define SUPER_MAGIC 0xef53

/* Offsets in the superblock. */
enum {
	SB_INODES = 0, SB_BLOCKS = 4, SB_FREE_BLOCKS = 12, SB_FREE_INODES = 16, SB_FIRST_BLOCK = 20,
	SB_BLOCK_SHIFT = 24, SB_GROUP_BLOCKS = 32, SB_GROUP_INODES = 40, SB_WRITTEN = 48,
	SB_MAGIC = 56, SB_STATE = 58, SB_REVISION = 76, SB_FIRST_INODE = 84, SB_INODE_SIZE = 88,
	SB_INCOMPAT = 96, SB_RO_COMPAT = EXT2_RO_COMPAT_AT - 1024, SB_DESC_SIZE = 254,
	SB_BLOCKS_HIGH = 0x150, SB_FREE_BLOCKS_HIGH = 0x158, SB_USED = 0x160,
};

#define STATE_CLEAN  0x1
#define STATE_ERRORS 0x2

#define FLEX_BG		0x200
#define EA_INODE	0x400
#define CSUM_SEED	0x2000
#define LARGE_DIR	0x4000
#define INCOMPAT_READ                                                                               \
	(INCOMPAT_FILETYPE | INCOMPAT_RECOVER | INCOMPAT_EXTENTS | INCOMPAT_64BIT | FLEX_BG |       \
	 EA_INODE | CSUM_SEED | LARGE_DIR)
#define RO_COMPAT_SPARSE_SUPER 0x1
#define RO_COMPAT_WRITE	       (RO_COMPAT_SPARSE_SUPER | EXT2_LARGE_FILE)

/* Those that keep a file system from being read. */
static const char *const incompat_names[] = {
	[0] = "compression", [3] = "an external journal", [4] = "meta block groups",
	[8] = "protection against multiple mounts", [15] = "data in inodes", [16] = "encryption",
};

/* --- superblock ------------------------------------------------------------------------------ */

static int refuse_features(struct vfs_mount *m, uint32_t features)
{
	const char *name = NULL;

	for (unsigned i = 0; i < ARRAY_SIZE(incompat_names) && !name; i++)
		if (features & BIT32(i))
			name = incompat_names[i];
	log_error("ext2 at '%s/': uses %s, which is not supported (feature bits 0x%x); "
		  "make it with mke2fs -t ext2",
		  m->path, name ? name : "something unknown", features);
	return -ENOTSUP;
}

/* What keeps it from being written is told once, at mount. */
static void decide_writing(struct vfs_mount *m, const struct ext2 *fs, uint32_t ro_compat,
			   uint16_t state)
{
	if (fs->incompat & INCOMPAT_RECOVER)
		log_warn("ext2 at '%s/': its journal has to be replayed, which is not done here: "
			 "read-only, as it was before the journal; run e2fsck on it",
			 m->path);
	else if (m->read_only)
		return;
	else if (state & STATE_ERRORS)
		log_warn("ext2 at '%s/': marked as damaged: read-only; run e2fsck on it", m->path);
	else if (fs->incompat & ~(uint32_t)INCOMPAT_FILETYPE || ro_compat & ~RO_COMPAT_WRITE)
		log_warn("ext2 at '%s/': has features of ext4 (0x%x, 0x%x) that are only read "
			 "here: read-only; to write to it, make it with mke2fs -t ext2",
			 m->path, fs->incompat, ro_compat);
	else if (fs->blocks > UINT32_MAX)
		log_warn("ext2 at '%s/': too large to be written: read-only", m->path);
	else
		return;
	m->read_only = true;
}

static bool read_geometry(struct vfs_mount *m, struct ext2 *fs, const uint8_t *sb)
{
	bool dynamic = get_le32(sb + SB_REVISION) >= 1;

	fs->blocks = get_le32(sb + SB_BLOCKS);
	fs->desc_size = GROUP_RAW;
	if (fs->incompat & INCOMPAT_64BIT) {
		fs->blocks |= (uint64_t)get_le32(sb + SB_BLOCKS_HIGH) << 32;
		fs->desc_size = get_le16(sb + SB_DESC_SIZE);
	}
	fs->first_block = get_le32(sb + SB_FIRST_BLOCK);
	fs->group_blocks = get_le32(sb + SB_GROUP_BLOCKS);
	fs->inodes = get_le32(sb + SB_INODES);
	fs->group_inodes = get_le32(sb + SB_GROUP_INODES);
	fs->free_blocks = get_le32(sb + SB_FREE_BLOCKS);
	fs->free_inodes = get_le32(sb + SB_FREE_INODES);
	fs->inode_size = dynamic ? get_le16(sb + SB_INODE_SIZE) : INODE_RAW;
	fs->first_inode = dynamic ? MAX(get_le32(sb + SB_FIRST_INODE), 11u) : 11;
	fs->revised = dynamic;
	fs->filetype = fs->incompat & INCOMPAT_FILETYPE;
	fs->groups_at = (uint64_t)(fs->first_block + 1) * fs->block_size;
	if (!fs->group_inodes || fs->group_inodes > fs->block_size * 8 || !fs->group_blocks ||
	    fs->group_blocks > fs->block_size * 8 || fs->inodes < EXT2_ROOT_INO ||
	    fs->first_block > 1 || fs->inode_size < INODE_RAW || fs->inode_size > fs->block_size ||
	    (fs->inode_size & (fs->inode_size - 1)) || fs->blocks <= fs->first_block ||
	    fs->desc_size < GROUP_RAW || fs->desc_size % 4 || fs->desc_size > 1024 ||
	    (fs->incompat & INCOMPAT_64BIT && fs->desc_size < GROUP_RAW_64))
		return false;
	fs->groups = DIV_ROUND_UP(fs->inodes, fs->group_inodes);
	return fs->groups_at + (uint64_t)fs->groups * fs->desc_size <= m->size &&
	       DIV_ROUND_UP(fs->blocks - fs->first_block, fs->group_blocks) == fs->groups;
}

static int read_super(struct vfs_mount *m, struct ext2 *fs, const uint8_t *sb)
{
	uint32_t shift = get_le32(sb + SB_BLOCK_SHIFT);
	bool dynamic = get_le32(sb + SB_REVISION) >= 1;

	fs->incompat = dynamic ? get_le32(sb + SB_INCOMPAT) : 0;
	if (fs->incompat & ~(uint32_t)INCOMPAT_READ)
		return refuse_features(m, fs->incompat & ~(uint32_t)INCOMPAT_READ);
	if (shift > 2) {
		log_error("ext2 at '%s/': blocks of %llu bytes, only 1, 2 and 4 KiB are supported",
			  m->path, shift < 32 ? 1024ull << shift : 0);
		return -ENOTSUP;
	}
	fs->block_size = 1024u << shift;
	if (!read_geometry(m, fs, sb)) {
		log_error("ext2 at '%s/': the superblock is damaged; run e2fsck on it", m->path);
		return -EUCLEAN;
	}
	if (fs->blocks > m->size / fs->block_size) {
		log_error("ext2 at '%s/': the image is cut off: %llu of %llu bytes", m->path,
			  (unsigned long long)m->size,
			  (unsigned long long)fs->blocks * fs->block_size);
		return -EUCLEAN;
	}
	fs->was_clean = get_le16(sb + SB_STATE) & STATE_CLEAN;
	decide_writing(m, fs, dynamic ? get_le32(sb + SB_RO_COMPAT) : 0, get_le16(sb + SB_STATE));
	if (!m->read_only && !fs->was_clean)
		log_warn("ext2 at '%s/': was not unmounted; space may be lost until e2fsck is run",
			 m->path);
	return 0;
}

static int ext2_mount(struct vfs_mount *m)
{
	struct ext2 *fs;
	uint8_t *sb;
	int err;

	fs = heap_zalloc(sizeof(*fs) + SB_USED);
	if (!fs)
		return -ENOMEM;
	sb = (uint8_t *)(fs + 1);
	err = data_read(m, SUPER_AT, sb, SB_USED);
	if (err == -ERANGE || get_le16(sb + SB_MAGIC) != SUPER_MAGIC)
		err = err && err != -ERANGE ? err : -ENOEXEC;
	if (!err)
		err = read_super(m, fs, sb);
	if (!err)
		err = cache_open(m, fs->block_size);
	if (err)
		heap_free(fs);
	else
		m->priv = fs;
	return err;
}

/* Counts and state into the superblock; it is written with the first phase, or the last. */
static int write_super(struct vfs_mount *m, uint16_t state, enum meta_phase phase)
{
	const struct ext2 *fs = m->priv;
	uint8_t raw[4];
	int err;

	put_le32(raw, fs->free_blocks);
	err = meta_write(m, SUPER_AT + SB_FREE_BLOCKS, raw, 4, phase);
	put_le32(raw, fs->free_inodes);
	if (!err)
		err = meta_write(m, SUPER_AT + SB_FREE_INODES, raw, 4, phase);
	put_le32(raw, (uint32_t)time_wallclock());
	if (!err)
		err = meta_write(m, SUPER_AT + SB_WRITTEN, raw, 4, phase);
	put_le16(raw, state);
	if (!err)
		err = meta_write(m, SUPER_AT + SB_STATE, raw, 2, phase);
	return err;
}

int ext2_begin_change(struct vfs_mount *m)
{
	struct ext2 *fs = m->priv;
	int err;

	if (fs->marked)
		return 0;
	err = write_super(m, 0, META_ALLOC);
	if (!err)
		err = meta_sync_phase(m, META_ALLOC);
	fs->marked = !err;
	return err;
}

static int ext2_sync(struct vfs_mount *m)
{
	struct ext2 *fs = m->priv;
	int err = 0;

	if (fs->counts_dirty)
		err = write_super(m, 0, META_ALLOC);
	if (!err)
		err = meta_sync(m);
	if (err)
		return err;
	fs->counts_dirty = false;
	if (!fs->nr_freed)
		return 0;
	err = ext2_free_now(m);
	if (!err)
		err = write_super(m, 0, META_ALLOC);
	return err ? err : meta_sync(m);
}

static void ext2_unmount(struct vfs_mount *m)
{
	struct ext2 *fs = m->priv;

	/* It was synced; where that failed, it stays marked. */
	if (fs->marked && !m->failed && !meta_is_dirty(m) && !fs->nr_freed &&
	    (write_super(m, fs->was_clean ? STATE_CLEAN : 0, META_NODE) || meta_sync(m)))
		log_error("ext2 at '%s/': could not be marked as unmounted", m->path);
	cache_close(m);
	heap_free(fs->freed);
	heap_free(fs);
}

static int ext2_space(struct vfs_mount *m, struct vfs_space *space)
{
	const struct ext2 *fs = m->priv;
	uint64_t free = fs->free_blocks;
	uint8_t high[4];
	int err;

	if (fs->incompat & INCOMPAT_64BIT) {
		err = meta_read(m, SUPER_AT + SB_FREE_BLOCKS_HIGH, high, sizeof(high));
		if (err)
			return err;
		free |= (uint64_t)get_le32(high) << 32;
	}
	space->size = fs->blocks * fs->block_size;
	space->free = MIN_T(uint64_t, (free + fs->freed_blocks) * fs->block_size, space->size);
	space->files = fs->inodes;
	space->files_free = MIN(fs->free_inodes, fs->inodes);
	return 0;
}

/* --- nodes ----------------------------------------------------------------------------------- */

int ext2_bad(struct vfs_mount *m, const char *what, uint64_t number)
{
	return vfs_damaged(m, "e2fsck", what, number);
}

static vfs_ino ext2_root(struct vfs_mount *m)
{
	return EXT2_ROOT_INO;
}

enum vfs_type ext2_type(uint16_t mode)
{
	switch (mode & 0170000) {
	case 0100000:
		return VFS_FILE;
	case 0040000:
		return VFS_DIR;
	case 0120000:
		return VFS_LINK;
	default:
		return VFS_OTHER;
	}
}

static int ext2_stat(struct vfs_mount *m, vfs_ino ino, struct vfs_stat *st)
{
	struct ext2_inode inode;
	int err = ext2_get_inode(m, ino, &inode);

	if (err)
		return err;
	/* A name without its inode is what is left when somebody was stopped. */
	st->type = inode_links(&inode) ? ext2_type(inode_mode(&inode)) : VFS_OTHER;
	st->size = inode_size(&inode);
	st->used = (uint64_t)get_le32(inode.raw + INODE_SECTORS) * 512;
	st->mode = inode_mode(&inode) & 07777;
	st->mtime = get_le32(inode.raw + INODE_MTIME);
	return 0;
}

static int ext2_readlink(struct vfs_mount *m, vfs_ino ino, char *buf, size_t n)
{
	const struct ext2 *fs = m->priv;
	struct ext2_inode inode;
	uint64_t size;
	int64_t got;
	int err = ext2_get_inode(m, ino, &inode);

	if (err)
		return err;
	size = inode_size(&inode);
	if (size >= n)
		return -ENAMETOOLONG;
	/* A short target is in the inode, which then has no blocks but that of its attributes. */
	if (size < INODE_ATTRIBUTES - 4 - INODE_BLOCK &&
	    get_le32(inode.raw + INODE_SECTORS) ==
		    (get_le32(inode.raw + INODE_ATTRIBUTES) ? fs->block_size / 512 : 0)) {
		memcpy(buf, inode.raw + INODE_BLOCK, (size_t)size);
		got = (int64_t)size;
	} else {
		got = ext2_read_data(m, &inode, 0, buf, (size_t)size);
	}
	if (got < 0)
		return (int)got;
	buf[got] = '\0';
	return 0;
}

VFS_FS(ext2) {
	.name = "ext2",
	.mount = ext2_mount,
	.unmount = ext2_unmount,
	.root = ext2_root,
	.lookup = ext2_lookup,
	.stat = ext2_stat,
	.read = ext2_read,
	.readdir = ext2_readdir,
	.readlink = ext2_readlink,
	.space = ext2_space,
	.extent = ext2_extent,
	.create = VFS_WRITER(ext2_create),
	.remove = VFS_WRITER(ext2_remove),
	.rename = VFS_WRITER(ext2_rename),
	.write = VFS_WRITER(ext2_write),
	.truncate = VFS_WRITER(ext2_truncate),
	.punch = VFS_WRITER(ext2_punch),
	.sync = VFS_WRITER(ext2_sync),
};
