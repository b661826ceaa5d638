/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtio balloon: what it takes away, and that it does so before the guest is told; free pages
 * that are reported, as places and not as contents; statistics that are asked for.
 */
#include "virtio_driver.h"

#include <stdlib.h>

#include <core/balloon.h>
#include <core/guest_hole.h>
#include <libs/errno.h>

#define F_STATS	    BIT(1)
#define F_OOM	    BIT(2)
#define F_REPORTING BIT(5)
#define ALL	    (V_F_VERSION1 | V_F_INDIRECT | V_F_EVENT)



/* What was taken away, in order. */
static struct {
	uint64_t gpa, size;
} taken[64];
static unsigned nr_taken, flushes, settled;
static bool unflushed;

uint64_t guest_mem_release(struct guest *g, gpa_t gpa, uint64_t size)
{
	if (!size)
		return 0;
	if (nr_taken == 64)
		abort();
	taken[nr_taken].gpa = gpa;
	taken[nr_taken++].size = size;
	unflushed = true;
	return size;
}

void guest_mem_released(struct guest *g)
{
	flushes++;
	unflushed = false;
}

void guest_mem_settle(struct guest *g)
{
	CHECK(!unflushed);
	settled++;
}

static void begin(uint64_t features)
{
	struct dt_node *node;
	int err;

	world_begin();
	nr_taken = flushes = settled = 0;
	unflushed = false;
	node = world_node("virtio", "virtio,mmio");
	CHECK_EQ(dt_set_u32(node, "interrupts", V_IRQ), 0);
	CHECK_EQ(dt_set_u32(node, "virtio_type", 5), 0);
	memset(&d, 0, sizeof(d));
	d.dev = world_probe(node, 0x200, &err);
	REQUIRE(d.dev);
	CHECK(vd_negotiate(&d, features));
	for (unsigned i = 0; i < 4; i++)
		vd_queue(&d, i, 8, RINGS + 0x400 * i);
}

static void end(void)
{
	world_remove(d.dev);
	CHECK(!world_guest()->balloon);
	CHECK(list_empty(&world_guest()->pins));
	CHECK(list_empty(&world_guest()->watches));
	CHECK_EQ(world_end(), 0);
}

static void offer(unsigned queue, uint64_t gpa, uint32_t len, uint16_t flags)
{
	vd_desc(&d, queue, 0, gpa, len, flags, 0);
	vd_offer(&d, queue, 0);
	vd_notify(&d, queue);
}

static bool given_back(unsigned queue)
{
	uint32_t id, len;

	return vd_used(&d, queue, &id, &len);
}

TEST(pages_are_taken)
{
	static const uint32_t pfns[] = { 0x40010, 0x40011, 0x40012, 0x40020, 0x7, 0xffffffff };

	begin(ALL);
	vd_ready(&d);
	CHECK(world_guest()->mem_moves);
	for (unsigned i = 0; i < ARRAY_SIZE(pfns); i++)
		put_le32(world_mem(BUFFERS + 4 * i), pfns[i]);
	offer(0, BUFFERS, sizeof(pfns) + 3, 0);
	CHECK(given_back(0));
	CHECK_EQ(nr_taken, 4);
	CHECK_EQ(taken[0].gpa, 0x40010000);
	CHECK_EQ(taken[0].size, 0x3000);
	CHECK_EQ(taken[1].gpa, 0x40020000);
	CHECK_EQ(taken[2].gpa, 0x7000);
	CHECK_EQ(taken[3].gpa, 0xffffffff000);
	CHECK_EQ(flushes, 1);
	CHECK_EQ(settled, 1);
	offer(1, BUFFERS, sizeof(pfns), 0);
	CHECK(given_back(1));
	CHECK_EQ(nr_taken, 4);
	offer(0, BUFFERS, 0x5000, 0);
	CHECK(vd_broken(&d));
	CHECK(strstr(fake_log_text(), "page numbers"));
	end();
}

/* Places that are no memory, too: it is for core to know. Nothing of them is looked up. */
TEST(free_pages_are_reported)
{
	begin(ALL | F_REPORTING);
	vd_ready(&d);
	vd_desc(&d, 2, 0, 0, 0x200000, V_NEXT | V_WRITE, 1);
	vd_desc(&d, 2, 1, 0x123456789000, 0x1000, V_WRITE, 0);
	vd_offer(&d, 2, 0);
	vd_notify(&d, 2);
	CHECK(given_back(2));
	CHECK_EQ(nr_taken, 2);
	CHECK_EQ(taken[0].gpa, 0);
	CHECK_EQ(taken[0].size, 0x200000);
	CHECK_EQ(taken[1].gpa, 0x123456789000);
	CHECK_EQ(world_guest()->balloon->reported, 0x201000);
	/* An indirect table is looked up, what it names is not. */
	vd_desc_at(BUFFERS, 0, BUFFERS + 0x1000, 0x1000, V_WRITE, 0);
	vd_desc(&d, 2, 0, BUFFERS, 16, V_INDIRECT, 0);
	vd_offer(&d, 2, 0);
	vd_notify(&d, 2);
	CHECK(given_back(2));
	CHECK_EQ(nr_taken, 3);
	CHECK_EQ(taken[2].gpa, BUFFERS + 0x1000);
	CHECK_EQ(flushes, 2);
	/* After a reset with other features the same queue is another. */
	CHECK(!vd_broken(&d));
	CHECK(vd_negotiate(&d, ALL | F_STATS | F_REPORTING));
	for (unsigned i = 0; i < 4; i++)
		vd_queue(&d, i, 8, RINGS + 0x400 * i);
	vd_ready(&d);
	vd_desc(&d, 3, 0, WORLD_RAM, 0x1000, V_WRITE, 0);
	vd_offer(&d, 3, 0);
	vd_notify(&d, 3);
	CHECK(given_back(3));
	CHECK_EQ(nr_taken, 4);
	end();
}

static void put_stat(unsigned i, uint16_t tag, uint64_t value)
{
	put_le16(world_mem(BUFFERS + 10 * i), tag);
	put_le64(world_mem(BUFFERS + 10 * i + 2), value);
}

TEST(statistics)
{
	struct guest_balloon *b;

	begin(ALL | F_STATS);
	/* The first buffer is there before the driver is ready. */
	put_stat(0, BALLOON_FREE, 1234567);
	put_stat(1, 77, 1);
	offer(2, BUFFERS, 20, 0);
	b = world_guest()->balloon;
	CHECK(!b->ask(b));
	vd_ready(&d);
	CHECK_EQ(b->told, 1);
	CHECK_EQ(b->stats[BALLOON_FREE], 1234567);
	CHECK_EQ(b->known, BIT32(BALLOON_FREE));
	CHECK(!given_back(2));
	CHECK(b->ask(b));
	CHECK(given_back(2));
	CHECK(!b->ask(b));
	put_stat(0, BALLOON_FREE, 99);
	offer(2, BUFFERS, 20, 0);
	CHECK_EQ(b->told, 2);
	CHECK_EQ(b->stats[BALLOON_FREE], 99);
	/* A second one is not kept; a reset gives the first one up. */
	offer(2, BUFFERS, 20, 0);
	CHECK(given_back(2));
	world_w32(d.dev, V_STATUS, 0);
	CHECK(!b->ask(b));
	end();
}

TEST(size_is_asked_for)
{
	struct guest_balloon *b;

	begin(ALL | F_OOM);
	vd_ready(&d);
	b = world_guest()->balloon;
	CHECK(b->running);
	b->set(b, 300);
	CHECK_EQ(world_r32(d.dev, V_ISR), 2);
	CHECK_EQ(world_r32(d.dev, V_CONFIG), 300);
	world_w32(d.dev, V_CONFIG + 4, 200);
	CHECK_EQ(b->actual, 200);
	world_w32(d.dev, V_CONFIG, 7);
	CHECK_EQ(world_r32(d.dev, V_CONFIG), 300);
	CHECK_EQ(world_r32(d.dev, V_CONFIG + 4), 200);
	d.dev->emu->show(d.dev, world_out());
	CHECK(strstr(world_out_text(), "300 pages asked for, 200 given"));
	world_w32(d.dev, V_STATUS, 0);
	CHECK_EQ(b->actual, 0);
	CHECK(!b->running);
	end();
}

/* Memory that is used by a request under way is known to be. */
TEST(what_is_under_way)
{
	struct guest_mem_watch *watch;

	begin(ALL | F_STATS);
	put_stat(0, BALLOON_FREE, 1);
	offer(2, BUFFERS, 20, 0);
	vd_ready(&d);
	watch = list_first_entry(&world_guest()->watches, struct guest_mem_watch, link);
	CHECK(watch->uses(watch, world_mem(BUFFERS), 1));
	CHECK(watch->uses(watch, world_mem(BUFFERS) - 100, 101));
	CHECK(watch->uses(watch, world_mem(BUFFERS) + 19, 1));
	CHECK(!watch->uses(watch, world_mem(BUFFERS) + 20, 100));
	CHECK(!watch->uses(watch, world_mem(BUFFERS) - 100, 100));
	CHECK(world_guest()->balloon->ask(world_guest()->balloon));
	CHECK(!watch->uses(watch, world_mem(BUFFERS), 20));
	end();
}
