/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reader of "newc" cpio archives. Each header is 6 characters of magic and 13 fields of 8
 * hexadecimal digits; the name with its NUL follows, then the content, each filled up so that the
 * next part begins at a multiple of 4 from the start of the image.
 */
#include <libs/cpio.h>

#include <stdbool.h>

#include <libs/errno.h>
#include <libs/string.h>

#define MAGIC_LEN	6
#define FIELD_LEN	8
#define HEADER_LEN	110
#define TRAILER		"TRAILER!!!"

enum field { INO, MODE, UID, GID, NLINK, MTIME, FILESIZE, DEV_MAJOR, DEV_MINOR, RDEV_MAJOR,
	     RDEV_MINOR, NAMESIZE, CHECK, FIELDS };

_Static_assert(MAGIC_LEN + FIELDS * FIELD_LEN == HEADER_LEN, "layout of a newc header");

void cpio_open(struct cpio_reader *reader, const void *image, size_t size)
{
	*reader = (struct cpio_reader){ .image = image, .size = size };
}

static int damaged(struct cpio_reader *reader, const char *error)
{
	reader->error = error;
	return -EILSEQ;
}

static bool read_hex(const uint8_t *digits, uint32_t *value)
{
	uint32_t v = 0;
	size_t i;

	for (i = 0; i < FIELD_LEN; i++) {
		uint8_t c = digits[i];

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint32_t)(c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			v = v << 4 | (uint32_t)(c - 'A' + 10);
		else
			return false;
	}
	*value = v;
	return true;
}

static int read_fields(struct cpio_reader *reader, uint32_t *fields)
{
	const uint8_t *header = reader->image + reader->at;
	size_t i;

	if (reader->size - reader->at < HEADER_LEN)
		return damaged(reader, "the archive is cut off in a header");
	if (memcmp(header, "070701", MAGIC_LEN) != 0 && memcmp(header, "070702", MAGIC_LEN) != 0)
		return damaged(reader, "this is no newc cpio archive, or it is damaged here");
	for (i = 0; i < FIELDS; i++) {
		if (!read_hex(header + MAGIC_LEN + i * FIELD_LEN, &fields[i]))
			return damaged(reader, "a field of the header is no hexadecimal number");
	}
	return 0;
}

/* Sets the name and leaves @p end behind it, filled up. The header is within the image. */
static int read_name(struct cpio_reader *reader, uint32_t name_size, struct cpio_entry *entry,
		     size_t *end)
{
	size_t start = reader->at + HEADER_LEN;

	if (name_size > reader->size - start)
		return damaged(reader, "the archive is cut off in a name");
	entry->name = (const char *)reader->image + start;
	entry->name_len = strnlen(entry->name, name_size);
	if (entry->name_len == 0)
		return damaged(reader, "a name is empty");
	if (entry->name_len == name_size)
		return damaged(reader, "a name does not end with a NUL");
	*end = ALIGN_UP(start + name_size, 4);
	return 0;
}

/* Sets the content and leaves @p end behind it, filled up or at the end of the image. */
static int read_data(struct cpio_reader *reader, const uint32_t *fields, struct cpio_entry *entry,
		     size_t *end)
{
	size_t start = *end;
	uint32_t sum = 0;
	uint32_t i;

	entry->data = reader->image + MIN(start, reader->size);
	entry->size = fields[FILESIZE];
	if (entry->size == 0) {
		*end = MIN(start, reader->size);
		return 0;
	}
	if (start > reader->size || entry->size > reader->size - start)
		return damaged(reader, "the archive is cut off in the content of a file");
	if (reader->image[reader->at + MAGIC_LEN - 1] == '2') {
		for (i = 0; i < fields[FILESIZE]; i++)
			sum += reader->image[start + i];
		if (sum != fields[CHECK])
			return damaged(reader, "the checksum of a file does not match its content");
	}
	*end = MIN(ALIGN_UP(start + entry->size, 4), reader->size);
	return 0;
}

/* Behind a trailer: zero bytes, then the end or another archive. 1 where there is one. */
static int find_next_archive(struct cpio_reader *reader)
{
	size_t at = reader->at;

	while (at < reader->size && reader->image[at] == 0)
		at++;
	reader->at = at;
	if (at == reader->size)
		return 0;
	if (at % 4 || reader->size - at < MAGIC_LEN ||
	    (memcmp(reader->image + at, "070701", MAGIC_LEN) != 0 &&
	     memcmp(reader->image + at, "070702", MAGIC_LEN) != 0))
		return damaged(reader, "what follows the end of the archive is no other one");
	return 1;
}

int cpio_next(struct cpio_reader *reader, struct cpio_entry *entry)
{
	uint32_t fields[FIELDS];
	size_t end;
	int err;

	if (reader->error)
		return -EILSEQ;
	if (reader->ended)
		return 0;
	for (;;) {
		err = read_fields(reader, fields);
		if (!err)
			err = read_name(reader, fields[NAMESIZE], entry, &end);
		if (!err)
			err = read_data(reader, fields, entry, &end);
		if (err)
			return err;
		reader->at = end;
		if (strcmp(entry->name, TRAILER) != 0)
			break;
		err = find_next_archive(reader);
		if (err <= 0) {
			reader->ended = err == 0;
			return err;
		}
	}
	entry->ino = fields[INO];
	entry->nlink = fields[NLINK];
	entry->mode = fields[MODE];
	entry->uid = fields[UID];
	entry->gid = fields[GID];
	entry->mtime = fields[MTIME];
	entry->dev_major = fields[DEV_MAJOR];
	entry->dev_minor = fields[DEV_MINOR];
	entry->rdev_major = fields[RDEV_MAJOR];
	entry->rdev_minor = fields[RDEV_MINOR];
	return 1;
}
