/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Block devices of the host: RAM disks, files, later real disks. Requests are
 * served in thread context.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libs/list.h>
#include <libs/util.h>

#define SECTOR_SIZE 512

struct blockdev;

struct blockdev_ops {
	/**
	 * Transfer whole sectors, bounds checked already. Thread context. @return 0 or negative
	 * errno
	 */
	int (*rw)(struct blockdev *bd, uint64_t sector, void *buf, size_t sectors, bool write);
	int (*flush)(struct blockdev *bd);
	/** Make sectors read as zeros, bounds checked already; NULL: done by writing zeros. */
	int (*zero)(struct blockdev *bd, uint64_t sector, uint64_t sectors);
	void (*release)(struct blockdev *bd); /* last user has gone after unregister */
};

struct blockdev {
	struct list link;
	char name[24];
	const struct blockdev_ops *ops;
	void *priv;
	uint64_t sectors;
	bool read_only;
	uint32_t users;
};

must_check int blockdev_register(struct blockdev *bd, const char *base_name);
/** No new users; -EBUSY while there are some. */
must_check int blockdev_unregister(struct blockdev *bd);
struct blockdev *blockdev_next(struct blockdev *prev);
/**
 * Open by name ("ramdisk0", or a file's path: a private copy-on-write-free RAM disk made of it).
 * NULL if none.
 */
struct blockdev *blockdev_open(const char *name);
void blockdev_close(struct blockdev *bd);
/** @return 0, -ERANGE past the end, -EROFS, -EIO … */
must_check int blockdev_rw(struct blockdev *bd, uint64_t sector, void *buf, size_t sectors,
			   bool write);
must_check int blockdev_flush(struct blockdev *bd);
/** Make sectors read as zeros; a RAM disk gives their memory back. @return as blockdev_rw() */
must_check int blockdev_zero(struct blockdev *bd, uint64_t sector, uint64_t sectors);
/**
 * Make a RAM disk of that size (rounded up to sectors), zeroed or with the given contents, and
 * register it as "<name>0" or so. It takes memory for what is not zero only.
 * blockdev_unregister() frees it.
 * @return 0, -EINVAL (no size), -ENOMEM
 */
must_check int ramdisk_create(const char *name, uint64_t bytes, const void *data, size_t len,
			      struct blockdev **out);
