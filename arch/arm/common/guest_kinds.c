/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What guests run on ARM: names of processors, and the formats of their kernels (Linux'
 * Documentation/arch/arm64/booting.rst and arch/arm/booting.rst). Constants, and functions on bytes
 * in memory that believe nothing of them.
 */
#include <arch/guest_kinds.h>

#include <core/image.h>
#include <libs/byteorder.h>
#include <libs/elf.h>
#include <libs/errno.h>
#include <libs/printf.h>

/* Private interrupts, where a CPU's own timers are. */
#define PPI_FIRST 16
#define PPI_LAST  31

/* --- Linux arm64 Image ------------------------------------------------------------------- */

#define ARM64_MAGIC   0x644d5241u /* "ARM\x64" at 56 */
#define ARM64_FLAG_BE BIT(0)
/* Kernels before 3.17 have no image_size; their text_offset is this, whatever the field says. */
#define ARM64_OLD_TEXT 0x80000

static bool is_arm64(const uint8_t *p, size_t have)
{
	return have >= 60 && get_le32(p + 56) == ARM64_MAGIC;
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
	image->text_offset = text;
	image->mem_size = MAX(size, total);
	return 0;
}

/* --- Linux zImage ----------------------------------------------------------------------- */

#define ZIMAGE_MAGIC  0x016f2818u /* at 0x24 */
#define ZIMAGE_HEADER 0x34
#define ZIMAGE_ENDIAN 0x04030201u /* at 0x30 */
/* The usual distance from the start of RAM, to which it unpacks itself. */
#define ZIMAGE_OFFSET 0x10000

static bool is_zimage(const uint8_t *p, size_t have)
{
	return have >= 0x28 &&
	       (get_le32(p + 0x24) == ZIMAGE_MAGIC || get_be32(p + 0x24) == ZIMAGE_MAGIC);
}

static int read_zimage(const uint8_t *p, size_t have, uint64_t total, struct kernel_image *image,
		       char *why)
{
	uint32_t start, end;

	if (have < ZIMAGE_HEADER)
		return image_refuse(why, -EILSEQ, "is a 32-bit ARM zImage that is cut off");
	start = get_le32(p + 0x28);
	end = get_le32(p + 0x2c);
	if (get_le32(p + 0x24) != ZIMAGE_MAGIC || get_le32(p + 0x30) != ZIMAGE_ENDIAN)
		return image_refuse(why, -ENOTSUP,
				    "is a big-endian 32-bit ARM kernel; guests here "
				    "start little-endian");
	if (end <= start || end - start > total)
		return image_refuse(why, -EILSEQ,
				    "is a 32-bit ARM zImage that is cut off: its header "
				    "says 0x%x bytes, the file has 0x%" PRIx64,
				    end - start, total);
	image->narrow = true;
	image->text_offset = ZIMAGE_OFFSET;
	image->mem_size = total;
	return 0;
}

/* --- tables ------------------------------------------------------------------------------- */

static const struct arch_cpu_name cpus[] = {
	{ .prefix = "armv8,", .suffix = "-aarch32", .narrow = true },
	{ .prefix = "armv8," },
	{ .prefix = "armv7a,", .narrow = true },
	{ .prefix = "armv6,", .narrow = true },
	{ .prefix = "armv5te,", .narrow = true },
	{ .prefix = NULL },
};

/* In the order of arch_vcpu_configure(). */
static const struct arch_cpu_number numbers[] = {
	{ "gentimer_virt_irq", PPI_FIRST, PPI_LAST, 27 },
	{ "gentimer_phys_irq", PPI_FIRST, PPI_LAST, 30 },
	{ .prop = NULL },
};

static const struct arch_word words[] = { { "arm64", false }, { "arm32", true }, { NULL, false } };

static const struct arch_machine machines[] = {
	{ EM_AARCH64, false },
	{ EM_ARM, true },
	{ 0, false },
};

static const struct image_format formats[] = {
	{ .name = "an arm64 Linux Image", .is = is_arm64, .read = read_arm64,
	  .align = BLOCK_SIZE, .window = 32 * GIB },
	{ .name = "a 32-bit ARM zImage", .is = is_zimage, .read = read_zimage,
	  .align = 1, .clear = 128 * MIB },
	{ .name = NULL },
};

const struct arch_guest_kinds arch_guest_kinds = {
	.family = "ARM",
	.usual_cpu = "armv8,generic",
	.cpus = cpus,
	.numbers = numbers,
	.words = words,
	.machines = machines,
	.formats = formats,
	.cmdline_max = 2048,
};
