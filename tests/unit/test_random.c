/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The random number generator: its stream is ChaCha20 (RFC 8439), its output differs each time and
 * has no obvious pattern.
 */
#include "emu_world.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include <core/random.h>

/* block() is not public; the file is compiled a second time here to test it against the RFC. */
#define random_add   test_random_add
#define random_bytes test_random_bytes
#include "../../core/random/random.c"
#undef random_add
#undef random_bytes

TEST(chacha20_block_of_the_rfc)
{
	/* RFC 8439, A.1, test vectors 1 and 2: zero key, zero nonce, counters 0 and 1. */
	static const uint32_t first[] = { 0xade0b876, 0x903df1a0, 0xe56a5d40, 0x28bd8653 };
	static const uint32_t second[] = { 0xbee7079f, 0x7a385155, 0x7c97ba98, 0x0d082d73 };
	static const uint32_t zero_key[KEY_WORDS];
	uint32_t out[BLOCK_WORDS];

	block(zero_key, 0, out);
	CHECK_MEM(out, first, sizeof(first));
	block(zero_key, 1, out);
	CHECK_MEM(out, second, sizeof(second));
}

TEST(output_differs)
{
	uint8_t a[100], b[100];
	unsigned i, same = 0;

	world_begin();
	random_bytes(a, sizeof(a));
	random_bytes(b, sizeof(b));
	for (i = 0; i < sizeof(a); i++)
		same += a[i] == b[i];
	CHECK(same < 10);
	random_add("entropy", 7);
	random_bytes(a, sizeof(a));
	CHECK(memcmp(a, b, sizeof(a)));
	random_bytes(a, 0);
	CHECK_EQ(world_end(), 0);
}

TEST(bits_are_balanced)
{
	static uint8_t buf[65536];
	unsigned counts[256] = { 0 }, i;

	world_begin();
	random_bytes(buf, sizeof(buf));
	for (i = 0; i < sizeof(buf); i++)
		counts[buf[i]]++;
	/* 256 expected of each; six standard deviations are 96. */
	for (i = 0; i < 256; i++)
		CHECK(counts[i] > 160 && counts[i] < 352);
	CHECK_EQ(world_end(), 0);
}
