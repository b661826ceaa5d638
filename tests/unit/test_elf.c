/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libs/elf.c with this very program, whose header the kernel has read too, and with small files of
 * both classes that are built here and damaged field by field.
 */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <libs/elf.h>
#include <libs/errno.h>

#include "unit.h"

/* From <sys/auxv.h>, whose <elf.h> has the same names as ours. */
unsigned long getauxval(unsigned long type);
#define AT_PHNUM	5
#define AT_ENTRY	9

static void *read_self(size_t *size)
{
	FILE *f = fopen("/proc/self/exe", "rb");
	size_t capacity = 64 << 20;
	void *data = malloc(capacity);

	*size = fread(data, 1, capacity, f);
	fclose(f);
	return realloc(data, *size);
}

TEST(this_program)
{
	struct elf_section sec;
	struct elf_segment seg;
	struct elf_file elf;
	const char *why = NULL;
	uint64_t start, end;
	uint32_t index = 0, loads = 0;
	size_t size;
	void *image = read_self(&size);
	uint16_t machine = ((uint16_t *)image)[9];

	REQUIRE(elf64_check(&elf, image, size, machine, &why) == 0);
	CHECK_EQ(elf.phnum, getauxval(AT_PHNUM));
	CHECK_EQ(elf.entry & 0xfff, getauxval(AT_ENTRY) & 0xfff);
	while (elf_next_load(&elf, &index, &seg, &why) == 1)
		loads++;
	CHECK(loads >= 2);
	CHECK_EQ(elf_load_range(&elf, false, &start, &end, &why), 0);
	CHECK(start < end && elf.entry >= start && elf.entry < end);
	REQUIRE(elf_section_find(&elf, ".text", &sec) > 0);
	CHECK(sec.type == SHT_PROGBITS && sec.flags == (SHF_ALLOC | SHF_EXECINSTR));
	CHECK(elf.entry >= sec.addr && elf.entry < sec.addr + sec.size);
	CHECK_EQ(elf_section_find(&elf, ".no such section", &sec), -ENOENT);
	CHECK_EQ(elf64_check(&elf, image, size, EM_386, &why), -ENOEXEC);
	CHECK_STR(why, "this ELF file is for CPUs of another architecture");
	CHECK_EQ(elf64_check(&elf, image, size / 2, machine, &why), -EILSEQ);
	free(image);
}

/* A file with two segments and three sections, of either class. */
struct file64 {
	struct elf64_ehdr header;
	struct elf64_phdr segments[2];
	struct elf64_shdr sections[3];
	char names[32];
	uint8_t content[64];
};

struct file32 {
	struct elf32_ehdr header;
	struct elf32_phdr segments[2];
	struct elf32_shdr sections[3];
	char names[32];
	uint8_t content[64];
};

#define FILL(f, class, bits)							\
	do {									\
		memset(&(f), 0, sizeof(f));					\
		memcpy((f).header.e_ident, ELF_MAGIC, 4);			\
		(f).header.e_ident[EI_CLASS] = class;				\
		(f).header.e_ident[EI_DATA] = ELFDATA2LSB;			\
		(f).header.e_ident[EI_VERSION] = EV_CURRENT;			\
		(f).header.e_type = ET_EXEC;					\
		(f).header.e_machine = EM_AARCH64;				\
		(f).header.e_entry = 0x80000;					\
		(f).header.e_phoff = offsetof(struct file##bits, segments);	\
		(f).header.e_phnum = 2;						\
		(f).header.e_phentsize = sizeof((f).segments[0]);		\
		(f).header.e_shoff = offsetof(struct file##bits, sections);	\
		(f).header.e_shnum = 3;						\
		(f).header.e_shentsize = sizeof((f).sections[0]);		\
		(f).header.e_shstrndx = 1;					\
		(f).segments[0].p_type = PT_NOTE;				\
		(f).segments[1].p_type = PT_LOAD;				\
		(f).segments[1].p_flags = PF_R | PF_X;				\
		(f).segments[1].p_offset = offsetof(struct file##bits, content);	\
		(f).segments[1].p_vaddr = 0x80000;				\
		(f).segments[1].p_paddr = 0x40080000;				\
		(f).segments[1].p_filesz = 64;					\
		(f).segments[1].p_memsz = 4096;					\
		(f).sections[1].sh_type = SHT_STRTAB;				\
		(f).sections[1].sh_name = 1;					\
		(f).sections[1].sh_offset = offsetof(struct file##bits, names);	\
		(f).sections[1].sh_size = 32;					\
		(f).sections[2].sh_type = SHT_PROGBITS;				\
		(f).sections[2].sh_name = 11;					\
		(f).sections[2].sh_offset = offsetof(struct file##bits, content);	\
		(f).sections[2].sh_size = 64;					\
		memcpy((f).names, "\0.shstrtab\0.text", 17);			\
	} while (0)

static void check_good(const void *image, size_t size, bool is64)
{
	struct elf_section sec;
	struct elf_segment seg;
	struct elf_file elf;
	uint64_t start, end;
	uint32_t index = 0;

	REQUIRE(elf_open(&elf, image, size, NULL) == 0);
	CHECK(elf.is64 == is64 && elf.machine == EM_AARCH64 && elf.type == ET_EXEC);
	CHECK_EQ(elf_next_load(&elf, &index, &seg, NULL), 1);
	CHECK(seg.vaddr == 0x80000 && seg.paddr == 0x40080000 && seg.flags == (PF_R | PF_X));
	CHECK(seg.filesz == 64 && seg.memsz == 4096);
	CHECK_EQ(elf_next_load(&elf, &index, &seg, NULL), 0);
	CHECK_EQ(elf_load_range(&elf, true, &start, &end, NULL), 0);
	CHECK(start == 0x40080000 && end == 0x40081000);
	CHECK_EQ(elf_section_find(&elf, ".text", &sec), 2);
	CHECK_EQ(sec.size, 64);
	CHECK_EQ(elf_section(&elf, 3, &sec, NULL), -EINVAL);
	CHECK_EQ(elf_segment(&elf, 2, &seg, NULL), -EINVAL);
}

TEST(both_classes_at_any_alignment)
{
	struct file64 wide;
	struct file32 narrow;
	size_t at;

	FILL(wide, ELFCLASS64, 64);
	FILL(narrow, ELFCLASS32, 32);
	for (at = 0; at < 4; at++) {
		uint8_t *copy = malloc(at + sizeof(wide));

		memcpy(copy + at, &wide, sizeof(wide));
		check_good(copy + at, sizeof(wide), true);
		free(copy);
		copy = malloc(at + sizeof(narrow));
		memcpy(copy + at, &narrow, sizeof(narrow));
		check_good(copy + at, sizeof(narrow), false);
		free(copy);
	}
}

static void bad_file(const struct file64 *f, int expected, const char *text)
{
	struct elf_file elf;
	const char *why = NULL;

	CHECK_EQ(elf64_check(&elf, f, sizeof(*f), EM_AARCH64, &why), expected);
	CHECK_STR(why, text);
}

TEST(damaged_headers_are_told)
{
	struct file64 f;

	FILL(f, ELFCLASS64, 64);
	f.header.e_ident[0] = 0;
	bad_file(&f, -ENOEXEC, "this is no ELF file");
	FILL(f, ELFCLASS64, 64);
	f.header.e_ident[EI_DATA] = ELFDATA2MSB;
	bad_file(&f, -ENOEXEC, "this ELF file is of the other byte order");
	FILL(f, 3, 64);
	bad_file(&f, -EILSEQ, "this ELF file is of an unknown class");
	FILL(f, ELFCLASS64, 64);
	f.header.e_ident[EI_VERSION] = 0;
	bad_file(&f, -ENOEXEC, "this ELF file is of an unknown version");
	FILL(f, ELFCLASS64, 64);
	f.header.e_phentsize--;
	bad_file(&f, -EILSEQ, "its program headers have a wrong size");
	FILL(f, ELFCLASS64, 64);
	f.header.e_phoff = UINT64_MAX;
	bad_file(&f, -EILSEQ, "its program headers are not within the file");
	FILL(f, ELFCLASS64, 64);
	f.header.e_phnum = 0xffff;
	bad_file(&f, -EILSEQ, "its program headers are not within the file");
	FILL(f, ELFCLASS64, 64);
	f.header.e_shentsize++;
	bad_file(&f, -EILSEQ, "its section headers have a wrong size");
	FILL(f, ELFCLASS64, 64);
	f.header.e_shoff = sizeof(f) - 10;
	bad_file(&f, -EILSEQ, "its section headers are not within the file");
	FILL(f, ELFCLASS64, 64);
	f.header.e_shstrndx = 3;
	bad_file(&f, -EILSEQ, "its section of names does not exist");
}

TEST(damaged_segments_are_told)
{
	struct file64 f;

	FILL(f, ELFCLASS64, 64);
	f.segments[1].p_offset = UINT64_MAX - 8;
	bad_file(&f, -EILSEQ, "a segment is not within the file: is it cut off?");
	FILL(f, ELFCLASS64, 64);
	f.segments[1].p_filesz = UINT64_MAX;
	bad_file(&f, -EILSEQ, "a segment is not within the file: is it cut off?");
	FILL(f, ELFCLASS64, 64);
	f.segments[1].p_memsz = UINT64_MAX;
	bad_file(&f, -EILSEQ, "a segment goes beyond the end of the address space");
	FILL(f, ELFCLASS64, 64);
	f.segments[1].p_paddr = UINT64_MAX;
	bad_file(&f, -EILSEQ, "a segment goes beyond the end of the address space");
	FILL(f, ELFCLASS64, 64);
	f.segments[1].p_memsz = 63;
	bad_file(&f, -EILSEQ, "a segment has more content than memory");
}

TEST(a_32_bit_segment_does_not_wrap_at_4_gib)
{
	struct file32 f;
	struct elf_file elf;
	struct elf_segment seg;
	const char *why = NULL;

	FILL(f, ELFCLASS32, 32);
	f.segments[1].p_vaddr = 0xfffff001;
	REQUIRE(elf_open(&elf, &f, sizeof(f), &why) == 0);
	CHECK_EQ(elf_segment(&elf, 1, &seg, &why), -EILSEQ);
	CHECK_STR(why, "a segment goes beyond the end of the address space");
	CHECK_EQ(elf64_check(&elf, &f, sizeof(f), EM_AARCH64, &why), -ENOEXEC);
	CHECK_STR(why, "this ELF file is for 32-bit CPUs");
}

TEST(nothing_to_load_is_told)
{
	struct file64 f;
	struct elf_file elf;
	const char *why = NULL;
	uint64_t start, end;

	FILL(f, ELFCLASS64, 64);
	f.segments[1].p_type = PT_NULL;
	REQUIRE(elf_open(&elf, &f, sizeof(f), &why) == 0);
	CHECK_EQ(elf_load_range(&elf, false, &start, &end, &why), -ENOEXEC);
	CHECK_STR(why, "this ELF file has nothing to load");
}

static void bad_section(const struct file64 *f, const char *text)
{
	struct elf_section sec;
	struct elf_file elf;
	const char *why = NULL;

	REQUIRE(elf_open(&elf, f, sizeof(*f), &why) == 0);
	CHECK_EQ(elf_section(&elf, 2, &sec, &why), -EILSEQ);
	CHECK_STR(why, text);
	CHECK_EQ(elf_section_find(&elf, ".nothing", &sec), -EILSEQ);
}

TEST(damaged_sections_are_told)
{
	struct file64 f;

	FILL(f, ELFCLASS64, 64);
	f.sections[2].sh_size = 65;
	bad_section(&f, "a section is not within the file: is it cut off?");
	FILL(f, ELFCLASS64, 64);
	f.sections[2].sh_name = 32;
	bad_section(&f, "the name of a section is not within its table");
	FILL(f, ELFCLASS64, 64);
	memset(f.names + 11, 'x', 21 + sizeof(f.content));
	bad_section(&f, "the name of a section is not within its table");
	FILL(f, ELFCLASS64, 64);
	f.sections[1].sh_offset = UINT64_MAX;
	bad_section(&f, "the name of a section is not within its table");
}

TEST(every_cut_is_found)
{
	struct file64 f;
	size_t size;

	FILL(f, ELFCLASS64, 64);
	for (size = 0; size < sizeof(f); size++) {
		struct elf_file elf;
		void *copy = malloc(size);

		memcpy(copy, &f, size);
		CHECK(elf64_check(&elf, copy, size, EM_AARCH64, NULL) < 0);
		free(copy);
	}
}
