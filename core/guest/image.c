/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recognises boot images by their content: the port's kernels, ELF, U-Boot's legacy images, and
 * says of many other files what they are. Works on bytes in memory, believes nothing of them, has
 * no data of its own.
 */
#include <core/image.h>

#include "image_formats.h"

#include <arch/guest_kinds.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

int image_refuse(char *why, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, IMAGE_WHY_MAX, fmt, ap);
	va_end(ap);
	return err;
}

/* --- other files --------------------------------------------------------------------------- */

/* Bytes that tell what a file is. The text follows "is". */
struct mark {
	uint16_t offset;
	uint8_t len;
	const char *bytes;
	const char *text;
};

/* Kernels of other CPUs: those of this one are arch_guest_kinds.formats and do not come here. */
static const struct mark foreigners[] = {
	{ 56, 4, "ARM\x64", "an arm64 Linux Image" },
	{ 56, 4, "RSC\5", "a RISC-V Linux Image" },
	{ 0x24, 4, "\x18\x28\x6f\x01", "a Linux zImage for 32-bit ARM" },
	{ 514, 4, "HdrS", "a Linux kernel for x86 (bzImage)" },
};

/* What people hand over by mistake. */
static const struct mark strangers[] = {
	{ 0, 4, "\xd0\x0d\xfe\xed", "a device tree blob or FIT image, no kernel" },
	{ 0, 6, "070701", "a cpio archive, as initial RAM disks are; is it meant for initrd=?" },
	{ 0, 6, "070702", "a cpio archive, as initial RAM disks are; is it meant for initrd=?" },
	{ 0, 6,
	  "\xfd"
	  "7zXZ\0",
	  "compressed by xz; decompress it with unxz" },
	{ 0, 4, "\x28\xb5\x2f\xfd", "compressed by zstd; decompress it with unzstd" },
	{ 0, 4, "\x02\x21\x4c\x18", "compressed by lz4; decompress it with unlz4" },
	{ 0, 4, "\x04\x22\x4d\x18", "compressed by lz4; decompress it with unlz4" },
	{ 0, 3, "BZh", "compressed by bzip2; decompress it with bunzip2" },
	{ 0, 4, "\x89LZO", "compressed by lzop; decompress it with lzop -d" },
	{ 0, 5, "\x5d\0\0\0\4", "compressed by lzma; decompress it with unlzma" },
	{ 0, 2, "\x1f\x8b", "compressed by gzip twice; decompress it once with gunzip" },
	{ 0, 8, "!<arch>\n", "a package or archive (ar); unpack the kernel from it" },
	{ 257, 5, "ustar", "a tar archive; unpack the kernel from it" },
	{ 0, 4, "PK\3\4", "a zip archive; unpack the kernel from it" },
	{ 0, 4, "QFI\xfb", "a QEMU disk image (qcow2), no kernel" },
	{ 0, 2, "#!", "a script, no kernel" },
};

static const char *find_mark(const struct mark *m, unsigned n, const uint8_t *p, size_t have)
{
	for (; n; n--, m++) {
		if (have >= m->offset + (size_t)m->len && !memcmp(p + m->offset, m->bytes, m->len))
			return m->text;
	}
	return NULL;
}

/* Machine code has other bytes than text within its first instructions. */
static bool all_text(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if ((p[i] < ' ' && p[i] != '\n' && p[i] != '\r' && p[i] != '\t') || p[i] > '~')
			return false;
	}
	return n > 0;
}

static bool all_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i])
			return false;
	}
	return true;
}

static int read_other(const uint8_t *p, size_t have, uint64_t total, struct kernel_image *image,
		      char *why)
{
	size_t n = MIN_T(size_t, have, 64);
	const char *text = find_mark(foreigners, ARRAY_SIZE(foreigners), p, have);

	if (text)
		return image_refuse(why, -ENOEXEC, "is %s, not one for %s", text,
				    arch_guest_kinds.family);
	text = find_mark(strangers, ARRAY_SIZE(strangers), p, have);
	if (text)
		return image_refuse(why, -ENOEXEC, "is %s", text);
	if (have >= 2 && p[0] == 'M' && p[1] == 'Z')
		return image_refuse_pe(p, have, why);
	if (all_text(p, n))
		return image_refuse(why, -ENOEXEC, "is a text, no kernel");
	if (all_zero(p, n))
		return image_refuse(why, -ENOEXEC,
				    "begins with zeros, so there is no program at its start");
	if (total < 4)
		return image_refuse(why, -ENOEXEC, "has only %u bytes, less than an instruction",
				    (unsigned)total);
	image->kind = IMAGE_RAW;
	image->mem_size = total;
	return 0;
}

static const struct image_format *port_format(const uint8_t *p, size_t have)
{
	const struct image_format *f = arch_guest_kinds.formats;

	while (f->name && !f->is(p, have))
		f++;
	return f->name ? f : NULL;
}

int image_recognise(const void *data, size_t have, uint64_t total, struct kernel_image *image,
		    char *why)
{
	const uint8_t *p = data;
	int err;

	memset(image, 0, sizeof(*image));
	why[0] = '\0';
	if (total == 0)
		return image_refuse(why, -ENOEXEC, "is empty");
	image->size = total;
	image->data_size = total;
	image->format = port_format(p, have);
	if (image->format) {
		image->kind = IMAGE_KERNEL;
		err = image->format->read(p, have, total, image, why);
	} else if (image_is_elf(p, have)) {
		err = have < total ? -EAGAIN : image_read_elf(p, have, image, why);
	} else if (image_is_uimage(p, have)) {
		err = image_read_uimage(p, total, image, why);
	} else if (image_is_zboot(p, have)) {
		err = image_read_zboot(p, total, image, why);
	} else {
		err = read_other(p, have, total, image, why);
	}
	if (!err && !image->nr_parts) {
		image->nr_parts = 1;
		image->parts[0] = (struct image_part){
			.size = image->size,
			.mem_size = image->size,
			.gpa = image->load,
		};
	}
	return err;
}

void image_describe(const struct kernel_image *image, char *buf, size_t size)
{
	const char *what = "a raw program";

	if (image->kind == IMAGE_KERNEL)
		what = image->format->name;
	else if (image->kind == IMAGE_ELF)
		what = "an ELF file for ";
	else if (image->kind == IMAGE_UIMAGE)
		what = "a U-Boot image for ";
	snprintf(buf, size, "%s%s", what, image->cpu ? image->cpu : "");
}
