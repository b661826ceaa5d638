/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers, sizes and times between text and value, as people type and read them on the command
 * line, in scripts and in boot arguments. No data, no lock, any context.
 *
 * Every parser takes a whole string: blanks, signs where none are meant, and anything after the
 * value are errors. On an error the result is left alone.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libs/util.h>

/**
 * Reads an unsigned number: decimal, 0x hexadecimal or 0b binary. A leading zero does not make it
 * octal.
 *
 * @param s    the text
 * @param out  the value
 * @return 0; -EINVAL where it is no number; -ERANGE where it does not fit
 */
int parse_u64(const char *s, uint64_t *out) must_check;

/** Like parse_u64() for 32 bits. */
int parse_u32(const char *s, uint32_t *out) must_check;

/** Like parse_u64() with an optional sign in front. */
int parse_s64(const char *s, int64_t *out) must_check;

/**
 * Reads the number at the start of a text, for callers that go on behind it.
 *
 * @param s    in: where to start; out: the first character that is not part of the number
 * @param out  the value
 * @return as parse_u64(); on an error neither is changed
 */
int parse_u64_prefix(const char **s, uint64_t *out) must_check;

/**
 * Reads a size in bytes: a number as parse_u64() takes it, or a decimal fraction ("1.5G"), with an
 * optional unit K, M, G, T, alone or followed by B or iB, in upper or lower case, or B.
 * All of them are powers of 1024.
 *
 * @param s    the text, such as "256M", "4KiB", "0x1000"
 * @param out  the size in bytes
 * @return 0; -EINVAL where it is no size, or not a whole number of bytes; -ERANGE beyond 64 bits
 */
int parse_size(const char *s, uint64_t *out) must_check;

/**
 * Writes a size for people: "256 MiB", "1536 MiB", "17 B"; with one decimal and rounded
 * ("1.4 GiB") where no unit gives a short whole number.
 *
 * @param buf    gets the text, terminated and cut to fit; 16 bytes are always enough
 * @param n      size of @p buf, not 0
 * @param bytes  the size
 * @return @p buf
 */
char *format_size(char *buf, size_t n, uint64_t bytes);

/**
 * Reads a time: a number or decimal fraction with the unit ns, us, ms or s; without a unit ns.
 *
 * @param s    the text, such as "10ms", "1.5s", "10000000"
 * @param out  the time in nanoseconds
 * @return 0; -EINVAL where it is no time or not a whole number of ns; -ERANGE beyond 64 bits
 */
int parse_time_ns(const char *s, uint64_t *out) must_check;

/**
 * Writes a time for people: "250 us", "1.500 s"; at most three decimals, the rest is cut off.
 *
 * @param buf  gets the text, terminated and cut to fit; 24 bytes are always enough
 * @param n    size of @p buf, not 0
 * @param ns   the time in nanoseconds
 * @return @p buf
 */
char *format_time_ns(char *buf, size_t n, uint64_t ns);

/**
 * Reads a switch: 1 on yes true y, or 0 off no false n, in upper or lower case.
 *
 * @param s    the text
 * @param out  the value
 * @return 0, or -EINVAL where it is none of them
 */
int parse_bool(const char *s, bool *out) must_check;
