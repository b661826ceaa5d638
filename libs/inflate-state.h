/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the decoder of deflate data (inflate.c) and the readers of its frames (gunzip.c) share.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libs/inflate.h>

#define INFLATE_LITERALS	288	/* symbols of the code of literals and lengths */
#define INFLATE_DISTANCES	32	/* symbols of the code of distances */
#define INFLATE_LENGTH_CODES	19	/* symbols of the code of code lengths */
#define INFLATE_LITERAL_BITS	10	/* longest code in the table for literals and lengths */
#define INFLATE_DISTANCE_BITS	8	/* longest code in the table for distances */

/* A canonical code: how many codes have each length, and their symbols in order. */
struct inflate_code {
	uint16_t count[16];
	uint16_t symbol[INFLATE_LITERALS];
};

/*
 * A decoder. The output is one buffer; with a sink the buffer is a window that is begun anew when
 * it is full, and nothing in it is older than that.
 */
struct inflate {
	const uint8_t *in;
	const uint8_t *in_end;
	uint64_t bits;		/* next bits of the input, the lowest first */
	unsigned int count;	/* how many of them are valid */

	uint8_t *out;
	size_t capacity;
	size_t at;		/* where the next byte goes */
	size_t unsummed;	/* first byte that is not in check and not handed to the sink */
	inflate_sink sink;	/* NULL without a window */
	void *ctx;

	uint64_t produced;	/* bytes of this stream before unsummed */
	uint32_t check;		/* checksum of those */
	uint32_t (*update)(uint32_t check, const void *data, size_t n);	/* NULL: none wanted */

	bool fixed_codes;	/* the codes below are the fixed ones */
	uint8_t lengths[INFLATE_LITERALS + INFLATE_DISTANCES];
	struct inflate_code literal;
	struct inflate_code distance;
	/* By the next bits: symbol << 4 | length of its code, or 0 where that is longer. */
	uint16_t literal_fast[1 << INFLATE_LITERAL_BITS];
	uint16_t distance_fast[1 << INFLATE_DISTANCE_BITS];
};

/**
 * Decodes one raw deflate stream. in, in_end, the output and check are the caller's to set; in is
 * left behind the last byte that the stream has a part of. May be called again for the next stream.
 *
 * @param s  the decoder
 * @return as gunzip()
 */
int inflate_run(struct inflate *s);
