/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dates by counting days from 1 March of the year 0, as years then end with their leap day.
 */
#include <libs/date.h>

#define DAY	   86400u
#define ERA	   146097u /* days of 400 years */
#define BEFORE_1970 719468u

void date_from_epoch(uint64_t seconds, struct date *date)
{
	uint64_t days = seconds / DAY + BEFORE_1970;
	unsigned day = (unsigned)(days % ERA), in_day = (unsigned)(seconds % DAY);
	unsigned year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	unsigned in_year = day - (365 * year + year / 4 - year / 100);
	unsigned month = (5 * in_year + 2) / 153; /* from March */

	date->year = (uint32_t)(days / ERA * 400) + year + (month >= 10);
	date->month = (uint8_t)(month < 10 ? month + 3 : month - 9);
	date->day = (uint8_t)(in_year - (153 * month + 2) / 5 + 1);
	date->hour = (uint8_t)(in_day / 3600);
	date->minute = (uint8_t)(in_day / 60 % 60);
	date->second = (uint8_t)(in_day % 60);
}

uint64_t date_to_epoch(const struct date *date)
{
	unsigned month = date->month > 2 ? date->month - 3u : date->month + 9u;
	uint64_t year = date->year - (date->month <= 2);
	uint64_t days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 +
			date->day - 1u;

	if (date->year < 1970 || !date->month || !date->day)
		return 0;
	return (days - BEFORE_1970) * DAY + date->hour * 3600u + date->minute * 60u + date->second;
}
