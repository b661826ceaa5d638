/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recognises a boot image that is a file, through compression: only as much is read and
 * decompressed as telling needs. Thread context; buffers live for the time of a call.
 */
#include <core/image.h>

#include "image_formats.h"

#include <core/mem.h>
#include <core/vfs.h>
#include <libs/crc32.h>
#include <libs/errno.h>
#include <libs/inflate.h>
#include <libs/printf.h>
#include <libs/string.h>

/* A compressed ELF file is decompressed as a whole to be read; larger ones are no kernels. */
#define WHOLE_MAX (64 * MIB)
/* What is read at a time to check it. */
#define CRC_PIECE 16384u

/* A file's bytes, mapped or copied. */
struct file_bytes {
	struct vfs_file file;
	const uint8_t *data;
	uint64_t have; /* bytes at data, all of the file or its head */
	void *copy;    /* data, when it was not mapped */
};

/* @param max  bytes wanted where the file cannot be mapped */
static int bytes_get(struct file_bytes *b, uint64_t max, char *why)
{
	uint64_t size = b->file.stat.size, at = 0;

	heap_free(b->copy);
	b->copy = NULL;
	b->have = size;
	b->data = vfs_map(&b->file);
	if (b->data)
		return 0;
	b->have = MIN(size, max);
	b->copy = heap_alloc(b->have + 1);
	if (!b->copy)
		return image_refuse(why, -ENOMEM,
				    "has 0x%" PRIx64 " bytes, and not enough memory of "
				    "the hypervisor is free to read it",
				    size);
	b->data = b->copy;
	while (at < b->have) {
		int64_t n = vfs_read(&b->file, at, (uint8_t *)b->copy + at, b->have - at);

		if (n <= 0)
			return image_refuse(why, n ? (int)n : -EIO, "cannot be read: %s",
					    n ? error_text((int)n) : "it ends too early");
		at += (uint64_t)n;
	}
	return 0;
}

static void bytes_put(struct file_bytes *b)
{
	heap_free(b->copy);
	vfs_close(&b->file);
}

/* Sink that keeps the beginning and then ends the decompression. */
struct head {
	uint8_t *buf;
	size_t have, max;
};

static int keep_head(void *ctx, const void *data, size_t n)
{
	struct head *head = ctx;
	size_t take = MIN(n, head->max - head->have);

	memcpy(head->buf + head->have, data, take);
	head->have += take;
	return head->have == head->max ? -ECANCELED : 0;
}

/* The first max bytes of what a gzip file holds, from heap_alloc(). */
static int gunzip_head(const uint8_t *data, uint64_t size, size_t max, struct head *head, char *why)
{
	void *window = heap_alloc(INFLATE_WINDOW);
	int err = -ENOMEM;

	*head = (struct head){ .buf = heap_alloc(max + 1), .max = max };
	if (window && head->buf)
		err = gunzip_stream(data, size, window, keep_head, head);
	heap_free(window);
	if (err == 0 || err == -ECANCELED)
		return 0;
	heap_free(head->buf);
	if (err == -ENOMEM)
		return image_refuse(why, err,
				    "is compressed, and not enough memory of the hypervisor "
				    "is free to look into it");
	return image_refuse(why, err, "is compressed by gzip and cannot be decompressed: %s",
			    inflate_error_text(err));
}

/* What is in the compressed content; only the fields that describe content are taken over. */
static int recognise_inside(const uint8_t *gz, uint64_t gz_size, struct kernel_image *image,
			    char *why)
{
	uint64_t offset = image->data_offset, size = image->data_size;
	size_t max = IMAGE_HEAD;
	struct head head;
	uint32_t total;
	int err = gzip_size_hint(gz, gz_size, &total);

	if (err)
		return image_refuse(why, -EILSEQ,
				    "should be compressed by gzip inside, but is not: the "
				    "file is damaged");
	do {
		err = gunzip_head(gz, gz_size, max, &head, why);
		if (err)
			return err;
		err = image_recognise(head.buf, head.have, MAX_T(uint64_t, total, head.have), image,
				      why);
		heap_free(head.buf);
		if (err == -EAGAIN && (max > IMAGE_HEAD || total > WHOLE_MAX))
			return image_refuse(why, -EFBIG,
					    "is compressed and holds an ELF file of 0x%x "
					    "bytes; decompress it first",
					    total);
		max = (size_t)total + 1;
	} while (err == -EAGAIN);
	if (!err && image->gzip)
		return image_refuse(why, -ENOTSUP,
				    "is compressed twice; decompress it once with gunzip");
	image->gzip = true;
	image->data_offset = offset;
	image->data_size = size;
	return err;
}

/* CRC-32 of a part of the file: of what is in memory, or a piece at a time. */
static int part_crc(struct file_bytes *b, uint64_t at, uint64_t size, uint32_t *crc, char *why)
{
	uint8_t *buf;
	int64_t n = 0;

	*crc = 0;
	if (b->have >= at + size) {
		*crc = crc32_update(0, b->data + at, size);
		return 0;
	}
	buf = heap_alloc(CRC_PIECE);
	if (!buf)
		return image_refuse(why, -ENOMEM, "cannot be checked: no memory of the hypervisor "
				    "is free");
	for (; size; at += (uint64_t)n, size -= (uint64_t)n) {
		n = vfs_read(&b->file, at, buf, MIN_T(uint64_t, size, CRC_PIECE));
		if (n <= 0)
			break;
		*crc = crc32_update(*crc, buf, (size_t)n);
	}
	heap_free(buf);
	if (size)
		return image_refuse(why, n ? (int)n : -EIO, "cannot be read: %s",
				    n ? error_text((int)n) : "it ends too early");
	return 0;
}

static int check_uimage(struct file_bytes *b, const struct kernel_image *image, char *why)
{
	uint32_t crc;
	int err = part_crc(b, image->data_offset, image->data_size, &crc, why);

	if (err || crc == image->data_crc)
		return err;
	return image_refuse(why, -EILSEQ,
			    "is a U-Boot image whose content has the checksum 0x%08x, not "
			    "0x%08x as its header says: the file is damaged",
			    crc, image->data_crc);
}

static int recognise(struct file_bytes *b, struct kernel_image *image, char *why)
{
	uint64_t size = b->file.stat.size;
	int err = bytes_get(b, IMAGE_HEAD, why);
	uint32_t total;

	if (err)
		return err;
	if (gzip_detect(b->data, b->have)) {
		memset(image, 0, sizeof(*image));
		image->gzip = true;
		image->data_size = size;
		why[0] = '\0';
	} else {
		err = image_recognise(b->data, b->have, size, image, why);
		if (!err && image->kind == IMAGE_UIMAGE)
			err = check_uimage(b, image, why);
	}
	if ((err == -EAGAIN || (!err && image->gzip)) && b->have < size) {
		int again = bytes_get(b, size, why);

		if (again)
			return again;
	}
	if (err == -EAGAIN)
		return image_recognise(b->data, b->have, size, image, why);
	if (err || !image->gzip)
		return err;
	if (!image->fixed)
		return recognise_inside(b->data + image->data_offset, image->data_size, image, why);
	/* The container says where its content goes; only how large that is, is inside. */
	if (gzip_size_hint(b->data + image->data_offset, image->data_size, &total))
		return image_refuse(why, -EILSEQ,
				    "should be compressed by gzip inside, but is not: the "
				    "file is damaged");
	image->size = total;
	image->mem_size = total;
	image->parts[0].size = total;
	image->parts[0].mem_size = total;
	return 0;
}

int image_open(const char *path, struct kernel_image *image, char *why)
{
	struct file_bytes b = { .copy = NULL };
	int err = vfs_open(path, &b.file);

	if (err)
		return image_refuse(why, err, "cannot be opened: %s", error_text(err));
	if (b.file.stat.type != VFS_FILE)
		err = image_refuse(why, -EISDIR, "is no file%s",
				   b.file.stat.type == VFS_DIR ? " but a directory" : "");
	else
		err = recognise(&b, image, why);
	bytes_put(&b);
	return err;
}
