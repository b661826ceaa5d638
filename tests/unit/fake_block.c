/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Block devices that tests name, over memory of theirs, in the place of core/block/.
 */
#include "fake_block.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <core/blockdev.h>
#include <core/vdisk.h>
#include <libs/errno.h>

static struct blockdev dev;
static uint8_t *content, *stopped;
static uint64_t fail_from, fail_writes, stop_after, writes, flushes;
static int fail_err;

/* A cache that forgets: what is on the medium, and sectors written since, in order. */
static struct written {
	uint64_t sector;
	uint8_t data[SECTOR_SIZE];
} *written;
static size_t nr_written, room;
static uint8_t *safe;

void fake_block_rw(const char *name, void *data, size_t size)
{
	strcpy(dev.name, name);
	content = data;
	dev.sectors = size / SECTOR_SIZE;
	dev.users = 0;
	dev.read_only = false;
	fail_from = fail_writes = stop_after = UINT64_MAX;
	writes = flushes = 0;
	free(safe);
	free(written);
	safe = NULL;
	written = NULL;
	nr_written = room = 0;
}

void fake_block_forgets(void)
{
	size_t size = dev.sectors * SECTOR_SIZE;

	safe = malloc(size);
	memcpy(safe, content, size);
}

static void remember(uint64_t sector, const uint8_t *data)
{
	if (nr_written == room) {
		room = room ? 2 * room : 64;
		written = realloc(written, room * sizeof(*written));
	}
	written[nr_written].sector = sector;
	memcpy(written[nr_written++].data, data, SECTOR_SIZE);
}

/* Fuzzers have no unit_random(). */
static unsigned chance(unsigned below)
{
	static uint64_t state = 1;

	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state >> 33) % below;
}

/* What is found after a stop: of what the cache had, a part that chance makes larger or smaller. */
static void stop_here(void)
{
	unsigned odds = chance(5);

	memcpy(stopped, safe ? safe : content, dev.sectors * SECTOR_SIZE);
	for (size_t i = 0; i < nr_written; i++)
		if (chance(4) < odds)
			memcpy(stopped + written[i].sector * SECTOR_SIZE, written[i].data,
			       SECTOR_SIZE);
}

void fake_block(const char *name, const void *data, size_t size)
{
	fake_block_rw(name, (void *)(uintptr_t)data, size);
	dev.read_only = true;
}

void fake_block_fail_from(uint64_t sector)
{
	fail_from = sector;
}

void fake_block_fail_writes(uint64_t after, int err)
{
	fail_writes = writes + after;
	fail_err = err;
}

void fake_block_stop_after(uint64_t after, void *copy)
{
	stop_after = writes + after;
	stopped = copy;
}

uint64_t fake_block_writes(void)
{
	return writes;
}

uint64_t fake_block_flushes(void)
{
	return flushes;
}

unsigned fake_block_users(void)
{
	return dev.users;
}

int blockdev_open(const char *name, bool write, struct blockdev **out, char *why, size_t len)
{
	*out = NULL;
	if (!content || strcmp(name, dev.name)) {
		snprintf(why, len, "there is no block device %s", name);
		return -ENOENT;
	}
	dev.users++;
	*out = &dev;
	return 0;
}

struct blockdev *blockdev_get(const char *name)
{
	return content && !strcmp(name, dev.name) ? &dev : NULL;
}

void blockdev_put(struct blockdev *bd)
{
}

void blockdev_list_lock(void)
{
}

void blockdev_list_unlock(void)
{
}

void blockdev_close(struct blockdev *bd)
{
	bd->users--;
}

struct blockdev *blockdev_next(struct blockdev *prev)
{
	return prev || !content ? NULL : &dev;
}

int blockdev_rw(struct blockdev *bd, uint64_t sector, void *buf, size_t sectors, bool write)
{
	if (sector > bd->sectors || sectors > bd->sectors - sector)
		return -ERANGE;
	if (write && bd->read_only)
		return -EROFS;
	if (sector + sectors > fail_from)
		return -EIO;
	if (write && writes >= fail_writes)
		return fail_err;
	if (write && writes++ == stop_after)
		stop_here();
	for (size_t i = 0; write && safe && i < sectors; i++)
		remember(sector + i, (const uint8_t *)buf + i * SECTOR_SIZE);
	if (write)
		memcpy(content + sector * SECTOR_SIZE, buf, sectors * SECTOR_SIZE);
	else
		memcpy(buf, content + sector * SECTOR_SIZE, sectors * SECTOR_SIZE);
	return 0;
}

int blockdev_zero(struct blockdev *bd, uint64_t sector, uint64_t sectors)
{
	uint8_t zeros[SECTOR_SIZE] = { 0 };
	int err = 0;

	for (; sectors && !err; sectors--)
		err = blockdev_rw(bd, sector++, zeros, 1, true);
	return err;
}

int blockdev_flush(struct blockdev *bd)
{
	flushes++;
	for (size_t i = 0; i < nr_written; i++)
		memcpy(safe + written[i].sector * SECTOR_SIZE, written[i].data, SECTOR_SIZE);
	nr_written = 0;
	return writes >= fail_writes ? fail_err : 0;
}

/* No guest has a disk. */
struct vdisk *vdisk_find(const char *name)
{
	return NULL;
}

void vdisk_put(struct vdisk *vd)
{
}

void vdisk_list_lock(void)
{
}

void vdisk_list_unlock(void)
{
}

struct vdisk *vdisk_next(struct vdisk *prev)
{
	return NULL;
}
