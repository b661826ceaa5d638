/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A disk with a cache that forgets: requests end later and in any order; what was written and not
 * flushed since is lost when the power goes, sector by sector, as chance has it. A flush covers
 * what had ended before it came, no more.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <core/blockdev.h>

/**
 * Register it as "volatile0" with these contents, which are copied.
 * @param at_once  requests end when they are submitted
 */
struct blockdev *volatile_begin(const uint8_t *data, size_t size, bool at_once);
/** Take it away; nobody has it open and no request is in flight. */
void volatile_end(void);
/**
 * The power goes when so many more requests have ended, or at volatile_cut_now(): what would be
 * found then goes to a copy, and fn() is called. All goes on as if nothing had happened.
 */
void volatile_cut_after(unsigned requests, uint8_t *copy, void (*fn)(void));
void volatile_cut_now(void);
/** Whenever a request has ended, this is called: another CPU that goes on meanwhile. */
void volatile_meanwhile(void (*fn)(void));
/** Has it been cut? */
bool volatile_was_cut(void);
/** Let this request, counted from now, and the following ones fail; 0: none. */
void volatile_fail(int err);
/** Flushes that have ended. */
unsigned volatile_flushes(void);
/** Requests in flight. */
unsigned volatile_in_flight(void);
