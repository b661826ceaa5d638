/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Formatted output into a buffer, over format_out().
 */
#include <libs/printf.h>

#include <libs/string.h>

struct buffer {
	char *next;
	size_t space;		/* without the place of the terminating NUL */
};

static void put_into_buffer(void *ctx, const char *s, size_t n)
{
	struct buffer *b = ctx;
	size_t fits = MIN(n, b->space);

	if (!fits)
		return;
	memcpy(b->next, s, fits);
	b->next += fits;
	b->space -= fits;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct buffer b = { .next = buf, .space = size ? size - 1 : 0 };
	int len = format_out(put_into_buffer, &b, fmt, ap);

	if (size)
		*b.next = '\0';
	return len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return len;
}
