/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one block device of a test that uses fake_block.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** It is called that and has this content, which stays the test's; NULL: there is none. */
void fake_block(const char *name, const void *data, size_t size);
/** The same, and may be written. */
void fake_block_rw(const char *name, void *data, size_t size);
/** Reads of this sector and all behind it fail with -EIO. */
void fake_block_fail_from(uint64_t sector);
/** Writes fail with this error after so many more. */
void fake_block_fail_writes(uint64_t after, int err);
/**
 * What is on the device after so many more writes goes to a copy: as if the machine stopped then.
 */
void fake_block_stop_after(uint64_t writes, void *copy);
/**
 * From now on the device has a cache: of what was not flushed any part, sector by sector, is
 * missing in the copy of fake_block_stop_after().
 */
void fake_block_forgets(void);
/** Requests to write so far, and flushes. */
uint64_t fake_block_writes(void);
uint64_t fake_block_flushes(void);
/** How often it is open. */
unsigned fake_block_users(void);
