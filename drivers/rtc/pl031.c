/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arm PrimeCell real-time clock PL031 (Arm DDI 0224C): a counter of seconds since 1970, read once
 * at start. No data; the clock that is kept is core's.
 */
#include <arch/mmio.h>
#include <core/dev.h>
#include <core/time.h>
#include <libs/errno.h>

#define RTCDR 0x00

static int pl031_probe(struct device *dev)
{
	uint8_t *regs = device_map(dev, 0);

	if (!regs)
		return -ENXIO;
	time_set_wallclock(mmio_read32(regs + RTCDR));
	device_unmap(dev, 0, regs);
	return 0;
}

static const struct dt_match pl031_match[] = {
	{ "arm,pl031", NULL },
	{ NULL, NULL },
};

DRIVER(pl031) {
	.name = "pl031",
	.class = DRIVER_OTHER,
	.match = pl031_match,
	.probe = pl031_probe,
};
