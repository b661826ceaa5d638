/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libs/bits.h, with 0 and both ends.
 */
#include <libs/bits.h>

#include "unit.h"

TEST(counting)
{
	unsigned int i;

	CHECK_EQ(ctz32(0), 32);
	CHECK_EQ(ctz64(0), 64);
	CHECK_EQ(clz32(0), 32);
	CHECK_EQ(clz64(0), 64);
	CHECK_EQ(popcount64(0), 0);
	CHECK_EQ(popcount64(UINT64_MAX), 64);
	CHECK_EQ(popcount32(UINT32_MAX), 32);
	for (i = 0; i < 64; i++) {
		uint64_t v = UINT64_C(1) << i;

		CHECK_EQ(ctz64(v | 1ull << 63), i);
		CHECK_EQ(clz64(v | 1), 63 - i);
		CHECK_EQ(ilog2(v), i);
		CHECK_EQ(ilog2(v | (v - 1)), i);
		CHECK_EQ(popcount64(v - 1), i);
	}
	for (i = 0; i < 32; i++) {
		CHECK_EQ(ctz32(1u << i), i);
		CHECK_EQ(clz32(1u << i), 31 - i);
	}
	for (i = 0; i < 1000; i++) {
		uint64_t v = unit_random();

		CHECK_EQ(popcount64(v), __builtin_popcountll(v));
	}
}

TEST(powers_of_two)
{
	CHECK(!is_pow2(0) && is_pow2(1) && is_pow2(UINT64_C(1) << 63) && !is_pow2(3));
	CHECK_EQ(roundup_pow2(0), 1);
	CHECK_EQ(roundup_pow2(1), 1);
	CHECK_EQ(roundup_pow2(3), 4);
	CHECK_EQ(roundup_pow2(4), 4);
	CHECK(roundup_pow2((UINT64_C(1) << 63) - 1) == UINT64_C(1) << 63);
	CHECK(roundup_pow2(UINT64_C(1) << 63) == UINT64_C(1) << 63);
	CHECK_EQ(roundup_pow2((UINT64_C(1) << 63) + 1), 0);
	CHECK_EQ(rounddown_pow2(1), 1);
	CHECK_EQ(rounddown_pow2(7), 4);
	CHECK(rounddown_pow2(UINT64_MAX) == UINT64_C(1) << 63);
	CHECK_EQ(order_of(0), 0);
	CHECK_EQ(order_of(1), 0);
	CHECK_EQ(order_of(2), 1);
	CHECK_EQ(order_of(5), 3);
	CHECK_EQ(order_of(UINT64_MAX), 64);
}
