/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libs/crc32.c against the known check value and a bitwise computation.
 */
#include <libs/crc32.h>

#include "unit.h"

static uint32_t bitwise(uint32_t crc, const uint8_t *p, size_t n)
{
	int bit;

	for (crc = ~crc; n; n--) {
		crc ^= *p++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

TEST(known_values)
{
	CHECK_EQ(crc32_update(0, "123456789", 9), 0xcbf43926u);
	CHECK_EQ(crc32_update(0, "", 0), 0);
	CHECK_EQ(crc32_update(0, NULL, 0), 0);
}

TEST(matches_bitwise_computation_in_any_pieces)
{
	uint8_t data[300];
	size_t i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)unit_random();
	for (i = 0; i <= sizeof(data); i++) {
		uint32_t whole = bitwise(0, data, sizeof(data));
		uint32_t first = crc32_update(0, data, i);

		CHECK_EQ(first, bitwise(0, data, i));
		CHECK_EQ(crc32_update(first, data + i, sizeof(data) - i), whole);
	}
}
