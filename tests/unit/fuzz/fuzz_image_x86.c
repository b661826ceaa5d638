/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As fuzz_image.c, with the kernels of the port for x86: bzImage, notes of PVH guests, headers of
 * Multiboot. What differs is the port's file that it is linked with, and what it starts from.
 */
#include "fuzz_image.c"
