/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libs/memory.c, libs/string.c, libs/strlcpy.c against the C library, over all small lengths and
 * alignments, with memory that ends exactly behind the last byte so that the sanitizer sees any
 * access beyond. The functions under test are called libs_* (see libs.mk).
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "unit.h"

void *libs_memcpy(void *dst, const void *src, size_t n);
void *libs_memmove(void *dst, const void *src, size_t n);
void *libs_memset(void *dst, int c, size_t n);
int libs_memcmp(const void *a, const void *b, size_t n);
void *libs_memchr(const void *s, int c, size_t n);
size_t libs_strlen(const char *s);
size_t libs_strnlen(const char *s, size_t max);
int libs_strcmp(const char *a, const char *b);
int libs_strncmp(const char *a, const char *b, size_t n);
int libs_strcasecmp(const char *a, const char *b);
int libs_strncasecmp(const char *a, const char *b, size_t n);
char *libs_strchr(const char *s, int c);
char *libs_strrchr(const char *s, int c);
char *libs_strstr(const char *haystack, const char *needle);
size_t libs_strspn(const char *s, const char *accept);
size_t libs_strcspn(const char *s, const char *reject);
size_t libs_strlcpy(char *dst, const char *src, size_t size);
size_t libs_strlcat(char *dst, const char *src, size_t size);

#define SMALL		90	/* lengths that are all tried: beyond one block and its rests */
#define BIG		4099

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void fill_random(uint8_t *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		p[i] = (uint8_t)unit_random();
}

/* One copy between buffers of exactly offset + n bytes. */
static void copy_once(size_t to, size_t from, size_t n)
{
	uint8_t *dst = malloc(to + n + 1);
	uint8_t *src = malloc(from + n);
	size_t i;

	fill_random(src, from + n);
	memset(dst, 0xa5, to + n + 1);
	CHECK(libs_memcpy(dst + to, src + from, n) == dst + to);
	CHECK_MEM(dst + to, src + from, n);
	for (i = 0; i < to; i++)
		CHECK(dst[i] == 0xa5);
	CHECK(dst[to + n] == 0xa5);
	free(dst);
	free(src);
}

TEST(memcpy_copies_every_length_and_alignment)
{
	size_t to, from, n;

	for (to = 0; to < 8; to++) {
		for (from = 0; from < 8; from++) {
			for (n = 0; n < SMALL; n++)
				copy_once(to, from, n);
			copy_once(to, from, BIG);
		}
	}
}

TEST(memmove_copies_between_overlapping_areas)
{
	size_t to, from, n;

	for (to = 0; to < 80; to += to < 18 ? 1 : 7) {
		for (from = 0; from < 80; from += from < 18 ? 1 : 7) {
			for (n = 0; n < 200; n += n < SMALL ? 1 : 37) {
				size_t size = (to > from ? to : from) + n;
				uint8_t *ours = malloc(size);
				uint8_t *theirs = malloc(size);

				fill_random(ours, size);
				memcpy(theirs, ours, size);
				CHECK(libs_memmove(ours + to, ours + from, n) == ours + to);
				memmove(theirs + to, theirs + from, n);
				CHECK_MEM(ours, theirs, size);
				free(ours);
				free(theirs);
			}
		}
	}
}

TEST(memset_fills_every_length_and_alignment)
{
	size_t at, n, i;

	for (at = 0; at < 8; at++) {
		for (n = 0; n < 2 * SMALL; n++) {
			uint8_t *p = malloc(at + n + 1);

			memset(p, 1, at + n + 1);
			/* Only the low 8 bits count. */
			CHECK(libs_memset(p + at, 0x1fe, n) == p + at);
			for (i = 0; i < at + n + 1; i++)
				CHECK(p[i] == (i >= at && i < at + n ? 0xfe : 1));
			free(p);
		}
	}
}

TEST(memcmp_finds_the_first_difference)
{
	size_t a_at, b_at, n, bad;

	for (a_at = 0; a_at < 8; a_at++) {
		for (b_at = 0; b_at < 8; b_at++) {
			for (n = 0; n < 40; n++) {
				uint8_t *a = malloc(a_at + n);
				uint8_t *b = malloc(b_at + n);

				fill_random(a, a_at + n);
				memcpy(b + b_at, a + a_at, n);
				CHECK_EQ(libs_memcmp(a + a_at, b + b_at, n), 0);
				for (bad = 0; bad < n; bad++) {
					b[b_at + bad] ^= 0x80;
					CHECK_EQ(sign(libs_memcmp(a + a_at, b + b_at, n)),
						 sign(memcmp(a + a_at, b + b_at, n)));
					CHECK_EQ(libs_memcmp(a + a_at, b + b_at, bad), 0);
					b[b_at + bad] ^= 0x80;
				}
				free(a);
				free(b);
			}
		}
	}
}

TEST(memchr_finds_the_first)
{
	const char text[] = "abcabc\xff";

	CHECK(libs_memchr(text, 'c', 6) == text + 2);
	CHECK(libs_memchr(text, 'c', 2) == NULL);
	CHECK(libs_memchr(text, 0, sizeof(text)) == text + 7);
	CHECK(libs_memchr(text, 0xff, sizeof(text)) == text + 6);
	CHECK(libs_memchr(text, -1, sizeof(text)) == text + 6);
	CHECK(libs_memchr(text, 'a', 0) == NULL);
}

/* A random string of few different characters, so that strings are often alike. */
static char *random_string(size_t max)
{
	static const char letters[] = "abAB\x80";
	size_t n = unit_random_below(max + 1), i;
	char *s = malloc(n + 1);

	for (i = 0; i < n; i++)
		s[i] = letters[unit_random_below(sizeof(letters) - 1)];
	s[n] = '\0';
	return s;
}

static void compare_searches(const char *a, const char *b)
{
	int c = "abAB\x80z"[unit_random_below(7)];

	CHECK(libs_strchr(a, c) == strchr(a, c));
	CHECK(libs_strrchr(a, c) == strrchr(a, c));
	CHECK(libs_strstr(a, b) == strstr(a, b));
	CHECK_EQ(libs_strspn(a, b), strspn(a, b));
	CHECK_EQ(libs_strcspn(a, b), strcspn(a, b));
}

TEST(strings_behave_like_those_of_the_c_library)
{
	int round;

	for (round = 0; round < 50000 && !unit_failed(); round++) {
		char *a = random_string(7), *b = random_string(3);
		size_t n = unit_random_below(6);

		CHECK_EQ(libs_strlen(a), strlen(a));
		CHECK_EQ(libs_strnlen(a, n), strnlen(a, n));
		CHECK_EQ(sign(libs_strcmp(a, b)), sign(strcmp(a, b)));
		CHECK_EQ(sign(libs_strncmp(a, b, n)), sign(strncmp(a, b, n)));
		CHECK_EQ(sign(libs_strcasecmp(a, b)), sign(strcasecmp(a, b)));
		CHECK_EQ(sign(libs_strncasecmp(a, b, n)), sign(strncasecmp(a, b, n)));
		compare_searches(a, b);
		free(a);
		free(b);
	}
}

TEST(case_is_folded_for_letters_only)
{
	CHECK_EQ(libs_strcasecmp("AZaz", "azAZ"), 0);
	CHECK(libs_strcasecmp("@", "`") < 0 && libs_strcasecmp("[", "{") < 0);
	CHECK(libs_strcasecmp("Z", "[") > 0);
}

TEST(strnlen_does_not_read_beyond_its_limit)
{
	char *p = malloc(3);

	memcpy(p, "abc", 3);
	CHECK_EQ(libs_strnlen(p, 3), 3);
	CHECK_EQ(libs_strncmp(p, "abc", 3), 0);
	CHECK_EQ(libs_strnlen(p, 0), 0);
	free(p);
}

TEST(strlcpy_cuts_and_terminates)
{
	char buf[5], *tight;

	CHECK_EQ(libs_strlcpy(buf, "abc", sizeof(buf)), 3);
	CHECK_STR(buf, "abc");
	CHECK_EQ(libs_strlcpy(buf, "abcd", sizeof(buf)), 4);
	CHECK_STR(buf, "abcd");
	CHECK_EQ(libs_strlcpy(buf, "abcdefgh", sizeof(buf)), 8);
	CHECK_STR(buf, "abcd");
	CHECK_EQ(libs_strlcpy(buf, "xyz", 1), 3);
	CHECK_STR(buf, "");
	CHECK_EQ(libs_strlcpy(NULL, "xyz", 0), 3);
	/* Exactly one character too many. */
	tight = malloc(5);
	CHECK_EQ(libs_strlcpy(tight, "abcde", 5), 5);
	CHECK_STR(tight, "abcd");
	free(tight);
}

TEST(strlcat_appends_cuts_and_terminates)
{
	char buf[6] = "ab";

	CHECK_EQ(libs_strlcat(buf, "c", sizeof(buf)), 3);
	CHECK_STR(buf, "abc");
	CHECK_EQ(libs_strlcat(buf, "defg", sizeof(buf)), 7);
	CHECK_STR(buf, "abcde");
	CHECK_EQ(libs_strlcat(buf, "", sizeof(buf)), 5);
	/* No NUL within the size: nothing is written. */
	memcpy(buf, "abcdef", 6);
	CHECK_EQ(libs_strlcat(buf, "xy", sizeof(buf)), 8);
	CHECK_MEM(buf, "abcdef", 6);
	CHECK_EQ(libs_strlcat(buf, "xy", 0), 2);
}
