/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Contents of a flash bank in a file or on a block device. Each change is written at once, so that
 * what firmware does in several steps is never seen in another order; a work on the system's queue
 * then flushes, and until that has ended the chip says that it is busy. Counters of changes are
 * atomic; all else belongs to the caller.
 */
#include "flash_store.h"

#include <core/blockdev.h>
#include <core/emu.h>
#include <core/guest.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/thread.h>
#include <core/vfs.h>
#include <libs/errno.h>
#include <libs/string.h>

struct flash_store {
	const char *name;
	struct blockdev *bd; /* NULL: the file */
	struct vfs_file file;
	uint64_t size;
	struct work sync;
	uint32_t changes, synced; /* numbers of the last ones; atomic */
	int error;		  /* of a flush, until it is told; atomic */
};

static int sync_now(struct flash_store *store)
{
	int err = store->bd ? blockdev_flush(store->bd) : vfs_sync_file(&store->file);

	if (err)
		log_error("%s: what was programmed last may not be kept: %s", store->name,
			  error_text(err));
	return err;
}

static void sync_work(struct work *work)
{
	struct flash_store *store = container_of(work, struct flash_store, sync);
	uint32_t upto = __atomic_load_n(&store->changes, __ATOMIC_ACQUIRE);
	int err = sync_now(store);

	if (err)
		__atomic_store_n(&store->error, err, __ATOMIC_RELAXED);
	__atomic_store_n(&store->synced, upto, __ATOMIC_RELEASE);
}

int flash_store_settled(struct flash_store *store)
{
	if (__atomic_load_n(&store->synced, __ATOMIC_ACQUIRE) !=
	    __atomic_load_n(&store->changes, __ATOMIC_RELAXED))
		return -EBUSY;
	return __atomic_exchange_n(&store->error, 0, __ATOMIC_RELAXED);
}

/* --- opening --------------------------------------------------------------------------------- */

static int open_file(struct emu_dev *dev, struct flash_store *store, const char *path)
{
	int err = vfs_open_flags(path, VFS_WRITE | VFS_CREATE, &store->file);

	if (err)
		return emu_fail(dev, err, "it cannot be kept in %s: %s", path, error_text(err));
	store->size = store->file.stat.size;
	if (store->size <= dev->region->size)
		return 0;
	vfs_close(&store->file);
	return emu_fail(dev, -EFBIG, "%s has %llu bytes, more than the %llu of the flash", path,
			(unsigned long long)store->size, (unsigned long long)dev->region->size);
}

static int open_device(struct emu_dev *dev, struct flash_store *store, const char *name)
{
	char why[BLOCK_WHY_MAX];
	int err = blockdev_open(name, true, &store->bd, why, sizeof(why));

	if (err)
		return emu_fail(dev, err, "it cannot be kept on %s: %s", name, why);
	store->size = MIN(store->bd->sectors * SECTOR_SIZE, dev->region->size);
	return 0;
}

int flash_store_open(struct emu_dev *dev, struct flash_store **out)
{
	const char *path = dt_string(dev->node, "file", 0);
	const char *device = dt_string(dev->node, "blkdev", 0);
	struct flash_store *store;
	int err;

	*out = NULL;
	if (!path && !device)
		return 0;
	store = heap_zalloc(sizeof(*store));
	if (!store)
		return -ENOMEM;
	store->name = dev->name;
	work_init_slow(&store->sync, sync_work);
	err = path ? open_file(dev, store, path) : open_device(dev, store, device);
	if (err)
		heap_free(store);
	else
		*out = store;
	return err;
}

uint64_t flash_store_size(const struct flash_store *store)
{
	return store->size;
}

/* --- contents -------------------------------------------------------------------------------- */

int flash_store_read(struct flash_store *store, uint64_t off, void *buf, size_t n)
{
	uint8_t *to = buf;
	int64_t got = 1;

	memset(buf, 0xff, n);
	if (off >= store->size)
		return 0;
	n = (size_t)MIN_T(uint64_t, n, store->size - off);
	if (store->bd)
		return blockdev_rw(store->bd, off / SECTOR_SIZE, buf, n / SECTOR_SIZE, false);
	while (n && got) {
		got = vfs_read(&store->file, off, to, n);
		if (got < 0)
			return (int)got;
		off += (uint64_t)got;
		to += got;
		n -= (size_t)got;
	}
	return 0;
}

static int write_file(struct flash_store *store, uint64_t off, const uint8_t *from, size_t n)
{
	while (n) {
		int64_t done = vfs_write(&store->file, off, from, n);

		if (done <= 0)
			return done ? (int)done : -EIO;
		off += (uint64_t)done;
		from += done;
		n -= (size_t)done;
		store->size = MAX(store->size, off);
	}
	return 0;
}

/* A file grows: what is between is erased, not zeros. */
static int fill_up(struct flash_store *store, uint64_t to)
{
	uint8_t ones[FLASH_STORE_UNIT];
	int err = 0;

	memset(ones, 0xff, sizeof(ones));
	while (!err && store->size < to)
		err = write_file(store, store->size, ones,
				 (size_t)MIN_T(uint64_t, sizeof(ones), to - store->size));
	return err;
}

int flash_store_write(struct flash_store *store, uint64_t off, const void *data, size_t n)
{
	int err;

	if (store->bd && off + n > store->bd->sectors * SECTOR_SIZE)
		err = -ENOSPC;
	else if (store->bd)
		err = blockdev_rw(store->bd, off / SECTOR_SIZE, (void *)(uintptr_t)data,
				  n / SECTOR_SIZE, true);
	else
		err = fill_up(store, off);
	if (!err && !store->bd)
		err = write_file(store, off, data, n);
	__atomic_fetch_add(&store->changes, 1, __ATOMIC_RELEASE);
	work_queue(&store->sync);
	return err;
}

void flash_store_close(struct flash_store *store)
{
	if (!store)
		return;
	work_cancel(&store->sync);
	(void)sync_now(store);
	if (store->bd)
		blockdev_close(store->bd);
	else
		vfs_close(&store->file);
	heap_free(store);
}
