/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arrays of bits in words of type unsigned long: bit n is bit n % BITS_PER_LONG of word
 * n / BITS_PER_LONG. The caller's lock guards a bitmap, but for the functions named *_atomic,
 * which need none. Bits beyond the given size in the last word are never looked at.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libs/limits.h>
#include <libs/util.h>

#define BITS_PER_LONG		(sizeof(unsigned long) * CHAR_BIT)
/** Number of words that hold @p bits bits. */
#define BITMAP_WORDS(bits)	DIV_ROUND_UP((size_t)(bits), BITS_PER_LONG)
/** Declares a bitmap of @p bits bits called @p name; not initialised unless static. */
#define DECLARE_BITMAP(name, bits)	unsigned long name[BITMAP_WORDS(bits)]

static inline unsigned long bitmap_mask_(size_t bit)
{
	return 1ul << (bit % BITS_PER_LONG);
}

/** Sets one bit. */
static inline void bitmap_set(unsigned long *map, size_t bit)
{
	map[bit / BITS_PER_LONG] |= bitmap_mask_(bit);
}

/** Clears one bit. */
static inline void bitmap_clear(unsigned long *map, size_t bit)
{
	map[bit / BITS_PER_LONG] &= ~bitmap_mask_(bit);
}

/** Sets or clears one bit. */
static inline void bitmap_assign(unsigned long *map, size_t bit, bool value)
{
	if (value)
		bitmap_set(map, bit);
	else
		bitmap_clear(map, bit);
}

/** @return whether the bit is set; the word is read once, so this needs no lock for a hint */
static inline bool bitmap_test(const unsigned long *map, size_t bit)
{
	return READ_ONCE(map[bit / BITS_PER_LONG]) & bitmap_mask_(bit);
}

/** Sets one bit without a lock, relaxed. */
static inline void bitmap_set_atomic(unsigned long *map, size_t bit)
{
	__atomic_fetch_or(&map[bit / BITS_PER_LONG], bitmap_mask_(bit), __ATOMIC_RELAXED);
}

/** Clears one bit without a lock, relaxed. */
static inline void bitmap_clear_atomic(unsigned long *map, size_t bit)
{
	__atomic_fetch_and(&map[bit / BITS_PER_LONG], ~bitmap_mask_(bit), __ATOMIC_RELAXED);
}

/** Sets one bit without a lock, acquire and release. @return whether it was set before */
static inline bool bitmap_test_and_set_atomic(unsigned long *map, size_t bit)
{
	return __atomic_fetch_or(&map[bit / BITS_PER_LONG], bitmap_mask_(bit),
				 __ATOMIC_ACQ_REL) & bitmap_mask_(bit);
}

/** Clears one bit without a lock, acquire and release. @return whether it was set before */
static inline bool bitmap_test_and_clear_atomic(unsigned long *map, size_t bit)
{
	return __atomic_fetch_and(&map[bit / BITS_PER_LONG], ~bitmap_mask_(bit),
				  __ATOMIC_ACQ_REL) & bitmap_mask_(bit);
}

/** Clears all @p bits bits. */
void bitmap_zero(unsigned long *map, size_t bits);
/** Sets all @p bits bits. */
void bitmap_fill(unsigned long *map, size_t bits);
/** Copies @p bits bits; the rest of the last word of @p dst is cleared. */
void bitmap_copy(unsigned long *dst, const unsigned long *src, size_t bits);

/** Sets @p n bits from @p start on. */
void bitmap_set_range(unsigned long *map, size_t start, size_t n);
/** Clears @p n bits from @p start on. */
void bitmap_clear_range(unsigned long *map, size_t start, size_t n);

/** @return the first set bit at or behind @p from, or @p bits where there is none */
size_t bitmap_find_next(const unsigned long *map, size_t bits, size_t from);
/** @return the first clear bit at or behind @p from, or @p bits where there is none */
size_t bitmap_find_next_zero(const unsigned long *map, size_t bits, size_t from);

/** @return the first set bit, or @p bits where there is none */
static inline size_t bitmap_find_first(const unsigned long *map, size_t bits)
{
	return bitmap_find_next(map, bits, 0);
}

/** @return the first clear bit, or @p bits where there is none */
static inline size_t bitmap_find_first_zero(const unsigned long *map, size_t bits)
{
	return bitmap_find_next_zero(map, bits, 0);
}

/**
 * Finds a run of clear bits, lowest first.
 *
 * @param map    the bitmap
 * @param bits   its size
 * @param from   where to start
 * @param n      length of the run, not 0
 * @param align  its start is a multiple of this power of two
 * @return its first bit, or @p bits where there is none
 */
size_t bitmap_find_zero_run(const unsigned long *map, size_t bits, size_t from, size_t n,
			    size_t align);

/** @return number of set bits */
size_t bitmap_weight(const unsigned long *map, size_t bits);
/** @return whether no bit is set */
bool bitmap_empty(const unsigned long *map, size_t bits);
/** @return whether all bits are set */
bool bitmap_full(const unsigned long *map, size_t bits);
/** @return whether both have the same bits */
bool bitmap_equal(const unsigned long *a, const unsigned long *b, size_t bits);
/** @return whether some bit is set in both */
bool bitmap_intersects(const unsigned long *a, const unsigned long *b, size_t bits);

/** dst = a & b; they may be the same. */
void bitmap_and(unsigned long *dst, const unsigned long *a, const unsigned long *b, size_t bits);
/** dst = a | b; they may be the same. */
void bitmap_or(unsigned long *dst, const unsigned long *a, const unsigned long *b, size_t bits);
/** dst = a & ~b; they may be the same. */
void bitmap_andnot(unsigned long *dst, const unsigned long *a, const unsigned long *b,
		   size_t bits);

/** Goes through all set bits, @p bit a size_t. */
#define bitmap_for_each(bit, map, bits)					\
	for ((bit) = bitmap_find_first(map, bits); (bit) < (size_t)(bits);	\
	     (bit) = bitmap_find_next(map, bits, (bit) + 1))
