/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Formatted output with the meaning of C11 7.21.6: conversions d i u x X o c s p %, flags
 * - 0 # + space, width and precision (numbers or *), lengths hh h l ll z j t. No floating point,
 * no %n. An unknown conversion and all behind it is printed as it stands, because the values can no
 * longer be told apart.
 * format_out() is in libs/format.c, the two standard names in libs/printf.c.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

#include <libs/util.h>

/* Lengths of the 64-bit types, as <inttypes.h> has them, which is no freestanding header. */
#ifndef PRIu64
#if __SIZEOF_LONG__ == 8
#define PRI64_		"l"
#else
#define PRI64_		"ll"
#endif
#define PRIu64		PRI64_ "u"
#define PRId64		PRI64_ "d"
#define PRIx64		PRI64_ "x"
#define PRIX64		PRI64_ "X"
#endif

/**
 * Formats and hands the text over piece by piece; nothing is buffered or allocated.
 * Any context that @p put allows; uses about 200 bytes of stack.
 *
 * @param put  takes @p n characters at @p s, which are not terminated and not kept after it returns
 * @param ctx  handed to @p put
 * @param fmt  printf format
 * @param ap   its values
 * @return number of characters handed over; -EOVERFLOW where that does not fit an int, in which
 *         case the output stops before the conversion that would pass the limit
 */
int format_out(void (*put)(void *ctx, const char *s, size_t n), void *ctx,
	       const char *fmt, va_list ap) printf_like(3, 0);

/**
 * Formats into a buffer. Any context.
 *
 * @param buf   the buffer, may be NULL where @p size is 0
 * @param size  its size in bytes; the text is cut to fit and terminated unless size is 0
 * @param fmt   printf format
 * @param ap    its values
 * @return length that the whole text has without its NUL, or -EOVERFLOW beyond INT_MAX
 */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap) printf_like(3, 0);

/** Like vsnprintf() with the values as arguments. */
int snprintf(char *buf, size_t size, const char *fmt, ...) printf_like(3, 4);
