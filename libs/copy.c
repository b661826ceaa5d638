/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copying of bulk data. Compiled with unaligned accesses where the port has them (port-unaligned
 * in its port.mk); elsewhere the compiler makes bytes of them, which is slower and right too.
 */
#include <libs/copy.h>

#include <stdint.h>

#include <libs/byteorder.h>
#include <libs/util.h>

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

static inline void copy_2_blocks(uint8_t *dst, const uint8_t *src)
{
	copy_block(dst, src);
	copy_block(dst + BLOCK, src + BLOCK);
}

static inline void copy_4_blocks(uint8_t *dst, const uint8_t *src)
{
	copy_2_blocks(dst, src);
	copy_2_blocks(dst + 2 * BLOCK, src + 2 * BLOCK);
}

/* No more than this: the offsets of all shall find room in the instructions. */
static inline void copy_blocks(uint8_t *dst, const uint8_t *src)
{
	copy_4_blocks(dst, src);
	copy_4_blocks(dst + 4 * BLOCK, src + 4 * BLOCK);
}

static inline void copy_half_block(uint8_t *dst, const uint8_t *src)
{
	const struct words *s = (const void *)src;
	struct words *d = (void *)dst;
	uint64_t a = s->w[0], b = s->w[1], c = s->w[2], e = s->w[3];

	d->w[0] = a;
	d->w[1] = b;
	d->w[2] = c;
	d->w[3] = e;
}

static inline void copy_16(uint8_t *dst, const uint8_t *src)
{
	const struct words *s = (const void *)src;
	struct words *d = (void *)dst;
	uint64_t a = s->w[0], b = s->w[1];

	d->w[0] = a;
	d->w[1] = b;
}

static inline void copy_8(uint8_t *dst, const uint8_t *src)
{
	*(unaligned_u64 *)(void *)dst = *(const unaligned_u64 *)(const void *)src;
}

static inline void copy_4(uint8_t *dst, const uint8_t *src)
{
	*(unaligned_u32 *)(void *)dst = *(const unaligned_u32 *)(const void *)src;
}

/* 4 to 63 bytes: the first and the last ones, some of which may be the same. */
static inline void copy_short(uint8_t *dst, const uint8_t *src, size_t n)
{
	if (n >= 32) {
		copy_half_block(dst, src);
		copy_half_block(dst + n - 32, src + n - 32);
	} else if (n >= 16) {
		copy_16(dst, src);
		copy_16(dst + n - 16, src + n - 16);
	} else if (n >= 8) {
		copy_8(dst, src);
		copy_8(dst + n - 8, src + n - 8);
	} else {
		copy_4(dst, src);
		copy_4(dst + n - 4, src + n - 4);
	}
}

void copy_data(void *dst, const void *src, size_t n)
{
	const uint8_t *s = src, *end;
	uint8_t *d = dst;

	if (unlikely(n < BLOCK)) {
		if (n >= 4)
			copy_short(d, s, n);
		else
			for (end = s + n; s != end; s++)
				*d++ = *s;
		return;
	}
	/* Of pages that are copied, the loop itself is a twentieth this way. */
	for (end = s + n / BLOCKS * BLOCKS; s != end; d += BLOCKS, s += BLOCKS)
		copy_blocks(d, s);
	n %= BLOCKS;
	if (!n)
		return;
	if (n & 4 * BLOCK) {
		copy_4_blocks(d, s);
		d += 4 * BLOCK, s += 4 * BLOCK;
	}
	if (n & 2 * BLOCK) {
		copy_2_blocks(d, s);
		d += 2 * BLOCK, s += 2 * BLOCK;
	}
	if (n & BLOCK) {
		copy_block(d, s);
		d += BLOCK, s += BLOCK;
	}
	/* What is less than a block, with some of what was copied before. */
	n %= BLOCK;
	if (n)
		copy_block(d + n - BLOCK, s + n - BLOCK);
}
