/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest board "pc": the node that it builds is a sound description, what it loads is where each
 * boot protocol wants it, and ACPI's tables are what ACPI's own compiler makes of them.
 */
#include "board_guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arch/vcpu.h>
#include <core/board.h>
#include <core/dt.h>
#include <core/emu.h>
#include <libs/byteorder.h>
#include <libs/elf.h>
#include <libs/errno.h>

#include "../../boards/pc.h"

#define K 1024

static const char *const props[] = {
	"virtio_type", "blkdev", "serial", "read-only", "kernel", "initrd", "cmdline", "switch",
	"local-mac-address", "acpi-rsdp", "e820", "table-loader", "sercon-port", "boot-menu",
	"acpi-tables", "slot", "ports", "port_names", NULL,
};
static const struct emulator any = { .name = "any", .props = props };
static const struct emulator host = { .name = "host", .props = props, .bus = "pci" };
static const struct emulator function = { .name = "virtio", .props = props, .on = "pci" };

const struct emulator *emu_find(const struct dt_node *node, const void **match_data)
{
	return dt_compatible(node, "pci-host-i440fx") ? &host
	       : dt_compatible(node, "virtio,pci") || dt_compatible(node, "intel,piix3") ||
			 dt_compatible(node, "intel,piix4-pm") ? &function : &any;
}

static uint8_t kernel[300 * K], kernel32[300 * K], kernel_old[300 * K];
static uint8_t initrd[70 * K], elf[16 * K], firmware[256 * K];

/* A bzImage of protocol 2.15 with 4 sectors of setup. */
static void make_kernel(void)
{
	for (size_t i = 0; i < sizeof(kernel); i++)
		kernel[i] = (uint8_t)(0x80 | i * 7);
	memset(kernel + 0x1f1, 0, 0x100);
	kernel[0x1f1] = 4;
	put_le32(kernel + 0x1f4, (sizeof(kernel) - 5 * 512) / 16);
	put_le16(kernel + 0x1fe, 0xaa55);
	kernel[0x200] = 0xeb;
	kernel[0x201] = 0x6a;
	memcpy(kernel + 0x202, "HdrS", 4);
	put_le16(kernel + 0x206, 0x20f);
	kernel[0x211] = 1;
	put_le32(kernel + 0x22c, 0x7fffffff);
	put_le32(kernel + 0x230, 0x200000);
	kernel[0x234] = 1;
	put_le16(kernel + 0x236, 0x3f);
	put_le32(kernel + 0x238, 2047);
	put_le64(kernel + 0x258, 0x1000000);
	put_le32(kernel + 0x260, 0x2000000);
}

/* An ELF file of one segment at 2 MiB. */
static void make_elf(bool pvh, bool multiboot)
{
	struct elf64_ehdr *e = (void *)elf;
	struct elf64_phdr *p = (void *)(elf + 64);
	uint32_t note[] = { 4, 8, 18, 0, 0x200010, 0 };

	memset(elf, 0, sizeof(elf));
	memcpy(e->e_ident, ELF_MAGIC, 4);
	e->e_ident[EI_CLASS] = ELFCLASS64;
	e->e_ident[EI_DATA] = ELFDATA2LSB;
	e->e_ident[EI_VERSION] = EV_CURRENT;
	e->e_type = ET_EXEC;
	e->e_machine = EM_X86_64;
	e->e_version = EV_CURRENT;
	e->e_entry = 0xffffffff80000100;
	e->e_phoff = 64;
	e->e_ehsize = 64;
	e->e_phentsize = 56;
	e->e_phnum = pvh ? 2 : 1;
	p[0] = (struct elf64_phdr){ .p_type = PT_LOAD, .p_flags = 7, .p_offset = 0x1000,
				    .p_vaddr = 0xffffffff80000000, .p_paddr = 0x200000,
				    .p_filesz = 0x2000, .p_memsz = 0x3000, .p_align = 0x1000 };
	p[1] = (struct elf64_phdr){ .p_type = PT_NOTE, .p_offset = 0x800, .p_filesz = 24,
				    .p_memsz = 24 };
	memcpy(&note[3], "Xen", 4);
	memcpy(elf + 0x800, note, sizeof(note));
	memset(elf + 0x1000, 0x5e, 0x2000);
	if (multiboot) {
		put_le32(elf + 0x1000, 0x1badb002);
		put_le32(elf + 0x1004, 3);
		put_le32(elf + 0x1008, -(0x1badb002u + 3));
	}
}

static void make_files(void)
{
	fake_files_clear();
	make_kernel();
	memcpy(kernel32, kernel, sizeof(kernel));
	put_le16(kernel32 + 0x236, 4);
	/* One of 2.02: it does not have what came later. */
	memcpy(kernel_old, kernel, sizeof(kernel));
	put_le16(kernel_old + 0x206, 0x202);
	kernel_old[0x201] = 0x2a;
	memset(kernel_old + 0x22c, 0xcc, 0x264 - 0x22c);
	fake_file("/k32", kernel32, sizeof(kernel));
	fake_file("/old", kernel_old, sizeof(kernel));
	memset(initrd, 0x33, sizeof(initrd));
	memset(firmware, 0xf1, sizeof(firmware));
	fake_file("/k", kernel, sizeof(kernel));
	fake_file("/cut", kernel, sizeof(kernel) - 5000);
	fake_file("/i", initrd, sizeof(initrd));
	fake_file("/elf", elf, sizeof(elf));
	fake_file("/raw", firmware, 3000);
	fake_file("/fw", firmware, sizeof(firmware));
	fake_file("/empty", initrd, 0);
}

static const uint8_t *mem(gpa_t gpa)
{
	static const uint8_t none[0x8000];
	const uint8_t *p = fake_guest_ptr(guest, gpa);

	CHECK(p);
	return p ? p : none;
}


/* --- the node ---------------------------------------------------------------------------- */

TEST(regions)
{
	static const struct {
		const char *name;
		gpa_t gpa;
		uint64_t size;
		bool port;
	} want[] = {
		{ "mem0", 0, 0x10000000, false },
		{ "pci", 0xb0000000, 0x100000, false },
		{ "pci_mem", 0xc0000000, 0x3ec00000, false },
		{ "ioapic", 0xfec00000, 0x1000, false },
		{ "lapic", 0xfee00000, 0x100000, false },
		{ "pic", 0x20, 2, true },
		{ "kbd", 0x60, 1, true },
		{ "uart0", 0x3f8, 8, true },
		{ "pci_ports", 0xcf8, 8, true },
		{ "pci_io", 0xc000, 0x4000, true },
	};

	CHECK_EQ(create("g|board=pc|kernel=/k|vcpus=3|disk=/d0|disk=/d1,ro,serial=s1|rng=on"), 0);
	REQUIRE(guest);
	for (unsigned i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		const struct region *r = region(want[i].name);

		REQUIRE(r);
		CHECK_EQ(r->gpa, want[i].gpa);
		CHECK_EQ(r->size, want[i].size);
		CHECK_EQ(!!(r->flags & REGION_IO), want[i].port);
		/* Ports are behind all memory. */
		CHECK_EQ(r > region("lapic"), want[i].port);
	}
	CHECK(dt_child(region("pci")->node, "virtio-blk1"));
	CHECK(dt_has(dt_child(region("pci")->node, "virtio-blk1"), "read-only"));
	CHECK(dt_child(region("pci")->node, "virtio-rng0"));
	CHECK(dt_has(dt_find("/guests/g/vcpus/vcpu2"), "poweroff"));
	CHECK(!dt_has(dt_find("/guests/g/vcpus/vcpu0"), "poweroff"));
	destroy();
}

static void refused(const char *line, const char *text)
{
	CHECK(create(line) < 0);
	if (!strstr(fake_out_text(), text))
		unit_fail(__FILE__, __LINE__, "%s: \"%s\", not \"%s\"", line, fake_out_text(),
			  text);
	CHECK_EQ(fake_heap_live(), live_before);
	CHECK_EQ(fake_files_open(), 0);
}

TEST(refusals)
{
	refused("g|board=pc", "nothing to boot");
	refused("g|board=pc|kernel=/k|mem=1M", "2M is the least");
	refused("g|board=pc|kernel=/k|mem=32M", "needs");
	refused("g|board=pc|kernel=/cut", "cut off");
	refused("g|board=pc|kernel=/raw", "load=0x100000");
	refused("g|board=pc|kernel=/i", "is a text");
	refused("g|board=pc|kernel=/k|initrd=/none", "initrd=/none cannot be loaded");
	refused("g|board=pc|kernel=/k|initrd=/empty", "initrd=/empty cannot be loaded");
	refused("g|board=pc|kernel=/k|load=0x12345000", "multiple of 0x200000");
	refused("g|board=pc|kernel=/k|gic=3", "of other boards");
	refused("g|board=pc|firmware=/raw", "steps of 64 KiB");
	refused("g|board=pc|kernel=/k|disk=,", "disk=");
	put_le16(kernel + 0x206, 0x20f);
}

/* --- Linux ------------------------------------------------------------------------------- */

TEST(bzimage)
{
	const uint8_t *p;

	CHECK_EQ(create("g|board=pc|kernel=/k|initrd=/i|mem=256M|cmdline=console=ttyS0 quiet"), 0);
	REQUIRE(guest);
	CHECK_EQ(guest->vcpus[0]->start_pc, 0x1000200);
	CHECK_EQ(guest->vcpus[0]->start_arg, 0x8000 | X86_START_LONG64);
	CHECK_MEM(mem(0x1000000), kernel + 5 * 512, 4096);
	/* What begins it: descriptors, RSI, tables that map 4 GiB as they are. */
	CHECK_EQ(get_le64(mem(0x8f90)), 0x00af9b000000ffff);
	CHECK_EQ(get_le64(mem(0x8f98)), 0x00cf93000000ffff);
	CHECK_EQ(get_le64(mem(0x8fa0)), 0x7000);
	CHECK_EQ(get_le64(mem(0x9000)), 0xa003);
	for (unsigned i = 0; i < 4; i++)
		CHECK_EQ(get_le64(mem(0xa000 + 8 * i)), (0xb000 + 0x1000 * i) | 3);
	CHECK_EQ(get_le64(mem(0xb008)), 0x200083);
	CHECK_EQ(get_le64(mem(0xeff8)), 0xffe00083);
	/* Its parameters. */
	p = mem(0x7000);
	CHECK_MEM(p + 0x202, "HdrS", 4);
	CHECK_EQ(get_le16(p + 0x206), 0x20f);
	CHECK_EQ(p[0x210], 0xff);
	CHECK_EQ(get_le32(p + 0x214), 0x1000000);
	CHECK_EQ(get_le32(p + 0x218), (0x10000000 - sizeof(initrd)) & ~0xfffu);
	CHECK_EQ(get_le32(p + 0x21c), sizeof(initrd));
	CHECK_MEM(mem(get_le32(p + 0x218)), initrd, 4096);
	CHECK_STR((const char *)mem(get_le32(p + 0x228)), "console=ttyS0 quiet");
	CHECK_EQ(get_le64(p + 0x70), 0xe0000);
	CHECK_EQ(p[0x26c], 0); /* behind the header of the file */
	CHECK_EQ(p[0x1e8], 5);
	CHECK_EQ(get_le64(p + 0x2d0 + 60), 0x100000);
	CHECK_EQ(get_le64(p + 0x2d0 + 68), 0xff00000);
	CHECK_EQ(get_le32(p + 0x2d0 + 76), 1);
	destroy();
}

/* A kernel without 64-bit entry is entered behind the descriptors that it wants. */
TEST(bzimage32)
{
	const uint8_t *p;

	CHECK_EQ(create("g|board=pc|kernel=/k32|initrd=/i|mem=256M|cmdline=x"), 0);
	REQUIRE(guest);
	CHECK_EQ(guest->vcpus[0]->start_pc, 0x8000);
	CHECK_EQ(guest->vcpus[0]->start_arg, 0x7000 | X86_START_FLAT32);
	p = mem(0x8000);
	CHECK_EQ(get_le32(p + 3), 0x8018);
	CHECK_EQ(p[13], 0xea);
	CHECK_EQ(get_le32(p + 14), 0x1000000);
	CHECK_EQ(get_le16(p + 18), 0x10);
	CHECK_EQ(get_le16(p + 24), 31);
	p = mem(get_le32(p + 26));
	CHECK_EQ(get_le64(p + 0x10), 0x00cf9b000000ffff);
	CHECK_EQ(get_le64(p + 0x18), 0x00cf93000000ffff);
	CHECK_EQ(get_le32(mem(0x7000) + 0x228), 0x20000);
	destroy();
	/* What an old one does not have in its header it is not told. */
	CHECK_EQ(create("g|board=pc|kernel=/old|initrd=/i|mem=1G|cmdline=x"), 0);
	REQUIRE(guest);
	CHECK_EQ(get_le32(mem(0x8000) + 14), 0x100000);
	CHECK_EQ(get_le32(mem(0x7000) + 0x218), (0x38000000 - sizeof(initrd)) & ~0xfffu);
	CHECK_EQ(get_le32(mem(0x7000) + 0x22c), 0);
	destroy();
	refused("g|board=pc|kernel=/old|load=0x2000000", "cannot be loaded elsewhere");
}

/* Programs below 1 MiB have what they are told elsewhere; and what firmware leaves is there. */
TEST(low_memory)
{
	CHECK_EQ(create("g|board=pc|kernel=/raw|load=0x7c00|cmdline=abc"), 0);
	REQUIRE(guest);
	CHECK_EQ(guest->vcpus[0]->start_pc, 0x7c00);
	CHECK_EQ(guest->vcpus[0]->start_arg, 0x77000 | X86_START_FLAT32);
	CHECK_MEM(mem(0x7c00), firmware, 3000);
	CHECK_STR((const char *)mem(get_le32(mem(0x77000) + 16)), "abc");
	CHECK_EQ(get_le16(mem(0x400)), 0x3f8);
	CHECK_EQ(get_le16(mem(0x40e)), 0x9fc0);
	CHECK_EQ(get_le16(mem(0x413)), 639);
	CHECK_EQ(get_le32(mem(4 * 0x15)), 0xf000ff53);
	CHECK_EQ(mem(0xfff53)[10], 0xcf);
	destroy();
	CHECK_EQ(create("g|board=pc|kernel=/raw|load=0x9f000"), 0);
	destroy();
	refused("g|board=pc|kernel=/raw|load=0x9fc00", "below 1 MiB");
	refused("g|board=pc|kernel=/raw|load=0xff000", "below 1 MiB");
}

/* Consoles and the balloon are virtio functions as disks are. */
TEST(more_functions)
{
	struct dt_node *node;
	uint32_t n = 0;

	CHECK_EQ(create("g|board=pc|kernel=/k|console=2|port=a|port=bc|balloon=on|disk=/d"), 0);
	node = dt_find("/guests/g/aspace/pci/virtio-con0");
	CHECK(node && !dt_u32(node, "virtio_type", 0, &n));
	CHECK_EQ(n, 3);
	CHECK_EQ(dt_u32_or(node, "ports", 0), 2);
	CHECK_EQ(dt_prop(node, "port_names")->len, 5);
	node = dt_find("/guests/g/aspace/pci/virtio-balloon0");
	CHECK_EQ(dt_u32_or(node, "virtio_type", 0), 5);
	CHECK_STR(dt_string(dt_find("/guests/g/aliases"), "disk0", 0), "/aspace/pci/virtio-blk0");
	destroy();
}

TEST(bzimage_elsewhere)
{
	CHECK_EQ(create("g|board=pc|kernel=/k|mem=40M"), 0);
	REQUIRE(guest);
	CHECK_EQ(guest->vcpus[0]->start_pc, 0x200200);
	destroy();
	CHECK_EQ(create("g|board=pc|kernel=/k|load=0x4000000"), 0);
	REQUIRE(guest);
	CHECK_EQ(guest->vcpus[0]->start_pc, 0x4000200);
	destroy();
}

/* --- other images ------------------------------------------------------------------------ */

TEST(pvh)
{
	const uint8_t *p;

	make_elf(true, false);
	CHECK_EQ(create("g|board=pc|kernel=/elf|initrd=/i|cmdline=x"), 0);
	REQUIRE(guest);
	CHECK_EQ(guest->vcpus[0]->start_pc, 0x200010);
	CHECK_EQ(guest->vcpus[0]->start_arg, 0x7000 | X86_START_FLAT32);
	p = mem(0x7000);
	CHECK_EQ(get_le32(p), 0x336ec578);
	CHECK_EQ(get_le32(p + 12), 1);
	CHECK_MEM(mem(get_le64(mem(get_le64(p + 16)))), initrd, 4096);
	CHECK_EQ(get_le64(mem(get_le64(p + 16)) + 8), sizeof(initrd));
	CHECK_STR((const char *)mem(get_le64(p + 24)), "x");
	CHECK_EQ(get_le64(p + 32), 0xe0000);
	CHECK_EQ(get_le32(p + 48), 5);
	CHECK_EQ(get_le64(mem(get_le64(p + 40)) + 72), 0x100000);
	destroy();
}

TEST(multiboot)
{
	const uint8_t *p;

	make_elf(true, true);
	CHECK_EQ(create("g|board=pc|kernel=/elf|initrd=/i|cmdline=x|mem=64M"), 0);
	REQUIRE(guest);
	CHECK_EQ(guest->vcpus[0]->start_pc, 0x200100);
	CHECK_EQ(guest->vcpus[0]->start_arg, 0x7000 | X86_START_FLAT32);
	p = mem(0x7000);
	CHECK_EQ(get_le32(p), 0x4d);
	CHECK_EQ(get_le32(p + 8), 63 * 1024);
	CHECK_EQ(get_le32(p + 20), 1);
	CHECK_MEM(mem(get_le32(mem(get_le32(p + 24)))), initrd, 4096);
	CHECK_EQ(get_le32(p + 44), 24 * 5);
	CHECK_EQ(get_le64(mem(get_le32(p + 48)) + 72 + 4), 0x100000);
	destroy();
	/* Several modules, each with arguments of its own. */
	make_elf(true, true);
	CHECK_EQ(create("g|board=pc|kernel=/elf|initrd=/i one=1,/raw two|mem=64M"), 0);
	REQUIRE(guest);
	p = mem(0x7000);
	CHECK_EQ(get_le32(p + 20), 2);
	p = mem(get_le32(p + 24));
	CHECK_MEM(mem(get_le32(p)), initrd, 4096);
	CHECK_STR((const char *)mem(get_le32(p + 8)), "/i one=1");
	CHECK_MEM(mem(get_le32(p + 16)), firmware, 3000);
	CHECK_EQ(get_le32(p + 20) - get_le32(p + 16), 3000);
	CHECK_STR((const char *)mem(get_le32(p + 24)), "/raw two");
	destroy();
	refused("g|board=pc|kernel=/elf|initrd=/i,/none x", "initrd=/none cannot be loaded");
	refused("g|board=pc|kernel=/elf|initrd=/i,", "cannot be loaded");
	/* 64-bit code without either: as Linux' vmlinux. */
	make_elf(false, false);
	CHECK_EQ(create("g|board=pc|kernel=/elf"), 0);
	REQUIRE(guest);
	CHECK_EQ(guest->vcpus[0]->start_pc, 0x200100);
	CHECK_EQ(guest->vcpus[0]->start_arg, 0x8000 | X86_START_LONG64);
	CHECK_MEM(mem(0x7202), "HdrS", 4);
	destroy();
}

/* A file of 0x1000 bytes whose header at 0x40 has addresses. */
static void make_aout(uint32_t header, uint32_t end, uint32_t bss, uint32_t entry)
{
	const uint32_t flags = 0x10003;

	memset(elf, 0x5e, sizeof(elf));
	put_le32(elf + 0x40, 0x1badb002);
	put_le32(elf + 0x44, flags);
	put_le32(elf + 0x48, -(0x1badb002u + flags));
	put_le32(elf + 0x4c, header);
	put_le32(elf + 0x50, 0x200000);
	put_le32(elf + 0x54, end);
	put_le32(elf + 0x58, bss);
	put_le32(elf + 0x5c, entry);
}

TEST(multiboot_addresses)
{
	static const struct {
		uint32_t header, end, bss, entry;
		const char *why;
	} bad[] = {
		{ 0x1fffff, 0, 0, 0x200000, "cannot be: header" },
		{ 0x200041, 0, 0, 0x200000, "cannot be: header" },
		{ 0x200040, 0x300000, 0, 0x200000, "cut off: it has" },
		{ 0x200040, 0x200000, 0, 0x200000, "cut off: it has" },
		{ 0x200040, 0x201000, 0x200fff, 0x200000, "cannot be: entry" },
		{ 0x200040, 0x201000, 0x202000, 0x202000, "cannot be: entry" },
		{ 0x200040, 0x201000, 0x202000, 0x1fffff, "cannot be: entry" },
		{ 0x200040, 0x201000, 0xf0000000, 0x200000, "does not fit" },
	};

	/* 0x20 bytes in front of the load address are not loaded. */
	make_aout(0x200020, 0x201000, 0x205000, 0x200800);
	CHECK_EQ(create("g|board=pc|kernel=/elf|initrd=/i|cmdline=x|mem=64M"), 0);
	REQUIRE(guest);
	CHECK_EQ(guest->vcpus[0]->start_pc, 0x200800);
	CHECK_EQ(guest->vcpus[0]->start_arg, 0x7000 | X86_START_FLAT32);
	CHECK_EQ(get_le32(mem(0x200020)), 0x1badb002);
	CHECK_EQ(get_le32(mem(0x7000 + 20)), 1);
	destroy();
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		make_aout(bad[i].header, bad[i].end, bad[i].bss, bad[i].entry);
		CHECK(create("g|board=pc|kernel=/elf|mem=64M") < 0);
		if (!strstr(fake_out_text(), bad[i].why))
			printf("%u: %s\n", i, fake_out_text());
		CHECK(strstr(fake_out_text(), bad[i].why));
		CHECK_EQ(fake_heap_live(), live_before);
	}
}

TEST(raw_and_firmware)
{
	CHECK_EQ(create("g|board=pc|kernel=/raw|load=0x300000"), 0);
	REQUIRE(guest);
	CHECK_EQ(guest->vcpus[0]->start_pc, 0x300000);
	CHECK_MEM(mem(0x300000), firmware, 3000);
	destroy();
	CHECK_EQ(create("g|board=pc|firmware=/fw"), 0);
	REQUIRE(guest);
	CHECK_EQ(guest->vcpus[0]->start_pc, 0xfffffff0);
	CHECK_EQ(guest->vcpus[0]->start_arg, X86_START_REAL);
	CHECK_MEM(mem(0xfffc0000), firmware, 4096);
	CHECK_MEM(mem(0xc0000), firmware, 4096);
	CHECK_MEM(mem(0xe0000), firmware + 0x20000, 4096);
	CHECK(region("firmware")->flags & REGION_ROM);
	CHECK_EQ(region("fw_cfg")->gpa, 0x510);
	CHECK_EQ(get_le64(dt_prop(region("fw_cfg")->node, "e820")->data + 8), 0x10000000);
	CHECK_EQ(get_le64(dt_prop(region("fw_cfg")->node, "sercon-port")->data), 0x3f8);
	destroy();
}

/* What firmware does by etc/table-loader, with the two files at some addresses. */
struct firmware_files {
	uint8_t *tables, *rsdp;
	size_t size;
};

static uint64_t get_sized(const uint8_t *p, unsigned size)
{
	return size == 8 ? get_le64(p) : get_le32(p);
}

static void run_command(const uint8_t *c, const struct firmware_files *f)
{
	bool rsdp = !strcmp((const char *)c + 4, "etc/acpi/rsdp");
	uint8_t *file = rsdp ? f->rsdp : f->tables, sum = 0;
	size_t room = rsdp ? 36 : f->size;
	uint32_t at, size;

	CHECK(rsdp || !strcmp((const char *)c + 4, "etc/acpi/tables"));
	if (get_le32(c) == 2) {
		at = get_le32(c + 116);
		CHECK_STR((const char *)c + 60, "etc/acpi/tables");
		CHECK(at + c[120] <= room && get_sized(file + at, c[120]) < f->size);
		/* The address of the tables is 0x10000000. */
		file[at + 3] += 0x10;
	} else if (get_le32(c) == 3) {
		at = get_le32(c + 60);
		size = get_le32(c + 68);
		CHECK(get_le32(c + 64) + size <= room && at < room && !file[at]);
		for (uint32_t i = 0; i < size; i++)
			sum += file[get_le32(c + 64) + i];
		file[at] = (uint8_t)-sum;
	} else {
		CHECK_EQ(get_le32(c), 1);
		CHECK_EQ(c[64], rsdp ? 2 : 1);
	}
}

static bool sums_up(const uint8_t *p, size_t n);

TEST(tables_for_firmware)
{
	const struct dt_prop *script, *tables;
	struct firmware_files f;
	uint8_t rsdp[36], *t;

	CHECK_EQ(create("g|board=pc|firmware=/fw|mem=5G"), 0);
	REQUIRE(guest);
	CHECK_EQ(region("mem0")->size, 0x80000000);
	CHECK_EQ(region("mem1")->size, 0xc0000000);
	CHECK_EQ(region("pci_mem_low")->size, 0x30000000);
	CHECK_EQ(region("pci_mem64")->gpa, 0x1c0000000);
	script = dt_prop(region("fw_cfg")->node, "table-loader");
	tables = dt_prop(region("fw_cfg")->node, "acpi-tables");
	REQUIRE(script && tables && !(script->len % 128));
	f = (struct firmware_files){ malloc(tables->len), rsdp, tables->len };
	memcpy(f.tables, tables->data, tables->len);
	memcpy(rsdp, dt_prop(region("fw_cfg")->node, "acpi-rsdp")->data, 36);
	for (unsigned i = 0; i < script->len; i += 128)
		run_command((const uint8_t *)script->data + i, &f);
	CHECK(sums_up(rsdp, 20) && sums_up(rsdp, 36));
	for (unsigned list = 16; list <= 24; list += 8) {
		unsigned width = list == 16 ? 4 : 8;

		t = f.tables + get_sized(rsdp + list, width) - 0x10000000;
		CHECK_MEM(t, width == 4 ? "RSDT" : "XSDT", 4);
		CHECK(sums_up(t, get_le32(t + 4)));
		for (uint32_t i = 36; i < get_le32(t + 4); i += width) {
			uint8_t *e = f.tables + get_sized(t + i, width) - 0x10000000;

			CHECK(sums_up(e, get_le32(e + 4)));
			if (memcmp(e, "FACP", 4))
				continue;
			CHECK_MEM(f.tables + get_le32(e + 36) - 0x10000000, "FACS", 4);
			CHECK_MEM(f.tables + get_le32(e + 40) - 0x10000000, "DSDT", 4);
			CHECK_EQ(get_le64(e + 140), get_le32(e + 40));
		}
	}
	free(f.tables);
	destroy();
}

/* --- ACPI -------------------------------------------------------------------------------- */

static bool sums_up(const uint8_t *p, size_t n)
{
	uint8_t sum = 0;

	while (n--)
		sum += *p++;
	return !sum;
}

/* A table by its signature out of the XSDT. */
static const uint8_t *table(const char *signature)
{
	const uint8_t *rsdp = mem(0xe0000), *xsdt = mem(get_le64(rsdp + 24));

	for (uint32_t at = 36; at < get_le32(xsdt + 4); at += 8) {
		const uint8_t *t = mem(get_le64(xsdt + at));

		if (!memcmp(t, signature, 4))
			return t;
	}
	unit_fail(__FILE__, __LINE__, "there is no %s", signature);
	return rsdp;
}

/* ACPI's compiler reads the table: no errors, and its text has what is wanted. */
static void disassemble(const uint8_t *t, const char *const *wanted)
{
	char path[256], command[2000], *text;
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/acpi-%.4s", getenv("UNIT_DATA"), (const char *)t);
	f = fopen(path, "wb");
	REQUIRE(f && fwrite(t, get_le32(t + 4), 1, f) == 1);
	fclose(f);
	snprintf(command, sizeof(command), "cd %s && rm -f %s.dsl && iasl -d %s >%s.log 2>&1 "
		 "&& ! grep -i -e error -e warning %s.log", getenv("UNIT_DATA"), path, path, path,
		 path);
	CHECK_EQ(system(command), 0);
	if (!memcmp(t, "DSDT", 4)) { /* and back */
		snprintf(command, sizeof(command),
			 "cd %s && iasl -p %s.again %s.dsl >%s.log 2>&1 && "
			 "grep -q ' 0 Errors, 0 Warnings' %s.log", getenv("UNIT_DATA"), path, path,
			 path, path);
		CHECK_EQ(system(command), 0);
	}
	snprintf(command, sizeof(command), "%s.dsl", path);
	f = fopen(command, "r");
	REQUIRE(f);
	text = calloc(1, 1 << 20);
	n = fread(text, 1, (1 << 20) - 1, f);
	fclose(f);
	CHECK(n > 100);
	for (; *wanted; wanted++)
		if (!strstr(text, *wanted))
			unit_fail(__FILE__, __LINE__, "%.4s has no \"%s\"", (const char *)t,
				  *wanted);
	free(text);
}

TEST(acpi)
{
	static const char *const dsdt[] = { "Device (PCI0)", "EisaId (\"PNP0A08\")", "0xC0000000",
					    "0xFEBFFFFF", "Device (COM1)", "Name (_S5", NULL };
	static const char *const fadt[] = { "Reset Register :", "0000000000000CF9",
					    "0000000000000600", "SCI Interrupt : 0009", NULL };
	static const char *const madt[] = { "Local Apic ID : 02", "FEC00000",
					    "Interrupt : 00000002", NULL };
	static const char *const mcfg[] = { "00000000B0000000", NULL };
	static const char *const names[] = { "FACP", "APIC", "MCFG" };
	const uint8_t *rsdp;

	CHECK_EQ(create("g|board=pc|kernel=/k|vcpus=3"), 0);
	REQUIRE(guest);
	rsdp = mem(0xe0000);
	CHECK_MEM(rsdp, "RSD PTR ", 8);
	CHECK(sums_up(rsdp, 20) && sums_up(rsdp, 36));
	for (unsigned i = 0; i < 3; i++)
		CHECK(sums_up(table(names[i]), get_le32(table(names[i]) + 4)));
	CHECK_EQ(get_le32(table("APIC") + 4), 36 + 8 + 3 * 8 + 12 + 2 * 10 + 6);
	if (system("iasl -v >/dev/null 2>&1")) {
		printf("no iasl here: the tables are not disassembled\n");
	} else {
		disassemble(table("FACP"), fadt);
		disassemble(table("APIC"), madt);
		disassemble(table("MCFG"), mcfg);
		disassemble(mem(get_le64(table("FACP") + 140)), dsdt);
	}
	destroy();
}
