/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ACPI's tables for a guest of the board "pc" (ACPI 6.4, chapter 5), made of what the guest has:
 * RSDP and XSDT, FADT with FACS, MADT, MCFG, and a DSDT whose AML has the PCI host bridge with its
 * windows and interrupts, the ISA devices and the state S5. Written to the caller's buffer; no
 * data, no lock.
 */
#include "pc.h"

#include <core/board.h>
#include <libs/byteorder.h>
#include <libs/string.h>

#define HEADER	 36
#define RESET_VALUE 6
#define VPCI_SLOTS 32

/* Tables in the making; after `full` nothing more is written. */
struct out {
	uint8_t *buf;
	size_t at, room;
	uint32_t base; /* address of buf for the guest */
	bool full;
};

static uint8_t *take(struct out *o, size_t n)
{
	uint8_t *p = o->buf + o->at;

	if (o->full || n > o->room - o->at) {
		o->full = true;
		return NULL;
	}
	memset(p, 0, n);
	o->at += n;
	return p;
}

static void put(struct out *o, const void *data, size_t n)
{
	uint8_t *p = take(o, n);

	if (p)
		memcpy(p, data, n);
}

static void put_int(struct out *o, uint64_t v, unsigned size)
{
	uint8_t bytes[8];

	put_le64(bytes, v);
	put(o, bytes, size);
}

static void align(struct out *o, size_t to)
{
	take(o, ALIGN_UP(o->at, to) - o->at);
}

static uint32_t address(const struct out *o, size_t at)
{
	return o->base + (uint32_t)at;
}

static uint8_t checksum(const uint8_t *p, size_t n)
{
	uint8_t sum = 0;

	while (n--)
		sum += *p++;
	return (uint8_t)-sum;
}

/* @return where the table begins */
static size_t begin(struct out *o, const char *signature, uint8_t revision)
{
	size_t at;
	uint8_t *p;

	align(o, 16);
	at = o->at;
	p = take(o, HEADER);
	if (!p)
		return 0;
	memcpy(p, signature, 4);
	p[8] = revision;
	memcpy(p + 10, "XVISOR", 6);
	memcpy(p + 16, "PC      ", 8);
	put_le32(p + 24, 1);
	memcpy(p + 28, "XVSR", 4);
	put_le32(p + 32, 1);
	return at;
}

static void end(struct out *o, size_t at)
{
	uint8_t *p = o->buf + at;

	if (o->full)
		return;
	put_le32(p + 4, (uint32_t)(o->at - at));
	p[9] = checksum(p, o->at - at);
}

/* --- AML (chapter 20) -------------------------------------------------------------------- */

enum { OP_ZERO = 0x00, OP_ONE = 0x01, OP_NAME = 0x08, OP_BYTE = 0x0a, OP_WORD = 0x0b,
       OP_DWORD = 0x0c, OP_STRING = 0x0d, OP_QWORD = 0x0e, OP_SCOPE = 0x10, OP_BUFFER = 0x11,
       OP_PACKAGE = 0x12, OP_EXT = 0x5b, EXT_DEVICE = 0x82 };

static void op(struct out *o, uint8_t byte)
{
	put(o, &byte, 1);
}

/* A package length is written as 3 bytes, whatever it will be. @return for close_pkg() */
static size_t open_pkg(struct out *o)
{
	size_t at = o->at;

	take(o, 3);
	return at;
}

static void close_pkg(struct out *o, size_t at)
{
	size_t n = o->at - at;

	if (o->full)
		return;
	o->buf[at] = (uint8_t)(0x80 | (n & 0xf));
	o->buf[at + 1] = (uint8_t)(n >> 4);
	o->buf[at + 2] = (uint8_t)(n >> 12);
}

static void integer(struct out *o, uint64_t v)
{
	unsigned size = v <= 0xff ? 1 : v <= 0xffff ? 2 : v <= 0xffffffff ? 4 : 8;

	if (v <= 1) {
		op(o, (uint8_t)v);
		return;
	}
	op(o, size == 1 ? OP_BYTE : size == 2 ? OP_WORD : size == 4 ? OP_DWORD : OP_QWORD);
	put_int(o, v, size);
}

static void name(struct out *o, const char *text)
{
	op(o, OP_NAME);
	put(o, text, 4);
}

static void name_integer(struct out *o, const char *text, uint64_t v)
{
	name(o, text);
	integer(o, v);
}

/* "PNP0A08" in the compressed form of EISA (6.1.5). */
static void name_eisa(struct out *o, const char *text, const char *id)
{
	uint32_t v = (uint32_t)(id[0] - '@') << 26 | (uint32_t)(id[1] - '@') << 21 |
		     (uint32_t)(id[2] - '@') << 16;

	for (unsigned i = 0; i < 4; i++) {
		char c = id[3 + i];

		v |= (uint32_t)(c <= '9' ? c - '0' : c - 'A' + 10) << (12 - 4 * i);
	}
	name(o, text);
	op(o, OP_DWORD);
	put_int(o, swap32(v), 4);
}

static size_t open_device(struct out *o, const char *text)
{
	size_t at;

	op(o, OP_EXT);
	op(o, EXT_DEVICE);
	at = open_pkg(o);
	put(o, text, 4);
	return at;
}

/* A buffer of resource descriptors (6.4). */
struct resources {
	size_t pkg, size, data;
};

static struct resources open_resources(struct out *o)
{
	struct resources r;

	name(o, "_CRS");
	op(o, OP_BUFFER);
	r.pkg = open_pkg(o);
	op(o, OP_WORD);
	r.size = o->at;
	take(o, 2);
	r.data = o->at;
	return r;
}

static void close_resources(struct out *o, struct resources r)
{
	static const uint8_t end_tag[] = { 0x79, 0 };

	put(o, end_tag, sizeof(end_tag));
	if (!o->full)
		put_le16(o->buf + r.size, (uint16_t)(o->at - r.data));
	close_pkg(o, r.pkg);
}

static void io_ports(struct out *o, uint16_t port, uint8_t n)
{
	op(o, 0x47);
	op(o, 1); /* all 16 bits are decoded */
	put_int(o, port, 2);
	put_int(o, port, 2);
	op(o, 1);
	op(o, n);
}

static void irq(struct out *o, unsigned n)
{
	op(o, 0x22);
	put_int(o, 1u << n, 2);
}

/* A range that the bridge passes on: address space descriptors of three widths. */
struct window {
	uint8_t tag, kind, flags;
	unsigned width;
};

static const struct window bus_window = { 0x88, 2, 0, 2 };
static const struct window port_window = { 0x88, 1, 3, 2 };
static const struct window memory_window = { 0x87, 0, 1, 4 };
static const struct window high_window = { 0x8a, 0, 1, 8 };

static void range(struct out *o, const struct window *w, uint64_t from, uint64_t to)
{
	op(o, w->tag);
	put_int(o, 3 + 5 * w->width, 2);
	op(o, w->kind);
	op(o, 0x0c); /* minimum and maximum are fixed */
	op(o, w->flags);
	put_int(o, 0, w->width); /* granularity */
	put_int(o, from, w->width);
	put_int(o, to, w->width);
	put_int(o, 0, w->width);
	put_int(o, to - from + 1, w->width);
}

/* Interrupts of the slots: INTA to INTD of slot n are lines n, n + 1, ... (modulo 4). */
static void routing(struct out *o)
{
	size_t all;

	name(o, "_PRT");
	op(o, OP_PACKAGE);
	all = open_pkg(o);
	op(o, 4 * VPCI_SLOTS);
	for (unsigned i = 0; i < 4 * VPCI_SLOTS; i++) {
		unsigned slot = i / 4, pin = i % 4;
		size_t entry;

		op(o, OP_PACKAGE);
		entry = open_pkg(o);
		op(o, 4);
		integer(o, slot << 16 | 0xffff);
		integer(o, pin);
		op(o, OP_ZERO);
		integer(o, PC_IRQ_PCI + (slot + pin) % 4);
		close_pkg(o, entry);
	}
	close_pkg(o, all);
}

static void pci_bridge(struct out *o, const struct guest_config *cfg)
{
	const struct pc_window high = pc_high_window(cfg);
	size_t at = open_device(o, "PCI0");
	struct resources r;

	name_eisa(o, "_HID", "PNP0A08");
	name_eisa(o, "_CID", "PNP0A03");
	name_integer(o, "_UID", 0);
	name_integer(o, "_BBN", 0);
	r = open_resources(o);
	range(o, &bus_window, 0, 0);
	io_ports(o, PC_PORT_CF8, 8);
	range(o, &port_window, 0, PC_PORT_CF8 - 1);
	range(o, &port_window, PC_PORT_CF8 + 8, 0xffff);
	range(o, &memory_window, PC_PCI_MEM, PC_PCI_MEM + (uint64_t)PC_PCI_MEM_SIZE - 1);
	if (cfg->firmware)
		range(o, &memory_window, PC_PCI_LOW, PC_ECAM - 1);
	if (high.size)
		range(o, &high_window, high.at, high.at + high.size - 1);
	close_resources(o, r);
	routing(o);
	close_pkg(o, at);
}

/* A device with one range of ports, a second one, and an interrupt. */
struct isa {
	char name[5];
	const char *id;
	uint8_t uid;
	uint16_t port;
	uint8_t ports;
	uint16_t second;
	int8_t irq;
};

static const struct isa isa_devices[] = {
	{ "COM1", "PNP0501", 1, PC_PORT_COM1, 8, 0, PC_IRQ_COM1 },
	{ "KBD_", "PNP0303", 0, PC_PORT_KBD, 1, PC_PORT_KBD2, PC_IRQ_KBD },
	{ "MOU_", "PNP0F13", 0, 0, 0, 0, PC_IRQ_MOUSE },
	{ "RTC_", "PNP0B00", 0, PC_PORT_RTC, 2, 0, PC_IRQ_RTC },
	{ "TIMR", "PNP0100", 0, PC_PORT_PIT, 4, 0, PC_IRQ_PIT },
};

static void isa_device(struct out *o, const struct isa *d)
{
	size_t at = open_device(o, d->name);
	struct resources r;

	name_eisa(o, "_HID", d->id);
	if (d->uid)
		name_integer(o, "_UID", d->uid);
	r = open_resources(o);
	if (d->ports)
		io_ports(o, d->port, d->ports);
	if (d->second)
		io_ports(o, d->second, 1);
	irq(o, (unsigned)d->irq);
	close_resources(o, r);
	close_pkg(o, at);
}

static void fixed_memory(struct out *o, uint32_t at, uint32_t size)
{
	op(o, 0x86);
	put_int(o, 9, 2);
	op(o, 1);
	put_int(o, at, 4);
	put_int(o, size, 4);
}

static void hpet_device(struct out *o)
{
	size_t at = open_device(o, "HPET");
	struct resources r;

	name_eisa(o, "_HID", "PNP0103");
	name_integer(o, "_UID", 0);
	r = open_resources(o);
	fixed_memory(o, PC_HPET, PC_HPET_SIZE);
	close_resources(o, r);
	close_pkg(o, at);
}

/* What takes place on the board and is no device: the fixed hardware, configuration space. */
static void board_resources(struct out *o)
{
	size_t at = open_device(o, "MBRD");
	struct resources r;

	name_eisa(o, "_HID", "PNP0C02");
	r = open_resources(o);
	io_ports(o, PC_PORT_PM, 16);
	io_ports(o, PC_PORT_ELCR, 2);
	io_ports(o, PC_PORT_PIT2, 1);
	fixed_memory(o, PC_ECAM, PC_ECAM_SIZE);
	close_resources(o, r);
	close_pkg(o, at);
}

static size_t make_dsdt(struct out *o, const struct guest_config *cfg)
{
	size_t at = begin(o, "DSDT", 2), scope, pkg;

	op(o, OP_SCOPE);
	scope = open_pkg(o);
	put(o, "\\_SB_", 5);
	pci_bridge(o, cfg);
	for (unsigned i = 0; i < ARRAY_SIZE(isa_devices); i++)
		isa_device(o, &isa_devices[i]);
	if (IS_ENABLED(CONFIG_EMU_HPET))
		hpet_device(o);
	board_resources(o);
	close_pkg(o, scope);
	name(o, "_S5_");
	op(o, OP_PACKAGE);
	pkg = open_pkg(o);
	op(o, 4);
	integer(o, 5);
	integer(o, 5);
	op(o, OP_ZERO);
	op(o, OP_ZERO);
	close_pkg(o, pkg);
	end(o, at);
	return at;
}

/* --- tables ------------------------------------------------------------------------------ */

static size_t make_facs(struct out *o)
{
	size_t at;
	uint8_t *p;

	align(o, 64);
	at = o->at;
	p = take(o, 64);
	if (!p)
		return 0;
	memcpy(p, "FACS", 4);
	put_le32(p + 4, 64);
	p[32] = 2;
	return at;
}

/* Generic address of ports (5.2.3.2). */
static void gas(uint8_t *p, uint16_t port, unsigned bits)
{
	p[0] = 1;
	p[1] = (uint8_t)bits;
	p[3] = bits == 8 ? 1 : bits == 16 ? 2 : 3;
	put_le64(p + 4, port);
}

static size_t make_fadt(struct out *o, size_t facs, size_t dsdt)
{
	size_t at = begin(o, "FACP", 6);
	uint8_t *p = take(o, 276 - HEADER);

	if (!p)
		return 0;
	p = o->buf + at;
	put_le32(p + 36, address(o, facs));
	put_le32(p + 40, address(o, dsdt));
	put_le16(p + 46, PC_IRQ_SCI);
	/* Without a port to switch it on (SMI_CMD), ACPI is on. */
	put_le32(p + 56, PC_PORT_PM);
	put_le32(p + 64, PC_PORT_PM + 4);
	put_le32(p + 76, PC_PORT_PM + 8);
	p[88] = 4;
	p[89] = 2;
	p[91] = 4;
	put_le16(p + 96, 0xfff); /* there is no C2, no C3 */
	put_le16(p + 98, 0xfff);
	p[108] = 0x32; /* the century's place in the clock's memory */
	put_le16(p + 109, 0x0007); /* ISA devices, 8042, no VGA */
	/* WBINVD, C1, no sleep button, no wake by the clock, timer of 32 bits, reset register */
	put_le32(p + 112, BIT32(0) | BIT32(2) | BIT32(5) | BIT32(6) | BIT32(8) | BIT32(10));
	gas(p + 116, PC_PORT_RESET, 8);
	p[128] = RESET_VALUE;
	p[131] = 3; /* revision 6.3 */
	put_le64(p + 140, address(o, dsdt));
	gas(p + 148, PC_PORT_PM, 32);
	gas(p + 172, PC_PORT_PM + 4, 16);
	gas(p + 208, PC_PORT_PM + 8, 32);
	end(o, at);
	return at;
}

/* A line of ISA that is another input of the IOAPIC, or not an edge. */
static void irq_override(struct out *o, uint8_t source, uint32_t input, uint16_t flags)
{
	op(o, 2);
	op(o, 10);
	op(o, 0);
	op(o, source);
	put_int(o, input, 4);
	put_int(o, flags, 2);
}

static size_t make_madt(struct out *o, unsigned vcpus)
{
	size_t at = begin(o, "APIC", 4);

	put_int(o, PC_LAPIC, 4);
	put_int(o, 1, 4); /* and there are 8259s */
	for (unsigned i = 0; i < vcpus; i++) {
		op(o, 0);
		op(o, 8);
		op(o, (uint8_t)i);
		op(o, (uint8_t)i);
		put_int(o, 1, 4);
	}
	op(o, 1);
	op(o, 12);
	op(o, (uint8_t)vcpus);
	op(o, 0);
	put_int(o, PC_IOAPIC, 4);
	put_int(o, 0, 4);
	irq_override(o, PC_IRQ_PIT, 2, 0);
	irq_override(o, PC_IRQ_SCI, PC_IRQ_SCI, 0xd); /* level, high */
	/* NMIs come to LINT1 of all. */
	op(o, 4);
	op(o, 6);
	op(o, 0xff);
	put_int(o, 0, 2);
	op(o, 1);
	end(o, at);
	return at;
}

static size_t make_mcfg(struct out *o)
{
	size_t at = begin(o, "MCFG", 1);

	put_int(o, 0, 8);
	put_int(o, PC_ECAM, 8);
	put_int(o, 0, 2);
	op(o, 0);
	op(o, (PC_ECAM_SIZE >> 20) - 1);
	put_int(o, 0, 4);
	end(o, at);
	return at;
}

static size_t make_hpet(struct out *o)
{
	size_t at = begin(o, "HPET", 1);

	put_int(o, PC_HPET_ID, 4);
	put_int(o, 0x4000, 4); /* registers of 64 bits, in memory */
	put_int(o, PC_HPET, 8);
	op(o, 0);
	put_int(o, 1000, 2); /* ticks between interrupts that none is lost of */
	op(o, 0);
	end(o, at);
	return at;
}

static void make_rsdp(uint8_t *p, uint32_t rsdt, uint32_t xsdt)
{
	memcpy(p, "RSD PTR ", 8);
	memcpy(p + 9, "XVISOR", 6);
	p[15] = 2;
	put_le32(p + 16, rsdt);
	put_le32(p + 20, 36);
	put_le64(p + 24, xsdt);
	p[8] = checksum(p, 20);
	p[32] = checksum(p, 36);
}

/* The list of all tables: of 64-bit addresses, or of 32-bit ones for old systems. */
static size_t make_list(struct out *o, const char *signature, unsigned width, const size_t *tables,
			unsigned n)
{
	size_t at = begin(o, signature, 1);

	for (unsigned i = 0; i < n; i++)
		put_int(o, address(o, tables[i]), width);
	end(o, at);
	return at;
}

size_t pc_acpi_make(const struct guest_config *cfg, uint32_t base, uint8_t *buf, size_t room)
{
	struct out o = { .buf = buf, .room = room, .base = base };
	size_t tables[4], facs, dsdt, rsdt, xsdt;
	unsigned n = 0;
	uint8_t *rsdp = take(&o, PC_RSDP_SIZE); /* first, where it is looked for */

	facs = make_facs(&o);
	dsdt = make_dsdt(&o, cfg);
	tables[n++] = make_fadt(&o, facs, dsdt);
	tables[n++] = make_madt(&o, cfg->vcpus);
	tables[n++] = make_mcfg(&o);
	if (IS_ENABLED(CONFIG_EMU_HPET))
		tables[n++] = make_hpet(&o);
	rsdt = make_list(&o, "RSDT", 4, tables, n);
	xsdt = make_list(&o, "XSDT", 8, tables, n);
	if (o.full)
		return 0;
	make_rsdp(rsdp, address(&o, rsdt), address(&o, xsdt));
	return o.at;
}

/* --- for firmware ------------------------------------------------------------------------ */

/* Commands of 128 bytes, as QEMU's firmware knows them. */
#define COMMAND	  128u
#define FILE_NAME 56u
#define TABLES	  "etc/acpi/tables"
#define RSDP	  "etc/acpi/rsdp"
enum { ALLOCATE = 1, ADD_POINTER = 2, ADD_CHECKSUM = 3 };
enum { ZONE_HIGH = 1, ZONE_BELOW_1M = 2 };

static uint8_t *command(struct out *o, unsigned what, const char *file)
{
	static uint8_t nowhere[COMMAND]; /* when there is no room any more */
	uint8_t *p = take(o, COMMAND);

	p = p ? p : nowhere;
	put_le32(p, what);
	strlcpy((char *)p + 4, file, FILE_NAME);
	return p + 4 + FILE_NAME;
}

static void allocate(struct out *o, const char *file, uint32_t align, uint8_t zone)
{
	uint8_t *p = command(o, ALLOCATE, file);

	put_le32(p, align);
	p[4] = zone;
}

/* What is there is an offset in the file of the tables and becomes an address. */
static void add_pointer(struct out *o, const char *file, size_t at, uint8_t size)
{
	uint8_t *p = command(o, ADD_POINTER, file);

	strlcpy((char *)p, TABLES, FILE_NAME);
	put_le32(p + FILE_NAME, (uint32_t)at);
	p[FILE_NAME + 4] = size;
}

static void add_checksum(struct out *o, const char *file, uint8_t *data, size_t at, size_t from,
			 uint32_t size)
{
	uint8_t *p = command(o, ADD_CHECKSUM, file);

	data[at] = 0;
	put_le32(p, (uint32_t)at);
	put_le32(p + 4, (uint32_t)from);
	put_le32(p + 8, size);
}

static void add_table_checksum(struct out *o, uint8_t *tables, size_t at)
{
	add_checksum(o, TABLES, tables, at + 9, at, get_le32(tables + at + 4));
}

/* The lists' own addresses, and those that they have. */
static void relocate_list(struct out *o, uint8_t *tables, size_t in_rsdp, uint8_t width)
{
	size_t at = get_le32(tables + in_rsdp);

	for (uint32_t i = HEADER; i < get_le32(tables + at + 4); i += width)
		add_pointer(o, TABLES, at + i, width);
	add_table_checksum(o, tables, at);
	add_pointer(o, RSDP, in_rsdp, width);
}

size_t pc_acpi_script(uint8_t *tables, uint8_t *buf, size_t room)
{
	struct out o = { .buf = buf, .room = room };
	size_t xsdt = get_le32(tables + 24), fadt = get_le32(tables + xsdt + HEADER);

	allocate(&o, TABLES, 64, ZONE_HIGH);
	allocate(&o, RSDP, 16, ZONE_BELOW_1M);
	add_pointer(&o, TABLES, fadt + 36, 4);
	add_pointer(&o, TABLES, fadt + 40, 4);
	add_pointer(&o, TABLES, fadt + 140, 8);
	add_table_checksum(&o, tables, fadt);
	relocate_list(&o, tables, 16, 4);
	relocate_list(&o, tables, 24, 8);
	add_checksum(&o, RSDP, tables, 8, 0, 20);
	add_checksum(&o, RSDP, tables, 32, 0, PC_RSDP_SIZE);
	return o.full ? 0 : o.at;
}
