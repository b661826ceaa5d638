/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Output of the tiny guests through the PL011, polled. One call of print() is not mixed with that
 * of another CPU.
 */
#include "kit.h"

#define UARTDR	  0x00
#define UARTFR	  0x18
#define UARTFR_TX 0x20 /* full */

static struct lock print_lock;

void put_char(char c)
{
	if (c == '\n')
		put_char('\r');
	while (read32(UART_BASE + UARTFR) & UARTFR_TX)
		;
	write32(UART_BASE + UARTDR, (uint8_t)c);
}

static void put_number(uint64_t v, unsigned base, bool negative, int width, char pad)
{
	char buf[24];
	int n = 0;

	do {
		buf[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	if (negative)
		buf[n++] = '-';
	while (width-- > n)
		put_char(pad);
	while (n)
		put_char(buf[--n]);
}

static void put_string(const char *s, int width)
{
	int n = (int)strlen(s);

	while (*s)
		put_char(*s++);
	while (width-- > n)
		put_char(' ');
}

void vprint(const char *fmt, va_list args)
{
	for (; *fmt; fmt++) {
		char pad = ' ';
		int width = 0, longs = 0;
		uint64_t v;

		if (*fmt != '%') {
			put_char(*fmt);
			continue;
		}
		if (*++fmt == '0')
			pad = *fmt++;
		while (*fmt >= '0' && *fmt <= '9')
			width = width * 10 + *fmt++ - '0';
		for (; *fmt == 'l' || *fmt == 'z'; fmt++)
			longs++;
		switch (*fmt) {
		case 'c':
			put_char((char)va_arg(args, int));
			break;
		case 's':
			put_string(va_arg(args, const char *), width);
			break;
		case 'd':
			v = longs ? va_arg(args, uint64_t) : (uint64_t)va_arg(args, int);
			put_number((int64_t)v < 0 ? -v : v, 10, (int64_t)v < 0, width, pad);
			break;
		case 'u':
		case 'x':
			v = longs ? va_arg(args, uint64_t) : va_arg(args, unsigned);
			put_number(v, *fmt == 'x' ? 16 : 10, false, width, pad);
			break;
		default:
			put_char(*fmt);
		}
	}
}

void print(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	lock(&print_lock);
	vprint(fmt, args);
	unlock(&print_lock);
	va_end(args);
}
