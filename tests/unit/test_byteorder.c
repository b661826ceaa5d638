/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libs/byteorder.h at every alignment.
 */
#include <libs/byteorder.h>

#include "unit.h"

TEST(loads_and_stores_at_any_address)
{
	static const uint8_t bytes[9] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
	uint8_t area[16], expected[8] = { 8, 7, 6, 5, 4, 3, 2, 1 };
	size_t at;

	CHECK(get_le64(bytes) == UINT64_C(0x0807060504030201));
	CHECK(get_be64(bytes) == UINT64_C(0x0102030405060708));
	CHECK_EQ(get_le32(bytes + 1), 0x05040302);
	CHECK_EQ(get_be32(bytes + 1), 0x02030405);
	CHECK_EQ(get_le16(bytes + 7), 0x0908);
	CHECK_EQ(get_be16(bytes + 7), 0x0809);
	for (at = 0; at < 8; at++) {
		put_le64(area + at, UINT64_C(0x0102030405060708));
		CHECK_MEM(area + at, expected, 8);
		put_be64(area + at, UINT64_C(0x0102030405060708));
		CHECK_MEM(area + at, bytes, 8);
		put_le32(area + at, 0x05060708);
		CHECK_MEM(area + at, expected, 4);
		put_be32(area + at, 0x01020304);
		CHECK_MEM(area + at, bytes, 4);
		put_le16(area + at, 0x0708);
		CHECK_MEM(area + at, expected, 2);
		put_be16(area + at, 0x0102);
		CHECK_MEM(area + at, bytes, 2);
	}
}

TEST(conversions_are_their_own_inverse)
{
	CHECK_EQ(le16_to_cpu(cpu_to_le16(0x1234)), 0x1234);
	CHECK_EQ(be32_to_cpu(cpu_to_be32(0x12345678)), 0x12345678);
	CHECK(be64_to_cpu(cpu_to_be64(UINT64_MAX - 5)) == UINT64_MAX - 5);
	CHECK_EQ(swap16(0x1234), 0x3412);
	CHECK_EQ(swap32(0x12345678), 0x78563412);
	CHECK(swap64(UINT64_C(0x0102030405060708)) == UINT64_C(0x0807060504030201));
}
