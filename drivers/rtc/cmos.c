/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The real-time clock of PCs (Motorola MC146818 and its heirs), behind an index and a data port:
 * read once at start. No data; the clock that is kept is core's.
 */
#include <arch/barrier.h>
#include <arch/pio.h>
#include <core/dev.h>
#include <core/dt.h>
#include <core/log.h>
#include <core/time.h>
#include <libs/date.h>
#include <libs/errno.h>
#include <libs/string.h>

enum { RTC_SECOND = 0, RTC_MINUTE = 2, RTC_HOUR = 4, RTC_DAY = 7, RTC_MONTH = 8, RTC_YEAR = 9,
       RTC_A = 10, RTC_B = 11, RTC_CENTURY = 0x32 };

#define A_UPDATING 0x80
#define B_BINARY   0x04
#define B_24_HOURS 0x02
#define HOUR_PM	   0x80
#define POLLS	   1000000 /* far more than the 2 ms of an update */

static uint8_t get(uint16_t port, uint8_t reg)
{
	pio_write8(port, reg);
	return pio_read8((uint16_t)(port + 1));
}

/*
 * The registers as they are, at a moment when they do not change. @return false: there is no clock
 */
static bool read_raw(uint16_t port, uint8_t raw[RTC_CENTURY + 1])
{
	static const uint8_t regs[] = { RTC_SECOND, RTC_MINUTE, RTC_HOUR, RTC_DAY, RTC_MONTH,
					RTC_YEAR, RTC_CENTURY };
	unsigned polls = POLLS, i;

	if (get(port, RTC_A) == 0xff)
		return false;
	while (get(port, RTC_A) & A_UPDATING && --polls)
		arch_relax();
	for (i = 0; i < sizeof(regs); i++)
		raw[regs[i]] = get(port, regs[i]);
	return polls;
}

static uint8_t number(uint8_t v, uint8_t control)
{
	return control & B_BINARY ? v : (uint8_t)((v >> 4) * 10 + (v & 15));
}

static int cmos_probe(struct device *dev)
{
	uint8_t raw[RTC_CENTURY + 1], again[RTC_CENTURY + 1], b;
	struct date date;
	unsigned size, tries = 4;
	uint16_t port;

	if (dt_port(dev->node, 0, &port, &size) || size < 2)
		return -EINVAL;
	/* Twice the same, so that no update came between. */
	memset(raw, 0, sizeof(raw));
	memset(again, 0, sizeof(again));
	do {
		if (!read_raw(port, raw) || !read_raw(port, again))
			return -ENODEV;
	} while (memcmp(raw, again, sizeof(raw)) && --tries);
	b = get(port, RTC_B);
	date = (struct date){
		.year = number(raw[RTC_CENTURY], b) * 100u + number(raw[RTC_YEAR], b),
		.month = number(raw[RTC_MONTH], b), .day = number(raw[RTC_DAY], b),
		.hour = number(raw[RTC_HOUR] & (uint8_t)~HOUR_PM, b),
		.minute = number(raw[RTC_MINUTE], b), .second = number(raw[RTC_SECOND], b),
	};
	if (!(b & B_24_HOURS))
		date.hour = (uint8_t)(date.hour % 12 + (raw[RTC_HOUR] & HOUR_PM ? 12 : 0));
	if (date.year < 1970 || date.year > 2200) /* not all have a register for the century */
		date.year = 2000 + number(raw[RTC_YEAR], b);
	if (!date.month || date.month > 12 || !date.day || date.day > 31) {
		log_warn("the real-time clock's date makes no sense: not used");
		return -ENODEV;
	}
	time_set_wallclock(date_to_epoch(&date));
	return 0;
}

static const struct dt_match cmos_match[] = {
	{ "motorola,mc146818", NULL },
	{ NULL, NULL },
};

DRIVER(cmos_rtc) {
	.name = "cmos-rtc",
	.class = DRIVER_OTHER,
	.match = cmos_match,
	.probe = cmos_probe,
};
