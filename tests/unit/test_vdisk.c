/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Disks of guests: names, media that come and go while requests are in flight.
 */
#include "emu_world.h"
#include "fake.h"
#include "slow_disk.h"
#include "unit.h"

#include <core/time.h>
#include <core/vdisk.h>
#include <libs/errno.h>

static unsigned changes;
static uint64_t sectors_seen;

static void note_change(struct vdisk *vd)
{
	changes++;
	sectors_seen = vd->sectors;
}

static const struct vdisk_ops ops = { .changed = note_change };
static struct slow slow;
static struct blockdev *ram;
static struct vdisk vd;
static char why[BLOCK_WHY_MAX];

static void begin(void)
{
	world_begin();
	slow_begin(&slow);
	REQUIRE(!ramdisk_create("rd", 16 * SECTOR_SIZE, NULL, 0, &ram));
	memset(&vd, 0, sizeof(vd));
	vd.ops = &ops;
	changes = 0;
	REQUIRE(!vdisk_register(&vd, world_guest(), "disk"));
}

static void end(void)
{
	vdisk_unregister(&vd);
	CHECK_EQ(blockdev_unregister(&slow.bd), 0);
	CHECK_EQ(blockdev_unregister(ram), 0);
	CHECK_EQ(world_end(), 0);
}

/* --- requests ------------------------------------------------------------------------------ */

static unsigned nr_done;
static int last_status;

static void note_done(struct vdisk_request *vr)
{
	nr_done++;
	last_status = vr->rq.status;
}

static uint8_t data[2][SECTOR_SIZE];
static const struct mem_seg segs[] = { { data[0], SECTOR_SIZE }, { data[1], SECTOR_SIZE } };
static struct vdisk_request requests[2];

static void submit(unsigned i, bool write)
{
	requests[i] = (struct vdisk_request){
		.rq = { .op = write ? BLOCK_WRITE : BLOCK_READ, .sector = i, .sectors = 1,
			.segs = &segs[i], .nr_segs = 1 },
		.vdisk = &vd, .done = note_done,
	};
	vdisk_submit(&requests[i]);
}

/* The hardware answers by and by, from interrupts. */
static struct timer hardware;

static void answer(struct timer *timer)
{
	if (slow.n)
		slow_end(&slow, slow.n - 1, 0);
	if (slow.n || vdisk_in_flight(&vd))
		timer_start(timer, time_now() + 1000);
}

static void answer_later(void)
{
	timer_init(&hardware, answer);
	timer_start(&hardware, time_now() + 1000);
}

TEST(without_a_medium)
{
	char name[BLOCK_NAME_MAX];

	begin();
	CHECK_EQ(vd.sectors, 0);
	nr_done = 0;
	submit(0, false);
	CHECK_EQ(nr_done, 1);
	CHECK_EQ(last_status, -ENODEV);
	CHECK_EQ(vdisk_detach(&vd), -ENODEV);
	CHECK_EQ(changes, 0);
	vdisk_drain(&vd);
	vdisk_medium(&vd, name, sizeof(name));
	CHECK_STR(name, "-");
	CHECK_EQ(vdisk_attach(&vd, "nothing", why, sizeof(why)), -ENOENT);
	CHECK(strstr(why, "there is no block device nothing"));
	CHECK_EQ(vd.reads, 1);
	CHECK_EQ(vd.errors, 1);
	end();
}

TEST(attach_and_detach)
{
	char name[BLOCK_NAME_MAX];

	begin();
	REQUIRE(!vdisk_attach(&vd, "rd0", why, sizeof(why)));
	CHECK_EQ(changes, 1);
	CHECK_EQ(sectors_seen, 16);
	CHECK(!vd.read_only);
	CHECK(ram->writer);
	nr_done = 0;
	memset(data[1], 0x77, SECTOR_SIZE);
	submit(1, true);
	CHECK_EQ(nr_done, 1);
	CHECK_EQ(last_status, 0);
	/* What cannot be had changes nothing. */
	CHECK_EQ(vdisk_attach(&vd, "rd0", why, sizeof(why)), -EBUSY);
	CHECK_EQ(changes, 1);
	REQUIRE(!vdisk_attach(&vd, "slow0", why, sizeof(why)));
	CHECK_EQ(sectors_seen, 64);
	CHECK_EQ(ram->users, 0);
	vdisk_medium(&vd, name, sizeof(name));
	CHECK_STR(name, "slow0");
	CHECK_EQ(vdisk_detach(&vd), 0);
	CHECK_EQ(changes, 3);
	CHECK_EQ(sectors_seen, 0);
	CHECK_EQ(slow.bd.users, 0);
	/* One that can only be read is, without being asked for. */
	ram->read_only = true;
	REQUIRE(!vdisk_attach(&vd, "rd0", why, sizeof(why)));
	CHECK(vd.read_only);
	submit(0, true);
	CHECK_EQ(last_status, -EROFS);
	memset(data[1], 0, SECTOR_SIZE);
	submit(1, false);
	CHECK_EQ(last_status, 0);
	CHECK_EQ(data[1][511], 0x77);
	end();
}

TEST(media_that_could_be)
{
	static uint8_t file[1024];

	begin();
	CHECK_EQ(vdisk_check_medium("none", why, sizeof(why)), 0);
	CHECK_EQ(vdisk_check_medium("rd0", why, sizeof(why)), 0);
	CHECK_EQ(vdisk_check_medium("rd1", why, sizeof(why)), -ENOENT);
	CHECK(strstr(why, "there is no block device rd1"));
	world_file("/d.img", file, sizeof(file));
	CHECK_EQ(vdisk_check_medium("/d.img", why, sizeof(why)), 0);
	CHECK_EQ(vdisk_check_medium("ram:/d.img", why, sizeof(why)), 0);
	CHECK_EQ(vdisk_check_medium("/e.img", why, sizeof(why)), -ENOENT);
	CHECK_STR(why, "/e.img: not found");
	world_file("/d.img", file, 0);
	CHECK_EQ(vdisk_check_medium("/d.img", why, sizeof(why)), -EINVAL);
	CHECK_STR(why, "/d.img is not a file with something in it");
	CHECK_EQ(vdisk_attach(&vd, "none", why, sizeof(why)), 0);
	REQUIRE(!vdisk_attach(&vd, "rd0", why, sizeof(why)));
	CHECK_EQ(vdisk_attach(&vd, "none", why, sizeof(why)), 0);
	CHECK_EQ(vd.sectors, 0);
	CHECK_EQ(ram->users, 0);
	world_file(NULL, NULL, 0);
	end();
}

TEST(requests_in_flight_are_waited_for)
{
	begin();
	REQUIRE(!vdisk_attach(&vd, "slow0", why, sizeof(why)));
	nr_done = 0;
	submit(0, true);
	submit(1, false);
	CHECK_EQ(nr_done, 0);
	answer_later();
	vdisk_drain(&vd);
	CHECK_EQ(nr_done, 2);
	vdisk_drain(&vd);
	/* It goes on as before. */
	submit(0, true);
	CHECK_EQ(slow.n, 1);
	answer_later();
	CHECK_EQ(vdisk_detach(&vd), 0);
	CHECK_EQ(nr_done, 3);
	CHECK_EQ(last_status, 0);
	submit(0, true);
	CHECK_EQ(last_status, -ENODEV);
	REQUIRE(!vdisk_attach(&vd, "slow0", why, sizeof(why)));
	submit(0, true);
	submit(1, true);
	answer_later();
	REQUIRE(!vdisk_attach(&vd, "rd0", why, sizeof(why)));
	CHECK_EQ(slow.n, 0);
	CHECK_EQ(nr_done, 6);
	REQUIRE(!vdisk_attach(&vd, "slow0", why, sizeof(why)));
	submit(0, true);
	answer_later();
	end();
	CHECK_EQ(nr_done, 7);
	CHECK_EQ(slow.n, 0);
}

TEST(names)
{
	struct vdisk more[3], *found;

	begin();
	CHECK_STR(vd.name, "g/disk");
	found = vdisk_find("g");
	CHECK(found == &vd);
	vdisk_put(found);
	memset(more, 0, sizeof(more));
	more[0].ops = more[1].ops = more[2].ops = &ops;
	REQUIRE(!vdisk_register(&more[0], world_guest(), "virtio-blk1"));
	REQUIRE(!vdisk_register(&more[1], world_guest(), "disk0"));
	CHECK_EQ(vdisk_register(&more[2], world_guest(), "disk"), -EEXIST);
	CHECK(!vdisk_find("g"));
	found = vdisk_find("g/virtio-blk1");
	CHECK(found == &more[0]);
	vdisk_put(found);
	found = vdisk_find("g/disk1");
	CHECK(found == &more[0]);
	vdisk_put(found);
	/* A node of that name comes first. */
	found = vdisk_find("g/disk0");
	CHECK(found == &more[1]);
	vdisk_put(found);
	CHECK(!vdisk_find("g/disk3") && !vdisk_find("g/disk1x") && !vdisk_find("g/disk99999999"));
	CHECK(!vdisk_find("g/") && !vdisk_find("") && !vdisk_find("/disk0") && !vdisk_find("h"));
	CHECK(vdisk_next(NULL) == &vd && vdisk_next(&vd) == &more[0]);
	CHECK(!vdisk_next(&more[1]));
	vdisk_unregister(&more[0]);
	vdisk_unregister(&more[1]);
	end();
}

TEST(always_read_only)
{
	world_begin();
	REQUIRE(!ramdisk_create("rd", 16 * SECTOR_SIZE, NULL, 0, &ram));
	memset(&vd, 0, sizeof(vd));
	vd.ops = &ops;
	vd.always_read_only = true;
	REQUIRE(!vdisk_register(&vd, world_guest(), "disk"));
	REQUIRE(!vdisk_attach(&vd, "rd0", why, sizeof(why)));
	CHECK(vd.read_only && !ram->writer);
	vdisk_unregister(&vd);
	CHECK_EQ(blockdev_unregister(ram), 0);
	CHECK_EQ(world_end(), 0);
}

/* --- a guest without flushes ------------------------------------------------------------------ */

/* A write ends with the flush behind it; reads do not wait for one. */
TEST(written_through)
{
	begin();
	REQUIRE(!vdisk_attach(&vd, "slow0", why, sizeof(why)));
	vd.write_through = true;
	nr_done = 0;
	submit(0, true);
	submit(1, false);
	slow_end(&slow, 1, 0);
	CHECK_EQ(nr_done, 1);
	slow_end(&slow, 0, 0);
	CHECK_EQ(nr_done, 1);
	CHECK_EQ(slow.n, 0);
	CHECK_EQ(vdisk_in_flight(&vd), 1);
	CHECK_EQ(world_work(), 1);
	REQUIRE(slow.n == 1);
	CHECK_EQ(slow.held[0]->op, BLOCK_FLUSH);
	/* One that ends meanwhile is not covered by it. */
	submit(1, true);
	slow_end(&slow, 1, 0);
	CHECK_EQ(world_work(), 0);
	slow_end(&slow, 0, 0);
	CHECK_EQ(nr_done, 2);
	CHECK_EQ(last_status, 0);
	CHECK_EQ(world_work(), 1);
	REQUIRE(slow.n == 1);
	slow_end(&slow, 0, -EIO);
	CHECK_EQ(nr_done, 3);
	CHECK_EQ(last_status, -EIO);
	CHECK_EQ(vd.errors, 1);
	/* One flush is for all that wait; a write that fails waits for none. */
	submit(0, true);
	submit(1, true);
	slow_end(&slow, 0, 0);
	slow_end(&slow, 0, 0);
	CHECK_EQ(world_work(), 1);
	REQUIRE(slow.n == 1);
	slow_end(&slow, 0, 0);
	CHECK_EQ(nr_done, 5);
	submit(0, true);
	slow_end(&slow, 0, -ENOSPC);
	CHECK_EQ(nr_done, 6);
	CHECK_EQ(last_status, -ENOSPC);
	CHECK_EQ(world_work(), 0);
	end();
}

/* Whoever takes the disk away waits for the flush as well. */
TEST(taken_away_while_flushing)
{
	for (unsigned how = 0; how < 3; how++) {
		begin();
		REQUIRE(!vdisk_attach(&vd, "slow0", why, sizeof(why)));
		vd.write_through = true;
		nr_done = 0;
		submit(0, true);
		submit(1, true);
		answer_later();
		if (how == 0)
			CHECK_EQ(vdisk_detach(&vd), 0);
		else if (how == 1)
			vdisk_drain(&vd);
		if (how != 2)
			CHECK_EQ(nr_done, 2);
		end();
		CHECK_EQ(nr_done, 2);
		CHECK_EQ(slow.n, 0);
		CHECK_EQ(slow.released, 1);
	}
}
