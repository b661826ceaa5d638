/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What guests run on x86: names of processors, Linux' bzImage (Documentation/arch/x86/boot.rst),
 * and how ELF files want to be entered: by the note of PVH guests (Xen's public/elfnote.h), by a
 * header of Multiboot 1, or as 64-bit code. Works on bytes in memory and believes nothing of them.
 */
#include <arch/guest_kinds.h>

#include <core/image.h>
#include <libs/byteorder.h>
#include <libs/elf.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

/* Offsets in the file. */
#define SETUP_SECTS    0x1f1
#define SYSSIZE	       0x1f4
#define BOOT_FLAG      0x1fe
#define MAGIC	       0x202
#define VERSION	       0x206
#define LOAD_FLAGS     0x211
#define XLOADFLAGS     0x236
#define PREF_ADDRESS   0x258
#define INIT_SIZE      0x260
#define HEADER_END     0x268

/* Versions of the protocol, by what came with them. */
#define WITH_CMDLINE   0x202 /* anywhere in memory: the oldest that is started here */
#define WITH_PREFERRED 0x20a /* and init_size */
#define WITH_XLOAD     0x20c
#define LOADED_HIGH    1
#define LOAD_ADDRESS   0x100000
#define XLF_KERNEL_64  BIT32(0)
#define ENTRY_64       0x200

#define NOTE_PHYS32    18
#define MULTIBOOT      0x1badb002u
#define MULTIBOOT_AREA 8192u
#define MULTIBOOT_ADDRESSES BIT32(16)
#define MULTIBOOT_HEADER 32u /* with addresses */

static bool is_bzimage(const uint8_t *p, size_t have)
{
	return have >= MAGIC + 4 && !memcmp(p + MAGIC, "HdrS", 4);
}

static int read_bzimage(const uint8_t *p, size_t have, uint64_t total, struct kernel_image *image,
			char *why)
{
	unsigned version, sectors = p[SETUP_SECTS];
	uint64_t setup = ((sectors ? sectors : 4) + 1) * 512ull;
	uint64_t size = get_le32(p + SYSSIZE) * 16ull;

	if (have < HEADER_END || get_le16(p + BOOT_FLAG) != 0xaa55)
		return image_refuse(why, -EILSEQ, "is a Linux kernel (bzImage) that is damaged or "
				    "cut off");
	version = get_le16(p + VERSION);
	if (version < WITH_CMDLINE || !(p[LOAD_FLAGS] & LOADED_HIGH))
		return image_refuse(why, -ENOTSUP,
				    "is a Linux kernel of boot protocol %u.%02u%s; a bzImage of "
				    "2.02 is the oldest that can be started here", version >> 8,
				    version & 0xff, p[LOAD_FLAGS] & LOADED_HIGH ? "" : " (zImage)");
	/* The last paragraph may be a part of one. */
	if (setup >= total || size > total - setup + 15)
		return image_refuse(why, -EILSEQ,
				    "is a Linux kernel that is cut off: it has 0x%" PRIx64
				    " of 0x%" PRIx64 " bytes", total, setup + size);
	image->mem_size = total - setup;
	image->text_offset = LOAD_ADDRESS;
	if (version >= WITH_PREFERRED) {
		image->mem_size = MAX_T(uint64_t, get_le32(p + INIT_SIZE), image->mem_size);
		image->text_offset = get_le64(p + PREF_ADDRESS);
	}
	image->entry_kind = IMAGE_ENTRY_LINUX32;
	if (version >= WITH_XLOAD && get_le16(p + XLOADFLAGS) & XLF_KERNEL_64) {
		image->entry_kind = IMAGE_ENTRY_LINUX64;
		image->entry = ENTRY_64;
	}
	/* What is behind it the kernel clears by itself. */
	image->nr_parts = 1;
	image->parts[0] = (struct image_part){ .offset = setup, .size = total - setup,
					       .mem_size = total - setup };
	return 0;
}

/* --- ELF -------------------------------------------------------------------------------- */

/* The PVH entry out of a segment of notes. @return 0: none */
static uint32_t find_note(const uint8_t *p, uint64_t size)
{
	while (size >= 12) {
		uint32_t name = get_le32(p), desc = get_le32(p + 4), type = get_le32(p + 8);
		uint64_t at = 12 + ALIGN_UP((uint64_t)name, 4);
		uint64_t next = at + ALIGN_UP((uint64_t)desc, 4);

		if (at > size || desc > size - at)
			return 0;
		if (type == NOTE_PHYS32 && name == 4 && !memcmp(p + 12, "Xen", 4) &&
		    (desc == 4 || desc == 8))
			return get_le32(p + at);
		if (next > size)
			return 0;
		p += next;
		size -= next;
	}
	return 0;
}

/* The header of Multiboot among the first bytes. @return its offset; negative: there is none */
static int find_multiboot(const uint8_t *image, size_t size)
{
	size_t n = MIN_T(size_t, size, MULTIBOOT_AREA);

	for (size_t i = 0; i + 12 <= n; i += 4) {
		const uint8_t *p = image + i;

		if (get_le32(p) == MULTIBOOT &&
		    !(uint32_t)(get_le32(p) + get_le32(p + 4) + get_le32(p + 8)))
			return (int)i;
	}
	return -1;
}

static void elf_entry(const struct elf_file *elf, struct kernel_image *image)
{
	struct elf_segment seg;
	const char *what;
	uint32_t note;

	if (find_multiboot(elf->image, elf->size) >= 0) {
		image->entry_kind = IMAGE_ENTRY_MULTIBOOT;
		return;
	}
	for (uint32_t i = 0; i < elf->phnum; i++) {
		if (elf_segment(elf, i, &seg, &what) || seg.type != PT_NOTE)
			continue;
		note = find_note(elf->image + seg.offset, seg.filesz);
		if (note) {
			image->entry_kind = IMAGE_ENTRY_PVH;
			image->entry = note;
			return;
		}
	}
	/* Without either, 32-bit files begin as Multiboot ones do. */
	image->entry_kind = elf->is64 ? IMAGE_ENTRY_LINUX64 : IMAGE_ENTRY_MULTIBOOT;
}

/* --- Multiboot without ELF ---------------------------------------------------------------- */

static bool is_multiboot(const uint8_t *p, size_t have)
{
	int at = have >= 4 && memcmp(p, ELF_MAGIC, 4) ? find_multiboot(p, have) : -1;

	return at >= 0 && get_le32(p + at + 4) & MULTIBOOT_ADDRESSES;
}

/* Its header says where the file's bytes go (Multiboot 0.6.96, 3.1.3). */
static int read_multiboot(const uint8_t *p, size_t have, uint64_t total, struct kernel_image *image,
			  char *why)
{
	uint64_t at = (uint64_t)find_multiboot(p, have), header, load, end, bss, entry, from;

	if (at + MULTIBOOT_HEADER > have)
		return image_refuse(why, -EILSEQ, "is a Multiboot kernel that is cut off in its "
				    "header");
	header = get_le32(p + at + 12);
	load = get_le32(p + at + 16);
	end = get_le32(p + at + 20);
	bss = get_le32(p + at + 24);
	entry = get_le32(p + at + 28);
	from = at - (header - load);
	if (header < load || header - load > at)
		return image_refuse(why, -EILSEQ, "is a Multiboot kernel whose addresses cannot "
				    "be: header at 0x%" PRIx64 ", loaded to 0x%" PRIx64,
				    header, load);
	end = end ? end : load + total - from;
	bss = bss ? bss : end;
	if (end <= load || end - load > total - from)
		return image_refuse(why, -EILSEQ, "is a Multiboot kernel that is cut off: it has "
				    "0x%" PRIx64 " of 0x%" PRIx64 " bytes", total - from,
				    end - load);
	if (bss < end || entry < load || entry >= bss)
		return image_refuse(why, -EILSEQ, "is a Multiboot kernel whose addresses cannot "
				    "be: entry 0x%" PRIx64 ", memory from 0x%" PRIx64
				    " to 0x%" PRIx64, entry, load, bss);
	image->entry_kind = IMAGE_ENTRY_MULTIBOOT;
	image->fixed = true;
	image->load = load;
	image->entry = entry;
	image->mem_size = bss - load;
	image->nr_parts = 1;
	image->parts[0] = (struct image_part){ .offset = from, .size = end - load,
					       .mem_size = bss - load, .gpa = load };
	return 0;
}

/* --- tables ------------------------------------------------------------------------------- */

static const struct arch_cpu_name cpus[] = { { .prefix = "x86," }, { .prefix = NULL } };
static const struct arch_cpu_number numbers[] = { { .prop = NULL } };
static const struct arch_word words[] = { { "x86_64", false }, { NULL, false } };

static const struct arch_machine machines[] = {
	{ EM_X86_64, false },
	{ EM_386, false },
	{ 0, false },
};

/* Placed by its board. */
static const struct image_format formats[] = {
	{ .name = "a Linux kernel for x86 (bzImage)", .is = is_bzimage, .read = read_bzimage,
	  .align = 1 },
	{ .name = "a Multiboot kernel", .is = is_multiboot, .read = read_multiboot, .align = 1 },
	{ .name = NULL },
};

const struct arch_guest_kinds arch_guest_kinds = {
	.family = "x86",
	.usual_cpu = "x86,generic",
	.cpus = cpus,
	.numbers = numbers,
	.words = words,
	.machines = machines,
	.formats = formats,
	.elf_entry = elf_entry,
	.cmdline_max = 2048,
};
