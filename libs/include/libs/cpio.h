/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reader of cpio archives in the "newc" format (magic 070701, and 070702 with checksums), the
 * format of initramfs images: Linux' Documentation/driver-api/early-userspace/buffer-format.rst.
 * It works on the image in memory, copies nothing, and believes nothing that the image says:
 * every length is checked against the image.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <libs/util.h>

/* File types and permission bits of cpio_entry.mode, as POSIX has them. */
#define CPIO_MODE_TYPE		0170000u
#define CPIO_MODE_FILE		0100000u
#define CPIO_MODE_DIR		0040000u
#define CPIO_MODE_LINK		0120000u
#define CPIO_MODE_CHAR		0020000u
#define CPIO_MODE_BLOCK		0060000u
#define CPIO_MODE_FIFO		0010000u
#define CPIO_MODE_SOCKET	0140000u

/** Where a reader is. Its members may be read; cpio_next() writes them. */
struct cpio_reader {
	const uint8_t *image;
	size_t size;		/* of the image in bytes */
	size_t at;		/* offset of the next header; after an error, of the bad one */
	bool ended;		/* the last trailer was read */
	const char *error;	/* after an error: what is wrong, a sentence without full stop */
};

/** One member of an archive. Pointers are into the image. */
struct cpio_entry {
	const char *name;	/* NUL-terminated, not empty */
	size_t name_len;	/* strlen(name) */
	const void *data;	/* content; for a symbolic link its target, not terminated */
	size_t size;		/* of data in bytes */
	uint32_t ino;		/* equal, with nlink above 1, in entries that are hard links; */
	uint32_t nlink;		/*   only the last of them has the content */
	uint32_t mode;		/* CPIO_MODE_TYPE and permissions */
	uint32_t uid;
	uint32_t gid;
	uint32_t mtime;		/* seconds since 1970 */
	uint32_t dev_major;	/* of the file system that it was taken from */
	uint32_t dev_minor;
	uint32_t rdev_major;	/* of a device node */
	uint32_t rdev_minor;
};

/**
 * Starts to read an archive.
 *
 * @param reader  the reader
 * @param image   the archive; must stay as it is as long as the reader and its entries are used
 * @param size    its size in bytes
 */
void cpio_open(struct cpio_reader *reader, const void *image, size_t size);

/**
 * Reads the next member. Trailer records are skipped and archives that follow each other, with
 * zero bytes between them, are read as one, as Linux does. What else follows a trailer (say, a
 * compressed second archive) is an error whose place reader->at tells. Any context.
 *
 * @param reader  the reader
 * @param entry   the member
 * @return 1 where there is one; 0 at the end of the image; -EILSEQ where the image is no archive
 *         or a damaged one: reader->error says why and reader->at where, and further calls return
 *         the same
 */
int cpio_next(struct cpio_reader *reader, struct cpio_entry *entry) must_check;
