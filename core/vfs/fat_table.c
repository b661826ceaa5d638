/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * FAT: the table of clusters. Serialised by the VFS.
 */
#include "fat.h"

#include <core/log.h>
#include <core/mem.h>
#include <libs/errno.h>

#define FREED_FIRST 32
#define LAST	    UINT32_MAX

/* --- entries --------------------------------------------------------------------------------- */

/* Bytes before the entry of a cluster. */
static uint64_t offset_of(const struct fat *fs, uint32_t cluster)
{
	return fs->bits == 12 ? cluster + cluster / 2 : (uint64_t)cluster * (fs->bits / 8);
}

int fat_get(struct vfs_mount *m, uint32_t cluster, uint32_t *next)
{
	const struct fat *fs = m->priv;
	uint32_t v, end = fs->bits == 12 ? 0xff8 : fs->bits == 16 ? 0xfff8 : 0x0ffffff8;
	uint8_t raw[4];
	int err = meta_read(m, fs->fat_at + offset_of(fs, cluster), raw, fs->bits == 32 ? 4 : 2);

	if (err)
		return err;
	if (fs->bits == 32)
		v = get_le32(raw) & 0x0fffffff;
	else if (fs->bits == 16)
		v = get_le16(raw);
	else
		v = cluster & 1 ? get_le16(raw) >> 4 : get_le16(raw) & 0xfff;
	*next = v >= end ? LAST : v;
	return 0;
}

static int set_in(struct vfs_mount *m, uint64_t at, uint32_t cluster, uint32_t v)
{
	const struct fat *fs = m->priv;
	size_t n = fs->bits == 32 ? 4 : 2;
	uint8_t raw[4];
	uint16_t old;
	int err;

	at += offset_of(fs, cluster);
	err = meta_read(m, at, raw, n);
	if (err)
		return err;
	old = get_le16(raw);
	if (fs->bits == 32) /* the upper four bits are nobody's */
		put_le32(raw, (get_le32(raw) & 0xf0000000) | (v & 0x0fffffff));
	else if (fs->bits == 16)
		put_le16(raw, (uint16_t)v);
	else if (cluster & 1)
		put_le16(raw, (uint16_t)((old & 0xf) | v << 4));
	else
		put_le16(raw, (uint16_t)((old & 0xf000) | (v & 0xfff)));
	return meta_write(m, at, raw, n, META_ALLOC);
}

int fat_set(struct vfs_mount *m, uint32_t cluster, uint32_t next)
{
	const struct fat *fs = m->priv;
	int err = 0;

	for (uint32_t i = 0; i < fs->nr_fats && !err; i++)
		err = set_in(m, fs->fat_at + i * fs->fat_size, cluster, next);
	return err;
}

/* --- chains ---------------------------------------------------------------------------------- */

/* The cluster behind one in a chain, which there is or is not; nothing else. */
static int follow(struct vfs_mount *m, uint32_t cluster, uint32_t *next)
{
	int err = fat_get(m, cluster, next);

	if (!err && *next != LAST && !fat_is_cluster(m->priv, *next))
		err = fat_bad(m, "behind a cluster is cluster", *next);
	return err;
}

/* The place remembered that is nearest before `index`, or the begin of the chain. */
static struct fat_place nearest(const struct fat *fs, uint32_t first, uint32_t index)
{
	struct fat_place best = { first, 0, first };

	for (unsigned i = 0; i < FAT_CHAINS; i++) {
		const struct fat_place *p = &fs->places[i];

		if (p->first == first && p->index <= index && p->index > best.index)
			best = *p;
	}
	return best;
}

static void remember(struct fat *fs, const struct fat_place *place)
{
	for (unsigned i = 0; i < FAT_CHAINS; i++) {
		if (fs->places[i].first == place->first) {
			fs->places[i] = *place;
			return;
		}
	}
	fs->places[fs->next_place++ % FAT_CHAINS] = *place;
}

static void forget_places(struct fat *fs)
{
	for (unsigned i = 0; i < FAT_CHAINS; i++)
		fs->places[i].first = 0;
}

int fat_find(struct vfs_mount *m, uint32_t first, uint32_t index, uint32_t most, uint32_t *cluster,
	     uint32_t *count)
{
	struct fat *fs = m->priv;
	struct fat_place place;
	uint32_t next, n;
	int err;

	if (!first)
		return -ENOENT;
	if (!fat_is_cluster(fs, first))
		return fat_bad(m, "first cluster of a file is", first);
	place = nearest(fs, first, index);
	/* A chain with a loop has no end, but no more clusters than there are. */
	if (index >= fs->end)
		return fat_bad(m, "chain without end from cluster", first);
	for (; place.index < index; place.index++) {
		err = follow(m, place.cluster, &next);
		if (err)
			return err;
		if (next == LAST)
			return -ENOENT;
		place.cluster = next;
	}
	*cluster = place.cluster;
	for (n = 1; n < most; n++) {
		err = follow(m, place.cluster, &next);
		if (err)
			return err;
		if (next != place.cluster + 1)
			break;
		place.cluster = next;
		place.index++;
	}
	remember(fs, &place);
	*count = n;
	return 0;
}

/* --- taking and giving ----------------------------------------------------------------------- */

int fat_count_free(struct vfs_mount *m)
{
	struct fat *fs = m->priv;
	uint32_t next, n = 0;

	if (fs->free != UINT32_MAX)
		return 0;
	for (uint32_t c = 2; c < fs->end; c++) {
		int err = fat_get(m, c, &next);

		if (err)
			return err;
		n += !next;
	}
	fs->free = n;
	fs->counts_dirty = true;
	return 0;
}

/* A run of free clusters in a range. -ENOSPC: there is none */
static int find_run(struct vfs_mount *m, uint32_t from, uint32_t to, uint32_t most,
		    uint32_t *cluster, uint32_t *count)
{
	uint32_t next, n = 0;

	for (uint32_t c = from; c < to; c++) {
		int err = fat_get(m, c, &next);

		if (err)
			return err;
		if (next && n)
			break;
		if (next)
			continue;
		if (!n++)
			*cluster = c;
		if (n == most)
			break;
	}
	*count = n;
	return n ? 0 : -ENOSPC;
}

static int take_run(struct vfs_mount *m, uint32_t goal, uint32_t most, uint32_t *cluster,
		    uint32_t *count)
{
	struct fat *fs = m->priv;
	int err;

	if (!fat_is_cluster(fs, goal))
		goal = fat_is_cluster(fs, fs->next) ? fs->next : 2;
	err = fs->free ? find_run(m, goal, fs->end, most, cluster, count) : -ENOSPC;
	if (err == -ENOSPC && fs->free)
		err = find_run(m, 2, goal, most, cluster, count);
	for (uint32_t i = *count; !err && i-- > 0;)
		err = fat_set(m, *cluster + i, i + 1 < *count ? *cluster + i + 1 : LAST);
	if (err)
		return err;
	if (fs->free != UINT32_MAX)
		fs->free -= MIN(fs->free, *count);
	fs->next = *cluster + *count;
	fs->counts_dirty = true;
	return 0;
}

int fat_alloc(struct vfs_mount *m, uint32_t goal, uint32_t most, uint32_t *cluster, uint32_t *count)
{
	const struct fat *fs = m->priv;
	int err;

	*count = 0;
	err = take_run(m, goal, most, cluster, count);
	if (err != -ENOSPC || !fs->nr_freed)
		return err;
	/* There is space, as soon as the device knows that it was freed. */
	err = m->fs->sync(m);
	return err ? err : take_run(m, goal, most, cluster, count);
}

void fat_free_chain(struct vfs_mount *m, uint32_t first)
{
	struct fat *fs = m->priv;

	forget_places(fs);
	if (!fat_is_cluster(fs, first))
		return;
	if (fs->nr_freed == fs->freed_room) {
		uint32_t room = fs->freed_room ? fs->freed_room * 2 : FREED_FIRST;
		void *bigger = heap_realloc(fs->freed, room * sizeof(*fs->freed));

		if (!bigger) {
			log_warn("fat at '%s/': not enough memory to free clusters now; fsck.vfat "
				 "will do it", m->path);
			return;
		}
		fs->freed = bigger;
		fs->freed_room = room;
	}
	fs->freed[fs->nr_freed++] = first;
}

static int free_chain_now(struct vfs_mount *m, uint32_t cluster)
{
	struct fat *fs = m->priv;
	uint32_t next;
	int err;

	/* Each is free when it was passed, so that a loop ends. */
	for (; cluster != LAST; cluster = next) {
		if (!fat_is_cluster(fs, cluster))
			return fat_bad(m, "behind a cluster is cluster", cluster);
		err = fat_get(m, cluster, &next);
		if (!err && !next)
			return fat_bad(m, "a cluster was free already,", cluster);
		if (!err)
			err = fat_set(m, cluster, 0);
		if (err)
			return err;
		if (fs->free != UINT32_MAX)
			fs->free++;
		meta_forget(m, fat_cluster_at(fs, cluster), fs->cluster_size);
	}
	return 0;
}

int fat_free_now(struct vfs_mount *m)
{
	struct fat *fs = m->priv;
	int err, first = 0;

	fs->counts_dirty = fs->counts_dirty || fs->nr_freed;
	for (uint32_t i = 0; i < fs->nr_freed; i++) {
		err = free_chain_now(m, fs->freed[i]);
		first = first ? first : err;
	}
	fs->nr_freed = 0;
	/* What is damaged stays allocated; that is told, and no reason to stop. */
	return first == -EUCLEAN ? 0 : first;
}
