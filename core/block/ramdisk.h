/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RAM disks towards the list of block devices: those that are made of a file belong to the one who
 * opened them and are in no list.
 */
#pragma once

#include <core/blockdev.h>

/**
 * Make a RAM disk with a copy of a file's contents. Thread context; reasons for errors are logged.
 * @return the device with no users; ops->release frees it. NULL on errors
 */
struct blockdev *ramdisk_of_file(const char *path);
