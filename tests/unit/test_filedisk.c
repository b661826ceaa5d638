/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files as disks, on ext2 on a RAM disk: contents against a model, in whatever way requests went;
 * that they go straight to the device where they can; space that runs out; requests on the way
 * while space is given back.
 */
#include "emu_world.h"
#include "fake.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include <core/blockdev.h>
#include <core/vfs.h>
#include <libs/errno.h>

#define SIZE	(1024 * 1024u)
#define SECTORS (SIZE / SECTOR_SIZE)

/* A device over a RAM disk that counts, and holds requests when it is told to. */
static struct {
	struct blockdev bd;
	struct blockdev *disk;
	unsigned requests, flushes;
	bool hold;
	struct block_request *held[8];
	unsigned nr_held;
} gate;

struct passed {
	struct block_request rq, *of;
};

static void gate_done(struct block_request *rq)
{
	struct passed *p = container_of(rq, struct passed, rq);
	struct block_request *of = p->of;
	int status = rq->status;

	free(p);
	block_end(of, status);
}

/* Ends at once, as RAM disks do it. */
static void gate_pass(struct block_request *of)
{
	struct passed *p = calloc(1, sizeof(*p));

	p->rq = *of;
	p->rq.done = gate_done;
	p->of = of;
	blockdev_submit(gate.disk, &p->rq);
}

static void gate_submit(struct blockdev *bd, struct block_request *rq)
{
	gate.requests++;
	gate.flushes += rq->op == BLOCK_FLUSH;
	if (gate.hold && gate.nr_held < 8)
		gate.held[gate.nr_held++] = rq;
	else
		gate_pass(rq);
}

static const struct blockdev_ops gate_ops = { .submit = gate_submit };

/* The world's own file is not used. */
void world_file(const char *path, const void *data, size_t size)
{
}

static struct blockdev *disk;
static char why[BLOCK_WHY_MAX];

static bool begin(const char *image)
{
	size_t size;
	void *data = unit_data(image, &size);
	struct blockdev *ram;
	int err;

	world_begin();
	err = ramdisk_create("rd", size, data, size, &ram);
	free(data);
	memset(&gate, 0, sizeof(gate));
	gate.bd.ops = &gate_ops;
	gate.bd.sectors = ram->sectors;
	gate.bd.can_zero = true;
	if (!err)
		err = blockdev_open("rd0", true, &gate.disk, why, sizeof(why));
	if (!err)
		err = blockdev_register(&gate.bd, "gate");
	if (!err)
		err = vfs_mount_blockdev("/d", "gate0", true);
	CHECK_EQ(err, 0);
	return !err;
}

static void end(void)
{
	struct blockdev *ram = gate.disk;

	CHECK_EQ(vfs_unmount("/d"), 0);
	CHECK_EQ(blockdev_unregister(&gate.bd), 0);
	blockdev_close(ram);
	CHECK_EQ(blockdev_unregister(ram), 0);
	CHECK_EQ(world_end(), 0);
}

static void make_file(const char *path, uint64_t size)
{
	struct vfs_file file;

	if (vfs_open_flags(path, VFS_WRITE | VFS_CREATE, &file)) {
		unit_fail(__FILE__, __LINE__, "%s cannot be made", path);
		return;
	}
	CHECK_EQ(vfs_truncate(&file, size), 0);
	vfs_close(&file);
}

static bool ended;

static void done(struct block_request *rq)
{
	ended = true;
}

/* A request, and its data in segments of odd sizes. @return its status */
static int request(enum block_op op, uint64_t sector, uint64_t sectors, uint8_t *data)
{
	struct block_request rq = { .op = op, .sector = sector, .sectors = sectors, .done = done };
	size_t left = data ? sectors * SECTOR_SIZE : 0;
	struct mem_seg segs[64];

	for (rq.nr_segs = 0; left; rq.nr_segs++) {
		size_t n = rq.nr_segs < 60 ? MIN_T(size_t, left, 1 + unit_random_below(3000))
					   : left;

		segs[rq.nr_segs].va = data;
		segs[rq.nr_segs].len = (uint32_t)n;
		data += n;
		left -= n;
	}
	rq.segs = segs;
	ended = false;
	blockdev_submit(disk, &rq);
	for (unsigned i = 0; !ended && i < 100; i++)
		world_threads(0);
	CHECK(ended);
	return rq.status;
}

static uint8_t model[SIZE], buf[SIZE];

static void step(void)
{
	uint64_t n = 1 + unit_random_below(unit_random_below(3) ? 8 : 200);
	uint64_t at = unit_random_below(SECTORS - n + 1);

	switch (unit_random_below(8)) {
	case 0:
		CHECK_EQ(request(BLOCK_FLUSH, 0, 0, NULL), 0);
		break;
	case 1:
		CHECK_EQ(request(BLOCK_DISCARD, at, n, NULL), 0);
		memset(model + at * SECTOR_SIZE, 0, n * SECTOR_SIZE);
		break;
	case 2:
		CHECK_EQ(request(BLOCK_ZERO, at, n, NULL), 0);
		memset(model + at * SECTOR_SIZE, 0, n * SECTOR_SIZE);
		break;
	case 3:
	case 4:
		memset(buf, 0xee, n * SECTOR_SIZE);
		CHECK_EQ(request(BLOCK_READ, at, n, buf), 0);
		CHECK_MEM(buf, model + at * SECTOR_SIZE, n * SECTOR_SIZE);
		break;
	default:
		for (uint64_t i = 0; i < n * SECTOR_SIZE; i++)
			model[at * SECTOR_SIZE + i] = (uint8_t)unit_random();
		memcpy(buf, model + at * SECTOR_SIZE, n * SECTOR_SIZE);
		CHECK_EQ(request(BLOCK_WRITE, at, n, buf), 0);
		break;
	}
}

/* The file, read as one, is what the disk was. */
static void check_file(const char *path)
{
	struct vfs_file file;

	REQUIRE(!vfs_open(path, &file));
	CHECK_EQ(file.stat.size, SIZE);
	CHECK_EQ(vfs_read(&file, 0, buf, SIZE), SIZE);
	CHECK_MEM(buf, model, SIZE);
	vfs_close(&file);
}

TEST(contents)
{
	static const char *const images[] = { "empty-1k.ext2", "empty-4k.ext2" };

	for (unsigned i = 0; i < 2; i++) {
		REQUIRE(begin(images[i]));
		memset(model, 0, sizeof(model));
		make_file("/d/disk.img", SIZE);
		REQUIRE(!blockdev_open("/d/disk.img", true, &disk, why, sizeof(why)));
		CHECK_EQ(disk->sectors, SECTORS);
		CHECK(!disk->read_only);
		for (unsigned n = 0; n < 400 && !unit_failed(); n++)
			step();
		check_file("/d/disk.img");
		blockdev_close(disk);
		check_file("/d/disk.img");
		CHECK_EQ(vfs_unmount("/d"), 0);
		CHECK_EQ(vfs_mount_blockdev("/d", "gate0", false), 0);
		check_file("/d/disk.img");
		REQUIRE(!blockdev_open("/d/disk.img", false, &disk, why, sizeof(why)));
		CHECK(disk->read_only);
		CHECK_EQ(request(BLOCK_READ, 0, SECTORS, buf), 0);
		CHECK_MEM(buf, model, SIZE);
		CHECK_EQ(request(BLOCK_WRITE, 0, 1, buf), -EROFS);
		blockdev_close(disk);
		end();
	}
}

TEST(straight_to_the_device)
{
	unsigned before;

	REQUIRE(begin("empty-4k.ext2"));
	make_file("/d/disk.img", SIZE);
	REQUIRE(!blockdev_open("/d/disk.img", true, &disk, why, sizeof(why)));
	memset(buf, 0x5a, sizeof(buf));
	CHECK_EQ(request(BLOCK_WRITE, 0, SECTORS, buf), 0);
	CHECK_EQ(request(BLOCK_FLUSH, 0, 0, NULL), 0);
	/* The first request to an extent asks where it is; then each is one request there. */
	CHECK_EQ(request(BLOCK_READ, 16, 8, buf), 0);
	before = gate.requests;
	for (unsigned i = 0; i < 10; i++)
		CHECK_EQ(request(i % 2 ? BLOCK_READ : BLOCK_WRITE, 8 + i, 8, buf), 0);
	CHECK_EQ(gate.requests, before + 10);
	CHECK(!world_threads(0));
	/* Nothing has changed in the file system: a flush is one there as well. */
	before = gate.flushes;
	CHECK_EQ(request(BLOCK_FLUSH, 0, 0, NULL), 0);
	CHECK_EQ(gate.flushes, before + 1);
	blockdev_close(disk);
	end();
}

/* Small blocks: each 256 of them, there is one of pointers between them. */
TEST(across_extents)
{
	struct block_request rq = { .sectors = 128, .done = done };
	struct mem_seg segs[16];
	unsigned before;

	REQUIRE(begin("empty-1k.ext2"));
	make_file("/d/disk.img", SIZE);
	REQUIRE(!blockdev_open("/d/disk.img", true, &disk, why, sizeof(why)));
	for (size_t i = 0; i < sizeof(model); i++)
		model[i] = (uint8_t)unit_random();
	memcpy(buf, model, sizeof(buf));
	CHECK_EQ(request(BLOCK_WRITE, 0, SECTORS, buf), 0);
	CHECK_EQ(request(BLOCK_FLUSH, 0, 0, NULL), 0);
	for (uint64_t at = 0; at + 128 <= SECTORS; at += 64)
		CHECK_EQ(request(BLOCK_READ, at, 128, buf), 0);
	memset(buf, 0, sizeof(buf));
	rq.segs = segs;
	rq.nr_segs = 16;
	/* 64 KiB from 256 KiB on are in two, whether they are read or written, and of any parts. */
	for (unsigned i = 0; i < 4; i++) {
		rq.op = i & 1 ? BLOCK_WRITE : BLOCK_READ;
		rq.sector = 512;
		for (unsigned s = 0; s < 16; s++)
			segs[s] = (struct mem_seg){ buf + s * 4096, 4096 };
		if (i & 2) {
			segs[3].len += 100;
			segs[4].va = (uint8_t *)segs[4].va + 100;
			segs[4].len -= 100;
		}
		before = gate.requests;
		ended = false;
		blockdev_submit(disk, &rq);
		world_threads(0);
		CHECK(ended);
		CHECK_EQ(rq.status, 0);
		CHECK_EQ(gate.requests, before + 2);
		CHECK_MEM(buf, model + 512 * SECTOR_SIZE, 128 * SECTOR_SIZE);
	}
	check_file("/d/disk.img");
	blockdev_close(disk);
	end();
}

TEST(space_runs_out)
{
	uint64_t at = 0;
	int err = 0;

	REQUIRE(begin("empty-1k.ext2"));
	make_file("/d/disk.img", 64 * 1024 * 1024);
	REQUIRE(!blockdev_open("/d/disk.img", true, &disk, why, sizeof(why)));
	memset(buf, 0x77, sizeof(buf));
	for (; !err && at < 100000; at += 64)
		err = request(BLOCK_WRITE, at, 64, buf);
	CHECK_EQ(err, -ENOSPC);
	CHECK(at > 1000);
	/* What was written can be written again, and space that is given back is there again. */
	CHECK_EQ(request(BLOCK_WRITE, 0, 64, buf), 0);
	CHECK_EQ(request(BLOCK_WRITE, 110000, 64, buf), -ENOSPC);
	CHECK_EQ(request(BLOCK_DISCARD, 0, 200, NULL), 0);
	CHECK_EQ(request(BLOCK_WRITE, 110000, 64, buf), 0);
	CHECK_EQ(request(BLOCK_READ, 110000, 64, buf), 0);
	CHECK_EQ(buf[64 * SECTOR_SIZE - 1], 0x77);
	CHECK_EQ(request(BLOCK_READ, 0, 64, buf), 0);
	CHECK_EQ(buf[0], 0);
	blockdev_close(disk);
	end();
}

TEST(used_by_one)
{
	struct blockdev *other;
	struct vfs_file file;

	REQUIRE(begin("empty-4k.ext2"));
	make_file("/d/disk.img", SIZE);
	make_file("/d/empty", 0);
	REQUIRE(!vfs_mkdir("/d/folder"));
	REQUIRE(!blockdev_open("/d/disk.img", true, &disk, why, sizeof(why)));
	CHECK_EQ(blockdev_open("/d/disk.img", true, &other, why, sizeof(why)), -EBUSY);
	CHECK_STR(why, "/d/disk.img is open elsewhere, so that it cannot be a disk now");
	CHECK_EQ(blockdev_open("/d/disk.img", false, &other, why, sizeof(why)), -EBUSY);
	CHECK_EQ(vfs_unlink("/d/disk.img"), -EBUSY);
	CHECK_EQ(vfs_rename("/d/disk.img", "/d/x"), -EBUSY);
	CHECK_EQ(vfs_open_flags("/d/disk.img", VFS_WRITE, &file), -EBUSY);
	CHECK_EQ(vfs_unmount("/d"), -EBUSY);
	blockdev_close(disk);
	/* Two may read, and nobody writes meanwhile. */
	REQUIRE(!blockdev_open("/d/disk.img", false, &disk, why, sizeof(why)));
	REQUIRE(!blockdev_open("/d/disk.img", false, &other, why, sizeof(why)));
	CHECK_EQ(vfs_open_flags("/d/disk.img", VFS_WRITE, &file), -EBUSY);
	blockdev_close(disk);
	blockdev_close(other);
	CHECK_EQ(vfs_open_flags("/d/disk.img", VFS_WRITE, &file), 0);
	vfs_close(&file);
	CHECK_EQ(blockdev_open("/d/nothing", true, &disk, why, sizeof(why)), -ENOENT);
	CHECK_EQ(blockdev_open("/d/empty", true, &disk, why, sizeof(why)), -EINVAL);
	CHECK_STR(why, "/d/empty is empty, so no disk");
	CHECK_EQ(blockdev_open("/d/folder", false, &disk, why, sizeof(why)), -EISDIR);
	end();
}

TEST(requests_on_the_way)
{
	struct block_request rq = { .op = BLOCK_WRITE, .sector = 8, .sectors = 8, .done = done };
	struct block_request cut = { .op = BLOCK_DISCARD, .sectors = SECTORS, .done = done };
	struct mem_seg seg = { buf, 8 * SECTOR_SIZE };

	REQUIRE(begin("empty-4k.ext2"));
	make_file("/d/disk.img", SIZE);
	REQUIRE(!blockdev_open("/d/disk.img", true, &disk, why, sizeof(why)));
	CHECK_EQ(request(BLOCK_WRITE, 0, SECTORS, buf), 0);
	CHECK_EQ(request(BLOCK_READ, 8, 8, buf), 0);
	rq.segs = &seg;
	rq.nr_segs = 1;
	gate.hold = true;
	ended = false;
	blockdev_submit(disk, &rq);
	CHECK_EQ(gate.nr_held, 1);
	/* The space is not given back before what is on the way to it has arrived. */
	blockdev_submit(disk, &cut);
	for (unsigned i = 0; i < 10; i++)
		world_threads(0);
	CHECK(!ended);
	CHECK_EQ(gate.nr_held, 1);
	gate.hold = false;
	gate_pass(gate.held[0]);
	CHECK(ended);
	ended = false;
	for (unsigned i = 0; i < 10; i++)
		world_threads(0);
	CHECK(ended);
	CHECK_EQ(request(BLOCK_READ, 8, 8, buf), 0);
	CHECK_EQ(buf[0], 0);
	blockdev_close(disk);
	end();
}
