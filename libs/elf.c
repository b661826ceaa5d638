/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reader of ELF files. Records are copied out of the file (which need not be aligned) into one form
 * for both classes, and every offset and size is checked against the file before it is followed.
 */
#include <libs/elf.h>

#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/string.h>

#define NATIVE_DATA	(CPU_IS_LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB)

static int fail(const char **why, int err, const char *text)
{
	if (why)
		*why = text;
	return err;
}

/* Whether @p size bytes from @p offset on are in the file. */
static bool in_file(const struct elf_file *elf, uint64_t offset, uint64_t size)
{
	return offset <= elf->size && size <= elf->size - offset;
}

bool elf_detect(const void *image, size_t size)
{
	return size >= EI_NIDENT && memcmp(image, ELF_MAGIC, 4) == 0;
}

static uint32_t segment_record(const struct elf_file *elf)
{
	return elf->is64 ? sizeof(struct elf64_phdr) : sizeof(struct elf32_phdr);
}

static uint32_t section_record(const struct elf_file *elf)
{
	return elf->is64 ? sizeof(struct elf64_shdr) : sizeof(struct elf32_shdr);
}

/* The header in the form of the 64-bit class; that of its own class is within the file. */
static struct elf64_ehdr read_header(const struct elf_file *elf)
{
	struct elf64_ehdr header;
	struct elf32_ehdr narrow;

	if (elf->is64) {
		memcpy(&header, elf->image, sizeof(header));
		return header;
	}
	memcpy(&narrow, elf->image, sizeof(narrow));
	return (struct elf64_ehdr){
		.e_type = narrow.e_type,
		.e_machine = narrow.e_machine,
		.e_version = narrow.e_version,
		.e_entry = narrow.e_entry,
		.e_phoff = narrow.e_phoff,
		.e_shoff = narrow.e_shoff,
		.e_flags = narrow.e_flags,
		.e_ehsize = narrow.e_ehsize,
		.e_phentsize = narrow.e_phentsize,
		.e_phnum = narrow.e_phnum,
		.e_shentsize = narrow.e_shentsize,
		.e_shnum = narrow.e_shnum,
		.e_shstrndx = narrow.e_shstrndx,
	};
}

static int check_tables(struct elf_file *elf, const struct elf64_ehdr *header, const char **why)
{
	if (header->e_phnum) {
		if (header->e_phentsize != segment_record(elf))
			return fail(why, -EILSEQ, "its program headers have a wrong size");
		if (!in_file(elf, header->e_phoff,
			     (uint64_t)header->e_phnum * header->e_phentsize))
			return fail(why, -EILSEQ, "its program headers are not within the file");
	}
	if (header->e_shnum) {
		if (header->e_shentsize != section_record(elf))
			return fail(why, -EILSEQ, "its section headers have a wrong size");
		if (!in_file(elf, header->e_shoff,
			     (uint64_t)header->e_shnum * header->e_shentsize))
			return fail(why, -EILSEQ, "its section headers are not within the file");
		if (header->e_shstrndx >= header->e_shnum)
			return fail(why, -EILSEQ, "its section of names does not exist");
	}
	return 0;
}

int elf_open(struct elf_file *elf, const void *image, size_t size, const char **why)
{
	struct elf_file file = { .image = image, .size = size };
	struct elf64_ehdr header;
	int err;

	if (!elf_detect(image, size))
		return fail(why, -ENOEXEC, "this is no ELF file");
	if (file.image[EI_DATA] != NATIVE_DATA)
		return fail(why, -ENOEXEC, "this ELF file is of the other byte order");
	if (file.image[EI_CLASS] != ELFCLASS32 && file.image[EI_CLASS] != ELFCLASS64)
		return fail(why, -EILSEQ, "this ELF file is of an unknown class");
	if (file.image[EI_VERSION] != EV_CURRENT)
		return fail(why, -ENOEXEC, "this ELF file is of an unknown version");
	file.is64 = file.image[EI_CLASS] == ELFCLASS64;
	if (size < (file.is64 ? sizeof(struct elf64_ehdr) : sizeof(struct elf32_ehdr)))
		return fail(why, -EILSEQ, "this ELF file is cut off in its header");
	header = read_header(&file);
	err = check_tables(&file, &header, why);
	if (err)
		return err;
	file.type = header.e_type;
	file.machine = header.e_machine;
	file.flags = header.e_flags;
	file.entry = header.e_entry;
	file.phoff = header.e_phoff;
	file.phnum = header.e_phnum;
	file.shoff = header.e_shoff;
	file.shnum = header.e_shnum;
	file.shstrndx = header.e_shnum ? header.e_shstrndx : 0;
	*elf = file;
	return 0;
}

int elf64_check(struct elf_file *elf, const void *image, size_t size, uint16_t machine,
		const char **why)
{
	struct elf_file file;
	struct elf_segment seg;
	uint32_t i;
	int err;

	err = elf_open(&file, image, size, why);
	if (err)
		return err;
	if (!file.is64)
		return fail(why, -ENOEXEC, "this ELF file is for 32-bit CPUs");
	if (file.machine != machine)
		return fail(why, -ENOEXEC, "this ELF file is for CPUs of another architecture");
	for (i = 0; i < file.phnum; i++) {
		err = elf_segment(&file, i, &seg, why);
		if (err)
			return err;
	}
	*elf = file;
	return 0;
}

static struct elf_segment read_segment(const struct elf_file *elf, uint32_t index)
{
	const uint8_t *at = elf->image + elf->phoff + (uint64_t)index * segment_record(elf);
	struct elf64_phdr wide;
	struct elf32_phdr narrow;

	if (elf->is64) {
		memcpy(&wide, at, sizeof(wide));
		return (struct elf_segment){
			.type = wide.p_type, .flags = wide.p_flags, .offset = wide.p_offset,
			.vaddr = wide.p_vaddr, .paddr = wide.p_paddr, .filesz = wide.p_filesz,
			.memsz = wide.p_memsz, .align = wide.p_align,
		};
	}
	memcpy(&narrow, at, sizeof(narrow));
	return (struct elf_segment){
		.type = narrow.p_type, .flags = narrow.p_flags, .offset = narrow.p_offset,
		.vaddr = narrow.p_vaddr, .paddr = narrow.p_paddr, .filesz = narrow.p_filesz,
		.memsz = narrow.p_memsz, .align = narrow.p_align,
	};
}

int elf_segment(const struct elf_file *elf, uint32_t index, struct elf_segment *seg,
		const char **why)
{
	struct elf_segment s;
	uint64_t limit = elf->is64 ? UINT64_MAX : UINT32_MAX;

	if (index >= elf->phnum)
		return fail(why, -EINVAL, "there is no such program header");
	s = read_segment(elf, index);
	if (!in_file(elf, s.offset, s.filesz))
		return fail(why, -EILSEQ, "a segment is not within the file: is it cut off?");
	if (s.memsz > limit - s.vaddr || s.memsz > limit - s.paddr)
		return fail(why, -EILSEQ, "a segment goes beyond the end of the address space");
	if (s.type == PT_LOAD && s.filesz > s.memsz)
		return fail(why, -EILSEQ, "a segment has more content than memory");
	*seg = s;
	return 0;
}

int elf_next_load(const struct elf_file *elf, uint32_t *index, struct elf_segment *seg,
		  const char **why)
{
	while (*index < elf->phnum) {
		int err = elf_segment(elf, *index, seg, why);

		if (err)
			return err;
		(*index)++;
		if (seg->type == PT_LOAD && seg->memsz)
			return 1;
	}
	return 0;
}

int elf_load_range(const struct elf_file *elf, bool physical, uint64_t *start, uint64_t *end,
		   const char **why)
{
	uint64_t low = UINT64_MAX, high = 0;
	struct elf_segment seg;
	uint32_t index = 0;
	int found;

	while ((found = elf_next_load(elf, &index, &seg, why)) == 1) {
		uint64_t addr = physical ? seg.paddr : seg.vaddr;

		low = MIN(low, addr);
		high = MAX(high, addr + seg.memsz);
	}
	if (found < 0)
		return found;
	if (low >= high)
		return fail(why, -ENOEXEC, "this ELF file has nothing to load");
	*start = low;
	*end = high;
	return 0;
}

/* The section but for its name, which is left as an offset. The index is below shnum. */
static struct elf_section read_section(const struct elf_file *elf, uint32_t index, uint32_t *name)
{
	const uint8_t *at = elf->image + elf->shoff + (uint64_t)index * section_record(elf);
	struct elf64_shdr wide;
	struct elf32_shdr narrow;

	if (elf->is64) {
		memcpy(&wide, at, sizeof(wide));
		*name = wide.sh_name;
		return (struct elf_section){
			.type = wide.sh_type, .flags = wide.sh_flags, .addr = wide.sh_addr,
			.offset = wide.sh_offset, .size = wide.sh_size, .link = wide.sh_link,
			.info = wide.sh_info, .align = wide.sh_addralign,
			.entsize = wide.sh_entsize,
		};
	}
	memcpy(&narrow, at, sizeof(narrow));
	*name = narrow.sh_name;
	return (struct elf_section){
		.type = narrow.sh_type, .flags = narrow.sh_flags, .addr = narrow.sh_addr,
		.offset = narrow.sh_offset, .size = narrow.sh_size, .link = narrow.sh_link,
		.info = narrow.sh_info, .align = narrow.sh_addralign,
		.entsize = narrow.sh_entsize,
	};
}

/* The name at an offset of the section of names, or NULL where it is not within that. */
static const char *section_name(const struct elf_file *elf, uint32_t offset)
{
	struct elf_section names;
	uint32_t unused;
	const char *name;

	if (!elf->shstrndx)
		return "";
	names = read_section(elf, elf->shstrndx, &unused);
	if (names.type != SHT_STRTAB || !in_file(elf, names.offset, names.size) ||
	    offset >= names.size)
		return NULL;
	name = (const char *)elf->image + names.offset + offset;
	if (strnlen(name, (size_t)(names.size - offset)) == names.size - offset)
		return NULL;
	return name;
}

int elf_section(const struct elf_file *elf, uint32_t index, struct elf_section *sec,
		const char **why)
{
	struct elf_section s;
	uint32_t name;

	if (index >= elf->shnum)
		return fail(why, -EINVAL, "there is no such section");
	s = read_section(elf, index, &name);
	if (s.type != SHT_NOBITS && s.type != SHT_NULL && !in_file(elf, s.offset, s.size))
		return fail(why, -EILSEQ, "a section is not within the file: is it cut off?");
	s.name = section_name(elf, name);
	if (!s.name)
		return fail(why, -EILSEQ, "the name of a section is not within its table");
	*sec = s;
	return 0;
}

int elf_section_find(const struct elf_file *elf, const char *name, struct elf_section *sec)
{
	uint32_t i;

	for (i = 0; i < elf->shnum; i++) {
		struct elf_section s;
		int err = elf_section(elf, i, &s, NULL);

		if (err)
			return err;
		if (strcmp(s.name, name) == 0) {
			*sec = s;
			return (int)i;
		}
	}
	return -ENOENT;
}
