/* SPDX-License-Identifier: GPL-2.0-only */
/* copy_data(): every alignment and length around its block, and nothing beyond. */
#include <string.h>

#include <libs/copy.h>

#include "unit.h"

TEST(all_alignments_and_lengths)
{
	uint8_t from[1200], to[1200], want[1200];
	unsigned s, d, n, i;

	for (i = 0; i < sizeof(from); i++)
		from[i] = (uint8_t)unit_random();
	for (s = 0; s < 9; s++) {
		for (d = 0; d < 9; d++) {
			for (n = 0; n < 1150; n += n < 150 ? 1 : 13) {
				memset(to, 0xee, sizeof(to));
				memset(want, 0xee, sizeof(want));
				memcpy(want + d, from + s, n);
				copy_data(to + d, from + s, n);
				CHECK_MEM(to, want, sizeof(to));
			}
		}
	}
}

TEST(pages)
{
	static uint8_t from[70000], to[70001];
	unsigned i;

	for (i = 0; i < sizeof(from); i++)
		from[i] = (uint8_t)unit_random();
	copy_data(to + 1, from, sizeof(from));
	CHECK_MEM(to + 1, from, sizeof(from));
	CHECK_EQ(to[0], 0);
}
