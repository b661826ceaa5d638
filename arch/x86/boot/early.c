/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The early console: COM1, before there are drivers, memory allocators or a device tree (and in a
 * panic). Set once by the boot CPU; afterwards only read.
 */
#include <arch/cpu.h>

#include <arch/barrier.h>
#include <arch/pio.h>
#include <port/boot.h>

#define COM1 0x3f8

/* A UART that does not move must not stop the boot. */
#define ROOM_POLLS 1000000

static bool present, stalled;

void early_console_init(void)
{
	uint8_t lcr;

	/* The scratch register keeps what is written, where there is a UART. */
	pio_write8(COM1 + 7, 0x5a);
	if (pio_read8(COM1 + 7) != 0x5a)
		return;
	pio_write8(COM1 + 1, 0);
	lcr = pio_read8(COM1 + 3);
	pio_write8(COM1 + 3, lcr | 0x80);
	if (!pio_read8(COM1) && !pio_read8(COM1 + 1))
		pio_write8(COM1, 1); /* no speed was set: 115200 */
	pio_write8(COM1 + 3, 0x03);
	pio_write8(COM1 + 2, 0x01);
	pio_write8(COM1 + 4, 0x03);
	present = true;
}

static void put(uint8_t byte)
{
	unsigned polls = stalled ? 1 : ROOM_POLLS;

	for (; polls && !(pio_read8(COM1 + 5) & 0x20); polls--)
		arch_relax();
	stalled = !polls;
	if (polls)
		pio_write8(COM1, byte);
}

void arch_early_puts(const char *s, size_t n)
{
	while (present && n--)
		put((uint8_t)*s++);
}
