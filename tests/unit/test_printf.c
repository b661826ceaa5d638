/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libs/format.c and libs/printf.c: the C library says what is right, for fixed and for random
 * conversions. The functions under test are called libs_*, and formats that are made at run time or
 * wrong on purpose must not be warned of (see libs.mk).
 */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define vsnprintf libs_vsnprintf
#define snprintf libs_snprintf
#include <libs/printf.h>
#undef vsnprintf
#undef snprintf
#include <libs/errno.h>

#include "unit.h"

#define SAME(...) do {								\
	char ours[256], theirs[256];						\
	int our_len = libs_snprintf(ours, sizeof(ours), __VA_ARGS__);		\
	int their_len = snprintf(theirs, sizeof(theirs), __VA_ARGS__);		\
	CHECK_STR(ours, theirs);						\
	CHECK_EQ(our_len, their_len);						\
} while (0)

TEST(plain_text_and_percent)
{
	SAME("plain");
	SAME("100%% sure");
	SAME("%s", "");
	SAME("");
}

TEST(integers_at_their_limits)
{
	SAME("%d %i %u", INT_MIN, INT_MAX, UINT_MAX);
	SAME("%ld %ld %lu", LONG_MIN, LONG_MAX, ULONG_MAX);
	SAME("%lld %lld %llu", LLONG_MIN, LLONG_MAX, ULLONG_MAX);
	SAME("%hhd %hhu %hd %hu", 0x1ff, 0x1ff, 0x1ffff, 0x1ffff);
	SAME("%zu %zd %jd %ju %td", SIZE_MAX, (ssize_t)-1, INTMAX_MIN, UINTMAX_MAX, (ptrdiff_t)-5);
	SAME("%llo %llx %llX", ULLONG_MAX, ULLONG_MAX, ULLONG_MAX);
	SAME("%d %u %x %o", 0, 0, 0, 0);
	SAME("%" PRIu64 " %" PRIx64 " %" PRId64, UINT64_MAX, UINT64_MAX, INT64_MIN);
}

TEST(zero_and_precision)
{
	SAME("[%.0d] [%.0x] [%#.0o] [%#x] [%#o]", 0, 0, 0, 0, 0);
	SAME("[%.d] [%5.0d] [%+.0d] [% .0d]", 0, 0, 0, 0);
	SAME("[%08.3d] [%-08d] [%+08d] [% 08d]", 5, 5, 5, 5);
	SAME("[%#010x] [%#.10x] [%#20.10x] [%-#20.10x]", 255, 255, 255, 255);
	SAME("[%#o] [%#.2o] [%#.5o] [%#08o]", 8, 8, 8, 8);
	SAME("[%.100d] [%0100d]", 7, -7);
}

TEST(strings_and_characters)
{
	char no_nul[3] = { 'a', 'b', 'c' };

	SAME("[%10s] [%-10s] [%.2s] [%10.2s] [%.0s]", "abc", "abc", "abc", "abc", "abc");
	SAME("[%c] [%5c] [%-5c]", 'x', 'y', 'z');
	SAME("%.3s", no_nul);
	SAME("%.*s|%*d|%-*d|%*d", 2, "abc", 6, 42, 6, 42, -6, 42);
	SAME("[%.*d] [%.*s]", -1, 0, -1, "all of it");
	SAME("%s", (char *)NULL);
}

TEST(pointers)
{
	char ours[64], theirs[64];

	SAME("%p", (void *)0x1234abcd);
	SAME("[%20p] [%-20p]", (void *)0xffff, (void *)0xffff);
	libs_snprintf(ours, sizeof(ours), "%p", NULL);
	snprintf(theirs, sizeof(theirs), "%p", (void *)16);
	CHECK_STR(ours, "0x0");
	CHECK_STR(theirs, "0x10");
}

TEST(output_is_cut_to_the_buffer)
{
	char *buf;
	size_t size;

	for (size = 1; size < 24; size++) {
		char theirs[24];

		buf = malloc(size);
		CHECK_EQ(libs_snprintf(buf, size, "%6d-%s-%-6x", 12, "text", 0xab), 18);
		snprintf(theirs, size, "%6d-%s-%-6x", 12, "text", 0xab);
		CHECK_STR(buf, theirs);
		free(buf);
	}
	CHECK_EQ(libs_snprintf(NULL, 0, "%d", 12345), 5);
}

TEST(an_unknown_conversion_ends_the_values)
{
	char buf[64];

	libs_snprintf(buf, sizeof(buf), "%d %y %d", 1, 2, 3);
	CHECK_STR(buf, "1 %y %d");
	libs_snprintf(buf, sizeof(buf), "a%");
	CHECK_STR(buf, "a%");
	libs_snprintf(buf, sizeof(buf), "a%5");
	CHECK_STR(buf, "a%5");
	libs_snprintf(buf, sizeof(buf), "%n", NULL);
	CHECK_STR(buf, "%n");
	libs_snprintf(buf, sizeof(buf), "%-08.3ll");
	CHECK_STR(buf, "%-08.3ll");
}

TEST(a_length_beyond_int_is_an_error)
{
	char buf[8];

	CHECK_EQ(libs_snprintf(buf, sizeof(buf), "ab%2147483647d", 1), -EOVERFLOW);
	CHECK_STR(buf, "ab");
	CHECK_EQ(libs_snprintf(buf, sizeof(buf), "c%99999999999d", 1), -EOVERFLOW);
	CHECK_EQ(libs_snprintf(buf, sizeof(buf), "c%.99999999999d", 1), -EOVERFLOW);
	CHECK_EQ(libs_snprintf(buf, sizeof(buf), "d%*d", INT_MIN, 1), -EOVERFLOW);
	CHECK_STR(buf, "d");
}

static void count(void *ctx, const char *s, size_t n)
{
	size_t *total = ctx;

	CHECK(n > 0);
	CHECK(memchr(s, 0, n) == NULL);
	*total += n;
}

static int format_counted(size_t *total, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = format_out(count, total, fmt, ap);
	va_end(ap);
	return len;
}

TEST(format_out_hands_over_no_empty_piece)
{
	size_t total = 0;

	CHECK_EQ(format_counted(&total, "%s%0100d%-50s%%%.0s", "", 5, "x", "y"), 151);
	CHECK_EQ(total, 151);
}

static const char types[] = "diuoxXcsp";

/* A random conversion; returns its type. Only what C defines for the type. */
static char make_format(char *fmt, unsigned int *length)
{
	static const char *const lengths[] = { "", "hh", "h", "l", "ll", "z", "j", "t" };
	char type = types[unit_random_below(sizeof(types) - 1)];
	bool number = type != 'c' && type != 's' && type != 'p';
	const char *f;

	*length = number ? (unsigned int)unit_random_below(8) : 0;
	fmt += sprintf(fmt, "<%%");
	for (f = "-0#+ "; *f; f++) {
		bool allowed = *f == '-' || (number && *f == '0') ||
			(strchr("oxX", type) && *f == '#') || (strchr("di", type) &&
			(*f == '+' || *f == ' '));

		if (allowed && unit_random_below(3) == 0)
			*fmt++ = *f;
	}
	if (unit_random_below(2))
		fmt += sprintf(fmt, "%u", 1 + (unsigned int)unit_random_below(40));
	if (type != 'c' && type != 'p' && unit_random_below(2))
		fmt += sprintf(fmt, ".%u", (unsigned int)unit_random_below(40));
	sprintf(fmt, "%s%c>", lengths[*length], type);
	return type;
}

static void compare_number(const char *fmt, unsigned int length)
{
	uint64_t value = unit_random() >> unit_random_below(64);

	if (unit_random_below(8) == 0)
		value = 0;
	if (length < 3)
		SAME(fmt, (int)value);
	else if (length == 3)
		SAME(fmt, (long)value);
	else if (length == 4)
		SAME(fmt, (long long)value);
	else if (length == 5)
		SAME(fmt, (size_t)value);
	else if (length == 6)
		SAME(fmt, (intmax_t)value);
	else
		SAME(fmt, (ptrdiff_t)value);
}

TEST(random_conversions_match_the_c_library)
{
	char fmt[64];
	int round;

	for (round = 0; round < 200000 && !unit_failed(); round++) {
		unsigned int length;
		char type = make_format(fmt, &length);
		uintptr_t address = 1 + unit_random_below(1 << 30);

		if (type == 'c')
			SAME(fmt, 'q');
		else if (type == 's')
			SAME(fmt, "some text of twenty-eight..");
		else if (type == 'p')
			SAME(fmt, (void *)address);
		else
			compare_number(fmt, length);
	}
}
