/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GUID partition tables (UEFI 2.10, 5.3): a header with a checksum in the second block, an array of
 * entries with another, and a copy of both at the end of the disk.
 */
#include "partition.h"

#include <core/mem.h>
#include <libs/byteorder.h>
#include <libs/crc32.h>
#include <libs/errno.h>
#include <libs/string.h>

#define HEADER_MIN  92
#define ENTRY_MIN   128
#define ENTRIES_MAX (4 * MIB) /* bytes: more is taken as damage that the checksum missed */
#define NAME_AT	    56
#define NAME_CHARS  36

/** What is used of a header (5.3.2). */
struct header {
	uint64_t first, last; /* blocks for partitions */
	uint64_t entries_at;
	uint32_t nr, size, crc;
	uint8_t *entries; /* heap */
	bool no_memory;	  /* for these */
};

/** @return what is wrong with the header in t->block, which came from block `at`; or NULL */
static const char *read_header(struct part_table *t, uint64_t at, struct header *h)
{
	uint8_t *p = t->block;
	uint32_t len = get_le32(p + 12), crc = get_le32(p + 16);

	if (memcmp(p, "EFI PART", 8))
		return "it has no signature";
	if (len < HEADER_MIN || len > t->bd->block_size)
		return "the length of its header is wrong";
	put_le32(p + 16, 0);
	if (crc32_update(0, p, len) != crc)
		return "the checksum of its header is wrong";
	if (get_le64(p + 24) != at)
		return "it belongs to another place";
	h->first = get_le64(p + 40);
	h->last = get_le64(p + 48);
	h->entries_at = get_le64(p + 72);
	h->nr = get_le32(p + 80);
	h->size = get_le32(p + 84);
	h->crc = get_le32(p + 88);
	if (h->first > h->last || h->last >= t->blocks)
		return "its disk would be a larger one";
	if (h->size < ENTRY_MIN || (h->size & (h->size - 1)))
		return "the size of its entries is wrong";
	if (!h->nr || h->nr > ENTRIES_MAX / h->size)
		return "the number of its entries is wrong";
	return NULL;
}

/** The array of entries, to h->entries. @return what is wrong with it, or NULL */
static const char *read_entries(struct part_table *t, struct header *h)
{
	size_t bytes = (size_t)h->nr * h->size;
	uint64_t sectors = DIV_ROUND_UP(bytes, SECTOR_SIZE), at = h->entries_at * t->per_block;
	const char *why = NULL;

	if (h->entries_at >= t->blocks || sectors > t->bd->sectors - at)
		return "its entries are not on the disk";
	h->entries = heap_alloc((size_t)sectors * SECTOR_SIZE);
	h->no_memory = !h->entries;
	if (h->no_memory)
		return "there is not enough memory for its entries";
	if (blockdev_rw(t->bd, at, h->entries, (size_t)sectors, false))
		why = "its entries cannot be read";
	else if (crc32_update(0, h->entries, bytes) != h->crc)
		why = "the checksum of its entries is wrong";
	if (why) {
		heap_free(h->entries);
		h->entries = NULL;
	}
	return why;
}

static const char *read_at(struct part_table *t, uint64_t at, struct header *h)
{
	const char *why = part_read_block(t, at) ? "it cannot be read" : read_header(t, at, h);

	return why ? why : read_entries(t, h);
}

static void add_entry(struct part_table *t, const struct header *h, unsigned i)
{
	static const uint8_t unused[16];
	const uint8_t *e = h->entries + (size_t)i * h->size;
	uint64_t first = get_le64(e + 32), last = get_le64(e + 40);
	char label[NAME_CHARS + 1];
	unsigned n;

	if (!memcmp(e, unused, sizeof(unused)))
		return;
	if (first < h->first || last > h->last || first > last) {
		part_note(t, "partition %u is left out: its blocks %llu to %llu are not within "
			  "%llu to %llu, which are for partitions", i + 1,
			  (unsigned long long)first, (unsigned long long)last,
			  (unsigned long long)h->first, (unsigned long long)h->last);
		return;
	}
	/* UTF-16; what terminals may not print is not shown. */
	for (n = 0; n < NAME_CHARS && get_le16(e + NAME_AT + 2 * n); n++) {
		uint16_t c = get_le16(e + NAME_AT + 2 * n);

		label[n] = c >= ' ' && c < 0x7f && c != '|' ? (char)c : '?';
	}
	label[n] = '\0';
	part_add(t, i + 1, first, last - first + 1, label);
}

int gpt_read(struct part_table *t)
{
	struct header h = { .entries = NULL };
	const char *why = read_at(t, 1, &h), *copy;
	unsigned i;

	if (why && h.no_memory)
		return -ENOMEM;
	if (why) {
		copy = read_at(t, t->blocks - 1, &h);
		if (copy && h.no_memory)
			return -ENOMEM;
		if (copy) {
			part_note(t, "the GUID partition table cannot be used (%s), nor its copy "
				  "at the end of the disk (%s)", why, copy);
			return -ENOENT;
		}
		part_note(t, "the GUID partition table cannot be used (%s); its copy at the end "
			  "of the disk is, and should be written back", why);
	}
	for (i = 0; i < h.nr; i++)
		add_entry(t, &h, i);
	heap_free(h.entries);
	return 0;
}
