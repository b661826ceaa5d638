/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recognises boot images by their content: Linux arm64 Image and 32-bit zImage, ELF, U-Boot's
 * legacy images, and says of many other files what they are. Works on bytes in memory, believes
 * nothing of them, has no data of its own.
 */
#include <core/image.h>

#include "image_formats.h"

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

/* --- Linux arm64 Image ------------------------------------------------------------------- */

#define ARM64_MAGIC   0x644d5241u /* "ARM\x64" at 56 */
#define ARM64_HEADER  64
#define ARM64_FLAG_BE BIT(0)
/* Kernels before 3.17 have no image_size; their text_offset is this, whatever the field says. */
#define ARM64_OLD_TEXT 0x80000

static bool is_arm64(const uint8_t *p, size_t have)
{
	return have >= ARM64_HEADER && get_le32(p + 56) == ARM64_MAGIC;
}

static int read_arm64(const uint8_t *p, size_t have, uint64_t total, struct kernel_image *image,
		      char *why)
{
	uint64_t text = get_le64(p + 8), size = get_le64(p + 16), flags = get_le64(p + 24);
	int err = image_check_pe(p, have, total, why);

	if (err)
		return err;
	if (flags & ARM64_FLAG_BE)
		return image_refuse(why, -ENOTSUP,
				    "is a big-endian arm64 kernel; guests here "
				    "start little-endian, build it with CONFIG_CPU_BIG_ENDIAN off");
	if (size == 0)
		text = ARM64_OLD_TEXT;
	if (text >= BLOCK_SIZE || size > BIT(40))
		return image_refuse(why, -EILSEQ,
				    "has the header of an arm64 Image, but with impossible "
				    "values (text offset 0x%" PRIx64 ", size 0x%" PRIx64
				    "): the file is damaged",
				    text, size);
	image->kind = IMAGE_ARM64;
	image->text_offset = text;
	image->mem_size = MAX(size, total);
	return 0;
}

/* --- Linux zImage ----------------------------------------------------------------------- */

#define ZIMAGE_MAGIC  0x016f2818u /* at 0x24 */
#define ZIMAGE_HEADER 0x34
#define ZIMAGE_ENDIAN 0x04030201u /* at 0x30 */

static bool is_zimage(const uint8_t *p, size_t have)
{
	return have >= ZIMAGE_HEADER &&
	       (get_le32(p + 0x24) == ZIMAGE_MAGIC || get_be32(p + 0x24) == ZIMAGE_MAGIC);
}

static int read_zimage(const uint8_t *p, uint64_t total, struct kernel_image *image, char *why)
{
	uint32_t start = get_le32(p + 0x28), end = get_le32(p + 0x2c);

	if (get_le32(p + 0x24) != ZIMAGE_MAGIC || get_le32(p + 0x30) != ZIMAGE_ENDIAN)
		return image_refuse(why, -ENOTSUP,
				    "is a big-endian 32-bit ARM kernel; guests here "
				    "start little-endian");
	if (end <= start || end - start > total)
		return image_refuse(why, -EILSEQ,
				    "is a 32-bit ARM zImage that is cut off: its header "
				    "says 0x%x bytes, the file has 0x%" PRIx64,
				    end - start, total);
	image->kind = IMAGE_ZIMAGE;
	image->aarch32 = true;
	image->mem_size = total;
	return 0;
}

/* --- other files --------------------------------------------------------------------------- */

/* What people hand over by mistake. The text follows "is". */
static const struct {
	uint16_t offset;
	uint8_t len;
	const char *bytes;
	const char *text;
} strangers[] = {
	{ 56, 4, "RSC\5", "a RISC-V Linux Image, not one for ARM" },
	{ 514, 4, "HdrS", "a Linux kernel for x86 (bzImage), not one for ARM" },
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

static const char *stranger(const uint8_t *p, size_t have)
{
	for (unsigned i = 0; i < ARRAY_SIZE(strangers); i++) {
		if (have >= strangers[i].offset + (size_t)strangers[i].len &&
		    !memcmp(p + strangers[i].offset, strangers[i].bytes, strangers[i].len))
			return strangers[i].text;
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
	const char *text = stranger(p, have);
	size_t n = MIN_T(size_t, have, 64);

	if (text)
		return image_refuse(why, -ENOEXEC, "is %s", text);
	if (have >= 2 && p[0] == 'M' && p[1] == 'Z')
		return image_refuse(why, -ENOEXEC,
				    "starts with MZ but is not an arm64 Image: it is a "
				    "program for %s",
				    image_pe_machine(p, have));
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
	if (!IS_ENABLED(CONFIG_X86) && is_arm64(p, have))
		err = read_arm64(p, have, total, image, why);
	else if (!IS_ENABLED(CONFIG_X86) && is_zimage(p, have))
		err = read_zimage(p, total, image, why);
	else if (image_is_elf(p, have))
		err = have < total ? -EAGAIN : image_read_elf(p, have, image, why);
	else if (IS_ENABLED(CONFIG_X86) && image_is_bzimage(p, have))
		err = image_read_bzimage(p, total, image, why);
	else if (image_is_uimage(p, have))
		err = image_read_uimage(p, total, image, why);
	else if (image_is_zboot(p, have))
		err = image_read_zboot(p, total, image, why);
	else
		err = read_other(p, have, total, image, why);
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

const char *image_kind_name(const struct kernel_image *image)
{
	switch (image->kind) {
	case IMAGE_ARM64:
		return "an arm64 Linux Image";
	case IMAGE_ZIMAGE:
		return "a 32-bit ARM zImage";
	case IMAGE_ELF:
		if (IS_ENABLED(CONFIG_X86))
			return "an ELF file for x86";
		return image->aarch32 ? "a 32-bit ARM ELF file" : "an arm64 ELF file";
	case IMAGE_UIMAGE:
		return image->aarch32 ? "a U-Boot image for 32-bit ARM"
				      : "a U-Boot image for arm64";
	case IMAGE_BZIMAGE:
		return "a Linux kernel for x86 (bzImage)";
	case IMAGE_RAW:
		break;
	}
	return "a raw program";
}
