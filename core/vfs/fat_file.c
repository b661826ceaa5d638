/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * FAT: contents of files, straight between the caller's memory and the device in pieces as long as
 * clusters are contiguous. A file has no holes: what grows is filled with zeros. Serialised by the
 * VFS.
 */
#include "fat.h"

#include <libs/errno.h>
#include <libs/string.h>

#define SIZE_MOST UINT32_MAX

/* A file: its entry, and what that says. */
struct fat_file {
	vfs_ino ino;
	uint8_t raw[FAT_ENTRY];
	uint32_t first, size;
};

static int get_file(struct vfs_mount *m, vfs_ino ino, struct fat_file *f)
{
	int err = fat_get_node(m, ino, f->raw);

	f->ino = ino;
	f->first = fat_entry_cluster(m->priv, f->raw);
	f->size = get_le32(f->raw + ENTRY_SIZE);
	return err;
}

static int put_file(struct vfs_mount *m, struct fat_file *f)
{
	fat_entry_set_cluster(f->raw, f->first);
	put_le32(f->raw + ENTRY_SIZE, f->size);
	f->raw[ENTRY_ATTR] |= ATTR_ARCHIVE;
	fat_entry_touch(f->raw);
	return fat_put_node(m, f->ino, f->raw);
}

/* Where bytes are, and how many are contiguous, `most` at most. */
static int place_of(struct vfs_mount *m, const struct fat_file *f, uint64_t off, uint64_t most,
		    struct vfs_extent *ext)
{
	const struct fat *fs = m->priv;
	uint32_t in = (uint32_t)(off % fs->cluster_size), cluster = 0, count = 0;
	int err = fat_find(m, f->first, (uint32_t)(off / fs->cluster_size),
			   (uint32_t)DIV_ROUND_UP(in + most, fs->cluster_size), &cluster, &count);

	if (err)
		return err == -ENOENT ? fat_bad(m, "too few clusters for the size of a file,", off)
				      : err;
	ext->at = fat_cluster_at(fs, cluster) + in;
	ext->len = MIN(most, (uint64_t)count * fs->cluster_size - in);
	return 0;
}

int fat_extent(struct vfs_mount *m, vfs_ino ino, uint64_t off, struct vfs_extent *ext)
{
	struct fat_file f;
	int err = get_file(m, ino, &f);

	ext->at = VFS_HOLE;
	ext->len = 0;
	if (err || off >= f.size)
		return err;
	return place_of(m, &f, off, f.size - off, ext);
}

int64_t fat_read(struct vfs_mount *m, vfs_ino ino, uint64_t off, void *buf, size_t n)
{
	struct vfs_extent ext;
	struct fat_file f;
	size_t done = 0;
	int err = get_file(m, ino, &f);

	if (err)
		return err;
	if (off >= f.size)
		return 0;
	n = (size_t)MIN_T(uint64_t, n, f.size - off);
	while (done < n) {
		err = place_of(m, &f, off + done, n - done, &ext);
		if (!err)
			err = data_read(m, ext.at, (uint8_t *)buf + done, (size_t)ext.len);
		if (err)
			return err;
		done += (size_t)ext.len;
	}
	return (int64_t)done;
}

/* --- growing and shrinking ------------------------------------------------------------------- */

/* The last cluster of a chain whose length is known; 0 of an empty one. */
static int last_cluster(struct vfs_mount *m, const struct fat_file *f, uint32_t clusters,
			uint32_t *last)
{
	uint32_t count;

	*last = 0;
	if (!clusters)
		return 0;
	return fat_find(m, f->first, clusters - 1, 1, last, &count);
}

/* Clusters behind those that there are, for so many in all. What came before an error is kept. */
static int grow_chain(struct vfs_mount *m, struct fat_file *f, uint32_t have, uint32_t want)
{
	uint32_t last, cluster, count;
	int err = last_cluster(m, f, have, &last);

	if (err == -ENOENT)
		err = fat_bad(m, "too few clusters for the size of a file,", f->size);
	while (!err && have < want) {
		err = fat_alloc(m, last ? last + 1 : 0, want - have, &cluster, &count);
		if (err)
			break;
		if (last)
			err = fat_set(m, last, cluster);
		else
			f->first = cluster;
		last = cluster + count - 1;
		have += count;
	}
	return err;
}

/* Clusters behind the first `keep` go. */
static int cut_chain(struct vfs_mount *m, struct fat_file *f, uint32_t keep)
{
	uint32_t last, next;
	int err;

	if (!f->first)
		return 0;
	if (!keep) {
		fat_free_chain(m, f->first);
		f->first = 0;
		return 0;
	}
	err = last_cluster(m, f, keep, &last);
	if (err == -ENOENT) /* shorter than that already */
		return 0;
	if (!err)
		err = fat_get(m, last, &next);
	if (err || next == UINT32_MAX)
		return err;
	err = fat_set(m, last, UINT32_MAX);
	fat_free_chain(m, next);
	return err;
}

static uint32_t clusters_for(const struct fat *fs, uint64_t size)
{
	return (uint32_t)DIV_ROUND_UP(size, fs->cluster_size);
}

/* Zeros from one byte to another, both in the chain. */
static int zero_range(struct vfs_mount *m, const struct fat_file *f, uint64_t from, uint64_t to)
{
	struct vfs_extent ext;
	int err = 0;

	while (!err && from < to) {
		err = place_of(m, f, from, to - from, &ext);
		if (!err)
			err = data_zero(m, ext.at, ext.len);
		from += ext.len;
	}
	return err;
}

/*
 * Make the chain long enough for a size; the size stays. Clusters that a file has behind its end
 * are used. @return 0, or negative errno: then nothing has changed
 */
static int reserve(struct vfs_mount *m, struct fat_file *f, uint64_t size)
{
	const struct fat *fs = m->priv;
	uint32_t have = clusters_for(fs, f->size), want = clusters_for(fs, size);
	int err;

	if (want <= have)
		return 0;
	err = cut_chain(m, f, have);
	if (!err)
		err = grow_chain(m, f, have, want);
	if (!err)
		return 0;
	if (cut_chain(m, f, have))
		fat_bad(m, "chain from cluster", f->first);
	return err;
}

/* --- writing --------------------------------------------------------------------------------- */

/* So many bytes that there is space for them now. */
static uint64_t fitting(struct vfs_mount *m, const struct fat_file *f, uint64_t off, uint64_t n)
{
	const struct fat *fs = m->priv;
	uint64_t room;

	if (fat_count_free(m))
		return 0;
	room = ((uint64_t)clusters_for(fs, f->size) + fs->free) * fs->cluster_size;
	return room <= off ? 0 : MIN(n, room - off);
}

int64_t fat_write(struct vfs_mount *m, vfs_ino ino, uint64_t off, const void *buf, size_t n)
{
	struct vfs_extent ext;
	struct fat_file f;
	size_t done = 0;
	int err = get_file(m, ino, &f), put;

	if (!err && (off > SIZE_MOST || n > SIZE_MOST - off))
		err = -EFBIG;
	if (!err)
		err = fat_begin_change(m);
	if (err)
		return err;
	err = reserve(m, &f, off + n);
	if (err == -ENOSPC) {
		n = (size_t)fitting(m, &f, off, n);
		err = n ? reserve(m, &f, off + n) : -ENOSPC;
	}
	if (!err && off > f.size)
		err = zero_range(m, &f, f.size, off);
	while (!err && done < n) {
		err = place_of(m, &f, off + done, n - done, &ext);
		if (!err)
			err = data_write(m, ext.at, (const uint8_t *)buf + done, (size_t)ext.len);
		done += err ? 0 : (size_t)ext.len;
	}
	if (done)
		f.size = MAX(f.size, (uint32_t)(off + done));
	if (done < n && cut_chain(m, &f, clusters_for(m->priv, f.size)))
		fat_bad(m, "chain from cluster", f.first);
	put = put_file(m, &f);
	if (put)
		return put;
	return done ? (int64_t)done : err;
}

int fat_truncate(struct vfs_mount *m, vfs_ino ino, uint64_t size)
{
	const struct fat *fs = m->priv;
	struct fat_file f;
	int err = get_file(m, ino, &f), put;

	if (!err && size > SIZE_MOST)
		err = -EFBIG;
	if (!err)
		err = fat_begin_change(m);
	if (err)
		return err;
	if (size > f.size) {
		err = reserve(m, &f, size);
		if (!err)
			err = zero_range(m, &f, f.size, size);
		if (err && cut_chain(m, &f, clusters_for(fs, f.size)))
			fat_bad(m, "chain from cluster", f.first);
	} else {
		err = cut_chain(m, &f, clusters_for(fs, size));
	}
	if (!err)
		f.size = (uint32_t)size;
	put = put_file(m, &f);
	return err ? err : put;
}
