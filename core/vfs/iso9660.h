/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ISO 9660 (ECMA-119) with Joliet and Rock Ridge names (IEEE P1281, P1282): between its files.
 * Read only. A node is named by where the first record of it is on the device, in bytes. No data;
 * serialised by the VFS.
 */
#pragma once

#include <core/vfs.h>
#include <libs/byteorder.h>

#include "cache.h"

#define ISO_SECTOR   2048 /* records and continuations do not cross its borders */
#define ISO_NAME_MAX 1024 /* bytes of a name or of a link's target that are taken */

/* Offsets in a record of a directory. */
enum {
	REC_LEN = 0, REC_ATTR_LEN = 1, REC_EXTENT = 2, REC_SIZE = 10, REC_DATE = 18, REC_FLAGS = 25,
	REC_UNIT = 26, REC_GAP = 27, REC_NAME_LEN = 32, REC_NAME = 33, REC_MIN = 34,
};
#define REC_HIDDEN     0x01
#define REC_DIR	       0x02
#define REC_ASSOCIATED 0x04
#define REC_MORE       0x80 /* the next record goes on with this file */

/** Which names there are, and are used. */
enum iso_names { ISO_PLAIN, ISO_JOLIET, ISO_ROCK_RIDGE };

struct iso {
	uint32_t block_size; /* 512, 1024 or 2048 */
	uint64_t size;	     /* bytes of the volume, on the device */
	vfs_ino root;
	enum iso_names names;
	uint8_t skip; /* bytes of each system use area that are not Rock Ridge's */
	char name[ISO_NAME_MAX + 1]; /* of the record looked at */
	char link[ISO_NAME_MAX + 1];
};

struct iso_record {
	uint64_t at; /* on the device */
	uint8_t raw[256];
};

/** What Rock Ridge says of a record; its name is in iso->name, a link's target in iso->link. */
struct iso_rock {
	uint32_t mode; /* POSIX; 0: not said */
	uint64_t mtime;
	bool has_name, has_time, is_link;
	bool name_goes_on, part_goes_on; /* while they are put together */
	bool relocated;			 /* a folder that is here only for its depth */
	bool compressed;
	uint32_t child; /* block of a folder that is elsewhere for its depth, 0: here */
	size_t name_len, link_len;
};

int iso_bad(struct vfs_mount *m, const char *what, uint64_t number);
/** The record at a place. -EUCLEAN where there can be none */
must_check int iso_read_record(struct vfs_mount *m, uint64_t at, struct iso_record *r);
/** Where its content is. -EUCLEAN outside the volume. */
must_check int iso_place(struct vfs_mount *m, const struct iso_record *r, uint64_t *at);
/** Seconds since 1970 of the seven bytes of a record's date. */
uint64_t iso_date(const uint8_t *raw);

/* --- iso9660_rock.c ---------------------------------------------------------------------- */

/** Does the root's first record say that there is Rock Ridge? Then iso->skip is set. */
must_check int iso_find_rock(struct vfs_mount *m, const struct iso_record *dot, bool *found);
/** All that is said of a record. */
must_check int iso_rock_read(struct vfs_mount *m, const struct iso_record *r,
			     struct iso_rock *rock);
