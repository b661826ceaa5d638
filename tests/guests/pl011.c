/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The PL011 UART (Arm DDI 0183) of a guest: registers, interrupts, loopback. "echo" on the command
 * line: give back what is typed, by interrupt, until a "!". "reference": bare QEMU, which has no
 * loopback.
 */
#include "gic.h"

enum {
	DR = 0x00, RSR = 0x04, FR = 0x18, ILPR = 0x20, IBRD = 0x24, FBRD = 0x28, LCR_H = 0x2c,
	CR = 0x30, IFLS = 0x34, IMSC = 0x38, RIS = 0x3c, MIS = 0x40, ICR = 0x44, DMACR = 0x48,
	PERIPH_ID = 0xfe0,
};

#define FR_BUSY	 BIT(3)
#define FR_RXFE	 BIT(4)
#define FR_TXFF	 BIT(5)
#define FR_RXFF	 BIT(6)
#define FR_TXFE	 BIT(7)
#define CR_ON	 0x301
#define CR_LOOP	 BIT(7)
#define LCR_FIFO BIT(4)
#define LCR_8BIT 0x60
#define INT_RX	 BIT(4)
#define INT_TX	 BIT(5)
#define INT_RT	 BIT(6)
#define INT_OE	 BIT(10)
#define INT_ALL	 0x7ff
#define DR_OE	 BIT(11)

static uint32_t get(unsigned reg)
{
	return read32(UART_BASE + reg);
}

static void set(unsigned reg, uint32_t value)
{
	write32(UART_BASE + reg, value);
}

static void reset(void)
{
	while (get(FR) & FR_BUSY)
		;
	set(CR, 0);
	set(IMSC, 0);
	set(ICR, INT_ALL);
	set(LCR_H, LCR_8BIT | LCR_FIFO);
	set(IFLS, 0x12);
	set(CR, CR_ON);
	while (!(get(FR) & FR_RXFE))
		get(DR);
	set(ICR, INT_ALL);
}

/* Revision r1p5 has the FIFO doubled. */
static unsigned depth(void)
{
	return get(PERIPH_ID + 8) >> 4 >= 3 ? 32 : 16;
}

static bool no_loopback(void)
{
	if (boot_arg("reference"))
		test_skip("QEMU has no loopback");
	return boot_arg("reference");
}

TEST(identification)
{
	static const uint8_t part[] = { 0x11, 0x10 }, cell[] = { 0x0d, 0xf0, 0x05, 0xb1 };

	for (unsigned i = 0; i < 2; i++)
		EXPECT_EQ(get(PERIPH_ID + 4 * i), part[i]);
	for (unsigned i = 0; i < 4; i++)
		EXPECT_EQ(get(PERIPH_ID + 0x10 + 4 * i), cell[i]);
}

TEST(flags)
{
	reset();
	EXPECT(WAIT(!(get(FR) & FR_BUSY)));
	EXPECT_EQ(get(FR) & (FR_RXFE | FR_TXFF | FR_RXFF | FR_TXFE), FR_RXFE | FR_TXFE);
	get(DR); /* empty: anything but a fault */
}

TEST(registers_keep)
{
	static const struct {
		uint16_t reg, value;
	} rows[] = {
		{ IBRD, 0x1234 }, { IBRD, 0xffff }, { FBRD, 0x2a }, { FBRD, 0x3f }, { LCR_H, 0x70 },
		{ IFLS, 0x24 },	  { IFLS, 0 },	    { IMSC, 0x50 }, { IMSC, 0 },    { CR, CR_ON },
	};

	reset();
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		set(rows[i].reg, rows[i].value);
		if (get(rows[i].reg) != rows[i].value)
			FAIL("register 0x%x keeps 0x%x of 0x%x", rows[i].reg, get(rows[i].reg),
			     rows[i].value);
	}
	reset();
}

TEST(widths)
{
	reset();
	EXPECT_EQ(read8(UART_BASE + FR), get(FR) & 0xff);
	EXPECT_EQ(read16(UART_BASE + FR), get(FR) & 0xffff);
	write16(UART_BASE + IBRD, 0x4321);
	EXPECT_EQ(read16(UART_BASE + IBRD), 0x4321);
	write8(UART_BASE + DR, '.');
	write16(UART_BASE + DR, '.');
	write8(UART_BASE + DR, '\n');
	reset();
}

TEST(transmit_interrupt)
{
	reset();
	EXPECT_EQ(get(MIS), 0);
	set(IMSC, INT_TX);
	set(DR, ' ');
	EXPECT(WAIT(get(RIS) & INT_TX));
	EXPECT_EQ(get(MIS), INT_TX);
	set(IMSC, 0);
	EXPECT_EQ(get(MIS), 0);
	EXPECT(get(RIS) & INT_TX);
	set(ICR, INT_TX);
	EXPECT(!(get(RIS) & INT_TX));
	reset();
}

TEST(interrupt_line)
{
	reset();
	gic_set_edge(IRQ_UART, false);
	set(DR, ' ');
	EXPECT(WAIT(get(RIS) & INT_TX));
	EXPECT(!gic_is_pending(IRQ_UART));
	set(IMSC, INT_TX);
	EXPECT(WAIT(gic_is_pending(IRQ_UART)));
	set(IMSC, 0);
	EXPECT(WAIT(!gic_is_pending(IRQ_UART)));
	set(IMSC, INT_TX);
	set(ICR, INT_TX);
	EXPECT(WAIT(!gic_is_pending(IRQ_UART)));
	reset();
}

/* --- loopback: what is sent is received --------------------------------------------------- */

TEST(loopback)
{
	if (no_loopback())
		return;
	reset();
	set(CR, CR_ON | CR_LOOP);
	for (unsigned i = 0; i < 3 * depth(); i++) {
		EXPECT(get(FR) & FR_RXFE);
		set(DR, 'a' + i % 26);
		if (!EXPECT(WAIT(!(get(FR) & FR_RXFE))))
			break;
		EXPECT_EQ(get(DR), 'a' + i % 26);
	}
	reset();
}

TEST(receive_fifo)
{
	if (no_loopback())
		return;
	reset();
	set(CR, CR_ON | CR_LOOP);
	for (unsigned i = 0; i < depth(); i++) {
		EXPECT(!(get(FR) & FR_RXFF));
		/* The level of half the FIFO gives the interrupt. */
		EXPECT_EQ(!!(get(RIS) & INT_RX), i >= depth() / 2);
		set(DR, 'A' + i);
		WAIT(!(get(FR) & FR_BUSY));
	}
	EXPECT(get(FR) & FR_RXFF);
	EXPECT(get(RIS) & INT_RT || WAIT(get(RIS) & INT_RT));
	EXPECT(!(get(RIS) & INT_OE));
	for (unsigned i = 0; i < depth(); i++)
		EXPECT_EQ(get(DR), 'A' + i);
	EXPECT(get(FR) & FR_RXFE);
	EXPECT(!(get(RIS) & INT_RX));
	reset();
}

/* One more than fits: the overrun is reported, what was there stays. */
TEST(overrun)
{
	if (no_loopback())
		return;
	reset();
	set(CR, CR_ON | CR_LOOP);
	for (unsigned i = 0; i < depth() + 1; i++) {
		set(DR, 'A' + i);
		WAIT(!(get(FR) & FR_BUSY));
	}
	EXPECT(get(RIS) & INT_OE);
	EXPECT(get(RSR) & BIT(3));
	for (unsigned i = 0; i < depth(); i++)
		EXPECT_EQ(get(DR) & 0xff, 'A' + i);
	set(RSR, 0);
	EXPECT(!(get(RSR) & BIT(3)));
	set(ICR, INT_OE);
	EXPECT(!(get(RIS) & INT_OE));
	reset();
}

TEST(without_fifo)
{
	if (no_loopback())
		return;
	reset();
	set(CR, 0);
	set(LCR_H, LCR_8BIT);
	set(CR, CR_ON | CR_LOOP);
	set(DR, 'x');
	EXPECT(WAIT(get(FR) & FR_RXFF));
	EXPECT(get(RIS) & INT_RX);
	EXPECT_EQ(get(DR), 'x');
	EXPECT(get(FR) & FR_RXFE);
	EXPECT(!(get(RIS) & INT_RX));
	reset();
}

/* --- echo --------------------------------------------------------------------------------- */

static volatile bool quit;
static volatile unsigned received;

static void on_receive(unsigned irq)
{
	/* First, so that what comes after the last look at the FIFO is announced anew. */
	set(ICR, INT_RX | INT_RT);
	while (!(get(FR) & FR_RXFE)) {
		char c = (char)get(DR);

		received++;
		put_char(c);
		if (c == '!')
			quit = true;
	}
}

static void echo(void)
{
	reset();
	gic_set_edge(IRQ_UART, false);
	irq_handlers[IRQ_UART] = on_receive;
	gic_enable(IRQ_UART);
	set(IMSC, INT_RX | INT_RT);
	print("ECHO begins\n");
	SLEEP_UNTIL(quit);
	print("\nECHO ends after %u\n", received);
}

void guest_main(void)
{
	if (boot_arg("echo"))
		echo();
	else
		tests_run();
}
