/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Block devices that tests name, over memory of theirs, in the place of core/block/.
 */
#include "fake_block.h"

#include <stdio.h>
#include <string.h>

#include <core/blockdev.h>
#include <libs/errno.h>

static struct blockdev dev;
static const uint8_t *content;
static uint64_t fail_from;

void fake_block(const char *name, const void *data, size_t size)
{
	strcpy(dev.name, name);
	content = data;
	dev.sectors = size / SECTOR_SIZE;
	dev.users = 0;
	fail_from = UINT64_MAX;
}

void fake_block_fail_from(uint64_t sector)
{
	fail_from = sector;
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
	if (write || sector > bd->sectors || sectors > bd->sectors - sector)
		return -ERANGE;
	if (sector + sectors > fail_from)
		return -EIO;
	memcpy(buf, content + sector * SECTOR_SIZE, sectors * SECTOR_SIZE);
	return 0;
}
