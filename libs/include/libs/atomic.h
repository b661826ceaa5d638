/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Integers that several CPUs change without a lock, over the compiler's __atomic builtins.
 * The order is part of the name where it matters: a plain load, store, add, sub, or, and is
 * relaxed; *_acquire and *_release are what they say; whatever returns a value of a
 * read-modify-write (fetch, return, xchg, cmpxchg, test) is fully ordered unless named otherwise.
 * Any context.
 */
#pragma once

#include <stdbool.h>

#include <libs/util.h>

/** Reads *@p p; no access behind it in program order is done before it. */
#define load_acquire(p)		__atomic_load_n(p, __ATOMIC_ACQUIRE)
/** Writes *@p p; all accesses before it in program order are done before it. */
#define store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)

/** All accesses before it in program order are done before all behind it, as CPUs see them. */
#define full_fence()		__atomic_thread_fence(__ATOMIC_SEQ_CST)

/** An int for lock-free use; a wrapper so that no plain access slips in. */
typedef struct {
	int value;
} atomic_t;

#define ATOMIC_INIT(v)		{ (v) }

/** @return the value; relaxed */
static inline int atomic_load(const atomic_t *a)
{
	return __atomic_load_n(&a->value, __ATOMIC_RELAXED);
}

/** @return the value; acquire */
static inline int atomic_load_acquire(const atomic_t *a)
{
	return __atomic_load_n(&a->value, __ATOMIC_ACQUIRE);
}

/** Writes the value; relaxed. */
static inline void atomic_store(atomic_t *a, int v)
{
	__atomic_store_n(&a->value, v, __ATOMIC_RELAXED);
}

/** Writes the value; release. */
static inline void atomic_store_release(atomic_t *a, int v)
{
	__atomic_store_n(&a->value, v, __ATOMIC_RELEASE);
}

/** Adds; relaxed. Wraps around. */
static inline void atomic_add(atomic_t *a, int v)
{
	__atomic_fetch_add(&a->value, v, __ATOMIC_RELAXED);
}

/** Subtracts; relaxed. Wraps around. */
static inline void atomic_sub(atomic_t *a, int v)
{
	__atomic_fetch_sub(&a->value, v, __ATOMIC_RELAXED);
}

/** Adds one; relaxed. */
static inline void atomic_inc(atomic_t *a)
{
	atomic_add(a, 1);
}

/** Subtracts one; relaxed: never for the last reference, see atomic_dec_and_test(). */
static inline void atomic_dec(atomic_t *a)
{
	atomic_sub(a, 1);
}

/** Adds; full order. @return the new value */
static inline int atomic_add_return(atomic_t *a, int v)
{
	return __atomic_add_fetch(&a->value, v, __ATOMIC_SEQ_CST);
}

/** Subtracts; full order. @return the new value */
static inline int atomic_sub_return(atomic_t *a, int v)
{
	return __atomic_sub_fetch(&a->value, v, __ATOMIC_SEQ_CST);
}

/** Subtracts one; full order. @return whether it is 0 now: the last reference was dropped */
static inline bool atomic_dec_and_test(atomic_t *a)
{
	return atomic_sub_return(a, 1) == 0;
}

/** Sets the bits of @p bits; full order. @return the old value */
static inline int atomic_fetch_or(atomic_t *a, int bits)
{
	return __atomic_fetch_or(&a->value, bits, __ATOMIC_SEQ_CST);
}

/** Keeps only the bits of @p bits; full order. @return the old value */
static inline int atomic_fetch_and(atomic_t *a, int bits)
{
	return __atomic_fetch_and(&a->value, bits, __ATOMIC_SEQ_CST);
}

/** Writes; full order. @return the old value */
static inline int atomic_xchg(atomic_t *a, int v)
{
	return __atomic_exchange_n(&a->value, v, __ATOMIC_SEQ_CST);
}

/**
 * Writes @p v where the value is @p expected; full order.
 *
 * @return the value found: it was written if and only if that is @p expected
 */
static inline int atomic_cmpxchg(atomic_t *a, int expected, int v)
{
	__atomic_compare_exchange_n(&a->value, &expected, v, false, __ATOMIC_SEQ_CST,
				    __ATOMIC_SEQ_CST);
	return expected;
}

/** atomic_cmpxchg() with acquire order only: for taking a lock. */
static inline int atomic_cmpxchg_acquire(atomic_t *a, int expected, int v)
{
	__atomic_compare_exchange_n(&a->value, &expected, v, false, __ATOMIC_ACQUIRE,
				    __ATOMIC_RELAXED);
	return expected;
}

/** Adds one unless the value is 0; full order. @return whether it did: a reference was gained */
static inline bool atomic_inc_not_zero(atomic_t *a)
{
	int old = atomic_load(a);

	while (old) {
		int found = atomic_cmpxchg(a, old, (int)((unsigned int)old + 1));

		if (found == old)
			return true;
		old = found;
	}
	return false;
}
