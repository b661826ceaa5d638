/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ext2, read only, revisions 0 and 1: "The Second Extended File System, Internal Layout". All
 * numbers are little-endian. What the image says is checked against the size of the file system
 * wherever it is used, so a damaged one gives -EUCLEAN and nothing worse. Serialised by the VFS.
 */
#include <core/vfs.h>

#include <core/log.h>
#include <core/mem.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

#define SUPER_AT    1024
#define SUPER_MAGIC 0xef53
#define ROOT_INO    2
#define DESC_SIZE   32 /* of a block group */
#define DIRECT	    12 /* blocks that an inode itself points to */

/* Offsets in the superblock. */
enum {
	SB_INODES = 0, SB_BLOCKS = 4, SB_FIRST_BLOCK = 20, SB_BLOCK_SHIFT = 24,
	SB_GROUP_INODES = 40, SB_MAGIC = 56, SB_REVISION = 76, SB_INODE_SIZE = 88,
	SB_INCOMPAT = 96, SB_USED = 104,
};

#define INCOMPAT_FILETYPE 0x2
/* Others are for newer file systems, which cannot be read correctly without them. */
static const char *const incompat_names[] = {
	[0] = "compression", [2] = "a journal to be recovered", [3] = "an external journal",
	[4] = "meta block groups", [6] = "extents (ext4)", [7] = "64-bit block numbers (ext4)",
	[9] = "flexible block groups (ext4)", [16] = "encryption",
};

struct ext2 {
	uint32_t block_size;
	uint32_t blocks, first_block;
	uint32_t inodes, group_inodes, inode_size;
	uint64_t groups_at; /* table of block groups, bytes */
	bool filetype;	    /* directory entries tell the type */
};

struct inode {
	uint16_t mode;
	uint64_t size;
	uint32_t mtime;
	uint32_t sectors;    /* of 512 bytes */
	uint32_t attributes; /* block of extended attributes */
	uint8_t block[60];   /* pointers, or the target of a short symbolic link */
};

/* --- superblock --------------------------------------------------------------------------- */

static int refuse_features(struct vfs_mount *m, uint32_t features)
{
	const char *name = NULL;

	for (unsigned i = 0; i < ARRAY_SIZE(incompat_names) && !name; i++)
		if (features & BIT32(i))
			name = incompat_names[i];
	log_error("ext2 at '%s/': uses %s, which is not supported (feature bits 0x%x); "
		  "make it with mke2fs -t ext2",
		  m->path, name ? name : "something unknown", features);
	return -ENOTSUP;
}

/* Geometry from the superblock. */
static int read_super(struct vfs_mount *m, struct ext2 *fs, const uint8_t *sb)
{
	uint32_t shift = get_le32(sb + SB_BLOCK_SHIFT), groups;
	bool dynamic = get_le32(sb + SB_REVISION) >= 1;
	uint32_t features = dynamic ? get_le32(sb + SB_INCOMPAT) : 0;

	if (features & ~(uint32_t)INCOMPAT_FILETYPE)
		return refuse_features(m, features & ~(uint32_t)INCOMPAT_FILETYPE);
	if (shift > 2) {
		log_error("ext2 at '%s/': blocks of %llu bytes, only 1, 2 and 4 KiB are supported",
			  m->path, shift < 32 ? 1024ull << shift : 0);
		return -ENOTSUP;
	}
	fs->block_size = 1024u << shift;
	fs->blocks = get_le32(sb + SB_BLOCKS);
	fs->first_block = get_le32(sb + SB_FIRST_BLOCK);
	fs->inodes = get_le32(sb + SB_INODES);
	fs->group_inodes = get_le32(sb + SB_GROUP_INODES);
	fs->inode_size = dynamic ? get_le16(sb + SB_INODE_SIZE) : 128;
	fs->filetype = features & INCOMPAT_FILETYPE;
	fs->groups_at = (uint64_t)(fs->first_block + 1) * fs->block_size;
	groups = fs->group_inodes ? DIV_ROUND_UP(fs->inodes, fs->group_inodes) : 0;
	if (!groups || fs->inodes < ROOT_INO || fs->first_block > 1 || fs->inode_size < 128 ||
	    fs->inode_size > fs->block_size || (fs->inode_size & (fs->inode_size - 1)) ||
	    fs->groups_at + (uint64_t)groups * DESC_SIZE > m->size) {
		log_error("ext2 at '%s/': the superblock is damaged", m->path);
		return -EUCLEAN;
	}
	if ((uint64_t)fs->blocks * fs->block_size > m->size) {
		log_error("ext2 at '%s/': the image is cut off: %llu of %llu bytes", m->path,
			  (unsigned long long)m->size,
			  (unsigned long long)fs->blocks * fs->block_size);
		return -EUCLEAN;
	}
	return 0;
}

static int ext2_mount(struct vfs_mount *m)
{
	uint8_t sb[SB_USED];
	struct ext2 *fs;
	int err;

	if (vfs_raw_read(m, SUPER_AT, sb, sizeof(sb)) || get_le16(sb + SB_MAGIC) != SUPER_MAGIC)
		return -ENOEXEC;
	fs = heap_zalloc(sizeof(*fs));
	if (!fs)
		return -ENOMEM;
	err = read_super(m, fs, sb);
	if (err)
		heap_free(fs);
	else
		m->priv = fs;
	return err;
}

static void ext2_unmount(struct vfs_mount *m)
{
	heap_free(m->priv);
}

static vfs_ino ext2_root(struct vfs_mount *m)
{
	return ROOT_INO;
}

/* --- inodes and blocks ----------------------------------------------------------------------- */

static int bad(struct vfs_mount *m, const char *what, uint64_t number)
{
	log_warn("ext2 at '%s/': damaged: %s %llu", m->path, what, (unsigned long long)number);
	return -EUCLEAN;
}

static int read_inode(struct vfs_mount *m, vfs_ino ino, struct inode *inode)
{
	const struct ext2 *fs = m->priv;
	uint8_t raw[128], desc[DESC_SIZE];
	uint64_t at;
	uint32_t n, table;
	int err;

	if (ino < 1 || ino > fs->inodes)
		return bad(m, "inode number", ino);
	n = (uint32_t)ino - 1;
	err = vfs_raw_read(m, fs->groups_at + (uint64_t)(n / fs->group_inodes) * DESC_SIZE, desc,
			   sizeof(desc));
	if (err)
		return err;
	table = get_le32(desc + 8);
	at = (uint64_t)table * fs->block_size + (uint64_t)(n % fs->group_inodes) * fs->inode_size;
	if (table <= fs->first_block || at + fs->inode_size > (uint64_t)fs->blocks * fs->block_size)
		return bad(m, "place of inode", ino);
	err = vfs_raw_read(m, at, raw, sizeof(raw));
	if (err)
		return err;
	inode->mode = get_le16(raw);
	inode->size = get_le32(raw + 4);
	inode->mtime = get_le32(raw + 16);
	inode->sectors = get_le32(raw + 28);
	inode->attributes = get_le32(raw + 104);
	if ((inode->mode & 0170000) == 0100000) /* elsewhere this is an access control list */
		inode->size |= (uint64_t)get_le32(raw + 108) << 32;
	memcpy(inode->block, raw + 40, sizeof(inode->block));
	return 0;
}

/* Block number n of a file; 0 is a hole. */
static int map_block(struct vfs_mount *m, const struct inode *inode, uint64_t n, uint32_t *block)
{
	const struct ext2 *fs = m->priv;
	uint64_t per = fs->block_size / 4, span = 1;
	unsigned slot = DIRECT, depth = 0;
	uint8_t raw[4];
	int err;

	if (n < DIRECT) {
		slot = (unsigned)n;
	} else {
		n -= DIRECT;
		for (depth = 1, span = per; n >= span && depth < 3; depth++, slot++) {
			n -= span;
			span *= per;
		}
		if (n >= span)
			return -EFBIG;
	}
	*block = get_le32(inode->block + 4 * slot);
	for (; *block; depth--) {
		if (*block <= fs->first_block || *block >= fs->blocks)
			return bad(m, "block number", *block);
		if (!depth)
			break;
		span /= per;
		err = vfs_raw_read(m, (uint64_t)*block * fs->block_size + 4 * (n / span), raw, 4);
		if (err)
			return err;
		*block = get_le32(raw);
		n %= span;
	}
	return 0;
}

static int64_t read_file(struct vfs_mount *m, const struct inode *inode, uint64_t off, void *buf,
			 size_t n)
{
	const struct ext2 *fs = m->priv;
	uint8_t *to = buf;
	size_t done = 0;

	if (off >= inode->size)
		return 0;
	n = (size_t)MIN_T(uint64_t, n, inode->size - off);
	while (done < n) {
		uint64_t at = off + done;
		uint32_t in = (uint32_t)(at % fs->block_size), block;
		size_t part = MIN_T(size_t, n - done, fs->block_size - in);
		int err = map_block(m, inode, at / fs->block_size, &block);

		if (!err && block)
			err = vfs_raw_read(m, (uint64_t)block * fs->block_size + in, to + done,
					   part);
		else if (!err)
			memset(to + done, 0, part);
		if (err)
			return err;
		done += part;
	}
	return (int64_t)done;
}

static int64_t ext2_read(struct vfs_mount *m, vfs_ino ino, uint64_t off, void *buf, size_t n)
{
	struct inode inode;
	int err = read_inode(m, ino, &inode);

	return err ? err : read_file(m, &inode, off, buf, n);
}

static enum vfs_type type_of(uint16_t mode)
{
	switch (mode & 0170000) {
	case 0100000:
		return VFS_FILE;
	case 0040000:
		return VFS_DIR;
	case 0120000:
		return VFS_LINK;
	default:
		return VFS_OTHER;
	}
}

static int ext2_stat(struct vfs_mount *m, vfs_ino ino, struct vfs_stat *st)
{
	struct inode inode;
	int err = read_inode(m, ino, &inode);

	if (err)
		return err;
	st->type = type_of(inode.mode);
	st->size = inode.size;
	st->mode = inode.mode & 07777;
	st->mtime = inode.mtime;
	return 0;
}

static int ext2_readlink(struct vfs_mount *m, vfs_ino ino, char *buf, size_t n)
{
	const struct ext2 *fs = m->priv;
	struct inode inode;
	int64_t got;
	int err = read_inode(m, ino, &inode);

	if (err)
		return err;
	if (inode.size >= n)
		return -ENAMETOOLONG;
	/* A short target is in the inode, which then has no blocks but that of its attributes. */
	if (inode.size < sizeof(inode.block) &&
	    inode.sectors == (inode.attributes ? fs->block_size / 512 : 0)) {
		memcpy(buf, inode.block, (size_t)inode.size);
		got = (int64_t)inode.size;
	} else {
		got = read_file(m, &inode, 0, buf, (size_t)inode.size);
	}
	if (got < 0)
		return (int)got;
	buf[got] = '\0';
	return 0;
}

/* --- directories ----------------------------------------------------------------------------- */

struct entry {
	uint32_t ino;
	uint16_t size; /* with what is unused behind it */
	uint16_t name_len;
	uint8_t type;
};

/* The entry at `off` of a directory; its name follows 8 bytes behind. @return 1, 0 at the end */
static int read_entry(struct vfs_mount *m, const struct inode *dir, uint64_t off, struct entry *e)
{
	const struct ext2 *fs = m->priv;
	uint8_t raw[8];
	int64_t got;

	/* A directory larger than the file system would be one that repeats itself. */
	if (dir->size > (uint64_t)fs->blocks * fs->block_size)
		return bad(m, "size of a directory,", dir->size);
	if (off >= dir->size)
		return 0;
	got = read_file(m, dir, off, raw, sizeof(raw));
	if (got < 0)
		return (int)got;
	e->ino = get_le32(raw);
	e->size = get_le16(raw + 4);
	e->name_len = fs->filetype ? raw[6] : get_le16(raw + 6);
	e->type = fs->filetype ? raw[7] : 0;
	if (got < 8 || e->size < 8 || e->size % 4 ||
	    e->size > fs->block_size - off % fs->block_size || e->name_len > e->size - 8 ||
	    e->name_len > 255)
		return bad(m, "directory entry at", off);
	return 1;
}

static int ext2_lookup(struct vfs_mount *m, vfs_ino dir, const char *name, size_t len, vfs_ino *out)
{
	struct inode inode;
	struct entry e;
	uint64_t off;
	char own[64];
	int got = read_inode(m, dir, &inode);

	if (got)
		return got;
	for (off = 0; (got = read_entry(m, &inode, off, &e)) == 1; off += e.size) {
		size_t at = 0;

		if (!e.ino || e.name_len != len)
			continue;
		while (at < len) { /* in pieces, to be kind to the stack */
			size_t part = MIN(len - at, sizeof(own));
			int64_t n = read_file(m, &inode, off + 8 + at, own, part);

			if (n < 0)
				return (int)n;
			if (memcmp(own, name + at, part))
				break;
			at += part;
		}
		if (at >= len) {
			*out = e.ino;
			return 0;
		}
	}
	return got ? got : -ENOENT;
}

static int ext2_readdir(struct vfs_mount *m, vfs_ino dir, uint64_t *pos, struct vfs_dirent *ent)
{
	static const enum vfs_type types[] = { VFS_OTHER, VFS_FILE, VFS_DIR, VFS_OTHER,
					       VFS_OTHER, VFS_OTHER, VFS_OTHER, VFS_LINK };
	struct vfs_stat st;
	struct inode inode;
	struct entry e;
	int64_t n;
	int got = read_inode(m, dir, &inode);

	if (got)
		return got;
	while ((got = read_entry(m, &inode, *pos, &e)) == 1) {
		uint64_t off = *pos;

		*pos += e.size;
		if (!e.ino || !e.name_len)
			continue;
		n = read_file(m, &inode, off + 8, ent->name, e.name_len);
		if (n < 0)
			return (int)n;
		ent->name[n] = '\0';
		if (!strcmp(ent->name, ".") || !strcmp(ent->name, ".."))
			continue;
		if (e.type && e.type < ARRAY_SIZE(types)) {
			ent->type = types[e.type];
		} else {
			got = ext2_stat(m, e.ino, &st);
			if (got)
				return got;
			ent->type = st.type;
		}
		return 1;
	}
	return got;
}

VFS_FS(ext2) {
	.name = "ext2",
	.mount = ext2_mount,
	.unmount = ext2_unmount,
	.root = ext2_root,
	.lookup = ext2_lookup,
	.stat = ext2_stat,
	.read = ext2_read,
	.readdir = ext2_readdir,
	.readlink = ext2_readlink,
};
