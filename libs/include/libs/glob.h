/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Matching of names against patterns as shells have them.
 */
#pragma once

#include <stdbool.h>

/**
 * Matches a whole name: `*` stands for any number of characters, `?` for one, a backslash takes
 * the next character as it is. Any context; time is at most the product of both lengths.
 *
 * @param pattern  the pattern
 * @param name     the name
 * @return whether it matches
 */
bool glob_match(const char *pattern, const char *name);

/** @return whether @p s has an unescaped `*` or `?`, that is, may match more than one name */
bool glob_has_wildcard(const char *s);
