/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ext2: names are made, taken away and changed. The count of links of an inode is never too small
 * on the device, and a folder never without a name there. Serialised by the VFS.
 */
#include "ext2.h"

#include <core/time.h>
#include <libs/errno.h>
#include <libs/string.h>

#define LINKS_MAX  32000
#define TYPE_FILE  1
#define TYPE_DIR   2
#define ENTRY_SIZE(name_len) ((uint32_t)ALIGN_UP(8u + (name_len), 4))

/* --- entries --------------------------------------------------------------------------------- */

/* Write bytes of a directory that has blocks there; within a block. */
static int write_dir(struct vfs_mount *m, const struct ext2_inode *dir, uint64_t off,
		     const void *buf, size_t n)
{
	const struct ext2 *fs = m->priv;
	struct ext2_run run;
	int err = ext2_map(m, dir, off / fs->block_size, 1, &run);

	if (err)
		return err;
	if (!run.block)
		return ext2_bad(m, "hole in directory", dir->ino);
	return meta_write(m, run.block * fs->block_size + off % fs->block_size, buf, n, META_NAME);
}

/* Header and name of an entry. */
static int write_entry(struct vfs_mount *m, const struct ext2_inode *dir,
		       const struct ext2_entry *e, const struct vfs_name *name)
{
	const struct ext2 *fs = m->priv;
	uint8_t raw[8];
	int err;

	put_le32(raw, e->ino);
	put_le16(raw + 4, e->size);
	if (fs->filetype) {
		raw[6] = (uint8_t)e->name_len;
		raw[7] = e->type;
	} else {
		put_le16(raw + 6, e->name_len);
	}
	err = write_dir(m, dir, e->off, raw, sizeof(raw));
	if (!err && name)
		err = write_dir(m, dir, e->off + 8, name->s, name->len);
	return err;
}

/*
 * A further block, on the device as one unused entry before the directory says that it has it.
 * The inode is to be written.
 */
static int grow_dir(struct vfs_mount *m, struct ext2_inode *dir)
{
	const struct ext2 *fs = m->priv;
	uint64_t size = inode_size(dir);
	uint8_t head[8] = { 0 };
	struct ext2_run run;
	bool fresh;
	int err = ext2_map_alloc(m, dir, size / fs->block_size, 1, &run, &fresh);

	if (!err && !fresh)
		return ext2_bad(m, "block behind the end of directory", dir->ino);
	if (err)
		return err;
	err = data_zero(m, run.block * fs->block_size, fs->block_size);
	put_le16(head + 4, (uint16_t)fs->block_size);
	if (!err)
		err = data_write(m, run.block * fs->block_size, head, sizeof(head));
	if (!err)
		inode_set_size(dir, size + fs->block_size);
	else if (ext2_unmap(m, dir, size / fs->block_size, size / fs->block_size))
		return ext2_bad(m, "new block of directory", dir->ino);
	return err;
}

/* Put an entry where there is room. */
static int add_entry(struct vfs_mount *m, struct ext2_inode *dir, const struct vfs_name *name,
		     vfs_ino ino, uint8_t type)
{
	uint32_t need = ENTRY_SIZE(name->len), used;
	struct ext2_entry e, new = { .ino = (uint32_t)ino, .name_len = (uint16_t)name->len,
				     .type = type };
	uint64_t off = 0;
	int got, err = 0, put;

	for (;;) {
		got = ext2_entry_at(m, dir, off, &e);
		if (got < 0)
			return got;
		if (!got) {
			err = grow_dir(m, dir);
			if (err)
				break;
			continue;
		}
		used = e.ino ? ENTRY_SIZE(e.name_len) : 0;
		if (e.size >= used + need)
			break;
		off += e.size;
	}
	if (!err) {
		new.off = off + used;
		new.size = (uint16_t)(e.size - used);
		err = write_entry(m, dir, &new, name);
	}
	if (!err && used) {
		e.size = (uint16_t)used;
		err = write_entry(m, dir, &e, NULL);
	}
	/* What looks unused may be the index of names, which does not know this one. */
	put_le32(dir->raw + INODE_FLAGS, inode_flags(dir) & ~(uint32_t)INODE_FLAG_INDEX);
	inode_touch(dir);
	put = ext2_put_inode(m, dir);
	return err ? err : put;
}

/* Its room goes to the entry before it. */
static int remove_entry(struct vfs_mount *m, struct ext2_inode *dir, const struct ext2_entry *e)
{
	struct ext2_entry prev;
	int got;

	inode_touch(dir);
	got = ext2_put_inode(m, dir);
	if (got)
		return got;
	if (e->prev == e->off) {
		prev = *e;
		prev.ino = 0;
	} else {
		got = ext2_entry_at(m, dir, e->prev, &prev);
		if (got != 1)
			return got < 0 ? got : ext2_bad(m, "directory entry at", e->prev);
		prev.size = (uint16_t)(prev.size + e->size);
	}
	return write_entry(m, dir, &prev, NULL);
}

static int set_links(struct vfs_mount *m, struct ext2_inode *inode, int by)
{
	put_le16(inode->raw + INODE_LINKS, (uint16_t)(inode_links(inode) + by));
	put_le32(inode->raw + INODE_CTIME, (uint32_t)time_wallclock());
	return ext2_put_inode(m, inode);
}

/* A folder in which names are to be changed. */
static int get_dir(struct vfs_mount *m, vfs_ino ino, struct ext2_inode *dir)
{
	int err = ext2_get_inode(m, ino, dir);

	if (!err && (ext2_type(inode_mode(dir)) != VFS_DIR || !inode_links(dir)))
		err = -ENOTDIR;
	if (!err && (inode_flags(dir) & INODE_FLAG_EXTENTS))
		err = ext2_bad(m, "flags of inode", ino);
	return err ? err : ext2_begin_change(m);
}

static bool name_ok(const struct vfs_name *name)
{
	return name->len && name->len <= 255 && !memchr(name->s, '/', name->len);
}

/* --- making ---------------------------------------------------------------------------------- */

/* An inode with nothing in it, and a link count of 1, or 2 for a folder. */
static int init_inode(struct vfs_mount *m, struct ext2_inode *inode, enum vfs_type type)
{
	const struct ext2 *fs = m->priv;
	uint32_t now = (uint32_t)time_wallclock();
	uint8_t extra[2];
	uint64_t at;
	int err = ext2_get_inode(m, inode->ino, inode);

	if (!err && inode_links(inode) && !get_le32(inode->raw + INODE_DTIME))
		err = ext2_bad(m, "a free inode is in use,", inode->ino);
	if (!err)
		err = ext2_inode_place(m, inode->ino, &at);
	for (uint32_t off = 0; !err && off < fs->inode_size; off += INODE_RAW)
		err = meta_write(m, at + off, vfs_zeros, INODE_RAW, META_NODE);
	if (!err && fs->inode_size > INODE_RAW) {
		put_le16(extra, 32); /* the fields that mke2fs counts on, all zeros */
		err = meta_write(m, at + INODE_EXTRA, extra, sizeof(extra), META_NODE);
	}
	memset(inode->raw, 0, INODE_RAW);
	put_le16(inode->raw + INODE_MODE, type == VFS_DIR ? 0040755 : 0100644);
	put_le16(inode->raw + INODE_LINKS, type == VFS_DIR ? 2 : 1);
	put_le32(inode->raw + INODE_ATIME, now);
	inode_touch(inode);
	return err;
}

/* The first block of a folder, with "." and "..", goes to the device at once. */
static int init_dir(struct vfs_mount *m, struct ext2_inode *inode, vfs_ino parent)
{
	const struct ext2 *fs = m->priv;
	uint8_t head[24] = { 0 };
	struct ext2_run run;
	int err = grow_dir(m, inode);

	if (!err)
		err = ext2_map(m, inode, 0, 1, &run);
	if (err)
		return err;
	put_le32(head, (uint32_t)inode->ino);
	put_le16(head + 4, 12);
	head[6] = 1;
	head[8] = '.';
	put_le32(head + 12, (uint32_t)parent);
	put_le16(head + 16, (uint16_t)(fs->block_size - 12));
	head[18] = 2;
	head[20] = head[21] = '.';
	if (fs->filetype)
		head[7] = head[19] = TYPE_DIR;
	return data_write(m, run.block * fs->block_size, head, sizeof(head));
}

/* Give back what was made of a node that gets no name. */
static void undo_inode(struct vfs_mount *m, struct ext2_inode *inode)
{
	if (ext2_drop_inode(m, inode))
		ext2_bad(m, "inode without a name,", inode->ino);
}

int ext2_create(struct vfs_mount *m, vfs_ino dir, const struct vfs_name *name, enum vfs_type type,
		vfs_ino *out)
{
	struct ext2_inode parent, inode;
	int err = name_ok(name) ? get_dir(m, dir, &parent) : -EINVAL;

	if (!err && type == VFS_DIR && inode_links(&parent) >= LINKS_MAX)
		err = -EMLINK;
	if (!err)
		err = ext2_alloc_inode(m, dir, type == VFS_DIR, &inode.ino);
	if (err)
		return err;
	err = init_inode(m, &inode, type);
	if (err)
		return err;
	if (type == VFS_DIR)
		err = init_dir(m, &inode, dir);
	if (!err)
		err = ext2_put_inode(m, &inode);
	if (!err && type == VFS_DIR)
		err = set_links(m, &parent, 1);
	if (!err) {
		err = add_entry(m, &parent, name, inode.ino,
				type == VFS_DIR ? TYPE_DIR : TYPE_FILE);
		if (err && type == VFS_DIR && set_links(m, &parent, -1))
			ext2_bad(m, "links of inode", dir);
	}
	if (err)
		undo_inode(m, &inode);
	*out = inode.ino;
	return err;
}

/* --- taking away ----------------------------------------------------------------------------- */

static int check_empty(struct vfs_mount *m, const struct ext2_inode *dir)
{
	struct ext2_entry e;
	uint64_t off;
	uint8_t name[2];
	int got;

	for (off = 0; (got = ext2_entry_at(m, dir, off, &e)) == 1; off += e.size) {
		if (!e.ino)
			continue;
		if (e.name_len > 2 || ext2_read_data(m, dir, off + 8, name, 2) != 2 ||
		    name[0] != '.' || (e.name_len == 2 && name[1] != '.'))
			return -ENOTEMPTY;
	}
	return got;
}

/* A name of a node has gone from a folder: the node, with its last one, goes too. */
static int drop_link(struct vfs_mount *m, struct ext2_inode *parent, struct ext2_inode *inode)
{
	bool folder = ext2_type(inode_mode(inode)) == VFS_DIR;
	int err = 0;

	if (folder && inode_links(parent) > 2)
		err = set_links(m, parent, -1);
	if (err)
		return err;
	if (!folder && inode_links(inode) > 1)
		return set_links(m, inode, -1);
	return ext2_drop_inode(m, inode);
}

int ext2_remove(struct vfs_mount *m, vfs_ino dir, const struct vfs_name *name)
{
	struct ext2_inode parent, inode;
	struct ext2_entry e;
	uint16_t links;
	bool folder;
	int err = get_dir(m, dir, &parent);

	if (!err)
		err = ext2_find_entry(m, &parent, name, &e);
	if (!err)
		err = ext2_get_inode(m, e.ino, &inode);
	if (err)
		return err;
	links = inode_links(&inode); /* none: only the name was left when somebody was stopped */
	folder = links && ext2_type(inode_mode(&inode)) == VFS_DIR;
	if (folder)
		err = check_empty(m, &inode);
	if (!err && !folder && links > 1) {
		err = remove_entry(m, &parent, &e);
		return err ? err : set_links(m, &inode, -1);
	}
	/* An inode goes before its last name, but is not free before that has gone too. */
	if (!err && links)
		err = drop_link(m, &parent, &inode);
	if (!err && links)
		err = meta_sync(m);
	return err ? err : remove_entry(m, &parent, &e);
}

/* --- changing -------------------------------------------------------------------------------- */

/* Another node gets the name of an entry, in one step. */
static int replace(struct vfs_mount *m, struct ext2_inode *dir, struct ext2_entry *e, vfs_ino ino,
		   struct ext2_inode *old)
{
	int err = ext2_get_inode(m, e->ino, old);

	if (!err && ext2_type(inode_mode(old)) == VFS_DIR)
		err = check_empty(m, old);
	e->ino = (uint32_t)ino;
	return err ? err : write_entry(m, dir, e, NULL);
}

/* A folder has moved: ".." and the counts of links of both parents follow. */
static int change_parent(struct vfs_mount *m, vfs_ino ino, struct ext2_inode *from,
			 struct ext2_inode *to)
{
	struct vfs_name name = { "..", 2 };
	struct ext2_inode inode;
	struct ext2_entry e;
	int err = ext2_get_inode(m, ino, &inode);

	if (!err)
		err = ext2_find_entry(m, &inode, &name, &e);
	if (err)
		return err == -ENOENT ? ext2_bad(m, "no '..' in directory", ino) : err;
	e.ino = (uint32_t)to->ino;
	err = write_entry(m, &inode, &e, NULL);
	if (!err)
		err = set_links(m, to, 1);
	return err ? err : set_links(m, from, -1);
}

/* The new name, beside the old one. @param old  gets what had it before; ino 0: nothing */
static int add_name(struct vfs_mount *m, struct ext2_inode *dir, const struct vfs_name *name,
		    struct ext2_inode *inode, struct ext2_inode *old)
{
	uint8_t type = ext2_type(inode_mode(inode)) == VFS_DIR	? TYPE_DIR
		       : ext2_type(inode_mode(inode)) == VFS_LINK ? 7
								  : TYPE_FILE;
	struct ext2_entry e;
	int err = ext2_find_entry(m, dir, name, &e);

	old->ino = 0;
	if (!err)
		return replace(m, dir, &e, inode->ino, old);
	if (err != -ENOENT)
		return err;
	return add_entry(m, dir, name, inode->ino, type);
}

int ext2_rename(struct vfs_mount *m, vfs_ino dir, const struct vfs_name *name, vfs_ino to_dir,
		const struct vfs_name *to)
{
	struct ext2_inode from, target, inode, old;
	struct ext2_entry e;
	vfs_ino there;
	int err = name_ok(to) ? get_dir(m, dir, &from) : -EINVAL;

	if (!err)
		err = get_dir(m, to_dir, &target);
	if (!err)
		err = ext2_find_entry(m, &from, name, &e);
	if (!err)
		err = ext2_get_inode(m, e.ino, &inode);
	if (err)
		return err;
	if (!ext2_lookup(m, to_dir, to->s, to->len, &there) && there == inode.ino)
		return 0;
	if (ext2_type(inode_mode(&inode)) == VFS_DIR && inode_links(&target) >= LINKS_MAX)
		return -EMLINK;
	/*
	 * With two names for a moment, and that on the device: it cannot be lost between them, and
	 * the new name is that of one of the two all the time.
	 */
	err = set_links(m, &inode, 1);
	if (!err)
		err = add_name(m, &target, to, &inode, &old);
	if (!err)
		err = meta_sync(m);
	if (!err)
		err = ext2_get_inode(m, dir, &from);
	if (!err)
		err = ext2_find_entry(m, &from, name, &e);
	if (!err)
		err = remove_entry(m, &from, &e);
	if (!err)
		err = ext2_get_inode(m, to_dir, &target);
	if (!err && ext2_type(inode_mode(&inode)) == VFS_DIR && dir != to_dir)
		err = change_parent(m, inode.ino, &from, &target);
	if (!err)
		err = ext2_get_inode(m, inode.ino, &inode);
	if (!err)
		err = set_links(m, &inode, -1);
	if (!err && old.ino)
		err = ext2_get_inode(m, to_dir, &target);
	if (!err && old.ino)
		err = drop_link(m, &target, &old);
	return err;
}
