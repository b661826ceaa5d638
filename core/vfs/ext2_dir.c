/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ext2: directories are looked through entry by entry; an index of names (dir_index) is laid out so
 * that it looks like unused entries. Serialised by the VFS.
 */
#include "ext2.h"

#include <libs/errno.h>
#include <libs/string.h>

int ext2_entry_at(struct vfs_mount *m, const struct ext2_inode *dir, uint64_t off,
		  struct ext2_entry *e)
{
	const struct ext2 *fs = m->priv;
	uint64_t size = inode_size(dir);
	uint8_t raw[8];
	int64_t got;

	/* A directory larger than the file system would be one that repeats itself. */
	if (size / fs->block_size > fs->blocks)
		return ext2_bad(m, "size of directory", dir->ino);
	if (off >= size)
		return 0;
	got = ext2_read_data(m, dir, off, raw, sizeof(raw));
	if (got < 0)
		return (int)got;
	e->off = off;
	e->ino = get_le32(raw);
	e->size = get_le16(raw + 4);
	e->name_len = fs->filetype ? raw[6] : get_le16(raw + 6);
	e->type = fs->filetype ? raw[7] : 0;
	if (got < 8 || e->size < 8 || e->size % 4 ||
	    e->size > fs->block_size - off % fs->block_size || e->name_len > e->size - 8 ||
	    e->name_len > 255)
		return ext2_bad(m, "directory entry at", off);
	return 1;
}

/* @return 1 equal, 0 not, or negative errno */
static int compare_name(struct vfs_mount *m, const struct ext2_inode *dir,
			const struct ext2_entry *e, const struct vfs_name *name)
{
	char own[64];

	for (size_t at = 0, part; at < name->len; at += part) { /* kind to the stack */
		int64_t n;

		part = MIN(name->len - at, sizeof(own));
		n = ext2_read_data(m, dir, e->off + 8 + at, own, part);
		if (n < 0)
			return (int)n;
		if ((size_t)n != part || memcmp(own, name->s + at, part))
			return 0;
	}
	return 1;
}

int ext2_find_entry(struct vfs_mount *m, const struct ext2_inode *dir, const struct vfs_name *name,
		    struct ext2_entry *e)
{
	const struct ext2 *fs = m->priv;
	uint64_t off, prev = 0;
	int got;

	for (off = 0; (got = ext2_entry_at(m, dir, off, e)) == 1; off += e->size) {
		if (off % fs->block_size == 0)
			prev = off;
		e->prev = prev;
		if (e->ino && e->name_len == name->len) {
			got = compare_name(m, dir, e, name);
			if (got)
				return got < 0 ? got : 0;
		}
		prev = off;
	}
	return got ? got : -ENOENT;
}

int ext2_lookup(struct vfs_mount *m, vfs_ino dir, const char *name, size_t len, vfs_ino *out)
{
	struct vfs_name what = { name, len };
	struct ext2_inode inode;
	struct ext2_entry e;
	int err = ext2_get_inode(m, dir, &inode);

	if (!err)
		err = ext2_find_entry(m, &inode, &what, &e);
	if (!err)
		*out = e.ino;
	return err;
}

static int type_of_entry(struct vfs_mount *m, const struct ext2_entry *e, enum vfs_type *type)
{
	static const enum vfs_type types[] = { VFS_OTHER, VFS_FILE, VFS_DIR, VFS_OTHER,
					       VFS_OTHER, VFS_OTHER, VFS_OTHER, VFS_LINK };
	struct ext2_inode inode;
	int err;

	if (e->type && e->type < ARRAY_SIZE(types)) {
		*type = types[e->type];
		return 0;
	}
	err = ext2_get_inode(m, e->ino, &inode);
	*type = ext2_type(inode_mode(&inode));
	return err;
}

int ext2_readdir(struct vfs_mount *m, vfs_ino dir, uint64_t *pos, struct vfs_dirent *ent)
{
	struct ext2_inode inode;
	struct ext2_entry e;
	int64_t n;
	int got = ext2_get_inode(m, dir, &inode);

	if (got)
		return got;
	while ((got = ext2_entry_at(m, &inode, *pos, &e)) == 1) {
		*pos += e.size;
		if (!e.ino || !e.name_len)
			continue;
		n = ext2_read_data(m, &inode, e.off + 8, ent->name, e.name_len);
		if (n < 0)
			return (int)n;
		ent->name[n] = '\0';
		if (!strcmp(ent->name, ".") || !strcmp(ent->name, ".."))
			continue;
		got = type_of_entry(m, &e, &ent->type);
		return got ? got : 1;
	}
	return got;
}
