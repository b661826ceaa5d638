/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device tree of a PC, made of what the boot loader and ACPI tell, so that core and drivers
 * find a machine as they do everywhere: memory, processors, interrupt controllers, the devices that
 * each PC has, PCI. Written by the boot CPU before core runs.
 */
#include "tree.h"

#include <core/log.h>
#include <libfdt.h>
#include <libs/acpi.h>
#include <libs/errno.h>
#include <libs/multiboot.h>
#include <libs/printf.h>
#include <libs/string.h>
#include <port/boot.h>
#include "../host/features.h"

#define TREE_SIZE (24 * KIB)
#define RAM_FROM  MIB	/* below it: firmware's, unless a module is there */
#define GAPS	  64
#define RANGES	  15	/* core takes 16 */
#define IOAPIC_PHANDLE 1

struct x86_platform x86_platform = { .s5a = UINT16_MAX, .s5b = UINT16_MAX, .reset_space = 0xff };

static uint8_t blob[TREE_SIZE] aligned_to(8);

/* --- writing; errors of libfdt stay until fdt_finish() ---------------------------------------- */

static void begin(const char *fmt, ...)
{
	char name[48];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	(void)fdt_begin_node(blob, name);
}

static void end(void)
{
	(void)fdt_end_node(blob);
}

static void words(const char *name, unsigned n, ...)
{
	fdt32_t cells[12];
	va_list ap;
	unsigned i;

	va_start(ap, n);
	for (i = 0; i < n; i++)
		cells[i] = cpu_to_fdt32(va_arg(ap, uint32_t));
	va_end(ap);
	(void)fdt_property(blob, name, cells, (int)(4 * n));
}

static void text(const char *name, const char *s)
{
	(void)fdt_property_string(blob, name, s);
}

static void reg(uint64_t base, uint64_t size)
{
	words("reg", 4, (uint32_t)(base >> 32), (uint32_t)base, (uint32_t)(size >> 32),
	      (uint32_t)size);
}

/* --- memory ----------------------------------------------------------------------------------- */

struct ram {
	uint64_t start, end;
};

/* Take [start, end) out of one range; what is left behind it is added. */
static void cut(struct ram *ram, unsigned *n, unsigned max, uint64_t start, uint64_t stop)
{
	unsigned i, count = *n;

	for (i = 0; i < count; i++) {
		struct ram *r = &ram[i];

		if (stop <= r->start || start >= r->end)
			continue;
		if (start > r->start && stop < r->end && *n < max)
			ram[(*n)++] = (struct ram){ stop, r->end };
		if (start > r->start)
			r->end = start;
		else
			r->start = MIN(stop, r->end);
	}
}

static void sort(struct ram *ram, unsigned n)
{
	unsigned i, j;

	for (i = 1; i < n; i++)
		for (j = i; j && ram[j - 1].start > ram[j].start; j--) {
			struct ram other = ram[j];

			ram[j] = ram[j - 1];
			ram[j - 1] = other;
		}
}

/* What is no memory between two parts in one block of 2 MiB, the least that core manages. */
static struct ram gaps[GAPS];
static unsigned nr_gaps;

/* The lowest memory that is of use: modules of the loader may be anywhere. */
static uint64_t lowest(const struct multiboot *mb)
{
	uint64_t from = RAM_FROM;
	unsigned i;

	for (i = 0; i < mb->nr_modules; i++)
		from = MIN(from, mb->modules[i].start);
	return from;
}

/* Join r to the part before it, or leave room for it behind. @return true: joined */
static bool joined(struct ram *last, struct ram *r)
{
	bool same = ALIGN_DOWN(last->end - 1, BLOCK_SIZE) == ALIGN_DOWN(r->start, BLOCK_SIZE);

	if (r->start > last->end && same && nr_gaps < GAPS)
		gaps[nr_gaps++] = (struct ram){ last->end, r->start };
	else if (r->start > last->end) {
		r->start = same ? ALIGN_UP(r->start, BLOCK_SIZE) : r->start;
		return false;
	}
	last->end = MAX(last->end, r->end);
	return true;
}

/* Usable memory in order, whole pages, no two parts in one block of 2 MiB. @return how many */
static unsigned usable(const struct multiboot *mb, struct ram *ram, unsigned max)
{
	uint64_t from = lowest(mb), ap = x86_platform.ap_page;
	unsigned i, n = 0, kept = 0;

	for (i = 0; i < mb->nr_ranges && n < max; i++)
		if (mb->ranges[i].type == MULTIBOOT_RAM)
			ram[n++] = (struct ram){ mb->ranges[i].base,
						 mb->ranges[i].base + mb->ranges[i].size };
	for (i = 0; i < mb->nr_ranges; i++)
		if (mb->ranges[i].type != MULTIBOOT_RAM)
			cut(ram, &n, max, mb->ranges[i].base,
			    mb->ranges[i].base + mb->ranges[i].size);
	cut(ram, &n, max, ap, ap + PAGE_SIZE);
	sort(ram, n);
	for (i = 0; i < n; i++) {
		struct ram r = { ALIGN_UP(MAX(ram[i].start, from), PAGE_SIZE),
				 ALIGN_DOWN(ram[i].end, PAGE_SIZE) };

		if (r.start >= r.end || (kept && joined(&ram[kept - 1], &r)))
			continue;
		if (r.start < r.end)
			ram[kept++] = r;
	}
	return kept;
}

/* Where memory ends, below 4 GiB and above: device registers are behind it. */
static uint64_t low_end, high_end = 4 * GIB;

static bool has_module(const struct multiboot *mb, uint64_t start, uint64_t end)
{
	unsigned i;

	for (i = 0; i < mb->nr_modules; i++)
		if (mb->modules[i].start < end && mb->modules[i].end > start)
			return true;
	return false;
}

static uint64_t worth(const struct multiboot *mb, const struct ram *ram)
{
	return has_module(mb, ram->start, ram->end) ? UINT64_MAX : ram->end - ram->start;
}

static void put_memory(const struct multiboot *mb)
{
	static struct ram ram[MULTIBOOT_RANGES];
	unsigned n = usable(mb, ram, ARRAY_SIZE(ram)), i;

	for (i = 0; i < n; i++) {
		if (ram[i].end <= 4 * GIB)
			low_end = MAX(low_end, ram[i].end);
		else
			high_end = MAX(high_end, ram[i].end);
	}
	/* The largest of more than core takes. */
	while (n > RANGES) {
		unsigned least = 0;

		for (i = 1; i < n; i++)
			if (worth(mb, &ram[i]) < worth(mb, &ram[least]))
				least = i;
		memmove(&ram[least], &ram[least + 1], (n - least - 1) * sizeof(ram[0]));
		n--;
	}
	for (i = 0; i < n; i++) {
		begin("memory@%llx", (unsigned long long)ram[i].start);
		text("device_type", "memory");
		reg(ram[i].start, ram[i].end - ram[i].start);
		end();
	}
}

/* A page for other CPUs to start in: the highest usable one below 640 KiB. */
static void find_ap_page(const struct multiboot *mb)
{
	unsigned i;

	for (i = 0; i < mb->nr_ranges; i++) {
		const struct multiboot_range *r = &mb->ranges[i];
		uint64_t top = ALIGN_DOWN(MIN(r->base + r->size, (uint64_t)0xa0000), PAGE_SIZE);

		if (r->type != MULTIBOOT_RAM)
			continue;
		/* not where the loader's own information is, which is read no more then */
		while (top >= r->base + PAGE_SIZE && top > PAGE_SIZE &&
		       has_module(mb, top - PAGE_SIZE, top))
			top -= PAGE_SIZE;
		if (top >= r->base + PAGE_SIZE && top > PAGE_SIZE)
			x86_platform.ap_page = MAX(x86_platform.ap_page, top - PAGE_SIZE);
	}
}

static void put_gaps(void)
{
	unsigned i;

	for (i = 0; i < nr_gaps; i++) {
		begin("gap@%llx", (unsigned long long)gaps[i].start);
		reg(gaps[i].start, gaps[i].end - gaps[i].start);
		end();
	}
}

/* The first module is the root file system; the others are there for who looks. */
static void put_modules(const struct multiboot *mb)
{
	unsigned i;

	if (mb->nr_modules < 2 && !nr_gaps)
		return;
	begin("reserved-memory");
	words("#address-cells", 1, 2);
	words("#size-cells", 1, 2);
	(void)fdt_property(blob, "ranges", NULL, 0);
	put_gaps();
	for (i = 1; i < mb->nr_modules; i++) {
		const struct multiboot_module *m = &mb->modules[i];

		begin("module@%llx", (unsigned long long)m->start);
		text("compatible", "multiboot,module");
		text("bootargs", m->text);
		reg(m->start, m->end - m->start);
		end();
	}
	end();
}

/* Some loaders put the name of the file in front; ours are all of the form key=value. */
static const char *arguments(const char *cmdline)
{
	size_t first = strcspn(cmdline, " ");

	if (memchr(cmdline, '=', first))
		return cmdline;
	cmdline += first;
	return cmdline + strspn(cmdline, " ");
}

static void put_chosen(const struct multiboot *mb)
{
	begin("chosen");
	text("stdout-path", "/isa/serial@i3f8");
	text("bootargs", arguments(mb->cmdline));
	if (mb->nr_modules) {
		const struct multiboot_module *m = &mb->modules[0];

		words("linux,initrd-start", 2, (uint32_t)(m->start >> 32), (uint32_t)m->start);
		words("linux,initrd-end", 2, (uint32_t)(m->end >> 32), (uint32_t)m->end);
	}
	end();
}

/* --- processors and interrupt controllers ----------------------------------------------------- */

static void put_cpu(uint32_t id)
{
	begin("cpu@%x", id);
	text("device_type", "cpu");
	text("compatible", "x86");
	words("reg", 1, id);
	text("enable-method", "intel,sipi");
	end();
}

static void put_cpus(const struct acpi_info *acpi)
{
	uint32_t own = apic_own_id();
	unsigned i;

	begin("cpus");
	words("#address-cells", 1, 1);
	words("#size-cells", 1, 0);
	put_cpu(own);
	for (i = 0; i < acpi->nr_cpus; i++)
		if (acpi->cpus[i] != own)
			put_cpu(acpi->cpus[i]);
	end();
}

/* Not told: the places that they have on each PC that has one. */
static const struct acpi_ioapic usual_ioapic = { .address = 0xfec00000 };

static void put_ioapics(const struct acpi_info *acpi)
{
	unsigned i, n = MAX(acpi->nr_ioapics, 1u);

	begin("ioapic");
	text("compatible", "intel,ioapics");
	(void)fdt_property(blob, "interrupt-controller", NULL, 0);
	words("#interrupt-cells", 1, 2);
	words("phandle", 1, IOAPIC_PHANDLE);
	words("#address-cells", 1, 2);
	words("#size-cells", 1, 2);
	(void)fdt_property(blob, "ranges", NULL, 0);
	for (i = 0; i < n; i++) {
		const struct acpi_ioapic *io = acpi->nr_ioapics ? &acpi->ioapics[i] : &usual_ioapic;

		begin("ioapic@%llx", (unsigned long long)io->address);
		reg(io->address, PAGE_SIZE);
		words("gsi-base", 1, io->gsi_base);
		end();
	}
	end();
	begin("apic-timer");
	text("compatible", "intel,apic-timer");
	words("interrupt-parent", 1, IOAPIC_PHANDLE);
	words("interrupts", 2, 0, 0x100);
	end();
}

/* --- devices ---------------------------------------------------------------------------------- */

static void isa_irq(const struct acpi_info *acpi, unsigned irq)
{
	const struct acpi_isa_irq *isa = &acpi->isa[irq];

	words("interrupts", 2, acpi->has_madt ? isa->gsi : irq,
	      isa->level ? isa->low ? 8 : 4 : isa->low ? 2 : 1);
}

static void put_serial(const struct acpi_info *acpi, uint32_t port, unsigned irq)
{
	begin("serial@i%x", port);
	text("compatible", "ns16550a");
	words("reg", 3, 1, port, 8);
	words("clock-frequency", 1, 1843200);
	isa_irq(acpi, irq);
	end();
}

static void put_isa(const struct acpi_info *acpi)
{
	begin("isa");
	text("compatible", "isa");
	words("#address-cells", 1, 2);
	words("#size-cells", 1, 1);
	words("interrupt-parent", 1, IOAPIC_PHANDLE);
	put_serial(acpi, 0x3f8, 4);
	put_serial(acpi, 0x2f8, 3);
	begin("rtc@i70");
	text("compatible", "motorola,mc146818");
	words("reg", 3, 1, 0x70, 2);
	end();
	end();
}

/* What is shown by no mode of ours is left out. */
static void put_screen(const struct multiboot_screen *s)
{
	const char *format = s->bits == 32 ? s->red ? "x8r8g8b8" : "x8b8g8r8"
			   : s->bits == 24 ? "r8g8b8"
			   : s->bits == 16 ? "r5g6b5"
			   : s->bits == 15 ? "x1r5g5b5" : NULL;

	if (!format)
		return;
	begin("framebuffer@%llx", (unsigned long long)s->base);
	text("compatible", "simple-framebuffer");
	reg(s->base, (uint64_t)s->stride * s->height);
	words("width", 1, s->width);
	words("height", 1, s->height);
	words("stride", 1, s->stride);
	text("format", format);
	end();
}

#define MEM32_END 0xfec00000u /* I/O APIC, HPET, local APIC, flash */

/* What firmware gave to devices must be inside; what it left out may be put there. */
static void put_windows(const struct acpi_info *acpi)
{
	uint64_t base = ALIGN_UP(MAX(low_end, 256 * MIB), 16 * MIB);
	uint64_t high = ALIGN_UP(high_end, GIB), top = BIT(MIN(x86_features.pa_bits, 46u));
	fdt32_t rows[14];
	unsigned i;

	/* Above configuration space: firmware has its devices there. */
	for (i = 0; i < acpi->nr_segments; i++) {
		const struct acpi_segment *s = &acpi->segments[i];
		uint64_t end = s->base + (uint64_t)(s->last_bus + 1) * MIB;

		if (s->base >= base && end < MEM32_END)
			base = end;
	}
	const uint32_t cells[14] = {
		0x02000000, 0, (uint32_t)base, 0, (uint32_t)base, 0, MEM32_END - (uint32_t)base,
		0x43000000, (uint32_t)(high >> 32), (uint32_t)high, (uint32_t)(high >> 32),
		(uint32_t)high, (uint32_t)((top - high) >> 32), (uint32_t)(top - high),
	};

	for (i = 0; i < 14; i++)
		rows[i] = cpu_to_fdt32(cells[i]);
	(void)fdt_property(blob, "ranges", rows, top > high ? sizeof(rows) : sizeof(rows) / 2);
}

/*
 * The lines of PCI are where firmware has routed them, among the interrupts of ISA: what leads them
 * to others is a program of ACPI. What MADT says of these holds; else PCI's lines are level, low.
 */
static void put_lines(const struct acpi_info *acpi)
{
	fdt32_t cells[2 * ACPI_ISA_IRQS];
	unsigned i;

	for (i = 0; i < ACPI_ISA_IRQS; i++) {
		const struct acpi_isa_irq *isa = &acpi->isa[i];

		cells[2 * i] = cpu_to_fdt32(acpi->has_madt ? isa->gsi : i);
		cells[2 * i + 1] = cpu_to_fdt32(isa->level && !isa->low ? 4 : 8);
	}
	words("interrupt-parent", 1, IOAPIC_PHANDLE);
	(void)fdt_property(blob, "firmware-lines", cells, sizeof(cells));
}

static void put_host_bridge(const struct acpi_info *acpi, const char *compatible)
{
	text("compatible", compatible);
	text("device_type", "pci");
	words("#address-cells", 1, 3);
	words("#size-cells", 1, 2);
	words("msi-parent", 1, IOAPIC_PHANDLE);
	(void)fdt_property(blob, "dma-coherent", NULL, 0);
	put_lines(acpi);
	put_windows(acpi);
}

static void put_pci(const struct acpi_info *acpi)
{
	unsigned i;

	for (i = 0; i < acpi->nr_segments; i++) {
		const struct acpi_segment *s = &acpi->segments[i];
		uint64_t first = s->base + (uint64_t)s->first_bus * MIB;

		begin("pcie@%llx", (unsigned long long)first);
		put_host_bridge(acpi, "pci-host-ecam-generic");
		words("bus-range", 2, s->first_bus, s->last_bus);
		words("linux,pci-domain", 1, s->segment);
		reg(first, (uint64_t)(s->last_bus - s->first_bus + 1) * MIB);
		end();
	}
	if (acpi->nr_segments)
		return;
	begin("pci");
	put_host_bridge(acpi, "pci-host-cf8");
	words("io-port", 1, 0xcf8);
	end();
}

/* --- all of it -------------------------------------------------------------------------------- */

static void fill_platform(const struct acpi_info *acpi)
{
	x86_platform.pm_timer = acpi->pm_timer;
	x86_platform.pm1a_control = acpi->pm1a_control;
	x86_platform.pm1b_control = acpi->pm1b_control;
	x86_platform.s5a = acpi->s5a;
	x86_platform.s5b = acpi->s5b;
	x86_platform.hpet = acpi->hpet;
	if (acpi->has_reset) {
		x86_platform.reset_space = acpi->reset.space;
		x86_platform.reset_address = acpi->reset.address;
		x86_platform.reset_value = acpi->reset_value;
	}
}

const void *tree_make(const struct multiboot *mb, const struct acpi_info *acpi)
{
	fill_platform(acpi);
	find_ap_page(mb);
	if (fdt_create(blob, sizeof(blob)) || fdt_finish_reservemap(blob))
		return NULL;
	begin("%s", "");
	text("model", "PC");
	text("compatible", "pc");
	words("#address-cells", 1, 2);
	words("#size-cells", 1, 2);
	put_chosen(mb);
	put_memory(mb);
	put_modules(mb);
	put_cpus(acpi);
	put_ioapics(acpi);
	put_isa(acpi);
	put_screen(&mb->screen);
	put_pci(acpi);
	end();
	return fdt_finish(blob) ? NULL : blob;
}
