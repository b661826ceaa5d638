/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads values of disk=, see disk_value.h. No data, no lock.
 */
#include "disk_value.h"

#include <libs/string.h>

const char *disk_value_parse(const char *value, struct disk_value *disk)
{
	size_t n = strcspn(value, ",");

	memset(disk, 0, sizeof(*disk));
	if (!n || n >= sizeof(disk->source))
		return "is no path or block device";
	memcpy(disk->source, value, n);
	for (value += n; *value == ','; value += n) {
		value++;
		n = strcspn(value, ",");
		if (n == 2 && !strncmp(value, "ro", n)) {
			disk->read_only = true;
		} else if (n > 7 && !strncmp(value, "serial=", 7)) {
			if (n - 7 > DISK_SERIAL_MAX)
				return "has a serial number of more than 20 characters";
			memcpy(disk->serial, value + 7, n - 7);
			disk->serial[n - 7] = '\0';
		} else {
			return "is followed by something that is neither \",ro\" nor "
			       "\",serial=<text>\"";
		}
	}
	return NULL;
}
