/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ext2, and what of ext3 and ext4 can be read: between its files. "The Second Extended File System,
 * Internal Layout"; for ext4 the "Ext4 Disk Layout" of the Linux kernel's documentation. All
 * numbers on the device are little-endian. What the device says is checked against the size of the
 * file system wherever it is used, so a damaged one gives -EUCLEAN and nothing worse.
 *
 * Nothing is used again before its freeing is on the device (see the phases in cache.h): freed
 * blocks and inodes are kept in a list and marked as free by the next sync, after it wrote
 * everything else. So there is no moment at which two owners of a block can be on the device, and a
 * file system that was left in the middle can be written to without a check: at worst space is lost
 * until fsck.
 */
#pragma once

#include <core/vfs.h>
#include <libs/byteorder.h>

#include "cache.h"

#define EXT2_ROOT_INO 2
#define EXT2_DIRECT   12 /* blocks that an inode itself points to */
#define EXT2_LEVELS   3	 /* of blocks of pointers */

/* Incompatible features: without knowing them it cannot be read. */
#define INCOMPAT_FILETYPE 0x2
#define INCOMPAT_RECOVER  0x4
#define INCOMPAT_EXTENTS  0x40
#define INCOMPAT_64BIT	  0x80

/* Of the features that matter for writing: there are files of 2 GiB or more. */
#define EXT2_RO_COMPAT_AT (1024 + 100)
#define EXT2_LARGE_FILE	  0x2

/* Offsets in an inode. */
enum {
	INODE_MODE = 0, INODE_SIZE = 4, INODE_ATIME = 8, INODE_CTIME = 12, INODE_MTIME = 16,
	INODE_DTIME = 20, INODE_LINKS = 26, INODE_SECTORS = 28, INODE_FLAGS = 32, INODE_BLOCK = 40,
	INODE_ATTRIBUTES = 104, INODE_SIZE_HIGH = 108, INODE_RAW = 128, INODE_EXTRA = 128,
};

#define INODE_FLAG_INDEX   0x1000
#define INODE_FLAG_EXTENTS 0x80000

/* Offsets in the description of a block group. */
enum {
	GROUP_BLOCK_MAP = 0, GROUP_INODE_MAP = 4, GROUP_INODES = 8, GROUP_FREE_BLOCKS = 12,
	GROUP_FREE_INODES = 14, GROUP_DIRS = 16, GROUP_RAW = 32, GROUP_INODES_HIGH = 0x28,
	GROUP_RAW_64 = 64,
};

/* A run of blocks, or an inode, that is free as soon as what was done is on the device. */
struct ext2_freed {
	uint32_t start, count; /* count 0: an inode; UINT32_MAX: one that was a folder */
};

struct ext2 {
	uint32_t block_size;
	uint64_t blocks;
	uint32_t first_block, group_blocks, groups;
	uint32_t inodes, group_inodes, inode_size, first_inode;
	uint32_t desc_size;
	uint32_t incompat;
	uint64_t groups_at; /* table of block groups, bytes */
	bool revised;	    /* has features at all */
	bool filetype;	    /* directory entries tell the type */
	bool was_clean;	    /* when it was mounted */
	bool marked;	    /* as being written, on the device */
	bool counts_dirty;
	uint32_t free_blocks, free_inodes; /* those of the superblock */
	uint32_t goal;			   /* behind the last block that was allocated */
	struct ext2_freed *freed;
	uint32_t nr_freed, freed_room;
	uint64_t freed_blocks; /* sum of them */
};

/** An inode in memory; changes of raw[] count once ext2_put_inode() wrote them. */
struct ext2_inode {
	vfs_ino ino;
	uint8_t raw[INODE_RAW];
};

static inline uint16_t inode_mode(const struct ext2_inode *inode)
{
	return get_le16(inode->raw + INODE_MODE);
}

static inline uint32_t inode_flags(const struct ext2_inode *inode)
{
	return get_le32(inode->raw + INODE_FLAGS);
}

static inline uint16_t inode_links(const struct ext2_inode *inode)
{
	return get_le16(inode->raw + INODE_LINKS);
}

enum vfs_type ext2_type(uint16_t mode);
uint64_t inode_size(const struct ext2_inode *inode);
void inode_set_size(struct ext2_inode *inode, uint64_t size);
/** Sectors of 512 bytes that it takes change by some blocks. */
void inode_add_blocks(const struct ext2 *fs, struct ext2_inode *inode, int64_t blocks);
/** Contents were changed now. */
void inode_touch(struct ext2_inode *inode);

/** Say in the log what is damaged. @return -EUCLEAN */
int ext2_bad(struct vfs_mount *m, const char *what, uint64_t number);

/* --- ext2.c ------------------------------------------------------------------------------ */

/** Before the first change: the device says from now on that it is being written. */
must_check int ext2_begin_change(struct vfs_mount *m);

/* --- ext2_map.c -------------------------------------------------------------------------- */

must_check int ext2_get_inode(struct vfs_mount *m, vfs_ino ino, struct ext2_inode *inode);
must_check int ext2_put_inode(struct vfs_mount *m, const struct ext2_inode *inode);
/** Where an inode is on the device. */
must_check int ext2_inode_place(struct vfs_mount *m, vfs_ino ino, uint64_t *at);

/** Blocks from number n of a file on. */
struct ext2_run {
	uint64_t block; /* on the device; 0: a hole */
	uint64_t count; /* contiguous, at least 1 */
};
/** @param most  so many are of interest */
must_check int ext2_map(struct vfs_mount *m, const struct ext2_inode *inode, uint64_t n,
			uint64_t most, struct ext2_run *run);
/** The same; a hole gets blocks, `fresh` tells. The inode is to be written afterwards. */
must_check int ext2_map_alloc(struct vfs_mount *m, struct ext2_inode *inode, uint64_t n,
			      uint64_t most, struct ext2_run *run, bool *fresh);
/** Give blocks first ... last (of the file) back. The inode is to be written afterwards. */
must_check int ext2_unmap(struct vfs_mount *m, struct ext2_inode *inode, uint64_t first,
			  uint64_t last);

/* --- ext2_extent.c ----------------------------------------------------------------------- */

/** ext2_map() of an inode with extents (ext4). */
must_check int ext2_map_extents(struct vfs_mount *m, const struct ext2_inode *inode, uint64_t n,
				struct ext2_run *run);

/* --- ext2_alloc.c ------------------------------------------------------------------------ */

/** Up to `most` contiguous blocks, best at `goal`. @return -ENOSPC, -EIO, -EUCLEAN */
must_check int ext2_alloc_blocks(struct vfs_mount *m, uint32_t goal, uint32_t most, uint32_t *start,
				 uint32_t *count);
/** Blocks are not used any more; free after the next sync. */
void ext2_free_blocks(struct vfs_mount *m, uint64_t start, uint32_t count);
/** @param near  an inode in whose block group it is best */
must_check int ext2_alloc_inode(struct vfs_mount *m, vfs_ino near, bool folder, vfs_ino *ino);
void ext2_free_inode(struct vfs_mount *m, vfs_ino ino, bool folder);
/** Blocks that belong with an inode best begin here. */
uint32_t ext2_goal_of(const struct ext2 *fs, vfs_ino ino);
/** Mark what was freed as free: all else is on the device. */
must_check int ext2_free_now(struct vfs_mount *m);

/* --- ext2_file.c ------------------------------------------------------------------------- */

/** Read a file, or (metadata) a directory. */
int64_t ext2_read_data(struct vfs_mount *m, const struct ext2_inode *inode, uint64_t off, void *buf,
		       size_t n);
int64_t ext2_read(struct vfs_mount *m, vfs_ino ino, uint64_t off, void *buf, size_t n);
int64_t ext2_write(struct vfs_mount *m, vfs_ino ino, uint64_t off, const void *buf, size_t n);
int ext2_truncate(struct vfs_mount *m, vfs_ino ino, uint64_t size);
int ext2_punch(struct vfs_mount *m, vfs_ino ino, uint64_t off, uint64_t n);
int ext2_extent(struct vfs_mount *m, vfs_ino ino, uint64_t off, struct vfs_extent *ext);
/** The last name of an inode has gone: so does it. */
must_check int ext2_drop_inode(struct vfs_mount *m, struct ext2_inode *inode);

/* --- ext2_dir.c, ext2_name.c ------------------------------------------------------------- */

/** An entry of a directory. */
struct ext2_entry {
	uint64_t off;  /* in the directory */
	uint64_t prev; /* of the one before it in the same block; == off: it is the first */
	uint32_t ino;
	uint16_t size; /* with what is unused behind it */
	uint16_t name_len;
	uint8_t type;
};
/** The entry at `off`; its name is 8 bytes behind that. @return 1, 0 at the end */
int ext2_entry_at(struct vfs_mount *m, const struct ext2_inode *dir, uint64_t off,
		  struct ext2_entry *e);
must_check int ext2_find_entry(struct vfs_mount *m, const struct ext2_inode *dir,
			       const struct vfs_name *name, struct ext2_entry *e);
int ext2_lookup(struct vfs_mount *m, vfs_ino dir, const char *name, size_t len, vfs_ino *out);
int ext2_readdir(struct vfs_mount *m, vfs_ino dir, uint64_t *pos, struct vfs_dirent *ent);

int ext2_create(struct vfs_mount *m, vfs_ino dir, const struct vfs_name *name, enum vfs_type type,
		vfs_ino *out);
int ext2_remove(struct vfs_mount *m, vfs_ino dir, const struct vfs_name *name);
int ext2_rename(struct vfs_mount *m, vfs_ino dir, const struct vfs_name *name, vfs_ino to_dir,
		const struct vfs_name *to);
