/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private to image.c and image_formats.c: readers of the formats that take more than a few lines.
 * All work on the beginning of a file and set `why` to a sentence when they refuse it.
 */
#pragma once

#include <core/image.h>

/** Write a sentence to why. @return err */
int image_refuse(char *why, int err, const char *fmt, ...) printf_like(3, 4);

/** The sections of an EFI executable must lie within the file. @return 0 also for what is none */
int image_check_pe(const uint8_t *p, size_t have, uint64_t total, char *why);
/** Machine that an EFI or Windows executable is for, in words. */
const char *image_pe_machine(const uint8_t *p, size_t have);

bool image_is_elf(const uint8_t *p, size_t have);
int image_read_elf(const uint8_t *p, size_t size, struct kernel_image *image, char *why);
bool image_is_uimage(const uint8_t *p, size_t have);
int image_read_uimage(const uint8_t *p, uint64_t total, struct kernel_image *image, char *why);
bool image_is_zboot(const uint8_t *p, size_t have);
/* Of x86 (image_x86.c). */
bool image_is_bzimage(const uint8_t *p, size_t have);
int image_read_bzimage(const uint8_t *p, uint64_t total, struct kernel_image *image, char *why);
struct elf_file;
/** How and where it is entered; entry and entry_kind are set. */
void image_read_x86_entry(const struct elf_file *elf, struct kernel_image *image);
int image_read_zboot(const uint8_t *p, uint64_t total, struct kernel_image *image, char *why);
