/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * FAT: the boot sector, what kind it is, and the calls that need little more. Serialised by the
 * VFS.
 */
#include "fat.h"

#include <core/blockdev.h>
#include <core/log.h>
#include <core/mem.h>
#include <libs/date.h>
#include <libs/errno.h>
#include <libs/string.h>

/* Offsets in the boot sector. */
enum {
	BPB_SECTOR_SIZE = 11, BPB_CLUSTER = 13, BPB_RESERVED = 14, BPB_FATS = 16, BPB_ROOT = 17,
	BPB_SECTORS16 = 19, BPB_MEDIA = 21, BPB_FAT16 = 22, BPB_SECTORS32 = 32, BPB_STATE16 = 37,
	BPB_FAT32 = 36, BPB_FLAGS = 40, BPB_VERSION = 42, BPB_ROOT_CLUSTER = 44, BPB_INFO = 48,
	BPB_STATE32 = 65, BPB_SIGNATURE = 510, BPB_SIZE = 512,
};
#define STATE_DIRTY 0x01

/* Offsets in the sector that FAT32 has for counts. */
enum { INFO_LEAD = 0, INFO_STRUCT = 484, INFO_FREE = 488, INFO_NEXT = 492 };
#define INFO_LEAD_SIGNATURE   0x41615252
#define INFO_STRUCT_SIGNATURE 0x61417272

#define FAT12_CLUSTERS 4085 /* so many are FAT16 */
#define FAT16_CLUSTERS 65525

int fat_bad(struct vfs_mount *m, const char *what, uint64_t number)
{
	return vfs_damaged(m, "fsck.vfat", what, number);
}

/* --- mounting -------------------------------------------------------------------------------- */

/* Many things begin with a jump and end with 55 aa; only this has sizes that make sense. */
static bool looks_like_fat(const uint8_t *b)
{
	uint32_t sector = get_le16(b + BPB_SECTOR_SIZE), cluster = b[BPB_CLUSTER];

	return get_le16(b + BPB_SIGNATURE) == 0xaa55 && (b[0] == 0xeb || b[0] == 0xe9) &&
	       sector >= SECTOR_SIZE && sector <= PAGE_SIZE && !(sector & (sector - 1)) &&
	       cluster && !(cluster & (cluster - 1)) && get_le16(b + BPB_RESERVED) &&
	       b[BPB_FATS] >= 1 && b[BPB_FATS] <= 4 && b[BPB_MEDIA] >= 0xf0;
}

static int damaged(struct vfs_mount *m)
{
	log_error("fat at '%s/': the boot sector is damaged", m->path);
	return -EUCLEAN;
}

static int read_geometry32(struct vfs_mount *m, struct fat *fs, const uint8_t *b)
{
	uint16_t info = get_le16(b + BPB_INFO), flags = get_le16(b + BPB_FLAGS);

	if (get_le16(b + BPB_VERSION)) {
		log_error("fat at '%s/': FAT32 of version %u.%u, which nobody knows", m->path,
			  b[BPB_VERSION + 1], b[BPB_VERSION]);
		return -ENOTSUP;
	}
	fs->root_cluster = get_le32(b + BPB_ROOT_CLUSTER);
	if (!fat_is_cluster(fs, fs->root_cluster))
		return damaged(m);
	if (info && info != 0xffff)
		fs->info_at = (uint64_t)info * fs->sector_size;
	/* One table alone may be in use. */
	if (flags & 0x80) {
		if ((flags & 0xf) >= fs->nr_fats)
			return damaged(m);
		fs->fat_at += (flags & 0xf) * fs->fat_size;
		fs->nr_fats = 1;
	}
	return 0;
}

static int read_geometry(struct vfs_mount *m, struct fat *fs, const uint8_t *b)
{
	uint64_t sectors = get_le16(b + BPB_SECTORS16), clusters;
	uint32_t fat_sectors = get_le16(b + BPB_FAT16);
	bool is32 = !fat_sectors;

	if (!sectors)
		sectors = get_le32(b + BPB_SECTORS32);
	if (is32)
		fat_sectors = get_le32(b + BPB_FAT32);
	fs->sector_size = get_le16(b + BPB_SECTOR_SIZE);
	fs->cluster_size = b[BPB_CLUSTER] * fs->sector_size;
	fs->nr_fats = b[BPB_FATS];
	fs->fat_at = (uint64_t)get_le16(b + BPB_RESERVED) * fs->sector_size;
	fs->fat_size = (uint64_t)fat_sectors * fs->sector_size;
	fs->root_at = fs->fat_at + fs->nr_fats * fs->fat_size;
	fs->root_size = get_le16(b + BPB_ROOT) * FAT_ENTRY;
	fs->data_at = fs->root_at + ALIGN_UP(fs->root_size, fs->sector_size);
	fs->state_at = is32 ? BPB_STATE32 : BPB_STATE16;
	if (!fat_sectors || (is32 ? fs->root_size != 0 : !fs->root_size) ||
	    sectors * fs->sector_size <= fs->data_at)
		return damaged(m);
	if (sectors * fs->sector_size > m->size) {
		log_error("fat at '%s/': the image is cut off: %llu of %llu bytes", m->path,
			  (unsigned long long)m->size,
			  (unsigned long long)(sectors * fs->sector_size));
		return -EUCLEAN;
	}
	clusters = (sectors * fs->sector_size - fs->data_at) / fs->cluster_size;
	fs->bits = is32 ? 32 : clusters < FAT12_CLUSTERS ? 12 : 16;
	if (!clusters || clusters >= (is32 ? 0x0ffffff5 : FAT16_CLUSTERS) ||
	    (clusters + 2) * fs->bits > fs->fat_size * 8)
		return damaged(m);
	fs->end = (uint32_t)clusters + 2;
	fs->free = UINT32_MAX;
	fs->next = 2;
	return is32 ? read_geometry32(m, fs, b) : 0;
}

/* The counts are only a hint on a file system that was not unmounted. */
static int read_info(struct vfs_mount *m, struct fat *fs, bool clean)
{
	uint8_t lead[4], raw[12];
	int err;

	if (!fs->info_at)
		return 0;
	err = meta_read(m, fs->info_at + INFO_LEAD, lead, sizeof(lead));
	if (!err)
		err = meta_read(m, fs->info_at + INFO_STRUCT, raw, sizeof(raw));
	if (err == -ERANGE || get_le32(lead) != INFO_LEAD_SIGNATURE ||
	    get_le32(raw) != INFO_STRUCT_SIGNATURE) {
		fs->info_at = 0;
		return err == -ERANGE ? 0 : err;
	}
	if (clean && get_le32(raw + INFO_FREE - INFO_STRUCT) - 1 < fs->end - 2)
		fs->free = get_le32(raw + INFO_FREE - INFO_STRUCT);
	if (fat_is_cluster(fs, get_le32(raw + INFO_NEXT - INFO_STRUCT)))
		fs->next = get_le32(raw + INFO_NEXT - INFO_STRUCT);
	return 0;
}

static int fat_mount(struct vfs_mount *m)
{
	uint8_t b[BPB_SIZE];
	struct fat *fs;
	bool clean;
	int err = data_read(m, 0, b, sizeof(b));

	if (err == -ERANGE || (!err && !looks_like_fat(b)))
		return -ENOEXEC;
	if (err)
		return err;
	fs = heap_zalloc(sizeof(*fs));
	if (!fs)
		return -ENOMEM;
	err = read_geometry(m, fs, b);
	if (!err)
		err = cache_open(m, fs->sector_size);
	clean = !(b[fs->state_at] & STATE_DIRTY);
	if (!err)
		err = read_info(m, fs, clean);
	if (err) {
		cache_close(m);
		heap_free(fs);
		return err;
	}
	if (!m->read_only && !clean)
		log_warn("fat at '%s/': was not unmounted; space may be lost until fsck.vfat is "
			 "run", m->path);
	m->priv = fs;
	return 0;
}

/* --- being written --------------------------------------------------------------------------- */

static int write_state(struct vfs_mount *m, bool dirty)
{
	const struct fat *fs = m->priv;
	uint8_t state;
	int err = meta_read(m, fs->state_at, &state, 1);

	state = (uint8_t)(dirty ? state | STATE_DIRTY : state & ~STATE_DIRTY);
	if (!err)
		err = meta_write(m, fs->state_at, &state, 1, META_ALLOC);
	return err ? err : meta_sync_phase(m, META_ALLOC);
}

int fat_begin_change(struct vfs_mount *m)
{
	struct fat *fs = m->priv;
	int err = 0;

	if (!fs->marked)
		err = write_state(m, true);
	if (!err)
		fs->marked = true;
	return err;
}

static int write_info(struct vfs_mount *m)
{
	struct fat *fs = m->priv;
	uint8_t raw[8];

	fs->counts_dirty = false;
	if (!fs->info_at)
		return 0;
	put_le32(raw, fs->free);
	put_le32(raw + 4, fs->next);
	return meta_write(m, fs->info_at + INFO_FREE, raw, sizeof(raw), META_ALLOC);
}

static int fat_sync(struct vfs_mount *m)
{
	struct fat *fs = m->priv;
	int err = meta_sync(m);

	if (!err)
		err = fat_free_now(m);
	if (!err && fs->counts_dirty)
		err = write_info(m);
	if (!err && meta_is_dirty(m))
		err = meta_sync(m);
	return err;
}

static void fat_unmount(struct vfs_mount *m)
{
	struct fat *fs = m->priv;

	/* It was synced; where that failed, it stays marked. */
	if (fs->marked && !m->failed && !meta_is_dirty(m) && !fs->nr_freed && write_state(m, false))
		log_error("fat at '%s/': could not be marked as unmounted", m->path);
	cache_close(m);
	heap_free(fs->freed);
	heap_free(fs);
}

static int fat_space(struct vfs_mount *m, struct vfs_space *space)
{
	const struct fat *fs = m->priv;
	int err = fat_count_free(m);

	space->size = (uint64_t)(fs->end - 2) * fs->cluster_size;
	space->free = err ? 0 : (uint64_t)fs->free * fs->cluster_size;
	return err;
}

/* --- nodes ----------------------------------------------------------------------------------- */

static vfs_ino fat_root(struct vfs_mount *m)
{
	return FAT_ROOT_INO;
}

static uint64_t moment(uint16_t day, uint16_t time)
{
	struct date date = {
		.year = 1980u + (day >> 9), .month = day >> 5 & 15, .day = day & 31,
		.hour = (uint8_t)(time >> 11), .minute = time >> 5 & 63,
		.second = (uint8_t)((time & 31) * 2),
	};

	return date_to_epoch(&date);
}

static int fat_stat(struct vfs_mount *m, vfs_ino ino, struct vfs_stat *st)
{
	const struct fat *fs = m->priv;
	uint8_t raw[FAT_ENTRY];
	int err = fat_get_node(m, ino, raw);

	if (err)
		return err;
	st->type = raw[ENTRY_ATTR] & ATTR_DIR ? VFS_DIR : VFS_FILE;
	st->size = st->type == VFS_DIR ? 0 : get_le32(raw + ENTRY_SIZE);
	st->used = ALIGN_UP(st->size, fs->cluster_size);
	st->mode = raw[ENTRY_ATTR] & ATTR_READ_ONLY ? 0555 : 0755;
	st->mtime = moment(get_le16(raw + ENTRY_MDATE), get_le16(raw + ENTRY_MTIME));
	return 0;
}

VFS_FS(fat) {
	.name = "fat",
	.mount = fat_mount,
	.unmount = fat_unmount,
	.root = fat_root,
	.lookup = fat_lookup,
	.stat = fat_stat,
	.read = fat_read,
	.readdir = fat_readdir,
	.space = fat_space,
	.extent = fat_extent,
	.create = VFS_WRITER(fat_create),
	.remove = VFS_WRITER(fat_remove),
	.rename = VFS_WRITER(fat_rename),
	.write = VFS_WRITER(fat_write),
	.truncate = VFS_WRITER(fat_truncate),
	.sync = VFS_WRITER(fat_sync),
};
