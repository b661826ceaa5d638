/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Operations on ranges of bits and whole bitmaps. The caller's lock guards a bitmap.
 */
#include <libs/bitmap.h>

#include <libs/bits.h>

/* The bits of the word at @p index that belong to a bitmap of @p bits bits. */
static unsigned long word_mask(size_t bits, size_t index)
{
	size_t left = bits - index * BITS_PER_LONG;

	return left >= BITS_PER_LONG ? ~0ul : (1ul << left) - 1;
}

void bitmap_zero(unsigned long *map, size_t bits)
{
	size_t i;

	for (i = 0; i < BITMAP_WORDS(bits); i++)
		map[i] = 0;
}

void bitmap_fill(unsigned long *map, size_t bits)
{
	size_t i;

	for (i = 0; i < BITMAP_WORDS(bits); i++)
		map[i] = word_mask(bits, i);
}

void bitmap_copy(unsigned long *dst, const unsigned long *src, size_t bits)
{
	size_t i;

	for (i = 0; i < BITMAP_WORDS(bits); i++)
		dst[i] = src[i] & word_mask(bits, i);
}

/* Changes the bits of one word of a range; returns how many that were. */
static size_t change_in_word(unsigned long *map, size_t start, size_t n, bool set)
{
	size_t offset = start % BITS_PER_LONG;
	size_t here = MIN(n, BITS_PER_LONG - offset);
	unsigned long mask = (~0ul >> (BITS_PER_LONG - here)) << offset;

	if (set)
		map[start / BITS_PER_LONG] |= mask;
	else
		map[start / BITS_PER_LONG] &= ~mask;
	return here;
}

void bitmap_set_range(unsigned long *map, size_t start, size_t n)
{
	while (n) {
		size_t done = change_in_word(map, start, n, true);

		start += done;
		n -= done;
	}
}

void bitmap_clear_range(unsigned long *map, size_t start, size_t n)
{
	while (n) {
		size_t done = change_in_word(map, start, n, false);

		start += done;
		n -= done;
	}
}

/* The first bit at or behind @p from that differs from @p flip, which is all 0 or all 1. */
static size_t find_next(const unsigned long *map, size_t bits, size_t from, unsigned long flip)
{
	size_t i = from / BITS_PER_LONG;
	unsigned long word;
	size_t found;

	if (from >= bits)
		return bits;
	word = (map[i] ^ flip) & (~0ul << (from % BITS_PER_LONG));
	while (!word) {
		if (++i >= BITMAP_WORDS(bits))
			return bits;
		word = map[i] ^ flip;
	}
	found = i * BITS_PER_LONG + ctz64(word);
	return MIN(found, bits);
}

size_t bitmap_find_next(const unsigned long *map, size_t bits, size_t from)
{
	return find_next(map, bits, from, 0);
}

size_t bitmap_find_next_zero(const unsigned long *map, size_t bits, size_t from)
{
	return find_next(map, bits, from, ~0ul);
}

size_t bitmap_find_zero_run(const unsigned long *map, size_t bits, size_t from, size_t n,
			    size_t align)
{
	for (;;) {
		size_t start = bitmap_find_next_zero(map, bits, from);
		size_t aligned = ALIGN_UP(start, align);
		size_t end;

		if (aligned < start || aligned >= bits || bits - aligned < n)
			return bits;
		end = bitmap_find_next(map, aligned + n, aligned);
		if (end == aligned + n)
			return aligned;
		from = end + 1;
	}
}

size_t bitmap_weight(const unsigned long *map, size_t bits)
{
	size_t n = 0;
	size_t i;

	for (i = 0; i < BITMAP_WORDS(bits); i++)
		n += popcount64(map[i] & word_mask(bits, i));
	return n;
}

bool bitmap_empty(const unsigned long *map, size_t bits)
{
	return bitmap_find_first(map, bits) == bits;
}

bool bitmap_full(const unsigned long *map, size_t bits)
{
	return bitmap_find_first_zero(map, bits) == bits;
}

bool bitmap_equal(const unsigned long *a, const unsigned long *b, size_t bits)
{
	size_t i;

	for (i = 0; i < BITMAP_WORDS(bits); i++) {
		if ((a[i] ^ b[i]) & word_mask(bits, i))
			return false;
	}
	return true;
}

bool bitmap_intersects(const unsigned long *a, const unsigned long *b, size_t bits)
{
	size_t i;

	for (i = 0; i < BITMAP_WORDS(bits); i++) {
		if (a[i] & b[i] & word_mask(bits, i))
			return true;
	}
	return false;
}

void bitmap_and(unsigned long *dst, const unsigned long *a, const unsigned long *b, size_t bits)
{
	size_t i;

	for (i = 0; i < BITMAP_WORDS(bits); i++)
		dst[i] = a[i] & b[i];
}

void bitmap_or(unsigned long *dst, const unsigned long *a, const unsigned long *b, size_t bits)
{
	size_t i;

	for (i = 0; i < BITMAP_WORDS(bits); i++)
		dst[i] = a[i] | b[i];
}

void bitmap_andnot(unsigned long *dst, const unsigned long *a, const unsigned long *b,
		   size_t bits)
{
	size_t i;

	for (i = 0; i < BITMAP_WORDS(bits); i++)
		dst[i] = a[i] & ~b[i];
}
