/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counting and finding bits of one word, by the compiler's builtins. All are defined for 0 too,
 * which the builtins are not. Any context.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** @return number of zero bits below the lowest one bit; 32 for 0 */
static inline unsigned int ctz32(uint32_t v)
{
	return v ? (unsigned int)__builtin_ctz(v) : 32;
}

/** @return number of zero bits below the lowest one bit; 64 for 0 */
static inline unsigned int ctz64(uint64_t v)
{
	return v ? (unsigned int)__builtin_ctzll(v) : 64;
}

/** @return number of zero bits above the highest one bit; 32 for 0 */
static inline unsigned int clz32(uint32_t v)
{
	return v ? (unsigned int)__builtin_clz(v) : 32;
}

/** @return number of zero bits above the highest one bit; 64 for 0 */
static inline unsigned int clz64(uint64_t v)
{
	return v ? (unsigned int)__builtin_clzll(v) : 64;
}

/** @return number of one bits. Arithmetic: the builtin needs vector registers or a library call. */
static inline unsigned int popcount32(uint32_t v)
{
	v -= (v >> 1) & 0x55555555u;
	v = (v & 0x33333333u) + ((v >> 2) & 0x33333333u);
	v = (v + (v >> 4)) & 0x0f0f0f0fu;
	return (v * 0x01010101u) >> 24;
}

/** @return number of one bits */
static inline unsigned int popcount64(uint64_t v)
{
	return popcount32((uint32_t)v) + popcount32((uint32_t)(v >> 32));
}

/** @return position of the highest one bit, that is log2 rounded down; @p v must not be 0 */
static inline unsigned int ilog2(uint64_t v)
{
	return 63 - clz64(v);
}

/** @return whether @p v has exactly one bit set */
static inline bool is_pow2(uint64_t v)
{
	return v && !(v & (v - 1));
}

/** @return the smallest power of two that is not below @p v; 1 for 0; 0 where there is none */
static inline uint64_t roundup_pow2(uint64_t v)
{
	if (v <= 1)
		return 1;
	return clz64(v - 1) ? UINT64_C(1) << (64 - clz64(v - 1)) : 0;
}

/** @return the largest power of two that is not above @p v, which must not be 0 */
static inline uint64_t rounddown_pow2(uint64_t v)
{
	return UINT64_C(1) << ilog2(v);
}

/** @return log2 rounded up: the order of a block that holds @p v units; 0 for 0 and 1 */
static inline unsigned int order_of(uint64_t v)
{
	return v <= 1 ? 0 : 64 - clz64(v - 1);
}
