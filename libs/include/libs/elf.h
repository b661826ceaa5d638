/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ELF object file format (System V ABI, chapters 4 and 5): records of both classes as they are
 * in a file, and a reader that gives both in one form with every offset and size checked.
 * The reader works on the file in memory, copies nothing but records, and takes files in the byte
 * order of this CPU only. Any context.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libs/util.h>

/* ---- header ----------------------------------------------------------------------- */
#define ELF_MAGIC		"\177ELF"
#define EI_CLASS		4
#define EI_DATA			5
#define EI_VERSION		6
#define EI_NIDENT		16
#define ELFCLASS32		1
#define ELFCLASS64		2
#define ELFDATA2LSB		1
#define ELFDATA2MSB		2
#define EV_CURRENT		1
#define ET_REL			1
#define ET_EXEC			2
#define ET_DYN			3
#define EM_386			3
#define EM_ARM			40
#define EM_X86_64		62
#define EM_AARCH64		183
#define EM_RISCV		243

struct elf32_ehdr {
	uint8_t e_ident[EI_NIDENT];
	uint16_t e_type;
	uint16_t e_machine;
	uint32_t e_version;
	uint32_t e_entry;
	uint32_t e_phoff;
	uint32_t e_shoff;
	uint32_t e_flags;
	uint16_t e_ehsize;
	uint16_t e_phentsize;
	uint16_t e_phnum;
	uint16_t e_shentsize;
	uint16_t e_shnum;
	uint16_t e_shstrndx;
};

struct elf64_ehdr {
	uint8_t e_ident[EI_NIDENT];
	uint16_t e_type;
	uint16_t e_machine;
	uint32_t e_version;
	uint64_t e_entry;
	uint64_t e_phoff;
	uint64_t e_shoff;
	uint32_t e_flags;
	uint16_t e_ehsize;
	uint16_t e_phentsize;
	uint16_t e_phnum;
	uint16_t e_shentsize;
	uint16_t e_shnum;
	uint16_t e_shstrndx;
};

/* ---- program headers -------------------------------------------------------------- */
#define PT_NULL			0
#define PT_LOAD			1
#define PT_DYNAMIC		2
#define PT_INTERP		3
#define PT_NOTE			4
#define PF_X			1
#define PF_W			2
#define PF_R			4

struct elf32_phdr {
	uint32_t p_type;
	uint32_t p_offset;
	uint32_t p_vaddr;
	uint32_t p_paddr;
	uint32_t p_filesz;
	uint32_t p_memsz;
	uint32_t p_flags;
	uint32_t p_align;
};

struct elf64_phdr {
	uint32_t p_type;
	uint32_t p_flags;
	uint64_t p_offset;
	uint64_t p_vaddr;
	uint64_t p_paddr;
	uint64_t p_filesz;
	uint64_t p_memsz;
	uint64_t p_align;
};

/* ---- sections --------------------------------------------------------------------- */
#define SHT_NULL		0
#define SHT_PROGBITS		1
#define SHT_SYMTAB		2
#define SHT_STRTAB		3
#define SHT_RELA		4
#define SHT_DYNAMIC		6
#define SHT_NOTE		7
#define SHT_NOBITS		8
#define SHT_REL			9
#define SHF_WRITE		1
#define SHF_ALLOC		2
#define SHF_EXECINSTR		4
#define SHN_UNDEF		0
#define SHN_LORESERVE		0xff00
#define SHN_ABS			0xfff1
#define SHN_COMMON		0xfff2

struct elf32_shdr {
	uint32_t sh_name;
	uint32_t sh_type;
	uint32_t sh_flags;
	uint32_t sh_addr;
	uint32_t sh_offset;
	uint32_t sh_size;
	uint32_t sh_link;
	uint32_t sh_info;
	uint32_t sh_addralign;
	uint32_t sh_entsize;
};

struct elf64_shdr {
	uint32_t sh_name;
	uint32_t sh_type;
	uint64_t sh_flags;
	uint64_t sh_addr;
	uint64_t sh_offset;
	uint64_t sh_size;
	uint32_t sh_link;
	uint32_t sh_info;
	uint64_t sh_addralign;
	uint64_t sh_entsize;
};

/* ---- symbols and relocations ------------------------------------------------------ */
#define STB_LOCAL		0
#define STB_GLOBAL		1
#define STB_WEAK		2
#define STT_NOTYPE		0
#define STT_OBJECT		1
#define STT_FUNC		2
#define STT_SECTION		3
#define STT_FILE		4
#define ELF_ST_BIND(info)	((info) >> 4)
#define ELF_ST_TYPE(info)	((info) & 15)
#define ELF32_R_SYM(info)	((info) >> 8)
#define ELF32_R_TYPE(info)	((info) & 0xff)
#define ELF64_R_SYM(info)	((uint32_t)((info) >> 32))
#define ELF64_R_TYPE(info)	((uint32_t)(info))

struct elf32_sym {
	uint32_t st_name;
	uint32_t st_value;
	uint32_t st_size;
	uint8_t st_info;
	uint8_t st_other;
	uint16_t st_shndx;
};

struct elf64_sym {
	uint32_t st_name;
	uint8_t st_info;
	uint8_t st_other;
	uint16_t st_shndx;
	uint64_t st_value;
	uint64_t st_size;
};

struct elf32_rel {
	uint32_t r_offset;
	uint32_t r_info;
};

struct elf32_rela {
	uint32_t r_offset;
	uint32_t r_info;
	int32_t r_addend;
};

struct elf64_rel {
	uint64_t r_offset;
	uint64_t r_info;
};

struct elf64_rela {
	uint64_t r_offset;
	uint64_t r_info;
	int64_t r_addend;
};

/* ---- dynamic section -------------------------------------------------------------- */
#define DT_NULL			0
#define DT_RELA			7
#define DT_RELASZ		8
#define DT_RELAENT		9

struct elf64_dyn {
	int64_t d_tag;
	uint64_t d_val;
};

/* ---- reader ----------------------------------------------------------------------- */

/** An ELF file whose header was checked by elf_open(). */
struct elf_file {
	const uint8_t *image;
	size_t size;		/* of the file in bytes */
	bool is64;
	uint16_t type;		/* ET_* */
	uint16_t machine;	/* EM_* */
	uint32_t flags;
	uint64_t entry;
	uint64_t phoff;		/* both tables lie within the file */
	uint64_t shoff;
	uint32_t phnum;
	uint32_t shnum;
	uint32_t shstrndx;	/* below shnum, or 0 where there are no names */
};

/** A program header in the form of either class; offset + filesz lie within the file. */
struct elf_segment {
	uint32_t type;
	uint32_t flags;		/* PF_* */
	uint64_t offset;
	uint64_t vaddr;		/* vaddr + memsz and paddr + memsz do not wrap */
	uint64_t paddr;
	uint64_t filesz;	/* not above memsz in a PT_LOAD */
	uint64_t memsz;
	uint64_t align;
};

/**
 * A section header in the form of either class; offset + size lie within the file, but for
 * SHT_NOBITS and SHT_NULL, which have no content.
 */
struct elf_section {
	const char *name;	/* terminated; "" where it has none */
	uint32_t type;
	uint64_t flags;		/* SHF_* */
	uint64_t addr;
	uint64_t offset;
	uint64_t size;
	uint32_t link;
	uint32_t info;
	uint64_t align;
	uint64_t entsize;
};

/** @return whether the data begins with the magic of an ELF file */
bool elf_detect(const void *image, size_t size);

/**
 * Checks the header of a file and where its tables are.
 *
 * @param elf    filled on success
 * @param image  the file; must stay as it is as long as @p elf is used; needs no alignment
 * @param size   its size in bytes
 * @param why    set to a sentence without full stop on an error; may be NULL
 * @return 0; -ENOEXEC: no ELF file, or of another byte order; -EILSEQ: damaged or cut off
 */
int elf_open(struct elf_file *elf, const void *image, size_t size,
	     const char **why) must_check;

/**
 * elf_open() that takes only 64-bit files of one machine, and checks every program header too.
 *
 * @param elf      filled on success
 * @param image    the file
 * @param size     its size in bytes
 * @param machine  EM_*
 * @param why      set to a sentence without full stop on an error; may be NULL
 * @return as elf_open(); -ENOEXEC also for another class or machine
 */
int elf64_check(struct elf_file *elf, const void *image, size_t size, uint16_t machine,
		const char **why) must_check;

/**
 * Reads and checks one program header.
 *
 * @param elf    the file
 * @param index  which, below elf->phnum
 * @param seg    the header
 * @param why    set to a sentence without full stop on an error; may be NULL
 * @return 0; -EINVAL: no such header; -EILSEQ: it points out of the file or wraps
 */
int elf_segment(const struct elf_file *elf, uint32_t index, struct elf_segment *seg,
		const char **why) must_check;

/**
 * Goes through the PT_LOAD segments that have memory.
 *
 * @param elf    the file
 * @param index  0 at the start; kept between the calls
 * @param seg    the segment
 * @param why    set to a sentence without full stop on an error; may be NULL
 * @return 1 where there is one, 0 behind the last, -EILSEQ as elf_segment()
 */
int elf_next_load(const struct elf_file *elf, uint32_t *index, struct elf_segment *seg,
		  const char **why) must_check;

/**
 * The range of addresses that all PT_LOAD segments take.
 *
 * @param elf       the file
 * @param physical  by p_paddr instead of p_vaddr
 * @param start     its first address
 * @param end       the address behind its last
 * @param why       set to a sentence without full stop on an error; may be NULL
 * @return 0; -ENOEXEC: there is nothing to load; -EILSEQ as elf_segment()
 */
int elf_load_range(const struct elf_file *elf, bool physical, uint64_t *start, uint64_t *end,
		   const char **why) must_check;

/**
 * Reads and checks one section header.
 *
 * @param elf    the file
 * @param index  which, below elf->shnum
 * @param sec    the header
 * @param why    set to a sentence without full stop on an error; may be NULL
 * @return 0; -EINVAL: no such section; -EILSEQ: it points out of the file, or its name does
 */
int elf_section(const struct elf_file *elf, uint32_t index, struct elf_section *sec,
		const char **why) must_check;

/**
 * Finds a section by its name.
 *
 * @param elf   the file
 * @param name  its name
 * @param sec   its header
 * @return its index; -ENOENT: there is none; -EILSEQ: a header before it is damaged
 */
int elf_section_find(const struct elf_file *elf, const char *name,
		     struct elf_section *sec) must_check;
