/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PL061 (ARM DDI 0190): data by address mask, directions, edges and levels, the power button.
 */
#include "emu_world.h"
#include "unit.h"

#include <string.h>

#include <core/vpower.h>
#include <libs/errno.h>

#define DATA(mask) ((mask) << 2)
#define DIR   0x400
#define IS    0x404
#define IBE   0x408
#define IEV   0x40c
#define IE    0x410
#define RIS   0x414
#define MIS   0x418
#define IC    0x41c
#define AFSEL 0x420

#define IRQ 39
#define MS  1000000ull

static struct emu_dev *gpio;

static void setup(void)
{
	world_begin();
	gpio = world_device("gpio", "primecell,pl061", 0x1000, IRQ);
}

static void teardown(void)
{
	CHECK_EQ(world_end(), 0);
}

TEST(reset_and_identification)
{
	static const uint8_t ids[] = { 0, 0, 0, 0, 0x61, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
	unsigned i;

	setup();
	for (i = DIR; i <= AFSEL; i += 4)
		CHECK_EQ(world_r32(gpio, i), 0);
	for (i = 0; i < 12; i++)
		CHECK_EQ(world_r32(gpio, 0xfd0 + 4 * i), ids[i]);
	for (i = DIR; i <= AFSEL; i += 4) {
		world_w32(gpio, i, 0xfff);
		if (i != RIS && i != MIS && i != IC)
			CHECK_EQ(world_r32(gpio, i), 0xff);
	}
	gpio->emu->reset(gpio);
	for (i = DIR; i <= AFSEL; i += 4)
		CHECK_EQ(world_r32(gpio, i), 0);
	CHECK_EQ(world_read(gpio, 0x424, 4), WORLD_BAD | EMU_NONE);
	teardown();
}

TEST(data_by_mask)
{
	unsigned mask;

	setup();
	world_w32(gpio, DIR, 0xf0);
	world_w32(gpio, DATA(0xff), 0xff);
	CHECK_EQ(world_r32(gpio, DATA(0xff)), 0xf0);
	for (mask = 0; mask < 256; mask++)
		CHECK_EQ(world_r32(gpio, DATA(mask)), mask & 0xf0);
	world_w32(gpio, DATA(0x30), 0x10);
	CHECK_EQ(world_r32(gpio, DATA(0xff)), 0xd0);
	world_w32(gpio, DATA(0), 0xff);
	CHECK_EQ(world_r32(gpio, DATA(0xff)), 0xd0);
	CHECK_EQ(world_write(gpio, DATA(0x80), 1, 0), EMU_OK);
	CHECK_EQ(world_r32(gpio, DATA(0xff)), 0x50);
	/* An output that becomes an input reads what comes from outside. */
	world_w32(gpio, DIR, 0);
	CHECK_EQ(world_r32(gpio, DATA(0xff)), 0);
	teardown();
}

TEST(power_button_edges)
{
	setup();
	world_w32(gpio, IEV, 8);
	world_w32(gpio, IE, 8);
	CHECK_EQ(guest_power_button(world_guest()), 0);
	CHECK_EQ(world_r32(gpio, DATA(8)), 8);
	CHECK_EQ(world_r32(gpio, RIS), 8);
	CHECK_EQ(world_r32(gpio, MIS), 8);
	CHECK(world_line(IRQ));
	world_w32(gpio, IC, 8);
	CHECK(!world_line(IRQ));
	/* Let go after a while: falling edge, not wanted. */
	world_advance(99 * MS);
	CHECK_EQ(world_r32(gpio, DATA(8)), 8);
	world_advance(MS);
	CHECK_EQ(world_r32(gpio, DATA(0xff)), 0);
	CHECK(!world_line(IRQ));
	/* Both edges, as Linux asks for. */
	world_w32(gpio, IBE, 8);
	CHECK_EQ(guest_power_button(world_guest()), 0);
	CHECK(world_line(IRQ));
	world_w32(gpio, IC, 8);
	world_advance(100 * MS);
	CHECK(world_line(IRQ));
	world_w32(gpio, IC, 0xf7);
	CHECK(world_line(IRQ));
	world_w32(gpio, IC, 8);
	CHECK(!world_line(IRQ));
	/* Falling edge only. */
	world_w32(gpio, IBE, 0);
	world_w32(gpio, IEV, 0);
	CHECK_EQ(guest_power_button(world_guest()), 0);
	CHECK(!world_line(IRQ));
	world_advance(100 * MS);
	CHECK(world_line(IRQ));
	teardown();
}

TEST(levels)
{
	setup();
	world_w32(gpio, IS, 8);
	world_w32(gpio, IEV, 8);
	world_w32(gpio, IE, 8);
	CHECK_EQ(guest_power_button(world_guest()), 0);
	CHECK(world_line(IRQ));
	/* A level cannot be cleared. */
	world_w32(gpio, IC, 8);
	CHECK(world_line(IRQ));
	world_advance(100 * MS);
	CHECK(!world_line(IRQ));
	/* Low level: all lines are low. */
	world_w32(gpio, IS, 0xff);
	world_w32(gpio, IEV, 0);
	CHECK_EQ(world_r32(gpio, RIS), 0xff);
	CHECK(world_line(IRQ));
	world_w32(gpio, IE, 0);
	CHECK(!world_line(IRQ));
	CHECK_EQ(world_r32(gpio, MIS), 0);
	teardown();
}

TEST(outputs_make_no_edges)
{
	setup();
	world_w32(gpio, IBE, 0xff);
	world_w32(gpio, IE, 0xff);
	world_w32(gpio, DIR, 0xff);
	world_w32(gpio, DATA(0xff), 0xff);
	CHECK_EQ(world_r32(gpio, RIS), 0);
	CHECK_EQ(guest_power_button(world_guest()), 0);
	CHECK_EQ(world_r32(gpio, RIS), 0);
	teardown();
}

TEST(other_power_line)
{
	struct dt_node *node;
	struct emu_dev *dev;
	int err;

	world_begin();
	node = world_node("gpio", "arm,pl061");
	CHECK_EQ(dt_set_u32(node, "power_line", 0), 0);
	dev = world_probe(node, 0x1000, &err);
	REQUIRE(dev);
	CHECK_EQ(guest_power_button(world_guest()), 0);
	CHECK_EQ(world_r32(dev, DATA(0xff)), 1);
	CHECK_EQ(dev->emu->check(node, "p", world_out()), 0);
	CHECK_EQ(dt_set_u32(node, "power_line", 8), 0);
	CHECK_EQ(dev->emu->check(node, "p", world_out()), 1);
	CHECK(strstr(world_out_text(), "p: power_line is 8"));
	/* Destroyed while pressed. */
	CHECK_EQ(world_end(), 0);
	world_begin();
	CHECK_EQ(guest_power_button(world_guest()), -ENODEV);
	CHECK_EQ(world_end(), 0);
}
