/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The functions of the C library on memory and strings that a freestanding image needs, under
 * their standard names (the compiler itself calls some of them). Defined in libs/memory.c,
 * libs/string.c and, for the two that older C libraries lack, libs/strlcpy.c, so that programs on
 * the build host can take the standard ones from their own C library.
 *
 * None uses floating-point or vector registers. The mem* functions access memory in words of up to
 * 8 bytes in any order and are for normal memory only, never for device registers.
 * Any context; no locks; no errors.
 */
#pragma once

#include <stddef.h>

/** Copies @p n bytes; the areas must not overlap. @return @p dst */
void *memcpy(void *dst, const void *src, size_t n);
/** Copies @p n bytes between areas that may overlap. @return @p dst */
void *memmove(void *dst, const void *src, size_t n);
/** Fills @p n bytes with the low 8 bits of @p c. @return @p dst */
void *memset(void *dst, int c, size_t n);
/** Compares as unsigned bytes. @return below, equal to or above 0, as @p a to @p b */
int memcmp(const void *a, const void *b, size_t n);
/** Finds the first byte equal to the low 8 bits of @p c. @return its place, or NULL */
void *memchr(const void *s, int c, size_t n);

/** @return length of @p s without its terminating NUL */
size_t strlen(const char *s);
/** @return length of @p s, at most @p max; looks at no byte beyond that */
size_t strnlen(const char *s, size_t max);
/** Compares as unsigned bytes. @return below, equal to or above 0 */
int strcmp(const char *a, const char *b);
/** Like strcmp(), at most @p n bytes. */
int strncmp(const char *a, const char *b, size_t n);
/** Like strcmp(), without regard to the case of ASCII letters. */
int strcasecmp(const char *a, const char *b);
/** Like strcasecmp(), at most @p n bytes. */
int strncasecmp(const char *a, const char *b, size_t n);
/** @return the first @p c in @p s (the NUL counts too), or NULL */
char *strchr(const char *s, int c);
/** @return the last @p c in @p s (the NUL counts too), or NULL */
char *strrchr(const char *s, int c);
/** @return the first @p needle in @p haystack (an empty one is at its start), or NULL */
char *strstr(const char *haystack, const char *needle);
/** @return length of the start of @p s that has only characters of @p accept */
size_t strspn(const char *s, const char *accept);
/** @return length of the start of @p s that has no character of @p reject */
size_t strcspn(const char *s, const char *reject);

/**
 * Copies a string into a buffer and always terminates it.
 *
 * @param dst   the buffer
 * @param src   a NUL-terminated string that does not overlap it
 * @param size  size of the buffer in bytes; with 0 nothing is written
 * @return strlen(src): it was cut off if that is not below @p size
 */
size_t strlcpy(char *dst, const char *src, size_t size);

/**
 * Appends a string to the one in a buffer and terminates it.
 *
 * @param dst   the buffer; holds a string (without a NUL in it, nothing is written)
 * @param src   a NUL-terminated string that does not overlap it
 * @param size  size of the whole buffer in bytes
 * @return the length that the whole would have: it was cut off if that is not below @p size
 */
size_t strlcat(char *dst, const char *src, size_t size);
