/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copying of bulk data. Compiled with unaligned accesses where the port has them (port-unaligned
 * in its port.mk); elsewhere the compiler makes bytes of them, which is slower and right too.
 */
#include <libs/copy.h>

#include <stdint.h>

#include <libs/byteorder.h>

#define BLOCK  64
#define BLOCKS (8 * BLOCK)

struct words {
	uint64_t w[8];
} __attribute__((packed, may_alias));

/* All of a block is loaded before it is stored: the compiler pairs the accesses. */
static inline void copy_block(uint8_t *dst, const uint8_t *src)
{
	const struct words *s = (const void *)src;
	struct words *d = (void *)dst;
	uint64_t a = s->w[0], b = s->w[1], c = s->w[2], e = s->w[3];
	uint64_t f = s->w[4], g = s->w[5], h = s->w[6], i = s->w[7];

	d->w[0] = a;
	d->w[1] = b;
	d->w[2] = c;
	d->w[3] = e;
	d->w[4] = f;
	d->w[5] = g;
	d->w[6] = h;
	d->w[7] = i;
}

/* No more than this: the offsets of all shall find room in the instructions. */
static inline void copy_blocks(uint8_t *dst, const uint8_t *src)
{
	copy_block(dst, src);
	copy_block(dst + BLOCK, src + BLOCK);
	copy_block(dst + 2 * BLOCK, src + 2 * BLOCK);
	copy_block(dst + 3 * BLOCK, src + 3 * BLOCK);
	copy_block(dst + 4 * BLOCK, src + 4 * BLOCK);
	copy_block(dst + 5 * BLOCK, src + 5 * BLOCK);
	copy_block(dst + 6 * BLOCK, src + 6 * BLOCK);
	copy_block(dst + 7 * BLOCK, src + 7 * BLOCK);
}

void copy_data(void *dst, const void *src, size_t n)
{
	const uint8_t *s = src;
	uint8_t *d = dst;

	/* Of pages that are copied, the loop itself is a twentieth this way. */
	if (n >= BLOCKS) {
		const uint8_t *end = s + n / BLOCKS * BLOCKS;

		for (; s != end; d += BLOCKS, s += BLOCKS)
			copy_blocks(d, s);
		n %= BLOCKS;
		if (!n)
			return;
	}
	for (; n >= BLOCK; n -= BLOCK, d += BLOCK, s += BLOCK)
		copy_block(d, s);
	for (; n >= 8; n -= 8, d += 8, s += 8)
		*(unaligned_u64 *)(void *)d = *(const unaligned_u64 *)(const void *)s;
	if (n & 4) {
		*(unaligned_u32 *)(void *)d = *(const unaligned_u32 *)(const void *)s;
		d += 4;
		s += 4;
	}
	if (n & 2) {
		*(unaligned_u16 *)(void *)d = *(const unaligned_u16 *)(const void *)s;
		d += 2;
		s += 2;
	}
	if (n & 1)
		*d = *s;
}
