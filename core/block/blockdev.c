/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The list of block devices and the bounds of requests to them. One mutex guards the list and the
 * counts of users; requests themselves are serialised by the device where it needs that.
 */
#include <core/blockdev.h>

#include <core/log.h>
#include <core/mem.h>
#include <core/thread.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

#include "ramdisk.h"

#define NAMES_MAX   1000
#define ZERO_PIECE  (8 * SECTOR_SIZE)

static struct mutex lock = MUTEX_INIT(lock);
static struct list devices = LIST_INIT(devices);

static struct blockdev *find_locked(const char *name)
{
	struct blockdev *bd;

	list_for_each_entry(bd, &devices, link) {
		if (!strcmp(bd->name, name))
			return bd;
	}
	return NULL;
}

int blockdev_register(struct blockdev *bd, const char *base_name)
{
	int err = -ENOSPC;
	unsigned n;

	mutex_lock(&lock);
	for (n = 0; n < NAMES_MAX; n++) {
		int len = snprintf(bd->name, sizeof(bd->name), "%s%u", base_name, n);

		if (len < 0 || (size_t)len >= sizeof(bd->name)) {
			err = -ENAMETOOLONG;
			break;
		}
		if (find_locked(bd->name))
			continue;
		bd->users = 0;
		list_add_tail(&devices, &bd->link);
		err = 0;
		break;
	}
	mutex_unlock(&lock);
	return err;
}

int blockdev_unregister(struct blockdev *bd)
{
	int err = 0;

	mutex_lock(&lock);
	if (bd->users)
		err = -EBUSY;
	else
		list_del(&bd->link);
	mutex_unlock(&lock);
	if (!err && bd->ops->release)
		bd->ops->release(bd);
	return err;
}

struct blockdev *blockdev_next(struct blockdev *prev)
{
	struct list *next;

	mutex_lock(&lock);
	next = prev ? prev->link.next : devices.next;
	mutex_unlock(&lock);
	return next == &devices ? NULL : list_entry(next, struct blockdev, link);
}

struct blockdev *blockdev_open(const char *name)
{
	struct blockdev *bd;

	if (name[0] == '/') {
		bd = ramdisk_of_file(name);
		if (bd)
			bd->users = 1;
		return bd;
	}
	mutex_lock(&lock);
	bd = find_locked(name);
	if (bd)
		bd->users++;
	mutex_unlock(&lock);
	if (!bd)
		log_error("There is no block device \"%s\". Give one of the host's block devices, "
			  "or the path of a file beginning with '/'.", name);
	return bd;
}

void blockdev_close(struct blockdev *bd)
{
	bool last;

	if (!bd)
		return;
	mutex_lock(&lock);
	/* One that is in no list belongs to its only user. */
	last = --bd->users == 0 && list_empty(&bd->link);
	mutex_unlock(&lock);
	if (last && bd->ops->release)
		bd->ops->release(bd);
}

static int check_range(const struct blockdev *bd, uint64_t sector, uint64_t sectors, bool write)
{
	if (sector > bd->sectors || sectors > bd->sectors - sector)
		return -ERANGE;
	if (write && bd->read_only)
		return -EROFS;
	return 0;
}

int blockdev_rw(struct blockdev *bd, uint64_t sector, void *buf, size_t sectors, bool write)
{
	int err = check_range(bd, sector, sectors, write);

	if (err || !sectors)
		return err;
	return bd->ops->rw(bd, sector, buf, sectors, write);
}

int blockdev_flush(struct blockdev *bd)
{
	return bd->ops->flush ? bd->ops->flush(bd) : 0;
}

int blockdev_zero(struct blockdev *bd, uint64_t sector, uint64_t sectors)
{
	int err = check_range(bd, sector, sectors, true);
	void *zeros;

	if (err || !sectors)
		return err;
	if (bd->ops->zero)
		return bd->ops->zero(bd, sector, sectors);
	zeros = heap_zalloc(ZERO_PIECE);
	if (!zeros)
		return -ENOMEM;
	while (!err && sectors) {
		size_t n = MIN_T(uint64_t, sectors, ZERO_PIECE / SECTOR_SIZE);

		err = bd->ops->rw(bd, sector, zeros, n, true);
		sector += n;
		sectors -= n;
	}
	heap_free(zeros);
	return err;
}
