/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The standard functions on strings. Byte by byte: the strings of a hypervisor are short, and no
 * byte behind the terminating NUL is ever read.
 */
#include <libs/string.h>

#include <stdbool.h>
#include <stdint.h>

static inline int fold(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

size_t strlen(const char *s)
{
	const char *p = s;

	while (*p)
		p++;
	return (size_t)(p - s);
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strcmp(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n && *a && *a == *b; n--, a++, b++)
		;
	return n ? (unsigned char)*a - (unsigned char)*b : 0;
}

int strcasecmp(const char *a, const char *b)
{
	return strncasecmp(a, b, SIZE_MAX);
}

int strncasecmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++) {
		int difference = fold((unsigned char)*a) - fold((unsigned char)*b);

		if (difference || !*a)
			return difference;
	}
	return 0;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)(uintptr_t)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	for (;; s++) {
		if (*s == (char)c)
			last = s;
		if (!*s)
			return (char *)(uintptr_t)last;
	}
}

char *strstr(const char *haystack, const char *needle)
{
	size_t n = strlen(needle);

	if (!n)
		return (char *)(uintptr_t)haystack;
	for (; (haystack = strchr(haystack, *needle)) != NULL; haystack++) {
		if (strncmp(haystack, needle, n) == 0)
			return (char *)(uintptr_t)haystack;
	}
	return NULL;
}

static size_t span(const char *s, const char *set, bool in_set)
{
	size_t n = 0;

	while (s[n] && (strchr(set, s[n]) != NULL) == in_set)
		n++;
	return n;
}

size_t strspn(const char *s, const char *accept)
{
	return span(s, accept, true);
}

size_t strcspn(const char *s, const char *reject)
{
	return span(s, reject, false);
}
