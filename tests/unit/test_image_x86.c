/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Boot images as a port for x86 has them: its own kernels, and what is made for other CPUs.
 */
#include "fake.h"
#include "fake_files.h"
#include "images.h"
#include "unit.h"

#include <string.h>

#include <arch/guest_kinds.h>
#include <libs/errno.h>

static struct kernel_image image;
static char why[IMAGE_WHY_MAX];

static int recognise(size_t size)
{
	return image_recognise(file, size, size, &image, why);
}

/* A bzImage with four sectors of setup. */
static size_t make_bzimage(void)
{
	fill(20 * K);
	file[0x1f1] = 4;
	put_le32(file + 0x1f4, (20 * K - 5 * 512) / 16);
	put_le16(file + 0x1fe, 0xaa55);
	memcpy(file + 0x202, "HdrS", 4);
	file[0x211] = 1;
	put_le16(file + 0x206, 0x20f);
	put_le16(file + 0x236, 1);
	put_le64(file + 0x258, 0x1000000);
	put_le32(file + 0x260, 0x2000000);
	return 20 * K;
}

TEST(bzimage)
{
	char text[64];

	CHECK_EQ(recognise(make_bzimage()), 0);
	CHECK_EQ(image.kind, IMAGE_KERNEL);
	CHECK(image.format == arch_guest_kinds.formats);
	CHECK(!image.narrow && !image.fixed);
	CHECK_EQ(image.mem_size, 0x2000000);
	CHECK_EQ(image.text_offset, 0x1000000);
	CHECK_EQ(image.entry, 0x200);
	CHECK_EQ(image.entry_kind, IMAGE_ENTRY_LINUX64);
	CHECK_EQ(image.parts[0].offset, 5 * 512);
	image_describe(&image, text, sizeof(text));
	CHECK_STR(text, "a Linux kernel for x86 (bzImage)");
}

/* 32-bit kernels, and those that do not say what later ones say. */
TEST(bzimage_old)
{
	size_t size = make_bzimage();

	put_le16(file + 0x236, 4);
	CHECK_EQ(recognise(size), 0);
	CHECK_EQ(image.entry_kind, IMAGE_ENTRY_LINUX32);
	CHECK_EQ(image.entry, 0);
	CHECK_EQ(image.text_offset, 0x1000000);
	make_bzimage();
	put_le16(file + 0x206, 0x20b);
	CHECK_EQ(recognise(size), 0);
	CHECK_EQ(image.entry_kind, IMAGE_ENTRY_LINUX32);
	CHECK_EQ(image.mem_size, 0x2000000);
	put_le16(file + 0x206, 0x209);
	CHECK_EQ(recognise(size), 0);
	CHECK_EQ(image.text_offset, 0x100000);
	CHECK_EQ(image.mem_size, size - 5 * 512);
}

TEST(bzimage_mistakes)
{
	size_t size = make_bzimage();

	CHECK_EQ(recognise(0x206), -EILSEQ);
	CHECK_STR(why, "is a Linux kernel (bzImage) that is damaged or cut off");
	CHECK_EQ(recognise(size - 16), -EILSEQ);
	CHECK_STR(why, "is a Linux kernel that is cut off: it has 0x4ff0 of 0x5000 bytes");
	put_le16(file + 0x206, 0x201);
	CHECK_EQ(recognise(size), -ENOTSUP);
	CHECK_STR(why, "is a Linux kernel of boot protocol 2.01; a bzImage of 2.02 is the oldest "
		       "that can be started here");
	make_bzimage();
	file[0x211] = 0;
	CHECK_EQ(recognise(size), -ENOTSUP);
	CHECK(strstr(why, "2.15 (zImage);"));
	make_bzimage();
	put_le16(file + 0x1fe, 0);
	CHECK_EQ(recognise(size), -EILSEQ);
}

/* Whatever guests here cannot run is refused with what it is made for. */
TEST(other_cpus)
{
	char text[64];

	CHECK_EQ(recognise(make_arm64(0, MIB, 0)), -ENOEXEC);
	CHECK_STR(why, "is an arm64 Linux Image, not one for x86");
	add_pe(0xaa64, 100 * K);
	CHECK_EQ(recognise(100 * K), -ENOEXEC);
	CHECK_STR(why, "is an arm64 Linux Image, not one for x86");
	CHECK_EQ(recognise(make_zimage()), -ENOEXEC);
	CHECK_STR(why, "is a Linux zImage for 32-bit ARM, not one for x86");
	fill(8 * K);
	add_pe(0x01c4, 8 * K);
	CHECK_EQ(recognise(8 * K), -ENOEXEC);
	CHECK_STR(why, "is an EFI program for 32-bit ARM, no Linux kernel; only firmware can "
		       "start it");
	CHECK_EQ(recognise(make_elf(183, 2)), -ENOTSUP);
	CHECK_STR(why, "is an ELF file for 64-bit ARM (machine 183), not for x86");
	CHECK_EQ(recognise(make_elf(8, 2)), -ENOTSUP);
	CHECK_STR(why, "is an ELF file for another processor (machine 8), not for x86");
	fill(50 * K);
	CHECK_EQ(recognise(make_uimage(22, 2, 0, 40 * K)), -ENOTSUP);
	CHECK_STR(why, "is a U-Boot image for 64-bit ARM (number 22), not for x86");
	CHECK_EQ(recognise(make_uimage(24, 2, 0, 40 * K)), 0);
	CHECK_EQ(image.kind, IMAGE_UIMAGE);
	image_describe(&image, text, sizeof(text));
	CHECK_STR(text, "a U-Boot image for 64-bit x86");
	CHECK_EQ(recognise(make_elf(62, 2)), 0);
	image_describe(&image, text, sizeof(text));
	CHECK_STR(text, "an ELF file for 64-bit x86");
	CHECK_EQ(image.entry_kind, IMAGE_ENTRY_LINUX64);
}
