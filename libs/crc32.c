/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * CRC-32 by a table with the remainder of every byte, which is made when it is needed first: it
 * would be 1 KiB of the image. Whoever comes at the same time makes the same.
 */
#include <libs/crc32.h>

#include <libs/atomic.h>
#include <libs/byteorder.h>

#define POLYNOMIAL 0xedb88320u /* reflected */

static uint32_t remainders[256];
static atomic_t made;

/* Entry n: the byte n, divided by the polynomial in eight steps. */
static void make_remainders(void)
{
	for (uint32_t n = 0; n < 256; n++) {
		uint32_t crc = n;

		for (unsigned i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		remainders[n] = crc;
	}
	atomic_store_release(&made, 1);
}

static uint32_t divide(uint32_t crc)
{
	return remainders[crc & 0xff] ^ crc >> 8;
}

uint32_t crc32_update(uint32_t crc, const void *data, size_t n)
{
	const uint8_t *p = data;

	if (!atomic_load_acquire(&made))
		make_remainders();
	crc = ~crc;
	for (; n >= 4; n -= 4, p += 4)
		crc = divide(divide(divide(divide(crc ^ get_le32(p)))));
	while (n--)
		crc = divide(crc ^ *p++);
	return ~crc;
}
