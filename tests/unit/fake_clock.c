/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The wall clock stands still.
 */
#include <core/time.h>

uint64_t time_wallclock(void)
{
	return 1700000000;
}
