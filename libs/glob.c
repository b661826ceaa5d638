/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Matching of names against patterns with `*` and `?`. Only the last star is ever tried again, so
 * there is no recursion and no exponential time.
 */
#include <libs/glob.h>

#include <stddef.h>

/*
 * Whether the element of the pattern at *p, which is no star, takes the character c; moves *p
 * behind the element then. A backslash at the very end stands for itself.
 */
static bool match_one(const char **p, char c)
{
	const char *at = *p;

	if (!*at)
		return false;
	if (*at == '?') {
		*p = at + 1;
		return true;
	}
	if (*at == '\\' && at[1])
		at++;
	if (*at != c)
		return false;
	*p = at + 1;
	return true;
}

bool glob_match(const char *pattern, const char *name)
{
	const char *behind_star = NULL;
	const char *star_name = NULL;

	while (*name) {
		if (*pattern == '*') {
			behind_star = ++pattern;
			star_name = name;
		} else if (match_one(&pattern, *name)) {
			name++;
		} else if (behind_star) {
			/* The last star takes one character more. */
			pattern = behind_star;
			name = ++star_name;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

bool glob_has_wildcard(const char *s)
{
	for (; *s; s++) {
		if (*s == '*' || *s == '?')
			return true;
		if (*s == '\\' && s[1])
			s++;
	}
	return false;
}
