/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a boot loader and firmware left, as any bytes: the input is the machine's memory. Its first
 * byte says what is read.
 */
#include "fuzz.h"

#include <libs/acpi.h>
#include <libs/multiboot.h>

static const uint8_t *memory;
static size_t memory_size;

static const void *peek(uint64_t pa, uint64_t size)
{
	return pa < memory_size && size <= memory_size - pa ? memory + pa : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct multiboot mb;
	static struct acpi_info info;
	uint16_t a, b;

	if (!size)
		return 0;
	memory = data + 1;
	memory_size = size - 1;
	switch (data[0] & 3) {
	case 0:
		(void)!multiboot_read(MULTIBOOT1_LOADED, 0, peek, &mb);
		break;
	case 1:
		(void)!multiboot_read(MULTIBOOT2_LOADED, 0, peek, &mb);
		break;
	case 2:
		(void)!acpi_read(memory, memory_size, peek, &info);
		break;
	default:
		(void)acpi_find_s5(memory, memory_size, &a, &b);
		break;
	}
	return 0;
}
