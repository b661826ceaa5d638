/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Master boot records: four primary partitions, one of which may be an extended one with a chain of
 * logical partitions. One of type 0xee says that there is a GUID partition table (UEFI 2.10, 5.2).
 */
#include "partition.h"

#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

#define ENTRIES_AT   446
#define ENTRY_SIZE   16
#define ENTRIES	     4
#define SIGNATURE_AT 510
#define SIGNATURE    0xaa55
#define FIRST_LOGICAL 5

#define TYPE_PROTECTIVE 0xee

struct entry {
	uint8_t status, type;
	uint32_t start, blocks;
};

static struct entry entry_at(const uint8_t *block, unsigned i)
{
	const uint8_t *p = block + ENTRIES_AT + i * ENTRY_SIZE;

	return (struct entry){ p[0], p[4], get_le32(p + 8), get_le32(p + 12) };
}

static bool is_used(const struct entry *e)
{
	return e->type && e->blocks;
}

static bool is_extended(const struct entry *e)
{
	return is_used(e) && (e->type == 0x05 || e->type == 0x0f || e->type == 0x85);
}

static bool add(struct part_table *t, unsigned number, uint64_t base, const struct entry *e)
{
	char label[LABEL_SIZE];

	snprintf(label, sizeof(label), "type 0x%02x", e->type);
	return part_add(t, number, base + e->start, e->blocks, label);
}

/**
 * The chain of an extended partition: each link has the partition that follows it, and the place
 * of the next link from the begin of the extended partition. A chain that runs in a circle ends
 * at the first partition that was there already.
 */
static int read_logical(struct part_table *t, const struct entry *extended)
{
	uint64_t at = extended->start;
	unsigned number = FIRST_LOGICAL, links;
	struct entry data, next;
	int err;

	for (links = 0; links < PARTS_MAX; links++) {
		if (at >= t->blocks || at - extended->start >= extended->blocks) {
			part_note(t, "the chain of logical partitions leads to block %llu, which "
				  "is not in the extended partition: from %u on they are left out",
				  (unsigned long long)at, number);
			return 0;
		}
		err = part_read_block(t, at);
		if (err)
			return err;
		if (get_le16(t->block + SIGNATURE_AT) != SIGNATURE) {
			part_note(t, "block %llu has no signature of an extended partition: "
				  "logical partitions from %u on are left out",
				  (unsigned long long)at, number);
			return 0;
		}
		data = entry_at(t->block, 0);
		next = entry_at(t->block, 1);
		if (is_used(&data) && !is_extended(&data) && !add(t, number++, at, &data))
			return 0;
		if (!is_extended(&next))
			return 0;
		at = (uint64_t)extended->start + next.start;
	}
	part_note(t, "the chain of logical partitions does not end: what is behind partition %u is "
		  "left out", number - 1);
	return 0;
}

int mbr_read(struct part_table *t)
{
	struct entry entries[ENTRIES];
	bool guid = false;
	unsigned i;
	int err;

	for (i = 0; i < ENTRIES; i++) {
		entries[i] = entry_at(t->block, i);
		/* Boot sectors of file systems have the signature too, and code in this place. */
		if (entries[i].status & 0x7f)
			return 0;
		guid |= is_used(&entries[i]) && entries[i].type == TYPE_PROTECTIVE;
	}
	if (guid) {
		err = gpt_read(t);
		if (err != -ENOENT)
			return err;
		/* What a hybrid record has besides is all that is left. */
	}
	for (i = 0; i < ENTRIES; i++) {
		struct entry *e = &entries[i];

		if (is_used(e) && e->type != TYPE_PROTECTIVE && !is_extended(e))
			add(t, i + 1, 0, e);
	}
	for (i = 0; i < ENTRIES; i++) {
		err = is_extended(&entries[i]) ? read_logical(t, &entries[i]) : 0;
		if (err)
			return err;
	}
	return 0;
}
