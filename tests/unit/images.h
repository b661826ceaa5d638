/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Boot images for tests, made in `file`, and gzip files made in `packed`.
 */
#pragma once

#include <string.h>

#include <core/image.h>
#include <libs/byteorder.h>
#include <libs/crc32.h>

#include "unit.h"

#define K 1024

static uint8_t file[256 * K], packed[300 * K];

/* Program code that nobody takes for something else. */
static inline void fill(size_t size)
{
	for (size_t i = 0; i < size; i++)
		file[i] = (uint8_t)(0x80 | (i * 7 + i / 256));
}

static inline size_t make_arm64(uint64_t text_offset, uint64_t image_size, uint64_t flags)
{
	fill(100 * K);
	put_le64(file + 8, text_offset);
	put_le64(file + 16, image_size);
	put_le64(file + 24, flags);
	memcpy(file + 56, "ARM\x64", 4);
	return 100 * K;
}

/* An EFI header as the kernel has it, with one section that ends at `end`. */
static inline void add_pe(uint16_t machine, uint32_t end)
{
	file[0] = 'M';
	file[1] = 'Z';
	put_le32(file + 0x3c, 64);
	put_le32(file + 64, 0x4550);
	put_le16(file + 68, machine);
	put_le16(file + 70, 1);
	put_le16(file + 84, 0xa0);
	put_le32(file + 88 + 0xa0 + 16, end - 0x1000);
	put_le32(file + 88 + 0xa0 + 20, 0x1000);
}

static inline size_t make_zimage(void)
{
	fill(50 * K);
	put_le32(file + 0x24, 0x016f2818);
	put_le32(file + 0x28, 0);
	put_le32(file + 0x2c, 50 * K);
	put_le32(file + 0x30, 0x04030201);
	return 50 * K;
}

static inline void uimage_checksum(void)
{
	put_be32(file + 4, 0);
	put_be32(file + 4, crc32_update(0, file, 64));
}

static inline size_t make_uimage(uint8_t cpu, uint8_t type, uint8_t comp, uint32_t size)
{
	memset(file, 0, 64);
	put_be32(file, 0x27051956);
	put_be32(file + 12, size);
	put_be32(file + 16, 0x40200000);
	put_be32(file + 20, 0x40200040);
	put_be32(file + 24, crc32_update(0, file + 64, size));
	file[29] = cpu;
	file[30] = type;
	file[31] = comp;
	uimage_checksum();
	return 64 + size;
}

/* Two segments, the second with memory behind its content and a gap before it. */
static inline size_t make_elf(uint16_t machine, uint16_t type)
{
	static const uint8_t ident[16] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };

	fill(20 * K);
	memset(file, 0, 64 + 2 * 56);
	memcpy(file, ident, 16);
	put_le16(file + 16, type);
	put_le16(file + 18, machine);
	put_le32(file + 20, 1);
	put_le64(file + 24, 0xffff000000000100);
	put_le64(file + 32, 64);
	put_le16(file + 52, 64);
	put_le16(file + 54, 56);
	put_le16(file + 56, 2);
	put_le16(file + 58, 64);
	for (unsigned i = 0; i < 2; i++) {
		uint8_t *ph = file + 64 + i * 56;

		put_le32(ph, 1);
		put_le32(ph + 4, 7);
		put_le64(ph + 8, 4 * K + i * 8 * K);
		put_le64(ph + 16, 0xffff000000000000 + i * 0x10000);
		put_le64(ph + 24, 0x40100000 + i * 0x10000);
		put_le64(ph + 32, 6 * K);
		put_le64(ph + 40, 6 * K + i * 2 * K);
		put_le64(ph + 48, 4 * K);
	}
	return 20 * K;
}

/* gzip with stored blocks. @return size of packed */
static inline size_t gzip(const uint8_t *data, size_t size)
{
	static const uint8_t head[10] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };
	uint8_t *to = packed;

	memcpy(to, head, 10);
	to += 10;
	for (size_t at = 0; at < size || at == 0;) {
		uint16_t n = (uint16_t)(size - at > 50000 ? 50000 : size - at);

		*to++ = at + n == size;
		put_le16(to, n);
		put_le16(to + 2, (uint16_t)~n);
		memcpy(to + 4, data + at, n);
		to += 4 + n;
		at += n;
		if (!size)
			break;
	}
	put_le32(to, crc32_update(0, data, size));
	put_le32(to + 4, (uint32_t)size);
	return (size_t)(to + 8 - packed);
}
