/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a boot loader and firmware left, as any bytes: the input is the machine's memory. Its first
 * byte says what is read; ACPI's tables are also read with sums that are right, as nothing of them
 * would be looked at otherwise.
 */
#include "fuzz.h"

#include <libs/acpi.h>
#include <libs/byteorder.h>
#include <libs/multiboot.h>

#include <string.h>

static const uint8_t *memory;
static size_t memory_size;

static const void *peek(uint64_t pa, uint64_t size)
{
	return pa < memory_size && size <= memory_size - pa ? memory + pa : NULL;
}

static uint8_t image[8192];

/* Make a sum right, as far as there are bytes. */
static void mend(size_t at, uint64_t length, size_t where)
{
	uint8_t sum = 0;

	if (length > sizeof(image) - at || where >= length)
		return;
	for (size_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + image[at + i]);
	image[at + where] = (uint8_t)(image[at + where] - sum);
}

/*
 * RSDP and a root with the tables that are known, of which the input is all that follows their
 * names. The first byte says which root; pieces are of as many bytes as the next bytes say.
 */
static void make_tables(const uint8_t *data, size_t size)
{
	static const char names[][5] = { "FACP", "APIC", "MCFG", "HPET", "DSDT" };
	bool wide = data[0] & 1;
	size_t at = 512, n;
	unsigned i;

	memset(image, 0, sizeof(image));
	memcpy(image, "RSD PTR ", 8);
	image[15] = wide ? 2 : 0;
	put_le32(image + 16, 64);
	put_le64(image + 24, wide ? 64 : 0);
	mend(0, 20, 8);
	memcpy(image + 64, wide ? "XSDT" : "RSDT", 4);
	put_le32(image + 68, wide ? 36 + 8 * 5 : 36 + 4 * 5);
	data++;
	size--;
	for (i = 0; i < 5; i++, at = (at + n + 64) & ~(size_t)15) {
		put_le32(image + 100 + (wide ? 8 : 4) * i, (uint32_t)at);
		n = size ? MIN(size - 1, sizeof(image) - at - 128) : 0;
		n = size ? MIN_T(size_t, 4 + 8u * data[0], n) : 0;
		memcpy(image + at, names[i], 4);
		put_le32(image + at + 4, (uint32_t)n + 8);
		if (n)
			memcpy(image + at + 8, data + 1, n);
		/* The length is the table's own word once in a while. */
		if (n && data[0] & 0x80)
			put_le32(image + at + 4, data[1]);
		/* The DSDT is where the first table says. */
		if (i == 0 && n > 36)
			put_le32(image + at + 40, 2048);
		mend(at, get_le32(image + at + 4), 9);
		data += size ? n + 1 : 0;
		size -= size ? n + 1 : 0;
		if (i == 3)
			at = 2048 - 64 - n;
	}
	mend(64, get_le32(image + 68), 9);
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
	if (data[0] & 4 && size > 1) {
		make_tables(data + 1, size - 1);
		memory = image;
		memory_size = sizeof(image);
		(void)!acpi_read(image, 36, peek, &info);
		return 0;
	}
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
