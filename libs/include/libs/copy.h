/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copying bulk data between memories of any alignment, as fast as general registers can. Normal
 * memory only, with translation on: accesses are not aligned where the CPU allows that.
 */
#pragma once

#include <stddef.h>

/** Copy n bytes; the two do not overlap. The source may change meanwhile. Any context. */
void copy_data(void *dst, const void *src, size_t n);
