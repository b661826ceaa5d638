/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of file systems that have them in UTF-16, as UTF-8 (RFC 3629). Any context.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/**
 * Make a component of a path of UTF-16. What cannot be in one (a slash, a NUL) and halves of pairs
 * become question marks.
 *
 * @param to     room for 3 bytes a unit and the NUL that is put behind
 * @param wide   in the byte order of the CPU
 * @param units  how many
 * @return bytes, without the NUL
 */
size_t utf8_from_utf16(char *to, const uint16_t *wide, size_t units);
