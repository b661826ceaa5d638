/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What guests this CPU runs, as constant tables: the names of their processors, the formats of
 * their kernels, words for messages. All that core says or decides by the kind of CPU is here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_file;
struct kernel_image;

/** A processor that a vCPU node's `compatible` may name. */
struct arch_cpu_name {
	const char *prefix; /**< begins with this and goes on */
	const char *suffix; /**< and ends with this; NULL: with anything */
	bool narrow;	    /**< its programs are for the narrower of the CPU's states (32-bit) */
};

/** A number in a vCPU node which only the port understands; no two of a vCPU are equal. */
struct arch_cpu_number {
	const char *prop;
	uint32_t min, max, normal;
};
#define ARCH_CPU_NUMBERS 2

/** A word of arch= in `guest create`; the first is what a guest is without it. */
struct arch_word {
	const char *word;
	bool narrow;
};

/** Machine number of ELF (EM_*), which other formats' numbers are translated to. */
struct arch_machine {
	uint16_t elf;
	bool narrow;
};

/**
 * A format of kernels for this CPU. Both functions look at the first `have` bytes of a content of
 * `total` bytes, believe nothing of it, and do not sleep.
 */
struct image_format {
	const char *name; /**< "an arm64 Linux Image" */
	/** Is it of this format? By its mark alone: what else is wrong with it read() says. */
	bool (*is)(const uint8_t *p, size_t have);
	/**
	 * Set narrow, mem_size, text_offset, entry and parts as far as they are not 0 and one part.
	 * @return 0; negative errno with a sentence made by image_refuse()
	 */
	int (*read)(const uint8_t *p, size_t have, uint64_t total, struct kernel_image *image,
		    char *why);
	uint64_t align;	 /**< load address: text_offset above a multiple of this power of two */
	uint64_t clear;	 /**< so much RAM, half of it at most, is the kernel's while it starts */
	uint64_t window; /**< kernel and RAM disk are in so much, aligned to 1 GiB; 0: anywhere */
};

/** Lists end with an entry whose first member is NULL or 0. */
struct arch_guest_kinds {
	const char *family;	/**< "ARM": "an ELF file for RISC-V, not for ARM" */
	const char *usual_cpu;	/**< an example for `compatible` */
	const struct arch_cpu_name *cpus;
	const struct arch_cpu_number *numbers; /**< ARCH_CPU_NUMBERS at most */
	const struct arch_word *words;
	const struct arch_machine *machines;
	const struct image_format *formats;
	/** Where an ELF file says itself how it wants to be entered: sets entry and entry_kind. */
	void (*elf_entry)(const struct elf_file *elf, struct kernel_image *image);
	size_t cmdline_max; /**< bytes that kernels take at most, with the terminating NUL */
};
extern const struct arch_guest_kinds arch_guest_kinds;
