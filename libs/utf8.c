/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * UTF-8 of UTF-16, for names in file systems. No data, no lock.
 */
#include <libs/utf8.h>

static size_t put(char *to, uint32_t c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

size_t utf8_from_utf16(char *to, const uint16_t *wide, size_t units)
{
	size_t n = 0;

	for (size_t i = 0; i < units; i++) {
		uint32_t c = wide[i], low = i + 1 < units ? wide[i + 1] : 0;

		if (c >= 0xd800 && c < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
			c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
			i++;
		} else if (!c || c == '/' || (c >= 0xd800 && c < 0xe000)) {
			c = '?';
		}
		n += put(to + n, c);
	}
	to[n] = '\0';
	return n;
}
