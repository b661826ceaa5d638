/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SP805 (ARM DDI 0270): counting, interrupt, reset of the guest, lock, integration test registers.
 */
#include "emu_world.h"
#include "fake.h"
#include "unit.h"

#include <string.h>

#define LOAD	0x000
#define VALUE	0x004
#define CONTROL 0x008
#define INTCLR	0x00c
#define RIS	0x010
#define MIS	0x014
#define LOCK	0xc00
#define ITCR	0xf00
#define ITOP	0xf04
#define KEY	0x1acce551u

#define IRQ 35
#define US  1000ull /* one tick at 1 MHz */

static struct emu_dev *wdt;

static void setup(void)
{
	world_begin();
	wdt = world_device("watchdog", "primecell,sp805", 0x1000, IRQ);
}

static void teardown(void)
{
	CHECK_EQ(world_end(), 0);
}

TEST(reset_and_identification)
{
	static const uint8_t ids[] = { 0x05, 0x18, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
	unsigned i;

	setup();
	CHECK_EQ(world_r32(wdt, LOAD), ~0u);
	CHECK_EQ(world_r32(wdt, VALUE), ~0u);
	CHECK_EQ(world_r32(wdt, CONTROL), 0);
	CHECK_EQ(world_r32(wdt, INTCLR), 0);
	CHECK_EQ(world_r32(wdt, RIS), 0);
	CHECK_EQ(world_r32(wdt, MIS), 0);
	CHECK_EQ(world_r32(wdt, LOCK), 0);
	CHECK_EQ(world_r32(wdt, ITCR), 0);
	for (i = 0; i < 8; i++)
		CHECK_EQ(world_r32(wdt, 0xfe0 + 4 * i), ids[i]);
	world_w32(wdt, CONTROL, ~0u);
	CHECK_EQ(world_r32(wdt, CONTROL), 3);
	CHECK_EQ(world_read(wdt, 0x18, 4), WORLD_BAD | EMU_NONE);
	teardown();
}

TEST(counts_down)
{
	setup();
	world_w32(wdt, LOAD, 1000);
	CHECK_EQ(world_r32(wdt, VALUE), 1000);
	world_advance(5 * US);
	CHECK_EQ(world_r32(wdt, VALUE), 1000);
	world_w32(wdt, CONTROL, 1);
	world_advance(400 * US);
	CHECK_EQ(world_r32(wdt, VALUE), 600);
	world_w32(wdt, CONTROL, 0);
	world_advance(400 * US);
	CHECK_EQ(world_r32(wdt, VALUE), 600);
	/* Enabled again it begins anew. */
	world_w32(wdt, CONTROL, 1);
	CHECK_EQ(world_r32(wdt, VALUE), 1000);
	world_w32(wdt, LOAD, 50);
	CHECK_EQ(world_r32(wdt, VALUE), 50);
	teardown();
}

TEST(interrupt_then_reset)
{
	setup();
	world_w32(wdt, LOAD, 1000);
	world_w32(wdt, CONTROL, 3);
	world_advance(999 * US);
	CHECK(!world_line(IRQ));
	world_advance(US);
	CHECK(world_line(IRQ));
	CHECK_EQ(world_r32(wdt, RIS), 1);
	CHECK_EQ(world_r32(wdt, MIS), 1);
	CHECK_EQ(world_work(), 0);
	world_advance(1000 * US);
	CHECK_EQ(world_work(), 0);
	CHECK_EQ(world_r32(wdt, VALUE), 1);
	world_advance(US);
	CHECK_EQ(world_work(), 1);
	CHECK_EQ(world_resets(), 1);
	CHECK(strstr(fake_log_text(), "the watchdog ran out"));
	/* It stops there. */
	CHECK_EQ(world_r32(wdt, VALUE), 0);
	world_advance(10000 * US);
	CHECK_EQ(world_work(), 0);
	wdt->emu->reset(wdt);
	CHECK(!world_line(IRQ));
	CHECK_EQ(world_r32(wdt, LOAD), ~0u);
	teardown();
}

TEST(fed_it_never_resets)
{
	unsigned i;

	setup();
	world_w32(wdt, LOAD, 1000);
	world_w32(wdt, CONTROL, 3);
	for (i = 0; i < 50; i++) {
		world_advance(1500 * US);
		CHECK(world_line(IRQ));
		world_w32(wdt, INTCLR, 0x1234);
		CHECK(!world_line(IRQ));
		CHECK_EQ(world_r32(wdt, VALUE), 1000);
	}
	CHECK_EQ(world_work(), 0);
	teardown();
}

TEST(without_reset_it_goes_round)
{
	setup();
	world_w32(wdt, LOAD, 99);
	world_w32(wdt, CONTROL, 1);
	world_advance(99 * US);
	CHECK(world_line(IRQ));
	/* Nothing more to do for the timer, and the value goes round all the same. */
	CHECK_EQ(world_next_timer(), UINT64_MAX);
	world_advance(51 * US);
	CHECK_EQ(world_r32(wdt, VALUE), 49);
	world_advance(100 * US);
	CHECK_EQ(world_r32(wdt, VALUE), 49);
	/* Resets wanted later: at the next zero. */
	world_w32(wdt, CONTROL, 3);
	world_advance(48 * US);
	CHECK_EQ(world_work(), 0);
	world_advance(2 * US);
	CHECK_EQ(world_work(), 1);
	teardown();
}

TEST(load_of_zero_is_no_storm)
{
	setup();
	world_w32(wdt, CONTROL, 1);
	world_w32(wdt, LOAD, 0);
	world_advance(1000000 * US);
	CHECK(world_line(IRQ));
	CHECK_EQ(world_r32(wdt, VALUE), 0);
	world_w32(wdt, INTCLR, 0);
	CHECK(!world_line(IRQ));
	world_advance(1000000 * US);
	CHECK(world_line(IRQ));
	CHECK_EQ(world_work(), 0);
	world_w32(wdt, CONTROL, 3);
	world_advance(1000000 * US);
	CHECK_EQ(world_work(), 1);
	teardown();
}

TEST(masked_interrupt)
{
	setup();
	world_w32(wdt, LOAD, 10);
	world_w32(wdt, CONTROL, 1);
	world_advance(10 * US);
	CHECK(world_line(IRQ));
	world_w32(wdt, CONTROL, 0);
	CHECK(!world_line(IRQ));
	CHECK_EQ(world_r32(wdt, RIS), 1);
	CHECK_EQ(world_r32(wdt, MIS), 0);
	teardown();
}

TEST(lock)
{
	setup();
	world_w32(wdt, LOCK, 0);
	CHECK_EQ(world_r32(wdt, LOCK), 1);
	world_w32(wdt, LOAD, 5);
	world_w32(wdt, CONTROL, 3);
	world_w32(wdt, ITCR, 1);
	CHECK_EQ(world_r32(wdt, LOAD), ~0u);
	CHECK_EQ(world_r32(wdt, CONTROL), 0);
	CHECK_EQ(world_r32(wdt, ITCR), 0);
	CHECK(strstr(fake_log_text(), "while the registers are locked"));
	world_w32(wdt, LOCK, KEY);
	CHECK_EQ(world_r32(wdt, LOCK), 0);
	world_w32(wdt, LOAD, 5);
	CHECK_EQ(world_r32(wdt, LOAD), 5);
	world_w32(wdt, LOCK, KEY + 1);
	CHECK_EQ(world_r32(wdt, LOCK), 1);
	wdt->emu->reset(wdt);
	CHECK_EQ(world_r32(wdt, LOCK), 0);
	teardown();
}

TEST(integration_test)
{
	setup();
	world_w32(wdt, ITOP, 2);
	CHECK(!world_line(IRQ));
	world_w32(wdt, ITCR, ~0u);
	CHECK_EQ(world_r32(wdt, ITCR), 1);
	CHECK(world_line(IRQ));
	world_w32(wdt, ITOP, 0);
	CHECK(!world_line(IRQ));
	CHECK_EQ(world_work(), 0);
	world_w32(wdt, ITOP, 1);
	CHECK_EQ(world_work(), 1);
	CHECK_EQ(world_resets(), 1);
	world_w32(wdt, ITCR, 0);
	CHECK(!world_line(IRQ));
	teardown();
}

TEST(clock_of_the_node)
{
	struct dt_node *node;
	struct emu_dev *dev;
	int err;

	world_begin();
	node = world_node("w", "primecell,sp805");
	CHECK_EQ(dt_set_u32(node, "clock-frequency", 32768), 0);
	dev = world_probe(node, 0x1000, &err);
	REQUIRE(dev);
	world_w32(dev, LOAD, 32768);
	world_w32(dev, CONTROL, 1);
	world_advance(500000000);
	CHECK_EQ(world_r32(dev, VALUE), 16384);
	world_advance(499000000);
	CHECK_EQ(world_r32(dev, RIS), 0);
	world_advance(1000000);
	CHECK_EQ(world_r32(dev, RIS), 1);
	CHECK_EQ(dev->emu->check(node, "p", world_out()), 0);
	CHECK_EQ(dt_set_u32(node, "clock-frequency", 0), 0);
	CHECK_EQ(dev->emu->check(node, "p", world_out()), 1);
	CHECK_EQ(dt_set_u32(node, "clock-frequency", 2000000000), 0);
	CHECK_EQ(dev->emu->check(node, "p", world_out()), 1);
	CHECK(strstr(world_out_text(), "p: clock-frequency is 2000000000 Hz"));
	/* The longest time it can count: no overflow on the way. */
	world_w32(dev, LOAD, ~0u);
	world_advance(100000ull * 1000000000);
	CHECK_EQ(world_r32(dev, VALUE), ~0u - 3276800000u);
	CHECK_EQ(world_end(), 0);
}

TEST(reset_from_elsewhere_comes_first)
{
	setup();
	world_w32(wdt, LOAD, 10);
	world_w32(wdt, CONTROL, 3);
	world_advance(30 * US);
	wdt->emu->reset(wdt);
	CHECK_EQ(world_work(), 0);
	CHECK_EQ(world_resets(), 0);
	teardown();
}

TEST(removed_while_it_runs)
{
	setup();
	world_w32(wdt, LOAD, 10);
	world_w32(wdt, CONTROL, 3);
	world_advance(11 * US);
	teardown();
	setup();
	world_w32(wdt, LOAD, 10);
	world_w32(wdt, CONTROL, 3);
	world_advance(30 * US);
	/* The reset was asked for, and the guest is destroyed before it came. */
	teardown();
	CHECK_EQ(world_resets(), 0);
}
