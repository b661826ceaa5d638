/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Disks with partition tables, made for tests: a picture of a disk in memory and functions that
 * write tables into it. For one test program.
 */
#pragma once

#include <stdint.h>
#include <string.h>

#include <libs/byteorder.h>
#include <libs/crc32.h>
#include <libs/util.h>

#define PI_SECTORS 8192
#define PI_ENTRIES 128

static uint8_t pi_disk[PI_SECTORS * 512];
static unsigned pi_block = 512; /* bytes of a logical block */

static inline uint8_t *pi_at(uint64_t block)
{
	return pi_disk + block * pi_block;
}

static inline uint64_t pi_blocks(void)
{
	return sizeof(pi_disk) / pi_block;
}

static inline void pi_begin(unsigned block)
{
	memset(pi_disk, 0, sizeof(pi_disk));
	pi_block = block;
}

/** Entry i of a master or extended boot record, and its signature. */
static inline void pi_mbr(uint64_t at, unsigned i, uint8_t type, uint32_t start, uint32_t blocks)
{
	uint8_t *e = pi_at(at) + 446 + 16 * i;

	e[4] = type;
	put_le32(e + 8, start);
	put_le32(e + 12, blocks);
	put_le16(pi_at(at) + 510, 0xaa55);
}

/** Entry i of the array at a block. */
static inline void pi_gpt_entry(uint64_t array, unsigned i, uint64_t first, uint64_t last,
				const char *name)
{
	uint8_t *e = pi_at(array) + 128 * i;
	unsigned n;

	memset(e, 0x11, 32);
	put_le64(e + 32, first);
	put_le64(e + 40, last);
	for (n = 0; name[n]; n++)
		put_le16(e + 56 + 2 * n, (uint8_t)name[n]);
}

static inline uint64_t pi_array_blocks(void)
{
	return DIV_ROUND_UP(PI_ENTRIES * 128, pi_block);
}

/** The header at a block, for the array at another. */
static inline void pi_gpt_header(uint64_t at, uint64_t array)
{
	uint8_t *h = pi_at(at);

	memset(h, 0, 92);
	memcpy(h, "EFI PART", 8);
	put_le32(h + 8, 0x10000);
	put_le32(h + 12, 92);
	put_le64(h + 24, at);
	put_le64(h + 32, pi_blocks() - at);
	put_le64(h + 40, 2 + pi_array_blocks());
	put_le64(h + 48, pi_blocks() - 2 - pi_array_blocks());
	put_le64(h + 72, array);
	put_le32(h + 80, PI_ENTRIES);
	put_le32(h + 84, 128);
	put_le32(h + 88, crc32_update(0, pi_at(array), PI_ENTRIES * 128));
	put_le32(h + 16, 0);
	put_le32(h + 16, crc32_update(0, h, 92));
}

/** Headers and the copy at the end, after the entries of the array at block 2 were made. */
static inline void pi_gpt_finish(void)
{
	uint64_t last = pi_blocks() - 1, copy = last - pi_array_blocks();

	memcpy(pi_at(copy), pi_at(2), PI_ENTRIES * 128);
	pi_gpt_header(1, 2);
	pi_gpt_header(last, copy);
}
