/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libs/inflate.c and libs/gunzip.c with what zlib compressed (see make-data.py), with every cut of
 * a file, and with damaged ones.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libs/byteorder.h>
#include <libs/crc32.h>
#include <libs/errno.h>
#include <libs/inflate.h>

#include "unit.h"

/* Where a sink puts what it gets. */
struct collected {
	uint8_t *bytes;
	size_t size;
	size_t capacity;
	int result;
};

static int collect(void *ctx, const void *data, size_t n)
{
	struct collected *c = ctx;

	CHECK(n > 0 && n <= INFLATE_WINDOW);
	if (c->size + n > c->capacity)
		return -E2BIG;
	memcpy(c->bytes + c->size, data, n);
	c->size += n;
	return c->result;
}

static void check_stream(const void *in, size_t in_len, const void *raw, size_t raw_len)
{
	struct collected c = { .bytes = malloc(raw_len + 1), .capacity = raw_len };
	void *window = malloc(INFLATE_WINDOW);

	CHECK_EQ(gunzip_stream(in, in_len, window, collect, &c), 0);
	CHECK_EQ(c.size, raw_len);
	CHECK_MEM(c.bytes, raw, c.size);
	free(window);
	free(c.bytes);
}

/* Into a buffer of exactly the right size, and of one byte less. */
static void check_gzip(const void *in, size_t in_len, const void *raw, size_t raw_len)
{
	uint8_t *out = malloc(raw_len);
	size_t len = 0;

	CHECK_EQ(gunzip(in, in_len, out, raw_len, &len), 0);
	CHECK_EQ(len, raw_len);
	CHECK_MEM(out, raw, len);
	free(out);
	if (raw_len) {
		out = malloc(raw_len - 1);
		CHECK_EQ(gunzip(in, in_len, out, raw_len - 1, &len), -ENOSPC);
		CHECK(len <= raw_len - 1);
		CHECK_MEM(out, raw, len);
		free(out);
	}
	check_stream(in, in_len, raw, raw_len);
}

static void *load(const char *name, const char *suffix, size_t *size)
{
	char path[128];

	snprintf(path, sizeof(path), "%s.%s", name, suffix);
	return unit_data(path, size);
}

static void check_case(const char *name)
{
	size_t raw_len = 0, gz_len = 0, zz_len = 0, df_len = 0, len = 0, used;
	uint8_t *raw = load(name, "raw", &raw_len), *gz = load(name, "gz", &gz_len);
	uint8_t *zz = load(name, "zz", &zz_len), *df = load(name, "df", &df_len);
	uint8_t *out = malloc(raw_len);
	uint32_t hint = 0;

	if (raw && gz && zz && df) {
		check_gzip(gz, gz_len, raw, raw_len);
		CHECK_EQ(gzip_size_hint(gz, gz_len, &hint), 0);
		CHECK_EQ(hint, raw_len);
		CHECK_EQ(zlib_inflate(zz, zz_len, out, raw_len, &len), 0);
		CHECK_EQ(len, raw_len);
		CHECK_MEM(out, raw, len);
		used = df_len;
		CHECK_EQ(inflate_raw(df, &used, out, raw_len, &len), 0);
		CHECK_EQ(used, df_len);
		CHECK_EQ(len, raw_len);
		CHECK_MEM(out, raw, len);
	}
	free(out);
	free(raw);
	free(gz);
	free(zz);
	free(df);
}

TEST(everything_that_zlib_compresses_comes_back)
{
	size_t size = 0, n = 0;
	char *cases = unit_data("cases", &size);
	char *name, *rest;

	REQUIRE(cases != NULL);
	cases[size - 1] = '\0';
	for (name = strtok_r(cases, "\n", &rest); name; name = strtok_r(NULL, "\n", &rest)) {
		check_case(name);
		if (unit_failed())
			unit_fail(__FILE__, __LINE__, "in %s", name);
		n++;
	}
	CHECK(n > 100);
	free(cases);
}

static void check_gzip_case(const char *name)
{
	size_t raw_len, gz_len;
	uint8_t *raw = load(name, "raw", &raw_len), *gz = load(name, "gz", &gz_len);

	if (raw && gz)
		check_gzip(gz, gz_len, raw, raw_len);
	free(raw);
	free(gz);
}

TEST(headers_members_and_flushes)
{
	check_gzip_case("header");
	check_gzip_case("members");
	check_gzip_case("flushed");
}

TEST(every_cut_is_found)
{
	static const char *const names[] = { "header", "flushed", "byte-default-9", "byte-fixed-9",
		"empty-default-0" };
	size_t i, size, gz_len, raw_len, len;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint8_t *gz = load(names[i], "gz", &gz_len), *raw = load(names[i], "raw", &raw_len);
		uint8_t *out = malloc(raw_len);

		for (size = 0; gz && size < gz_len; size++) {
			uint8_t *cut = malloc(size);

			memcpy(cut, gz, size);
			CHECK_EQ(gunzip(cut, size, out, raw_len, &len),
				 size < 2 ? -EINVAL : -ENODATA);
			free(cut);
		}
		free(gz);
		free(raw);
		free(out);
	}
}

TEST(no_damage_of_one_bit_is_overlooked)
{
	size_t gz_len, raw_len, len, bit, harmless = 0;
	uint8_t *gz = load("header", "gz", &gz_len), *raw = load("header", "raw", &raw_len);
	uint8_t *out = malloc(raw_len);

	REQUIRE(gz && raw);
	for (bit = 0; bit < gz_len * 8; bit++) {
		int err;

		gz[bit / 8] ^= (uint8_t)(1 << bit % 8);
		err = gunzip(gz, gz_len, out, raw_len, &len);
		if (err == 0) {
			CHECK_EQ(len, raw_len);
			CHECK_MEM(out, raw, raw_len);
			harmless++;
		}
		gz[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	CHECK_EQ(gunzip(gz, gz_len, out, raw_len, &len), 0);
	/* Only the bits that fill up the last byte of the stream say nothing. */
	CHECK(harmless < 8);
	free(gz);
	free(raw);
	free(out);
}

/* A raw stream given as bytes; the result into room for 64. */
static int raw_result(const char *bytes, size_t n, size_t *len)
{
	uint8_t *copy = malloc(n);
	uint8_t out[64];
	int err;

	memcpy(copy, bytes, n);
	err = inflate_raw(copy, &n, out, sizeof(out), len);
	free(copy);
	return err;
}

TEST(impossible_streams_are_told)
{
	size_t len;

	/* A block of the reserved type. */
	CHECK_EQ(raw_result("\x07", 1, &len), -EILSEQ);
	/* A stored block whose length does not match its complement. */
	CHECK_EQ(raw_result("\x01\x05\x00\x05\x00", 5, &len), -EILSEQ);
	/* Fixed codes: a match at distance 1 before there is any output (00000 10 ...). */
	CHECK_EQ(raw_result("\x03\x02\x00", 3, &len), -EILSEQ);
	/* Fixed codes: length symbol 286, which does not exist (11000110). */
	CHECK_EQ(raw_result("\x1b\x03\x00\x00", 4, &len), -EILSEQ);
	/* The same behind a literal, with a distance that would do. */
	CHECK_EQ(raw_result("\x4b\x1c\x03\x00", 4, &len), -EILSEQ);
	/* Dynamic codes: 288 literal codes. */
	CHECK_EQ(raw_result("\xfd\x00\x00\x00\x00", 5, &len), -EILSEQ);
	/* Dynamic codes: all lengths of the code of lengths are 0. */
	CHECK_EQ(raw_result("\x05\x00\x00\x00\x00\x00\x00\x00", 8, &len), -EILSEQ);
	/* An empty stored block that is not the last, then nothing. */
	CHECK_EQ(raw_result("\x00\x00\x00\xff\xff", 5, &len), -ENODATA);
	CHECK_EQ(raw_result("", 0, &len), -ENODATA);
	CHECK_EQ(len, 0);
}

TEST(bytes_behind_a_raw_stream_are_left)
{
	/* "a" with fixed codes, then two bytes of something else. */
	const uint8_t bytes[] = { 0x4b, 0x04, 0x00, 0xaa, 0xbb };
	size_t used = sizeof(bytes), len;
	uint8_t out[4];

	CHECK_EQ(inflate_raw(bytes, &used, out, sizeof(out), &len), 0);
	CHECK_EQ(used, 3);
	CHECK_EQ(len, 1);
	CHECK_EQ(out[0], 'a');
}

TEST(frames_that_are_none)
{
	uint8_t gz[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	uint8_t zz[] = { 0x78, 0x9c, 3, 0, 0, 0, 0, 1, 0 };
	uint32_t hint = 77;
	size_t len;
	uint8_t out[4];

	CHECK_EQ(gunzip(gz, 20, out, sizeof(out), &len), 0);
	CHECK_EQ(gunzip(gz, 21, out, sizeof(out), NULL), 0);
	gz[20] = 1;
	CHECK_EQ(gunzip(gz, 21, out, sizeof(out), &len), -EILSEQ);
	gz[2] = 7;
	CHECK_EQ(gunzip(gz, 20, out, sizeof(out), &len), -ENOTSUP);
	gz[2] = 8;
	gz[3] = 0x20;
	CHECK_EQ(gunzip(gz, 20, out, sizeof(out), &len), -ENOTSUP);
	gz[0] = 0;
	CHECK_EQ(gunzip(gz, 20, out, sizeof(out), &len), -EINVAL);
	CHECK(!gzip_detect(gz, 20) && !gzip_detect("\x1f", 1) && gzip_detect("\x1f\x8b", 2));
	CHECK_EQ(gzip_size_hint(gz, 20, &hint), -EINVAL);
	CHECK_EQ(hint, 77);

	CHECK_EQ(zlib_inflate(zz, 8, out, sizeof(out), &len), 0);
	CHECK_EQ(zlib_inflate(zz, 9, out, sizeof(out), &len), -EILSEQ);
	CHECK_EQ(zlib_inflate(zz, 7, out, sizeof(out), &len), -ENODATA);
	zz[7] = 2;
	CHECK_EQ(zlib_inflate(zz, 8, out, sizeof(out), &len), -EBADMSG);
	zz[0] = 0x79;
	CHECK_EQ(zlib_inflate(zz, 8, out, sizeof(out), &len), -EINVAL);
	zz[0] = 0x78;
	zz[1] = 0xbb;
	CHECK_EQ(zlib_inflate(zz, 8, out, sizeof(out), &len), -ENOTSUP);
}

TEST(a_damaged_header_is_told)
{
	size_t gz_len, raw_len, len;
	uint8_t *gz = load("header", "gz", &gz_len), *raw = load("header", "raw", &raw_len);

	REQUIRE(gz && raw);
	/* A letter of the comment: only the checksum of the header knows. */
	gz[30] ^= 1;
	CHECK_EQ(gunzip(gz, gz_len, raw, raw_len, &len), -EBADMSG);
	CHECK_EQ(len, 0);
	free(gz);
	free(raw);
}

TEST(a_sink_can_stop)
{
	struct collected c = { .capacity = 0 };
	size_t gz_len;
	uint8_t *gz = load("zeros-default-9", "gz", &gz_len);
	void *window = malloc(INFLATE_WINDOW);

	REQUIRE(gz != NULL);
	CHECK_EQ(gunzip_stream(gz, gz_len, window, collect, &c), -E2BIG);
	c = (struct collected){ .bytes = malloc(200000), .capacity = 200000, .result = -EINTR };
	CHECK_EQ(gunzip_stream(gz, gz_len, window, collect, &c), -EINTR);
	CHECK_EQ(c.size, INFLATE_WINDOW);
	free(c.bytes);
	free(window);
	free(gz);
}

TEST(a_member_cannot_refer_to_the_one_before)
{
	/* "aaaa", then a member whose first symbol is a match at distance 1. */
	static const uint8_t first[] = { 0x4b, 0x4c, 0x4c, 0x4c, 0x04, 0x00 };
	static const uint8_t second[] = { 0x03, 0x02, 0x00 };
	static const uint8_t header[10] = { 0x1f, 0x8b, 8 };
	uint8_t file[64], out[64], window[INFLATE_WINDOW];
	struct collected c = { .bytes = out, .capacity = sizeof(out) };
	size_t n = 0, len;

	memcpy(file, header, 10);
	memcpy(file + 10, first, 6);
	put_le32(file + 16, crc32_update(0, "aaaa", 4));
	put_le32(file + 20, 4);
	n = 24;
	CHECK_EQ(gunzip(file, n, out, sizeof(out), &len), 0);
	CHECK_EQ(len, 4);
	memcpy(file + n, header, 10);
	memcpy(file + n + 10, second, 3);
	n += 13;
	CHECK_EQ(gunzip(file, n, out, sizeof(out), &len), -EILSEQ);
	CHECK_EQ(gunzip_stream(file, n, window, collect, &c), -EILSEQ);
}

TEST(errors_have_sentences)
{
	CHECK_STR(inflate_error_text(0), "no error");
	CHECK(strstr(inflate_error_text(-ENODATA), "too early"));
	CHECK(strstr(inflate_error_text(-EINVAL), "no compressed file"));
	CHECK(strstr(inflate_error_text(-EILSEQ), "damaged"));
	CHECK(strstr(inflate_error_text(-ENOSPC), "larger"));
	CHECK(strstr(inflate_error_text(-EBADMSG), "checksum"));
	CHECK_STR(inflate_error_text(-ENOMEM), "not enough memory");
}
