/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files as disks, towards the list of block devices: they belong to the one who opened them and are
 * in no list.
 */
#pragma once

#include <core/blockdev.h>

/**
 * Make a disk of a file, which is open as long as the disk is: for writing, so that nobody else
 * writes to it, or so that nobody changes it. Thread context.
 *
 * @param why  gets the reason as a sentence without full stop when it fails
 * @return 0 and a device with no users, which ops->release frees; -EROFS: its file system cannot be
 *         written; -ENOENT, -EBUSY, -EISDIR, -EINVAL (empty), -ENOMEM, -EIO
 */
must_check int filedisk_open(const char *path, bool write, struct blockdev **out, char *why,
			     size_t len);
