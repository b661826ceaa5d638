/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Strings, random numbers and the device tree for the tiny guests.
 */
#include "kit.h"

/* --- strings ------------------------------------------------------------------------------ */

void *memset(void *dst, int c, size_t n)
{
	for (uint8_t *p = dst; n--; p++)
		*(volatile uint8_t *)p = (uint8_t)c;
	return dst;
}

void *memcpy(void *dst, const void *src, size_t n)
{
	return memmove(dst, src, n);
}

void *memmove(void *dst, const void *src, size_t n)
{
	volatile uint8_t *d = dst;
	const uint8_t *s = src;

	if (d <= s) {
		while (n--)
			*d++ = *s++;
	} else {
		while (n--)
			d[n] = s[n];
	}
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;

	for (; n; n--, x++, y++) {
		if (*x != *y)
			return *x - *y;
	}
	return 0;
}

size_t strlen(const char *s)
{
	const volatile char *p = s;

	while (*p)
		p++;
	return (size_t)(p - s);
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		if (*a != *b || !*a)
			return (uint8_t)*a - (uint8_t)*b;
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

const char *strstr(const char *s, const char *what)
{
	size_t n = strlen(what);

	for (; *s; s++) {
		if (!strncmp(s, what, n))
			return s;
	}
	return n ? NULL : s;
}

/* --- random numbers (xorshift64*) --------------------------------------------------------- */

uint64_t random_state = 1;

uint64_t random64(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1dULL;
}

/* --- the device tree (Devicetree Specification 0.4, chapter 5) ---------------------------- */

enum { FDT_BEGIN = 1, FDT_END = 2, FDT_PROP = 3, FDT_NOP = 4 };

const uint8_t *fdt;

uint32_t fdt_u32(const void *cell)
{
	const uint8_t *p = cell;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

const void *fdt_get(const char *name, unsigned n, const char *prop, unsigned *len)
{
	const uint8_t *p = fdt ? fdt + fdt_u32(fdt + 8) : NULL;
	const char *names = fdt ? (const char *)fdt + fdt_u32(fdt + 12) : NULL;
	bool inside = false;
	unsigned depth = 0, found = 0, size;

	while (p) {
		uint32_t token = fdt_u32(p);

		p += 4;
		switch (token) {
		case FDT_BEGIN:
			inside = !strncmp((const char *)p, name, strlen(name)) && found++ == n;
			if (inside && !prop)
				return p;
			p += (strlen((const char *)p) + 4) & ~3UL;
			depth++;
			break;
		case FDT_PROP:
			size = fdt_u32(p);
			if (inside && !strcmp(names + fdt_u32(p + 4), prop)) {
				if (len)
					*len = size;
				return p + 8;
			}
			p += 8 + ((size + 3) & ~3U);
			break;
		case FDT_END:
			inside = false;
			if (!--depth)
				return NULL;
			break;
		case FDT_NOP:
			break;
		default:
			return NULL;
		}
	}
	return NULL;
}

const char *boot_arg(const char *key)
{
	const char *args = fdt_get("chosen", 0, "bootargs", NULL);
	size_t n = strlen(key);

	while (args && *args) {
		if (!strncmp(args, key, n) && (args[n] == '=' || args[n] == ' ' || !args[n]))
			return args + n + (args[n] == '=');
		while (*args && *args != ' ')
			args++;
		while (*args == ' ')
			args++;
	}
	return NULL;
}

uint64_t boot_arg_number(const char *key, uint64_t otherwise)
{
	const char *s = boot_arg(key);
	uint64_t v = 0;

	if (!s || *s < '0' || *s > '9')
		return otherwise;
	while (*s >= '0' && *s <= '9')
		v = v * 10 + (uint64_t)(*s++ - '0');
	return v;
}
