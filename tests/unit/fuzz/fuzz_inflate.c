/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compressed data of any bytes. The first byte selects the frame; buffer and stream have to come
 * to the same content and the same error.
 */
#include "fuzz.h"

#include <libs/errno.h>
#include <libs/inflate.h>

#define CAPACITY	70000	/* a bit more than two windows */

static uint8_t flat[CAPACITY];
static uint8_t streamed[CAPACITY];
static uint8_t window[INFLATE_WINDOW];

static int collect(void *ctx, const void *data, size_t n)
{
	size_t *size = ctx;

	FUZZ_CHECK(n > 0 && n <= INFLATE_WINDOW);
	if (n > CAPACITY - *size)
		return -ENOSPC;
	memcpy(streamed + *size, data, n);
	*size += n;
	return 0;
}

static void check_gzip(const uint8_t *data, size_t size)
{
	size_t flat_size, stream_size = 0;
	int err = gunzip(data, size, flat, CAPACITY, &flat_size);
	int stream_err = gunzip_stream(data, size, window, collect, &stream_size);

	FUZZ_CHECK(flat_size <= CAPACITY);
	/* What does not fit is told at once by the one, by the other when a window is full. */
	FUZZ_CHECK(err == stream_err || (err == -ENOSPC && stream_err < 0));
	/* After an error the sink has not got the last window. */
	FUZZ_CHECK(err ? stream_size <= flat_size : stream_size == flat_size);
	FUZZ_CHECK(memcmp(flat, streamed, stream_size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t used = size ? size - 1 : 0, out_len = 0;
	int err = 0;

	if (!size)
		return 0;
	switch (data[0]) {
	case 'r':
		err = inflate_raw(data + 1, &used, flat, CAPACITY, &out_len);
		FUZZ_CHECK(used <= size - 1);
		break;
	case 'z':
		err = zlib_inflate(data + 1, used, flat, CAPACITY, &out_len);
		break;
	default:
		check_gzip(data + 1, used);
		break;
	}
	FUZZ_CHECK(out_len <= CAPACITY);
	FUZZ_CHECK(inflate_error_text(err));
	return 0;
}
