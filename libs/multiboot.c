/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading what a multiboot loader left. All of it is bounded: sizes are checked before anything is
 * looked at, and lists that do not fit are cut and counted. No data of its own.
 */
#include <libs/multiboot.h>

#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/string.h>

/* Bits of multiboot 1's flags */
#define MB1_MEMORY  BIT32(0)
#define MB1_CMDLINE BIT32(2)
#define MB1_MODULES BIT32(3)
#define MB1_MAP	    BIT32(6)
#define MB1_SCREEN  BIT32(12)

#define MB1_SIZE      52 /* up to the memory map */
#define MB1_SCREEN_AT 88
#define MB1_MAP_BYTES 65536

enum {
	TAG_END, TAG_CMDLINE, TAG_MODULE = 3, TAG_MAP = 6, TAG_SCREEN = 8, TAG_RSDP1 = 14,
	TAG_RSDP2,
};
#define MB2_BYTES (1 << 20)

/* Both versions tell of a screen alike, but for the unused bytes before the colours. */
#define SCREEN_SIZE 24
#define SCREEN_RGB  1

static const char *text_at(uint64_t pa, phys_peek peek)
{
	const char *s = pa ? peek(pa, MULTIBOOT_TEXT) : NULL;

	return s && memchr(s, '\0', MULTIBOOT_TEXT) ? s : "";
}

static void add_range(struct multiboot *mb, uint64_t base, uint64_t size, uint32_t type)
{
	if (!size || base + size < base)
		return;
	if (mb->nr_ranges == MULTIBOOT_RANGES) {
		mb->lost++;
		return;
	}
	mb->ranges[mb->nr_ranges++] = (struct multiboot_range){ base, size, type };
}

static void add_module(struct multiboot *mb, uint64_t start, uint64_t end, const char *text)
{
	if (end <= start)
		return;
	if (mb->nr_modules == MULTIBOOT_MODULES) {
		mb->lost++;
		return;
	}
	mb->modules[mb->nr_modules++] = (struct multiboot_module){ start, end, text };
}

static void read_screen(struct multiboot *mb, const uint8_t *p, const uint8_t *colours)
{
	if (p[21] == SCREEN_RGB)
		mb->screen = (struct multiboot_screen){
			.base = get_le64(p), .stride = get_le32(p + 8), .width = get_le32(p + 12),
			.height = get_le32(p + 16), .bits = p[20], .red = colours[0],
		};
}

/* --- version 1: a structure with pointers ---------------------------------------------------- */

static void read_map1(struct multiboot *mb, const uint8_t *info, phys_peek peek)
{
	uint32_t size = get_le32(info + 44), at = 0;
	const uint8_t *map = size && size <= MB1_MAP_BYTES ? peek(get_le32(info + 48), size) : NULL;

	while (map && size - at >= 24) {
		uint32_t entry = get_le32(map + at);

		add_range(mb, get_le64(map + at + 4), get_le64(map + at + 12),
			  get_le32(map + at + 20));
		if (entry < 20 || entry > size - at - 4)
			return;
		at += entry + 4;
	}
}

static void read_modules1(struct multiboot *mb, const uint8_t *info, phys_peek peek)
{
	uint32_t n = get_le32(info + 20), i, room = MIN_T(uint32_t, n, MULTIBOOT_MODULES);
	const uint8_t *at = room ? peek(get_le32(info + 24), room * 16) : NULL;

	for (i = 0; at && i < room; i++, at += 16)
		add_module(mb, get_le32(at), get_le32(at + 4), text_at(get_le32(at + 8), peek));
	mb->lost += n - room;
}

static int read1(struct multiboot *mb, uint64_t pa, phys_peek peek)
{
	const uint8_t *info = peek(pa, MB1_SIZE);
	uint32_t flags;

	if (!info)
		return -EINVAL;
	flags = get_le32(info);
	if (flags & MB1_CMDLINE)
		mb->cmdline = text_at(get_le32(info + 16), peek);
	if (flags & MB1_MAP)
		read_map1(mb, info, peek);
	else if (flags & MB1_MEMORY)
		add_range(mb, MIB, (uint64_t)get_le32(info + 8) * KIB, MULTIBOOT_RAM);
	if (flags & MB1_MODULES)
		read_modules1(mb, info, peek);
	info = flags & MB1_SCREEN ? peek(pa + MB1_SCREEN_AT, SCREEN_SIZE) : NULL;
	if (info)
		read_screen(mb, info, info + 22);
	return 0;
}

/* --- version 2: a list of tags ---------------------------------------------------------------- */

static const char *text_in(const uint8_t *tag, uint32_t from, uint32_t size)
{
	const char *s = (const char *)tag + from;

	return size > from && memchr(s, '\0', size - from) ? s : "";
}

static void read_map2(struct multiboot *mb, const uint8_t *tag, uint32_t size)
{
	uint32_t entry = size >= 16 ? get_le32(tag + 8) : 0, at;

	if (entry < 24)
		return;
	for (at = 16; at <= size && size - at >= entry; at += entry)
		add_range(mb, get_le64(tag + at), get_le64(tag + at + 8), get_le32(tag + at + 16));
}

static void read_tag(struct multiboot *mb, const uint8_t *tag, uint32_t size)
{
	switch (get_le32(tag)) {
	case TAG_CMDLINE:
		mb->cmdline = text_in(tag, 8, size);
		break;
	case TAG_MODULE:
		if (size >= 16)
			add_module(mb, get_le32(tag + 8), get_le32(tag + 12),
				   text_in(tag, 16, size));
		break;
	case TAG_MAP:
		read_map2(mb, tag, size);
		break;
	case TAG_SCREEN:
		if (size >= 8 + SCREEN_SIZE + 1)
			read_screen(mb, tag + 8, tag + 8 + SCREEN_SIZE);
		break;
	case TAG_RSDP1:
	case TAG_RSDP2:
		/* The newer one comes last, or alone. */
		mb->rsdp = tag + 8;
		mb->rsdp_size = size - 8;
		break;
	}
}

static int read2(struct multiboot *mb, uint64_t pa, phys_peek peek)
{
	const uint8_t *info = peek(pa, 8);
	uint32_t total = info ? get_le32(info) : 0, at = 8;

	if (total < 16 || total > MB2_BYTES)
		return -EINVAL;
	info = peek(pa, total);
	while (info && total - at >= 8) {
		uint32_t size = get_le32(info + at + 4);

		if (get_le32(info + at) == TAG_END)
			return 0;
		if (size < 8 || size > total - at)
			return -EINVAL;
		read_tag(mb, info + at, size);
		size = ALIGN_UP(size, 8u);
		if (size > total - at)
			return -EINVAL;
		at += size;
	}
	return -EINVAL;
}

int multiboot_read(uint32_t magic, uint64_t info, phys_peek peek, struct multiboot *out)
{
	memset(out, 0, sizeof(*out));
	out->cmdline = "";
	if (magic == MULTIBOOT1_LOADED)
		return read1(out, info, peek);
	if (magic == MULTIBOOT2_LOADED)
		return read2(out, info, peek);
	return -EINVAL;
}
