/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading ACPI tables as untrusted bytes. No data of its own.
 */
#include <libs/acpi.h>

#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/string.h>

#define HEADER	    36
#define TABLE_BYTES (4u << 20) /* longer ones are no tables */

struct reader {
	phys_peek peek;
	struct acpi_info *info;
};

static bool sum_ok(const uint8_t *p, size_t n)
{
	uint8_t sum = 0;

	while (n--)
		sum = (uint8_t)(sum + *p++);
	return !sum;
}

/* A whole table, checked. @return NULL when it is none */
static const uint8_t *table_at(phys_peek peek, uint64_t pa, uint32_t *size)
{
	const uint8_t *t = pa ? peek(pa, HEADER) : NULL;

	*size = t ? get_le32(t + 4) : 0;
	if (*size < HEADER || *size > TABLE_BYTES)
		return NULL;
	t = peek(pa, *size);
	return t && sum_ok(t, *size) ? t : NULL;
}

/* --- the tables ------------------------------------------------------------------------------- */

static void add_cpu(struct acpi_info *info, uint32_t id, uint32_t flags)
{
	unsigned i;

	if (!(flags & 1) || info->nr_cpus == ACPI_CPUS)
		return;
	for (i = 0; i < info->nr_cpus; i++)
		if (info->cpus[i] == id)
			return;
	info->cpus[info->nr_cpus++] = id;
}

static void add_override(struct acpi_info *info, const uint8_t *e)
{
	uint16_t flags = get_le16(e + 8);

	if (e[2] != 0 || e[3] >= ACPI_ISA_IRQS)
		return;
	info->isa[e[3]] = (struct acpi_isa_irq){
		.gsi = get_le32(e + 4),
		.low = (flags & 3) == 3,
		.level = (flags >> 2 & 3) == 3,
	};
}

static void madt_entry(struct acpi_info *info, const uint8_t *e, unsigned size)
{
	if (e[0] == 0 && size >= 8) {
		add_cpu(info, e[3], get_le32(e + 4));
	} else if (e[0] == 9 && size >= 16) {
		add_cpu(info, get_le32(e + 4), get_le32(e + 8));
	} else if (e[0] == 1 && size >= 12 && info->nr_ioapics < ACPI_IOAPICS) {
		info->ioapics[info->nr_ioapics++] = (struct acpi_ioapic){
			.id = e[2], .gsi_base = get_le32(e + 8), .address = get_le32(e + 4),
		};
	} else if (e[0] == 2 && size >= 10) {
		add_override(info, e);
	} else if (e[0] == 5 && size >= 12) {
		info->lapic = get_le64(e + 4);
	}
}

static void read_madt(struct reader *r, const uint8_t *t, uint32_t size)
{
	uint32_t at;

	if (size < 44)
		return;
	r->info->has_madt = true;
	r->info->lapic = get_le32(t + 36);
	for (at = 44; size - at >= 2; at += t[at + 1]) {
		if (t[at + 1] < 2 || t[at + 1] > size - at)
			return;
		madt_entry(r->info, t + at, t[at + 1]);
	}
}

static void read_mcfg(struct reader *r, const uint8_t *t, uint32_t size)
{
	struct acpi_info *info = r->info;
	uint32_t at;

	for (at = 44; at <= size && size - at >= 16; at += 16) {
		struct acpi_segment s = {
			.base = get_le64(t + at), .segment = get_le16(t + at + 8),
			.first_bus = t[at + 10], .last_bus = t[at + 11],
		};

		if (s.base && IS_ALIGNED(s.base, MIB) && s.last_bus >= s.first_bus &&
		    info->nr_segments < ACPI_SEGMENTS)
			info->segments[info->nr_segments++] = s;
	}
}

static void read_hpet(struct reader *r, const uint8_t *t, uint32_t size)
{
	/* in memory, on a page of its own at least */
	if (size >= 56 && t[40] == 0 && IS_ALIGNED(get_le64(t + 44), 1024))
		r->info->hpet = get_le64(t + 44);
}

bool acpi_find_s5(const uint8_t *aml, size_t size, uint16_t *a, uint16_t *b)
{
	size_t at, n;

	/* NameOp, name, PackageOp, PkgLength (1 ... 4 bytes), number of elements, elements */
	for (at = 1; at + 8 < size; at++) {
		uint16_t value[2];
		const uint8_t *p;
		size_t left;

		if (memcmp(aml + at, "_S5_\x12", 5) || (aml[at - 1] != 0x08 && aml[at - 1] != '\\'))
			continue;
		p = aml + at + 5;
		left = size - at - 5;
		n = 1 + (p[0] >> 6) + 1;
		for (unsigned i = 0; i < 2; i++) {
			if (n >= left)
				return false;
			if (p[n] == 0x0a && left - n >= 2) {
				value[i] = p[n + 1];
				n += 2;
			} else if (p[n] <= 1) {
				value[i] = p[n++];
			} else {
				return false;
			}
		}
		*a = value[0];
		*b = value[1];
		return true;
	}
	return false;
}

static void read_dsdt(struct reader *r, uint64_t pa)
{
	uint32_t size;
	const uint8_t *t = table_at(r->peek, pa, &size);

	if (t && !memcmp(t, "DSDT", 4))
		(void)acpi_find_s5(t + HEADER, size - HEADER, &r->info->s5a, &r->info->s5b);
}

/* An I/O port of 16 bits, by its old field or by its generic address. */
static uint16_t port_of(const uint8_t *t, uint32_t size, uint32_t old, uint32_t generic)
{
	uint64_t port = get_le32(t + old);

	if (size >= generic + 12 && t[generic] == 1 && get_le64(t + generic + 4))
		port = get_le64(t + generic + 4);
	return port <= UINT16_MAX ? (uint16_t)port : 0;
}

static void read_fadt(struct reader *r, const uint8_t *t, uint32_t size)
{
	struct acpi_info *info = r->info;
	uint64_t dsdt;

	if (size < 116)
		return;
	info->has_fadt = true;
	info->smi_command = (uint16_t)get_le32(t + 48);
	info->acpi_enable = t[52];
	info->pm1a_control = port_of(t, size, 64, 172);
	info->pm1b_control = port_of(t, size, 68, 184);
	if (t[91] >= 4)
		info->pm_timer = port_of(t, size, 76, 208);
	if (size >= 129 && get_le32(t + 112) & BIT32(10)) {
		info->has_reset = true;
		info->reset = (struct acpi_address){ t[116], get_le64(t + 120) };
		info->reset_value = t[128];
	}
	dsdt = size >= 148 && get_le64(t + 140) ? get_le64(t + 140) : get_le32(t + 40);
	read_dsdt(r, dsdt);
}

static void read_table(struct reader *r, uint64_t pa)
{
	static const struct {
		char signature[5];
		void (*read)(struct reader *r, const uint8_t *t, uint32_t size);
	} known[] = {
		{ "APIC", read_madt }, { "MCFG", read_mcfg },
		{ "HPET", read_hpet }, { "FACP", read_fadt },
	};
	uint32_t size;
	const uint8_t *t = table_at(r->peek, pa, &size);
	unsigned i;

	for (i = 0; t && i < ARRAY_SIZE(known); i++)
		if (!memcmp(t, known[i].signature, 4))
			known[i].read(r, t, size);
}

static int read_root(struct reader *r, uint64_t pa, bool wide)
{
	unsigned width = wide ? 8 : 4;
	uint32_t size, at;
	const uint8_t *t = table_at(r->peek, pa, &size);

	if (!t || memcmp(t, wide ? "XSDT" : "RSDT", 4))
		return -EINVAL;
	for (at = HEADER; size - at >= width; at += width)
		read_table(r, wide ? get_le64(t + at) : get_le32(t + at));
	return 0;
}

int acpi_read(const uint8_t *rsdp, size_t size, phys_peek peek, struct acpi_info *out)
{
	struct reader r = { peek, out };
	unsigned i;

	memset(out, 0, sizeof(*out));
	out->s5a = out->s5b = ACPI_UNKNOWN;
	for (i = 0; i < ACPI_ISA_IRQS; i++)
		out->isa[i].gsi = i;
	if (size < 20 || memcmp(rsdp, "RSD PTR ", 8) || !sum_ok(rsdp, 20))
		return -EINVAL;
	if (size >= 36 && rsdp[15] >= 2 && get_le64(rsdp + 24) &&
	    !read_root(&r, get_le64(rsdp + 24), true))
		return 0;
	return read_root(&r, get_le32(rsdp + 16), false);
}

static uint64_t scan(phys_peek peek, uint64_t from, uint64_t size)
{
	const uint8_t *p = peek(from, size);
	uint64_t at;

	for (at = 0; p && at + 20 <= size; at += 16)
		if (!memcmp(p + at, "RSD PTR ", 8) && sum_ok(p + at, 20))
			return from + at;
	return 0;
}

uint64_t acpi_find_rsdp(phys_peek peek)
{
	const uint8_t *bda = peek(0x40e, 2);
	uint64_t ebda = bda ? (uint64_t)get_le16(bda) << 4 : 0, found = 0;

	if (ebda >= 0x80000 && ebda < 0xa0000)
		found = scan(peek, ebda, 1024);
	return found ? found : scan(peek, 0xe0000, 0x20000);
}
