/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * FAT: names are made, taken away and changed. A new name is on the device before an old one of the
 * same file goes. Serialised by the VFS.
 */
#include "fat.h"

#include <libs/errno.h>
#include <libs/string.h>

#define LONG_UNITS 13
#define LONG_LAST  0x40

/* A directory in which names are to be changed. */
static int begin(struct vfs_mount *m, vfs_ino ino, struct fat_dir *dir)
{
	int err = fat_open_dir(m, ino, dir);

	return err ? err : fat_begin_change(m);
}

static int write_at(struct vfs_mount *m, const struct fat_dir *dir, uint32_t off,
		    const uint8_t *raw, size_t n)
{
	uint64_t at;
	int err = fat_dir_place(m, dir, off, &at);

	return err ? err : meta_write(m, at, raw, n, META_NAME);
}

/* --- room ------------------------------------------------------------------------------------ */

/* A further cluster, zeros on the device before the directory has it. */
static int grow_dir(struct vfs_mount *m, const struct fat_dir *dir, uint32_t size)
{
	const struct fat *fs = m->priv;
	uint32_t last, cluster, count;
	int err;

	if (!dir->first || size >= FAT_DIR_MAX)
		return -ENOSPC;
	err = fat_find(m, dir->first, size / fs->cluster_size - 1, 1, &last, &count);
	if (!err)
		err = fat_alloc(m, last + 1, 1, &cluster, &count);
	if (err)
		return err;
	err = data_zero(m, fat_cluster_at(fs, cluster), fs->cluster_size);
	if (!err)
		err = fat_set(m, last, cluster);
	if (err)
		fat_free_chain(m, cluster);
	return err;
}

/* Where so many entries fit. @param ends  gets whether those behind them were never used */
static int find_room(struct vfs_mount *m, const struct fat_dir *dir, unsigned want, uint32_t *start,
		     bool *ends)
{
	uint32_t off = 0;
	unsigned n = 0;

	*ends = false;
	for (;; off += FAT_ENTRY) {
		uint64_t at;
		uint8_t first;
		int err = fat_dir_place(m, dir, off, &at);

		if (err == -ENOENT)
			err = grow_dir(m, dir, off);
		if (!err)
			err = fat_dir_place(m, dir, off, &at);
		if (!err)
			err = meta_read(m, at, &first, 1);
		if (err)
			return err;
		*ends = *ends || first == ENTRY_END;
		n = *ends || first == ENTRY_FREE ? n + 1 : 0;
		if (n == want) {
			*start = off - (want - 1) * FAT_ENTRY;
			return 0;
		}
	}
}

/* --- making ---------------------------------------------------------------------------------- */

static void make_long(const struct fat *fs, unsigned units, unsigned number, bool last, uint8_t sum,
		      uint8_t *raw)
{
	memset(raw, 0, FAT_ENTRY);
	raw[0] = (uint8_t)(number | (last ? LONG_LAST : 0));
	raw[ENTRY_ATTR] = ATTR_LONG;
	raw[13] = sum;
	for (unsigned i = 0; i < LONG_UNITS; i++) {
		unsigned n = (number - 1) * LONG_UNITS + i;
		unsigned at = i < 5 ? 1 + 2 * i : i < 11 ? 14 + 2 * (i - 5) : 28 + 2 * (i - 11);

		/* One NUL ends it, what is left is filled up. */
		put_le16(raw + at, n < units ? fs->wide[n] : n == units ? 0 : 0xffff);
	}
}

/* Entries for a name; the rest of the short one, raw, is the caller's. */
static int add_name(struct vfs_mount *m, const struct fat_dir *dir, const struct vfs_name *name,
		    uint8_t *raw, uint64_t *at)
{
	struct fat *fs = m->priv;
	uint8_t part[FAT_ENTRY] = { 0 }, sum;
	unsigned parts;
	uint32_t start = 0;
	bool exact, ends;
	int units, err = fat_short_name(m, dir, name, raw, &exact);

	if (err)
		return err > 0 ? -EEXIST : err;
	raw[ENTRY_CASE] = 0;
	sum = fat_checksum(raw);
	units = fat_widen(name, fs->wide);
	if (units < 0)
		return units;
	parts = exact ? 0 : DIV_ROUND_UP((unsigned)units, LONG_UNITS);
	err = find_room(m, dir, parts + 1, &start, &ends);
	/* What was never used may be anything behind the end. */
	if (!err && ends) {
		err = write_at(m, dir, start + (parts + 1) * FAT_ENTRY, part, 1);
		err = err == -ENOENT ? 0 : err;
	}
	for (unsigned i = parts; i > 0 && !err; i--) {
		make_long(fs, (unsigned)units, i, i == parts, sum, part);
		err = write_at(m, dir, start + (parts - i) * FAT_ENTRY, part, FAT_ENTRY);
	}
	if (!err)
		err = fat_dir_place(m, dir, start + parts * FAT_ENTRY, at);
	return err ? err : meta_write(m, *at, raw, FAT_ENTRY, META_NAME);
}

static void make_dot(uint8_t *raw, const uint8_t *like, const char *name, uint32_t cluster)
{
	memcpy(raw, like, FAT_ENTRY);
	memset(raw, ' ', 11);
	memcpy(raw, name, strlen(name));
	fat_entry_set_cluster(raw, cluster);
}

/* What ".." says: the root is cluster 0 there. */
static uint32_t parent_cluster(const struct fat *fs, const struct fat_dir *dir)
{
	return dir->first == fs->root_cluster ? 0 : dir->first;
}

/* The cluster of a new directory, on the device with its two entries. */
static int init_dir(struct vfs_mount *m, const struct fat_dir *parent, uint8_t *raw)
{
	const struct fat *fs = m->priv;
	uint8_t dots[2 * FAT_ENTRY];
	uint32_t cluster, count;
	int err = fat_alloc(m, 0, 1, &cluster, &count);

	if (err)
		return err;
	fat_entry_set_cluster(raw, cluster);
	make_dot(dots, raw, ".", cluster);
	make_dot(dots + FAT_ENTRY, raw, "..", parent_cluster(fs, parent));
	err = data_zero(m, fat_cluster_at(fs, cluster), fs->cluster_size);
	if (!err)
		err = data_write(m, fat_cluster_at(fs, cluster), dots, sizeof(dots));
	if (err)
		fat_free_chain(m, cluster);
	return err;
}

int fat_create(struct vfs_mount *m, vfs_ino dir, const struct vfs_name *name, enum vfs_type type,
	       vfs_ino *out)
{
	struct fat *fs = m->priv;
	uint8_t raw[FAT_ENTRY] = { 0 };
	struct fat_dir parent;
	uint64_t at;
	int err = fat_widen(name, fs->wide);

	if (err < 0)
		return err;
	raw[ENTRY_ATTR] = type == VFS_DIR ? ATTR_DIR : ATTR_ARCHIVE;
	fat_entry_touch(raw);
	put_le16(raw + ENTRY_CTIME, get_le16(raw + ENTRY_MTIME));
	put_le16(raw + ENTRY_CDATE, get_le16(raw + ENTRY_MDATE));
	err = begin(m, dir, &parent);
	if (!err && type == VFS_DIR)
		err = init_dir(m, &parent, raw);
	if (err)
		return err;
	err = add_name(m, &parent, name, raw, &at);
	if (err && type == VFS_DIR)
		fat_free_chain(m, fat_entry_cluster(fs, raw));
	*out = at / FAT_ENTRY;
	return err;
}

/* --- taking away ----------------------------------------------------------------------------- */

static int remove_name(struct vfs_mount *m, const struct fat_dir *dir, const struct fat_item *item)
{
	static const uint8_t gone = ENTRY_FREE;
	int err = 0;

	for (uint32_t off = item->start; !err && off <= item->off; off += FAT_ENTRY)
		err = write_at(m, dir, off, &gone, 1);
	return err;
}

/* @return 0: there is nothing in it */
static int check_empty(struct vfs_mount *m, const uint8_t *raw)
{
	struct fat_dir dir = { fat_entry_cluster(m->priv, raw) };
	struct fat_item item;
	uint32_t off = 0;
	int got;

	if (!fat_is_cluster(m->priv, dir.first))
		return fat_bad(m, "first cluster of a directory is", dir.first);
	got = fat_next(m, &dir, &off, &item);
	return got > 0 ? -ENOTEMPTY : got;
}

int fat_remove(struct vfs_mount *m, vfs_ino dir, const struct vfs_name *name)
{
	struct fat_item item;
	struct fat_dir d;
	int err = begin(m, dir, &d);

	if (!err)
		err = fat_find_name(m, &d, name, &item);
	if (!err && (item.raw[ENTRY_ATTR] & ATTR_DIR))
		err = check_empty(m, item.raw);
	if (!err)
		err = remove_name(m, &d, &item);
	if (!err)
		fat_free_chain(m, fat_entry_cluster(m->priv, item.raw));
	return err;
}

/* --- changing -------------------------------------------------------------------------------- */

/* An entry becomes that of another node, in one step. */
static int replace(struct vfs_mount *m, const struct fat_item *old, const uint8_t *raw)
{
	uint8_t new[FAT_ENTRY];
	int err = old->raw[ENTRY_ATTR] & ATTR_DIR ? check_empty(m, old->raw) : 0;

	memcpy(new, raw, FAT_ENTRY);
	memcpy(new, old->raw, ENTRY_ATTR);
	new[ENTRY_CASE] = old->raw[ENTRY_CASE];
	return err ? err : meta_write(m, old->at, new, FAT_ENTRY, META_NAME);
}

/* A directory has moved: its ".." follows. */
static int change_parent(struct vfs_mount *m, const uint8_t *raw, const struct fat_dir *to)
{
	struct fat_dir dir = { fat_entry_cluster(m->priv, raw) };
	uint8_t dots[FAT_ENTRY];
	uint64_t at;
	int err = fat_dir_place(m, &dir, FAT_ENTRY, &at);

	if (!err)
		err = meta_read(m, at, dots, sizeof(dots));
	if (!err && (dots[0] != '.' || dots[1] != '.'))
		err = fat_bad(m, "no '..' in the directory at cluster", dir.first);
	if (err)
		return err;
	fat_entry_set_cluster(dots, parent_cluster(m->priv, to));
	return meta_write(m, at, dots, sizeof(dots), META_NAME);
}

int fat_rename(struct vfs_mount *m, vfs_ino dir, const struct vfs_name *name, vfs_ino to_dir,
	       const struct vfs_name *to)
{
	struct fat *fs = m->priv;
	struct fat_item item, old;
	struct fat_dir from, target;
	uint8_t raw[FAT_ENTRY];
	bool replaces;
	uint64_t at;
	int err = fat_widen(to, fs->wide);

	if (err < 0)
		return err;
	err = begin(m, dir, &from);
	if (!err)
		err = begin(m, to_dir, &target);
	if (!err)
		err = fat_find_name(m, &from, name, &item);
	if (err)
		return err;
	memcpy(raw, item.raw, sizeof(raw));
	err = fat_find_name(m, &target, to, &old);
	if (err && err != -ENOENT)
		return err;
	replaces = !err && old.at != item.at;
	err = replaces ? replace(m, &old, raw) : add_name(m, &target, to, raw, &at);
	/* With two names for a moment, and that on the device: it cannot be lost between them. */
	if (!err)
		err = meta_sync(m);
	if (!err)
		err = remove_name(m, &from, &item);
	if (!err && (raw[ENTRY_ATTR] & ATTR_DIR) && from.first != target.first)
		err = change_parent(m, item.raw, &target);
	if (!err && replaces)
		fat_free_chain(m, fat_entry_cluster(fs, old.raw));
	return err;
}
