/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packed virtqueues: the same requests as in split ones, sizes that are no power of two, both sides
 * going round, event suppression, and drivers that break the rules.
 */
#include "virtio_packed_driver.h"

#define PACKED	   (V_F_VERSION1 | V_F_PACKED)
#define PACKED_ALL (PACKED | V_F_INDIRECT | V_F_EVENT)

static struct vpqueue q;

static void start_packed(uint64_t features, uint16_t num)
{
	make(4);
	CHECK(vd_negotiate(&d, features));
	vp_queue(&q, 0, num, RINGS);
	CHECK_EQ(world_r32(d.dev, V_QUEUE_READY), 1);
	vd_ready(&d);
}

/* One request of a buffer each, given back at once. */
static void one(uint32_t bytes, uint16_t number)
{
	uint16_t id, flags;
	uint32_t len;

	vp_add(&q, BUFFERS, bytes, number, V_WRITE);
	vd_notify(&d, 0);
	if (!vp_get(&q, 1, &id, &len, &flags))
		unit_fail(__FILE__, __LINE__, "request %u was not given back", number);
	CHECK_EQ(id, number);
	CHECK_EQ(len, bytes);
	CHECK_EQ(flags & V_WRITE, V_WRITE);
}

TEST(packed_requests_go_round)
{
	static const uint16_t sizes[] = { 1, 3, 7, 8, 64 };
	uint16_t id, flags;
	uint32_t len;
	unsigned s, i;

	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		start_packed(PACKED, sizes[s]);
		for (i = 0; i < 500; i++)
			one(1 + i % 60, (uint16_t)(i * 7));
		CHECK(!vp_get(&q, 1, &id, &len, &flags));
		CHECK(world_line(V_IRQ));
		teardown();
	}
}

TEST(packed_chains_take_slots)
{
	uint16_t id, flags;
	uint32_t len;
	unsigned i;

	start_packed(PACKED_ALL, 8);
	for (i = 0; i < 100; i++) {
		vp_add(&q, BUFFERS, 10, 99, V_WRITE | V_NEXT);
		vp_add(&q, BUFFERS + 0x100, 20, 98, V_WRITE | V_NEXT);
		vp_add(&q, BUFFERS + 0x200, 30, (uint16_t)i, V_WRITE);
		vp_add(&q, BUFFERS, 5, (uint16_t)(i + 1000), V_WRITE);
		vd_notify(&d, 0);
		REQUIRE(vp_get(&q, 3, &id, &len, &flags));
		CHECK_EQ(id, i);
		CHECK_EQ(len, 60);
		REQUIRE(vp_get(&q, 1, &id, &len, &flags));
		CHECK_EQ(id, i + 1000);
		CHECK_EQ(len, 5);
		CHECK(!vp_get(&q, 1, &id, &len, &flags));
	}
	/* Nothing to write: no length. */
	vp_add(&q, BUFFERS, 16, 5, 0);
	vd_notify(&d, 0);
	REQUIRE(vp_get(&q, 1, &id, &len, &flags));
	CHECK_EQ(flags & V_WRITE, 0);
	teardown();
}

TEST(packed_indirect)
{
	static const uint64_t tables[] = { WORLD_RAM + 0x2000, WORLD_RAM + 0x2004,
					   WORLD_RAM + WORLD_PIECE - 40 };
	uint16_t id, flags;
	uint32_t len;
	unsigned t, i;

	start_packed(PACKED_ALL, 4);
	for (t = 0; t < 3; t++) {
		for (i = 0; i < 20; i++)
			vp_raw(tables[t], i, BUFFERS + 32 * i, 8, 0xffff, V_WRITE);
		vp_add(&q, tables[t], 20 * 16, (uint16_t)(t + 3), V_INDIRECT | V_WRITE);
		vd_notify(&d, 0);
		REQUIRE(vp_get(&q, 1, &id, &len, &flags));
		CHECK_EQ(id, t + 3);
		CHECK_EQ(len, 160);
	}
	teardown();
}

TEST(packed_across_memory_that_is_apart)
{
	unsigned i;

	make(4);
	CHECK(vd_negotiate(&d, PACKED_ALL));
	vp_queue(&q, 0, 7, WORLD_RAM + WORLD_PIECE - 48);
	vd_ready(&d);
	for (i = 0; i < 60; i++)
		one(8, (uint16_t)i);
	teardown();
}

TEST(packed_interrupts_by_flag)
{
	start_packed(PACKED, 4);
	vp_want(&q, VP_DISABLE, 0, false);
	one(4, 1);
	CHECK(!world_line(V_IRQ));
	/* All is served: notifications are wanted. */
	CHECK_EQ(vd_read16(q.device + 2), VP_ENABLE);
	vp_want(&q, VP_ENABLE, 0, false);
	one(4, 2);
	CHECK(world_line(V_IRQ));
	teardown();
}

TEST(packed_interrupts_by_position)
{
	unsigned i;

	start_packed(PACKED_ALL, 5);
	/* Descriptor 3 of this turn: the fourth request. */
	vp_want(&q, VP_DESC, 3, true);
	for (i = 0; i < 5; i++) {
		one(4, (uint16_t)i);
		CHECK_EQ(world_line(V_IRQ), i >= 3);
		/* We want to hear of the next one. */
		CHECK_EQ(vd_read16(q.device), (i + 1) % 5 | (i < 4) << 15);
		CHECK_EQ(vd_read16(q.device + 2), VP_DESC);
	}
	/* Descriptor 1 of the next turn: not the one that was. */
	world_w32(d.dev, V_ACK, 1);
	vp_want(&q, VP_DESC, 1, false);
	one(4, 9);
	CHECK(!world_line(V_IRQ));
	one(4, 9);
	CHECK(world_line(V_IRQ));
	/* A batch that goes round and past it. */
	world_w32(d.dev, V_ACK, 1);
	vp_want(&q, VP_DESC, 0, true);
	for (i = 0; i < 4; i++)
		vp_add(&q, BUFFERS, 4, 1, V_WRITE);
	vd_notify(&d, 0);
	CHECK(world_line(V_IRQ));
	/* And one that does not get there: descriptor 4 of a turn that begins at 1. */
	world_w32(d.dev, V_ACK, 1);
	vp_want(&q, VP_DESC, 4, true);
	for (i = 0; i < 3; i++)
		vp_add(&q, BUFFERS, 4, 1, V_WRITE);
	vd_notify(&d, 0);
	CHECK(!world_line(V_IRQ));
	teardown();
}

TEST(packed_queue_addresses_are_checked)
{
	static const struct {
		uint16_t num;
		uint64_t ring, driver, device;
		bool good;
	} places[] = {
		{ 5, WORLD_RAM, WORLD_RAM + 0x800, WORLD_RAM + 0x804, true },
		{ 64, WORLD_RAM, WORLD_RAM + 0x800, WORLD_RAM + 0x804, true },
		{ 65, WORLD_RAM, WORLD_RAM + 0x800, WORLD_RAM + 0x804, false },
		{ 0, WORLD_RAM, WORLD_RAM + 0x800, WORLD_RAM + 0x804, false },
		{ 5, WORLD_RAM + 8, WORLD_RAM + 0x800, WORLD_RAM + 0x804, false },
		{ 5, WORLD_RAM, WORLD_RAM + 0x802, WORLD_RAM + 0x804, false },
		{ 5, WORLD_RAM, WORLD_RAM + 0x800, WORLD_RAM + 0x806, false },
		{ 5, WORLD_ROM, WORLD_RAM + 0x800, WORLD_RAM + 0x804, false },
		{ 5, WORLD_RAM, WORLD_ROM, WORLD_RAM + 0x804, true },
		{ 5, WORLD_RAM, WORLD_RAM + 0x800, WORLD_ROM, false },
		{ 5, WORLD_RAM + WORLD_RAM_SIZE - 64, WORLD_RAM, WORLD_RAM + 4, false },
		{ 5, UINT64_MAX - 15, WORLD_RAM, WORLD_RAM + 4, false },
	};
	unsigned i;

	make(4);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		CHECK(vd_negotiate(&d, PACKED));
		world_w32(d.dev, V_QUEUE_SEL, 0);
		world_w32(d.dev, V_QUEUE_NUM, places[i].num);
		vd_reg64(&d, V_DESC, places[i].ring);
		vd_reg64(&d, V_AVAIL, places[i].driver);
		vd_reg64(&d, V_USED, places[i].device);
		world_w32(d.dev, V_QUEUE_READY, 1);
		if (world_r32(d.dev, V_QUEUE_READY) != places[i].good)
			unit_fail(__FILE__, __LINE__, "place %u", i);
		CHECK_EQ(vd_broken(&d), !places[i].good);
	}
	teardown();
}

static void expect_broken(const char *why)
{
	vd_notify(&d, 0);
	CHECK(vd_broken(&d));
	if (!strstr(fake_log_text(), why))
		unit_fail(__FILE__, __LINE__, "not \"%s\" but: %s", why, fake_log_text());
	/* A reset makes it as new. */
	CHECK(vd_negotiate(&d, PACKED_ALL));
	vp_queue(&q, 0, 4, RINGS);
	vd_ready(&d);
	one(4, 1);
	teardown();
}

TEST(packed_broken_chain_without_end)
{
	unsigned i;

	start_packed(PACKED_ALL, 4);
	for (i = 0; i < 4; i++)
		vp_add(&q, BUFFERS, 4, 0, V_WRITE | V_NEXT);
	expect_broken("longer than the queue, or a loop");
}

TEST(packed_broken_indirect_with_next)
{
	start_packed(PACKED_ALL, 4);
	vp_add(&q, BUFFERS, 16, 0, V_INDIRECT | V_NEXT);
	expect_broken("or with a next one");
}

TEST(packed_broken_indirect_in_chain)
{
	start_packed(PACKED_ALL, 4);
	vp_add(&q, BUFFERS, 16, 0, V_WRITE | V_NEXT);
	vp_add(&q, BUFFERS, 16, 0, V_INDIRECT);
	expect_broken("or with a next one");
}

TEST(packed_broken_indirect_nested)
{
	start_packed(PACKED_ALL, 4);
	vp_raw(WORLD_RAM + 0x2000, 0, BUFFERS, 16, 0, V_INDIRECT);
	vp_add(&q, WORLD_RAM + 0x2000, 16, 0, V_INDIRECT);
	expect_broken("an indirect descriptor inside a table");
}

TEST(packed_broken_indirect_nowhere)
{
	start_packed(PACKED_ALL, 4);
	vp_add(&q, 0x7000, 32, 0, V_INDIRECT);
	expect_broken("a descriptor table that is not in memory");
}

TEST(packed_broken_indirect_not_agreed)
{
	start_packed(PACKED, 4);
	vp_add(&q, BUFFERS, 16, 0, V_INDIRECT);
	expect_broken("which was not negotiated");
}

TEST(packed_broken_order)
{
	start_packed(PACKED_ALL, 4);
	vp_add(&q, BUFFERS, 16, 0, V_WRITE | V_NEXT);
	vp_add(&q, BUFFERS, 16, 0, 0);
	expect_broken("a buffer to read behind one to write");
}

TEST(packed_broken_buffer)
{
	start_packed(PACKED_ALL, 4);
	vp_add(&q, WORLD_ROM, 16, 0, V_WRITE);
	expect_broken("is not writable memory");
	start_packed(PACKED_ALL, 4);
	vp_add(&q, BUFFERS, 0, 0, V_WRITE);
	expect_broken("a buffer without length");
	start_packed(PACKED_ALL, 4);
	vp_add(&q, UINT64_MAX - 3, 8, 0, V_WRITE);
	expect_broken("beyond all addresses");
}
