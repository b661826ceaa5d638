/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads a guest of the board "pc" and prepares how its first vCPU begins: Linux' bzImage and
 * vmlinux by the 64-bit boot protocol (Documentation/arch/x86/boot.rst), ELF files by PVH's note or
 * a Multiboot header, programs without any header, or firmware at the reset vector. The guest is
 * new and does not run; thread context.
 */
#include "pc.h"

#include <arch/vcpu.h>
#include <core/board.h>
#include <core/guest.h>
#include <core/image.h>
#include <core/mem.h>
#include <core/shell.h>
#include <core/vfs.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/parse.h>
#include <libs/printf.h>
#include <libs/string.h>

#define PAGE		0x1000u
#define RESET_VECTOR	0xfffffff0u
#define FIRMWARE_SHADOW 0x40000u /* of it is below 1 MiB too: RAM, as if it were copied there */

/* Linux' boot_params. */
enum {
	RSDP_ADDR = 0x070, RAMDISK_HIGH = 0x0c0, RAMDISK_SIZE_HIGH = 0x0c4, E820_COUNT = 0x1e8,
	SETUP_HEADER = 0x1f1, BOOT_FLAG = 0x1fe, HEADER_JUMP = 0x201, HEADER = 0x202,
	VERSION = 0x206, LOADER = 0x210, LOAD_FLAGS = 0x211, CODE32 = 0x214, RAMDISK = 0x218,
	RAMDISK_SIZE = 0x21c, CMDLINE = 0x228, INITRD_MAX = 0x22c, ALIGNMENT = 0x230,
	RELOCATABLE = 0x234, CMDLINE_SIZE = 0x238, E820_TABLE = 0x2d0, PARAMS_SIZE = 0x1000,
	HEADER_MAX = 0x290,
};
#define LOADED_HIGH 1
/* Versions of the protocol that brought fields, and what goes without them. */
enum { WITH_INITRD_MAX = 0x203, WITH_RELOCATABLE = 0x205, WITH_CMDLINE_SIZE = 0x206 };
#define OLD_INITRD_MAX	 0x37ffffffu
#define OLD_CMDLINE_SIZE 255u

/* Kinds of memory, the same for E820 and PVH. */
enum { MEMORY_RAM = 1, MEMORY_RESERVED = 2 };

struct range {
	uint64_t at, size;
	uint32_t kind;
};
#define RANGES 8

/* What an initrd= has more than one of, with their arguments, for Multiboot and PVH. */
#define MODULES	    16
#define MODULE_TEXT 128
struct boot_module {
	uint64_t at, size;
	char text[MODULE_TEXT]; /* as in initrd= */
};

/* One boot; in the heap because the image's parts are many. */
struct boot {
	const struct guest_config *cfg;
	struct guest *guest;
	struct shell_out *out;
	struct kernel_image image;
	uint64_t low;	/* bytes of RAM below PC_RAM_LOW_MAX, */
	uint64_t high;	/*   and above 4 GiB */
	gpa_t kernel, initrd;
	uint64_t initrd_size, entry, arg;
	uint32_t told;	/* what the kernel is told is so far above where it usually is */
	struct range ranges[RANGES];
	unsigned nr_ranges;
	struct boot_module modules[MODULES];
	unsigned nr_modules;
	char why[IMAGE_WHY_MAX];
};

static int refuse(struct boot *b, int err, const char *key, const char *path)
{
	out_printf(b->out, "%s=%s %s\n", key, path, b->why);
	return err;
}

static int no_room(struct boot *b, const char *key, const char *path, uint64_t size)
{
	char text[24];

	snprintf(b->why, sizeof(b->why), "does not fit: it needs %s of the guest's memory; give it "
		 "more by mem=", format_size(text, sizeof(text), size));
	return refuse(b, -ENOSPC, key, path);
}

/* Where something goes that the kernel is told. */
static uint32_t told_at(const struct boot *b, uint32_t usual)
{
	return usual + b->told;
}

/* Is a part of [from, end) what the kernel is told? */
static bool is_told(const struct boot *b, uint64_t from, uint64_t end)
{
	uint32_t told = told_at(b, PC_ZERO_PAGE);

	return from < told + PC_TOLD_SIZE && end > told;
}

/* --- memory ------------------------------------------------------------------------------ */

static void add_range(struct boot *b, uint64_t at, uint64_t size, uint32_t kind)
{
	if (size)
		b->ranges[b->nr_ranges++] = (struct range){ at, size, kind };
}

static void list_memory(struct boot *b)
{
	b->low = pc_low_memory(b->cfg);
	b->high = b->cfg->mem - b->low;
	add_range(b, 0, PC_BASE_MEMORY, MEMORY_RAM);
	add_range(b, PC_BASE_MEMORY, 0xa0000 - PC_BASE_MEMORY, MEMORY_RESERVED);
	add_range(b, PC_ACPI, PC_HIGH_MEMORY - PC_ACPI, MEMORY_RESERVED);
	add_range(b, PC_HIGH_MEMORY, b->low - PC_HIGH_MEMORY, MEMORY_RAM);
	add_range(b, PC_ECAM, PC_ECAM_SIZE, MEMORY_RESERVED);
	add_range(b, PC_RAM_HIGH, b->high, MEMORY_RAM);
}

static int load(struct boot *b, gpa_t at, const void *data, size_t size, const char *what)
{
	int err = guest_keep_blob(b->guest, at, data, size);

	if (err)
		out_printf(b->out, "%s: %s cannot be loaded at 0x%" PRIx64 ": %s\n",
			   b->guest->name, what, at, error_text(err));
	return err;
}

static int load_acpi(struct boot *b)
{
	uint8_t *buf = heap_zalloc(PC_ACPI_SIZE);
	size_t size;
	int err = -ENOMEM;

	if (buf) {
		size = pc_acpi_make(b->cfg, PC_ACPI, buf, PC_ACPI_SIZE);
		err = size ? load(b, PC_ACPI, buf, size, "ACPI's tables") : -ENOSPC;
	}
	heap_free(buf);
	return err;
}

/* A file goes to the end of [from, end). @param at, size  where it is then */
static int place_file(struct boot *b, const char *path, uint64_t from, uint64_t end,
		      struct boot_module *m)
{
	struct vfs_stat st;
	int err = vfs_stat_path(path, true, &st);

	if (!err && st.type != VFS_FILE)
		err = -EISDIR;
	if (!err && !st.size)
		err = -ENODATA;
	if (err) {
		snprintf(b->why, sizeof(b->why), "cannot be loaded: %s", error_text(err));
		return refuse(b, err, "initrd", path);
	}
	m->size = st.size;
	if (st.size > end || ALIGN_DOWN(end - st.size, PAGE) < from)
		return no_room(b, "initrd", path, from + st.size);
	m->at = ALIGN_DOWN(end - st.size, PAGE);
	return guest_load_file(b->guest, m->at, path, b->out);
}

/* The initial RAM disk goes to the end of the low memory that the kernel reaches. */
static int place_initrd(struct boot *b, uint64_t from, uint64_t limit)
{
	struct boot_module m = { 0 };
	int err = b->cfg->initrd ? place_file(b, b->cfg->initrd, from, MIN(b->low, limit), &m) : 0;

	b->initrd = m.at;
	b->initrd_size = m.size;
	return err;
}

/* "path arguments,path arguments": each below the one before it. */
static int place_modules(struct boot *b, uint64_t from)
{
	uint64_t end = b->low;

	for (const char *p = b->cfg->initrd; p; b->nr_modules++) {
		struct boot_module *m = &b->modules[b->nr_modules];
		size_t n = strcspn(p, ",");
		char path[MODULE_TEXT];
		int err;

		if (b->nr_modules == MODULES || n >= MODULE_TEXT) {
			snprintf(b->why, sizeof(b->why), "are not %u modules of at most %u "
				 "characters each", MODULES, MODULE_TEXT - 1);
			return refuse(b, -E2BIG, "initrd", b->cfg->initrd);
		}
		strlcpy(m->text, p, n + 1);
		strlcpy(path, p, strcspn(m->text, " ") + 1);
		err = place_file(b, path, from, end, m);
		if (err)
			return err;
		end = m->at;
		p = p[n] ? p + n + 1 : NULL;
	}
	return 0;
}

/* Their texts are behind the lists. */
static uint32_t module_text(const struct boot *b, unsigned i)
{
	return told_at(b, PC_LISTS) + 0x600 + i * MODULE_TEXT;
}

static int load_texts(struct boot *b)
{
	int err = 0;

	for (unsigned i = 0; i < b->nr_modules && !err; i++)
		err = load(b, module_text(b, i), b->modules[i].text, MODULE_TEXT,
			   "a module's arguments");
	return err;
}

static int load_cmdline(struct boot *b)
{
	const char *text = b->cfg->cmdline ? b->cfg->cmdline : "";

	return load(b, told_at(b, PC_CMDLINE), text, strlen(text) + 1, "the command line");
}

/*
 * What systems look for where firmware leaves it: serial port, end of the base memory, interrupt
 * vectors. Those of BIOS calls say that there is no such function, by the carry flag.
 */
static int load_bios_data(struct boot *b)
{
	static const uint8_t none[] = {
		0x55, 0x89, 0xe5,	/* push bp; mov bp, sp */
		0x80, 0x4e, 0x06, 0x01, /* or byte [bp + 6], 1 */
		0x5d, 0xb4, 0x86, 0xcf, /* pop bp; mov ah, 0x86; iret */
	};
	uint8_t data[PC_BDA + 0x15] = { 0 }, size = 1;
	int err;

	for (unsigned i = 0; i < PC_BDA; i += 4)
		put_le32(data + i, 0xf0000000 | (PC_BIOS_NONE & 0xffff));
	put_le16(data + PC_BDA, PC_PORT_COM1);
	put_le16(data + PC_BDA + 0x0e, PC_BASE_MEMORY >> 4);
	put_le16(data + PC_BDA + 0x10, 0x200); /* one serial port */
	put_le16(data + PC_BDA + 0x13, PC_BASE_MEMORY / KIB);
	err = load(b, 0, data, sizeof(data), "the BIOS data area");
	if (!err)
		err = load(b, PC_BIOS_NONE, none, sizeof(none), "the BIOS data area");
	return err ? err : load(b, PC_BASE_MEMORY, &size, 1, "the BIOS data area's end");
}

/* --- Linux ------------------------------------------------------------------------------- */

/*
 * The 32-bit entry finds the descriptors that the protocol has, and zeros in EBX, EBP and EDI: by a
 * few instructions in front of it.
 */
static int load_start32(struct boot *b)
{
	static const uint64_t gdt[] = { 0, 0, 0x00cf9b000000ffff, 0x00cf93000000ffff };
	uint8_t page[80] = { 0x0f, 0x01, 0x15, [7] = 0x31, 0xdb, 0x31, 0xed, 0x31, 0xff, 0xea };

	put_le32(page + 3, told_at(b, PC_START) + 24); /* lgdt; xor; ljmp */
	put_le32(page + 14, (uint32_t)b->entry);
	put_le16(page + 18, 0x10);
	put_le16(page + 24, sizeof(gdt) - 1);
	put_le32(page + 26, told_at(b, PC_START) + 32);
	memcpy(page + 32, gdt, sizeof(gdt));
	b->entry = told_at(b, PC_START);
	b->arg = told_at(b, PC_ZERO_PAGE) | X86_START_FLAT32;
	return load(b, told_at(b, PC_START), page, sizeof(page), "the way to the kernel");
}

/* Identity map of the first 4 GiB by pages of 2 MiB, descriptors, and what RSI shall have. */
static int load_start(struct boot *b)
{
	static const uint64_t gdt[] = { 0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff };
	uint64_t *pages = heap_zalloc(PC_START_SIZE);
	uint64_t *pml4 = pages + 512, *pdpt = pages + 1024, *pd = pages + 1536;
	int err;

	if (!pages)
		return -ENOMEM;
	b->arg = told_at(b, PC_START) | X86_START_LONG64;
	memcpy(pages + 0xf80 / 8, gdt, sizeof(gdt));
	pages[0xfa0 / 8] = told_at(b, PC_ZERO_PAGE);
	pml4[0] = (told_at(b, PC_START) + 2 * PAGE) | 3;
	for (unsigned i = 0; i < 4; i++)
		pdpt[i] = (told_at(b, PC_START) + (3 + i) * PAGE) | 3;
	for (uint64_t i = 0; i < 2048; i++)
		pd[i] = i << 21 | 0x83;
	err = load(b, told_at(b, PC_START), pages, PC_START_SIZE, "the first page tables");
	heap_free(pages);
	return err;
}

static void put_e820(const struct boot *b, uint8_t *params)
{
	params[E820_COUNT] = (uint8_t)b->nr_ranges;
	for (unsigned i = 0; i < b->nr_ranges; i++) {
		uint8_t *p = params + E820_TABLE + 20 * i;

		put_le64(p, b->ranges[i].at);
		put_le64(p + 8, b->ranges[i].size);
		put_le32(p + 16, b->ranges[i].kind);
	}
}

/* boot_params, with the setup header of the file in it. */
static int load_params(struct boot *b, const uint8_t *head)
{
	uint8_t *params = heap_zalloc(PARAMS_SIZE);
	size_t end = head ? (size_t)HEADER + head[HEADER_JUMP] : SETUP_HEADER;
	int err;

	if (!params)
		return -ENOMEM;
	if (head)
		memcpy(params + SETUP_HEADER, head + SETUP_HEADER,
		       MIN_T(size_t, end, HEADER_MAX) - SETUP_HEADER);
	else { /* an ELF file has none: what the kernel looks at */
		put_le16(params + BOOT_FLAG, 0xaa55);
		memcpy(params + HEADER, "HdrS", 4);
		put_le16(params + VERSION, 0x20f);
	}
	put_le16(params + 0x1fa, 0xffff); /* normal video mode */
	params[LOADER] = 0xff;
	params[LOAD_FLAGS] |= LOADED_HIGH;
	put_le32(params + CODE32, (uint32_t)b->kernel);
	put_le32(params + RAMDISK, (uint32_t)b->initrd);
	put_le32(params + RAMDISK_SIZE, (uint32_t)b->initrd_size);
	put_le32(params + RAMDISK_SIZE_HIGH, (uint32_t)(b->initrd_size >> 32));
	put_le32(params + CMDLINE, told_at(b, PC_CMDLINE));
	put_le64(params + RSDP_ADDR, PC_ACPI);
	put_e820(b, params);
	err = load(b, told_at(b, PC_ZERO_PAGE), params, PARAMS_SIZE, "the kernel's parameters");
	heap_free(params);
	if (!err)
		err = b->image.entry_kind == IMAGE_ENTRY_LINUX32 ? load_start32(b) : load_start(b);
	return err;
}

/* The beginning of a kernel's file, which has its setup header, with what an old one has not. */
static int read_head(struct boot *b, uint8_t *head)
{
	struct vfs_file file;
	unsigned version;
	int64_t n;
	int err = vfs_open(b->cfg->kernel, &file);

	if (err)
		return err;
	n = vfs_read(&file, 0, head, HEADER_MAX);
	vfs_close(&file);
	if (n < HEADER_MAX)
		return n < 0 ? (int)n : -EIO;
	version = get_le16(head + VERSION);
	if (version < WITH_INITRD_MAX)
		put_le32(head + INITRD_MAX, OLD_INITRD_MAX);
	if (version < WITH_RELOCATABLE) {
		put_le32(head + ALIGNMENT, 0);
		head[RELOCATABLE] = 0;
	}
	if (version < WITH_CMDLINE_SIZE)
		put_le32(head + CMDLINE_SIZE, OLD_CMDLINE_SIZE);
	return 0;
}

/* Where it wants to be, or elsewhere if it can. */
static int place_bzimage(struct boot *b, const uint8_t *head)
{
	uint64_t align = get_le32(head + ALIGNMENT), size = b->image.mem_size;

	b->kernel = b->cfg->load_addr ? b->cfg->load_addr : b->image.text_offset;
	if ((b->cfg->load_addr || b->kernel + size > b->low) && !head[RELOCATABLE]) {
		snprintf(b->why, sizeof(b->why), "cannot be loaded elsewhere than at 0x%" PRIx64
			 ", and needs 0x%" PRIx64 " bytes there", b->image.text_offset, size);
		return refuse(b, -EINVAL, "kernel", b->cfg->kernel);
	}
	if (!b->cfg->load_addr && b->kernel + size > b->low)
		b->kernel = ALIGN_UP(MAX_T(uint64_t, PC_HIGH_MEMORY, align), align ? align : 1);
	if (b->kernel < PC_HIGH_MEMORY || (align && b->kernel % align)) {
		snprintf(b->why, sizeof(b->why), "cannot be loaded at 0x%" PRIx64 ": it wants a "
			 "multiple of 0x%" PRIx64 " from 1 MiB on", b->kernel, align);
		return refuse(b, -EINVAL, "kernel", b->cfg->kernel);
	}
	if (b->kernel > b->low || size > b->low - b->kernel)
		return no_room(b, "kernel", b->cfg->kernel, b->kernel + size);
	return 0;
}

static int boot_bzimage(struct boot *b)
{
	uint8_t head[HEADER_MAX];
	uint64_t limit;
	int err;

	if (b->image.gzip) {
		snprintf(b->why, sizeof(b->why), "is compressed once more; decompress it with "
			 "gunzip");
		return refuse(b, -ENOTSUP, "kernel", b->cfg->kernel);
	}
	err = read_head(b, head);
	if (err) {
		snprintf(b->why, sizeof(b->why), "cannot be read: %s", error_text(err));
		return refuse(b, err, "kernel", b->cfg->kernel);
	}
	if (b->cfg->cmdline && strlen(b->cfg->cmdline) > get_le32(head + CMDLINE_SIZE)) {
		out_printf(b->out, "cmdline=: this kernel takes at most %u characters\n",
			   get_le32(head + CMDLINE_SIZE));
		return -EINVAL;
	}
	err = place_bzimage(b, head);
	if (err)
		return err;
	limit = (uint64_t)get_le32(head + INITRD_MAX) + 1;
	err = guest_load_image(b->guest, b->kernel, b->cfg->kernel, &b->image, b->out);
	if (!err)
		err = place_initrd(b, b->kernel + b->image.mem_size, limit);
	b->entry = b->kernel + b->image.entry;
	return err ? err : load_params(b, head);
}

/* --- ELF files and programs -------------------------------------------------------------- */

/* hvm_start_info of version 1 (Xen's public/arch-x86/hvm/start_info.h) with its lists behind. */
static int load_pvh(struct boot *b)
{
	uint8_t info[56] = { 0 }, modules[32 * MODULES] = { 0 }, map[24 * RANGES] = { 0 };
	const uint32_t lists = told_at(b, PC_LISTS), maps = told_at(b, PC_LISTS) + sizeof(modules);
	int err;

	put_le32(info, 0x336ec578);
	put_le32(info + 4, 1);
	put_le32(info + 12, b->nr_modules);
	put_le64(info + 16, b->nr_modules ? lists : 0);
	put_le64(info + 24, told_at(b, PC_CMDLINE));
	put_le64(info + 32, PC_ACPI);
	put_le64(info + 40, maps);
	put_le32(info + 48, b->nr_ranges);
	for (unsigned i = 0; i < b->nr_modules; i++) {
		put_le64(modules + 32 * i, b->modules[i].at);
		put_le64(modules + 32 * i + 8, b->modules[i].size);
		put_le64(modules + 32 * i + 16, module_text(b, i));
	}
	for (unsigned i = 0; i < b->nr_ranges; i++) {
		put_le64(map + 24 * i, b->ranges[i].at);
		put_le64(map + 24 * i + 8, b->ranges[i].size);
		put_le32(map + 24 * i + 16, b->ranges[i].kind);
	}
	err = load(b, told_at(b, PC_ZERO_PAGE), info, sizeof(info), "the start information");
	if (!err)
		err = load(b, lists, modules, sizeof(modules), "the list of modules");
	if (!err)
		err = load(b, maps, map, sizeof(map), "the list of memory");
	b->arg = told_at(b, PC_ZERO_PAGE) | X86_START_FLAT32;
	return err;
}

/* Information of Multiboot 0.6.96, 3.3: memory, command line, modules, map. */
static int load_multiboot(struct boot *b)
{
	uint8_t info[120] = { 0 }, modules[16 * MODULES] = { 0 }, map[24 * RANGES] = { 0 };
	const uint32_t lists = told_at(b, PC_LISTS), maps = told_at(b, PC_LISTS) + sizeof(modules);
	int err;

	put_le32(info, BIT32(0) | BIT32(2) | BIT32(3) | BIT32(6));
	put_le32(info + 4, PC_BASE_MEMORY / KIB);
	put_le32(info + 8, (uint32_t)((b->low - PC_HIGH_MEMORY) / KIB));
	put_le32(info + 16, told_at(b, PC_CMDLINE));
	put_le32(info + 20, b->nr_modules);
	put_le32(info + 24, lists);
	put_le32(info + 44, 24 * b->nr_ranges);
	put_le32(info + 48, maps);
	for (unsigned i = 0; i < b->nr_modules; i++) {
		put_le32(modules + 16 * i, (uint32_t)b->modules[i].at);
		put_le32(modules + 16 * i + 4, (uint32_t)(b->modules[i].at + b->modules[i].size));
		put_le32(modules + 16 * i + 8, module_text(b, i));
	}
	for (unsigned i = 0; i < b->nr_ranges; i++) {
		put_le32(map + 24 * i, 20);
		put_le64(map + 24 * i + 4, b->ranges[i].at);
		put_le64(map + 24 * i + 12, b->ranges[i].size);
		put_le32(map + 24 * i + 20, b->ranges[i].kind);
	}
	err = load(b, told_at(b, PC_ZERO_PAGE), info, sizeof(info), "the start information");
	if (!err)
		err = load(b, lists, modules, sizeof(modules), "the list of modules");
	if (!err)
		err = load(b, maps, map, sizeof(map), "the list of memory");
	b->arg = told_at(b, PC_ZERO_PAGE) | X86_START_FLAT32;
	return err;
}

static int boot_program(struct boot *b)
{
	uint64_t end;
	int err;

	end = b->kernel + b->image.mem_size;
	if (b->kernel < PC_HIGH_MEMORY && (end > PC_BASE_MEMORY || is_told(b, b->kernel, end))) {
		snprintf(b->why, sizeof(b->why), "goes from 0x%" PRIx64 " to 0x%" PRIx64 "; below "
			 "1 MiB there are 0x%x bytes, and what the board tells it has 0x%x of them",
			 b->kernel, end, PC_BASE_MEMORY, PC_TOLD_SIZE);
		return refuse(b, -EINVAL, "kernel", b->cfg->kernel);
	}
	if (end < b->kernel || end > b->low)
		return no_room(b, "kernel", b->cfg->kernel, end);
	b->entry = b->image.entry + (b->image.fixed ? 0 : b->kernel);
	err = guest_load_image(b->guest, b->kernel, b->cfg->kernel, &b->image, b->out);
	if (err)
		return err;
	if (b->image.kind == IMAGE_ELF && b->image.entry_kind == IMAGE_ENTRY_LINUX64) {
		err = place_initrd(b, end, PC_RAM_LOW_MAX);
		return err ? err : load_params(b, NULL);
	}
	err = place_modules(b, end);
	if (!err)
		err = load_texts(b);
	if (err)
		return err;
	return b->image.kind == IMAGE_ELF && b->image.entry_kind == IMAGE_ENTRY_PVH
		       ? load_pvh(b)
		       : load_multiboot(b);
}

/* --- firmware ---------------------------------------------------------------------------- */

/* At the end of the first 4 GiB, and its last 256 KiB at the end of the first MiB. */
static int boot_firmware(struct boot *b)
{
	const char *path = b->cfg->firmware;
	void *data = NULL;
	size_t size = 0, shadow;
	int err = vfs_load(path, 16 * MIB, &data, &size);

	if (err) {
		snprintf(b->why, sizeof(b->why), "cannot be loaded: %s", error_text(err));
		return refuse(b, err, "firmware", path);
	}
	shadow = MIN_T(size_t, size, FIRMWARE_SHADOW);
	err = guest_load_file(b->guest, 4 * GIB - size, path, b->out);
	if (!err)
		err = load(b, PC_HIGH_MEMORY - shadow, (uint8_t *)data + size - shadow, shadow,
			   "its copy");
	heap_free(data);
	b->entry = RESET_VECTOR;
	b->arg = X86_START_REAL;
	return err;
}

/* --- all --------------------------------------------------------------------------------- */

/* Anything at all could be a raw program; one who means it says where it goes. */
static int open_kernel(struct boot *b)
{
	const struct guest_config *cfg = b->cfg;
	int err = image_open(cfg->kernel, &b->image, b->why);

	if (err)
		return refuse(b, err, "kernel", cfg->kernel);
	if (b->image.kind == IMAGE_RAW && !cfg->load_addr) {
		snprintf(b->why, sizeof(b->why), "is no kernel image that is known here; if it is "
			 "a 32-bit program without any header, say where it goes, such as "
			 "load=0x100000");
		return refuse(b, -ENOEXEC, "kernel", cfg->kernel);
	}
	return 0;
}

static int boot_kernel(struct boot *b)
{
	int err = open_kernel(b);

	if (err)
		return err;
	b->kernel = b->image.fixed ? b->image.load : b->cfg->load_addr;
	if (!b->kernel && !b->image.fixed)
		b->kernel = PC_HIGH_MEMORY;
	if (is_told(b, b->kernel, b->kernel + b->image.mem_size))
		b->told = PC_TOLD_ELSEWHERE;
	err = load_bios_data(b);
	if (!err)
		err = load_acpi(b);
	if (!err)
		err = load_cmdline(b);
	if (err)
		return err;
	if (b->image.kind == IMAGE_KERNEL && b->image.entry_kind != IMAGE_ENTRY_MULTIBOOT)
		return boot_bzimage(b);
	return boot_program(b);
}

int pc_boot(const struct guest_config *cfg, struct guest *guest, struct shell_out *out)
{
	struct boot *b = heap_zalloc(sizeof(*b));
	int err;

	if (!b) {
		out_printf(out, "%s: not enough memory of the hypervisor to load it\n",
			   guest->name);
		return -ENOMEM;
	}
	b->cfg = cfg;
	b->guest = guest;
	b->out = out;
	list_memory(b);
	err = cfg->firmware ? boot_firmware(b) : boot_kernel(b);
	if (!err)
		err = guest_set_start(guest, b->entry, b->arg);
	heap_free(b);
	return err;
}
