/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libs/cpio.c with archives that are built here, cut off everywhere, and damaged.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libs/cpio.h>
#include <libs/errno.h>

#include "unit.h"

/* An archive that grows. */
struct archive {
	uint8_t bytes[4096];
	size_t size;
};

static void pad4(struct archive *a)
{
	while (a->size % 4)
		a->bytes[a->size++] = 0;
}

static void add_raw(struct archive *a, const char *magic, const char *name, size_t name_size,
		    const char *data, uint32_t check)
{
	size_t size = strlen(data);

	a->size += (size_t)sprintf((char *)a->bytes + a->size,
		"%s%08x%08x%08x%08x%08x%08x%08x%08x%08x%08X%08x%08x%08x", magic, 1u, 0100644u,
		1000u, 100u, 2u, 0x5f000000u, (unsigned int)size, 8u, 1u, 0xABu, 5u,
		(unsigned int)name_size, check);
	memset(a->bytes + a->size, 0, name_size);
	memcpy(a->bytes + a->size, name, strlen(name) < name_size ? strlen(name) : name_size);
	a->size += name_size;
	pad4(a);
	memcpy(a->bytes + a->size, data, size);
	a->size += size;
	pad4(a);
}

static void add(struct archive *a, const char *name, const char *data)
{
	add_raw(a, "070701", name, strlen(name) + 1, data, 0);
}

static void add_trailer(struct archive *a)
{
	add(a, "TRAILER!!!", "");
}

/* Reads all entries of a copy of exactly this size; returns the last result and their number. */
static int read_all(const struct archive *a, size_t size, size_t *entries, const char **error)
{
	uint8_t *copy = malloc(size);
	struct cpio_reader reader;
	struct cpio_entry entry;
	int result;

	memcpy(copy, a->bytes, size);
	cpio_open(&reader, copy, size);
	*entries = 0;
	while ((result = cpio_next(&reader, &entry)) == 1) {
		CHECK(strlen(entry.name) == entry.name_len && entry.name_len > 0);
		CHECK((const uint8_t *)entry.data >= copy);
		CHECK((const uint8_t *)entry.data + entry.size <= copy + size);
		(*entries)++;
	}
	CHECK((result < 0) == (reader.error != NULL));
	CHECK(reader.at <= size);
	/* The end stays the end. */
	CHECK_EQ(cpio_next(&reader, &entry), result);
	if (error)
		*error = reader.error;
	free(copy);
	return result;
}

TEST(fields_of_an_entry)
{
	struct archive a = { .size = 0 };
	struct cpio_reader reader;
	struct cpio_entry e;

	add(&a, "boot/vmlinuz", "content");
	add(&a, "empty", "");
	add_trailer(&a);
	cpio_open(&reader, a.bytes, a.size);
	REQUIRE(cpio_next(&reader, &e) == 1);
	CHECK_STR(e.name, "boot/vmlinuz");
	CHECK_EQ(e.name_len, 12);
	CHECK_EQ(e.size, 7);
	CHECK_MEM(e.data, "content", 7);
	CHECK_EQ(e.ino, 1);
	CHECK_EQ(e.mode, 0100644);
	CHECK_EQ(e.mode & CPIO_MODE_TYPE, CPIO_MODE_FILE);
	CHECK(e.uid == 1000 && e.gid == 100 && e.nlink == 2 && e.mtime == 0x5f000000);
	CHECK(e.dev_major == 8 && e.dev_minor == 1 && e.rdev_major == 0xab && e.rdev_minor == 5);
	REQUIRE(cpio_next(&reader, &e) == 1);
	CHECK_STR(e.name, "empty");
	CHECK_EQ(e.size, 0);
	CHECK_EQ(cpio_next(&reader, &e), 0);
}

TEST(archives_that_follow_each_other)
{
	struct archive a = { .size = 0 };
	size_t n;

	add(&a, "one", "1");
	add_trailer(&a);
	memset(a.bytes + a.size, 0, 512);
	a.size += 512;
	add(&a, "two", "22");
	add_trailer(&a);
	a.bytes[a.size++] = 0;
	CHECK_EQ(read_all(&a, a.size, &n, NULL), 0);
	CHECK_EQ(n, 2);
}

TEST(names_filled_up_with_zeros_are_taken)
{
	struct archive a = { .size = 0 };
	size_t n;

	add_raw(&a, "070701", "name", 64, "data", 0);
	add_trailer(&a);
	CHECK_EQ(read_all(&a, a.size, &n, NULL), 0);
	CHECK_EQ(n, 1);
}

TEST(checksums)
{
	struct archive good = { .size = 0 }, bad = { .size = 0 };
	const char *error;
	size_t n;

	add_raw(&good, "070702", "f", 2, "abc", 'a' + 'b' + 'c');
	add_trailer(&good);
	CHECK_EQ(read_all(&good, good.size, &n, NULL), 0);
	CHECK_EQ(n, 1);
	add_raw(&bad, "070702", "f", 2, "abc", 'a' + 'b');
	add_trailer(&bad);
	CHECK_EQ(read_all(&bad, bad.size, &n, &error), -EILSEQ);
	CHECK_STR(error, "the checksum of a file does not match its content");
}

TEST(every_cut_is_found)
{
	struct archive a = { .size = 0 };
	size_t size, whole, n;

	add(&a, "first", "some content");
	add(&a, "second", "more");
	whole = a.size;
	add_trailer(&a);
	for (size = 0; size < a.size; size++) {
		int result = read_all(&a, size, &n, NULL);

		/* Only the filling behind the trailer's name may be missing. */
		if (size < whole + 110 + 11)
			CHECK_EQ(result, -EILSEQ);
		else
			CHECK_EQ(result, 0);
	}
}

static void fails_with(const struct archive *a, const char *expected)
{
	const char *error = NULL;
	size_t n;

	CHECK_EQ(read_all(a, a->size, &n, &error), -EILSEQ);
	CHECK_STR(error, expected);
}

TEST(damage_is_told)
{
	struct archive a = { .size = 0 };

	fails_with(&a, "the archive is cut off in a header");
	add(&a, "name", "data");
	a.bytes[5] = '7';
	fails_with(&a, "this is no newc cpio archive, or it is damaged here");
	a.bytes[5] = '1';
	a.bytes[20] = 'g';
	fails_with(&a, "a field of the header is no hexadecimal number");
	a.bytes[20] = '0';
	memcpy(a.bytes + 6 + 11 * 8, "ffffffff", 8);
	fails_with(&a, "the archive is cut off in a name");
	memcpy(a.bytes + 6 + 11 * 8, "00000000", 8);
	fails_with(&a, "a name is empty");
	memcpy(a.bytes + 6 + 11 * 8, "00000004", 8);
	fails_with(&a, "a name does not end with a NUL");
	memcpy(a.bytes + 6 + 11 * 8, "00000005", 8);
	memcpy(a.bytes + 6 + 6 * 8, "ffffffff", 8);
	fails_with(&a, "the archive is cut off in the content of a file");
}

TEST(other_data_behind_the_trailer_is_told)
{
	struct archive a = { .size = 0 };

	add(&a, "name", "data");
	add_trailer(&a);
	memcpy(a.bytes + a.size, "\x1f\x8b\x08", 4);
	a.size += 4;
	fails_with(&a, "what follows the end of the archive is no other one");
}
