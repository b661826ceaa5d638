/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PL011 register by register (ARM DDI 0183): reset values, masks, FIFOs, triggers, time-out,
 * errors, loopback, identification, and what a guest may do wrong.
 */
#include "emu_world.h"
#include "fake.h"
#include "unit.h"

#include <string.h>

#include <libs/errno.h>

#define DR    0x00
#define RSR   0x04
#define FR    0x18
#define ILPR  0x20
#define IBRD  0x24
#define FBRD  0x28
#define LCRH  0x2c
#define CR    0x30
#define IFLS  0x34
#define IMSC  0x38
#define RIS   0x3c
#define MIS   0x40
#define ICR   0x44
#define DMACR 0x48

#define FR_RXFE 0x10
#define FR_RXFF 0x40
#define FR_TXFE 0x80
#define INT_RX	0x10
#define INT_TX	0x20
#define INT_RT	0x40
#define INT_OE	0x400

#define IRQ 33
#define MS  1000000ull

static struct emu_dev *uart;

static void setup(void)
{
	world_begin();
	uart = world_device("uart0", "primecell,arm,pl011", 0x1000, IRQ);
	world_listen("g/uart0");
}

static void teardown(void)
{
	CHECK_EQ(world_end(), 0);
}

TEST(reset_values)
{
	setup();
	CHECK_EQ(world_r32(uart, RSR), 0);
	CHECK_EQ(world_r32(uart, FR), FR_RXFE | FR_TXFE);
	CHECK_EQ(world_r32(uart, ILPR), 0);
	CHECK_EQ(world_r32(uart, IBRD), 0);
	CHECK_EQ(world_r32(uart, FBRD), 0);
	CHECK_EQ(world_r32(uart, LCRH), 0);
	CHECK_EQ(world_r32(uart, CR), 0x300);
	CHECK_EQ(world_r32(uart, IFLS), 0x12);
	CHECK_EQ(world_r32(uart, IMSC), 0);
	CHECK_EQ(world_r32(uart, RIS), 0);
	CHECK_EQ(world_r32(uart, MIS), 0);
	CHECK_EQ(world_r32(uart, DMACR), 0);
	CHECK_EQ(world_r32(uart, ICR), 0);
	CHECK(!world_line(IRQ));
	teardown();
}

TEST(masks_and_reset)
{
	static const struct {
		uint32_t reg, mask, reset;
	} regs[] = {
		{ ILPR, 0xff, 0 },   { IBRD, 0xffff, 0 }, { FBRD, 0x3f, 0 },
		{ LCRH, 0xff, 0 },   { CR, 0xff87, 0x300 }, { IFLS, 0x3f, 0x12 },
		{ IMSC, 0x7ff, 0 },  { DMACR, 7, 0 },
	};
	unsigned i;

	setup();
	for (i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
		world_w32(uart, regs[i].reg, ~0u);
		CHECK_EQ(world_r32(uart, regs[i].reg), regs[i].mask);
	}
	for (i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
		world_w32(uart, regs[i].reg, 0);
		CHECK_EQ(world_r32(uart, regs[i].reg), 0);
	}
	uart->emu->reset(uart);
	for (i = 0; i < sizeof(regs) / sizeof(regs[0]); i++)
		CHECK_EQ(world_r32(uart, regs[i].reg), regs[i].reset);
	/* Read-only ones. */
	world_w32(uart, FR, 0);
	CHECK_EQ(world_r32(uart, FR), FR_RXFE | FR_TXFE);
	world_w32(uart, RIS, ~0u);
	CHECK_EQ(world_r32(uart, RIS), 0);
	teardown();
}

TEST(identification)
{
	static const uint8_t ids[] = { 0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
	unsigned i;

	setup();
	for (i = 0; i < 8; i++) {
		CHECK_EQ(world_r32(uart, 0xfe0 + 4 * i), ids[i]);
		CHECK_EQ(world_read(uart, 0xfe0 + 4 * i, 1), ids[i]);
		world_w32(uart, 0xfe0 + 4 * i, 0xff);
	}
	CHECK_EQ(world_r32(uart, 0xfe0), 0x11);
	teardown();
}

TEST(sends_at_once_in_order)
{
	const char *text = "Hello, world\r\n";
	unsigned i;

	setup();
	/* UARTEN is off: as QEMU's, it sends nevertheless. */
	for (i = 0; text[i]; i++) {
		CHECK_EQ(world_write(uart, DR, 1 << i % 3, (uint8_t)text[i]), EMU_OK);
		CHECK_EQ(world_r32(uart, FR), FR_RXFE | FR_TXFE);
	}
	CHECK_STR(world_heard(), text);
	teardown();
}

TEST(transmit_interrupt)
{
	setup();
	world_w32(uart, IMSC, INT_TX);
	CHECK(!world_line(IRQ));
	world_w32(uart, DR, 'x');
	CHECK_EQ(world_r32(uart, RIS), INT_TX);
	CHECK_EQ(world_r32(uart, MIS), INT_TX);
	CHECK(world_line(IRQ));
	/* Only what is written as one is cleared. */
	world_w32(uart, ICR, INT_RX | INT_RT);
	CHECK(world_line(IRQ));
	world_w32(uart, ICR, INT_TX);
	CHECK(!world_line(IRQ));
	world_w32(uart, IMSC, 0);
	world_w32(uart, DR, 'y');
	CHECK_EQ(world_r32(uart, RIS), INT_TX);
	CHECK_EQ(world_r32(uart, MIS), 0);
	CHECK(!world_line(IRQ));
	world_w32(uart, IMSC, INT_TX);
	CHECK(world_line(IRQ));
	teardown();
}

TEST(receive_without_fifo)
{
	setup();
	CHECK_EQ(world_type("g/uart0", "ab"), 2);
	CHECK_EQ(world_r32(uart, FR), FR_TXFE | FR_RXFF);
	CHECK_EQ(world_r32(uart, RIS), INT_RX);
	CHECK_EQ(world_r32(uart, DR), 'a');
	/* The second one was kept and follows at once. */
	CHECK_EQ(world_r32(uart, FR), FR_TXFE | FR_RXFF);
	CHECK_EQ(world_r32(uart, RIS), INT_RX);
	CHECK_EQ(world_r32(uart, DR), 'b');
	CHECK_EQ(world_r32(uart, FR), FR_RXFE | FR_TXFE);
	CHECK_EQ(world_r32(uart, RIS), 0);
	/* An empty register keeps its last character. */
	CHECK_EQ(world_r32(uart, DR), 'b');
	teardown();
}

TEST(receive_triggers)
{
	static const uint8_t levels[] = { 2, 4, 8, 12, 14 };
	unsigned sel, i;

	for (sel = 0; sel < 5; sel++) {
		setup();
		world_w32(uart, LCRH, 0x70);
		world_w32(uart, IFLS, sel << 3);
		world_w32(uart, IMSC, INT_RX);
		for (i = 1; i <= 16; i++) {
			world_type("g", "x");
			CHECK_EQ(world_line(IRQ), i >= levels[sel]);
		}
		CHECK_EQ(world_r32(uart, FR), FR_TXFE | FR_RXFF);
		world_w32(uart, ICR, INT_RX);
		CHECK(!world_line(IRQ));
		world_w32(uart, IMSC, 0);
		for (i = 16; i; i--) {
			CHECK_EQ(world_r32(uart, DR), 'x');
			CHECK_EQ(world_r32(uart, FR) & FR_RXFF, 0);
		}
		CHECK_EQ(world_r32(uart, FR) & FR_RXFE, FR_RXFE);
		teardown();
	}
}

TEST(receive_interrupt_ends_below_the_trigger)
{
	unsigned i;

	setup();
	world_w32(uart, LCRH, 0x70);
	world_w32(uart, IMSC, INT_RX);
	world_type("g", "0123456789");
	CHECK(world_line(IRQ));
	for (i = 0; i < 2; i++)
		world_r32(uart, DR);
	CHECK(world_line(IRQ));
	world_r32(uart, DR);
	CHECK(!world_line(IRQ));
	teardown();
}

TEST(receive_timeout)
{
	setup();
	world_w32(uart, LCRH, 0x70);
	world_w32(uart, IBRD, 13); /* 115200 at 24 MHz: 32 bits are 278 us */
	world_w32(uart, FBRD, 1);
	world_w32(uart, IMSC, INT_RT);
	world_type("g", "ab");
	CHECK_EQ(world_r32(uart, RIS), 0);
	world_advance(270000);
	CHECK_EQ(world_r32(uart, RIS), 0);
	world_advance(10000);
	CHECK_EQ(world_r32(uart, RIS), INT_RT);
	CHECK(world_line(IRQ));
	CHECK_EQ(world_r32(uart, DR), 'a');
	CHECK(world_line(IRQ));
	CHECK_EQ(world_r32(uart, DR), 'b');
	CHECK_EQ(world_r32(uart, RIS), 0);
	CHECK(!world_line(IRQ));
	/*
	 * Cleared with a character left: it comes again after the next silence that follows a read.
	 */
	world_type("g", "cde");
	world_advance(MS);
	world_w32(uart, ICR, INT_RT);
	CHECK(!world_line(IRQ));
	CHECK_EQ(world_r32(uart, DR), 'c');
	world_advance(MS);
	CHECK(world_line(IRQ));
	/* Without a baud rate there is a time-out too. */
	uart->emu->reset(uart);
	CHECK(!world_line(IRQ));
	world_w32(uart, LCRH, 0x70);
	world_w32(uart, IMSC, INT_RT);
	world_type("g", "f");
	world_advance(10 * MS);
	CHECK(world_line(IRQ));
	teardown();
}

TEST(fifo_is_refilled_from_the_port)
{
	char got[101];
	unsigned i;

	setup();
	world_w32(uart, LCRH, 0x10);
	for (i = 0; i < 100; i++)
		got[i] = (char)('!' + i % 90);
	got[100] = '\0';
	CHECK_EQ(world_type("g", got), 100);
	for (i = 0; i < 100; i++) {
		CHECK(!(world_r32(uart, FR) & FR_RXFE));
		CHECK_EQ(world_r32(uart, DR), (uint8_t)got[i]);
	}
	CHECK(world_r32(uart, FR) & FR_RXFE);
	teardown();
}

TEST(changing_the_fifo_empties_it)
{
	setup();
	world_w32(uart, LCRH, 0x10);
	world_type("g", "abc");
	world_w32(uart, LCRH, 0x70);
	CHECK(!(world_r32(uart, FR) & FR_RXFE));
	world_w32(uart, LCRH, 0x60);
	CHECK(world_r32(uart, FR) & FR_RXFE);
	CHECK_EQ(world_r32(uart, RIS), 0);
	teardown();
}

TEST(loopback_and_overrun)
{
	unsigned i;

	setup();
	world_w32(uart, LCRH, 0x70);
	world_w32(uart, CR, 0x381);
	world_w32(uart, IMSC, INT_OE);
	for (i = 0; i < 16; i++)
		world_w32(uart, DR, 'A' + i);
	CHECK_EQ(world_r32(uart, FR), FR_TXFE | FR_RXFF);
	CHECK(!world_line(IRQ));
	world_w32(uart, DR, 'Z');
	CHECK(world_line(IRQ));
	CHECK_EQ(world_r32(uart, RSR), 8);
	/* What comes from outside waits while it loops. */
	world_type("g", "outside");
	for (i = 0; i < 15; i++)
		CHECK_EQ(world_r32(uart, DR), 'A' + i);
	CHECK_EQ(world_r32(uart, DR), 0x800 | ('A' + 15));
	CHECK_EQ(world_r32(uart, RSR), 8);
	world_w32(uart, RSR, 0);
	CHECK_EQ(world_r32(uart, RSR), 0);
	world_w32(uart, ICR, INT_OE);
	CHECK(!world_line(IRQ));
	CHECK(world_r32(uart, FR) & FR_RXFE);
	world_w32(uart, CR, 0x301);
	CHECK_EQ(world_r32(uart, DR), 'o');
	teardown();
}

TEST(loopback_of_the_modem)
{
	setup();
	world_w32(uart, IMSC, 0xf);
	world_w32(uart, CR, 0x3c80);
	/* RTS to CTS, DTR to DSR, Out1 to DCD, Out2 to RI. */
	CHECK_EQ(world_r32(uart, FR), FR_RXFE | FR_TXFE | 0x107);
	CHECK_EQ(world_r32(uart, RIS), 0xf);
	CHECK(world_line(IRQ));
	world_w32(uart, ICR, 0xf);
	world_w32(uart, CR, 0x3480);
	CHECK_EQ(world_r32(uart, RIS), 2);
	world_w32(uart, CR, 0);
	CHECK_EQ(world_r32(uart, FR), FR_RXFE | FR_TXFE);
	teardown();
}

TEST(deep_fifo)
{
	struct dt_node *node;
	struct emu_dev *dev;
	unsigned i;
	int err;

	world_begin();
	node = world_node("uart1", "arm,pl011");
	CHECK_EQ(dt_set_u32(node, "fifo_size", 1024), 0);
	dev = world_probe(node, 0x1000, &err);
	REQUIRE(dev);
	/* The revision that has 32 characters. */
	CHECK_EQ(world_r32(dev, 0xfe8), 0x34);
	world_w32(dev, LCRH, 0x10);
	for (i = 0; i < 31; i++)
		world_type("g/uart1", "x");
	CHECK(!(world_r32(dev, FR) & FR_RXFF));
	world_type("g/uart1", "x");
	CHECK(world_r32(dev, FR) & FR_RXFF);
	/* Without an interrupt of its own it works all the same. */
	world_w32(dev, IMSC, 0x7ff);
	CHECK_EQ(world_end(), 0);
}

TEST(wrong_accesses)
{
	setup();
	CHECK_EQ(world_read(uart, 0x08, 4), WORLD_BAD | EMU_NONE);
	CHECK_EQ(world_read(uart, 0x4c, 4), WORLD_BAD | EMU_NONE);
	CHECK_EQ(world_write(uart, 0x1c, 4, 1), EMU_NONE);
	CHECK_EQ(world_read(uart, FR, 8), WORLD_BAD | EMU_WIDTH);
	CHECK_EQ(world_read(uart, FR + 2, 4), WORLD_BAD | EMU_WIDTH);
	CHECK_EQ(world_write(uart, DR, 8, 'x'), EMU_WIDTH);
	CHECK_EQ(world_read(uart, 0x1000, 4), WORLD_BAD | EMU_NONE);
	world_w32(uart, CR, 0x8001);
	CHECK_EQ(world_read(uart, CR + 1, 1), 0x80);
	CHECK_EQ(world_write(uart, CR + 1, 1, 0), EMU_OK);
	CHECK_EQ(world_r32(uart, CR), 0x8001);
	CHECK_STR(world_heard(), "");
	teardown();
}

TEST(checks_and_bad_nodes)
{
	struct dt_node *node;
	int err;

	setup();
	node = world_node("uart1", "arm,pl011");
	CHECK_EQ(uart->emu->check(node, "/guests/g/uart1", world_out()), 0);
	CHECK_EQ(dt_set_u32(node, "fifo_size", 0), 0);
	CHECK_EQ(uart->emu->check(node, "/guests/g/uart1", world_out()), 1);
	CHECK(strstr(world_out_text(), "/guests/g/uart1: fifo_size is 0"));
	CHECK_EQ(dt_set_u32(node, "interrupts", 5000), 0);
	CHECK(!world_probe(node, 0x1000, &err));
	CHECK_EQ(err, -ERANGE);
	CHECK_EQ(dt_set_u32(node, "interrupts", 34), 0);
	fake_heap_fail_at(1);
	CHECK(!world_probe(node, 0x1000, &err));
	CHECK_EQ(err, -ENOMEM);
	fake_heap_fail_at(2);
	CHECK(!world_probe(node, 0x1000, &err));
	fake_heap_fail_at(0);
	uart->emu->show(uart, world_out());
	CHECK(strstr(world_out_text(), "port g/uart0"));
	teardown();
}

TEST(flood_is_bounded)
{
	unsigned i;

	setup();
	for (i = 0; i < 20000; i++)
		world_w32(uart, DR, 'f');
	CHECK_EQ(strlen(world_heard()), 20000);
	CHECK_EQ(world_changes(IRQ), 0);
	teardown();
}
