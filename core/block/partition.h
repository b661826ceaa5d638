/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Partition tables: what their readers share, and how partitions become block devices.
 */
#pragma once

#include <core/blockdev.h>
#include <libs/util.h>

struct shell_out;

/** Partitions of a disk; of those that a table has beyond that it is said. */
#define PARTS_MAX  256
#define LABEL_SIZE 37

struct part {
	uint64_t start, sectors; /* of SECTOR_SIZE */
	unsigned number;
	char label[LABEL_SIZE];
};

/** A table while it is read. Blocks are the disk's logical blocks, in which tables count. */
struct part_table {
	struct blockdev *bd;
	struct shell_out *out; /* for sentences; NULL: the log */
	unsigned per_block;    /* sectors */
	uint64_t blocks;       /* of the disk */
	uint8_t *block;	       /* the one that was read last */
	unsigned notes;	       /* sentences said */
	unsigned nr;
	struct part parts[PARTS_MAX];
};

/** A partition as a device: the list takes it over. */
struct partition {
	struct blockdev bd;
	unsigned number;
	char label[LABEL_SIZE];
};

/** Say something about a table: a sentence with the disk's name in front; the first few of them. */
void part_note(struct part_table *t, const char *fmt, ...) printf_like(2, 3);
/** Read a block to t->block. @return 0 or negative errno, which has been said */
must_check int part_read_block(struct part_table *t, uint64_t block);
/**
 * Note a partition. One that is not on the disk, overlaps another or is one too many is left out
 * with a sentence.
 * @return whether it was noted
 */
bool part_add(struct part_table *t, unsigned number, uint64_t block, uint64_t blocks,
	      const char *label);
/**
 * Read a master boot record in t->block, which has its signature. @return 0 or negative errno
 */
must_check int mbr_read(struct part_table *t);
/** Read a GUID partition table. @return 0, -ENOENT: it is broken, which has been said; -ENOMEM */
must_check int gpt_read(struct part_table *t);

/**
 * Look for partitions of a disk, in place of those that it had. The caller holds the disk.
 * @param out  for sentences; NULL: the log
 * @return 0 (there may be none), -EBUSY, -EIO, -ENOMEM: as it was
 */
must_check int partitions_scan(struct blockdev *bd, struct shell_out *out);
