/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private to image.c and image_formats.c: readers of the formats that take more than a few lines.
 * All work on the beginning of a file and set `why` to a sentence when they refuse it.
 */
#pragma once

#include <core/image.h>

/** Say what an EFI or DOS executable is for. @return -ENOEXEC */
int image_refuse_pe(const uint8_t *p, size_t have, char *why);

bool image_is_elf(const uint8_t *p, size_t have);
int image_read_elf(const uint8_t *p, size_t size, struct kernel_image *image, char *why);
bool image_is_uimage(const uint8_t *p, size_t have);
int image_read_uimage(const uint8_t *p, uint64_t total, struct kernel_image *image, char *why);
bool image_is_zboot(const uint8_t *p, size_t have);
int image_read_zboot(const uint8_t *p, uint64_t total, struct kernel_image *image, char *why);
