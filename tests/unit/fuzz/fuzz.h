/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What harnesses share. A harness is one file fuzz_*.c with LLVMFuzzerTestOneInput(), which runs
 * the code under test once and calls abort() (by FUZZ_CHECK) where a promise is broken; everything
 * else is found by the sanitizers. It must free all that it allocates.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** The condition has to hold for every input. */
#define FUZZ_CHECK(condition) do {						\
	if (!(condition)) {							\
		fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);	\
		abort();							\
	}									\
} while (0)

/** @return the input as a string in memory of exactly its size, from malloc() */
static inline char *fuzz_string(const uint8_t *data, size_t size)
{
	char *s = malloc(size + 1);

	memcpy(s, data, size);
	s[size] = '\0';
	return s;
}

/** Input that is consumed from its front; zeros behind its end. */
struct fuzz_input {
	const uint8_t *data;
	size_t size;
};

/** @return the next byte */
static inline uint8_t fuzz_byte(struct fuzz_input *in)
{
	if (!in->size)
		return 0;
	in->size--;
	return *in->data++;
}

/** @return the next 8 bytes as a number */
static inline uint64_t fuzz_u64(struct fuzz_input *in)
{
	uint64_t v = 0;
	int i;

	for (i = 0; i < 8; i++)
		v = v << 8 | fuzz_byte(in);
	return v;
}
