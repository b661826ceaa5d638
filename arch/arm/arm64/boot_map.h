/* SPDX-License-Identifier: GPL-2.0-only */
/* Between entry.S and boot_map.c. */
#pragma once

#include <stdint.h>

/**
 * Build the first tables. Translation is off.
 * @param load physical address of the image
 * @param fdt  physical address of the device tree blob, 0 for none
 * @return physical address of the root
 */
uint64_t boot_map(uint64_t load, uint64_t fdt);
