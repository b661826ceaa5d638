/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ELF files of any bytes: what the reader accepts is within the file.
 */
#include "fuzz.h"

#include <libs/elf.h>

static void check_segments(const struct elf_file *elf)
{
	struct elf_segment seg;
	uint64_t start, end;
	uint32_t index = 0;
	const char *why = NULL;
	int result;

	while ((result = elf_next_load(elf, &index, &seg, &why)) == 1) {
		FUZZ_CHECK(seg.type == PT_LOAD && seg.memsz && seg.filesz <= seg.memsz);
		FUZZ_CHECK(seg.offset <= elf->size && seg.filesz <= elf->size - seg.offset);
		FUZZ_CHECK(seg.vaddr + seg.memsz > seg.vaddr && seg.paddr + seg.memsz > seg.paddr);
	}
	FUZZ_CHECK(result == 0 || why);
	why = NULL;
	if (elf_load_range(elf, true, &start, &end, &why) == 0)
		FUZZ_CHECK(start < end);
	else
		FUZZ_CHECK(why);
}

static void check_sections(const struct elf_file *elf)
{
	struct elf_section sec;
	uint32_t i;

	for (i = 0; i < elf->shnum; i++) {
		const char *why = NULL;

		if (elf_section(elf, i, &sec, &why) != 0) {
			FUZZ_CHECK(why);
			continue;
		}
		FUZZ_CHECK(strlen(sec.name) <= elf->size);
		if (sec.type != SHT_NOBITS && sec.type != SHT_NULL)
			FUZZ_CHECK(sec.offset <= elf->size && sec.size <= elf->size - sec.offset);
	}
	if (elf_section_find(elf, ".text", &sec) >= 0)
		FUZZ_CHECK(strcmp(sec.name, ".text") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *why = NULL;
	struct elf_file elf;

	if (elf_open(&elf, data, size, &why) != 0) {
		FUZZ_CHECK(why);
		return 0;
	}
	check_segments(&elf);
	check_sections(&elf);
	if (elf64_check(&elf, data, size, EM_AARCH64, &why) == 0)
		FUZZ_CHECK(elf.is64 && elf.machine == EM_AARCH64);
	return 0;
}
