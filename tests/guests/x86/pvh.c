/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest of the PVH boot protocol (Xen's public/arch-x86/hvm/start_info.h): says what it was told,
 * and resets its machine in the ways that a PC has. The clock's memory counts the starts.
 */
#include "kit.h"

#define COUNTER 0x60
/* QEMU's fw_cfg: port of the selector, the one with the bytes; an item */
#define FW_CFG		0x510
#define FW_CFG_DATA	0x511
#define FW_CFG_NB_CPUS	0x05

struct start_info {
	uint32_t magic, version, flags, nr_modules;
	uint64_t modules, cmdline, rsdp, map;
	uint32_t nr_ranges, reserved;
};

struct module {
	uint64_t at, size, cmdline, reserved;
};

struct range {
	uint64_t at, size;
	uint32_t kind, reserved;
};

uint32_t pvh_info;

static uint8_t counted(void)
{
	outb(0x70, COUNTER);
	return inb(0x71);
}

static void count(uint8_t n)
{
	outb(0x70, COUNTER);
	outb(0x71, n);
}

static void print_told(const struct start_info *info)
{
	const struct module *module = (const void *)(uintptr_t)info->modules;
	const struct range *ranges = (const void *)(uintptr_t)info->map;
	const char *rsdp = (const void *)(uintptr_t)info->rsdp;
	uint64_t ram = 0;

	for (unsigned i = 0; i < info->nr_ranges; i++)
		ram += ranges[i].kind == 1 ? ranges[i].size >> 10 : 0;
	print_text("PVH magic ");
	print_hex(info->magic);
	print_text(" cmdline ");
	print_text((const void *)(uintptr_t)info->cmdline);
	print_text(" module ");
	if (info->nr_modules && module->size >= 6)
		print_text((const void *)(uintptr_t)module->at);
	print_text(rsdp[0] == 'R' && rsdp[7] == ' ' ? " ACPI" : " nothing");
	print_text(" RAM ");
	print_number(ram);
	print_text(" KB\n");
}

void guest_main(void)
{
	uint8_t n = counted();

	print_told((const void *)(uintptr_t)pvh_info);
	print_text("PVH start ");
	print_number(n);
	outw(FW_CFG, FW_CFG_NB_CPUS);
	print_text(" CPUs ");
	print_number(inb(FW_CFG_DATA));
	print_text("\n");
	count((uint8_t)(n + 1));
	if (n == 0)
		outb(0x64, 0xfe); /* by the keyboard controller */
	else if (n == 1)
		outb(0xcf9, 6); /* by the port that ACPI tells of */
	else
		outw(0x604, 0x3400); /* S5 */
	for (;;)
		__asm__ volatile("hlt");
}
