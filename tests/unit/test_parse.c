/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libs/parse.c: limits, wrong texts, and the way back from what it writes.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <libs/errno.h>
#include <libs/parse.h>

#include "unit.h"

#define UNTOUCHED	UINT64_C(0xdeadbeefdeadbeef)

typedef int (*parser)(const char *s, uint64_t *out);

static void gives(parser parse, const char *text, uint64_t expected)
{
	uint64_t value = UNTOUCHED;
	int err = parse(text, &value);

	if (err || value != expected)
		unit_fail(__FILE__, __LINE__, "\"%s\" gives %d, %#" PRIx64 ", not %#" PRIx64, text,
			  err, value, expected);
}

static void fails(parser parse, const char *text, int expected)
{
	uint64_t value = UNTOUCHED;
	int err = parse(text, &value);

	if (err != expected || value != UNTOUCHED)
		unit_fail(__FILE__, __LINE__, "\"%s\" gives %d, %#" PRIx64 ", not %d", text, err,
			  value, expected);
}

TEST(numbers)
{
	gives(parse_u64, "0", 0);
	gives(parse_u64, "18446744073709551615", UINT64_MAX);
	gives(parse_u64, "0xffffffffffffffff", UINT64_MAX);
	gives(parse_u64, "0XaB", 0xab);
	gives(parse_u64, "0b1011", 11);
	gives(parse_u64, "0B0", 0);
	gives(parse_u64, "010", 10);
	gives(parse_u64, "00000000000000000000000000000000001", 1);
	gives(parse_u64, "0x0000000000000000000000000000000000f", 15);
}

TEST(no_numbers)
{
	static const char *const texts[] = {
		"", " ", " 1", "1 ", "-1", "+1", "0x", "0b", "0b2", "0xg", "x", "1a", "0x1 ", "1.0",
		"0b", "--1", "\n", "1\n", "\xff", "99999999999999999999x", "0b12",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(texts); i++)
		fails(parse_u64, texts[i], -EINVAL);
	fails(parse_u64, "18446744073709551616", -ERANGE);
	fails(parse_u64, "0x10000000000000000", -ERANGE);
	fails(parse_u64, "99999999999999999999999999999999", -ERANGE);
	fails(parse_u64, "0b11111111111111111111111111111111111111111111111111111111111111111",
	      -ERANGE);
}

TEST(narrow_and_signed_numbers)
{
	uint32_t u = 7;
	int64_t s = 7;

	CHECK_EQ(parse_u32("4294967295", &u), 0);
	CHECK_EQ(u, UINT32_MAX);
	CHECK_EQ(parse_u32("4294967296", &u), -ERANGE);
	CHECK_EQ(parse_u32("a", &u), -EINVAL);
	CHECK_EQ(u, UINT32_MAX);
	CHECK_EQ(parse_s64("-9223372036854775808", &s), 0);
	CHECK(s == INT64_MIN);
	CHECK_EQ(parse_s64("+9223372036854775807", &s), 0);
	CHECK(s == INT64_MAX);
	CHECK_EQ(parse_s64("-0x10", &s), 0);
	CHECK_EQ(s, -16);
	CHECK_EQ(parse_s64("9223372036854775808", &s), -ERANGE);
	CHECK_EQ(parse_s64("-9223372036854775809", &s), -ERANGE);
	CHECK_EQ(parse_s64("+-1", &s), -EINVAL);
	CHECK_EQ(parse_s64("-", &s), -EINVAL);
	CHECK_EQ(s, -16);
}

TEST(prefix_stops_behind_the_number)
{
	const char *text = "0x40,rest", *at = text;
	uint64_t value = 0;

	CHECK_EQ(parse_u64_prefix(&at, &value), 0);
	CHECK_EQ(value, 0x40);
	CHECK_STR(at, ",rest");
	CHECK_EQ(parse_u64_prefix(&at, &value), -EINVAL);
	CHECK_STR(at, ",rest");
	at = "0xyz";
	CHECK_EQ(parse_u64_prefix(&at, &value), 0);
	CHECK_EQ(value, 0);
	CHECK_STR(at, "xyz");
	at = "a0";
	CHECK_EQ(parse_u64_prefix(&at, &value), -EINVAL);
	at = "99999999999999999999";
	CHECK_EQ(parse_u64_prefix(&at, &value), -ERANGE);
	CHECK_STR(at, "99999999999999999999");
}

TEST(sizes)
{
	gives(parse_size, "256M", 256 * MIB);
	gives(parse_size, "256m", 256 * MIB);
	gives(parse_size, "4KiB", 4096);
	gives(parse_size, "4kib", 4096);
	gives(parse_size, "4kB", 4096);
	gives(parse_size, "1G", GIB);
	gives(parse_size, "2TB", 2048 * GIB);
	gives(parse_size, "0B", 0);
	gives(parse_size, "17b", 17);
	gives(parse_size, "4096", 4096);
	gives(parse_size, "0x1000", 4096);
	gives(parse_size, "0x10K", 16384);
	gives(parse_size, "1.5G", 1536 * MIB);
	gives(parse_size, "0.125k", 128);
	gives(parse_size, "1.500000000M", 1536 * KIB);
	gives(parse_size, "16777215T", UINT64_C(16777215) << 40);
	gives(parse_size, "18446744073709551615", UINT64_MAX);
}

TEST(no_sizes)
{
	static const char *const texts[] = {
		"", "M", "1X", "1KK", "1 M", "1M ", "-1M", "1.M", ".5M", "1.5", "1.5B", "0.3K",
		"0x1.5K", "1.5.5K", "1KiBB", "1iB", "1.0000000001G", "1.0000000000K", "1e3", "1,5G",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(texts); i++)
		fails(parse_size, texts[i], -EINVAL);
	fails(parse_size, "16777216T", -ERANGE);
	fails(parse_size, "18446744073709551616", -ERANGE);
	fails(parse_size, "18446744073709551615K", -ERANGE);
	fails(parse_size, "99999999999999999999999T", -ERANGE);
	fails(parse_size, "99999999999999999999999Q", -EINVAL);
}

TEST(sizes_for_people)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {
		{ 0, "0 B" }, { 1, "1 B" }, { 1023, "1023 B" }, { 1024, "1 KiB" },
		{ 1025, "1025 B" }, { 9999, "9999 B" }, { 10001, "9.8 KiB" },
		{ 256 * MIB, "256 MiB" }, { 1536 * MIB, "1536 MiB" }, { 2 * GIB, "2 GiB" },
		{ 2 * GIB + 4096, "2.0 GiB" }, { 1100 * MIB + 1, "1.1 GiB" },
		{ MIB - 1, "1.0 MiB" }, { GIB - 1, "1.0 GiB" }, { 33554433, "32.0 MiB" },
		{ UINT64_MAX, "16.0 EiB" }, { UINT64_C(1) << 60, "1 EiB" },
		{ UINT64_C(1) << 63, "8 EiB" },
	};
	char buf[16];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		CHECK_STR(format_size(buf, sizeof(buf), cases[i].bytes), cases[i].text);
	CHECK_STR(format_size(buf, 4, 256 * MIB), "256");
}

TEST(times)
{
	char buf[24];

	gives(parse_time_ns, "10ms", 10000000);
	gives(parse_time_ns, "10000000", 10000000);
	gives(parse_time_ns, "250us", 250000);
	gives(parse_time_ns, "1.5s", 1500000000);
	gives(parse_time_ns, "0.000000001S", 1);
	gives(parse_time_ns, "7ns", 7);
	fails(parse_time_ns, "0.5ns", -EINVAL);
	fails(parse_time_ns, "1m", -EINVAL);
	fails(parse_time_ns, "s", -EINVAL);
	fails(parse_time_ns, "18446744074s", -ERANGE);
	CHECK_STR(format_time_ns(buf, sizeof(buf), 0), "0 ns");
	CHECK_STR(format_time_ns(buf, sizeof(buf), 999), "999 ns");
	CHECK_STR(format_time_ns(buf, sizeof(buf), 250000), "250 us");
	CHECK_STR(format_time_ns(buf, sizeof(buf), 1500), "1.500 us");
	CHECK_STR(format_time_ns(buf, sizeof(buf), 10000000), "10 ms");
	CHECK_STR(format_time_ns(buf, sizeof(buf), 1002003004), "1.002 s");
	CHECK_STR(format_time_ns(buf, sizeof(buf), UINT64_MAX), "18446744073.709 s");
}

TEST(switches)
{
	bool value = false;

	CHECK(parse_bool("on", &value) == 0 && value);
	CHECK(parse_bool("FALSE", &value) == 0 && !value);
	CHECK(parse_bool("1", &value) == 0 && value);
	CHECK(parse_bool("n", &value) == 0 && !value);
	CHECK_EQ(parse_bool("", &value), -EINVAL);
	CHECK_EQ(parse_bool("2", &value), -EINVAL);
	CHECK_EQ(parse_bool("onn", &value), -EINVAL);
}

TEST(random_numbers_come_back)
{
	char text[80];
	int round;

	for (round = 0; round < 20000 && !unit_failed(); round++) {
		uint64_t value = unit_random() >> unit_random_below(64);

		snprintf(text, sizeof(text), "%" PRIu64, value);
		gives(parse_u64, text, value);
		gives(parse_size, text, value);
		snprintf(text, sizeof(text), "0x%" PRIx64, value);
		gives(parse_u64, text, value);
		snprintf(text, sizeof(text), "%" PRIu64 "0", value);
		if (value > UINT64_MAX / 10)
			fails(parse_u64, text, -ERANGE);
		else
			gives(parse_u64, text, value * 10);
	}
}
