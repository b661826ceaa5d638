/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one block device of a test that uses fake_block.c.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** It is called that and has this content, which stays the test's; NULL: there is none. */
void fake_block(const char *name, const void *data, size_t size);
/** Reads of this sector and all behind it fail with -EIO. */
void fake_block_fail_from(uint64_t sector);
/** How often it is open. */
unsigned fake_block_users(void);
