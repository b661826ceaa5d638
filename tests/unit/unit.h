/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frame of the unit tests. A test program is one test_*.c with any number of
 *
 *	TEST(name)
 *	{
 *		CHECK(...);
 *	}
 *
 * that run in the order of the file, each in a fresh state that it makes itself. unit.c has main().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct unit_test {
	const char *name;
	void (*run)(void);
	struct unit_test *next;
};

/** Adds a test to those that main() runs. */
void unit_register(struct unit_test *test);

/** Reports a failure of the test that runs; it goes on. */
void unit_fail(const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** @return whether the test that runs has failed so far */
bool unit_failed(void);

/** A test function; registers itself before main(). */
#define TEST(test_name)								\
	static void test_name(void);						\
	__attribute__((constructor)) static void register_##test_name(void)	\
	{									\
		static struct unit_test test = { #test_name, test_name, NULL };	\
		unit_register(&test);						\
	}									\
	static void test_name(void)

/** The condition has to hold; the test goes on if not. */
#define CHECK(condition) do {							\
	if (!(condition))							\
		unit_fail(__FILE__, __LINE__, "%s", #condition);		\
} while (0)

/** The condition has to hold; the function is left if not. */
#define REQUIRE(condition) do {							\
	if (!(condition)) {							\
		unit_fail(__FILE__, __LINE__, "%s", #condition);		\
		return;								\
	}									\
} while (0)

/** Two numbers have to be equal; both are printed if not. */
#define CHECK_EQ(value, expected) do {						\
	long long value_ = (long long)(value);					\
	long long expected_ = (long long)(expected);				\
	if (value_ != expected_)						\
		unit_fail(__FILE__, __LINE__, "%s is %lld (%#llx), not %lld (%#llx)", #value,	\
			  value_, value_, expected_, expected_);		\
} while (0)

/** Two strings have to be equal; both are printed if not. */
#define CHECK_STR(value, expected)						\
	unit_check_str(__FILE__, __LINE__, #value, value, expected)

/** Two areas of memory have to be equal. */
#define CHECK_MEM(value, expected, size)					\
	unit_check_mem(__FILE__, __LINE__, #value, value, expected, size)

/** The statement has to end the program by abort(): a fake or an assertion found a mistake. */
#define CHECK_ABORTS(statement) do {						\
	if (unit_fork()) {							\
		statement;							\
		unit_child_end();						\
	}									\
	unit_check_aborted(__FILE__, __LINE__, #statement);			\
} while (0)

void unit_check_str(const char *file, int line, const char *what, const char *value,
		    const char *expected);
void unit_check_mem(const char *file, int line, const char *what, const void *value,
		    const void *expected, size_t size);
bool unit_fork(void);
void unit_child_end(void) __attribute__((noreturn));
void unit_check_aborted(const char *file, int line, const char *what);

/** @return the next of a fixed sequence of pseudo-random numbers, which each test begins anew */
uint64_t unit_random(void);

/** Begin another sequence. */
void unit_random_seed(uint64_t seed);

/** @return a pseudo-random number below @p limit, which is not 0 */
static inline uint64_t unit_random_below(uint64_t limit)
{
	return unit_random() % limit;
}

/**
 * Reads a file that make-data.py made.
 *
 * @param name  its name
 * @param size  its size
 * @return its content from malloc(), exactly as large; NULL (and a failure) where it is not there
 */
void *unit_data(const char *name, size_t *size);
