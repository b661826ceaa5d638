/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Images that guests boot from: what a file is, and where in memory its parts belong. Files are
 * recognised by their content, never trusted, and only described here; core/guest/guest_image.c
 * copies them into a guest. Facts: the System V ABI for ELF, U-Boot's legacy image header, Linux'
 * EFI zboot header; formats of kernels are the port's.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <arch/types.h>
#include <libs/util.h>

struct image_format;

enum image_kind {
	IMAGE_KERNEL, /**< of a format of the port's (arch/guest_kinds.h) */
	IMAGE_ELF,    /**< executable with fixed physical addresses */
	IMAGE_UIMAGE, /**< U-Boot legacy image with fixed load address */
	IMAGE_RAW,    /**< nothing that is known: machine code from its first byte */
};

/** A run of bytes of the (uncompressed) content and the memory it fills; the rest is zeros. */
struct image_part {
	uint64_t offset;   /**< in the content */
	uint64_t size;	   /**< bytes of content */
	uint64_t mem_size; /**< bytes of memory, size or more */
	gpa_t gpa;	   /**< absolute when the image is `fixed`, else from its load address */
};

#define IMAGE_PARTS_MAX 16

/** How an ELF file wants to be entered, where its CPU has several ways. */
enum image_entry {
	IMAGE_ENTRY_LINUX64,   /**< 64-bit code, as Linux' vmlinux */
	IMAGE_ENTRY_LINUX32,   /**< 32-bit code of a Linux kernel */
	IMAGE_ENTRY_PVH,       /**< 32-bit code, by the note of PVH guests of Xen */
	IMAGE_ENTRY_MULTIBOOT, /**< 32-bit code, by the header of Multiboot 1 */
};

struct kernel_image {
	enum image_kind kind;
	const struct image_format *format; /**< KERNEL: its format, else NULL */
	const char *cpu;      /**< ELF, UIMAGE: what it is for, in words; else NULL */
	bool narrow;	      /**< code for the narrower of the CPU's states (32-bit on ARM) */
	enum image_entry entry_kind; /**< ELF */
	bool fixed;	      /**< goes where it says: load, entry and parts are absolute */
	bool gzip;	      /**< the content is compressed in the file */
	uint64_t data_offset; /**< the content in the file, */
	uint64_t data_size;   /**<   as large as it is there */
	uint32_t data_crc;    /**< UIMAGE: CRC-32 of that, checked by image_open() */
	uint64_t size; /**< bytes of content, uncompressed (of a gzip file: as it says itself) */
	uint64_t mem_size;    /**< bytes of memory from load on, with what is behind the content */
	uint64_t text_offset; /**< KERNEL, not fixed: usual distance from an aligned start of RAM */
	gpa_t load;	      /**< fixed: lowest address; else 0 */
	uint64_t entry; /**< fixed: first instruction; else its distance from the load address */
	struct image_part parts[IMAGE_PARTS_MAX];
	unsigned nr_parts;
};

#define IMAGE_WHY_MAX 200

/**
 * Say what a file is. Any context; about 300 bytes of stack.
 *
 * @param data   the file's content, uncompressed, or its beginning (IMAGE_HEAD bytes or all)
 * @param have   bytes at data
 * @param total  bytes that the content has altogether, have or more
 * @param image  filled on success; gzip, data_offset and data_size only as far as the header says
 * @param why    receives a sentence without full stop on an error, IMAGE_WHY_MAX bytes
 * @return 0; -ENOEXEC: nothing that a guest could boot; -EILSEQ: damaged, cut off; -ENOTSUP: known
 *         but not for us; -EAGAIN: all of the content is needed at data (ELF). IMAGE_RAW is never
 * an error: the caller decides whether it takes such
 */
must_check int image_recognise(const void *data, size_t have, uint64_t total,
			       struct kernel_image *image, char *why);
/** Bytes of the beginning that image_recognise() looks at, other than for ELF. */
#define IMAGE_HEAD 4096

/**
 * Find out all about a file of the VFS, through gzip and other containers. Thread context, sleeps.
 * @param why  as above, also for files that cannot be read
 * @return 0 or negative errno
 */
must_check int image_open(const char *path, struct kernel_image *image, char *why);

/** "an arm64 Linux Image", "an ELF file for 64-bit ARM" … for sentences; 64 bytes are enough. */
void image_describe(const struct kernel_image *image, char *buf, size_t size);

/* For readers of formats, the port's included. */

/** Write a sentence without full stop to why (IMAGE_WHY_MAX bytes). @return err */
int image_refuse(char *why, int err, const char *fmt, ...) printf_like(3, 4);
/** The sections of an EFI executable must lie within the file. @return 0 also for what is none */
int image_check_pe(const uint8_t *p, size_t have, uint64_t total, char *why);

/* --- placement ---------------------------------------------------------------------------- */

/** What is to be put into a guest's RAM. Sizes in bytes, 0 for what there is not. */
struct boot_wish {
	gpa_t ram;
	uint64_t ram_size;
	const struct kernel_image *kernel; /**< NULL: firmware elsewhere */
	uint64_t initrd_size;
	uint64_t dtb_size;
	gpa_t load; /**< where the kernel shall go; 0: where its kind goes */
};

struct boot_plan {
	gpa_t kernel;	/**< load address */
	uint64_t entry; /**< first instruction */
	gpa_t initrd;
	gpa_t dtb;
};

/** The largest device tree that Linux maps. */
#define BOOT_DTB_MAX 0x200000

/**
 * Find a place for each, by the rules of the kernel's kind. Any context.
 * @param why  receives a sentence without full stop on an error, IMAGE_WHY_MAX bytes
 * @return 0; -ENOSPC: too little memory; -EINVAL: the given or fixed address cannot be
 */
must_check int boot_plan_make(const struct boot_wish *wish, struct boot_plan *plan, char *why);
