/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The source of entropy as a guest sees it (TRNG firmware interface, Arm DEN 0098). Bare QEMU has
 * none.
 */
#include "kit.h"

#define TRNG_VERSION  0x84000050U
#define TRNG_FEATURES 0x84000051U
#define TRNG_GET_UUID 0x84000052U
#define TRNG_RND32    0x84000053U
#define TRNG_RND64    0xc4000053U
#define INVALID	      (-2)
#define ABSENT	      (-1)
#define DRAWS	      64

struct result {
	uint64_t x[4];
};

static struct result call(uint32_t fn, uint64_t arg)
{
	register uint64_t x0 __asm__("x0") = fn;
	register uint64_t x1 __asm__("x1") = arg;
	register uint64_t x2 __asm__("x2") = ~0ULL;
	register uint64_t x3 __asm__("x3") = ~0ULL;

	__asm__ volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) : : "memory");
	return (struct result){ { x0, x1, x2, x3 } };
}

static bool absent(void)
{
	if (boot_arg("reference"))
		test_skip("no source of entropy");
	return boot_arg("reference");
}

TEST(trng_version)
{
	if (absent())
		return;
	EXPECT_EQ(call(TRNG_VERSION, 0).x[0], 0x10000);
	EXPECT_EQ((int32_t)call(TRNG_FEATURES, TRNG_VERSION).x[0], 0);
	EXPECT_EQ((int32_t)call(TRNG_FEATURES, TRNG_FEATURES).x[0], 0);
	EXPECT_EQ((int32_t)call(TRNG_FEATURES, TRNG_GET_UUID).x[0], 0);
	EXPECT_EQ((int32_t)call(TRNG_FEATURES, TRNG_RND32).x[0], 0);
	EXPECT_EQ((int32_t)call(TRNG_FEATURES, TRNG_RND64).x[0], 0);
	EXPECT_EQ((int32_t)call(TRNG_FEATURES, 0x84000054).x[0], ABSENT);
	EXPECT_EQ((int32_t)call(TRNG_FEATURES, 0xc4000050).x[0], ABSENT);
	EXPECT_EQ((int32_t)call(TRNG_FEATURES, PSCI_VERSION).x[0], ABSENT);
}

TEST(trng_uuid)
{
	struct result a, b;

	if (absent())
		return;
	a = call(TRNG_GET_UUID, 0);
	b = call(TRNG_GET_UUID, 0);
	EXPECT((uint32_t)a.x[0] != 0xffffffff);
	for (unsigned i = 0; i < 4; i++) {
		EXPECT_EQ(a.x[i], b.x[i]);
		EXPECT_EQ(a.x[i] >> 32, 0);
	}
}

/* The bits that were asked for change, all others are zero. */
static void draw(uint32_t fn, unsigned width, unsigned bits)
{
	uint64_t ever[3] = { 0 }, always[3] = { ~0ULL, ~0ULL, ~0ULL };

	for (unsigned n = 0; n < DRAWS; n++) {
		struct result r = call(fn, bits);

		EXPECT_EQ(r.x[0], 0);
		for (unsigned i = 0; i < 3; i++) {
			ever[i] |= r.x[3 - i];
			always[i] &= r.x[3 - i];
		}
	}
	for (unsigned i = 0; i < 3; i++) {
		unsigned n = bits > i * width ? bits - i * width : 0;
		uint64_t mask = n >= width ? ~0ULL >> (64 - width) : BIT(n) - 1;

		EXPECT_EQ(ever[i], mask);
		EXPECT_EQ(always[i], 0);
	}
}

TEST(trng_bits)
{
	static const unsigned bits32[] = { 1, 31, 32, 33, 64, 95, 96 };
	static const unsigned bits64[] = { 1, 32, 63, 64, 65, 128, 191, 192 };

	if (absent())
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(bits32); i++)
		draw(TRNG_RND32, 32, bits32[i]);
	for (unsigned i = 0; i < ARRAY_SIZE(bits64); i++)
		draw(TRNG_RND64, 64, bits64[i]);
}

TEST(trng_wrong)
{
	static const struct {
		uint32_t fn;
		uint64_t bits;
	} wrong[] = { { TRNG_RND32, 0 }, { TRNG_RND32, 97 }, { TRNG_RND32, 0xffffffff },
		      { TRNG_RND64, 0 }, { TRNG_RND64, 193 }, { TRNG_RND64, 0xffffffff } };

	if (absent())
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct result r = call(wrong[i].fn, wrong[i].bits);

		EXPECT_EQ((int32_t)r.x[0], INVALID);
		EXPECT_EQ(r.x[1] | r.x[2] | r.x[3], 0);
	}
}
