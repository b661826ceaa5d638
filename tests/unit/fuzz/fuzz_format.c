/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Formats of any bytes with values of one type: the C library says what is right where the format
 * is one that C defines. The functions under test are called libs_* (see libs.mk).
 */
#include "fuzz.h"

#include <stdbool.h>

#define vsnprintf libs_vsnprintf
#define snprintf libs_snprintf
#include <libs/printf.h>
#undef vsnprintf
#undef snprintf

#define VALUES	8

/*
 * Turns the text into one that uses only integer conversions of length "ll" with small widths, for
 * which VALUES long longs are the right arguments. Everything else stays as it is.
 */
static void tame(char *fmt, const char *text, size_t room)
{
	unsigned int left = VALUES;
	char *end = fmt + room - 8;

	while (*text && fmt < end) {
		if (*text != '%') {
			*fmt++ = *text++;
			continue;
		}
		*fmt++ = *text++;
		while (*text && strchr("-0#+ ", *text) && fmt < end)
			*fmt++ = *text++;
		if (*text >= '1' && *text <= '9')
			*fmt++ = *text++;
		if (*text >= '0' && *text <= '9')
			*fmt++ = *text++;
		if (*text == '.') {
			*fmt++ = *text++;
			if (*text >= '0' && *text <= '9')
				*fmt++ = *text++;
		}
		if (left && *text && strchr("diuoxX", *text)) {
			*fmt++ = 'l';
			*fmt++ = 'l';
			*fmt++ = *text++;
			left--;
		} else {
			/* Not one that C defines with these values. */
			while (fmt[-1] != '%')
				fmt--;
			*fmt++ = '%';
		}
	}
	*fmt = '\0';
}

static void compare(const char *fmt, const long long v[VALUES])
{
	char ours[1024], theirs[1024];
	int our_len = libs_snprintf(ours, sizeof(ours), fmt, v[0], v[1], v[2], v[3], v[4], v[5],
				    v[6], v[7]);
	int their_len = snprintf(theirs, sizeof(theirs), fmt, v[0], v[1], v[2], v[3], v[4], v[5],
				 v[6], v[7]);

	FUZZ_CHECK(our_len == their_len);
	FUZZ_CHECK(strcmp(ours, theirs) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	long long values[VALUES];
	char *text, *fmt, *out;
	size_t i, room;
	int len;

	for (i = 0; i < VALUES; i++)
		values[i] = (long long)(fuzz_u64(&in) >> fuzz_byte(&in) % 64);
	text = fuzz_string(in.data, in.size);
	fmt = malloc(3 * in.size + 16);
	tame(fmt, text, 3 * in.size + 16);
	compare(fmt, values);
	free(fmt);

	/* As it is, but without what takes a pointer or a width from the values. */
	for (i = 0; text[i]; i++) {
		if (text[i] == 's' || text[i] == '*')
			text[i] = 'd';
	}
	room = 1 + (size ? data[0] : 0);
	out = malloc(room);
	/* Few conversions may be left: there must be a value for each. */
	for (i = 0, len = 0; text[i]; i++)
		len += text[i] == '%';
	if (len <= VALUES) {
		libs_snprintf(out, room, text, values[0], values[1], values[2], values[3],
			      values[4], values[5], values[6], values[7]);
		FUZZ_CHECK(strnlen(out, room) < room);
	}
	free(out);
	free(text);
	return 0;
}
