/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RAM disks towards the list of block devices: those that are made of a file belong to the one who
 * opened them and are in no list.
 */
#pragma once

#include <core/blockdev.h>

/**
 * Make a RAM disk with a copy of a file's contents. Thread context.
 * @param why  gets the reason as a sentence without full stop when it fails
 * @return 0 and a device with no users, which ops->release frees; or negative errno
 */
must_check int ramdisk_of_file(const char *path, struct blockdev **out, char *why, size_t len);
