/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Values of disk=: a path or block device, then ",ro" and ",serial=<text>" in any order. Private to
 * boards/.
 */
#pragma once

#include <stdbool.h>
#include <libs/util.h>

#define DISK_SOURCE_MAX 256
#define DISK_SERIAL_MAX 20 /* Virtio 1.2, section 5.2.6 */

struct disk_value {
	char source[DISK_SOURCE_MAX];
	char serial[DISK_SERIAL_MAX + 1];
	bool read_only;
};

/** @return what is wrong with it ("is no ..."), NULL: nothing */
must_check const char *disk_value_parse(const char *value, struct disk_value *disk);
