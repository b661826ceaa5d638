/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The list of block devices: names, who has what open, end of life. One mutex guards the list, the
 * tree of disks and partitions, and the counts of users. Requests take no lock here.
 */
#include <core/blockdev.h>

#include <core/log.h>
#include <core/mem.h>
#include <core/shell.h>
#include <core/thread.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

#include "block_priv.h"
#include "partition.h"
#include "filedisk.h"
#include "ramdisk.h"

#define NAMES_MAX    1000
/* That of a partition has "p" and a number besides. */
#define DISK_NAME_LEN (BLOCK_NAME_MAX - 7)
#define RAM_PREFIX   "ram:"

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

/* --- names ---------------------------------------------------------------------------------- */

/** "a" ... "z", "aa", "ab", ... */
static int letters(char *buf, size_t size, unsigned n)
{
	if (n < 26)
		return snprintf(buf, size, "%c", 'a' + n);
	return snprintf(buf, size, "%c%c", 'a' + n / 26 - 1, 'a' + n % 26);
}

static int name_number(struct blockdev *bd, const char *base, unsigned n)
{
	int base_len = (int)strcspn(base, "*"), len;
	char behind[12];

	if (!base[base_len])
		snprintf(behind, sizeof(behind), "%u", n);
	else if (n >= 26 * 27)
		return -ENOSPC;
	else
		letters(behind, sizeof(behind), n);
	len = snprintf(bd->name, sizeof(bd->name), "%.*s%s", base_len, base, behind);
	return len < 0 || len > DISK_NAME_LEN ? -ENAMETOOLONG : 0;
}

static void begin_life(struct blockdev *bd)
{
	bd->users = bd->pins = 0;
	bd->reads = bd->writes = bd->errors = 0;
	bd->gone = bd->writer = false;
	bd->parent = NULL;
	bd->start = 0;
	if (!bd->block_size)
		bd->block_size = SECTOR_SIZE;
	list_init(&bd->children);
	list_init(&bd->sibling);
	list_init(&bd->link);
}

/* --- end of life ---------------------------------------------------------------------------- */

/** Nobody can reach it any more: who finds that out releases it. Under the lock. */
static bool is_over(const struct blockdev *bd)
{
	return list_empty(&bd->link) && !bd->users && !bd->pins && list_empty(&bd->children);
}

static bool in_use(const struct blockdev *bd)
{
	return bd->users || bd->pins;
}

static bool children_in_use(const struct blockdev *bd)
{
	const struct blockdev *child;

	list_for_each_entry(child, &bd->children, sibling) {
		if (in_use(child))
			return true;
	}
	return false;
}

/** Release one that is over, and its parent when that waited for it. Not under the lock. */
static void release(struct blockdev *bd)
{
	struct blockdev *parent;

	for (; bd; bd = parent) {
		mutex_lock(&lock);
		parent = bd->parent;
		list_del(&bd->sibling);
		if (parent && !is_over(parent))
			parent = NULL;
		mutex_unlock(&lock);
		if (IS_ENABLED(CONFIG_BLOCK_FAULT))
			blockdev_fault_clear(bd);
		if (bd->ops->release)
			bd->ops->release(bd);
	}
}

/** @param held  pins of the caller, given up in any case */
static int unregister(struct blockdev *bd, unsigned held)
{
	struct blockdev *child, *next;
	struct list over = LIST_INIT(over);

	mutex_lock(&lock);
	bd->pins -= held;
	if (in_use(bd) || children_in_use(bd)) {
		mutex_unlock(&lock);
		return -EBUSY;
	}
	list_del(&bd->link);
	list_for_each_entry_safe(child, next, &bd->children, sibling) {
		list_del(&child->link);
		child->parent = NULL;
	}
	list_splice_tail(&over, &bd->children);
	mutex_unlock(&lock);
	list_for_each_entry_safe(child, next, &over, sibling)
		release(child);
	release(bd);
	return 0;
}

int blockdev_unregister(struct blockdev *bd)
{
	return unregister(bd, 0);
}

int blockdev_unregister_held(struct blockdev *bd)
{
	return unregister(bd, 1);
}

void blockdev_remove(struct blockdev *bd)
{
	struct blockdev *child, *next;
	struct list over = LIST_INIT(over);
	bool last;

	mutex_lock(&lock);
	list_del(&bd->link);
	WRITE_ONCE(bd->gone, true);
	list_for_each_entry_safe(child, next, &bd->children, sibling) {
		list_del(&child->link);
		if (is_over(child)) {
			list_del(&child->sibling);
			child->parent = NULL;
			list_add_tail(&over, &child->sibling);
		}
	}
	last = is_over(bd);
	mutex_unlock(&lock);
	list_for_each_entry_safe(child, next, &over, sibling)
		release(child);
	if (last)
		release(bd);
}

/* --- partitions ----------------------------------------------------------------------------- */

static void name_partition(const struct blockdev *bd, struct blockdev *child)
{
	const struct partition *part = container_of(child, struct partition, bd);
	char last = bd->name[strlen(bd->name) - 1];

	snprintf(child->name, sizeof(child->name), "%.*s%s%u", DISK_NAME_LEN, bd->name,
		 last >= '0' && last <= '9' ? "p" : "", (uint16_t)part->number);
}

int blockdev_set_children(struct blockdev *bd, struct list *children, const char **user)
{
	struct blockdev *child, *next;
	struct list over = LIST_INIT(over), *at;
	int err = 0;

	mutex_lock(&lock);
	list_for_each_entry(child, &bd->children, sibling) {
		if (in_use(child)) {
			*user = child->name;
			err = -EBUSY;
		}
	}
	/* Or it was removed meanwhile. */
	if (err || list_empty(&bd->link)) {
		list_splice_tail(&over, children);
		goto unlock;
	}
	list_for_each_entry(child, &bd->children, sibling)
		list_del(&child->link);
	list_splice_tail(&over, &bd->children);
	at = bd->link.next;
	list_for_each_entry(child, children, sibling) {
		name_partition(bd, child);
		child->parent = bd;
		list_add_before(at, &child->link);
	}
	list_splice_tail(&bd->children, children);
unlock:
	list_for_each_entry(child, &over, sibling)
		child->parent = NULL;
	mutex_unlock(&lock);
	list_for_each_entry_safe(child, next, &over, sibling)
		release(child);
	return err;
}

/** Look for partitions of a disk that is held. What is wrong has been said. */
static void scan(struct blockdev *bd, struct shell_out *out)
{
	int err = IS_ENABLED(CONFIG_BLOCK_PARTITIONS) ? partitions_scan(bd, out) : 0;

	if (err == -ENOMEM)
		log_warn("%s: not enough memory to look for partitions", bd->name);
}

int blockdev_register(struct blockdev *bd, const char *base_name)
{
	int err = -ENOSPC;
	unsigned n;

	begin_life(bd);
	mutex_lock(&lock);
	for (n = 0; n < NAMES_MAX; n++) {
		err = name_number(bd, base_name, n);
		if (err || !find_locked(bd->name))
			break;
		err = -ENOSPC;
	}
	if (!err) {
		list_add_tail(&devices, &bd->link);
		bd->pins++;
	}
	mutex_unlock(&lock);
	if (err)
		return err;
	/* A table that cannot be read is no reason not to have the disk. */
	if (!bd->whole)
		scan(bd, NULL);
	blockdev_put(bd);
	return 0;
}

int blockdev_rescan(struct blockdev *bd, struct shell_out *out)
{
	bool busy;

	if (bd->parent)
		return -EINVAL;
	if (!IS_ENABLED(CONFIG_BLOCK_PARTITIONS)) {
		out_puts(out, "Partitions are not built into this hypervisor "
			      "(BLOCK_PARTITIONS).\n");
		return -ENOTSUP;
	}
	mutex_lock(&lock);
	busy = bd->users;
	mutex_unlock(&lock);
	if (busy) {
		out_printf(out, "%s is in use: its partitions can be looked for when it has been "
			   "detached.\n", bd->name);
		return -EBUSY;
	}
	return partitions_scan(bd, out);
}

/* --- finding -------------------------------------------------------------------------------- */

void blockdev_list_lock(void)
{
	mutex_lock(&lock);
}

void blockdev_list_unlock(void)
{
	mutex_unlock(&lock);
}

struct blockdev *blockdev_next(struct blockdev *prev)
{
	struct list *next = prev ? prev->link.next : devices.next;

	return next == &devices ? NULL : list_entry(next, struct blockdev, link);
}

struct blockdev *blockdev_get(const char *name)
{
	struct blockdev *bd;

	mutex_lock(&lock);
	bd = find_locked(name);
	if (bd)
		bd->pins++;
	mutex_unlock(&lock);
	return bd;
}

void blockdev_put(struct blockdev *bd)
{
	bool last;

	mutex_lock(&lock);
	bd->pins--;
	last = is_over(bd);
	mutex_unlock(&lock);
	if (last)
		release(bd);
}

/* --- users ---------------------------------------------------------------------------------- */

/** Who is in the way of one more user: the device itself, its disk, a partition. Or NULL. */
static const struct blockdev *conflict(const struct blockdev *bd, bool write)
{
	const struct blockdev *other;

	if (bd->writer || (write && bd->users))
		return bd;
	if (bd->parent && (bd->parent->writer || (write && bd->parent->users)))
		return bd->parent;
	list_for_each_entry(other, &bd->children, sibling) {
		if (other->writer || (write && other->users))
			return other;
	}
	return NULL;
}

static int open_locked(const char *name, bool write, struct blockdev **out, char *why, size_t len)
{
	struct blockdev *bd = find_locked(name);
	const struct blockdev *other;

	if (!bd) {
		snprintf(why, len, "there is no block device %s ('blockdev list' shows them), and "
			 "the path of a file begins with '/'", name);
		return -ENOENT;
	}
	if (write && bd->read_only) {
		snprintf(why, len, "%s can only be read", name);
		return -EROFS;
	}
	other = conflict(bd, write);
	if (other) {
		snprintf(why, len, "%s is in use%s ('vdisk list' and 'vfs mount' show by whom), so "
			 "that %s cannot be %s as well", other->name,
			 other->writer ? " for writing" : "", name, write ? "written" : "read");
		return -EBUSY;
	}
	bd->users++;
	bd->writer = write;
	*out = bd;
	return 0;
}

/** A file as it is, or a copy of it in memory where that is wanted or all that can be written. */
static int open_file(const char *name, bool write, struct blockdev **out, char *why, size_t len)
{
	size_t prefix = strncmp(name, RAM_PREFIX, strlen(RAM_PREFIX)) ? 0 : strlen(RAM_PREFIX);
	int err = -EROFS;

	if (!prefix && IS_ENABLED(CONFIG_BLOCK_FILE))
		err = filedisk_open(name, write, out, why, len);
	if (err == -EROFS)
		err = ramdisk_of_file(name + prefix, out, why, len);
	if (!err) {
		begin_life(*out);
		(*out)->users = 1;
		(*out)->writer = write;
	}
	return err;
}

int blockdev_open(const char *name, bool write, struct blockdev **out, char *why, size_t len)
{
	int err;

	*out = NULL;
	if (name[0] == '/' || !strncmp(name, RAM_PREFIX, strlen(RAM_PREFIX)))
		return open_file(name, write, out, why, len);
	mutex_lock(&lock);
	err = open_locked(name, write, out, why, len);
	mutex_unlock(&lock);
	return err;
}

void blockdev_close(struct blockdev *bd)
{
	bool last, scan_it;

	if (!bd)
		return;
	mutex_lock(&lock);
	/* One who writes is the only user. */
	scan_it = bd->writer && !bd->whole && !list_empty(&bd->link);
	bd->users--;
	bd->writer = false;
	bd->pins += scan_it;
	last = is_over(bd);
	mutex_unlock(&lock);
	if (scan_it) {
		scan(bd, NULL);
		blockdev_put(bd);
	}
	if (last)
		release(bd);
}
