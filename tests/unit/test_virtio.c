/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio over MMIO: registers and negotiation, split rings with all their features, and drivers
 * that break the rules.
 */
#include "virtio_driver.h"

#include <libs/errno.h>

/* --- transport ------------------------------------------------------------------------------ */

TEST(empty_slots)
{
	static const struct {
		uint32_t type;
		const char *name, *prop;
	} slots[] = {
		{ 0, "none", "switch" }, { 1, "net", "switch" }, { 2, "disk", "blkdev" },
		{ 7, "rpmsg", "node_ns_name" },
	};
	unsigned i;

	world_begin();
	for (i = 0; i < 4; i++) {
		struct dt_node *node = world_node(slots[i].name, "virtio,mmio");
		struct emu_dev *dev;
		uint64_t off;
		int err;

		CHECK_EQ(dt_set_u32(node, "virtio_type", slots[i].type), 0);
		CHECK_EQ(dt_set_string(node, slots[i].prop, ""), 0);
		dev = world_probe(node, 0x200, &err);
		REQUIRE(dev);
		CHECK_EQ(dev->emu->check(node, "p", world_out()), 0);
		CHECK_EQ(world_r32(dev, V_MAGIC), 0x74726976);
		CHECK_EQ(world_r32(dev, V_VERSION), 2);
		for (off = 8; off < 0x200; off += 4) {
			world_w32(dev, off, ~0u);
			CHECK_EQ(world_r32(dev, off), 0);
		}
		dev->emu->show(dev, world_out());
		/* One region may be many slots. */
		world_remove(dev);
		dev = world_probe(node, 3 * 0x200, &err);
		REQUIRE(dev);
		CHECK_EQ(world_r32(dev, 0x400), 0x74726976);
		CHECK_EQ(world_r32(dev, 0x404), 2);
		CHECK_EQ(world_r32(dev, 0x408), 0);
	}
	CHECK_EQ(world_end(), 0);
}

TEST(nodes_that_cannot_be)
{
	struct dt_node *node;
	struct emu_dev *dev;
	int err;

	world_begin();
	node = world_node("net", "virtio,mmio");
	dev = world_probe(node, 0x200, &err);
	REQUIRE(dev);
	CHECK_EQ(dt_set_u32(node, "virtio_type", 1), 0);
	CHECK_EQ(dt_set_string(node, "switch", "br0"), 0);
	CHECK_EQ(dev->emu->check(node, "p", world_out()), 1);
	CHECK(strstr(world_out_text(), "interrupts is missing"));
	CHECK(!world_probe(node, 0x200, &err));
	CHECK_EQ(dt_set_u32(node, "interrupts", 49), 0);
	CHECK_EQ(dev->emu->check(node, "p", world_out()), 1);
	CHECK(strstr(world_out_text(), "there are no network devices in this hypervisor"));
	CHECK(!world_probe(node, 0x200, &err));
	CHECK_EQ(err, -ENOTSUP);
	CHECK_EQ(dt_set_u32(node, "virtio_type", 2), 0);
	CHECK_EQ(dt_set_string(node, "blkdev", "nodisk"), 0);
	CHECK_EQ(dev->emu->check(node, "p", world_out()), 1);
	CHECK(strstr(world_out_text(), "there is no block device nodisk"));
	CHECK_EQ(dt_set_string(node, "blkdev", "/nofile"), 0);
	CHECK_EQ(dev->emu->check(node, "p", world_out()), 1);
	CHECK(!world_probe(node, 0x200, &err));
	CHECK_EQ(err, -ENOENT);
	CHECK(strstr(world_out_text(), "net: /nofile: not found."));
	CHECK_EQ(dt_set_u32(node, "virtio_type", 4), 0);
	CHECK_EQ(dt_del_prop(node, "interrupts"), 0);
	CHECK(!world_probe(node, 0x200, &err));
	CHECK_EQ(err, -ENOENT);
	CHECK(strstr(fake_log_text(), "interrupts is missing"));
	CHECK_EQ(dt_set_u32(node, "interrupts", 50), 0);
	CHECK_EQ(dt_set_u32(node, "virtio_type", 4), 0);
	CHECK_EQ(dev->emu->check(node, "p", world_out()), 0);
	fake_heap_fail_at(1);
	CHECK(!world_probe(node, 0x200, &err));
	fake_heap_fail_at(0);
	CHECK_EQ(world_end(), 0);
}

TEST(registers_at_reset)
{
	make(4);
	CHECK_EQ(world_r32(d.dev, V_MAGIC), 0x74726976);
	CHECK_EQ(world_r32(d.dev, V_VERSION), 2);
	CHECK_EQ(world_r32(d.dev, V_DEVICE_ID), 4);
	CHECK_EQ(world_r32(d.dev, V_VENDOR_ID), 0x52535658);
	CHECK_EQ(vd_offered(&d), ALL | V_F_PACKED | V_F_RESET);
	world_w32(d.dev, V_FEATURES_SEL, 2);
	CHECK_EQ(world_r32(d.dev, V_FEATURES), 0);
	CHECK_EQ(world_r32(d.dev, V_QUEUE_NUM_MAX), 64);
	CHECK_EQ(world_r32(d.dev, V_QUEUE_READY), 0);
	world_w32(d.dev, V_QUEUE_SEL, 1);
	CHECK_EQ(world_r32(d.dev, V_QUEUE_NUM_MAX), 0);
	world_w32(d.dev, V_QUEUE_READY, 1);
	CHECK_EQ(world_r32(d.dev, V_QUEUE_READY), 0);
	CHECK(strstr(fake_log_text(), "for queue 1, which does not exist"));
	CHECK_EQ(world_r32(d.dev, V_ISR), 0);
	CHECK_EQ(world_r32(d.dev, V_STATUS), 0);
	CHECK_EQ(world_r32(d.dev, 0x0b0), ~0u);
	CHECK_EQ(world_r32(d.dev, 0x0bc), ~0u);
	CHECK_EQ(world_r32(d.dev, 0x0fc), 0);
	CHECK_EQ(world_read(d.dev, V_MAGIC, 2), WORLD_BAD | EMU_WIDTH);
	CHECK_EQ(world_read(d.dev, V_MAGIC, 8), WORLD_BAD | EMU_WIDTH);
	CHECK_EQ(world_read(d.dev, 0x018, 4), WORLD_BAD | EMU_NONE);
	/* Registers of the older interface that drivers write nevertheless. */
	CHECK_EQ(world_write(d.dev, 0x028, 4, 4096), EMU_OK);
	CHECK_EQ(world_write(d.dev, 0x03c, 4, 4096), EMU_OK);
	CHECK_EQ(world_read(d.dev, 0x040, 4), WORLD_BAD | EMU_NONE);
	CHECK_EQ(world_read(d.dev, V_CONFIG, 1), 0);
	CHECK_EQ(world_read(d.dev, V_CONFIG + 1, 2), WORLD_BAD | EMU_WIDTH);
	teardown();
}

TEST(negotiation)
{
	make(4);
	CHECK(!vd_negotiate(&d, V_F_INDIRECT));
	CHECK(strstr(fake_log_text(), "driver does not know virtio 1.0"));
	CHECK(!vd_negotiate(&d, V_F_VERSION1 | BIT(35)));
	CHECK(strstr(fake_log_text(), "wants features 0x800000000 that virtio entropy"));
	CHECK(!vd_negotiate(&d, V_F_VERSION1 | 1));
	CHECK(vd_negotiate(&d, V_F_VERSION1));
	/* Features stay as agreed. */
	world_w32(d.dev, V_DRIVER_FEATURES_SEL, 0);
	world_w32(d.dev, V_DRIVER_FEATURES, ~0u);
	CHECK(strstr(fake_log_text(), "changes features after FEATURES_OK"));
	/* Bits are not taken away but by a reset. */
	world_w32(d.dev, V_STATUS, 1);
	CHECK_EQ(world_r32(d.dev, V_STATUS), 11);
	world_w32(d.dev, V_STATUS, 0x80);
	CHECK_EQ(world_r32(d.dev, V_STATUS), 0x8b);
	world_w32(d.dev, V_STATUS, 0);
	CHECK_EQ(world_r32(d.dev, V_STATUS), 0);
	/* NEEDS_RESET is not the driver's to set. */
	world_w32(d.dev, V_STATUS, 0x41);
	CHECK_EQ(world_r32(d.dev, V_STATUS), 1);
	/* DRIVER_OK without FEATURES_OK. */
	world_w32(d.dev, V_STATUS, 7);
	CHECK(vd_broken(&d));
	CHECK_EQ(world_r32(d.dev, V_STATUS) & 4, 0);
	teardown();
}

static void try_queue(uint16_t num, uint64_t desc, uint64_t avail, uint64_t used, bool good)
{
	world_w32(d.dev, V_STATUS, 0);
	CHECK(vd_negotiate(&d, V_F_VERSION1));
	world_w32(d.dev, V_QUEUE_SEL, 0);
	world_w32(d.dev, V_QUEUE_NUM, num);
	vd_reg64(&d, V_DESC, desc);
	vd_reg64(&d, V_AVAIL, avail);
	vd_reg64(&d, V_USED, used);
	world_w32(d.dev, V_QUEUE_READY, 1);
	CHECK_EQ(world_r32(d.dev, V_QUEUE_READY), good);
	CHECK_EQ(vd_broken(&d), !good);
}

TEST(queue_addresses_are_checked)
{
	const uint64_t end = WORLD_RAM + WORLD_RAM_SIZE, m = WORLD_RAM;

	make(4);
	try_queue(8, m, m + 0x100, m + 0x200, true);
	try_queue(1, m, m + 0x100, m + 0x200, true);
	try_queue(64, m, m + 0x1000, m + 0x2000, true);
	try_queue(0, m, m + 0x100, m + 0x200, false);
	try_queue(3, m, m + 0x100, m + 0x200, false);
	try_queue(128, m, m + 0x1000, m + 0x2000, false);
	try_queue(8, m + 8, m + 0x100, m + 0x200, false);
	try_queue(8, m, m + 0x101, m + 0x200, false);
	try_queue(8, m, m + 0x100, m + 0x202, false);
	try_queue(8, 0, m + 0x100, m + 0x200, false);
	try_queue(8, m, 0xfffffffffffffffe, m + 0x200, false);
	try_queue(8, m, m + 0x100, 0xfffffffffffffffc, false);
	try_queue(8, m + (BIT(40)), m + 0x100, m + 0x200, false);
	/* To the very end, and one behind. */
	try_queue(8, end - 128, m, m + 0x100, true);
	try_queue(8, end - 112, m, m + 0x100, false);
	try_queue(8, m, end - 22, m + 0x100, true);
	try_queue(8, m, end - 20, m + 0x100, false);
	try_queue(8, m, m + 0x100, end - 72, true);
	try_queue(8, m, m + 0x100, end - 68, false);
	/* Descriptors may be in ROM, the used ring may not. */
	try_queue(8, WORLD_ROM, m + 0x100, m + 0x200, true);
	try_queue(8, m, m + 0x100, WORLD_ROM, false);
	CHECK(strstr(fake_log_text(), "rings are not in the guest's memory"));
	teardown();
}

TEST(queue_in_use_does_not_change)
{
	start(4, V_F_VERSION1);
	world_w32(d.dev, V_QUEUE_NUM, 4);
	vd_reg64(&d, V_USED, 0);
	CHECK(strstr(fake_log_text(), "for queue 0, which is in use"));
	vd_desc(&d, 0, 0, BUFFERS, 16, V_WRITE, 0);
	vd_offer(&d, 0, 0);
	vd_notify(&d, 0);
	CHECK_EQ(vd_read16(d.q[0].used + 2), 1);
	/* Switched off: nothing is served. */
	world_w32(d.dev, V_QUEUE_READY, 0);
	CHECK_EQ(world_r32(d.dev, V_QUEUE_READY), 0);
	vd_offer(&d, 0, 0);
	vd_notify(&d, 0);
	CHECK_EQ(vd_read16(d.q[0].used + 2), 1);
	vd_notify(&d, 1);
	CHECK(strstr(fake_log_text(), "notification of queue 1, of which there are 1"));
	teardown();
}

TEST(one_queue_is_reset)
{
	uint32_t id, len;

	start(4, V_F_VERSION1 | V_F_RESET);
	vd_desc(&d, 0, 0, BUFFERS, 16, V_WRITE, 0);
	vd_offer(&d, 0, 0);
	vd_notify(&d, 0);
	CHECK(vd_used(&d, 0, &id, &len));
	world_w32(d.dev, V_RESET, 0);
	CHECK_EQ(world_r32(d.dev, V_QUEUE_READY), 1);
	world_w32(d.dev, V_RESET, 1);
	CHECK_EQ(world_r32(d.dev, V_RESET), 0);
	CHECK_EQ(world_r32(d.dev, V_QUEUE_READY), 0);
	CHECK_EQ(world_r32(d.dev, V_STATUS), 15);
	/* It begins anew, in another place and size, while the device goes on. */
	vd_queue(&d, 0, 8, RINGS + 0x800);
	vd_desc(&d, 0, 0, BUFFERS, 16, V_WRITE, 0);
	vd_offer(&d, 0, 0);
	vd_notify(&d, 0);
	CHECK(vd_used(&d, 0, &id, &len) && len == 16);
	world_w32(d.dev, V_QUEUE_SEL, 77);
	world_w32(d.dev, V_RESET, 1);
	CHECK(!vd_broken(&d));
	teardown();
	/* Not agreed upon: nothing happens. */
	start(4, V_F_VERSION1);
	world_w32(d.dev, V_RESET, 1);
	CHECK_EQ(world_r32(d.dev, V_QUEUE_READY), 1);
	teardown();
}

/* --- rings ------------------------------------------------------------------------------------ */

TEST(entropy_fills_buffers)
{
	uint32_t id, len;
	unsigned i, zeros = 0;

	start(4, V_F_VERSION1);
	vd_desc(&d, 0, 3, BUFFERS, 100, V_WRITE | V_NEXT, 5);
	vd_desc(&d, 0, 5, BUFFERS + 0x1000, 28, V_WRITE, 0);
	vd_offer(&d, 0, 3);
	CHECK(!world_line(V_IRQ));
	vd_notify(&d, 0);
	REQUIRE(vd_used(&d, 0, &id, &len));
	CHECK_EQ(id, 3);
	CHECK_EQ(len, 128);
	CHECK(!vd_used(&d, 0, &id, &len));
	for (i = 0; i < 100; i++)
		zeros += !*world_mem(BUFFERS + i);
	CHECK(zeros < 8);
	CHECK_EQ(*world_mem(BUFFERS + 100), 0);
	CHECK_EQ(*world_mem(BUFFERS + 0x1000 + 28), 0);
	/* Interrupt, acknowledged. */
	CHECK(world_line(V_IRQ));
	CHECK_EQ(world_r32(d.dev, V_ISR), 1);
	world_w32(d.dev, V_ACK, 2);
	CHECK(world_line(V_IRQ));
	world_w32(d.dev, V_ACK, 1);
	CHECK(!world_line(V_IRQ));
	CHECK_EQ(world_r32(d.dev, V_ISR), 0);
	/* A large one gets a part. */
	vd_desc(&d, 0, 0, BUFFERS, 0x5000, V_WRITE, 0);
	vd_offer(&d, 0, 0);
	vd_notify(&d, 0);
	REQUIRE(vd_used(&d, 0, &id, &len));
	CHECK_EQ(len, 4096);
	/* One without room for anything is given back. */
	vd_desc(&d, 0, 0, BUFFERS, 16, 0, 0);
	vd_offer(&d, 0, 0);
	vd_notify(&d, 0);
	REQUIRE(vd_used(&d, 0, &id, &len));
	CHECK_EQ(len, 0);
	teardown();
}

TEST(rings_across_memory_that_is_apart)
{
	/* Each of the three rings crosses the gap between the two pieces of RAM once. */
	static const uint64_t places[] = { 0x30, 16 * 8 + 8, 16 * 8 + 24 + 16 };
	uint32_t id, len;
	unsigned p, i;

	for (p = 0; p < 3; p++) {
		make(4);
		CHECK(vd_negotiate(&d, ALL));
		vd_queue(&d, 0, 8, WORLD_RAM + WORLD_PIECE - (places[p] & ~15ull));
		vd_ready(&d);
		for (i = 0; i < 40; i++) {
			vd_desc(&d, 0, i % 8, WORLD_RAM + WORLD_PIECE + 0x800, 8 + i, V_WRITE, 0);
			vd_offer(&d, 0, i % 8);
			vd_notify(&d, 0);
			REQUIRE(vd_used(&d, 0, &id, &len));
			CHECK_EQ(id, i % 8);
			CHECK_EQ(len, 8 + i);
		}
		/* A buffer across it. */
		vd_desc(&d, 0, 0, WORLD_RAM + WORLD_PIECE - 0x1000, 0x1010, V_WRITE, 0);
		CHECK(!vd_broken(&d));
		teardown();
	}
}

TEST(index_wraps_around)
{
	uint32_t id, len;
	unsigned i;

	start(4, ALL);
	for (i = 0; i < 70000; i++) {
		vd_desc(&d, 0, i % 8, BUFFERS, 1 + i % 4, V_WRITE, 0);
		vd_offer(&d, 0, i % 8);
		vd_notify(&d, 0);
		if (!vd_used(&d, 0, &id, &len) || id != i % 8 || len != 1 + i % 4) {
			unit_fail(__FILE__, __LINE__, "request %u", i);
			break;
		}
	}
	teardown();
}

TEST(interrupt_suppression_by_flag)
{
	start(4, V_F_VERSION1);
	vd_write16(d.q[0].avail, 1);
	vd_desc(&d, 0, 0, BUFFERS, 4, V_WRITE, 0);
	vd_offer(&d, 0, 0);
	vd_notify(&d, 0);
	CHECK_EQ(vd_read16(d.q[0].used + 2), 1);
	CHECK(!world_line(V_IRQ));
	/* Notifications are wanted again when all is done. */
	CHECK_EQ(vd_read16(d.q[0].used), 0);
	vd_write16(d.q[0].avail, 0);
	vd_offer(&d, 0, 0);
	vd_notify(&d, 0);
	CHECK(world_line(V_IRQ));
	teardown();
}

TEST(interrupt_suppression_by_event)
{
	unsigned i;

	start(4, ALL);
	vd_desc(&d, 0, 0, BUFFERS, 4, V_WRITE, 0);
	/* used_event 5: the interrupt comes with the sixth entry. */
	vd_write16(d.q[0].avail + 4 + 16, 5);
	for (i = 0; i < 8; i++) {
		vd_offer(&d, 0, 0);
		vd_notify(&d, 0);
		CHECK_EQ(world_line(V_IRQ), i >= 5);
		/* avail_event: tell me about the next one. */
		CHECK_EQ(vd_read16(d.q[0].used + 4 + 64), i + 1);
	}
	CHECK_EQ(world_changes(V_IRQ), 1);
	/* One batch that passes the event: one interrupt. */
	world_w32(d.dev, V_ACK, 1);
	vd_write16(d.q[0].avail + 4 + 16, 9);
	for (i = 0; i < 4; i++)
		vd_offer(&d, 0, 0);
	vd_notify(&d, 0);
	CHECK(world_line(V_IRQ));
	/* The event is the entry before this one: passed already. */
	world_w32(d.dev, V_ACK, 1);
	vd_write16(d.q[0].avail + 4 + 16, 11);
	vd_offer(&d, 0, 0);
	vd_notify(&d, 0);
	CHECK(!world_line(V_IRQ));
	/* The event is this one. */
	vd_write16(d.q[0].avail + 4 + 16, 13);
	vd_offer(&d, 0, 0);
	vd_notify(&d, 0);
	CHECK(world_line(V_IRQ));
	vd_write16(d.q[0].avail + 4 + 16, 9);
	/* One that does not. */
	world_w32(d.dev, V_ACK, 1);
	for (i = 0; i < 4; i++)
		vd_offer(&d, 0, 0);
	vd_notify(&d, 0);
	CHECK(!world_line(V_IRQ));
	teardown();
}

TEST(indirect_descriptors)
{
	const uint64_t table = WORLD_RAM + WORLD_PIECE - 40; /* unaligned, across the gap */
	uint32_t id, len;
	unsigned i;

	start(4, ALL);
	for (i = 0; i < 20; i++)
		vd_desc_at(table, i, BUFFERS + 32 * i, 8, V_WRITE | (i < 19 ? V_NEXT : 0), i + 1);
	vd_desc(&d, 0, 2, table, 20 * 16, V_INDIRECT, 0);
	vd_offer(&d, 0, 2);
	/* Behind ordinary ones too (2.6.5.3.2). */
	vd_desc(&d, 0, 3, BUFFERS + 0x1000, 8, V_WRITE | V_NEXT, 2);
	vd_offer(&d, 0, 3);
	vd_notify(&d, 0);
	REQUIRE(vd_used(&d, 0, &id, &len));
	CHECK_EQ(len, 160);
	REQUIRE(vd_used(&d, 0, &id, &len));
	CHECK_EQ(id, 3);
	CHECK_EQ(len, 168);
	teardown();
}

/* --- drivers that break the rules --------------------------------------------------------- */

static void expect_broken(const char *why)
{
	CHECK(!vd_broken(&d));
	vd_notify(&d, 0);
	CHECK(vd_broken(&d));
	CHECK_EQ(world_r32(d.dev, V_ISR) & 2, 2);
	if (!strstr(fake_log_text(), why))
		unit_fail(__FILE__, __LINE__, "not \"%s\" but: %s", why, fake_log_text());
	/* It does nothing more until it is reset. */
	CHECK_EQ(vd_read16(d.q[0].used + 2), 0);
	vd_desc(&d, 0, 0, BUFFERS, 4, V_WRITE, 0);
	vd_write16(d.q[0].avail + 2, 1);
	vd_write16(d.q[0].avail + 4, 0);
	vd_notify(&d, 0);
	CHECK_EQ(vd_read16(d.q[0].used + 2), 0);
	world_w32(d.dev, V_STATUS, 0);
	CHECK(!vd_broken(&d));
	CHECK(!world_line(V_IRQ));
	CHECK(vd_negotiate(&d, d.features));
	vd_queue(&d, 0, 8, RINGS);
	vd_ready(&d);
	vd_offer(&d, 0, 0);
	vd_notify(&d, 0);
	CHECK_EQ(vd_read16(d.q[0].used + 2), 1);
	teardown();
}

TEST(broken_index)
{
	start(4, ALL);
	vd_write16(d.q[0].avail + 2, 9);
	expect_broken("available index went from 0 to 9");
}

TEST(broken_head)
{
	start(4, ALL);
	vd_offer(&d, 0, 8);
	expect_broken("a descriptor number beyond the table");
}

TEST(broken_next)
{
	start(4, ALL);
	vd_desc(&d, 0, 0, BUFFERS, 4, V_WRITE | V_NEXT, 0xffff);
	vd_offer(&d, 0, 0);
	expect_broken("a descriptor number beyond the table");
}

TEST(broken_loop)
{
	start(4, ALL);
	vd_desc(&d, 0, 0, BUFFERS, 4, V_WRITE | V_NEXT, 1);
	vd_desc(&d, 0, 1, BUFFERS, 4, V_WRITE | V_NEXT, 0);
	vd_offer(&d, 0, 0);
	expect_broken("longer than the queue, or a loop");
}

TEST(broken_zero_length)
{
	start(4, ALL);
	vd_desc(&d, 0, 0, BUFFERS, 0, V_WRITE, 0);
	vd_offer(&d, 0, 0);
	expect_broken("a buffer without length");
}

TEST(broken_address_overflow)
{
	start(4, ALL);
	vd_desc(&d, 0, 0, UINT64_MAX - 2, 4, V_WRITE, 0);
	vd_offer(&d, 0, 0);
	expect_broken("beyond all addresses");
}

TEST(broken_no_memory)
{
	start(4, ALL);
	vd_desc(&d, 0, 0, 0x1000, 4, V_WRITE, 0);
	vd_offer(&d, 0, 0);
	expect_broken("buffer at 0x1000 is not writable memory");
}

TEST(broken_half_memory)
{
	start(4, ALL);
	vd_desc(&d, 0, 0, WORLD_RAM + WORLD_RAM_SIZE - 8, 16, V_WRITE, 0);
	vd_offer(&d, 0, 0);
	expect_broken("is not writable memory");
}

TEST(broken_rom)
{
	start(4, ALL);
	vd_desc(&d, 0, 0, WORLD_ROM, 4, V_WRITE, 0);
	vd_offer(&d, 0, 0);
	expect_broken("is not writable memory");
}

TEST(broken_order)
{
	start(4, ALL);
	vd_desc(&d, 0, 0, BUFFERS, 4, V_WRITE | V_NEXT, 1);
	vd_desc(&d, 0, 1, BUFFERS, 4, 0, 0);
	vd_offer(&d, 0, 0);
	expect_broken("a buffer to read behind one to write");
}

TEST(broken_indirect_not_agreed)
{
	start(4, V_F_VERSION1);
	vd_desc(&d, 0, 0, BUFFERS, 16, V_INDIRECT, 0);
	vd_offer(&d, 0, 0);
	expect_broken("which was not negotiated");
}

TEST(broken_indirect_nested)
{
	start(4, ALL);
	vd_desc(&d, 0, 0, BUFFERS, 16, V_INDIRECT, 0);
	vd_desc_at(BUFFERS, 0, BUFFERS, 16, V_INDIRECT, 0);
	vd_offer(&d, 0, 0);
	expect_broken("an indirect descriptor inside a table");
}

TEST(broken_indirect_next)
{
	start(4, ALL);
	vd_desc(&d, 0, 0, BUFFERS, 16, V_INDIRECT | V_NEXT, 1);
	vd_offer(&d, 0, 0);
	expect_broken("or with a next one");
}

TEST(broken_indirect_length)
{
	start(4, ALL);
	vd_desc(&d, 0, 0, BUFFERS, 17, V_INDIRECT, 0);
	vd_offer(&d, 0, 0);
	expect_broken("an indirect table that is empty, broken");
}

TEST(broken_indirect_huge)
{
	start(4, ALL);
	vd_desc(&d, 0, 0, BUFFERS, 1025 * 16, V_INDIRECT, 0);
	vd_offer(&d, 0, 0);
	expect_broken("longer than 1024 descriptors");
}

TEST(broken_indirect_nowhere)
{
	start(4, ALL);
	vd_desc(&d, 0, 0, 0x5000, 32, V_INDIRECT, 0);
	vd_offer(&d, 0, 0);
	expect_broken("a descriptor table that is not in memory");
}

TEST(broken_indirect_loop)
{
	start(4, ALL);
	vd_desc(&d, 0, 0, BUFFERS, 32, V_INDIRECT, 0);
	vd_desc_at(BUFFERS, 0, BUFFERS + 64, 1, V_WRITE | V_NEXT, 1);
	vd_desc_at(BUFFERS, 1, BUFFERS + 64, 1, V_WRITE | V_NEXT, 0);
	vd_offer(&d, 0, 0);
	expect_broken("or a loop");
}
