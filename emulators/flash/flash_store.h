/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a flash bank keeps its contents beyond the guest: a file of the VFS or a block device,
 * which has the first bytes of the bank; what is behind its end is erased. Thread context; the
 * caller serialises.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libs/util.h>

struct emu_dev;
struct flash_store;

/** Properties that say where: "file" (a path; made if it is not there), "blkdev". */
#define FLASH_STORE_PROPS "file", "blkdev"
/** What is transferred is aligned to this and a multiple of it. */
#define FLASH_STORE_UNIT 512u

/**
 * Open what the bank's node names, for writing; the reason of an error is told by emu_fail().
 * @param out  gets NULL when the node names nothing
 * @return 0, -EBUSY, -EROFS, -ENOENT, -EFBIG (larger than the bank), -EISDIR, -ENOMEM, -EIO
 */
must_check int flash_store_open(struct emu_dev *dev, struct flash_store **out);
/** Bytes of the bank that are kept so far. */
uint64_t flash_store_size(const struct flash_store *store);
must_check int flash_store_read(struct flash_store *store, uint64_t off, void *buf, size_t n);
/**
 * Write, in the order of the calls; that it is on stable storage follows soon, by itself, and
 * flash_store_settled() tells.
 * @return also -ENOSPC: the device is smaller than the bank
 */
must_check int flash_store_write(struct flash_store *store, uint64_t off, const void *data,
				 size_t n);
/**
 * Is all that was written on stable storage?
 * @return 0, -EBUSY: not yet; another error, once: something may not be
 */
must_check int flash_store_settled(struct flash_store *store);
/** All is on stable storage; NULL is allowed. */
void flash_store_close(struct flash_store *store);
