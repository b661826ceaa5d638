/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What file systems read and write their device by. Metadata (bitmaps, inodes, directories) goes
 * through a cache of blocks per mount, which is written back by vfs_sync() and when much of it is
 * dirty; contents of files go straight to the device and are never cached. A block is one or the
 * other: metadata that becomes free is forgotten before the block is used again.
 *
 * Written back in phases with a flush of the device between them, so that whatever happens leaves
 * something that checkers mend by themselves: first contents of files, allocation maps and block
 * pointers, then names, then inodes. (A name without its inode is just taken away; a folder without
 * its name is what e2fsck asks about.) What was freed is to be used again only when its owner
 * without it is on the device.
 *
 * All under the lock of the mount. A buffer is never handed out: bytes are copied.
 */
#pragma once

#include <core/blockdev.h>
#include <core/vfs.h>

/** When a dirty block is written. */
enum meta_phase { META_CLEAN, META_ALLOC, META_NAME, META_NODE, META_PHASES };

/**
 * Begin to cache, in mount(): only for mounts of a block device does that take memory.
 * @param block_size  a power of two, SECTOR_SIZE to PAGE_SIZE
 */
must_check int cache_open(struct vfs_mount *m, uint32_t block_size);
/** Drop all; what is dirty still is lost. */
void cache_close(struct vfs_mount *m);
/** So much is dirty that the next change should begin with a sync. */
bool cache_is_full(const struct vfs_mount *m);

/** @return 0, -ERANGE past the end of the device, -EIO, -ENOMEM */
must_check int meta_read(struct vfs_mount *m, uint64_t off, void *buf, size_t n);
/**
 * Change cached bytes. @param phase  when they are to be written; the later one of a block holds
 */
must_check int meta_write(struct vfs_mount *m, uint64_t off, const void *buf, size_t n,
			  enum meta_phase phase);
/** The blocks of a range are not metadata any more: drop them, dirty or not. */
void meta_forget(struct vfs_mount *m, uint64_t off, uint64_t n);
/** Write all that is dirty, in order. An error other than -ENOSPC makes the mount m->failed. */
must_check int meta_sync(struct vfs_mount *m);
/**
 * Write the blocks of one phase only, and flush the device: for marks that come before all else.
 */
must_check int meta_sync_phase(struct vfs_mount *m, enum meta_phase phase);
/** Is there anything to be written by meta_sync()? */
bool meta_is_dirty(const struct vfs_mount *m);

/** Zeros to write. Not const, so that they take no room in the image; nobody changes them. */
extern uint8_t vfs_zeros[SECTOR_SIZE];
/** Contents of files, of any alignment: straight from and to the device. */
must_check int data_read(struct vfs_mount *m, uint64_t off, void *buf, size_t n);
must_check int data_write(struct vfs_mount *m, uint64_t off, const void *buf, size_t n);
must_check int data_zero(struct vfs_mount *m, uint64_t off, uint64_t n);
