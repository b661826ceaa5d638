/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * FAT12, FAT16 and FAT32 with long names: between its files. "Microsoft Extensible Firmware
 * Initiative FAT32 File System Specification". All numbers on the device are little-endian.
 *
 * A node is named by where its short entry is on the device, in units of 32 bytes; such an entry
 * does not move while the node is open. Clusters that become free wait in a list until the sync
 * that brings what freed them to the device (see cache.h), so no cluster ever has two owners there.
 */
#pragma once

#include <core/vfs.h>
#include <libs/byteorder.h>

#include "cache.h"

#define FAT_ENTRY     32 /* bytes of a directory entry */
#define FAT_ROOT_INO  1	 /* no entry is so near to the begin of the device */
#define FAT_NAME_LEN  255 /* UTF-16 units of a long name */
#define FAT_DIR_MAX   (65536u * FAT_ENTRY)
#define FAT_CHAINS    8 /* places in chains that are remembered */

/* Offsets in a short entry. */
enum {
	ENTRY_NAME = 0, ENTRY_ATTR = 11, ENTRY_CASE = 12, ENTRY_CTIME = 14, ENTRY_CDATE = 16,
	ENTRY_ADATE = 18, ENTRY_HIGH = 20, ENTRY_MTIME = 22, ENTRY_MDATE = 24, ENTRY_LOW = 26,
	ENTRY_SIZE = 28,
};
#define ATTR_READ_ONLY 0x01
#define ATTR_LABEL     0x08
#define ATTR_DIR       0x10
#define ATTR_ARCHIVE   0x20
#define ATTR_LONG      0x0f

#define ENTRY_FREE 0xe5
#define ENTRY_END  0x00

/** A place in a chain of clusters, so that the next one is not looked for from its begin. */
struct fat_place {
	uint32_t first; /* of the chain; 0: nothing */
	uint32_t index, cluster;
};

struct fat {
	unsigned bits; /* 12, 16, 32 */
	uint32_t sector_size, cluster_size;
	uint64_t fat_at;   /* of the first table; bytes on the device */
	uint64_t fat_size; /* bytes of one */
	uint32_t nr_fats;  /* that are kept alike */
	uint64_t root_at;  /* FAT12, 16: the root directory */
	uint32_t root_size;
	uint32_t root_cluster; /* FAT32 */
	uint64_t data_at;
	uint32_t end; /* cluster numbers are 2 … end - 1 */
	uint64_t info_at, state_at;
	uint32_t free, next; /* count of free clusters, UINT32_MAX: unknown; where to look */
	bool marked, counts_dirty;
	uint32_t *freed; /* first clusters of chains */
	uint32_t nr_freed, freed_room;
	struct fat_place places[FAT_CHAINS];
	unsigned next_place;
	uint16_t wide[FAT_NAME_LEN + 13]; /* a long name being put together */
	char name[3 * FAT_NAME_LEN + 1];  /* of the entry looked at, UTF-8 */
};

/** A directory while it is gone through. */
struct fat_dir {
	uint32_t first; /* cluster; 0: the root of FAT12, 16 */
};

struct fat_item {
	uint32_t off;	/* of the short entry in the directory */
	uint32_t start; /* of its first long entry, or off */
	uint64_t at;	/* of the short entry on the device */
	uint8_t raw[FAT_ENTRY];
};

int fat_bad(struct vfs_mount *m, const char *what, uint64_t number);
/** Before the first change: the device says from now on that it is being written. */
must_check int fat_begin_change(struct vfs_mount *m);

/* --- fat_table.c ------------------------------------------------------------------------- */

/** What follows a cluster: 0 it is free, 2 … the next, UINT32_MAX: it is the last. */
must_check int fat_get(struct vfs_mount *m, uint32_t cluster, uint32_t *next);
must_check int fat_set(struct vfs_mount *m, uint32_t cluster, uint32_t next);
static inline bool fat_is_cluster(const struct fat *fs, uint32_t cluster)
{
	return cluster >= 2 && cluster < fs->end;
}
static inline uint64_t fat_cluster_at(const struct fat *fs, uint32_t cluster)
{
	return fs->data_at + (uint64_t)(cluster - 2) * fs->cluster_size;
}
/**
 * Cluster number `index` of a chain, and how many behind it are contiguous.
 * @return 0; -ENOENT: the chain ends before; -EUCLEAN
 */
must_check int fat_find(struct vfs_mount *m, uint32_t first, uint32_t index, uint32_t most,
			uint32_t *cluster, uint32_t *count);
/** Up to `most` contiguous clusters, a chain of their own; best at `goal`. */
must_check int fat_alloc(struct vfs_mount *m, uint32_t goal, uint32_t most, uint32_t *cluster,
			 uint32_t *count);
/** A chain is not used any more; free after the next sync. */
void fat_free_chain(struct vfs_mount *m, uint32_t first);
/** Mark what was freed as free: all else is on the device. */
must_check int fat_free_now(struct vfs_mount *m);
/** Count free clusters, if nobody did so far. */
must_check int fat_count_free(struct vfs_mount *m);

/* --- fat_dir.c --------------------------------------------------------------------------- */

/** First cluster in a short entry. */
uint32_t fat_entry_cluster(const struct fat *fs, const uint8_t *raw);
void fat_entry_set_cluster(uint8_t *raw, uint32_t cluster);
void fat_entry_touch(uint8_t *raw);
/** The short entry of a node; the root has one that says that it is a directory. */
must_check int fat_get_node(struct vfs_mount *m, vfs_ino ino, uint8_t *raw);
must_check int fat_put_node(struct vfs_mount *m, vfs_ino ino, const uint8_t *raw);
must_check int fat_open_dir(struct vfs_mount *m, vfs_ino ino, struct fat_dir *dir);
/** Where byte `off` of a directory is on the device. -ENOENT behind its end. */
must_check int fat_dir_place(struct vfs_mount *m, const struct fat_dir *dir, uint32_t off,
			     uint64_t *at);
/** The node at *off or behind it, its name in fs->name; *off goes behind it. 1, 0 at the end */
int fat_next(struct vfs_mount *m, const struct fat_dir *dir, uint32_t *off, struct fat_item *item);
/** By name, letters of any case. -ENOENT */
must_check int fat_find_name(struct vfs_mount *m, const struct fat_dir *dir,
			     const struct vfs_name *name, struct fat_item *item);
int fat_lookup(struct vfs_mount *m, vfs_ino dir, const char *name, size_t len, vfs_ino *out);
int fat_readdir(struct vfs_mount *m, vfs_ino dir, uint64_t *pos, struct vfs_dirent *ent);
/** Check sum of a short name in its long entries. */
uint8_t fat_checksum(const uint8_t *name);

/* --- fat_name.c -------------------------------------------------------------------------- */

int fat_create(struct vfs_mount *m, vfs_ino dir, const struct vfs_name *name, enum vfs_type type,
	       vfs_ino *out);
int fat_remove(struct vfs_mount *m, vfs_ino dir, const struct vfs_name *name);
int fat_rename(struct vfs_mount *m, vfs_ino dir, const struct vfs_name *name, vfs_ino to_dir,
	       const struct vfs_name *to);

/* --- fat_short.c ------------------------------------------------------------------------- */

/** UTF-16 of a name that may be. @return units, -EINVAL */
must_check int fat_widen(const struct vfs_name *name, uint16_t *wide);
/** A short name that nothing in the directory has. @param exact  gets: no long name is needed */
must_check int fat_short_name(struct vfs_mount *m, const struct fat_dir *dir,
			      const struct vfs_name *name, uint8_t *out, bool *exact);

/* --- fat_file.c -------------------------------------------------------------------------- */

int64_t fat_read(struct vfs_mount *m, vfs_ino ino, uint64_t off, void *buf, size_t n);
int64_t fat_write(struct vfs_mount *m, vfs_ino ino, uint64_t off, const void *buf, size_t n);
int fat_truncate(struct vfs_mount *m, vfs_ino ino, uint64_t size);
int fat_extent(struct vfs_mount *m, vfs_ino ino, uint64_t off, struct vfs_extent *ext);
