/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A VFS of files that a test names, without directories or mounts.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/** No files, all can be mapped. */
void fake_files_clear(void);
/** A file; data is not copied. A second one of the same path takes the place of the first. */
void fake_file(const char *path, const void *data, size_t size);
/** Can file contents be reached without a copy? */
void fake_files_mappable(bool on);
/** Let reads behind this offset of any file fail with -EIO; SIZE_MAX: none. */
void fake_files_fail_from(size_t offset);
/** Files that are open. */
unsigned fake_files_open(void);
