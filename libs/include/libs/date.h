/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dates of the Gregorian calendar and seconds since 1970, without time zones. Any context.
 */
#pragma once

#include <stdint.h>

struct date {
	uint32_t year;
	uint8_t month, day; /* from 1 */
	uint8_t hour, minute, second;
};

/** The date of a moment. */
void date_from_epoch(uint64_t seconds, struct date *date);
/** The moment of a date from 1970 on; nonsense in it gives some other moment. */
uint64_t date_to_epoch(const struct date *date);
