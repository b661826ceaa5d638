/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Byte order: values in the order of the CPU from and to little and big endian, and loads and
 * stores of values at any address, aligned or not. Any context.
 */
#pragma once

#include <stdint.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define CPU_IS_LITTLE_ENDIAN	1
#else
#define CPU_IS_LITTLE_ENDIAN	0
#endif

/** @return @p v with its bytes in the opposite order */
static inline uint16_t swap16(uint16_t v)
{
	return __builtin_bswap16(v);
}

/** @return @p v with its bytes in the opposite order */
static inline uint32_t swap32(uint32_t v)
{
	return __builtin_bswap32(v);
}

/** @return @p v with its bytes in the opposite order */
static inline uint64_t swap64(uint64_t v)
{
	return __builtin_bswap64(v);
}

#define BYTEORDER_LE_(bits, v)	(CPU_IS_LITTLE_ENDIAN ? (uint##bits##_t)(v) : swap##bits(v))
#define BYTEORDER_BE_(bits, v)	(CPU_IS_LITTLE_ENDIAN ? swap##bits(v) : (uint##bits##_t)(v))

/* Between the order of the CPU and a given one; both directions are the same operation. */
#define cpu_to_le16(v)		BYTEORDER_LE_(16, v)
#define cpu_to_le32(v)		BYTEORDER_LE_(32, v)
#define cpu_to_le64(v)		BYTEORDER_LE_(64, v)
#define cpu_to_be16(v)		BYTEORDER_BE_(16, v)
#define cpu_to_be32(v)		BYTEORDER_BE_(32, v)
#define cpu_to_be64(v)		BYTEORDER_BE_(64, v)
#define le16_to_cpu(v)		BYTEORDER_LE_(16, v)
#define le32_to_cpu(v)		BYTEORDER_LE_(32, v)
#define le64_to_cpu(v)		BYTEORDER_LE_(64, v)
#define be16_to_cpu(v)		BYTEORDER_BE_(16, v)
#define be32_to_cpu(v)		BYTEORDER_BE_(32, v)
#define be64_to_cpu(v)		BYTEORDER_BE_(64, v)

/*
 * Values in memory at any address. The types tell the compiler that the address may be unaligned
 * and the object of any type; it then uses single accesses where the CPU can do them.
 */
typedef uint16_t __attribute__((aligned(1), may_alias)) unaligned_u16;
typedef uint32_t __attribute__((aligned(1), may_alias)) unaligned_u32;
typedef uint64_t __attribute__((aligned(1), may_alias)) unaligned_u64;

/** @return the 16-bit little-endian value at @p p */
static inline uint16_t get_le16(const void *p)
{
	return le16_to_cpu(*(const unaligned_u16 *)p);
}

/** Stores a 16-bit value in little endian at @p p. */
static inline void put_le16(void *p, uint16_t v)
{
	*(unaligned_u16 *)p = cpu_to_le16(v);
}

/** @return the 32-bit little-endian value at @p p */
static inline uint32_t get_le32(const void *p)
{
	return le32_to_cpu(*(const unaligned_u32 *)p);
}

/** Stores a 32-bit value in little endian at @p p. */
static inline void put_le32(void *p, uint32_t v)
{
	*(unaligned_u32 *)p = cpu_to_le32(v);
}

/** @return the 64-bit little-endian value at @p p */
static inline uint64_t get_le64(const void *p)
{
	return le64_to_cpu(*(const unaligned_u64 *)p);
}

/** Stores a 64-bit value in little endian at @p p. */
static inline void put_le64(void *p, uint64_t v)
{
	*(unaligned_u64 *)p = cpu_to_le64(v);
}

/** @return the 16-bit big-endian value at @p p */
static inline uint16_t get_be16(const void *p)
{
	return be16_to_cpu(*(const unaligned_u16 *)p);
}

/** Stores a 16-bit value in big endian at @p p. */
static inline void put_be16(void *p, uint16_t v)
{
	*(unaligned_u16 *)p = cpu_to_be16(v);
}

/** @return the 32-bit big-endian value at @p p */
static inline uint32_t get_be32(const void *p)
{
	return be32_to_cpu(*(const unaligned_u32 *)p);
}

/** Stores a 32-bit value in big endian at @p p. */
static inline void put_be32(void *p, uint32_t v)
{
	*(unaligned_u32 *)p = cpu_to_be32(v);
}

/** @return the 64-bit big-endian value at @p p */
static inline uint64_t get_be64(const void *p)
{
	return be64_to_cpu(*(const unaligned_u64 *)p);
}

/** Stores a 64-bit value in big endian at @p p. */
static inline void put_be64(void *p, uint64_t v)
{
	*(unaligned_u64 *)p = cpu_to_be64(v);
}
