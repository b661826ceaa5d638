/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Copying strings into buffers of limited size; apart from string.c because not every C library
 * of a build host has these two.
 */
#include <libs/string.h>

size_t strlcpy(char *dst, const char *src, size_t size)
{
	size_t n = strlen(src);

	if (size) {
		size_t fits = n < size ? n : size - 1;

		memcpy(dst, src, fits);
		dst[fits] = '\0';
	}
	return n;
}

size_t strlcat(char *dst, const char *src, size_t size)
{
	size_t used = strnlen(dst, size);

	if (used == size)
		return size + strlen(src);
	return used + strlcpy(dst + used, src, size - used);
}
