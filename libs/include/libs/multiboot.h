/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a boot loader of the multiboot kind tells (Multiboot Specification 0.6.96 and 2.0): memory,
 * command line, modules, where ACPI begins. It is read as untrusted bytes; nothing is kept but
 * pointers into what peek() shows. No data of its own.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <libs/util.h>

#define MULTIBOOT1_LOADED 0x2badb002u /* EAX at entry */
#define MULTIBOOT2_LOADED 0x36d76289u

#define MULTIBOOT_RANGES  128
#define MULTIBOOT_MODULES 16
#define MULTIBOOT_TEXT	  4096 /* bytes of a command line, terminator included */

#define MULTIBOOT_RAM 1 /* multiboot_range.type: usable; anything else is not */

/**
 * Shows physical memory.
 * @return where [pa, pa + size) can be read, NULL when it cannot
 */
typedef const void *(*phys_peek)(uint64_t pa, uint64_t size);

struct multiboot_range {
	uint64_t base, size;
	uint32_t type;
};

struct multiboot_module {
	uint64_t start, end;
	const char *text;	/* file and arguments; never NULL */
};

/** A frame buffer of direct colours. */
struct multiboot_screen {
	uint64_t base;
	uint32_t width, height; /* pixels */
	uint32_t stride;	/* bytes from line to line */
	uint8_t bits;		/* of a pixel, all of its bytes */
	uint8_t red;		/* lowest bit of red */
};

struct multiboot {
	const char *cmdline;	/* never NULL */
	unsigned nr_ranges, nr_modules;
	unsigned lost;		/* ranges and modules for which there was no room */
	struct multiboot_range ranges[MULTIBOOT_RANGES];
	struct multiboot_module modules[MULTIBOOT_MODULES];
	const uint8_t *rsdp;	/* copy of ACPI's root pointer; NULL: not told */
	size_t rsdp_size;
	struct multiboot_screen screen; /* bits 0: not told, or one that shows characters */
};

/**
 * Read it.
 * @param magic  EAX at entry
 * @param info   EBX at entry: physical address
 * @return 0, -EINVAL: not a multiboot loader, or information that makes no sense
 */
must_check int multiboot_read(uint32_t magic, uint64_t info, phys_peek peek, struct multiboot *out);
