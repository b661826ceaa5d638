/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libs/glob.c, against a plain recursive definition too.
 */
#include <libs/glob.h>

#include <string.h>

#include "unit.h"

/* The definition: slow, but there is nothing to get wrong. */
static bool defined_match(const char *p, const char *s)
{
	if (!*p)
		return !*s;
	if (*p == '*')
		return defined_match(p + 1, s) || (*s && defined_match(p, s + 1));
	if (!*s)
		return false;
	if (*p == '?')
		return defined_match(p + 1, s + 1);
	if (*p == '\\' && p[1])
		p++;
	return *p == *s && defined_match(p + 1, s + 1);
}

TEST(patterns)
{
	CHECK(glob_match("", "") && !glob_match("", "a") && glob_match("*", ""));
	CHECK(glob_match("guest*", "guest0") && !glob_match("guest*", "gues"));
	CHECK(glob_match("*.dtb", "virt.dtb") && !glob_match("*.dtb", "virt.dts"));
	CHECK(glob_match("v?rt", "virt") && !glob_match("v?rt", "vrt"));
	CHECK(glob_match("a*b*c", "axxbyyc") && !glob_match("a*b*c", "axxbyy"));
	CHECK(glob_match("\\*", "*") && !glob_match("\\*", "a") && glob_match("a\\", "a\\"));
	CHECK(glob_match("**", "abc") && !glob_match("?", ""));
	CHECK(glob_has_wildcard("a*") && glob_has_wildcard("?") && !glob_has_wildcard("a\\*"));
	CHECK(!glob_has_wildcard("") && !glob_has_wildcard("\\"));
}

TEST(random_patterns_match_the_definition)
{
	int round;

	for (round = 0; round < 100000 && !unit_failed(); round++) {
		char pattern[9] = "", name[9] = "";
		size_t i, n = unit_random_below(8), m = unit_random_below(8);

		for (i = 0; i < n; i++)
			pattern[i] = "ab*?\\"[unit_random_below(5)];
		for (i = 0; i < m; i++)
			name[i] = "ab*\\"[unit_random_below(4)];
		if (glob_match(pattern, name) != defined_match(pattern, name))
			unit_fail(__FILE__, __LINE__, "pattern \"%s\", name \"%s\"", pattern, name);
	}
}

TEST(no_exponential_time)
{
	char name[2001];

	memset(name, 'a', 2000);
	name[2000] = '\0';
	CHECK(!glob_match("*a*a*a*a*a*a*a*a*a*a*a*a*b", name));
}
