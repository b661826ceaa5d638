/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libs/multiboot.c and libs/acpi.c against tables that are made here: what a loader and a firmware
 * tell, and what of it is refused.
 */
#include <libs/acpi.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/multiboot.h>

#include <string.h>

#include "unit.h"

#define MEMORY 65536u

/* The machine's memory from 0 on. */
static uint8_t memory[MEMORY];

static const void *peek(uint64_t pa, uint64_t size)
{
	return pa < MEMORY && size <= MEMORY - pa ? memory + pa : NULL;
}

static void put_sum(uint32_t at, uint32_t size, uint32_t where)
{
	uint8_t sum = 0;

	memory[at + where] = 0;
	for (uint32_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + memory[at + i]);
	memory[at + where] = (uint8_t)-sum;
}

static void table(uint32_t at, const char *signature, uint32_t size)
{
	memcpy(memory + at, signature, 4);
	put_le32(memory + at + 4, size);
	put_sum(at, size, 9);
}

/* --- multiboot -------------------------------------------------------------------------------- */

static struct multiboot mb;

TEST(multiboot1_tells_memory_modules_and_words)
{
	memset(memory, 0, sizeof(memory));
	put_le32(memory + 0x1000, 0x104c); /* command line, modules, map, screen */
	put_le64(memory + 0x1058, 0xe0000000);
	put_le32(memory + 0x1060, 1600);
	put_le32(memory + 0x1064, 800);
	put_le32(memory + 0x1068, 600);
	memcpy(memory + 0x106c, "\x10\x01\x0b", 3);
	put_le32(memory + 0x1010, 0x2000);
	put_le32(memory + 0x1014, 2);
	put_le32(memory + 0x1018, 0x3000);
	put_le32(memory + 0x102c, 48);
	put_le32(memory + 0x1030, 0x4000);
	strcpy((char *)memory + 0x2000, "vmm.bin vmm.log=debug");
	put_le32(memory + 0x3000, 0x100000);
	put_le32(memory + 0x3004, 0x180000);
	put_le32(memory + 0x3008, 0x2100);
	strcpy((char *)memory + 0x2100, "initrd one=1");
	put_le32(memory + 0x3010, 0x200000); /* no end: left out */
	for (int i = 0; i < 2; i++) {
		put_le32(memory + 0x4000 + 24 * i, 20);
		put_le64(memory + 0x4004 + 24 * i, i ? 0x100000 : 0);
		put_le64(memory + 0x400c + 24 * i, i ? 0x7f00000 : 0x9fc00);
		put_le32(memory + 0x4014 + 24 * i, 1 + (uint32_t)i);
	}
	CHECK_EQ(multiboot_read(MULTIBOOT1_LOADED, 0x1000, peek, &mb), 0);
	CHECK_STR(mb.cmdline, "vmm.bin vmm.log=debug");
	CHECK_EQ(mb.nr_modules, 1);
	CHECK_EQ(mb.modules[0].end, 0x180000);
	CHECK_STR(mb.modules[0].text, "initrd one=1");
	CHECK_EQ(mb.nr_ranges, 2);
	CHECK_EQ(mb.ranges[1].base, 0x100000);
	CHECK_EQ(mb.ranges[1].size, 0x7f00000);
	CHECK_EQ(mb.ranges[1].type, 2);
	CHECK_EQ(mb.screen.base, 0xe0000000);
	CHECK(mb.screen.width == 800 && mb.screen.height == 600 && mb.screen.stride == 1600);
	CHECK(mb.screen.bits == 16 && mb.screen.red == 11);
	/* one that shows characters is none */
	memory[0x106d] = 2;
	CHECK_EQ(multiboot_read(MULTIBOOT1_LOADED, 0x1000, peek, &mb), 0);
	CHECK_EQ(mb.screen.bits, 0);
	/* a map that would go on beyond its end */
	put_le32(memory + 0x4000, 0xfffffff0);
	CHECK_EQ(multiboot_read(MULTIBOOT1_LOADED, 0x1000, peek, &mb), 0);
	CHECK_EQ(mb.nr_ranges, 1);
	/* pointers to nowhere */
	put_le32(memory + 0x1030, 0xfffffff0);
	put_le32(memory + 0x1010, MEMORY - 1);
	CHECK_EQ(multiboot_read(MULTIBOOT1_LOADED, 0x1000, peek, &mb), 0);
	CHECK_EQ(mb.nr_ranges, 0);
	CHECK_STR(mb.cmdline, "");
	CHECK_EQ(multiboot_read(MULTIBOOT1_LOADED, MEMORY, peek, &mb), -EINVAL);
	CHECK_EQ(multiboot_read(0, 0x1000, peek, &mb), -EINVAL);
}

static uint32_t tag(uint32_t at, uint32_t type, uint32_t size)
{
	put_le32(memory + at, type);
	put_le32(memory + at + 4, size);
	return at + ((size + 7) & ~7u);
}

TEST(multiboot2_tells_the_same_and_where_acpi_is)
{
	uint32_t at = 0x1008;

	memset(memory, 0, sizeof(memory));
	strcpy((char *)memory + at + 8, "a=b");
	at = tag(at, 1, 12);
	put_le32(memory + at + 8, 0x100000);
	put_le32(memory + at + 12, 0x180000);
	strcpy((char *)memory + at + 16, "disk");
	at = tag(at, 3, 21);
	put_le32(memory + at + 8, 24);
	put_le64(memory + at + 16, 0x100000);
	put_le64(memory + at + 24, 0x1000);
	put_le32(memory + at + 32, 1);
	at = tag(at, 6, 40);
	memcpy(memory + at + 8, "RSD PTR ", 8);
	at = tag(at, 15, 44);
	put_le64(memory + at + 8, 0xfd000000);
	put_le32(memory + at + 16, 4096);
	put_le32(memory + at + 20, 1024);
	put_le32(memory + at + 24, 768);
	memcpy(memory + at + 28, "\x20\x01\0\0\x10\x08", 6);
	at = tag(at, 8, 38);
	at = tag(at, 8, 32); /* too short to be one */
	at = tag(at, 0, 8);
	put_le32(memory + 0x1000, at - 0x1000);
	CHECK_EQ(multiboot_read(MULTIBOOT2_LOADED, 0x1000, peek, &mb), 0);
	CHECK_STR(mb.cmdline, "a=b");
	CHECK_EQ(mb.nr_modules, 1);
	CHECK_STR(mb.modules[0].text, "disk");
	CHECK_EQ(mb.nr_ranges, 1);
	CHECK_EQ(mb.ranges[0].size, 0x1000);
	CHECK_EQ(mb.rsdp_size, 36);
	CHECK_EQ(mb.screen.base, 0xfd000000);
	CHECK_EQ(mb.screen.width, 1024);
	CHECK_EQ(mb.screen.height, 768);
	CHECK_EQ(mb.screen.stride, 4096);
	CHECK_EQ(mb.screen.bits, 32);
	CHECK_EQ(mb.screen.red, 16);
	/* no end, and a tag that is longer than all */
	put_le32(memory + 0x1000, at - 0x1000 - 8);
	CHECK_EQ(multiboot_read(MULTIBOOT2_LOADED, 0x1000, peek, &mb), -EINVAL);
	put_le32(memory + 0x100c, 0xfffffff8);
	CHECK_EQ(multiboot_read(MULTIBOOT2_LOADED, 0x1000, peek, &mb), -EINVAL);
}

/* --- ACPI ------------------------------------------------------------------------------------- */

static struct acpi_info info;

static void make_madt(uint32_t at)
{
	static const uint8_t entries[] = {
		0, 8, 0, 0, 1, 0, 0, 0,			/* APIC 0 */
		0, 8, 1, 2, 1, 0, 0, 0,			/* APIC 2 */
		0, 8, 2, 3, 0, 0, 0, 0,			/* not there */
		1, 12, 1, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0,
		2, 10, 0, 9, 20, 0, 0, 0, 0x0f, 0,	/* ISA 9 is 20, level, low */
		9, 16, 0, 0, 0x34, 0x12, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0,
		0, 0,					/* an entry without length ends it */
		0, 8, 3, 7, 1, 0, 0, 0,
	};

	put_le32(memory + at + 36, 0xfee00000);
	memcpy(memory + at + 44, entries, sizeof(entries));
	table(at, "APIC", 44 + sizeof(entries));
}

static void make_fadt(uint32_t at, uint32_t dsdt)
{
	static const uint8_t aml[] = { 0x08, '_',  'S', '5', '_', 0x12, 6, 4,
				       0x0a, 5,	   1,	0,   0,	  0,	0 };

	put_le32(memory + at + 40, dsdt);
	put_le32(memory + at + 64, 0x604);
	put_le32(memory + at + 76, 0x608);
	memory[at + 91] = 4;
	put_le32(memory + at + 112, 1u << 10);
	memory[at + 116] = 1;
	put_le64(memory + at + 120, 0xcf9);
	memory[at + 128] = 15;
	table(at, "FACP", 132);
	memcpy(memory + dsdt + 36, aml, sizeof(aml));
	table(dsdt, "DSDT", 36 + sizeof(aml));
}

static void make_all(void)
{
	memset(memory, 0, sizeof(memory));
	make_madt(0x2000);
	make_fadt(0x3000, 0x4000);
	put_le64(memory + 0x5000 + 44, 0xb0000000);
	memory[0x5000 + 55] = 255;
	table(0x5000, "MCFG", 60);
	put_le64(memory + 0x6000 + 44, 0xfed00000);
	table(0x6000, "HPET", 56);
	for (uint32_t i = 0; i < 4; i++)
		put_le32(memory + 0x1100 + 36 + 4 * i, 0x2000 + 0x1000 * (i ? i + (i > 1) : 0));
	table(0x1100, "RSDT", 36 + 16);
	memcpy(memory + 0x1000, "RSD PTR ", 8);
	put_le32(memory + 0x1010, 0x1100);
	put_sum(0x1000, 20, 8);
}

TEST(acpi_tables_are_read)
{
	make_all();
	CHECK_EQ(acpi_read(memory + 0x1000, 20, peek, &info), 0);
	CHECK_EQ(info.nr_cpus, 3);
	CHECK_EQ(info.cpus[1], 2);
	CHECK_EQ(info.cpus[2], 0x1234);
	CHECK_EQ(info.lapic, 0xfee00000);
	CHECK_EQ(info.nr_ioapics, 1);
	CHECK_EQ(info.ioapics[0].address, 0xfec00000);
	CHECK_EQ(info.isa[9].gsi, 20);
	CHECK(info.isa[9].level && info.isa[9].low);
	CHECK_EQ(info.isa[4].gsi, 4);
	CHECK_EQ(info.pm_timer, 0x608);
	CHECK_EQ(info.pm1a_control, 0x604);
	CHECK(info.has_reset);
	CHECK_EQ(info.reset.address, 0xcf9);
	CHECK_EQ(info.s5a, 5);
	CHECK_EQ(info.s5b, 1);
	CHECK_EQ(info.nr_segments, 1);
	CHECK_EQ(info.segments[0].last_bus, 255);
	CHECK_EQ(info.hpet, 0xfed00000);
}

TEST(acpi_tables_with_wrong_sums_are_left_out)
{
	make_all();
	memory[0x2000 + 40] ^= 1;
	CHECK_EQ(acpi_read(memory + 0x1000, 20, peek, &info), 0);
	CHECK(!info.has_madt);
	CHECK(info.has_fadt);
	memory[0x1100 + 10] ^= 1;
	CHECK_EQ(acpi_read(memory + 0x1000, 20, peek, &info), -EINVAL);
	memory[0x1000 + 15] = 2;
	CHECK_EQ(acpi_read(memory + 0x1000, 20, peek, &info), -EINVAL);
}

TEST(s5_is_found_in_all_its_spellings)
{
	static const uint8_t words[] = { 0,    0x08, '_', 'S',  '5', '_', 0x12, 0x41,
					 0,    4,    0,	  0x0a, 7,   0,	  0 };
	static const uint8_t cut[] = { 0, 0x08, '_', 'S', '5', '_', 0x12, 6, 4, 0x0a };
	uint16_t a = 9, b = 9;

	CHECK(acpi_find_s5(words, sizeof(words), &a, &b));
	CHECK_EQ(a, 0);
	CHECK_EQ(b, 7);
	CHECK(!acpi_find_s5(cut, sizeof(cut), &a, &b));
	CHECK(!acpi_find_s5(words, 0, &a, &b));
}
