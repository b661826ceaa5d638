/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frames around deflate data: gzip (RFC 1952), zlib (RFC 1950), or none.
 */
#include <libs/inflate.h>

#include "inflate-state.h"

#include <libs/byteorder.h>
#include <libs/crc32.h>
#include <libs/errno.h>
#include <libs/string.h>

#define GZIP_HEADER	10
#define GZIP_TRAILER	8
#define GZIP_FHCRC	0x02
#define GZIP_FEXTRA	0x04
#define GZIP_FNAME	0x08
#define GZIP_FCOMMENT	0x10
#define GZIP_RESERVED	0xe0
#define METHOD_DEFLATE	8
#define ZLIB_FDICT	0x20
#define ADLER_BASE	65521u
#define ADLER_RUN	5552u	/* bytes that can be summed before 32 bits overflow */

bool gzip_detect(const void *in, size_t in_len)
{
	const uint8_t *p = in;

	return in_len >= 2 && p[0] == 0x1f && p[1] == 0x8b;
}

static size_t input_left(const struct inflate *s)
{
	return (size_t)(s->in_end - s->in);
}

/* Goes behind a text that ends with a NUL. */
static int skip_text(struct inflate *s)
{
	const uint8_t *end = memchr(s->in, 0, input_left(s));

	if (!end)
		return -ENODATA;
	s->in = end + 1;
	return 0;
}

static int skip_extra(struct inflate *s)
{
	size_t len;

	if (input_left(s) < 2)
		return -ENODATA;
	len = 2u + get_le16(s->in);
	if (input_left(s) < len)
		return -ENODATA;
	s->in += len;
	return 0;
}

static int read_gzip_header(struct inflate *s)
{
	const uint8_t *header = s->in;
	unsigned int flags;
	int err = 0;

	if (!gzip_detect(s->in, input_left(s)))
		return -EINVAL;
	if (input_left(s) < GZIP_HEADER)
		return -ENODATA;
	flags = header[3];
	if (header[2] != METHOD_DEFLATE || flags & GZIP_RESERVED)
		return -ENOTSUP;
	s->in += GZIP_HEADER;
	if (flags & GZIP_FEXTRA)
		err = skip_extra(s);
	if (!err && flags & GZIP_FNAME)
		err = skip_text(s);
	if (!err && flags & GZIP_FCOMMENT)
		err = skip_text(s);
	if (!err && flags & GZIP_FHCRC) {
		uint32_t crc = crc32_update(0, header, (size_t)(s->in - header));

		if (input_left(s) < 2)
			return -ENODATA;
		if (get_le16(s->in) != (crc & 0xffff))
			return -EBADMSG;
		s->in += 2;
	}
	return err;
}

static int read_gzip_member(struct inflate *s)
{
	int err = read_gzip_header(s);

	if (err)
		return err;
	s->check = 0;
	err = inflate_run(s);
	if (err)
		return err;
	if (input_left(s) < GZIP_TRAILER)
		return -ENODATA;
	if (get_le32(s->in) != s->check || get_le32(s->in + 4) != (uint32_t)s->produced)
		return -EBADMSG;
	s->in += GZIP_TRAILER;
	return 0;
}

static int read_gzip_file(struct inflate *s)
{
	int err;

	do {
		err = read_gzip_member(s);
	} while (!err && gzip_detect(s->in, input_left(s)));
	while (!err && s->in < s->in_end) {
		if (*s->in++)
			err = -EILSEQ;
	}
	return err;
}

/* Only what is not zero from the start is set: the tables need not be, and they are large. */
static void open_stream(struct inflate *s, const void *in, size_t in_len, void *out, size_t out_cap)
{
	s->in = in;
	s->in_end = s->in + in_len;
	s->out = out;
	s->capacity = out_cap;
	s->at = 0;
	s->unsummed = 0;
	s->sink = NULL;
	s->ctx = NULL;
	s->check = 0;
	s->update = NULL;
}

static int close_stream(const struct inflate *s, size_t *out_len, int err)
{
	if (out_len)
		*out_len = s->at;
	return err;
}

int gunzip(const void *in, size_t in_len, void *out, size_t out_cap, size_t *out_len)
{
	struct inflate s;

	open_stream(&s, in, in_len, out, out_cap);
	s.update = crc32_update;
	return close_stream(&s, out_len, read_gzip_file(&s));
}

int gunzip_stream(const void *in, size_t in_len, void *window, inflate_sink sink, void *ctx)
{
	struct inflate s;

	open_stream(&s, in, in_len, window, INFLATE_WINDOW);
	s.sink = sink;
	s.ctx = ctx;
	s.update = crc32_update;
	return read_gzip_file(&s);
}

/* RFC 1950, 8.2; continues from the sum of the bytes before. */
static uint32_t adler32_update(uint32_t sum, const void *data, size_t n)
{
	uint32_t low = sum & 0xffff, high = sum >> 16;
	const uint8_t *p = data;

	while (n) {
		size_t run = MIN_T(size_t, n, ADLER_RUN);

		n -= run;
		while (run--) {
			low += *p++;
			high += low;
		}
		low %= ADLER_BASE;
		high %= ADLER_BASE;
	}
	return high << 16 | low;
}

static int read_zlib_stream(struct inflate *s)
{
	int err;

	if (input_left(s) < 2)
		return -ENODATA;
	if (get_be16(s->in) % 31 || (s->in[0] & 15) != METHOD_DEFLATE || s->in[0] >> 4 > 7)
		return -EINVAL;
	if (s->in[1] & ZLIB_FDICT)
		return -ENOTSUP;
	s->in += 2;
	s->check = 1;
	err = inflate_run(s);
	if (err)
		return err;
	if (input_left(s) < 4)
		return -ENODATA;
	if (get_be32(s->in) != s->check)
		return -EBADMSG;
	return input_left(s) == 4 ? 0 : -EILSEQ;
}

int zlib_inflate(const void *in, size_t in_len, void *out, size_t out_cap, size_t *out_len)
{
	struct inflate s;

	open_stream(&s, in, in_len, out, out_cap);
	s.update = adler32_update;
	return close_stream(&s, out_len, read_zlib_stream(&s));
}

int inflate_raw(const void *in, size_t *in_len, void *out, size_t out_cap, size_t *out_len)
{
	struct inflate s;
	int err;

	open_stream(&s, in, *in_len, out, out_cap);
	err = inflate_run(&s);
	*in_len -= input_left(&s);
	return close_stream(&s, out_len, err);
}

int gzip_size_hint(const void *in, size_t in_len, uint32_t *size)
{
	if (!gzip_detect(in, in_len) || in_len < GZIP_HEADER + GZIP_TRAILER)
		return -EINVAL;
	*size = get_le32((const uint8_t *)in + in_len - 4);
	return 0;
}

const char *inflate_error_text(int err)
{
	switch (err) {
	case 0:
		return "no error";
	case -EINVAL:
		return "this is no compressed file of the expected format";
	case -ENODATA:
		return "the compressed data ends too early: is the file cut off?";
	case -EILSEQ:
		return "the compressed data is damaged";
	case -EBADMSG:
		return "the checksum or the length does not match: the compressed data is damaged";
	case -ENOSPC:
		return "the decompressed data is larger than the memory for it";
	case -ENOTSUP:
		return "the compressed file uses a feature that no known compressor does";
	default:
		return error_text(err);
	}
}
