/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers, sizes and times between text and value.
 */
#include <libs/parse.h>

#include <libs/bits.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

struct unit {
	const char *name;
	uint64_t factor;
};

/* The value of a digit in any base up to 16, or 16. */
static unsigned int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned int)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned int)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned int)(c - 'A') + 10;
	return 16;
}

/* The base that a prefix names, if a digit of that base follows; else 10. */
static unsigned int prefix_base(const char *s)
{
	if (s[0] != '0')
		return 10;
	if ((s[1] == 'x' || s[1] == 'X') && digit_value(s[2]) < 16)
		return 16;
	if ((s[1] == 'b' || s[1] == 'B') && digit_value(s[2]) < 2)
		return 2;
	return 10;
}

/*
 * Reads all digits of a number and leaves @p s behind them. A number that does not fit is told by
 * @p overflow, so that the caller can look first at what follows it.
 */
static int read_number(const char **s, uint64_t *out, bool *overflow)
{
	unsigned int base = prefix_base(*s);
	const char *p = *s + (base == 10 ? 0 : 2);
	uint64_t value = 0;

	if (digit_value(*p) >= base)
		return -EINVAL;
	*overflow = false;
	for (; digit_value(*p) < base; p++) {
		*overflow |= __builtin_mul_overflow(value, (uint64_t)base, &value);
		*overflow |= __builtin_add_overflow(value, (uint64_t)digit_value(*p), &value);
	}
	*s = p;
	*out = value;
	return 0;
}

int parse_u64_prefix(const char **s, uint64_t *out)
{
	const char *p = *s;
	uint64_t value;
	bool overflow;
	int err = read_number(&p, &value, &overflow);

	if (err)
		return err;
	if (overflow)
		return -ERANGE;
	*s = p;
	*out = value;
	return 0;
}

int parse_u64(const char *s, uint64_t *out)
{
	uint64_t value;
	bool overflow;
	int err = read_number(&s, &value, &overflow);

	if (err)
		return err;
	if (*s)
		return -EINVAL;
	if (overflow)
		return -ERANGE;
	*out = value;
	return 0;
}

int parse_u32(const char *s, uint32_t *out)
{
	uint64_t value;
	int err = parse_u64(s, &value);

	if (err)
		return err;
	if (value > UINT32_MAX)
		return -ERANGE;
	*out = (uint32_t)value;
	return 0;
}

int parse_s64(const char *s, int64_t *out)
{
	bool negative = *s == '-';
	uint64_t value;
	int err;

	if (*s == '-' || *s == '+')
		s++;
	err = parse_u64(s, &value);
	if (err)
		return err;
	if (value > (uint64_t)INT64_MAX + negative)
		return -ERANGE;
	*out = negative ? (int64_t)(0 - value) : (int64_t)value;
	return 0;
}

/* The digits behind a decimal point: their value and the power of ten to divide it by. */
static int read_fraction(const char **s, uint64_t *value, uint64_t *divisor)
{
	const char *p = *s;

	*value = 0;
	*divisor = 1;
	if (*p < '0' || *p > '9')
		return -EINVAL;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (*divisor >= 1000000000)
			return -EINVAL;
		*value = *value * 10 + (uint64_t)(*p - '0');
		*divisor *= 10;
	}
	*s = p;
	return 0;
}

/* A number, perhaps with a fraction, and one of @p n units. */
static int parse_scaled(const char *s, const struct unit *units, size_t n, uint64_t *out)
{
	bool decimal = prefix_base(s) == 10;
	uint64_t whole, part = 0, divisor = 1;
	bool overflow;
	int err = read_number(&s, &whole, &overflow);
	size_t i;

	if (!err && decimal && *s == '.') {
		s++;
		err = read_fraction(&s, &part, &divisor);
	}
	if (err)
		return err;
	for (i = 0; i < n && strcasecmp(s, units[i].name) != 0; i++)
		;
	if (i == n)
		return -EINVAL;
	if (__builtin_mul_overflow(part, units[i].factor, &part) || part % divisor)
		return -EINVAL;
	if (overflow || __builtin_mul_overflow(whole, units[i].factor, &whole) ||
	    __builtin_add_overflow(whole, part / divisor, &whole))
		return -ERANGE;
	*out = whole;
	return 0;
}

int parse_size(const char *s, uint64_t *out)
{
	static const struct unit units[] = {
		{ "", 1 }, { "B", 1 },
		{ "K", KIB }, { "KB", KIB }, { "KiB", KIB },
		{ "M", MIB }, { "MB", MIB }, { "MiB", MIB },
		{ "G", GIB }, { "GB", GIB }, { "GiB", GIB },
		{ "T", 1024 * GIB }, { "TB", 1024 * GIB }, { "TiB", 1024 * GIB },
	};

	return parse_scaled(s, units, ARRAY_SIZE(units), out);
}

char *format_size(char *buf, size_t n, uint64_t bytes)
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned int unit = bytes ? ilog2(bytes) / 10 : 0;
	uint64_t whole = bytes >> (10 * unit);
	uint64_t tenths;

	if (bytes == whole << (10 * unit)) {
		snprintf(buf, n, "%" PRIu64 " %s", whole, names[unit]);
		return buf;
	}
	/* Not whole in this unit, so there is a smaller one. */
	whole = bytes >> (10 * (unit - 1));
	if (bytes == whole << (10 * (unit - 1)) && whole <= 9999) {
		snprintf(buf, n, "%" PRIu64 " %s", whole, names[unit - 1]);
		return buf;
	}
	tenths = (whole * 10 + 512) / 1024;
	if (tenths >= 10240 && unit + 1 < ARRAY_SIZE(names)) {
		tenths = 10;
		unit++;
	}
	snprintf(buf, n, "%" PRIu64 ".%" PRIu64 " %s", tenths / 10, tenths % 10, names[unit]);
	return buf;
}

/* Largest first, which format_time_ns() relies on; the last is the one without a name in a text. */
static const struct unit time_units[] = {
	{ "s", 1000000000 }, { "ms", 1000000 }, { "us", 1000 }, { "ns", 1 }, { "", 1 },
};

int parse_time_ns(const char *s, uint64_t *out)
{
	return parse_scaled(s, time_units, ARRAY_SIZE(time_units), out);
}

char *format_time_ns(char *buf, size_t n, uint64_t ns)
{
	const struct unit *unit = time_units;
	uint64_t rest;

	while (unit->factor > 1 && ns < unit->factor)
		unit++;
	rest = ns % unit->factor;
	if (rest)
		snprintf(buf, n, "%" PRIu64 ".%03u %s", ns / unit->factor,
			 (unsigned int)(rest / (unit->factor / 1000)), unit->name);
	else
		snprintf(buf, n, "%" PRIu64 " %s", ns / unit->factor, unit->name);
	return buf;
}

int parse_bool(const char *s, bool *out)
{
	static const char *const words[2][5] = {
		{ "0", "off", "no", "false", "n" },
		{ "1", "on", "yes", "true", "y" },
	};
	size_t value, i;

	for (value = 0; value < 2; value++) {
		for (i = 0; i < ARRAY_SIZE(words[value]); i++) {
			if (strcasecmp(s, words[value][i]) == 0) {
				*out = value != 0;
				return 0;
			}
		}
	}
	return -EINVAL;
}
