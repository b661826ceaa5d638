/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Texts of any bytes as numbers, sizes and times: errors leave the result alone, and what is
 * accepted comes back from its own text.
 */
#include "fuzz.h"

#include <inttypes.h>

#include <libs/errno.h>
#include <libs/parse.h>

#define UNTOUCHED	UINT64_C(0x5555aaaa5555aaaa)

static void check(int (*parse)(const char *s, uint64_t *out), const char *s)
{
	uint64_t value = UNTOUCHED, again;
	char text[32];
	int err = parse(s, &value);

	FUZZ_CHECK(err == 0 || err == -EINVAL || err == -ERANGE);
	if (err) {
		FUZZ_CHECK(value == UNTOUCHED);
		return;
	}
	snprintf(text, sizeof(text), "%" PRIu64, value);
	FUZZ_CHECK(parse(text, &again) == 0 && again == value);
}

static void check_against_c(const char *s)
{
	uint64_t value;
	char *end;

	/* What C and we both take: decimal without a sign or blank, or hexadecimal. */
	if (parse_u64(s, &value) != 0 || ((s[0] == '0') && (s[1] == 'b' || s[1] == 'B')))
		return;
	FUZZ_CHECK(strtoull(s, &end, s[1] == 'x' || s[1] == 'X' ? 16 : 10) == value && !*end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *s = fuzz_string(data, size);
	struct fuzz_input in = { data, size };
	uint64_t n = fuzz_u64(&in) >> fuzz_byte(&in) % 64;
	char buf[32], tight[4];
	int64_t signed_value = 5;
	bool flag;

	check(parse_u64, s);
	check(parse_size, s);
	check(parse_time_ns, s);
	check_against_c(s);
	if (parse_s64(s, &signed_value) != 0)
		FUZZ_CHECK(signed_value == 5);
	FUZZ_CHECK(parse_bool(s, &flag) <= 0);
	FUZZ_CHECK(strlen(format_size(buf, sizeof(buf), n)) < 16);
	FUZZ_CHECK(strlen(format_time_ns(buf, sizeof(buf), n)) < 24);
	FUZZ_CHECK(strlen(format_size(tight, sizeof(tight), n)) < sizeof(tight));
	free(s);
	return 0;
}
