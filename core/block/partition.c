/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a partition table to block devices. Nothing here is shared; blockdev.c puts the devices into
 * its list.
 */
#include "partition.h"

#include <stdarg.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/shell.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

#include "block_priv.h"

#define SIGNATURE_AT 510
#define SIGNATURE    0xaa55
#define NOTES_MAX    10

void part_note(struct part_table *t, const char *fmt, ...)
{
	char text[200];
	va_list ap;

	if (t->notes++ >= NOTES_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (t->out)
		out_printf(t->out, "%s: %s.\n", t->bd->name, text);
	else
		log_warn("%s: %s.", t->bd->name, text);
}

int part_read_block(struct part_table *t, uint64_t block)
{
	int err = blockdev_rw(t->bd, block * t->per_block, t->block, t->per_block, false);

	if (err)
		part_note(t, "block %llu, which belongs to the partition table, cannot be read: %s",
			  (unsigned long long)block, error_text(err));
	return err;
}

bool part_add(struct part_table *t, unsigned number, uint64_t block, uint64_t blocks,
	      const char *label)
{
	struct part *p = &t->parts[t->nr];
	unsigned i;

	if (block >= t->blocks || blocks > t->blocks - block) {
		part_note(t, "partition %u is left out: its blocks %llu to %llu are not all on the "
			  "disk, which has %llu", number, (unsigned long long)block,
			  (unsigned long long)(block + blocks - 1), (unsigned long long)t->blocks);
		return false;
	}
	if (t->nr == PARTS_MAX) {
		part_note(t, "partition %u and those behind it are left out: there are more than "
			  "%u", number, PARTS_MAX);
		return false;
	}
	p->start = block * t->per_block;
	p->sectors = blocks * t->per_block;
	for (i = 0; i < t->nr; i++) {
		if (p->start < t->parts[i].start + t->parts[i].sectors &&
		    t->parts[i].start < p->start + p->sectors) {
			part_note(t, "partition %u is left out: it overlaps partition %u", number,
				  t->parts[i].number);
			return false;
		}
	}
	p->number = number;
	strlcpy(p->label, label, sizeof(p->label));
	t->nr++;
	return true;
}

/* --- devices -------------------------------------------------------------------------------- */

static void partition_release(struct blockdev *bd)
{
	heap_free(container_of(bd, struct partition, bd));
}

/* Requests go to the disk without coming here. */
static const struct blockdev_ops partition_ops = { .release = partition_release };

static void free_all(struct list *devices)
{
	while (!list_empty(devices)) {
		struct blockdev *bd = list_first_entry(devices, struct blockdev, sibling);

		list_del(&bd->sibling);
		partition_release(bd);
	}
}

static int make_devices(const struct part_table *t, struct list *devices)
{
	unsigned i;

	for (i = 0; i < t->nr; i++) {
		const struct part *p = &t->parts[i];
		struct partition *part = heap_zalloc(sizeof(*part));

		if (!part) {
			free_all(devices);
			return -ENOMEM;
		}
		part->number = p->number;
		strlcpy(part->label, p->label, sizeof(part->label));
		part->bd.ops = &partition_ops;
		part->bd.kind = "partition";
		part->bd.label = part->label;
		part->bd.start = p->start;
		part->bd.sectors = p->sectors;
		part->bd.block_size = t->bd->block_size;
		part->bd.read_only = t->bd->read_only;
		part->bd.can_discard = t->bd->can_discard;
		part->bd.can_zero = t->bd->can_zero;
		part->bd.whole = true;
		list_init(&part->bd.link);
		list_init(&part->bd.children);
		list_add_tail(devices, &part->bd.sibling);
	}
	return 0;
}

static int read_table(struct part_table *t)
{
	int err;

	if (t->blocks < 2)
		return 0;
	err = part_read_block(t, 0);
	if (err || get_le16(t->block + SIGNATURE_AT) != SIGNATURE)
		return err;
	return mbr_read(t);
}

int partitions_scan(struct blockdev *bd, struct shell_out *out)
{
	struct part_table *t = heap_zalloc(sizeof(*t));
	struct list devices = LIST_INIT(devices);
	const char *user = NULL;
	int err = -ENOMEM;

	if (!t)
		return err;
	t->bd = bd;
	t->out = out;
	t->per_block = bd->block_size / SECTOR_SIZE;
	t->blocks = bd->sectors / t->per_block;
	t->block = heap_alloc(bd->block_size);
	if (t->block)
		err = read_table(t);
	if (!err)
		err = make_devices(t, &devices);
	if (!err)
		err = blockdev_set_children(bd, &devices, &user);
	if (err == -EBUSY)
		part_note(t, "%s is in use, so that the partition table cannot be read anew",
			  user);
	heap_free(t->block);
	heap_free(t);
	return err;
}
