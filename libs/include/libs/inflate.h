/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Decompression of deflate data (RFC 1951), raw or in a zlib (RFC 1950) or gzip (RFC 1952) frame.
 * The input is one buffer in memory; the output is one too, or goes through a window to a sink.
 * No allocation, no floating-point or vector registers, no trust in the input: any bytes give
 * either the right output or an error, in time proportional to input plus output.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <libs/util.h>

/** Deflate's farthest match, and so the least size of a window. */
#define INFLATE_WINDOW		32768u

/**
 * Takes decompressed bytes.
 *
 * @param ctx   what was given to gunzip_stream()
 * @param data  the bytes; not kept
 * @param n     how many, never 0
 * @return 0 to go on, or a negative errno that ends the decompression and is its result
 */
typedef int (*inflate_sink)(void *ctx, const void *data, size_t n);

/**
 * Decompresses a gzip file: one member or several one behind the other, with zero bytes allowed
 * behind the last. Length and CRC-32 of each are checked. Any context; uses about 4 KiB of stack.
 *
 * @param in       the file
 * @param in_len   its size in bytes
 * @param out      gets the content
 * @param out_cap  size of that buffer in bytes
 * @param out_len  number of bytes written, also after an error; may be NULL
 * @return 0; -EINVAL: no gzip file; -ENODATA: it ends too early; -EILSEQ: damaged;
 *         -EBADMSG: length or checksum do not match the content; -ENOSPC: @p out is too small;
 *         -ENOTSUP: a frame that asks for what no known compressor produces
 */
int gunzip(const void *in, size_t in_len, void *out, size_t out_cap, size_t *out_len) must_check;

/**
 * gunzip() to a sink. Context as the sink's; uses about 4 KiB of stack.
 *
 * @param in      the file
 * @param in_len  its size in bytes
 * @param window  memory of INFLATE_WINDOW bytes for the time of the call
 * @param sink    gets the content piece by piece, up to INFLATE_WINDOW bytes each
 * @param ctx     handed to the sink
 * @return as gunzip(), or what the sink returned. The sink may have been given content before an
 *         error is found.
 */
int gunzip_stream(const void *in, size_t in_len, void *window, inflate_sink sink,
		  void *ctx) must_check;

/**
 * gunzip() for one zlib stream, whose Adler-32 is checked. Bytes behind it are an error (-EILSEQ).
 */
int zlib_inflate(const void *in, size_t in_len, void *out, size_t out_cap,
		 size_t *out_len) must_check;

/**
 * Decompresses a raw deflate stream; nothing tells of damage but impossible codes.
 *
 * @param in       the stream, which may be followed by other bytes
 * @param in_len   size of the input; out: number of bytes that the stream took
 * @param out      gets the content
 * @param out_cap  size of that buffer in bytes
 * @param out_len  number of bytes written, also after an error; may be NULL
 * @return as gunzip()
 */
int inflate_raw(const void *in, size_t *in_len, void *out, size_t out_cap,
		size_t *out_len) must_check;

/**
 * The uncompressed size that a gzip file claims in its last four bytes: modulo 4 GiB, of its last
 * member, and unchecked, so it is a hint for a buffer's size.
 *
 * @param in      the file
 * @param in_len  its size in bytes
 * @param size    the size
 * @return 0, or -EINVAL where it is no gzip file
 */
int gzip_size_hint(const void *in, size_t in_len, uint32_t *size) must_check;

/** @return whether the data begins with the magic of a gzip file */
bool gzip_detect(const void *in, size_t in_len);

/** @return a sentence, without full stop, for an error of the functions above; never NULL */
const char *inflate_error_text(int err);
