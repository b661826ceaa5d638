/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small macros that every other file needs: arithmetic on alignments and bit fields,
 * names for compiler attributes, and compile-time configuration tests.
 * No data, no lock; everything here may be used in any context.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- compiler attributes ---------------------------------------------------------- */

/** The caller has to look at the result; ignoring it is a compile-time warning. */
#define must_check		__attribute__((warn_unused_result))
/** The function does not return to its caller. */
#define noreturn_fn		__attribute__((noreturn))
/** Argument @p fmt is a printf format, @p first the position of its first value (0: a va_list). */
#define printf_like(fmt, first)	__attribute__((format(printf, fmt, first)))
/** Never inlined: keeps a cold path or a large frame out of its callers. */
#define noinline_fn		__attribute__((noinline))
/** Runs once or hardly ever: small before fast, whatever its file is compiled for. */
#define cold_fn			__attribute__((cold))
/** Inlined even where the optimiser would not. */
#define always_inline_fn	inline __attribute__((always_inline))
/** Is this file built small (-Os)? Then what is inline elsewhere may better be called. */
#ifdef __OPTIMIZE_SIZE__
#define BUILT_SMALL 1
#else
#define BUILT_SMALL 0
#endif
/** May be replaced by a strong definition elsewhere. */
#define weak_fn			__attribute__((weak))
/** Kept by compiler and linker although nothing refers to it by name. */
#define keep_symbol		__attribute__((used))
/** A variable, parameter or function that some configurations do not use. */
#define maybe_unused		__attribute__((unused))
/** Layout without padding: for structures that hardware or a file format defines. */
#define packed_struct		__attribute__((packed))
/** Alignment of a variable or a type, in bytes. */
#define aligned_to(bytes)	__attribute__((aligned(bytes)))
/** Places a variable or a function in a named section. */
#define in_section(name)	__attribute__((section(name)))
/** Marks a switch case that goes on into the next on purpose. */
#define fallthrough		__attribute__((fallthrough))

#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)

#define STRINGIFY_(x)		#x
/** The text of @p x after macro expansion. */
#define STRINGIFY(x)		STRINGIFY_(x)
#define CONCAT_(a, b)		a##b
/** One identifier from two, after macro expansion. */
#define CONCAT(a, b)		CONCAT_(a, b)

/* ---- memory access ---------------------------------------------------------------- */

/** Reads an object of at most word size exactly once; orders nothing. */
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
/** Writes an object of at most word size exactly once; orders nothing. */
#define WRITE_ONCE(x, v)	(*(volatile __typeof__(x) *)&(x) = (v))

/* ---- objects ---------------------------------------------------------------------- */

/** Number of elements of an array; a pointer in its place does not compile. */
#define ARRAY_SIZE(a)							\
	(sizeof(a) / sizeof((a)[0]) +					\
	 0 * sizeof(struct { int must_be_array:				\
		__builtin_types_compatible_p(__typeof__(a), __typeof__(&(a)[0])) ? -1 : 1; }))

/**
 * The object of type @p type whose member @p member is at @p ptr. A pointer to another type than
 * the member's is a compile-time warning; `const` is dropped.
 */
#define container_of(ptr, type, member)					\
	((type *)((uintptr_t)(1 ? (ptr) : &((type *)0)->member) - offsetof(type, member)))

/* ---- comparing -------------------------------------------------------------------- */

/* The number makes the names of the temporaries unique, so that uses can nest without a shadow. */
#define UTIL_PICK_(a, b, op, va, vb) __extension__ ({			\
	__auto_type va = (a);						\
	__auto_type vb = (b);						\
	(void)(&va == &vb);						\
	va op vb ? va : vb; })
#define UTIL_PICK_N_(a, b, op, n)	UTIL_PICK_(a, b, op, CONCAT(pick_a_, n), CONCAT(pick_b_, n))
/**
 * The smaller, larger, or limited value. Both sides must have the same type (the compiler warns
 * otherwise: a silent conversion of sign or width is what goes wrong here); MIN_T and MAX_T name
 * the type to convert both to. Each argument is evaluated once. Not for constant expressions.
 */
#define MIN(a, b)		UTIL_PICK_N_(a, b, <, __COUNTER__)
#define MAX(a, b)		UTIL_PICK_N_(a, b, >, __COUNTER__)
#define MIN_T(type, a, b)	MIN((type)(a), (type)(b))
#define MAX_T(type, a, b)	MAX((type)(a), (type)(b))
/** @p v, but not below @p lo and not above @p hi; all of one type, lo <= hi. */
#define CLAMP(v, lo, hi)	MIN(MAX(v, lo), hi)

/* ---- alignment -------------------------------------------------------------------- */

/* The type that arithmetic on x has: makes the masks below as wide as x, whatever a's type. */
#define UTIL_TYPE_(x)		__typeof__((x) + 0)

/** @p x rounded up to a multiple of @p a, a power of two. Wraps where the result does not fit. */
#define ALIGN_UP(x, a)		(((x) + ((UTIL_TYPE_(x))(a) - 1)) & ~((UTIL_TYPE_(x))(a) - 1))
/** @p x rounded down to a multiple of @p a, a power of two. */
#define ALIGN_DOWN(x, a)	((x) & ~((UTIL_TYPE_(x))(a) - 1))
/** Whether @p x is a multiple of @p a, a power of two. */
#define IS_ALIGNED(x, a)	(((x) & ((UTIL_TYPE_(x))(a) - 1)) == 0)
/** n / d rounded up, of unsigned values; does not overflow. */
#define DIV_ROUND_UP(n, d)	((n) / (d) + ((n) % (d) != 0))

#define KIB			(UINT64_C(1) << 10)
#define MIB			(UINT64_C(1) << 20)
#define GIB			(UINT64_C(1) << 30)

/* ---- bits and fields -------------------------------------------------------------- */

/** Bit @p n of a 64-bit value, type uint64_t. */
#define BIT(n)			(UINT64_C(1) << (n))
/** Bit @p n of a 32-bit value, type uint32_t. */
#define BIT32(n)		(UINT32_C(1) << (n))
/** Bits @p h down to @p l, both included, 63 >= h >= l >= 0, type uint64_t. */
#define GENMASK(h, l)		((~UINT64_C(0) >> (63 - (h))) & (~UINT64_C(0) << (l)))
/** The field that the contiguous, non-zero @p mask selects in @p v, moved down to bit 0. */
#define FIELD_GET(mask, v)	(((v) & (mask)) >> __builtin_ctzll(mask))
/** @p v moved up into the field of @p mask; bits that do not fit are cut off. Type uint64_t. */
#define FIELD_PREP(mask, v)	(((uint64_t)(v) << __builtin_ctzll(mask)) & (mask))

/* ---- configuration ---------------------------------------------------------------- */

/*
 * A symbol that is defined to 1 turns CONFIG_PROBE_ into "0," and so shifts a 1 into the second
 * place of the argument list; anything else leaves one junk token there and the 0 is taken.
 */
#define CONFIG_PROBE_1		0,
#define CONFIG_SECOND_(ignored, value, ...)	value
#define CONFIG_TEST3_(probe)	CONFIG_SECOND_(probe 1, 0, 0)
#define CONFIG_TEST2_(value)	CONFIG_TEST3_(CONFIG_PROBE_##value)
#define CONFIG_TEST_(value)	CONFIG_TEST2_(value)
/** 1 where the bool or tristate symbol @p option is set to y, else 0; for the preprocessor too. */
#define IS_BUILTIN(option)	CONFIG_TEST_(option)
/** 1 where the tristate symbol @p option is set to m, else 0; for the preprocessor too. */
#define IS_MODULE(option)	CONFIG_TEST_(option##_MODULE)
/** 1 where the symbol @p option is set to y or m, else 0; for the preprocessor too. */
#define IS_ENABLED(option)	(IS_BUILTIN(option) || IS_MODULE(option))
