/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests of a virtio disk that end later, in any order, in an interrupt handler, with an error,
 * or while the device is reset, switched off or removed.
 */
#include "virtio_packed_driver.h"

#include <core/time.h>
#include <core/vdisk.h>
#include <libs/errno.h>

#define HELD_MAX 128
#define SECTORS	 256
#define STATUS_AT(i) (BUFFERS + 0x20u * (i) + 0x10)
#define HEADER_AT(i) (BUFFERS + 0x20u * (i))
#define DATA_AT(i)   (WORLD_RAM + 0x6000 + 0x40u * (i))
#define TABLE_AT(i)  (WORLD_RAM + WORLD_PIECE + 0x80u * (i))

/* A disk that keeps what it gets until the test ends it, or a timer does. */
static struct lazy {
	struct blockdev bd;
	struct block_request *held[HELD_MAX];
	unsigned n;
	bool now; /* at once: when partitions are looked for */
	struct timer timer;
} lazy;

static void lazy_submit(struct blockdev *bd, struct block_request *rq)
{
	if (lazy.now) {
		block_end(rq, -EIO);
		return;
	}
	REQUIRE(lazy.n < HELD_MAX);
	lazy.held[lazy.n++] = rq;
}

static void lazy_end(unsigned i, int status)
{
	struct block_request *rq = lazy.held[i];

	REQUIRE(i < lazy.n);
	if (!status && rq->op == BLOCK_READ)
		memset(rq->segs[0].va, (int)rq->sector, rq->segs[0].len);
	memmove(lazy.held + i, lazy.held + i + 1, (--lazy.n - i) * sizeof(lazy.held[0]));
	block_end(rq, status);
}

/* As an interrupt handler. */
static void lazy_end_all(struct timer *timer)
{
	while (lazy.n)
		lazy_end(lazy.n - 1, 0);
	lazy.now = true;
}

static const struct blockdev_ops lazy_ops = { .submit = lazy_submit };
static const uint64_t features[] = { V_F_VERSION1 | V_F_INDIRECT,
				     V_F_VERSION1 | V_F_INDIRECT | V_F_PACKED };
static struct vpqueue q;
static bool packed;

static void begin(unsigned how, uint16_t num)
{
	struct dt_node *node;
	int err;

	world_begin();
	memset(&lazy, 0, sizeof(lazy));
	lazy.bd.ops = &lazy_ops;
	lazy.bd.sectors = SECTORS;
	timer_init(&lazy.timer, lazy_end_all);
	lazy.now = true;
	REQUIRE(!blockdev_register(&lazy.bd, "lazy"));
	lazy.now = false;
	node = world_node("virtio", "virtio,mmio");
	CHECK_EQ(dt_set_u32(node, "interrupts", V_IRQ), 0);
	CHECK_EQ(dt_set_u32(node, "virtio_type", 2), 0);
	CHECK_EQ(dt_set_string(node, "blkdev", "lazy0"), 0);
	memset(&d, 0, sizeof(d));
	d.dev = world_probe(node, 0x200, &err);
	REQUIRE(d.dev);
	packed = features[how] & V_F_PACKED;
	CHECK(vd_negotiate(&d, features[how]));
	if (packed)
		vp_queue(&q, 0, num, RINGS);
	else
		vd_queue(&d, 0, num, RINGS);
	vd_ready(&d);
}

static void end(void)
{
	lazy.now = true;
	if (!list_empty(&world_guest()->devices))
		world_remove(d.dev);
	CHECK_EQ(blockdev_unregister(&lazy.bd), 0);
	CHECK_EQ(world_end(), 0);
}

/* A read of sector i, 64 bytes of its 512 in a buffer of its own, by an indirect table. */
static void read_sector(unsigned i)
{
	put_le32(world_mem(HEADER_AT(i)), 0);
	put_le64(world_mem(HEADER_AT(i) + 8), i);
	*world_mem(STATUS_AT(i)) = 0xee;
	vd_desc_at(TABLE_AT(i), 0, HEADER_AT(i), 16, V_NEXT, 1);
	vd_desc_at(TABLE_AT(i), 1, DATA_AT(i), 64, packed ? 0 : V_NEXT | V_WRITE, 2);
	vd_desc_at(TABLE_AT(i), 2, WORLD_RAM + 0x4000, 448, packed ? 0 : V_NEXT | V_WRITE, 3);
	vd_desc_at(TABLE_AT(i), 3, STATUS_AT(i), 1, packed ? 0 : V_WRITE, 0);
	if (packed) {
		vd_write16(TABLE_AT(i) + 14, 0);
		vd_write16(TABLE_AT(i) + 30, V_WRITE);
		vd_write16(TABLE_AT(i) + 46, V_WRITE);
		vd_write16(TABLE_AT(i) + 62, V_WRITE);
		vp_add(&q, TABLE_AT(i), 64, (uint16_t)i, V_INDIRECT);
	} else {
		vd_desc(&d, 0, i % d.q[0].num, TABLE_AT(i), 64, V_INDIRECT, 0);
		vd_offer(&d, 0, (uint16_t)(i % d.q[0].num));
	}
}

/* @return number of the next request given back, -1: none */
static int given_back(void)
{
	uint16_t id16, flags;
	uint32_t id, len;

	if (packed)
		return vp_get(&q, 1, &id16, &len, &flags) ? id16 : -1;
	return vd_used(&d, 0, &id, &len) ? (int)id : -1;
}

TEST(ends_in_any_order)
{
	static const unsigned order[] = { 2, 0, 2, 1, 0 }; /* among those that are held */
	static const int expected[] = { 2, 0, 4, 3, 1 };
	unsigned how, i;

	for (how = 0; how < 2; how++) {
		begin(how, 16);
		for (i = 0; i < 5; i++)
			read_sector(i);
		vd_notify(&d, 0);
		CHECK_EQ(lazy.n, 5);
		CHECK(!world_line(V_IRQ));
		CHECK_EQ(given_back(), -1);
		for (i = 0; i < 5; i++) {
			int n = expected[i];

			CHECK_EQ(*world_mem(STATUS_AT((unsigned)n)), 0xee);
			lazy_end(order[i], 0);
			CHECK_EQ(given_back(), n);
			CHECK_EQ(*world_mem(STATUS_AT((unsigned)n)), 0);
			CHECK_EQ(*world_mem(DATA_AT((unsigned)n) + 63), n);
			CHECK(world_line(V_IRQ));
			world_w32(d.dev, V_ACK, 1);
		}
		end();
	}
}

TEST(errors_of_the_disk_reach_the_guest)
{
	unsigned how;

	for (how = 0; how < 2; how++) {
		begin(how, 16);
		read_sector(0);
		read_sector(1);
		vd_notify(&d, 0);
		lazy_end(0, -EIO);
		CHECK_EQ(given_back(), 0);
		CHECK_EQ(*world_mem(STATUS_AT(0)), 1);
		lazy_end(0, -ENOTSUP);
		CHECK_EQ(given_back(), 1);
		CHECK_EQ(*world_mem(STATUS_AT(1)), 2);
		CHECK(!vd_broken(&d));
		end();
	}
}

/* More requests than there is room for: the rest waits in the ring, the worker goes on. */
TEST(many_requests_fill_the_pool)
{
	unsigned how, i, first, done;

	for (how = 0; how < 2; how++) {
		begin(how, 128);
		for (i = 0; i < 120; i++)
			read_sector(i);
		vd_notify(&d, 0);
		first = lazy.n;
		CHECK(first > 20 && first < 100);
		/* Notified again: nothing more is taken, and nothing lost. */
		vd_notify(&d, 0);
		CHECK_EQ(lazy.n, first);
		CHECK_EQ(world_thread_count(), 1);
		CHECK(!world_threads(10));
		/* Those in the middle end: the room is behind the oldest. */
		for (i = 0; i < first / 2; i++)
			lazy_end(1, 0);
		world_threads(10);
		done = first / 2;
		CHECK_EQ(lazy.n, first - done);
		/* The oldest ends: room for as many as ended. */
		lazy_end(0, 0);
		done++;
		world_threads(10);
		CHECK(lazy.n > first - done + 5);
		while (lazy.n) {
			lazy_end(lazy.n / 3, 0);
			done++;
			world_threads(10);
		}
		CHECK_EQ(done, 120);
		for (i = 0; i < 120; i++) {
			CHECK(given_back() >= 0);
			CHECK_EQ(*world_mem(STATUS_AT(i)), 0);
			CHECK_EQ(*world_mem(DATA_AT(i)), (uint8_t)i);
		}
		CHECK_EQ(given_back(), -1);
		/* The driver is asked for notifications again. */
		CHECK_EQ(packed ? vd_read16(q.device + 2) : vd_read16(d.q[0].used), 0);
		read_sector(0);
		vd_notify(&d, 0);
		CHECK_EQ(lazy.n, 1);
		lazy_end(0, 0);
		end();
	}
}

/* The pool goes round many times, with records of different sizes. */
TEST(pool_goes_round)
{
	unsigned how, i, done = 0, n = 0;
	uint32_t seed = 7;

	for (how = 0; how < 2; how++) {
		begin(how, 64);
		for (i = 0, done = 0, n = 0; i < 3000; i++) {
			seed = seed * 1664525u + 1013904223u;
			if (n - done < 60 && seed >> 30) {
				read_sector(n % 64);
				n++;
				vd_notify(&d, 0);
			} else if (lazy.n) {
				lazy_end((seed >> 8) % lazy.n, 0);
				world_threads(3);
			}
			while (given_back() >= 0)
				done++;
			if (vd_broken(&d))
				unit_fail(__FILE__, __LINE__, "broken at step %u", i);
		}
		while (lazy.n) {
			lazy_end(0, 0);
			world_threads(3);
		}
		while (given_back() >= 0)
			done++;
		CHECK_EQ(done, n);
		CHECK(done > 1000);
		end();
	}
}

static uint16_t used_index(void)
{
	return packed ? vd_read16(q.ring + 14) : vd_read16(d.q[0].used + 2);
}

/* A reset waits for what is under way, and the rings are not written any more. */
TEST(reset_waits)
{
	unsigned how;
	uint16_t used;

	for (how = 0; how < 2; how++) {
		begin(how, 16);
		read_sector(1);
		read_sector(2);
		vd_notify(&d, 0);
		used = used_index();
		timer_start(&lazy.timer, time_now() + 1000);
		world_w32(d.dev, V_STATUS, 0);
		CHECK_EQ(lazy.n, 0);
		CHECK_EQ(used_index(), used);
		CHECK(!world_line(V_IRQ));
		CHECK_EQ(world_r32(d.dev, V_STATUS), 0);
		/* It works again. */
		CHECK(vd_negotiate(&d, features[how]));
		if (packed)
			vp_queue(&q, 0, 16, RINGS);
		else
			vd_queue(&d, 0, 16, RINGS);
		vd_ready(&d);
		lazy.now = false;
		read_sector(3);
		vd_notify(&d, 0);
		lazy_end(0, 0);
		CHECK_EQ(given_back(), 3);
		end();
	}
}

TEST(queue_switched_off_waits)
{
	unsigned how;

	for (how = 0; how < 2; how++) {
		begin(how, 16);
		read_sector(1);
		vd_notify(&d, 0);
		world_w32(d.dev, V_QUEUE_SEL, 0);
		timer_start(&lazy.timer, time_now() + 1000);
		world_w32(d.dev, V_QUEUE_READY, 0);
		CHECK_EQ(lazy.n, 0);
		CHECK_EQ(given_back(), -1);
		CHECK_EQ(world_r32(d.dev, V_QUEUE_READY), 0);
		end();
	}
}

TEST(removal_waits)
{
	unsigned how, i;

	for (how = 0; how < 2; how++) {
		begin(how, 128);
		/* With some that wait for room, and a worker. */
		for (i = 0; i < 120; i++)
			read_sector(i);
		vd_notify(&d, 0);
		timer_start(&lazy.timer, time_now() + 1000);
		world_remove(d.dev);
		CHECK_EQ(lazy.n, 0);
		CHECK_EQ(world_thread_count(), 0);
		end();
	}
}

TEST(medium_comes_and_goes)
{
	struct vdisk *vdisk;
	char why[BLOCK_WHY_MAX];
	uint32_t generation;

	begin(0, 16);
	vdisk = vdisk_find("g/virtio");
	REQUIRE(vdisk);
	CHECK_EQ(world_r32(d.dev, V_CONFIG), SECTORS);
	generation = world_r32(d.dev, 0x0fc);
	lazy.now = true;
	CHECK_EQ(vdisk_detach(vdisk), 0);
	CHECK_EQ(world_r32(d.dev, V_CONFIG), 0);
	CHECK(world_r32(d.dev, 0x0fc) != generation);
	CHECK_EQ(world_r32(d.dev, V_ISR), 2);
	CHECK(world_line(V_IRQ));
	world_w32(d.dev, V_ACK, 2);
	read_sector(0);
	vd_notify(&d, 0);
	CHECK_EQ(given_back(), 0);
	CHECK_EQ(*world_mem(STATUS_AT(0)), 1);
	CHECK_EQ(vdisk_attach(vdisk, "lazy0", why, sizeof(why)), 0);
	CHECK_EQ(world_r32(d.dev, V_CONFIG), SECTORS);
	lazy.now = false;
	read_sector(0);
	vd_notify(&d, 0);
	CHECK_EQ(lazy.n, 1);
	lazy_end(0, 0);
	vdisk_put(vdisk);
	end();
}
