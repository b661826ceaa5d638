/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memcpy() and its like, in words of the CPU. Every access is aligned to its own size, so that they
 * work with the MMU off and on CPUs that cannot do others, and none goes beyond the given areas.
 */
#include <libs/string.h>

#include <stdint.h>

#include <libs/byteorder.h>

typedef unsigned long __attribute__((may_alias)) word;

#define WORD		sizeof(word)
#define BLOCK		(8 * WORD)

static inline size_t misalignment(const void *p)
{
	return (uintptr_t)p % WORD;
}

/* Both loops load a whole block before they store it: the compiler pairs the accesses. */
static inline void copy_block(word *d, const word *s)
{
	word a = s[0], b = s[1], c = s[2], e = s[3], f = s[4], g = s[5], h = s[6], i = s[7];

	d[0] = a;
	d[1] = b;
	d[2] = c;
	d[3] = e;
	d[4] = f;
	d[5] = g;
	d[6] = h;
	d[7] = i;
}

/*
 * Words from a source that is not aligned as the destination is: each destination word is put
 * together from two aligned source words. Copies whole words only, and none that would need a word
 * which ends beyond the source; returns the number of bytes copied.
 */
static size_t copy_shifted(word *d, const uint8_t *s, size_t n)
{
	size_t ahead = WORD - misalignment(s);	/* source bytes before the next aligned word */
	unsigned int down = 8 * (unsigned int)(WORD - ahead);
	unsigned int up = 8 * (unsigned int)ahead;
	const word *next = (const void *)(s + ahead);
	size_t done = 0;
	word held = 0;
	size_t i;

	if (n < WORD + ahead)
		return 0;
	for (i = 0; i < ahead; i++) {
		if (CPU_IS_LITTLE_ENDIAN)
			held |= (word)s[i] << (8 * (WORD - ahead + i));
		else
			held |= (word)s[i] << (8 * (ahead - 1 - i));
	}
	for (; n - done >= WORD + ahead; done += WORD) {
		word w = *next++;

		*d++ = CPU_IS_LITTLE_ENDIAN ? held >> down | w << up : held << down | w >> up;
		held = w;
	}
	return done;
}

/* Upwards; right for overlapping areas too if the destination begins below the source. */
static inline void *copy_up(void *dst, const void *src, size_t n)
{
	const uint8_t *s = src;
	uint8_t *d = dst;

	if (n >= WORD) {
		for (; misalignment(d); n--)
			*d++ = *s++;
		if (misalignment(s)) {
			size_t done = copy_shifted((void *)d, s, n);

			d += done;
			s += done;
			n -= done;
		} else {
			for (; n >= BLOCK; n -= BLOCK, d += BLOCK, s += BLOCK)
				copy_block((void *)d, (const void *)s);
			for (; n >= WORD; n -= WORD, d += WORD, s += WORD)
				*(word *)(void *)d = *(const word *)(const void *)s;
		}
	}
	while (n--)
		*d++ = *s++;
	return dst;
}

void *memcpy(void *dst, const void *src, size_t n)
{
	return copy_up(dst, src, n);
}

void *memmove(void *dst, const void *src, size_t n)
{
	const uint8_t *s = (const uint8_t *)src + n;
	uint8_t *d = (uint8_t *)dst + n;

	if ((uintptr_t)dst - (uintptr_t)src >= n)
		return copy_up(dst, src, n);
	if (misalignment(d) == misalignment(s)) {
		for (; n && misalignment(d); n--)
			*--d = *--s;
		for (; n >= BLOCK; n -= BLOCK) {
			d -= BLOCK;
			s -= BLOCK;
			copy_block((void *)d, (const void *)s);
		}
		for (; n >= WORD; n -= WORD) {
			d -= WORD;
			s -= WORD;
			*(word *)(void *)d = *(const word *)(const void *)s;
		}
	}
	while (n--)
		*--d = *--s;
	return dst;
}

void *memset(void *dst, int c, size_t n)
{
	word fill = (word)-1 / 0xff * (uint8_t)c;
	uint8_t *d = dst;

	if (n >= WORD) {
		for (; misalignment(d); n--)
			*d++ = (uint8_t)c;
		for (; n >= BLOCK; n -= BLOCK, d += BLOCK) {
			word *w = (void *)d;

			w[0] = fill;
			w[1] = fill;
			w[2] = fill;
			w[3] = fill;
			w[4] = fill;
			w[5] = fill;
			w[6] = fill;
			w[7] = fill;
		}
		for (; n >= WORD; n -= WORD, d += WORD)
			*(word *)(void *)d = fill;
	}
	while (n--)
		*d++ = (uint8_t)c;
	return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *p = a, *q = b;

	if (misalignment(p) == misalignment(q)) {
		for (; n && misalignment(p) && *p == *q; n--, p++, q++)
			;
		if (!misalignment(p)) {
			while (n >= WORD && *(const word *)(const void *)p ==
					    *(const word *)(const void *)q) {
				p += WORD;
				q += WORD;
				n -= WORD;
			}
		}
	}
	for (; n; n--, p++, q++) {
		if (*p != *q)
			return *p - *q;
	}
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const uint8_t *p = s;

	for (; n; n--, p++) {
		if (*p == (uint8_t)c)
			return (void *)(uintptr_t)p;
	}
	return NULL;
}
