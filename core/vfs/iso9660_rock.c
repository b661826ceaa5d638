/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ISO 9660: what stands behind the names of records. The System Use Sharing Protocol (IEEE P1281)
 * says how areas are divided and go on elsewhere, Rock Ridge (P1282) what the entries mean.
 * Serialised by the VFS.
 */
#include "iso9660.h"

#include <libs/errno.h>
#include <libs/string.h>

/* An area goes on elsewhere so often at most. A name of 1,000 bytes needs it once. */
#define CONTINUATIONS 16

#define ENTRY_HEAD 4 /* signature, length, version */
#define SIGNATURE(a, b) ((a) | (b) << 8)

/* A part of a name or target: flags, and for components lengths. */
#define PART_GOES_ON 0x01
#define PART_DOT     0x02
#define PART_DOT_DOT 0x04
#define PART_ROOT    0x08

#define MODE_TYPE 0170000
#define MODE_LINK 0120000

#define TIME_CREATION 0x01
#define TIME_MODIFIED 0x02
#define TIME_LONG     0x80

typedef void (*entry_fn)(struct vfs_mount *m, void *ctx, const uint8_t *e);

/* Bytes that entries are in, and where they go on. */
struct area {
	uint64_t at, end;
	uint64_t next, next_end; /* 0: nowhere */
};

static int continue_at(struct vfs_mount *m, struct area *area, const uint8_t *e)
{
	const struct iso *fs = m->priv;
	uint64_t block = get_le32(e + 4);
	uint32_t off = get_le32(e + 12), len = get_le32(e + 20);

	if (e[2] < 28 || off >= ISO_SECTOR || len > ISO_SECTOR - off ||
	    block * fs->block_size + off + len > fs->size)
		return iso_bad(m, "continuation at block", block);
	area->next = block * fs->block_size + off;
	area->next_end = area->next + len;
	return 0;
}

/* All entries of one area. */
static int each_in_area(struct vfs_mount *m, struct area *area, entry_fn fn, void *ctx)
{
	uint8_t e[256];

	/* Less than the head of an entry is padding. */
	while (area->end - area->at >= ENTRY_HEAD) {
		int err = meta_read(m, area->at, e, ENTRY_HEAD);

		if (err)
			return err;
		if (!e[0])
			return 0;
		if (e[2] < ENTRY_HEAD || e[2] > area->end - area->at)
			return iso_bad(m, "system use entry at", area->at);
		err = meta_read(m, area->at, e, e[2]);
		if (err)
			return err;
		area->at += e[2];
		switch (SIGNATURE(e[0], e[1])) {
		case SIGNATURE('C', 'E'):
			err = continue_at(m, area, e);
			if (err)
				return err;
			break;
		case SIGNATURE('S', 'T'):
			return 0;
		default:
			fn(m, ctx, e);
		}
	}
	return 0;
}

static int each_entry(struct vfs_mount *m, const struct iso_record *r, unsigned skip, entry_fn fn,
		      void *ctx)
{
	/* The name is padded so that what follows begins at an even byte. */
	unsigned start = REC_NAME + (r->raw[REC_NAME_LEN] | 1u) + skip;
	struct area area = { r->at + start, r->at + r->raw[REC_LEN], 0, 0 };
	int err;

	if (start >= r->raw[REC_LEN])
		return 0;
	for (unsigned i = 0; i <= CONTINUATIONS; i++) {
		err = each_in_area(m, &area, fn, ctx);
		if (err || !area.next)
			return err;
		area = (struct area){ area.next, area.next_end, 0, 0 };
	}
	return iso_bad(m, "continuations without an end, of the record at", r->at);
}

/* --- is it there? ---------------------------------------------------------------------------- */

struct search {
	bool shared; /* "SP" */
	bool rock;
	uint8_t skip;
};

static void look_for(struct vfs_mount *m, void *ctx, const uint8_t *e)
{
	struct search *s = ctx;

	switch (SIGNATURE(e[0], e[1])) {
	case SIGNATURE('S', 'P'):
		if (e[2] >= 7 && e[4] == 0xbe && e[5] == 0xef) {
			s->shared = true;
			s->skip = e[6];
		}
		break;
	case SIGNATURE('R', 'R'):
	case SIGNATURE('P', 'X'):
	case SIGNATURE('N', 'M'):
		s->rock = true;
		break;
	}
}

int iso_find_rock(struct vfs_mount *m, const struct iso_record *dot, bool *found)
{
	struct search s = { false, false, 0 };
	struct iso *fs = m->priv;
	int err = each_entry(m, dot, 0, look_for, &s);

	if (!err && !s.shared) /* CD-ROM XA puts 14 bytes in front of everything */
		err = each_entry(m, dot, 14, look_for, &s);
	*found = !err && s.shared && s.rock;
	fs->skip = s.skip;
	return err == -EUCLEAN ? 0 : err;
}

/* --- what it says ---------------------------------------------------------------------------- */

static void append(char *to, size_t *len, const void *bytes, size_t n)
{
	/* What is too long stays too long, which whoever asks for it is told. */
	n = MIN(n, ISO_NAME_MAX - *len);
	memcpy(to + *len, bytes, n);
	*len += n;
	to[*len] = '\0';
}

static void add_name(struct iso *fs, struct iso_rock *rock, const uint8_t *e)
{
	if (e[2] < 5 || (rock->has_name && !rock->name_goes_on))
		return;
	rock->has_name = true;
	rock->name_goes_on = e[4] & PART_GOES_ON;
	append(fs->name, &rock->name_len, e + 5, e[2] - 5u);
}

static void add_component(struct iso *fs, struct iso_rock *rock, const uint8_t *part)
{
	bool begun = rock->link_len && fs->link[rock->link_len - 1] != '/';

	if (begun && !rock->part_goes_on)
		append(fs->link, &rock->link_len, "/", 1);
	rock->part_goes_on = part[0] & PART_GOES_ON;
	if (part[0] & PART_ROOT)
		append(fs->link, &rock->link_len, "/", 1);
	else if (part[0] & PART_DOT_DOT)
		append(fs->link, &rock->link_len, "..", 2);
	else if (part[0] & PART_DOT)
		append(fs->link, &rock->link_len, ".", 1);
	else
		append(fs->link, &rock->link_len, part + 2, part[1]);
}

static void add_link(struct iso *fs, struct iso_rock *rock, const uint8_t *e)
{
	rock->is_link = true;
	for (unsigned at = 5; at + 2 <= e[2] && at + 2u + e[at + 1] <= e[2]; at += 2u + e[at + 1])
		add_component(fs, rock, e + at);
}

/* Times stand in the order of their flags; the one of the modification is the second. */
static void take_time(struct iso_rock *rock, const uint8_t *e)
{
	unsigned at = e[2] > 4 && (e[4] & TIME_CREATION) ? 5 + 7 : 5;

	if (e[2] < at + 7 || !(e[4] & TIME_MODIFIED) || (e[4] & TIME_LONG))
		return;
	rock->mtime = iso_date(e + at);
	rock->has_time = true;
}

static void take(struct vfs_mount *m, void *ctx, const uint8_t *e)
{
	struct iso_rock *rock = ctx;

	switch (SIGNATURE(e[0], e[1])) {
	case SIGNATURE('P', 'X'):
		if (e[2] >= 12)
			rock->mode = get_le32(e + 4);
		break;
	case SIGNATURE('N', 'M'):
		add_name(m->priv, rock, e);
		break;
	case SIGNATURE('S', 'L'):
		add_link(m->priv, rock, e);
		break;
	case SIGNATURE('T', 'F'):
		take_time(rock, e);
		break;
	case SIGNATURE('R', 'E'):
		rock->relocated = true;
		break;
	case SIGNATURE('C', 'L'):
		if (e[2] >= 12)
			rock->child = get_le32(e + 4);
		break;
	case SIGNATURE('Z', 'F'):
		rock->compressed = true;
		break;
	}
}

int iso_rock_read(struct vfs_mount *m, const struct iso_record *r, struct iso_rock *rock)
{
	struct iso *fs = m->priv;
	int err;

	memset(rock, 0, sizeof(*rock));
	fs->name[0] = fs->link[0] = '\0';
	err = each_entry(m, r, fs->skip, take, rock);
	/* Also a target without a mode: some made such. */
	if (!err && rock->is_link && !rock->mode)
		rock->mode = MODE_LINK | 0777;
	if (!err && (rock->mode & MODE_TYPE) != MODE_LINK)
		rock->is_link = false;
	return err;
}
