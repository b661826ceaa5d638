/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices of a PC beside its interrupt controllers: 8254, clock, serial port, keyboard controller,
 * ACPI's fixed hardware, the port of test programs.
 */
#include <stdarg.h>

#include <core/vpower.h>
#include "../../emulators/input/i8042.h"
#include "emu_world.h"
#include "unit.h"

#define MS 1000000ull

static enum guest_exit ended;

void guest_end(struct guest *guest, enum guest_exit why, const char *fmt, ...)
{
	ended = why;
}

static struct emu_dev *part(const char *name, const char *compatible, uint64_t size)
{
	int err;
	struct emu_dev *dev = world_probe(world_node(name, compatible), size, &err);

	CHECK(dev && !err);
	return dev;
}

static uint8_t in(struct emu_dev *dev, unsigned port)
{
	return (uint8_t)world_read(dev, port, 1);
}

static void out(struct emu_dev *dev, unsigned port, uint8_t value)
{
	CHECK_EQ(world_write(dev, port, 1, value), EMU_OK);
}

/* --- 8254 -------------------------------------------------------------------------------- */

static struct emu_dev *pit, *port61;

static void begin_pit(void)
{
	world_begin();
	pit = world_device("pit", "intel,i8254", 4, 0);
	port61 = part("pit2", "intel,i8254-control", 1);
}

static unsigned read_pit(unsigned n)
{
	unsigned low = in(pit, n);

	return low | in(pit, n) << 8;
}

TEST(pit_ticks)
{
	begin_pit();
	out(pit, 3, 0x34); /* channel 0, both bytes, mode 2 */
	CHECK_EQ(world_next_timer(), UINT64_MAX);
	out(pit, 0, 0x9c);
	out(pit, 0, 0x2e); /* 11932: 10 ms */
	CHECK(world_line(0));
	unsigned before = world_changes(0);
	for (unsigned i = 1; i <= 10; i++) {
		world_advance(10 * MS + 10000);
		CHECK_EQ(world_changes(0) - before, 2 * i);
	}
	/* Late by many: they are one. (The world's timers are never late, so: a small count.) */
	out(pit, 3, 0x14);
	out(pit, 0, 2);
	before = world_changes(0);
	world_advance(10 * MS);
	CHECK(world_changes(0) - before <= 2 * 10 * MS / 50000);
	CHECK(world_changes(0) - before >= 2 * 5 * MS / 50000);
	/* One-shot: once. */
	out(pit, 3, 0x30);
	CHECK(!world_line(0));
	out(pit, 0, 0xa9);
	out(pit, 0, 0x04); /* 1193: 1 ms */
	world_advance(MS - 10000);
	CHECK(!world_line(0));
	world_advance(20000);
	CHECK(world_line(0));
	CHECK_EQ(world_next_timer(), UINT64_MAX);
	CHECK_EQ(world_end(), 0);
}

TEST(pit_counts)
{
	begin_pit();
	out(pit, 3, 0xb0); /* channel 2, mode 0 */
	out(port61, 0, 1);
	out(pit, 2, 0xff);
	out(pit, 2, 0xff);
	CHECK_EQ(in(port61, 0) & 0x21, 1);
	world_advance(MS);
	CHECK_EQ(read_pit(2), 0xffff - 1193);
	/* Latched: as it was then. */
	out(pit, 3, 0x80);
	world_advance(MS);
	CHECK_EQ(read_pit(2), 0xffff - 1193);
	CHECK_EQ(read_pit(2), 0xffff - 2386);
	/* The gate stops it and lets it go on. */
	out(port61, 0, 0);
	world_advance(MS);
	CHECK_EQ(read_pit(2), 0xffff - 2386);
	out(port61, 0, 1);
	world_advance(MS);
	CHECK(0xffff - 3579 - read_pit(2) <= 1);
	world_advance(60 * MS);
	CHECK_EQ(in(port61, 0) & 0x20, 0x20);
	/* Read-back of status and count. */
	out(pit, 3, 0xc8);
	CHECK_EQ(in(pit, 2), 0xb0);
	/* Square wave: half of the time, counted by twos. */
	out(pit, 3, 0xb6);
	out(pit, 2, 0x00);
	out(pit, 2, 0x10);
	CHECK_EQ(in(port61, 0) & 0x20, 0x20);
	world_advance(4096ull * 1000000000 / 1193182 * 3 / 4);
	CHECK_EQ(in(port61, 0) & 0x20, 0);
	CHECK(read_pit(2) <= 0x1000);
	/* BCD. */
	out(pit, 3, 0xb1);
	out(pit, 2, 0x00);
	out(pit, 2, 0x20);
	world_advance(MS);
	CHECK_EQ(read_pit(2), 0x0807);
	CHECK_EQ(world_read(pit, 0, 2), WORLD_BAD | EMU_WIDTH);
	CHECK_EQ(world_end(), 0);
}

/* --- HPET -------------------------------------------------------------------------------- */

static struct emu_dev *hpet;

static void begin_hpet(void)
{
	struct dt_node *node;
	int err;

	begin_pit();
	node = world_node("hpet", "intel,ia-hpet");
	CHECK_EQ(dt_set_cells(node, "interrupts", (uint32_t[]){ 0, 8 }, 2), 0);
	hpet = world_probe(node, 0x400, &err);
	CHECK(hpet && !err);
	CHECK_EQ(hpet->emu->ready(hpet), 0);
}

TEST(hpet_counts)
{
	begin_hpet();
	CHECK_EQ(world_read(hpet, 0, 8) >> 32, 10000000); /* fs: 100 MHz */
	CHECK_EQ(world_r32(hpet, 0), 0x8086a201);
	world_advance(MS);
	CHECK_EQ(world_read(hpet, 0xf0, 8), 0);
	world_w32(hpet, 0x10, 1);
	world_advance(MS);
	CHECK_EQ(world_read(hpet, 0xf0, 8), 100000);
	world_w32(hpet, 0x10, 0);
	world_advance(MS);
	CHECK_EQ(world_r32(hpet, 0xf0), 100000);
	CHECK_EQ(world_write(hpet, 0xf0, 8, 0x1fffffff0), EMU_OK);
	CHECK_EQ(world_r32(hpet, 0xf4), 1);
	world_w32(hpet, 0xf4, 2);
	CHECK_EQ(world_read(hpet, 0xf0, 8), 0x2fffffff0);
	/* Only words and double words are registers; behind them is nothing. */
	CHECK_EQ(world_write(hpet, 0x10, 2, 1), EMU_WIDTH);
	CHECK_EQ(world_write(hpet, 0x12, 4, 1), EMU_WIDTH);
	CHECK_EQ(world_read(hpet, 0x160, 8), 0);
	CHECK_EQ(world_write(hpet, 0x160, 8, ~0ull), EMU_OK);
	CHECK_EQ(world_end(), 0);
}

TEST(hpet_periodic)
{
	begin_hpet();
	out(pit, 3, 0x34);
	out(pit, 0, 0x9c);
	out(pit, 0, 0x2e);
	unsigned before = world_changes(0);
	/* For the 8254: each 10 ms, from 1 ms on. */
	world_w32(hpet, 0x100, 0x14c);
	world_w32(hpet, 0x108, 100000);
	world_w32(hpet, 0x108, 1000000);
	world_w32(hpet, 0x10, 3);
	CHECK(world_changes(0) - before <= 1);
	before = world_changes(0);
	world_advance(MS - 1000);
	CHECK_EQ(world_changes(0), before);
	world_advance(2000);
	CHECK_EQ(world_changes(0) - before, 2);
	world_advance(30 * MS);
	CHECK_EQ(world_changes(0) - before, 8);
	CHECK_EQ(world_r32(hpet, 0x108), 4100000);
	/* The 8254 comes again afterwards. */
	world_w32(hpet, 0x10, 0);
	before = world_changes(0);
	world_advance(30 * MS);
	CHECK_EQ(world_changes(0) - before, 6);
	/* Storms are thinned. */
	world_w32(hpet, 0x10, 3);
	world_w32(hpet, 0x100, 0x14c);
	world_w32(hpet, 0x108, world_r32(hpet, 0xf0) + 1);
	world_w32(hpet, 0x108, 1);
	before = world_changes(0);
	world_advance(10 * MS);
	CHECK(world_changes(0) - before <= 2 * (10 * MS / 50000 + 1));
	CHECK(world_changes(0) - before >= 10 * MS / 50000);
	CHECK_EQ(world_end(), 0);
}

TEST(hpet_one_shot)
{
	begin_hpet();
	world_w32(hpet, 0x10, 1);
	/* Input 20, level: held until its status is cleared. */
	world_w32(hpet, 0x140, 20 << 9 | 6);
	world_write(hpet, 0x148, 8, 100000);
	world_advance(MS - 1000);
	CHECK(!world_line(20));
	world_advance(2000);
	CHECK(world_line(20));
	CHECK_EQ(world_r32(hpet, 0x20), 4);
	world_w32(hpet, 0x20, 4);
	CHECK(!world_line(20));
	CHECK_EQ(world_next_timer(), UINT64_MAX);
	/* With 32 bits it comes again when the count has gone around. */
	world_w32(hpet, 0x140, 20 << 9 | 0x104);
	world_write(hpet, 0x148, 8, world_r32(hpet, 0xf0) + 1000);
	unsigned before = world_pulses(20);
	world_advance(11000);
	CHECK(world_next_timer() != UINT64_MAX);
	world_advance(10 * (1ull << 32));
	CHECK(world_changes(20) - before >= 2);
	/* An input that it has not is none. */
	world_w32(hpet, 0x140, 5 << 9 | 4);
	world_write(hpet, 0x148, 8, world_read(hpet, 0xf0, 8) + 10);
	world_advance(MS);
	CHECK(!world_line(5));
	hpet->emu->reset(hpet);
	CHECK_EQ(world_read(hpet, 0x148, 8), UINT64_MAX);
	CHECK_EQ(world_next_timer(), UINT64_MAX);
	CHECK_EQ(world_end(), 0);
}

/* What the guest writes between a moment and its timer, which is late, takes nothing away. */
TEST(late_timers)
{
	begin_pit();
	out(pit, 3, 0x34);
	out(pit, 0, 0x9c);
	out(pit, 0, 0x2e); /* 11932: 10 ms */
	unsigned before = world_changes(0);
	world_stall(11 * MS);
	out(pit, 3, 0); /* latch */
	CHECK_EQ(world_changes(0) - before, 2);
	world_advance(MS);
	CHECK_EQ(world_changes(0) - before, 2);
	world_advance(10 * MS);
	CHECK_EQ(world_changes(0) - before, 4);
	CHECK_EQ(world_end(), 0);

	begin_hpet();
	world_w32(hpet, 0x10, 1);
	/* A one-shot at 1 ms, while another comparator is set; then one that is periodic. */
	world_w32(hpet, 0x140, 20 << 9 | 4);
	world_write(hpet, 0x148, 8, 100000);
	before = world_changes(20);
	world_stall(2 * MS);
	world_w32(hpet, 0x120, 21 << 9 | 0x4c);
	CHECK_EQ(world_changes(20) - before, 2);
	world_write(hpet, 0x128, 8, 300000);
	world_write(hpet, 0x128, 8, 100000);
	world_stall(2 * MS);
	world_w32(hpet, 0x20, 2);
	before = world_changes(21);
	world_advance(10 * MS);
	CHECK(world_changes(21) - before >= 16);
	CHECK_EQ(world_changes(20), 2);
	CHECK_EQ(world_end(), 0);
}

/* --- clock ------------------------------------------------------------------------------- */

static struct emu_dev *rtc;

static uint8_t cmos(unsigned reg)
{
	out(rtc, 0, (uint8_t)reg);
	return in(rtc, 1);
}

static void set_cmos(unsigned reg, uint8_t value)
{
	out(rtc, 0, (uint8_t)reg);
	out(rtc, 1, value);
}

static void begin_rtc(void)
{
	static struct region regions[2] = {
		{ .flags = REGION_RAM, .gpa = 0, .size = 0xc0000000 },
		{ .flags = REGION_RAM, .gpa = 0x100000000, .size = 0x40000000 },
	};

	world_begin();
	world_set_epoch(1700000000 - 1); /* 2023-11-14 22:13:20, a Tuesday */
	world_guest()->regions = regions;
	world_guest()->nr_regions = 2;
	rtc = world_device("rtc", "motorola,mc146818", 2, 8);
}

TEST(rtc_time)
{
	begin_rtc();
	CHECK_EQ(cmos(0), 0x20);
	CHECK_EQ(cmos(2), 0x13);
	CHECK_EQ(cmos(4), 0x22);
	CHECK_EQ(cmos(6), 3);
	CHECK_EQ(cmos(7), 0x14);
	CHECK_EQ(cmos(8), 0x11);
	CHECK_EQ(cmos(9), 0x23);
	CHECK_EQ(cmos(0x32), 0x20);
	CHECK_EQ(cmos(13), 0x80);
	set_cmos(11, 4); /* binary, 12 hours */
	CHECK_EQ(cmos(4), 10 | 0x80);
	CHECK_EQ(cmos(2), 13);
	set_cmos(11, 2);
	/* An update is in progress before each second. */
	CHECK_EQ(cmos(10), 0x26);
	world_advance(999800000);
	CHECK_EQ(cmos(10), 0xa6);
	CHECK_EQ(cmos(0), 0x20);
	world_advance(200000);
	CHECK_EQ(cmos(10), 0x26);
	CHECK_EQ(cmos(0), 0x21);
	/* Set: it stands still meanwhile and goes on from there. */
	set_cmos(11, 0x82);
	set_cmos(0, 0x58);
	set_cmos(2, 0x59);
	set_cmos(4, 0x23);
	set_cmos(7, 0x28);
	set_cmos(8, 0x02);
	set_cmos(9, 0x24);
	world_advance(5000 * MS);
	CHECK_EQ(cmos(0), 0x58);
	set_cmos(11, 2);
	world_advance(3000 * MS);
	CHECK_EQ(cmos(0), 1);
	CHECK_EQ(cmos(7), 0x29); /* a leap year */
	CHECK_EQ(world_end(), 0);
}

TEST(rtc_memory)
{
	begin_rtc();
	CHECK_EQ(cmos(0x15) | cmos(0x16) << 8, 640);
	CHECK_EQ(cmos(0x34) | cmos(0x35) << 8, 0xbf00);
	CHECK_EQ(cmos(0x5b) | cmos(0x5c) << 8 | cmos(0x5d) << 16, 0x4000);
	CHECK_EQ(cmos(0x5f), 1);
	set_cmos(0x40, 0x5a);
	rtc->emu->reset(rtc);
	CHECK_EQ(cmos(0x40), 0x5a);
	CHECK_EQ(cmos(0xc0), 0x5a); /* bit 7 of the index is the NMI's */
	CHECK_EQ(in(rtc, 0), 0xff);
	CHECK_EQ(world_end(), 0);
}

TEST(rtc_interrupts)
{
	begin_rtc();
	CHECK_EQ(world_next_timer(), UINT64_MAX);
	set_cmos(11, 0x12); /* each second */
	cmos(12);
	world_advance(1000 * MS);
	CHECK(world_line(8));
	CHECK_EQ(cmos(12) & 0xb0, 0x90);
	CHECK(!world_line(8));
	/* Not taken: none follows, and there is no timer for it. */
	world_advance(10000 * MS);
	CHECK(world_line(8));
	CHECK_EQ(world_next_timer(), UINT64_MAX);
	cmos(12);
	world_advance(1000 * MS);
	CHECK(world_line(8));
	/* 1024 Hz. */
	set_cmos(11, 0x42);
	cmos(12);
	world_advance(1000);
	unsigned before = world_changes(8);
	for (unsigned i = 0; i < 10; i++) {
		world_advance(976563);
		CHECK_EQ(cmos(12) & 0xc0, 0xc0);
	}
	CHECK_EQ(world_changes(8) - before, 20);
	/* An alarm in an hour and 5 seconds, then one each minute. */
	set_cmos(11, 2);
	cmos(12);
	CHECK_EQ(cmos(0), 0x32);
	set_cmos(1, 0x37);
	set_cmos(3, 0x13);
	set_cmos(5, 0x23);
	set_cmos(11, 0x22);
	CHECK(world_next_timer() != UINT64_MAX);
	world_advance(3604000 * MS);
	CHECK(!world_line(8));
	world_advance(1000 * MS);
	CHECK(world_line(8));
	CHECK_EQ(cmos(12) & 0xa0, 0xa0);
	set_cmos(3, 0xc0);
	set_cmos(5, 0xff);
	world_advance(60000 * MS);
	CHECK_EQ(cmos(12) & 0xa0, 0xa0);
	world_advance(60000 * MS);
	CHECK_EQ(cmos(12) & 0xa0, 0xa0);
	/* Nonsense in it never matches. */
	set_cmos(1, 0x99);
	CHECK_EQ(world_next_timer(), UINT64_MAX);
	CHECK_EQ(world_end(), 0);
}

/* --- serial port ------------------------------------------------------------------------- */

TEST(uart)
{
	struct emu_dev *u;

	world_begin();
	u = world_device("uart0", "ns16550a", 8, 4);
	world_listen("g/uart0");
	CHECK_EQ(in(u, 5), 0x60);
	CHECK_EQ(in(u, 2), 1);
	for (const char *p = "Hi!"; *p; p++)
		out(u, 0, (uint8_t)*p);
	CHECK_STR(world_heard(), "Hi!");
	/* Divisor, scratch. */
	out(u, 3, 0x83);
	out(u, 0, 1);
	out(u, 1, 2);
	CHECK_EQ(in(u, 0) | in(u, 1) << 8, 0x201);
	out(u, 3, 3);
	out(u, 7, 0xa5);
	CHECK_EQ(in(u, 7), 0xa5);
	/* The transmitter's interrupt comes when it is switched on, and goes by being looked at. */
	out(u, 1, 2);
	CHECK(world_line(4));
	CHECK_EQ(in(u, 2), 2);
	CHECK(!world_line(4));
	out(u, 0, 'x');
	CHECK(world_line(4));
	CHECK_EQ(in(u, 2), 2);
	/* FIFO: trigger and time-out. */
	out(u, 2, 0xc7);
	out(u, 1, 1);
	CHECK_EQ(world_type("g/uart0", "abc"), 3);
	CHECK(world_line(4));
	CHECK_EQ(in(u, 2), 0xcc);
	CHECK_EQ(world_type("g/uart0", "0123456789012345678"), 19);
	CHECK_EQ(in(u, 2), 0xc4);
	CHECK_EQ(in(u, 5), 0x61);
	for (const char *p = "abc0123456789012345678"; *p; p++)
		CHECK_EQ(in(u, 0), *p);
	CHECK_EQ(in(u, 5), 0x60);
	CHECK(!world_line(4));
	/* Loop: what is sent comes back, modem lines too. */
	world_heard();
	out(u, 4, 0x1a);
	CHECK_EQ(in(u, 6), 0x90 | 2); /* clear to send stayed, the others went */
	CHECK_EQ(in(u, 6), 0x90);
	out(u, 0, 'L');
	CHECK_EQ(in(u, 0), 'L');
	CHECK_STR(world_heard(), "");
	for (unsigned i = 0; i < 17; i++)
		out(u, 0, 'z');
	CHECK_EQ(in(u, 5) & 2, 2);
	CHECK_EQ(in(u, 5) & 2, 0);
	CHECK_EQ(world_read(u, 7, 2), WORLD_BAD | EMU_NONE);
	CHECK_EQ(world_read(u, 0, 8), WORLD_BAD | EMU_WIDTH);
	CHECK_EQ(world_end(), 0);
}

/* --- keyboard controller ----------------------------------------------------------------- */

static struct emu_dev *kbd, *kbd_command;

static void begin_kbd(void)
{
	uint32_t irqs[] = { 1, 12 };
	struct dt_node *node;
	int err;

	world_begin();
	node = world_node("kbd", "intel,i8042");
	CHECK(!dt_set_cells(node, "interrupts", irqs, 2));
	kbd = world_probe(node, 1, &err);
	kbd_command = part("kbd2", "intel,i8042-command", 1);
}

/* @return what is read, as 0x100 where it is of the mouse, 0xdead: nothing is there */
static unsigned next_byte(void)
{
	uint8_t status = in(kbd_command, 0);

	return status & 1 ? (status & 0x20 ? 0x100u : 0) | in(kbd, 0) : 0xdead;
}

TEST(keyboard)
{
	begin_kbd();
	out(kbd_command, 0, 0xaa);
	CHECK_EQ(next_byte(), 0x55);
	out(kbd_command, 0, 0x20);
	CHECK_EQ(next_byte(), 0x45);
	CHECK_EQ(next_byte(), 0xdead);
	out(kbd, 0, 0xff);
	CHECK(world_line(1));
	CHECK_EQ(next_byte(), 0xfa);
	CHECK_EQ(next_byte(), 0xaa);
	CHECK(!world_line(1));
	out(kbd, 0, 0xf2);
	CHECK_EQ(next_byte(), 0xfa);
	CHECK_EQ(next_byte(), 0xab);
	CHECK_EQ(next_byte(), 0x41); /* translated */
	out(kbd, 0, 0xed);
	CHECK_EQ(next_byte(), 0xfa);
	out(kbd, 0, 7);
	CHECK_EQ(next_byte(), 0xfa);
	out(kbd, 0, 0x12);
	CHECK_EQ(next_byte(), 0xfe);
	/* Keys: A pressed and let go, in set 1. */
	CHECK(i8042_key(kbd, (const uint8_t[]){ 0x1c }, 1));
	CHECK(i8042_key(kbd, (const uint8_t[]){ 0xf0, 0x1c }, 2));
	CHECK_EQ(next_byte(), 0x1e);
	CHECK_EQ(next_byte(), 0x9e);
	/* Without translation; while it is off nothing comes. */
	out(kbd_command, 0, 0x60);
	out(kbd, 0, 0x05);
	out(kbd_command, 0, 0xad);
	CHECK(i8042_key(kbd, (const uint8_t[]){ 0xf0, 0x1c }, 2));
	CHECK_EQ(next_byte(), 0xdead);
	out(kbd_command, 0, 0xae);
	CHECK_EQ(next_byte(), 0xf0);
	CHECK_EQ(next_byte(), 0x1c);
	/* More than it remembers is lost, as whole keys. */
	for (unsigned i = 0; i < 40; i++)
		i8042_key(kbd, (const uint8_t[]){ 0xf0, 0x1c }, 2);
	unsigned n = 0;
	while (next_byte() != 0xdead)
		n++;
	CHECK(n == 34 || n == 32);
	CHECK_EQ(world_end(), 0);
}

TEST(mouse)
{
	static const uint8_t wheel[] = { 0xf3, 200, 0xf3, 100, 0xf3, 80 };

	begin_kbd();
	CHECK(!i8042_mouse(kbd, 1, 1, 0, 0));
	out(kbd_command, 0, 0x60);
	out(kbd, 0, 0x47);
	out(kbd_command, 0, 0xd4);
	out(kbd, 0, 0xff);
	CHECK(world_line(12));
	CHECK_EQ(next_byte(), 0x1fa);
	CHECK_EQ(next_byte(), 0x1aa);
	CHECK_EQ(next_byte(), 0x100);
	CHECK(!world_line(12));
	for (unsigned i = 0; i < sizeof(wheel); i++) {
		out(kbd_command, 0, 0xd4);
		out(kbd, 0, wheel[i]);
		CHECK_EQ(next_byte(), 0x1fa);
	}
	out(kbd_command, 0, 0xd4);
	out(kbd, 0, 0xf2);
	CHECK_EQ(next_byte(), 0x1fa);
	CHECK_EQ(next_byte(), 0x103);
	out(kbd_command, 0, 0xd4);
	out(kbd, 0, 0xf4);
	CHECK_EQ(next_byte(), 0x1fa);
	CHECK(i8042_mouse(kbd, 5, -3, 1, -1));
	CHECK_EQ(next_byte(), 0x129);
	CHECK_EQ(next_byte(), 0x105);
	CHECK_EQ(next_byte(), 0x1fd);
	CHECK_EQ(next_byte(), 0x1ff);
	out(kbd_command, 0, 0xd4);
	out(kbd, 0, 0xe9);
	CHECK_EQ(next_byte(), 0x1fa);
	CHECK_EQ(next_byte(), 0x124);
	CHECK_EQ(next_byte(), 0x102);
	CHECK_EQ(next_byte(), 80 | 0x100);
	CHECK_EQ(world_end(), 0);
}

TEST(reset_by_keyboard)
{
	begin_kbd();
	out(kbd_command, 0, 0xff);
	CHECK_EQ(world_resets(), 0);
	out(kbd_command, 0, 0xfe);
	CHECK_EQ(world_resets(), 1);
	out(kbd_command, 0, 0xd1);
	out(kbd, 0, 0xdf);
	CHECK_EQ(world_resets(), 1);
	out(kbd_command, 0, 0xd1);
	out(kbd, 0, 0xde);
	CHECK_EQ(world_resets(), 2);
	CHECK_EQ(world_end(), 0);
}

/* --- ACPI, debug port -------------------------------------------------------------------- */

TEST(acpi)
{
	struct emu_dev *pm;
	uint32_t then;

	world_begin();
	pm = world_device("pm", "acpi-pm", 16, 9);
	CHECK_EQ(world_read(pm, 4, 2), 1);
	then = (uint32_t)world_read(pm, 8, 4);
	world_advance(1000 * MS);
	CHECK(world_read(pm, 8, 4) - then - 3579545 <= 1);
	CHECK_EQ(world_read(pm, 9, 1), world_read(pm, 8, 4) >> 8 & 0xff);
	/* The power button. */
	CHECK_EQ(guest_power_button(world_guest()), 0);
	CHECK_EQ(world_read(pm, 0, 2), 0x100);
	CHECK(!world_line(9));
	world_write(pm, 2, 2, 0x100);
	CHECK(world_line(9));
	world_write(pm, 0, 1, 0xff);
	CHECK(world_line(9));
	world_write(pm, 1, 1, 1);
	CHECK(!world_line(9));
	/* The timer's top bit: each 600 seconds. */
	world_write(pm, 2, 2, 0x101);
	world_write(pm, 0, 2, 0xffff);
	world_advance(601000 * MS);
	CHECK(world_line(9));
	CHECK_EQ(world_read(pm, 0, 2), 1);
	world_write(pm, 0, 2, 1);
	CHECK(!world_line(9));
	/* Sleep: S5 ends it, others are not there. */
	ended = GUEST_EXIT_NONE;
	world_write(pm, 4, 2, 1 << 10 | 1 << 13);
	CHECK_EQ(ended, GUEST_EXIT_NONE);
	world_write(pm, 4, 2, 5 << 10);
	CHECK_EQ(ended, GUEST_EXIT_NONE);
	world_write(pm, 4, 2, 5 << 10 | 1 << 13);
	CHECK_EQ(ended, GUEST_EXIT_OFF);
	pm->emu->reset(pm);
	CHECK_EQ(world_next_timer(), UINT64_MAX);
	CHECK_EQ(world_end(), 0);
}

TEST(debugcon)
{
	struct emu_dev *dev;

	world_begin();
	dev = world_device("debugcon", "isa-debugcon", 1, 0);
	CHECK_EQ(in(dev, 0), 0xe9);
	world_listen("g/debugcon");
	out(dev, 0, 'h');
	out(dev, 0, 'i');
	CHECK_STR(world_heard(), "hi");
	CHECK_EQ(world_end(), 0);
}

TEST(debug_exit)
{
	struct emu_dev *dev;

	world_begin();
	dev = part("exit", "isa-debug-exit", 4);
	CHECK_EQ(world_read(dev, 0, 4), 0);
	world_write(dev, 0, 4, 0);
	CHECK_EQ(ended, GUEST_EXIT_OFF);
	world_write(dev, 0, 1, 3);
	CHECK_EQ(ended, GUEST_EXIT_CRASH);
	CHECK_EQ(world_end(), 0);
}
