/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PCI and message-signalled interrupts in the device tree of a guest of ARM devices: the bindings
 * "pci-host-ecam-generic", "arm,gic-v2m-frame" and "arm,gic-v3-its", filled as QEMU's machine
 * "virt" does. Reads the guest, which does not change; no data, no lock.
 */
#include "arm_fdt.h"

#include <core/dt.h>
#include <libs/printf.h>

#define IRQ_LEVEL     4
#define IRQ_SPI_FIRST 32
#define PINS	      4
/* Lines come again every four slots. */
#define MAP_SLOTS     4
#define SLOT_SHIFT    11
#define BUS_SIZE      0x100000
/* First cell of an address on the bus: the space that it is in. */
#define SPACE_IO      0x01000000u
#define SPACE_MEM32   0x02000000u
#define SPACE_MEM64   0x03000000u

/* --- messages ----------------------------------------------------------------------- */

static void add_msi(struct arm_fdt *a, const struct region *r, const char *name,
		    const char *compatible)
{
	struct dt_node *node = guest_fdt_node(&a->f, a->gic_node, "%s@%" PRIx64, name, r->gpa);

	guest_fdt_string(&a->f, node, "compatible", compatible);
	guest_fdt_flag(&a->f, node, "msi-controller");
	if (!a->gicv2)
		guest_fdt_cells(&a->f, node, "#msi-cells", 1);
	guest_fdt_reg(&a->f, node, r->gpa, r->size);
	a->msi = guest_fdt_phandle(&a->f, node);
}

void arm_fdt_add_msi(struct arm_fdt *a)
{
	for (unsigned i = 0; i < a->guest->nr_regions && !a->msi; i++) {
		const struct region *r = &a->guest->regions[i];

		if (r->flags & REGION_ALIAS)
			continue;
		if (a->gicv2 && dt_compatible(r->node, "arm,gic-v2m-frame"))
			add_msi(a, r, "v2m", "arm,gic-v2m-frame");
		else if (!a->gicv2 && dt_compatible(r->node, "arm,gic-v3-its"))
			add_msi(a, r, "its", "arm,gic-v3-its");
	}
}

/* --- the bus ------------------------------------------------------------------------ */

/* A row of `ranges`: bus address (3 cells), CPU address (2), size (2). @return cells */
static unsigned put_range(uint32_t *cells, uint32_t space, uint64_t at, const struct region *r)
{
	cells[0] = space;
	cells[1] = (uint32_t)(at >> 32);
	cells[2] = (uint32_t)at;
	cells[3] = (uint32_t)(r->gpa >> 32);
	cells[4] = (uint32_t)r->gpa;
	cells[5] = (uint32_t)(r->size >> 32);
	cells[6] = (uint32_t)r->size;
	return 7;
}

static void add_ranges(struct arm_fdt *a, struct dt_node *node)
{
	uint32_t cells[7 * 8];
	unsigned n = 0;

	for (unsigned i = 0; i < a->guest->nr_regions && n + 7 <= sizeof(cells) / 4; i++) {
		const struct region *r = &a->guest->regions[i];

		if (r->flags & REGION_ALIAS)
			continue;
		if (dt_compatible(r->node, "pci-io-window"))
			n += put_range(cells + n, SPACE_IO, 0, r);
		else if (dt_compatible(r->node, "pci-window"))
			n += put_range(cells + n, r->gpa >> 32 ? SPACE_MEM64 : SPACE_MEM32, r->gpa,
				       r);
	}
	guest_fdt_put_cells(&a->f, node, "ranges", cells, n);
}

/* Which interrupt each pin of each slot is; slots differ by one. */
static void add_interrupt_map(struct arm_fdt *a, struct dt_node *node, const struct region *ecam)
{
	uint32_t map[MAP_SLOTS * PINS * 10], irqs[PINS];
	uint32_t *c = map;

	for (unsigned pin = 0; pin < PINS; pin++)
		if (dt_u32(ecam->node, "interrupts", pin, &irqs[pin]) || irqs[pin] < IRQ_SPI_FIRST)
			return; /* a bridge without lines */
	for (unsigned slot = 0; slot < MAP_SLOTS; slot++) {
		for (unsigned pin = 0; pin < PINS; pin++, c += 10) {
			const uint32_t row[10] = {
				slot << SLOT_SHIFT, 0, 0, pin + 1, a->gic, 0, 0, 0,
				irqs[(slot + pin) % PINS] - IRQ_SPI_FIRST, IRQ_LEVEL,
			};

			for (unsigned i = 0; i < 10; i++)
				c[i] = row[i];
		}
	}
	guest_fdt_cells(&a->f, node, "#interrupt-cells", 1);
	guest_fdt_put_cells(&a->f, node, "interrupt-map", map, (unsigned)(c - map));
	guest_fdt_cells(&a->f, node, "interrupt-map-mask", (MAP_SLOTS - 1) << SLOT_SHIFT, 0, 0, 7);
}

void arm_fdt_add_pci(struct arm_fdt *a, const struct region *ecam)
{
	struct dt_node *node = guest_fdt_node(&a->f, a->f.root, "pcie@%" PRIx64, ecam->gpa);

	guest_fdt_string(&a->f, node, "compatible", "pci-host-ecam-generic");
	guest_fdt_string(&a->f, node, "device_type", "pci");
	guest_fdt_cells(&a->f, node, "#address-cells", 3);
	guest_fdt_cells(&a->f, node, "#size-cells", 2);
	guest_fdt_reg(&a->f, node, ecam->gpa, ecam->size);
	guest_fdt_cells(&a->f, node, "linux,pci-domain", 0);
	guest_fdt_cells(&a->f, node, "bus-range", 0, (uint32_t)(ecam->size / BUS_SIZE) - 1);
	guest_fdt_flag(&a->f, node, "dma-coherent");
	add_ranges(a, node);
	if (a->gic)
		add_interrupt_map(a, node, ecam);
	if (a->msi)
		guest_fdt_cells(&a->f, node, "msi-map", 0, a->msi, 0, 0x10000);
}
