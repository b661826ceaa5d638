/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libs/util.h: macros, where 32 and 64 bits meet and where arguments have side effects.
 */
#include <libs/util.h>

#include "unit.h"

#define CONFIG_SET		1
#define CONFIG_MOD_MODULE	1
#define CONFIG_NUMBER		4

_Static_assert(IS_ENABLED(CONFIG_SET) && IS_BUILTIN(CONFIG_SET) && !IS_MODULE(CONFIG_SET), "y");
_Static_assert(IS_ENABLED(CONFIG_MOD) && !IS_BUILTIN(CONFIG_MOD) && IS_MODULE(CONFIG_MOD), "m");
_Static_assert(!IS_ENABLED(CONFIG_UNSET) && !IS_MODULE(CONFIG_UNSET), "n");
_Static_assert(!IS_ENABLED(CONFIG_NUMBER), "only 1 is y");
#if !IS_ENABLED(CONFIG_SET) || IS_ENABLED(CONFIG_UNSET)
#error "IS_ENABLED has to work in #if"
#endif

/* Constant expressions too. */
static uint8_t sized_by_macro[ALIGN_UP(5, 4)];

struct inner {
	int x;
};

struct outer {
	char pad;
	struct inner inner;
};

TEST(alignment_is_as_wide_as_the_value)
{
	uint64_t high = UINT64_C(0x123456789);
	uint32_t low = 0x1001;

	CHECK_EQ(ALIGN_UP(high, 0x1000u), 0x123457000);
	CHECK_EQ(ALIGN_DOWN(high, 0x1000u), 0x123456000);
	CHECK_EQ(ALIGN_DOWN(high, 0x1000), 0x123456000);
	CHECK(!IS_ALIGNED(high, 2u) && IS_ALIGNED(high - 1, 8u));
	CHECK_EQ(ALIGN_UP(low, 0x1000ull), 0x2000);
	CHECK_EQ(ALIGN_UP(UINT64_C(0), 8), 0);
	CHECK_EQ(ALIGN_UP(UINT64_C(8), 8), 8);
	CHECK(sizeof(sized_by_macro) == 8 && sized_by_macro[0] == 0);
}

TEST(division_rounds_up_without_overflow)
{
	CHECK_EQ(DIV_ROUND_UP(0u, 8u), 0);
	CHECK_EQ(DIV_ROUND_UP(1u, 8u), 1);
	CHECK_EQ(DIV_ROUND_UP(8u, 8u), 1);
	CHECK(DIV_ROUND_UP(UINT64_MAX, UINT64_C(2)) == UINT64_C(1) << 63);
}

TEST(masks_and_fields)
{
	CHECK(BIT(63) == UINT64_C(0x8000000000000000));
	CHECK(BIT32(31) == 0x80000000u && sizeof(BIT32(0)) == 4);
	CHECK(GENMASK(63, 0) == UINT64_MAX);
	CHECK(GENMASK(0, 0) == 1);
	CHECK(GENMASK(63, 63) == BIT(63));
	CHECK(GENMASK(47, 12) == UINT64_C(0x0000fffffffff000));
	CHECK_EQ(FIELD_GET(GENMASK(39, 32), UINT64_C(0xab12345678)), 0xab);
	CHECK(FIELD_PREP(GENMASK(63, 60), 0x1f) == UINT64_C(0xf000000000000000));
	CHECK_EQ(FIELD_GET(0xf0u, 0x5au), 5);
	CHECK_EQ(FIELD_PREP(BIT(4), 1), 16);
}

TEST(comparisons_evaluate_once_and_nest)
{
	int a = 1, b = 5;

	CHECK_EQ(MIN(a++, b), 1);
	CHECK_EQ(a, 2);
	CHECK_EQ(MAX(a, b++), 5);
	CHECK_EQ(b, 6);
	CHECK_EQ(CLAMP(9, 1, 5), 5);
	CHECK_EQ(CLAMP(-9, 1, 5), 1);
	CHECK_EQ(CLAMP(3, 1, 5), 3);
	CHECK_EQ(MIN(MAX(a, b), MIN(a, 100)), 2);
	CHECK_EQ(MIN_T(uint64_t, -1, 5), 5);
}

TEST(objects)
{
	struct outer o = { 0, { 1 } };
	struct inner *in = &o.inner;
	static const uint16_t array[] = { 1, 2, 3 };

	CHECK(container_of(in, struct outer, inner) == &o);
	CHECK_EQ(ARRAY_SIZE(array), 3);
	CHECK_STR(STRINGIFY(CONFIG_NUMBER), "4");
	WRITE_ONCE(o.inner.x, 4);
	CHECK_EQ(READ_ONCE(o.inner.x), 4);
}
