/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dates against the C library's.
 */
#include "unit.h"

#include <time.h>

#include <libs/date.h>

TEST(same_as_the_c_library)
{
	for (int64_t t = 0; t < INT64_C(0x3ffffffff); t += 86400 * 11 + 4321) {
		struct date date;
		struct tm tm;
		time_t when = t;

		gmtime_r(&when, &tm);
		date_from_epoch((uint64_t)t, &date);
		CHECK_EQ(date.year, tm.tm_year + 1900);
		CHECK_EQ(date.month, tm.tm_mon + 1);
		CHECK_EQ(date.day, tm.tm_mday);
		CHECK_EQ(date.hour, tm.tm_hour);
		CHECK_EQ(date.minute, tm.tm_min);
		CHECK_EQ(date.second, tm.tm_sec);
		CHECK_EQ(date_to_epoch(&date), t);
	}
}

TEST(days_around_leap_days)
{
	for (uint64_t day = 0; day < 366 * 150; day++) {
		struct date date;

		date_from_epoch(day * 86400, &date);
		CHECK_EQ(date_to_epoch(&date), day * 86400);
	}
}

TEST(nonsense_does_no_harm)
{
	struct date date = { 0, 0, 0, 0, 0, 0 };

	CHECK_EQ(date_to_epoch(&date), 0);
	date = (struct date){ 1980, 15, 31, 31, 63, 62 };
	CHECK(date_to_epoch(&date) > 0);
}
