/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stand-ins for parts of core, for tests of files that only use them: a heap over malloc() that
 * counts and can run out, threads of which there is one, a log that is kept. Each is in the
 * fake_*.c of its name; a test names those that it needs in its .mk.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Blocks handed out and not freed. */
size_t fake_heap_live(void);
/** Let the n-th allocation from now on fail (1: the next), and all behind it; 0: none fails. */
void fake_heap_fail_at(size_t n);
/** Did an allocation fail since fake_heap_fail_at()? */
bool fake_heap_failed(void);

/** So many pages of memory are free. */
void fake_pages_free(uint64_t pages);

/** All that was logged since the last fake_log_clear(), a line each. */
const char *fake_log_text(void);
void fake_log_clear(void);
