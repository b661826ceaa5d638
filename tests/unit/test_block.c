/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Block devices: names, users, bounds; RAM disks: contents, memory by need, files.
 */
#include "emu_world.h"
#include "fake.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include <core/blockdev.h>
#include <libs/errno.h>

TEST(ramdisk_reads_what_was_written)
{
	static uint8_t model[100 * SECTOR_SIZE], buf[100 * SECTOR_SIZE];
	struct blockdev *bd = NULL;
	unsigned i, j;

	world_begin();
	REQUIRE(ramdisk_create("rd", sizeof(model), NULL, 0, &bd) == 0);
	CHECK_STR(bd->name, "rd0");
	CHECK_EQ(bd->sectors, 100);
	CHECK_EQ(world_pages(), 0);
	memset(model, 0, sizeof(model));
	for (i = 0; i < 200; i++) {
		size_t n = 1 + unit_random_below(20);
		uint64_t at = unit_random_below(100 - n + 1);

		for (j = 0; j < n * SECTOR_SIZE; j++)
			buf[j] = (uint8_t)unit_random();
		memcpy(model + at * SECTOR_SIZE, buf, n * SECTOR_SIZE);
		CHECK_EQ(blockdev_rw(bd, at, buf, n, true), 0);
		if (i % 10 == 0) {
			n = 1 + unit_random_below(40);
			at = unit_random_below(100 - n + 1);
			memset(model + at * SECTOR_SIZE, 0, n * SECTOR_SIZE);
			CHECK_EQ(blockdev_zero(bd, at, n), 0);
		}
		CHECK_EQ(blockdev_rw(bd, 0, buf, 100, false), 0);
		CHECK_MEM(buf, model, sizeof(model));
	}
	CHECK(world_pages() > 0);
	CHECK_EQ(blockdev_zero(bd, 0, 96), 0);
	CHECK_EQ(world_pages(), 4);
	CHECK_EQ(blockdev_flush(bd), 0);
	CHECK_EQ(blockdev_unregister(bd), 0);
	CHECK_EQ(world_end(), 0);
}

TEST(bounds)
{
	uint8_t buf[2 * SECTOR_SIZE] = { 1 };
	struct blockdev *bd = NULL;

	world_begin();
	REQUIRE(ramdisk_create("rd", 1000, "data", 4, &bd) == 0);
	CHECK_EQ(bd->sectors, 2);
	CHECK_EQ(blockdev_rw(bd, 0, buf, 2, false), 0);
	CHECK_MEM(buf, "data\0\0", 6);
	CHECK_EQ(blockdev_rw(bd, 2, buf, 0, false), 0);
	CHECK_EQ(blockdev_rw(bd, 2, buf, 1, false), -ERANGE);
	CHECK_EQ(blockdev_rw(bd, 1, buf, 2, false), -ERANGE);
	CHECK_EQ(blockdev_rw(bd, UINT64_MAX, buf, 2, true), -ERANGE);
	CHECK_EQ(blockdev_rw(bd, 1, buf, SIZE_MAX, true), -ERANGE);
	CHECK_EQ(blockdev_zero(bd, 1, UINT64_MAX), -ERANGE);
	bd->read_only = true;
	CHECK_EQ(blockdev_rw(bd, 0, buf, 1, true), -EROFS);
	CHECK_EQ(blockdev_zero(bd, 0, 1), -EROFS);
	CHECK_EQ(blockdev_rw(bd, 0, buf, 1, false), 0);
	CHECK_EQ(blockdev_unregister(bd), 0);
	CHECK_EQ(ramdisk_create("rd", 0, NULL, 0, &bd), -EINVAL);
	CHECK_EQ(ramdisk_create("rd", 4, "12345", 5, &bd), -EINVAL);
	CHECK_EQ(ramdisk_create("a name that is far too long", 4, NULL, 0, &bd), -ENAMETOOLONG);
	CHECK_EQ(world_end(), 0);
}

TEST(names_and_users)
{
	struct blockdev *a = NULL, *b = NULL, *found;

	world_begin();
	REQUIRE(!ramdisk_create("rd", 512, NULL, 0, &a) && !ramdisk_create("rd", 512, NULL, 0, &b));
	CHECK_STR(b->name, "rd1");
	found = blockdev_open("rd1");
	CHECK(found == b);
	CHECK_EQ(blockdev_unregister(b), -EBUSY);
	CHECK(blockdev_next(NULL) == a);
	CHECK(blockdev_next(a) == b);
	CHECK(!blockdev_next(b));
	blockdev_close(found);
	CHECK_EQ(blockdev_unregister(b), 0);
	CHECK(!blockdev_open("rd1"));
	CHECK(strstr(fake_log_text(), "no block device \"rd1\""));
	blockdev_close(NULL);
	CHECK_EQ(blockdev_unregister(a), 0);
	CHECK_EQ(world_end(), 0);
}

TEST(file_becomes_a_private_disk)
{
	static uint8_t file[50000], buf[98 * SECTOR_SIZE], zeros[SECTOR_SIZE];
	struct blockdev *a, *b;
	size_t i;

	world_begin();
	for (i = 0; i < sizeof(file); i++)
		file[i] = i < 20000 || i >= 40000 ? (uint8_t)(i * 7) : 0;
	world_file("/disk.img", file, sizeof(file));
	a = blockdev_open("/disk.img");
	b = blockdev_open("/disk.img");
	REQUIRE(a && b);
	CHECK(a != b);
	CHECK(!blockdev_next(NULL));
	CHECK_EQ(a->sectors, 98);
	CHECK_EQ(blockdev_rw(a, 0, zeros, 1, true), 0);
	CHECK_EQ(blockdev_rw(b, 0, buf, 98, false), 0);
	CHECK_MEM(buf, file, sizeof(file));
	for (i = sizeof(file); i < sizeof(buf); i++)
		CHECK_EQ(buf[i], 0);
	blockdev_close(a);
	blockdev_close(b);
	CHECK_EQ(world_end(), 0);
}

TEST(file_errors)
{
	static uint8_t file[20000];

	world_begin();
	memset(file, 1, sizeof(file));
	CHECK(!blockdev_open("/none"));
	CHECK(strstr(fake_log_text(), "Cannot make a disk of /none"));
	world_file("/empty", file, 0);
	CHECK(!blockdev_open("/empty"));
	CHECK(strstr(fake_log_text(), "it is empty"));
	world_file("/big", file, sizeof(file));
	world_pages_fail(true);
	CHECK(!blockdev_open("/big"));
	world_pages_fail(false);
	fake_heap_fail_at(2);
	CHECK(!blockdev_open("/big"));
	fake_heap_fail_at(0);
	CHECK_EQ(world_end(), 0);
}

TEST(full_memory_is_an_error_of_the_write)
{
	uint8_t buf[SECTOR_SIZE] = { 1 };
	struct blockdev *bd = NULL;

	world_begin();
	REQUIRE(ramdisk_create("rd", 65536, NULL, 0, &bd) == 0);
	world_pages_fail(true);
	CHECK_EQ(blockdev_rw(bd, 3, buf, 1, true), -ENOSPC);
	buf[0] = 0;
	CHECK_EQ(blockdev_rw(bd, 3, buf, 1, true), 0);
	world_pages_fail(false);
	buf[0] = 1;
	CHECK_EQ(blockdev_rw(bd, 3, buf, 1, true), 0);
	CHECK_EQ(blockdev_unregister(bd), 0);
	CHECK_EQ(world_end(), 0);
}
