/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * FAT: directories are gone through entry by entry; long names, in the entries before a short one,
 * are put together. Serialised by the VFS.
 */
#include "fat.h"

#include <core/time.h>
#include <libs/date.h>
#include <libs/errno.h>
#include <libs/string.h>
#include <libs/utf8.h>

#define LONG_UNITS 13 /* of a name in one long entry */
#define LONG_LAST  0x40
#define LONG_MOST  20
#define LOWER_BASE 0x08 /* in ENTRY_CASE */
#define LOWER_EXT  0x10

/* --- nodes ----------------------------------------------------------------------------------- */

uint32_t fat_entry_cluster(const struct fat *fs, const uint8_t *raw)
{
	uint32_t high = fs->bits == 32 ? get_le16(raw + ENTRY_HIGH) : 0;

	return high << 16 | get_le16(raw + ENTRY_LOW);
}

void fat_entry_set_cluster(uint8_t *raw, uint32_t cluster)
{
	put_le16(raw + ENTRY_HIGH, (uint16_t)(cluster >> 16));
	put_le16(raw + ENTRY_LOW, (uint16_t)cluster);
}

void fat_entry_touch(uint8_t *raw)
{
	struct date d;

	date_from_epoch(time_wallclock(), &d);
	if (d.year < 1980)
		d = (struct date){ .year = 1980, .month = 1, .day = 1 };
	put_le16(raw + ENTRY_MTIME, (uint16_t)(d.hour << 11 | d.minute << 5 | d.second / 2));
	put_le16(raw + ENTRY_MDATE, (uint16_t)((d.year - 1980) << 9 | d.month << 5 | d.day));
	put_le16(raw + ENTRY_ADATE, get_le16(raw + ENTRY_MDATE));
}

int fat_get_node(struct vfs_mount *m, vfs_ino ino, uint8_t *raw)
{
	const struct fat *fs = m->priv;

	if (ino != FAT_ROOT_INO)
		return meta_read(m, ino * FAT_ENTRY, raw, FAT_ENTRY);
	memset(raw, 0, FAT_ENTRY);
	raw[ENTRY_ATTR] = ATTR_DIR;
	fat_entry_set_cluster(raw, fs->root_cluster);
	return 0;
}

int fat_put_node(struct vfs_mount *m, vfs_ino ino, const uint8_t *raw)
{
	return meta_write(m, ino * FAT_ENTRY, raw, FAT_ENTRY, META_NAME);
}

/* --- places ---------------------------------------------------------------------------------- */

int fat_open_dir(struct vfs_mount *m, vfs_ino ino, struct fat_dir *dir)
{
	const struct fat *fs = m->priv;
	uint8_t raw[FAT_ENTRY];
	int err = fat_get_node(m, ino, raw);

	if (err)
		return err;
	if (!(raw[ENTRY_ATTR] & ATTR_DIR) || raw[0] == ENTRY_FREE)
		return -ENOTDIR;
	dir->first = fat_entry_cluster(fs, raw);
	if (ino != FAT_ROOT_INO && !fat_is_cluster(fs, dir->first))
		return fat_bad(m, "first cluster of a directory is", dir->first);
	return 0;
}

int fat_dir_place(struct vfs_mount *m, const struct fat_dir *dir, uint32_t off, uint64_t *at)
{
	const struct fat *fs = m->priv;
	uint32_t cluster, count;
	int err;

	if (!dir->first) {
		*at = fs->root_at + off;
		return off < fs->root_size ? 0 : -ENOENT;
	}
	if (off >= FAT_DIR_MAX)
		return -ENOENT;
	err = fat_find(m, dir->first, off / fs->cluster_size, 1, &cluster, &count);
	*at = fat_cluster_at(fs, cluster) + off % fs->cluster_size;
	return err;
}

/* --- names ----------------------------------------------------------------------------------- */

static void narrow_short(struct fat *fs, const uint8_t *raw)
{
	size_t n = 0, base = 8, ext = 3;

	while (base && raw[base - 1] == ' ')
		base--;
	while (ext && raw[8 + ext - 1] == ' ')
		ext--;
	for (size_t i = 0; i < base + ext; i++) {
		uint8_t c = i < base ? raw[i] : raw[8 + i - base];
		uint8_t lower = raw[ENTRY_CASE] & (i < base ? LOWER_BASE : LOWER_EXT);

		if (i == base)
			fs->name[n++] = '.';
		if (!i && c == 0x05)
			c = 0xe5;
		if (c < ' ' || c >= 0x7f || c == '/') /* of a code page that is not known */
			c = '?';
		else if (lower && c >= 'A' && c <= 'Z')
			c = (uint8_t)(c + 'a' - 'A');
		fs->name[n++] = (char)c;
	}
	fs->name[n] = '\0';
}

uint8_t fat_checksum(const uint8_t *name)
{
	uint8_t sum = 0;

	for (unsigned i = 0; i < 11; i++)
		sum = (uint8_t)((sum >> 1 | sum << 7) + name[i]);
	return sum;
}

/* A long name in the making: entries come with falling numbers. */
struct long_name {
	uint32_t start; /* of its first entry */
	uint8_t next;	/* number of the entry to come; 0: whole */
	uint8_t count, sum;
};

static uint16_t unit_at(const uint8_t *raw, unsigned i)
{
	return get_le16(raw + (i < 5 ? 1 + 2 * i : i < 11 ? 14 + 2 * (i - 5) : 28 + 2 * (i - 11)));
}

static void take_long(struct fat *fs, struct long_name *l, const uint8_t *raw, uint32_t off)
{
	uint8_t number = raw[0] & (LONG_LAST - 1);

	if (raw[0] & LONG_LAST) {
		l->count = number;
		l->next = number;
		l->sum = raw[13];
		l->start = off;
	}
	if (!number || number > LONG_MOST || number != l->next || raw[13] != l->sum) {
		l->count = 0;
		return;
	}
	l->next--;
	for (unsigned i = 0; i < LONG_UNITS; i++) {
		unsigned at = (number - 1u) * LONG_UNITS + i;

		if (at < ARRAY_SIZE(fs->wide))
			fs->wide[at] = unit_at(raw, i);
	}
}

/* The name of a short entry, long when the entries before it make one for it. */
static void decide_name(struct fat *fs, const struct long_name *l, struct fat_item *item)
{
	unsigned units = 0, most = MIN_T(unsigned, l->count * LONG_UNITS, FAT_NAME_LEN);

	item->start = item->off;
	if (!l->count || l->next || l->sum != fat_checksum(item->raw)) {
		narrow_short(fs, item->raw);
		return;
	}
	item->start = l->start;
	while (units < most && fs->wide[units])
		units++;
	utf8_from_utf16(fs->name, fs->wide, units);
}

int fat_next(struct vfs_mount *m, const struct fat_dir *dir, uint32_t *off, struct fat_item *item)
{
	struct fat *fs = m->priv;
	struct long_name l = { .count = 0 };
	int err;

	for (;; *off += FAT_ENTRY) {
		err = fat_dir_place(m, dir, *off, &item->at);
		if (!err)
			err = meta_read(m, item->at, item->raw, FAT_ENTRY);
		if (err)
			return err == -ENOENT ? 0 : err;
		if (item->raw[0] == ENTRY_END)
			return 0;
		if (item->raw[0] == ENTRY_FREE) {
			l.count = 0;
			continue;
		}
		if ((item->raw[ENTRY_ATTR] & 0x3f) == ATTR_LONG) {
			take_long(fs, &l, item->raw, *off);
			continue;
		}
		if (!(item->raw[ENTRY_ATTR] & ATTR_LABEL) && item->raw[0] != '.')
			break;
		l.count = 0;
	}
	item->off = *off;
	*off += FAT_ENTRY;
	decide_name(fs, &l, item);
	return 1;
}

int fat_find_name(struct vfs_mount *m, const struct fat_dir *dir, const struct vfs_name *name,
		  struct fat_item *item)
{
	struct fat *fs = m->priv;
	uint32_t off = 0;
	int got;

	while ((got = fat_next(m, dir, &off, item)) == 1) {
		if (strlen(fs->name) == name->len && !strncasecmp(fs->name, name->s, name->len))
			return 0;
		if (item->start == item->off)
			continue;
		narrow_short(fs, item->raw);
		if (strlen(fs->name) == name->len && !strncasecmp(fs->name, name->s, name->len))
			return 0;
	}
	return got ? got : -ENOENT;
}

/* --- calls ----------------------------------------------------------------------------------- */

int fat_lookup(struct vfs_mount *m, vfs_ino dir, const char *name, size_t len, vfs_ino *out)
{
	struct vfs_name what = { name, len };
	struct fat_item item;
	struct fat_dir d;
	int err = fat_open_dir(m, dir, &d);

	if (!err)
		err = fat_find_name(m, &d, &what, &item);
	if (!err)
		*out = item.at / FAT_ENTRY;
	return err;
}

int fat_readdir(struct vfs_mount *m, vfs_ino dir, uint64_t *pos, struct vfs_dirent *ent)
{
	struct fat *fs = m->priv;
	uint32_t off = (uint32_t)MIN_T(uint64_t, *pos, FAT_DIR_MAX);
	struct fat_item item;
	struct fat_dir d;
	int got = fat_open_dir(m, dir, &d);

	if (got)
		return got;
	do /* a longer name could not be used in a path */
		got = fat_next(m, &d, &off, &item);
	while (got == 1 && (!*fs->name || strlen(fs->name) >= sizeof(ent->name)));
	*pos = off;
	if (got != 1)
		return got;
	strlcpy(ent->name, fs->name, sizeof(ent->name));
	ent->type = item.raw[ENTRY_ATTR] & ATTR_DIR ? VFS_DIR : VFS_FILE;
	return 1;
}
