/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Deflate decompression (RFC 1951). Codes up to FAST_BITS long, which are nearly all, are decoded
 * by one look into a table, longer ones by counting codes of each length. All state is in struct
 * inflate, on the stack of the caller.
 */
#include <libs/inflate.h>

#include "inflate-state.h"

#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/string.h>

#define MAX_BITS	15	/* longest code */
#define END_OF_BLOCK	256
#define LENGTH_CODES	29
#define DISTANCE_CODES	30

/* ---- output ----------------------------------------------------------------------- */

static int inflate_flush(struct inflate *s)
{
	size_t n = s->at - s->unsummed;
	int err;

	if (n) {
		s->check = s->update ? s->update(s->check, s->out + s->unsummed, n) : 0;
		s->produced += n;
	}
	s->unsummed = s->at;
	if (!s->sink || !n)
		return 0;
	err = s->sink(s->ctx, s->out + s->at - n, n);
	return err > 0 ? -EINVAL : err;
}

/* Makes room for at least one byte more. */
static int make_room(struct inflate *s)
{
	int err;

	if (!s->sink)
		return -ENOSPC;
	err = inflate_flush(s);
	s->at = 0;
	s->unsummed = 0;
	return err;
}

/* Appends @p len bytes that are the same as those @p distance before. */
static int copy_match(struct inflate *s, size_t distance, size_t len)
{
	if (distance > s->produced + (s->at - s->unsummed))
		return -EILSEQ;
	while (len) {
		const uint8_t *old;
		uint8_t *to;
		size_t from, n;

		if (s->at == s->capacity) {
			int err = make_room(s);

			if (err)
				return err;
		}
		/* With a window, what is not below the place to write is from its last round. */
		from = s->at >= distance ? s->at - distance : s->at + s->capacity - distance;
		n = MIN(len, s->capacity - MAX(s->at, from));
		len -= n;
		to = s->out + s->at;
		old = s->out + from;
		s->at += n;
		/* One by one: the areas may overlap, and then the bytes repeat. */
		for (; n; n--)
			*to++ = *old++;
	}
	return 0;
}

/* ---- input ------------------------------------------------------------------------ */

/*
 * Fills the bit buffer to 56 bits or more unless the input ends. Bits above s->count may be set
 * by the wide load; they are those of the next bytes and are set to the same again.
 */
static void refill(struct inflate *s)
{
	if (s->in_end - s->in >= 8) {
		s->bits |= get_le64(s->in) << s->count;
		s->in += (63 - s->count) / 8;
		s->count |= 56;
		return;
	}
	while (s->count < 56 && s->in < s->in_end) {
		s->bits |= (uint64_t)*s->in++ << s->count;
		s->count += 8;
	}
}

static void drop_bits(struct inflate *s, unsigned int n)
{
	s->bits >>= n;
	s->count -= n;
}

/* Takes up to 16 bits. */
static int take_bits(struct inflate *s, unsigned int n, unsigned int *value)
{
	if (s->count < n) {
		refill(s);
		if (s->count < n)
			return -ENODATA;
	}
	*value = (unsigned int)(s->bits & ((UINT64_C(1) << n) - 1));
	drop_bits(s, n);
	return 0;
}

/* Gives whole bytes that were not used back to the input and drops the rest of a byte. */
static void align_input(struct inflate *s)
{
	s->in -= s->count / 8;
	s->bits = 0;
	s->count = 0;
}

/* ---- codes ------------------------------------------------------------------------ */

static unsigned int reverse_bits(unsigned int code, unsigned int n)
{
	unsigned int reversed = 0;

	for (; n; n--, code >>= 1)
		reversed = reversed << 1 | (code & 1);
	return reversed;
}

/* Puts every code of at most @p fast_bits into the table, at all indices that begin with it. */
static void fill_fast(struct inflate_code *c, uint16_t *fast, unsigned int fast_bits,
		      const uint8_t *lengths, unsigned int n)
{
	unsigned int next[MAX_BITS + 2];
	unsigned int len, i, at;
	unsigned int code = 0;

	memset(fast, 0, sizeof(*fast) << fast_bits);
	for (len = 1; len <= MAX_BITS; len++) {
		next[len] = code;
		code = (code + c->count[len]) << 1;
	}
	for (i = 0; i < n; i++) {
		len = lengths[i];
		if (!len)
			continue;
		code = next[len]++;
		if (len > fast_bits)
			continue;
		for (at = reverse_bits(code, len); at < 1u << fast_bits; at += 1u << len)
			fast[at] = (uint16_t)(i << 4 | len);
	}
}

/*
 * Makes the canonical code that the lengths describe (RFC 1951, 3.2.2). Too many codes are an
 * error; too few are one too unless there is none or a single one of one bit, which compressors
 * do write for distances.
 */
static int build_code(struct inflate_code *c, uint16_t *fast, unsigned int fast_bits,
		      const uint8_t *lengths, unsigned int n)
{
	uint16_t offset[MAX_BITS + 2];
	int left = 1;
	unsigned int i;

	memset(c->count, 0, sizeof(c->count));
	for (i = 0; i < n; i++)
		c->count[lengths[i]]++;
	c->count[0] = 0;
	offset[1] = 0;
	for (i = 1; i <= MAX_BITS; i++) {
		left = left * 2 - c->count[i];
		if (left < 0)
			return -EILSEQ;
		offset[i + 1] = (uint16_t)(offset[i] + c->count[i]);
	}
	if (left && offset[MAX_BITS + 1] && !(offset[MAX_BITS + 1] == 1 && c->count[1] == 1))
		return -EILSEQ;
	for (i = 0; i < n; i++) {
		if (lengths[i])
			c->symbol[offset[lengths[i]]++] = (uint16_t)i;
	}
	fill_fast(c, fast, fast_bits, lengths, n);
	return 0;
}

/* A code longer than the table: takes bit after bit until it is among the codes of its length. */
static int decode_slow(struct inflate *s, const struct inflate_code *c)
{
	unsigned int code = 0, first = 0, index = 0, len;

	for (len = 1; len <= MAX_BITS; len++) {
		if (len > s->count)
			return -ENODATA;
		code |= (s->bits >> (len - 1)) & 1;
		if (code < first + c->count[len]) {
			drop_bits(s, len);
			return c->symbol[index + (code - first)];
		}
		index += c->count[len];
		first = (first + c->count[len]) << 1;
		code <<= 1;
	}
	return -EILSEQ;
}

/* The next symbol, or a negative errno. */
static inline int decode(struct inflate *s, const struct inflate_code *c, const uint16_t *fast,
			 unsigned int fast_bits)
{
	unsigned int entry;

	if (s->count < MAX_BITS)
		refill(s);
	entry = fast[s->bits & ((1u << fast_bits) - 1)];
	if (!entry)
		return decode_slow(s, c);
	if ((entry & 15) > s->count)
		return -ENODATA;
	drop_bits(s, entry & 15);
	return (int)(entry >> 4);
}

static inline int decode_literal(struct inflate *s)
{
	return decode(s, &s->literal, s->literal_fast, INFLATE_LITERAL_BITS);
}

static inline int decode_distance(struct inflate *s)
{
	return decode(s, &s->distance, s->distance_fast, INFLATE_DISTANCE_BITS);
}

/* ---- blocks ----------------------------------------------------------------------- */

/* The length of a match for its symbol, counted from 257 on (RFC 1951, 3.2.5). */
static int read_length(struct inflate *s, unsigned int symbol, size_t *length)
{
	static const uint16_t base[LENGTH_CODES] = {
		3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83,
		99, 115, 131, 163, 195, 227, 258,
	};
	static const uint8_t extra[LENGTH_CODES] = {
		0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5,
		5, 0,
	};
	unsigned int more;
	int err;

	if (symbol >= LENGTH_CODES)
		return -EILSEQ;
	err = take_bits(s, extra[symbol], &more);
	*length = base[symbol] + more;
	return err;
}

static int read_distance(struct inflate *s, size_t *distance)
{
	int symbol = decode_distance(s);
	unsigned int extra, more;
	int err;

	if (symbol < 0)
		return symbol;
	if (symbol >= DISTANCE_CODES)
		return -EILSEQ;
	/* Two codes for each number of further bits, from the fourth on. */
	extra = symbol < 4 ? 0 : (unsigned int)symbol / 2 - 1;
	err = take_bits(s, extra, &more);
	if (err)
		return err;
	if (symbol < 4)
		*distance = (size_t)symbol + 1;
	else
		*distance = ((2u + (symbol & 1)) << extra) + 1 + more;
	return 0;
}

static int read_coded_block(struct inflate *s)
{
	for (;;) {
		int symbol = decode_literal(s);
		size_t length, distance;
		int err = 0;

		if (symbol < 0)
			return symbol;
		if (symbol < END_OF_BLOCK) {
			if (s->at == s->capacity)
				err = make_room(s);
			if (err)
				return err;
			s->out[s->at++] = (uint8_t)symbol;
			continue;
		}
		if (symbol == END_OF_BLOCK)
			return 0;
		err = read_length(s, (unsigned int)symbol - END_OF_BLOCK - 1, &length);
		if (!err)
			err = read_distance(s, &distance);
		if (!err)
			err = copy_match(s, distance, length);
		if (err)
			return err;
	}
}

static int read_stored_block(struct inflate *s)
{
	size_t len;

	align_input(s);
	if (s->in_end - s->in < 4)
		return -ENODATA;
	len = get_le16(s->in);
	if ((len ^ get_le16(s->in + 2)) != 0xffff)
		return -EILSEQ;
	s->in += 4;
	if (len > (size_t)(s->in_end - s->in))
		return -ENODATA;
	while (len) {
		size_t n;

		if (s->at == s->capacity) {
			int err = make_room(s);

			if (err)
				return err;
		}
		n = MIN(len, s->capacity - s->at);
		memcpy(s->out + s->at, s->in, n);
		s->at += n;
		s->in += n;
		len -= n;
	}
	return 0;
}

/* The code that needs no description (RFC 1951, 3.2.6); kept from one such block to the next. */
static int use_fixed_codes(struct inflate *s)
{
	unsigned int i;
	int err;

	if (s->fixed_codes)
		return 0;
	for (i = 0; i < INFLATE_LITERALS; i++)
		s->lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
	err = build_code(&s->literal, s->literal_fast, INFLATE_LITERAL_BITS, s->lengths,
			 INFLATE_LITERALS);
	memset(s->lengths, 5, INFLATE_DISTANCES);
	if (!err)
		err = build_code(&s->distance, s->distance_fast, INFLATE_DISTANCE_BITS,
				 s->lengths, INFLATE_DISTANCES);
	s->fixed_codes = !err;
	return err;
}

/* Reads the lengths of the code of lengths, and makes it (in the place of the distance code). */
static int read_length_code(struct inflate *s, unsigned int n)
{
	static const uint8_t order[INFLATE_LENGTH_CODES] = {
		16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
	};
	unsigned int i, value;
	int err;

	memset(s->lengths, 0, INFLATE_LENGTH_CODES);
	for (i = 0; i < n; i++) {
		err = take_bits(s, 3, &value);
		if (err)
			return err;
		s->lengths[order[i]] = (uint8_t)value;
	}
	return build_code(&s->distance, s->distance_fast, INFLATE_DISTANCE_BITS, s->lengths,
			  INFLATE_LENGTH_CODES);
}

/* One element of the list of lengths: what it stands for and how often. */
static int read_run(struct inflate *s, unsigned int at, uint8_t *value, unsigned int *times)
{
	static const uint8_t bits[] = { 2, 3, 7 };
	static const uint8_t base[] = { 3, 3, 11 };
	int symbol = decode_distance(s);
	int err;

	if (symbol < 0)
		return symbol;
	*times = 1;
	*value = (uint8_t)symbol;
	if (symbol < 16)
		return 0;
	if (symbol == 16 && at == 0)
		return -EILSEQ;
	*value = symbol == 16 ? s->lengths[at - 1] : 0;
	err = take_bits(s, bits[symbol - 16], times);
	*times += base[symbol - 16];
	return err;
}

static int read_dynamic_codes(struct inflate *s)
{
	unsigned int header, literals, distances, at, times;
	uint8_t value;
	int err = take_bits(s, 14, &header);

	if (err)
		return err;
	s->fixed_codes = false;
	literals = (header & 31) + 257;
	distances = (header >> 5 & 31) + 1;
	if (literals > END_OF_BLOCK + 1 + LENGTH_CODES || distances > DISTANCE_CODES)
		return -EILSEQ;
	err = read_length_code(s, (header >> 10) + 4);
	for (at = 0; !err && at < literals + distances; at += times) {
		err = read_run(s, at, &value, &times);
		if (!err && times > literals + distances - at)
			err = -EILSEQ;
		if (!err)
			memset(s->lengths + at, value, times);
	}
	if (err)
		return err;
	if (!s->lengths[END_OF_BLOCK])
		return -EILSEQ;
	err = build_code(&s->literal, s->literal_fast, INFLATE_LITERAL_BITS, s->lengths, literals);
	if (!err)
		err = build_code(&s->distance, s->distance_fast, INFLATE_DISTANCE_BITS,
				 s->lengths + literals, distances);
	return err;
}

static int read_block(struct inflate *s, bool *last)
{
	unsigned int header;
	int err = take_bits(s, 3, &header);

	if (err)
		return err;
	*last = header & 1;
	switch (header >> 1) {
	case 0:
		return read_stored_block(s);
	case 1:
		err = use_fixed_codes(s);
		break;
	case 2:
		err = read_dynamic_codes(s);
		break;
	default:
		return -EILSEQ;
	}
	return err ? err : read_coded_block(s);
}

int inflate_run(struct inflate *s)
{
	bool last = false;
	int err = 0;

	s->bits = 0;
	s->count = 0;
	s->fixed_codes = false;
	s->produced = 0;
	while (!err && !last)
		err = read_block(s, &last);
	align_input(s);
	if (!err)
		err = inflate_flush(s);
	return err;
}
