/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Boot images: what a file is, through each container, and where in memory it goes.
 */
#include "fake.h"
#include "fake_files.h"
#include "images.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include <arch/guest_kinds.h>
#include <libs/errno.h>

/* Of the ARM port. */
#define ARM64  (&arch_guest_kinds.formats[0])
#define ZIMAGE (&arch_guest_kinds.formats[1])

static struct kernel_image image;
static char why[IMAGE_WHY_MAX];

static int recognise(size_t size)
{
	return image_recognise(file, size < IMAGE_HEAD ? size : IMAGE_HEAD, size, &image, why);
}

/* --- recognition ---------------------------------------------------------------------------------
 */

TEST(arm64)
{
	CHECK_EQ(recognise(make_arm64(0, 3 * MIB, 0xa)), 0);
	CHECK_EQ(image.kind, IMAGE_KERNEL);
	CHECK(image.format == ARM64);
	CHECK_EQ(image.text_offset, 0);
	CHECK_EQ(image.mem_size, 3 * MIB);
	CHECK_EQ(image.size, 100 * K);
	CHECK(!image.narrow && !image.fixed && !image.gzip);
	CHECK_EQ(image.nr_parts, 1);
	CHECK_EQ(image.parts[0].size, 100 * K);
	CHECK_EQ(image.parts[0].gpa, 0);
	CHECK_EQ(recognise(make_arm64(0x80000, 3 * MIB, 0)), 0);
	CHECK_EQ(image.text_offset, 0x80000);
	/* before 3.17 the fields are of no meaning */
	CHECK_EQ(recognise(make_arm64(0x123456789, 0, 0)), 0);
	CHECK_EQ(image.text_offset, 0x80000);
	CHECK_EQ(image.mem_size, 100 * K);
	/* a file with something appended */
	CHECK_EQ(recognise(make_arm64(0, 64 * K, 0)), 0);
	CHECK_EQ(image.mem_size, 100 * K);
}

TEST(arm64_mistakes)
{
	CHECK_EQ(recognise(make_arm64(0, MIB, 1)), -ENOTSUP);
	CHECK_STR(why, "is a big-endian arm64 kernel; guests here start little-endian, build it "
		       "with CONFIG_CPU_BIG_ENDIAN off");
	CHECK_EQ(recognise(make_arm64(2 * MIB, MIB, 0)), -EILSEQ);
	CHECK_STR(why, "has the header of an arm64 Image, but with impossible values (text offset "
		       "0x200000, size 0x100000): the file is damaged");
	CHECK_EQ(recognise(make_arm64(0, UINT64_MAX, 0)), -EILSEQ);
	make_arm64(0, MIB, 0);
	add_pe(0xaa64, 100 * K);
	CHECK_EQ(recognise(100 * K), 0);
	CHECK_EQ(recognise(60 * K), -EILSEQ);
	CHECK_STR(why, "is cut off: it has 0xf000 of at least 0x19000 bytes");
}

TEST(zimage)
{
	CHECK_EQ(recognise(make_zimage()), 0);
	CHECK_EQ(image.kind, IMAGE_KERNEL);
	CHECK(image.format == ZIMAGE);
	CHECK_EQ(image.text_offset, 0x10000);
	CHECK(image.narrow);
	CHECK_EQ(recognise(40 * K), -EILSEQ);
	CHECK_STR(why, "is a 32-bit ARM zImage that is cut off: its header says 0xc800 bytes, the "
		       "file has 0xa000");
	CHECK_EQ(recognise(0x33), -EILSEQ);
	CHECK_STR(why, "is a 32-bit ARM zImage that is cut off");
	put_be32(file + 0x30, 0x04030201);
	CHECK_EQ(recognise(50 * K), -ENOTSUP);
	CHECK_STR(why, "is a big-endian 32-bit ARM kernel; guests here start little-endian");
}

TEST(elf)
{
	size_t size = make_elf(183, 2);

	CHECK_EQ(image_recognise(file, 1000, size, &image, why), -EAGAIN);
	CHECK_EQ(image_recognise(file, size, size, &image, why), 0);
	CHECK_EQ(image.kind, IMAGE_ELF);
	CHECK(image.fixed && !image.narrow);
	CHECK_EQ(image.load, 0x40100000);
	CHECK_EQ(image.entry, 0x40100100);
	CHECK_EQ(image.mem_size, 0x10000 + 8 * K);
	CHECK_EQ(image.nr_parts, 2);
	CHECK_EQ(image.parts[1].offset, 12 * K);
	CHECK_EQ(image.parts[1].size, 6 * K);
	CHECK_EQ(image.parts[1].mem_size, 8 * K);
	CHECK_EQ(image.parts[1].gpa, 0x40110000);
	make_elf(62, 2);
	CHECK_EQ(image_recognise(file, size, size, &image, why), -ENOTSUP);
	CHECK_STR(why, "is an ELF file for 64-bit x86 (machine 62), not for ARM");
	make_elf(183, 1);
	CHECK_EQ(image_recognise(file, size, size, &image, why), -ENOTSUP);
	CHECK_STR(why, "is an ELF file of type 1, not linked to a program; link it to its address");
	make_elf(40, 2);
	CHECK_EQ(image_recognise(file, size, size, &image, why), 0);
	CHECK(image.narrow);
	make_elf(183, 2);
	CHECK_EQ(image_recognise(file, 17 * K, 17 * K, &image, why), -EILSEQ);
	CHECK(strstr(why, "ELF file"));
	put_le32(file + 64, 0);
	put_le32(file + 64 + 56, 0);
	CHECK_EQ(image_recognise(file, size, size, &image, why), -ENOEXEC);
	CHECK(strstr(why, "is an ELF file that cannot be used: "));
}

TEST(uimage)
{
	fill(50 * K);
	CHECK_EQ(recognise(make_uimage(22, 2, 0, 40 * K)), 0);
	CHECK_EQ(image.kind, IMAGE_UIMAGE);
	CHECK(image.fixed && !image.narrow && !image.gzip);
	CHECK_EQ(image.load, 0x40200000);
	CHECK_EQ(image.entry, 0x40200040);
	CHECK_EQ(image.data_offset, 64);
	CHECK_EQ(image.size, 40 * K);
	CHECK_EQ(image.parts[0].gpa, 0x40200000);
	CHECK_EQ(image.parts[0].size, 40 * K);
	CHECK_EQ(recognise(make_uimage(2, 2, 0, 40 * K)), 0);
	CHECK(image.narrow);
	CHECK_EQ(recognise(make_uimage(2, 2, 0, 40 * K) - 1), -EILSEQ);
	CHECK_STR(why, "is a U-Boot image that is cut off: its header says 0xa000 bytes, the file "
		       "has 0x9fff");
	CHECK_EQ(recognise(make_uimage(3, 2, 0, 40 * K)), -ENOTSUP);
	CHECK_STR(why, "is a U-Boot image for 32-bit x86 (number 3), not for ARM");
	CHECK_EQ(recognise(make_uimage(22, 4, 0, 40 * K)), -ENOTSUP);
	CHECK_STR(why, "is a U-Boot image of type 4, neither kernel (2) nor program (1)");
	CHECK_EQ(recognise(make_uimage(22, 2, 3, 40 * K)), -ENOTSUP);
	CHECK(strstr(why, "compressed in a way (number 3)"));
	make_uimage(22, 2, 0, 40 * K);
	file[20] ^= 1;
	CHECK_EQ(recognise(40 * K + 64), -EILSEQ);
	CHECK_STR(why,
		  "is a U-Boot image with a wrong checksum of its header: the file is damaged");
}

/* A file that begins (at some place) with these bytes. */
static void stranger(size_t at, const char *bytes, size_t n, const char *expected)
{
	fill(8 * K);
	memcpy(file + at, bytes, n);
	CHECK_EQ(recognise(8 * K), -ENOEXEC);
	CHECK_STR(why, expected);
}

TEST(strangers)
{
	CHECK_EQ(recognise(0), -ENOEXEC);
	CHECK_STR(why, "is empty");
	stranger(514, "HdrS", 4, "is a Linux kernel for x86 (bzImage), not one for ARM");
	stranger(56, "RSC\5", 4, "is a RISC-V Linux Image, not one for ARM");
	stranger(0, "\xd0\x0d\xfe\xed", 4, "is a device tree blob or FIT image, no kernel");
	stranger(0, "070701", 6,
		 "is a cpio archive, as initial RAM disks are; is it meant for "
		 "initrd=?");
	stranger(0,
		 "\xfd"
		 "7zXZ\0",
		 6, "is compressed by xz; decompress it with unxz");
	stranger(0, "\x28\xb5\x2f\xfd", 4, "is compressed by zstd; decompress it with unzstd");
	stranger(0, "BZh9", 4, "is compressed by bzip2; decompress it with bunzip2");
	stranger(0, "!<arch>\ndebian", 14,
		 "is a package or archive (ar); unpack the kernel from it");
	stranger(0, "#!/bin/sh\n", 10, "is a script, no kernel");
	fill(8 * K);
	memset(file, 'a', 100);
	CHECK_EQ(recognise(8 * K), -ENOEXEC);
	CHECK_STR(why, "is a text, no kernel");
	memset(file, 0, 100);
	CHECK_EQ(recognise(8 * K), -ENOEXEC);
	CHECK_STR(why, "begins with zeros, so there is no program at its start");
	fill(3);
	CHECK_EQ(recognise(3), -ENOEXEC);
	CHECK_STR(why, "has only 3 bytes, less than an instruction");
	fill(8 * K);
	add_pe(0x8664, 8 * K);
	CHECK_EQ(recognise(8 * K), -ENOEXEC);
	CHECK_STR(why, "is an EFI program for 64-bit x86, no Linux kernel; only firmware can "
		       "start it");
	add_pe(0xaa64, 8 * K);
	CHECK_EQ(recognise(8 * K), -ENOEXEC);
	CHECK_STR(why, "is an EFI program for 64-bit ARM, no Linux kernel; only firmware can "
		       "start it");
	put_le32(file + 0x3c, 0xfffffff0);
	CHECK_EQ(recognise(8 * K), -ENOEXEC);
	CHECK_STR(why, "is a program for DOS, no kernel");
	fill(8 * K);
	CHECK_EQ(recognise(8 * K), 0);
	CHECK_EQ(image.kind, IMAGE_RAW);
	CHECK_EQ(image.text_offset, 0);
}

/* Whatever is cut off anywhere is no crash, and never more than its size. */
TEST(every_length)
{
	size_t size = make_arm64(0, MIB, 0);

	add_pe(0xaa64, 100 * K);
	for (size_t n = 0; n < 600 && n < size; n++) {
		uint8_t *exact = malloc(n);

		memcpy(exact, file, n);
		if (image_recognise(exact, n, n, &image, why) == 0)
			CHECK(image.parts[0].size <= n);
		else
			CHECK(why[0]);
		free(exact);
	}
}

/* --- files through containers
 * --------------------------------------------------------------------- */

static int open_packed(size_t size)
{
	fake_files_clear();
	fake_file("/k", packed, size);
	return image_open("/k", &image, why);
}

TEST(open_plain)
{
	for (unsigned mappable = 0; mappable < 2; mappable++) {
		size_t live = fake_heap_live();

		fake_files_clear();
		fake_files_mappable(mappable);
		fake_file("/k", file, make_arm64(0, MIB, 0));
		CHECK_EQ(image_open("/k", &image, why), 0);
		CHECK(image.format == ARM64);
		CHECK_EQ(image.data_size, 100 * K);
		fake_file("/k", file, make_elf(183, 2));
		CHECK_EQ(image_open("/k", &image, why), 0);
		CHECK_EQ(image.nr_parts, 2);
		CHECK_EQ(fake_heap_live(), live);
		CHECK_EQ(fake_files_open(), 0);
	}
}

TEST(open_mistakes)
{
	fake_files_clear();
	CHECK_EQ(image_open("/none", &image, why), -ENOENT);
	CHECK(strstr(why, "cannot be opened: "));
	CHECK_EQ(image_open("/dir", &image, why), -EISDIR);
	CHECK_STR(why, "is no file but a directory");
	fake_file("/k", file, make_arm64(0, MIB, 0));
	fake_files_mappable(false);
	fake_files_fail_from(100);
	CHECK_EQ(image_open("/k", &image, why), -EIO);
	CHECK(strstr(why, "cannot be read: "));
	fake_files_clear();
	fake_files_mappable(false);
	fake_file("/k", file, make_arm64(0, MIB, 0));
	fake_heap_fail_at(1);
	CHECK_EQ(image_open("/k", &image, why), -ENOMEM);
	fake_heap_fail_at(0);
	CHECK_STR(why,
		  "has 0x19000 bytes, and not enough memory of the hypervisor is free to read it");
	CHECK_EQ(fake_files_open(), 0);
}

TEST(open_gzip)
{
	for (unsigned mappable = 0; mappable < 2; mappable++) {
		size_t size = gzip(file, make_arm64(0, MIB, 0)), live = fake_heap_live();

		fake_files_clear();
		fake_files_mappable(mappable);
		fake_file("/k", packed, size);
		CHECK_EQ(image_open("/k", &image, why), 0);
		CHECK(image.gzip && image.format == ARM64);
		CHECK_EQ(image.data_offset, 0);
		CHECK_EQ(image.data_size, size);
		CHECK_EQ(image.size, 100 * K);
		CHECK_EQ(image.mem_size, MIB);
		size = gzip(file, make_elf(183, 2));
		fake_file("/k", packed, size);
		CHECK_EQ(image_open("/k", &image, why), 0);
		CHECK(image.gzip && image.kind == IMAGE_ELF);
		CHECK_EQ(image.nr_parts, 2);
		CHECK_EQ(image.size, 20 * K);
		CHECK_EQ(fake_heap_live(), live);
		CHECK_EQ(fake_files_open(), 0);
	}
}

TEST(open_gzip_mistakes)
{
	size_t size = gzip(file, make_arm64(0, MIB, 0)), live = fake_heap_live();

	packed[11] ^= 0xff;
	CHECK_EQ(open_packed(size), -EILSEQ);
	CHECK(strstr(why, "is compressed by gzip and cannot be decompressed: "));
	size = gzip(file, make_arm64(0, MIB, 0));
	memcpy(file, packed, size);
	size = gzip(file, size);
	CHECK_EQ(open_packed(size), -ENOEXEC);
	CHECK_STR(why, "is compressed by gzip twice; decompress it once with gunzip");
	memset(file, 0, 8 * K);
	size = gzip(file, 8 * K);
	CHECK_EQ(open_packed(size), -ENOEXEC);
	CHECK_STR(why, "begins with zeros, so there is no program at its start");
	size = gzip(file, make_arm64(0, MIB, 0));
	for (unsigned n = 1; n < 4; n++) {
		fake_heap_fail_at(n);
		CHECK_EQ(open_packed(size), n < 3 ? -ENOMEM : 0);
		fake_heap_fail_at(0);
	}
	CHECK_EQ(fake_heap_live(), live);
}

TEST(open_uimage_gzip)
{
	size_t size = gzip(file, make_arm64(0, MIB, 0));

	memcpy(file + 64, packed, size);
	make_uimage(22, 2, 1, (uint32_t)size);
	memcpy(packed, file, size + 64);
	CHECK_EQ(open_packed(size + 64), 0);
	CHECK(image.gzip && image.kind == IMAGE_UIMAGE);
	CHECK_EQ(image.data_offset, 64);
	CHECK_EQ(image.data_size, size);
	CHECK_EQ(image.parts[0].size, 100 * K);
	CHECK_EQ(image.load, 0x40200000);
	file[64] = 0;
	make_uimage(22, 2, 1, (uint32_t)size);
	memcpy(packed, file, size + 64);
	CHECK_EQ(open_packed(size + 64), -EILSEQ);
	CHECK(strstr(why, "should be compressed by gzip inside, but is not"));
}

TEST(open_uimage_checksum)
{
	size_t live = fake_heap_live();

	for (unsigned mappable = 0; mappable < 2; mappable++) {
		fill(50 * K);
		make_uimage(22, 2, 0, 40 * K);
		fake_files_clear();
		fake_files_mappable(mappable);
		fake_file("/k", file, 50 * K);
		CHECK_EQ(image_open("/k", &image, why), 0);
		/* Behind the content may be anything. */
		file[64 + 40 * K] ^= 1;
		fake_file("/k", file, 50 * K);
		CHECK_EQ(image_open("/k", &image, why), 0);
		file[64 + 40 * K - 1] ^= 1;
		fake_file("/k", file, 50 * K);
		CHECK_EQ(image_open("/k", &image, why), -EILSEQ);
		CHECK(strstr(why, "is a U-Boot image whose content has the checksum 0x"));
		CHECK(strstr(why, "as its header says: the file is damaged"));
	}
	/* Not mapped, it is read piece by piece. */
	fake_files_mappable(false);
	fake_heap_fail_at(2);
	CHECK_EQ(image_open("/k", &image, why), -ENOMEM);
	fake_heap_fail_at(0);
	CHECK(strstr(why, "cannot be checked: "));
	fake_files_fail_from(20 * K);
	CHECK_EQ(image_open("/k", &image, why), -EIO);
	CHECK(strstr(why, "cannot be read: "));
	CHECK_EQ(fake_heap_live(), live);
	CHECK_EQ(fake_files_open(), 0);
	fake_files_clear();
}

TEST(open_zboot)
{
	size_t size = gzip(file, make_arm64(0, MIB, 0));

	memmove(packed + 0x1000, packed, size);
	memset(packed, 0, 0x1000);
	memcpy(packed, "MZ\0\0zimg", 8);
	put_le32(packed + 8, 0x1000);
	put_le32(packed + 12, (uint32_t)size);
	memcpy(packed + 24, "gzip", 5);
	CHECK_EQ(open_packed(size + 0x1000), 0);
	CHECK(image.gzip && image.format == ARM64);
	CHECK_EQ(image.data_offset, 0x1000);
	CHECK_EQ(image.data_size, size);
	CHECK_EQ(image.parts[0].size, 100 * K);
	CHECK_EQ(open_packed(size + 0xfff), -EILSEQ);
	CHECK(strstr(why, "is a compressed EFI kernel that is cut off"));
	memcpy(packed + 24, "zst\033d", 6);
	CHECK_EQ(open_packed(size + 0x1000), -ENOTSUP);
	CHECK(strstr(why, "is an EFI kernel compressed by zst?d;"));
}

/* --- placement
 * ------------------------------------------------------------------------------------ */

static struct boot_plan plan;

/* What is placed as a format of the port, or by its kind. */
static int place_as(const struct image_format *format, enum image_kind kind, uint64_t ram_size,
		    uint64_t kernel, uint64_t initrd, gpa_t load)
{
	struct boot_wish wish = {
		.ram = 0x40000000,
		.ram_size = ram_size,
		.kernel = &image,
		.initrd_size = initrd,
		.dtb_size = 0x10000,
		.load = load,
	};

	memset(&image, 0, sizeof(image));
	image.kind = kind;
	image.format = format;
	image.text_offset = format == ZIMAGE ? 0x10000 : kind == IMAGE_RAW ? 0x80000 : 0;
	image.mem_size = kernel;
	if (kind == IMAGE_ELF || kind == IMAGE_UIMAGE) {
		image.cpu = "64-bit ARM";
		image.fixed = true;
		image.load = 0x40100000;
		image.entry = 0x40100100;
	}
	return boot_plan_make(&wish, &plan, why);
}

static int place(const struct image_format *format, uint64_t ram_size, uint64_t kernel,
		 uint64_t initrd, gpa_t load)
{
	return place_as(format, IMAGE_KERNEL, ram_size, kernel, initrd, load);
}

TEST(place_arm64)
{
	CHECK_EQ(place(ARM64, 256 * MIB, 35 * MIB, 10 * MIB, 0), 0);
	CHECK_EQ(plan.kernel, 0x40000000);
	CHECK_EQ(plan.entry, 0x40000000);
	CHECK_EQ(plan.initrd, 0x42300000);
	CHECK_EQ(plan.dtb, 0x42e00000);
	CHECK_EQ(place(ARM64, 256 * MIB, 35 * MIB, 0, 0x48000000), 0);
	CHECK_EQ(plan.kernel, 0x48000000);
	CHECK_EQ(plan.dtb, 0x4a400000);
	/* at the end of the RAM there is room only before it */
	CHECK_EQ(place(ARM64, 64 * MIB, 32 * MIB, 10 * MIB, 0x42000000), 0);
	CHECK_EQ(plan.initrd, 0x40000000);
	CHECK_EQ(plan.dtb, 0x40a00000);
	/* nearly nothing left: the device tree is content with a page's boundary */
	CHECK_EQ(place(ARM64, 4 * MIB, 3 * MIB + 0x1000, 0xe0000, 0), 0);
	CHECK_EQ(plan.initrd, 0x40310000);
	CHECK_EQ(plan.dtb, 0x403f0000);
	/* one window of 32 GiB */
	CHECK_EQ(place(ARM64, 64 * GIB, 35 * MIB, 10 * MIB, 0x40000000 + 64 * GIB - 36 * MIB),
		 -EINVAL);
}

TEST(place_arm64_mistakes)
{
	CHECK_EQ(place(ARM64, 16 * MIB, 35 * MIB, 0, 0), -ENOSPC);
	CHECK_STR(why,
		  "too little memory: the guest has 16 MiB, and no room is left for the kernel "
		  "of 35 MiB; with mem=40M or more kernel, initial RAM disk and device tree fit");
	CHECK_EQ(place(ARM64, 40 * MIB, 35 * MIB, 10 * MIB, 0), -ENOSPC);
	CHECK(strstr(why,
		     "no room is left for the initial RAM disk of 10 MiB; with mem=50M or more"));
	/* what it asks for is enough */
	CHECK_EQ(place(ARM64, 50 * MIB, 35 * MIB, 10 * MIB, 0), 0);
	CHECK_EQ(place(ARM64, 40 * MIB, 35 * MIB, 0, 0), 0);
	CHECK_EQ(place(ARM64, 35 * MIB, 35 * MIB, 0, 0), -ENOSPC);
	CHECK(strstr(why, "no room is left for the device tree of 64 KiB"));
	CHECK_EQ(place(ARM64, 256 * MIB, 35 * MIB, 0, 0x40080000), -EINVAL);
	CHECK_STR(why,
		  "load=0x40080000 is wrong for this kernel: it has to be 0x0 above a multiple "
		  "of 2 MiB, such as 0x40000000");
	CHECK_EQ(place(ARM64, 256 * MIB, 35 * MIB, 0, 0x20000000), -EINVAL);
	CHECK_STR(why,
		  "load=0x20000000 is outside of the guest's memory, 0x40000000 to 0x4fffffff");
	CHECK_EQ(place(ARM64, 256 * MIB, 35 * MIB, 0, 0x4fe00000), -ENOSPC);
}

TEST(place_others)
{
	/* what has no header, where a board says */
	CHECK_EQ(place_as(NULL, IMAGE_RAW, 128 * MIB, 0x100, 0, 0), 0);
	CHECK_EQ(plan.kernel, 0x40080000);
	CHECK_EQ(plan.entry, 0x40080000);
	CHECK_EQ(plan.dtb, 0x40200000);
	CHECK_EQ(place_as(NULL, IMAGE_RAW, 128 * MIB, 0x100, 0, 0x40000002), -EINVAL);
	CHECK_STR(why, "load address 0x40000002 is not a multiple of 4");
	/* a program of its own has the device tree at the start of the RAM */
	CHECK_EQ(place_as(NULL, IMAGE_ELF, 128 * MIB, 0x10000, 0, 0), 0);
	CHECK_EQ(plan.entry, 0x40100100);
	CHECK_EQ(plan.dtb, 0x40000000);
	CHECK_EQ(place_as(NULL, IMAGE_ELF, 128 * MIB, 0x10000, 0, 0x40200000), -EINVAL);
	CHECK_STR(why, "load=0x40200000 is not possible: the file is an ELF file for 64-bit ARM, "
		       "made for 0x40100000");
	CHECK_EQ(place_as(NULL, IMAGE_UIMAGE, 128 * MIB, 0x10000, MIB, 0), 0);
	CHECK_EQ(plan.entry, 0x40100100);
	CHECK_EQ(plan.initrd, 0x40110000);
	/* what a zImage unpacks shall not reach what it is given */
	CHECK_EQ(place(ZIMAGE, 256 * MIB, 5 * MIB, MIB, 0), 0);
	CHECK_EQ(plan.kernel, 0x40010000);
	CHECK_EQ(plan.initrd, 0x48000000);
	CHECK_EQ(plan.dtb, 0x48200000);
	CHECK_EQ(place(ZIMAGE, 64 * MIB, 5 * MIB, 0, 0), 0);
	CHECK_EQ(plan.dtb, 0x42000000);
}

TEST(place_firmware)
{
	struct boot_wish wish = { .ram = 0x40000000, .ram_size = 128 * MIB, .dtb_size = 0x10000 };

	CHECK_EQ(boot_plan_make(&wish, &plan, why), 0);
	CHECK_EQ(plan.entry, 0);
	CHECK_EQ(plan.dtb, 0x40000000);
	wish.dtb_size = BOOT_DTB_MAX + 1;
	CHECK_EQ(boot_plan_make(&wish, &plan, why), -EINVAL);
	CHECK(strstr(why, "kernels take at most 2 MiB"));
}

/* Nothing overlaps and all is inside, whatever the sizes. */
TEST(place_random)
{
	static const enum image_kind kinds[] = { IMAGE_KERNEL, IMAGE_RAW, IMAGE_ELF };
	unsigned placed = 0;

	for (unsigned i = 0; i < 20000; i++) {
		uint64_t ram = unit_random_below(40 * MIB) & ~0xfffULL;
		uint64_t kernel = 1 + unit_random_below(20 * MIB),
			 initrd = unit_random_below(20 * MIB);
		gpa_t end = 0x40000000 + ram;
		gpa_t load =
			unit_random_below(4) ? 0 : 0x40000000 + unit_random_below(20) * 2 * MIB;
		enum image_kind kind = kinds[unit_random_below(3)];
		const struct image_format *format = unit_random_below(2) ? ARM64 : ZIMAGE;

		if (kind == IMAGE_ELF)
			load = 0;
		if (place_as(kind == IMAGE_KERNEL ? format : NULL, kind, ram, kernel, initrd, load))
			continue;
		placed++;
		CHECK(kind == IMAGE_ELF || plan.kernel + kernel <= end);
		CHECK(!initrd || (plan.initrd >= 0x40000000 && plan.initrd + initrd <= end));
		CHECK(plan.dtb >= 0x40000000 && plan.dtb + 0x10000 <= end);
		CHECK(plan.dtb % 8 == 0);
		CHECK(!initrd || plan.initrd + initrd <= plan.kernel ||
		      plan.initrd >= plan.kernel + kernel);
		CHECK(plan.dtb + 0x10000 <= plan.kernel || plan.dtb >= plan.kernel + kernel);
		CHECK(!initrd || plan.dtb + 0x10000 <= plan.initrd ||
		      plan.dtb >= plan.initrd + initrd);
	}
	CHECK(placed > 2000);
}
