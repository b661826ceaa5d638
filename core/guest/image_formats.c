/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The image formats with structure: ELF, U-Boot's legacy header, EFI executables and the
 * compressed ones of Linux (zboot). Works on bytes in memory and believes nothing of them.
 */
#include "image_formats.h"

#include <arch/guest_kinds.h>
#include <libs/byteorder.h>
#include <libs/crc32.h>
#include <libs/elf.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

/* --- what CPU a file is for ------------------------------------------------------------------ */

/* Numbers of CPUs in the formats: ELF, EFI (PE/COFF), U-Boot. */
static const struct machine {
	uint16_t elf, pe;
	uint8_t uimage;
	const char *name;
} machine_names[] = {
	{ EM_386, 0x014c, 3, "32-bit x86" },
	{ EM_X86_64, 0x8664, 24, "64-bit x86" },
	{ EM_ARM, 0x01c2, 2, "32-bit ARM" },
	{ EM_AARCH64, 0xaa64, 22, "64-bit ARM" },
	{ EM_RISCV, 0x5064, 26, "RISC-V" },
};

static const struct machine *find_machine(uint16_t elf, uint16_t pe, uint8_t uimage)
{
	static const struct machine other = { .name = "another processor" };

	if ((pe & ~7) == 0x01c0) /* ARM, with Thumb or not */
		pe = 0x01c2;
	for (unsigned i = 0; i < ARRAY_SIZE(machine_names); i++) {
		const struct machine *m = &machine_names[i];

		if ((elf && m->elf == elf) || (pe && m->pe == pe) ||
		    (uimage && m->uimage == uimage))
			return m;
	}
	return &other;
}

/* Do guests here run its code? Then the image has its width and name. */
static bool set_machine(const struct machine *m, struct kernel_image *image)
{
	for (const struct arch_machine *own = arch_guest_kinds.machines; own->elf; own++) {
		if (own->elf != m->elf)
			continue;
		image->narrow = own->narrow;
		image->cpu = m->name;
		return true;
	}
	return false;
}

/* --- EFI executables (PE/COFF) ------------------------------------------------------------- */

#define PE_OFFSET    0x3c /* where the position of the PE header is */
#define PE_SIGNATURE 0x00004550u
#define PE_HEADER    24
#define PE_SECTION   40

/* @return the COFF header behind the signature, NULL when this is no such file */
static const uint8_t *pe_header(const uint8_t *p, size_t have)
{
	uint32_t at;

	if (have < PE_OFFSET + 4 || p[0] != 'M' || p[1] != 'Z')
		return NULL;
	at = get_le32(p + PE_OFFSET);
	if (at > have || have - at < PE_HEADER || get_le32(p + at) != PE_SIGNATURE)
		return NULL;
	return p + at + 4;
}

int image_refuse_pe(const uint8_t *p, size_t have, char *why)
{
	const uint8_t *coff = pe_header(p, have);

	if (!coff)
		return image_refuse(why, -ENOEXEC, "is a program for DOS, no kernel");
	return image_refuse(why, -ENOEXEC,
			    "is an EFI program for %s, no Linux kernel; only firmware can start it",
			    find_machine(0, get_le16(coff), 0)->name);
}

/*
 * A kernel that was cut off by a full disk or a broken download has a sound beginning. Its EFI
 * header tells how long the file was.
 */
int image_check_pe(const uint8_t *p, size_t have, uint64_t total, char *why)
{
	const uint8_t *coff = pe_header(p, have);
	const uint8_t *section;
	unsigned count;

	if (!coff)
		return 0;
	section = coff + 20 + get_le16(coff + 16);
	for (count = get_le16(coff + 2); count; count--, section += PE_SECTION) {
		uint64_t end;

		if ((size_t)(section - p) + PE_SECTION > have)
			return 0;
		end = (uint64_t)get_le32(section + 16) + get_le32(section + 20);
		if (end > total)
			return image_refuse(why, -EILSEQ,
					    "is cut off: it has 0x%" PRIx64 " of at "
					    "least 0x%" PRIx64 " bytes",
					    total, end);
	}
	return 0;
}

/* --- Linux zboot: an EFI executable around a compressed Image ----------------------------------
 */

bool image_is_zboot(const uint8_t *p, size_t have)
{
	return have >= 64 && !memcmp(p, "MZ\0\0zimg", 8);
}

int image_read_zboot(const uint8_t *p, uint64_t total, struct kernel_image *image, char *why)
{
	uint32_t offset = get_le32(p + 8), size = get_le32(p + 12);
	char how[9];

	memcpy(how, p + 24, 8);
	how[8] = '\0';
	for (char *c = how; *c; c++) {
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
	if (strcmp(how, "gzip"))
		return image_refuse(why, -ENOTSUP,
				    "is an EFI kernel compressed by %s; only gzip can be "
				    "decompressed here, so take the Image it was made of",
				    how);
	if (offset > total || size > total - offset)
		return image_refuse(why, -EILSEQ,
				    "is a compressed EFI kernel that is cut off: it has "
				    "0x%" PRIx64 " of 0x%" PRIx64 " bytes",
				    total, (uint64_t)offset + size);
	image->gzip = true;
	image->data_offset = offset;
	image->data_size = size;
	return 0;
}

/* --- U-Boot's legacy image ------------------------------------------------------------------ */

#define UIMAGE_MAGIC  0x27051956u
#define UIMAGE_HEADER 64

bool image_is_uimage(const uint8_t *p, size_t have)
{
	return have >= UIMAGE_HEADER && get_be32(p) == UIMAGE_MAGIC;
}

/* The checksum of the header is made with its own field zero. */
static bool uimage_header_ok(const uint8_t *p)
{
	static const uint8_t zero[4];
	uint32_t crc = crc32_update(0, p, 4);

	crc = crc32_update(crc, zero, 4);
	return crc32_update(crc, p + 8, UIMAGE_HEADER - 8) == get_be32(p + 4);
}

int image_read_uimage(const uint8_t *p, uint64_t total, struct kernel_image *image, char *why)
{
	uint32_t size = get_be32(p + 12);
	uint8_t cpu = p[29], type = p[30], comp = p[31];
	const struct machine *m = find_machine(0, 0, cpu);

	if (!uimage_header_ok(p))
		return image_refuse(why, -EILSEQ,
				    "is a U-Boot image with a wrong checksum of its header: "
				    "the file is damaged");
	if (!set_machine(m, image))
		return image_refuse(why, -ENOTSUP,
				    "is a U-Boot image for %s (number %u), not for %s",
				    m->name, cpu, arch_guest_kinds.family);
	if (type != 1 && type != 2)
		return image_refuse(why, -ENOTSUP,
				    "is a U-Boot image of type %u, neither kernel (2) nor "
				    "program (1)",
				    type);
	if (comp > 1)
		return image_refuse(why, -ENOTSUP,
				    "is a U-Boot image compressed in a way (number %u) that "
				    "cannot be decompressed here; use none or gzip",
				    comp);
	if (size == 0 || size > total - UIMAGE_HEADER)
		return image_refuse(why, -EILSEQ,
				    "is a U-Boot image that is cut off: its header says 0x%x "
				    "bytes, the file has 0x%" PRIx64,
				    size, total - UIMAGE_HEADER);
	image->kind = IMAGE_UIMAGE;
	image->fixed = true;
	image->gzip = comp == 1;
	image->data_offset = UIMAGE_HEADER;
	image->data_size = size;
	image->data_crc = get_be32(p + 24);
	image->size = size;
	image->mem_size = size;
	image->load = get_be32(p + 16);
	image->entry = get_be32(p + 20);
	return 0;
}

/* --- ELF -------------------------------------------------------------------------------------- */

bool image_is_elf(const uint8_t *p, size_t have)
{
	return elf_detect(p, have);
}

/* The entry is a virtual address; the program starts without address translation. */
static uint64_t physical_entry(const struct elf_file *elf)
{
	struct elf_segment seg;
	uint32_t at = 0;

	while (elf_next_load(elf, &at, &seg, NULL) == 1) {
		if (elf->entry >= seg.vaddr && elf->entry - seg.vaddr < seg.memsz)
			return elf->entry - seg.vaddr + seg.paddr;
	}
	return elf->entry;
}

static int elf_parts(const struct elf_file *elf, struct kernel_image *image, char *why)
{
	struct elf_segment seg;
	uint32_t at = 0;
	const char *what;
	int found;

	while ((found = elf_next_load(elf, &at, &seg, &what)) == 1) {
		if (image->nr_parts == IMAGE_PARTS_MAX)
			return image_refuse(why, -ENOTSUP,
					    "is an ELF file with more than %u segments "
					    "to load",
					    IMAGE_PARTS_MAX);
		image->parts[image->nr_parts++] = (struct image_part){
			.offset = seg.offset,
			.size = seg.filesz,
			.mem_size = seg.memsz,
			.gpa = seg.paddr,
		};
	}
	if (found < 0)
		return image_refuse(why, found, "is a damaged ELF file: %s", what);
	return 0;
}

int image_read_elf(const uint8_t *p, size_t size, struct kernel_image *image, char *why)
{
	const struct machine *m;
	struct elf_file elf;
	const char *what;
	uint64_t start, end;
	int err = elf_open(&elf, p, size, &what);

	if (err)
		return image_refuse(why, err, "is an ELF file that cannot be used: %s", what);
	m = find_machine(elf.machine, 0, 0);
	if (!set_machine(m, image))
		return image_refuse(why, -ENOTSUP,
				    "is an ELF file for %s (machine %u), not for %s",
				    m->name, elf.machine, arch_guest_kinds.family);
	if (elf.type != ET_EXEC && elf.type != ET_DYN)
		return image_refuse(why, -ENOTSUP,
				    "is an ELF file of type %u, not linked to a program; "
				    "link it to its address",
				    elf.type);
	err = elf_load_range(&elf, true, &start, &end, &what);
	if (err)
		return image_refuse(why, err, "is an ELF file that cannot be used: %s", what);
	err = elf_parts(&elf, image, why);
	if (err)
		return err;
	image->kind = IMAGE_ELF;
	image->fixed = true;
	image->load = start;
	image->mem_size = end - start;
	image->entry = physical_entry(&elf);
	if (arch_guest_kinds.elf_entry)
		arch_guest_kinds.elf_entry(&elf, image);
	return 0;
}
