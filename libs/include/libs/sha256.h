/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SHA-256 (FIPS 180-4, section 6.2). A state belongs to its caller; any context.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32 /* bytes of a digest */

struct sha256 {
	uint32_t h[8];
	uint64_t bytes;	    /* so far */
	uint8_t block[64];  /* the last of them that make no whole block */
};

/** Begin a message. */
void sha256_init(struct sha256 *s);
/** More of the message, any number of bytes. */
void sha256_update(struct sha256 *s, const void *data, size_t n);
/** The message ends. @param digest  gets SHA256_SIZE bytes */
void sha256_final(struct sha256 *s, uint8_t *digest);
