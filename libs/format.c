/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The core of formatted output: reads the format, turns values into text and hands the pieces to
 * the caller's function. All state is on the stack.
 */
#include <libs/printf.h>

#include <stdbool.h>
#include <stdint.h>

#include <libs/errno.h>
#include <libs/limits.h>
#include <libs/string.h>

/* Where the text goes, and how much went there. */
struct output {
	void (*put)(void *ctx, const char *s, size_t n);
	void *ctx;
	int total;
};

enum length { LENGTH_INT, LENGTH_CHAR, LENGTH_SHORT, LENGTH_LONG, LENGTH_LLONG, LENGTH_SIZE,
	      LENGTH_MAX, LENGTH_PTRDIFF };

/* One conversion as the format describes it. */
struct conversion {
	bool left, zero, alternate, space, plus;
	int width;		/* INT_MAX: as much or more */
	int precision;		/* -1: not given */
	enum length length;
	char type;
};

/* A converted value: blanks, prefix, zeros and body in this order, or the blanks behind. */
struct piece {
	const char *prefix;
	size_t zeros;
	const char *body;
	size_t body_len;
};

static void put_repeated(struct output *out, char c, size_t n)
{
	char chunk[32];

	memset(chunk, c, sizeof(chunk));
	for (; n > sizeof(chunk); n -= sizeof(chunk))
		out->put(out->ctx, chunk, sizeof(chunk));
	if (n)
		out->put(out->ctx, chunk, n);
}

static int put_text(struct output *out, const char *s, size_t n)
{
	if (n > (size_t)(INT_MAX - out->total))
		return -EOVERFLOW;
	if (n)
		out->put(out->ctx, s, n);
	out->total += (int)n;
	return 0;
}

static int put_piece(struct output *out, const struct conversion *conv, const struct piece *piece)
{
	size_t prefix_len = strlen(piece->prefix);
	uint64_t len = (uint64_t)prefix_len + piece->zeros + piece->body_len;
	size_t blanks = len < (uint64_t)conv->width ? (size_t)conv->width - (size_t)len : 0;

	if (len + blanks > (uint64_t)(INT_MAX - out->total))
		return -EOVERFLOW;
	if (!conv->left)
		put_repeated(out, ' ', blanks);
	if (prefix_len)
		out->put(out->ctx, piece->prefix, prefix_len);
	put_repeated(out, '0', piece->zeros);
	if (piece->body_len)
		out->put(out->ctx, piece->body, piece->body_len);
	if (conv->left)
		put_repeated(out, ' ', blanks);
	out->total += (int)(len + blanks);
	return 0;
}

static const char *read_flags(const char *fmt, struct conversion *conv)
{
	for (;; fmt++) {
		switch (*fmt) {
		case '-':
			conv->left = true;
			break;
		case '0':
			conv->zero = true;
			break;
		case '#':
			conv->alternate = true;
			break;
		case ' ':
			conv->space = true;
			break;
		case '+':
			conv->plus = true;
			break;
		default:
			return fmt;
		}
	}
}

static const char *read_number(const char *fmt, int *value)
{
	int v = 0;

	for (; *fmt >= '0' && *fmt <= '9'; fmt++) {
		int digit = *fmt - '0';

		v = v > (INT_MAX - digit) / 10 ? INT_MAX : v * 10 + digit;
	}
	*value = v;
	return fmt;
}

static const char *read_length(const char *fmt, enum length *length)
{
	switch (*fmt) {
	case 'h':
		*length = fmt[1] == 'h' ? LENGTH_CHAR : LENGTH_SHORT;
		return fmt + (fmt[1] == 'h' ? 2 : 1);
	case 'l':
		*length = fmt[1] == 'l' ? LENGTH_LLONG : LENGTH_LONG;
		return fmt + (fmt[1] == 'l' ? 2 : 1);
	case 'z':
		*length = LENGTH_SIZE;
		return fmt + 1;
	case 'j':
		*length = LENGTH_MAX;
		return fmt + 1;
	case 't':
		*length = LENGTH_PTRDIFF;
		return fmt + 1;
	default:
		*length = LENGTH_INT;
		return fmt;
	}
}

/* A va_list wrapped so that functions can take values from the caller's. */
struct values {
	va_list ap;
};

/* Reads what is between the percent sign and behind the type of the conversion. */
static const char *read_conversion(const char *fmt, struct conversion *conv, struct values *values)
{
	*conv = (struct conversion){ .precision = -1 };
	fmt = read_flags(fmt, conv);
	if (*fmt == '*') {
		int width = va_arg(values->ap, int);

		if (width < 0) {
			conv->left = true;
			width = width == INT_MIN ? INT_MAX : -width;
		}
		conv->width = width;
		fmt++;
	} else {
		fmt = read_number(fmt, &conv->width);
	}
	if (*fmt == '.') {
		fmt++;
		if (*fmt == '*') {
			int precision = va_arg(values->ap, int);

			conv->precision = precision < 0 ? -1 : precision;
			fmt++;
		} else {
			fmt = read_number(fmt, &conv->precision);
		}
	}
	fmt = read_length(fmt, &conv->length);
	conv->type = *fmt;
	return *fmt ? fmt + 1 : fmt;
}

static intmax_t signed_value(enum length length, struct values *values)
{
	switch (length) {
	case LENGTH_CHAR:
		return (signed char)va_arg(values->ap, int);
	case LENGTH_SHORT:
		return (short)va_arg(values->ap, int);
	case LENGTH_LONG:
		return va_arg(values->ap, long);
	case LENGTH_LLONG:
		return va_arg(values->ap, long long);
	case LENGTH_SIZE:
	case LENGTH_PTRDIFF:
		return va_arg(values->ap, ptrdiff_t);
	case LENGTH_MAX:
		return va_arg(values->ap, intmax_t);
	default:
		return va_arg(values->ap, int);
	}
}

static uintmax_t unsigned_value(enum length length, struct values *values)
{
	switch (length) {
	case LENGTH_CHAR:
		return (unsigned char)va_arg(values->ap, unsigned int);
	case LENGTH_SHORT:
		return (unsigned short)va_arg(values->ap, unsigned int);
	case LENGTH_LONG:
		return va_arg(values->ap, unsigned long);
	case LENGTH_LLONG:
		return va_arg(values->ap, unsigned long long);
	case LENGTH_SIZE:
	case LENGTH_PTRDIFF:
		return va_arg(values->ap, size_t);
	case LENGTH_MAX:
		return va_arg(values->ap, uintmax_t);
	default:
		return va_arg(values->ap, unsigned int);
	}
}

/* Writes the digits that end at @p end, none for 0. Returns the first. */
static char *write_digits(char *end, uintmax_t value, unsigned int base, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";

	for (; value; value /= base)
		*--end = digits[value % base];
	return end;
}

static int put_number(struct output *out, const struct conversion *conv, uintmax_t value,
		      unsigned int base, const char *prefix)
{
	char digits[sizeof(value) * CHAR_BIT / 3 + 1];
	char *end = digits + sizeof(digits);
	char *first = write_digits(end, value, base, conv->type == 'X');
	struct piece piece = { .prefix = prefix, .body = first, .body_len = (size_t)(end - first) };
	size_t wanted = conv->precision < 0 ? 1 : (size_t)conv->precision;

	if (conv->precision < 0 && conv->zero && !conv->left) {
		size_t room = (size_t)conv->width;
		size_t prefix_len = strlen(prefix);

		if (room > prefix_len && room - prefix_len > wanted)
			wanted = room - prefix_len;
	}
	if (conv->alternate && base == 8 && wanted <= piece.body_len)
		wanted = piece.body_len + 1;
	if (wanted > piece.body_len)
		piece.zeros = wanted - piece.body_len;
	return put_piece(out, conv, &piece);
}

static int put_signed(struct output *out, const struct conversion *conv, struct values *values)
{
	intmax_t value = signed_value(conv->length, values);
	const char *prefix = conv->plus ? "+" : conv->space ? " " : "";

	if (value < 0)
		return put_number(out, conv, -(uintmax_t)value, 10, "-");
	return put_number(out, conv, (uintmax_t)value, 10, prefix);
}

static int put_unsigned(struct output *out, const struct conversion *conv, struct values *values)
{
	uintmax_t value = unsigned_value(conv->length, values);
	const char *prefix = "";

	switch (conv->type) {
	case 'u':
		return put_number(out, conv, value, 10, "");
	case 'o':
		return put_number(out, conv, value, 8, "");
	default:
		if (conv->alternate && value)
			prefix = conv->type == 'X' ? "0X" : "0x";
		return put_number(out, conv, value, 16, prefix);
	}
}

static int put_string(struct output *out, const struct conversion *conv, const char *s)
{
	struct piece piece = { .prefix = "" };

	piece.body = s ? s : "(null)";
	piece.body_len = conv->precision < 0 ? strlen(piece.body) :
		strnlen(piece.body, (size_t)conv->precision);
	return put_piece(out, conv, &piece);
}

static int put_character(struct output *out, const struct conversion *conv, char c)
{
	struct piece piece = { .prefix = "", .body = &c, .body_len = 1 };

	return put_piece(out, conv, &piece);
}

/* 1 where the type of the conversion is unknown, else 0 or -EOVERFLOW. */
static int put_conversion(struct output *out, const struct conversion *conv, struct values *values)
{
	switch (conv->type) {
	case 'd':
	case 'i':
		return put_signed(out, conv, values);
	case 'u':
	case 'o':
	case 'x':
	case 'X':
		return put_unsigned(out, conv, values);
	case 'c':
		return put_character(out, conv, (char)va_arg(values->ap, int));
	case 's':
		return put_string(out, conv, va_arg(values->ap, const char *));
	case 'p':
		return put_number(out, conv, (uintptr_t)va_arg(values->ap, void *), 16, "0x");
	case '%':
		return put_text(out, "%", 1);
	default:
		return 1;
	}
}

int format_out(void (*put)(void *ctx, const char *s, size_t n), void *ctx,
	       const char *fmt, va_list ap)
{
	struct output out = { .put = put, .ctx = ctx };
	struct values values;
	int err = 0;

	va_copy(values.ap, ap);
	while (*fmt && !err) {
		struct conversion conv;
		const char *percent = fmt;

		if (*fmt != '%') {
			while (*fmt && *fmt != '%')
				fmt++;
			err = put_text(&out, percent, (size_t)(fmt - percent));
			continue;
		}
		fmt = read_conversion(fmt + 1, &conv, &values);
		err = put_conversion(&out, &conv, &values);
		if (err > 0) {
			err = put_text(&out, percent, strlen(percent));
			break;
		}
	}
	va_end(values.ap);
	return err ? err : out.total;
}
