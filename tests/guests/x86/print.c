/* SPDX-License-Identifier: GPL-2.0-only */
/* Words on COM1. */
#include "kit.h"

#define COM1 0x3f8

volatile uint64_t interrupt_tsc;
volatile uint32_t interrupts;

void print_text(const char *s)
{
	for (; *s; s++) {
		while (!(inb(COM1 + 5) & 0x20))
			;
		outb(COM1, (uint8_t)*s);
	}
}

static void in_base(uint64_t v, unsigned base)
{
	char digits[24];
	unsigned at = sizeof(digits);

	digits[--at] = '\0';
	do {
		digits[--at] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	print_text(digits + at);
}

void print_number(uint64_t v)
{
	in_base(v, 10);
}

void print_hex(uint64_t v)
{
	print_text("0x");
	in_base(v, 16);
}

void guest_exception(uint64_t a, uint64_t b)
{
	print_text("FAIL exception: ");
	print_hex(a);
	print_text(" ");
	print_hex(b);
	print_text("\n");
}
