/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Block devices: names, users, bounds; RAM disks: contents, memory by need, files.
 */
#include "emu_world.h"
#include "fake.h"
#include "slow_disk.h"
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
	char why[BLOCK_WHY_MAX];

	world_begin();
	REQUIRE(!ramdisk_create("rd", 512, NULL, 0, &a) && !ramdisk_create("rd", 512, NULL, 0, &b));
	CHECK_STR(b->name, "rd1");
	REQUIRE(!blockdev_open("rd1", true, &found, why, sizeof(why)));
	CHECK(found == b);
	CHECK_EQ(blockdev_unregister(b), -EBUSY);
	CHECK(blockdev_next(NULL) == a);
	CHECK(blockdev_next(a) == b);
	CHECK(!blockdev_next(b));
	blockdev_close(found);
	found = blockdev_get("rd1");
	CHECK(found == b);
	CHECK_EQ(blockdev_unregister(b), -EBUSY);
	blockdev_put(found);
	CHECK_EQ(blockdev_unregister(b), 0);
	CHECK(!blockdev_get("rd1"));
	CHECK_EQ(blockdev_open("rd1", false, &found, why, sizeof(why)), -ENOENT);
	CHECK(!found);
	CHECK(strstr(why, "there is no block device rd1"));
	blockdev_close(NULL);
	CHECK_EQ(blockdev_unregister(a), 0);
	CHECK_EQ(world_end(), 0);
}

TEST(names_with_letters)
{
	struct blockdev *bd[30], *found;
	unsigned i;

	world_begin();
	for (i = 0; i < 30; i++)
		REQUIRE(!ramdisk_create("vd*", 512, NULL, 0, &bd[i]));
	CHECK_STR(bd[0]->name, "vda");
	CHECK_STR(bd[25]->name, "vdz");
	CHECK_STR(bd[26]->name, "vdaa");
	CHECK_STR(bd[29]->name, "vdad");
	CHECK_EQ(blockdev_unregister(bd[7]), 0);
	REQUIRE(!ramdisk_create("vd*", 512, NULL, 0, &bd[7]));
	CHECK_STR(bd[7]->name, "vdh");
	for (i = 0; i < 30; i++)
		CHECK_EQ(blockdev_unregister(bd[i]), 0);
	found = blockdev_next(NULL);
	CHECK(!found);
	CHECK_EQ(world_end(), 0);
}

TEST(one_writes_or_many_read)
{
	struct blockdev *bd = NULL, *one, *two;
	char why[BLOCK_WHY_MAX];

	world_begin();
	REQUIRE(!ramdisk_create("rd", 512, NULL, 0, &bd));
	REQUIRE(!blockdev_open("rd0", false, &one, why, sizeof(why)));
	REQUIRE(!blockdev_open("rd0", false, &two, why, sizeof(why)));
	CHECK_EQ(bd->users, 2);
	CHECK_EQ(blockdev_open("rd0", true, &two, why, sizeof(why)), -EBUSY);
	CHECK(strstr(why, "rd0 is in use ('vdisk list'"));
	CHECK(strstr(why, "cannot be written"));
	blockdev_close(bd);
	blockdev_close(bd);
	REQUIRE(!blockdev_open("rd0", true, &one, why, sizeof(why)));
	CHECK_EQ(blockdev_open("rd0", false, &two, why, sizeof(why)), -EBUSY);
	CHECK(strstr(why, "rd0 is in use for writing"));
	CHECK_EQ(blockdev_open("rd0", true, &two, why, sizeof(why)), -EBUSY);
	blockdev_close(one);
	bd->read_only = true;
	CHECK_EQ(blockdev_open("rd0", true, &two, why, sizeof(why)), -EROFS);
	REQUIRE(!blockdev_open("rd0", false, &one, why, sizeof(why)));
	blockdev_close(one);
	CHECK_EQ(blockdev_unregister(bd), 0);
	CHECK_EQ(world_end(), 0);
}

TEST(hardware_that_goes_away)
{
	struct blockdev *bd = NULL, *one;
	uint8_t buf[SECTOR_SIZE];
	char why[BLOCK_WHY_MAX];

	world_begin();
	REQUIRE(!ramdisk_create("rd", 512, NULL, 0, &bd));
	REQUIRE(!blockdev_open("rd0", true, &one, why, sizeof(why)));
	CHECK_EQ(blockdev_rw(one, 0, buf, 1, false), 0);
	blockdev_remove(bd);
	CHECK(!blockdev_next(NULL));
	CHECK_EQ(blockdev_rw(one, 0, buf, 1, false), -ENODEV);
	CHECK_EQ(blockdev_flush(one), -ENODEV);
	CHECK_EQ(one->errors, 2);
	blockdev_close(one);
	REQUIRE(!ramdisk_create("rd", 512, NULL, 0, &bd));
	blockdev_remove(bd);
	CHECK_EQ(world_end(), 0);
}

TEST(file_becomes_a_private_disk)
{
	static uint8_t file[50000], buf[98 * SECTOR_SIZE], zeros[SECTOR_SIZE];
	struct blockdev *a, *b;
	char why[BLOCK_WHY_MAX];
	size_t i;

	world_begin();
	for (i = 0; i < sizeof(file); i++)
		file[i] = i < 20000 || i >= 40000 ? (uint8_t)(i * 7) : 0;
	world_file("/disk.img", file, sizeof(file));
	REQUIRE(!blockdev_open("/disk.img", true, &a, why, sizeof(why)));
	REQUIRE(!blockdev_open("ram:/disk.img", true, &b, why, sizeof(why)));
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
	char why[BLOCK_WHY_MAX];
	struct blockdev *bd;

	world_begin();
	memset(file, 1, sizeof(file));
	CHECK_EQ(blockdev_open("/none", true, &bd, why, sizeof(why)), -ENOENT);
	CHECK_STR(why, "/none: not found");
	world_file("/empty", file, 0);
	CHECK_EQ(blockdev_open("/empty", true, &bd, why, sizeof(why)), -EINVAL);
	CHECK_STR(why, "/empty cannot be a disk: it is empty");
	world_file("/big", file, sizeof(file));
	world_pages_fail(true);
	CHECK_EQ(blockdev_open("/big", true, &bd, why, sizeof(why)), -ENOMEM);
	CHECK(strstr(why, ") cannot be copied to memory: not enough memory"));
	world_pages_fail(false);
	fake_heap_fail_at(2);
	CHECK_EQ(blockdev_open("/big", true, &bd, why, sizeof(why)), -ENOMEM);
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

/* --- requests ------------------------------------------------------------------------------ */

static struct block_request *ended[16];
static unsigned nr_ended;

static void note_end(struct block_request *rq)
{
	ended[nr_ended++] = rq;
}

TEST(requests_end_in_any_order)
{
	static struct slow slow;
	uint8_t a[3 * SECTOR_SIZE], b[SECTOR_SIZE];
	struct mem_seg sa[] = { { a, 100 }, { a + 100, 0 }, { a + 100, 1000 },
				  { a + 1100, sizeof(a) - 1100 } };
	struct mem_seg sb[] = { { b, sizeof(b) } };
	struct block_request write = { .op = BLOCK_WRITE, .sector = 5, .sectors = 3, .segs = sa,
				       .nr_segs = 4, .done = note_end };
	struct block_request read = { .op = BLOCK_READ, .sector = 9, .sectors = 1, .segs = sb,
				      .nr_segs = 1, .done = note_end };
	struct block_request flush = { .op = BLOCK_FLUSH, .done = note_end };

	world_begin();
	slow_begin(&slow);
	nr_ended = 0;
	memset(a, 0x5a, sizeof(a));
	memset(b, 0x11, sizeof(b));
	slow.data[9 * SECTOR_SIZE] = 7;
	blockdev_submit(&slow.bd, &write);
	blockdev_submit(&slow.bd, &read);
	blockdev_submit(&slow.bd, &flush);
	CHECK_EQ(nr_ended, 0);
	slow_end(&slow, 1, 0);
	slow_end(&slow, 1, -EIO);
	slow_end(&slow, 0, 0);
	REQUIRE(nr_ended == 3);
	CHECK(ended[0] == &read && ended[1] == &flush && ended[2] == &write);
	CHECK_EQ(read.status, 0);
	CHECK_EQ(flush.status, -EIO);
	CHECK_EQ(write.status, 0);
	CHECK_EQ(b[0], 7);
	CHECK_EQ(b[1], 0);
	CHECK_MEM(slow.data + 5 * SECTOR_SIZE, a, sizeof(a));
	CHECK_EQ(slow.bd.reads, 1);
	CHECK_EQ(slow.bd.writes, 1);
	CHECK_EQ(slow.bd.errors, 1);
	CHECK_EQ(blockdev_unregister(&slow.bd), 0);
	CHECK_EQ(slow.released, 1);
	CHECK_EQ(world_end(), 0);
}

TEST(zeros_are_written_where_the_device_knows_no_better)
{
	static struct slow slow;
	struct block_request rq = { .op = BLOCK_ZERO, .done = note_end };
	static uint8_t want[sizeof(slow.data)];
	unsigned n;

	world_begin();
	slow_begin(&slow);
	for (n = 0; n <= 40; n++) {
		memset(slow.data, 0xee, sizeof(slow.data));
		memset(want, 0xee, sizeof(want));
		memset(want + 3 * SECTOR_SIZE, 0, n * SECTOR_SIZE);
		nr_ended = 0;
		rq.sector = 3;
		rq.sectors = n;
		blockdev_submit(&slow.bd, &rq);
		if (n)
			slow_end(&slow, 0, 0);
		CHECK_EQ(nr_ended, 1);
		CHECK_EQ(rq.status, 0);
		CHECK_EQ(rq.op, BLOCK_ZERO);
		CHECK_MEM(slow.data, want, sizeof(want));
	}
	/* Advice that it cannot take, and more than can be written at once. */
	nr_ended = 0;
	rq = (struct block_request){ .op = BLOCK_DISCARD, .sectors = 64, .done = note_end };
	blockdev_submit(&slow.bd, &rq);
	CHECK_EQ(nr_ended, 1);
	CHECK_EQ(rq.status, 0);
	slow.bd.sectors = BLOCK_ZERO_MAX + 1;
	rq = (struct block_request){ .op = BLOCK_ZERO, .sectors = BLOCK_ZERO_MAX + 1,
				     .done = note_end };
	blockdev_submit(&slow.bd, &rq);
	CHECK_EQ(rq.status, -EINVAL);
	CHECK_EQ(blockdev_unregister(&slow.bd), 0);
	CHECK_EQ(world_end(), 0);
}

/* Ends each request at once, by reads and writes of whole blocks only. */
static void block_submit(struct blockdev *bd, struct block_request *rq)
{
	struct slow *slow = container_of(bd, struct slow, bd);

	CHECK_EQ(rq->sector % 8, 0);
	CHECK_EQ(rq->sectors % 8, 0);
	slow_submit(bd, rq);
	slow_end(slow, 0, 0);
}

TEST(media_with_large_blocks)
{
	static const struct blockdev_ops ops = { .submit = block_submit };
	static uint8_t model[64 * SECTOR_SIZE], buf[64 * SECTOR_SIZE];
	struct block_request rq = { .op = BLOCK_ZERO, .sector = 1, .sectors = 8, .done = note_end };
	static struct slow slow;
	unsigned i, j;

	world_begin();
	memset(&slow, 0, sizeof(slow));
	slow.bd.ops = &ops;
	slow.bd.sectors = 64;
	slow.bd.block_size = 4096;
	REQUIRE(!blockdev_register(&slow.bd, "big"));
	memset(model, 0, sizeof(model));
	for (i = 0; i < 300; i++) {
		size_t n = 1 + unit_random_below(30), at = unit_random_below(64 - n + 1);

		for (j = 0; j < n * SECTOR_SIZE; j++)
			buf[j] = (uint8_t)unit_random();
		memcpy(model + at * SECTOR_SIZE, buf, n * SECTOR_SIZE);
		CHECK_EQ(blockdev_rw(&slow.bd, at, buf, n, true), 0);
		n = 1 + unit_random_below(30);
		at = unit_random_below(64 - n + 1);
		CHECK_EQ(blockdev_rw(&slow.bd, at, buf, n, false), 0);
		CHECK_MEM(buf, model + at * SECTOR_SIZE, n * SECTOR_SIZE);
	}
	nr_ended = 0;
	blockdev_submit(&slow.bd, &rq);
	CHECK_EQ(rq.status, -EINVAL);
	CHECK_EQ(blockdev_unregister(&slow.bd), 0);
	CHECK_EQ(world_end(), 0);
}

/* Waiting callers may have their buffer at any address: pieces are within pages. */
TEST(buffers_at_odd_addresses)
{
	static uint8_t model[80 * SECTOR_SIZE], area[84 * SECTOR_SIZE + 4096];
	struct blockdev *bd = NULL;
	unsigned i, j;

	world_begin();
	REQUIRE(!ramdisk_create("rd", 200 * SECTOR_SIZE, NULL, 0, &bd));
	for (i = 0; i < 300; i++) {
		size_t n = 1 + unit_random_below(80), at = unit_random_below(200 - n + 1);
		uint8_t *buf = area + unit_random_below(4096);

		for (j = 0; j < n * SECTOR_SIZE; j++)
			buf[j] = (uint8_t)unit_random();
		memcpy(model, buf, n * SECTOR_SIZE);
		REQUIRE(!blockdev_rw(bd, at, buf, n, true));
		buf = area + unit_random_below(4096);
		memset(buf, 0, n * SECTOR_SIZE);
		REQUIRE(!blockdev_rw(bd, at, buf, n, false));
		CHECK_MEM(buf, model, n * SECTOR_SIZE);
	}
	CHECK_EQ(blockdev_unregister(bd), 0);
	CHECK_EQ(world_end(), 0);
}
