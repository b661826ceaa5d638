/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * FAT: names that are to be made: which may be, as UTF-16, and the short one beside a long one.
 * Serialised by the VFS.
 */
#include "fat.h"

#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

#define TRIES 200

/* One character of UTF-8. @return bytes, 0: it is none */
static size_t get_utf8(const uint8_t *s, size_t len, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	if (n == 1) {
		*c = s[0];
		return 1;
	}
	if (s[0] < 0xc0 || s[0] > 0xf4 || n > len)
		return 0;
	*c = s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (s[i] & 0x3f);
	}
	if (*c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000))
		return 0;
	return n;
}

int fat_widen(const struct vfs_name *name, uint16_t *wide)
{
	int units = 0;

	if (!name->len || name->s[name->len - 1] == '.' || name->s[name->len - 1] == ' ' ||
	    name->s[0] == ' ')
		return -EINVAL;
	for (size_t at = 0, n; at < name->len; at += n) {
		uint32_t c;

		n = get_utf8((const uint8_t *)name->s + at, name->len - at, &c);
		if (!n || c < ' ' || c == 0x7f || (c < 0x80 && strchr("\"*/:<>?\\|", (int)c)))
			return -EINVAL;
		if (units + (c >= 0x10000) >= FAT_NAME_LEN)
			return -ENAMETOOLONG;
		if (c >= 0x10000) {
			wide[units++] = (uint16_t)(0xd800 | (c - 0x10000) >> 10);
			c = 0xdc00 | ((c - 0x10000) & 0x3ff);
		}
		wide[units++] = (uint16_t)c;
	}
	return units;
}

/* A character of a short name; 0: it has none such. */
static uint8_t short_char(char c)
{
	if (c >= 'a' && c <= 'z')
		return (uint8_t)(c - 'a' + 'A');
	if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
		return (uint8_t)c;
	return c && strchr("$%'-_@~`!(){}^#&", c) ? (uint8_t)c : 0;
}

/* Up to `most` characters of a part of a name. @return whether it was kept as it is */
static bool shorten(const char *s, size_t len, uint8_t *out, size_t most)
{
	bool same = len <= most;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		uint8_t c = short_char(s[i]);

		same = same && c == (uint8_t)s[i];
		if (s[i] == ' ' || s[i] == '.')
			continue;
		if (n < most)
			out[n++] = c ? c : '_';
	}
	return same;
}

/* Is a short name of the directory, long name or not, the same? 1, 0 */
static int is_taken(struct vfs_mount *m, const struct fat_dir *dir, const uint8_t *name)
{
	struct fat_item item;
	uint32_t off = 0;
	int got;

	while ((got = fat_next(m, dir, &off, &item)) == 1)
		if (!memcmp(item.raw, name, 11))
			return 1;
	return got;
}

static uint32_t hash(const struct vfs_name *name)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < name->len; i++)
		h = (h ^ (uint8_t)name->s[i]) * 16777619u;
	return h;
}

/* "BASE~1" to "BASE~4", then "BA1234~1" with a number made of the name. */
static void number_name(uint8_t *out, const uint8_t *base, const struct vfs_name *name,
			unsigned try)
{
	char tail[8];
	size_t len = 8, n, digits;

	if (try < 4) {
		n = (size_t)snprintf(tail, sizeof(tail), "~%u", try + 1);
		digits = 0;
	} else {
		n = (size_t)snprintf(tail, sizeof(tail), "%04X~1", (hash(name) + try) & 0xffff);
		digits = 4;
	}
	while (len && base[len - 1] == ' ')
		len--;
	len = MIN(len, digits ? (size_t)2 : 8 - n);
	memcpy(out, base, 8);
	memset(out + len, ' ', 8 - len);
	memcpy(out + len, tail, n);
}

int fat_short_name(struct vfs_mount *m, const struct fat_dir *dir, const struct vfs_name *name,
		   uint8_t *out, bool *exact)
{
	size_t dot = name->len;
	uint8_t base[8];
	int taken;

	for (size_t i = 1; i < name->len; i++)
		if (name->s[i] == '.')
			dot = i;
	memset(out, ' ', 11);
	*exact = shorten(name->s, dot, out, 8);
	if (dot < name->len)
		*exact = shorten(name->s + dot + 1, name->len - dot - 1, out + 8, 3) && *exact;
	if (out[0] == ' ')
		out[0] = '_';
	if (*exact) {
		taken = is_taken(m, dir, out);
		if (taken <= 0)
			return taken;
		*exact = false; /* it is the short one of another name */
	}
	memcpy(base, out, 8);
	for (unsigned try = 0; try < TRIES; try++) {
		number_name(out, base, name, try);
		taken = is_taken(m, dir, out);
		if (taken <= 0)
			return taken;
	}
	return -ENOSPC;
}
