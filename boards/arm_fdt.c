/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes the device tree of a guest of ARM devices: each kind of region contributes the node that
 * QEMU's machine "virt" has for it. Reads the guest, which does not change; no data, no lock.
 */
#include "arm_fdt.h"

#include <core/dt.h>
#include <core/guest.h>
#include <libs/byteorder.h>
#include <libs/printf.h>
#include <libs/string.h>

#define IRQ_EDGE	 1
#define IRQ_LEVEL	 4
#define IRQ_PPI_FIRST	 16
#define IRQ_SPI_FIRST	 32
#define PPI_TIMER_SECURE 29
#define PPI_TIMER_HYP	 26
#define CLOCK_HZ	 24000000
#define SP805_HZ	 1000000 /* unless its node says otherwise */
#define KEY_POWER	 116
/* Line of the GPIO controller with the power button, where its node does not say otherwise. */
#define POWER_LINE 3

uint32_t arm_fdt_affinity(unsigned vcpu, bool gicv2)
{
	unsigned cluster = gicv2 ? 8 : 16;

	return (vcpu / cluster) << 8 | vcpu % cluster;
}

/* --- what several kinds of nodes have --------------------------------------------------------- */

/* Cells of an interrupt, of the GIC's binding. */
static void irq_cells(const struct arm_fdt *a, uint32_t irq, uint32_t type, uint32_t *cells)
{
	cells[0] = irq < IRQ_SPI_FIRST;
	cells[1] = irq - (irq < IRQ_SPI_FIRST ? IRQ_PPI_FIRST : IRQ_SPI_FIRST);
	cells[2] = type;
	/* A GICv2 wants to know which processors a private interrupt is wired to. */
	if (irq < IRQ_SPI_FIRST && a->gicv2)
		cells[2] |= (uint32_t)GENMASK(7 + MIN(a->guest->nr_vcpus, 8U), 8);
}

/* The first interrupt of the region's own node. */
static void put_irq(struct arm_fdt *a, struct dt_node *node, const struct region *r, uint32_t type)
{
	uint32_t irq, cells[3];

	if (!a->gic || dt_u32(r->node, "interrupts", 0, &irq) || irq < IRQ_PPI_FIRST)
		return;
	irq_cells(a, irq, type, cells);
	guest_fdt_put_cells(&a->f, node, "interrupts", cells, 3);
}

static uint32_t bus_clock(struct arm_fdt *a)
{
	struct dt_node *node;

	if (a->clock)
		return a->clock;
	node = guest_fdt_node(&a->f, a->f.root, "apb-pclk");
	guest_fdt_string(&a->f, node, "compatible", "fixed-clock");
	guest_fdt_cells(&a->f, node, "#clock-cells", 0);
	guest_fdt_cells(&a->f, node, "clock-frequency", CLOCK_HZ);
	guest_fdt_string(&a->f, node, "clock-output-names", "clk24mhz");
	a->clock = guest_fdt_phandle(&a->f, node);
	return a->clock;
}

/* A PrimeCell: registers, an interrupt, the bus clock. */
static struct dt_node *primecell(struct arm_fdt *a, const struct region *r, const char *name,
				 const char *compatible, size_t compatible_size)
{
	struct dt_node *node = guest_fdt_node(&a->f, a->f.root, "%s@%" PRIx64, name, r->gpa);

	guest_fdt_put(&a->f, node, "compatible", compatible, compatible_size);
	guest_fdt_reg(&a->f, node, r->gpa, r->size);
	put_irq(a, node, r, IRQ_LEVEL);
	guest_fdt_cells(&a->f, node, "clocks", bus_clock(a));
	guest_fdt_string(&a->f, node, "clock-names", "apb_pclk");
	return node;
}

#define PRIMECELL(a, r, name)                                                                      \
	primecell((a), (r), (name), "arm," name "\0arm,primecell",                                 \
		  sizeof("arm," name "\0arm,primecell"))

/* --- kinds of regions ----------------------------------------------------------------------------
 */

static void add_pl011(struct arm_fdt *a, const struct region *r)
{
	struct dt_node *node = PRIMECELL(a, r, "pl011");

	guest_fdt_cells(&a->f, node, "clocks", bus_clock(a), bus_clock(a));
	guest_fdt_strings(&a->f, node, "clock-names", "uartclk\0apb_pclk");
	if (!a->stdout_path[0])
		snprintf(a->stdout_path, sizeof(a->stdout_path), "/pl011@%" PRIx64, r->gpa);
}

static void add_pl031(struct arm_fdt *a, const struct region *r)
{
	PRIMECELL(a, r, "pl031");
}

static void add_pl061(struct arm_fdt *a, const struct region *r)
{
	struct dt_node *node = PRIMECELL(a, r, "pl061");
	struct dt_node *keys;
	uint32_t phandle;

	guest_fdt_cells(&a->f, node, "#gpio-cells", 2);
	guest_fdt_flag(&a->f, node, "gpio-controller");
	phandle = guest_fdt_phandle(&a->f, node);
	if (a->f.err || dt_child(a->f.root, "gpio-keys"))
		return;
	keys = guest_fdt_node(&a->f, a->f.root, "gpio-keys");
	guest_fdt_string(&a->f, keys, "compatible", "gpio-keys");
	node = guest_fdt_node(&a->f, keys, "poweroff");
	guest_fdt_string(&a->f, node, "label", "GPIO Key Poweroff");
	guest_fdt_cells(&a->f, node, "linux,code", KEY_POWER);
	guest_fdt_cells(&a->f, node, "gpios", phandle, dt_u32_or(r->node, "power_line", POWER_LINE),
			0);
}

/* It counts with a clock of its own. */
static void add_sp805(struct arm_fdt *a, const struct region *r)
{
	struct dt_node *node = primecell(a, r, "watchdog", "arm,sp805\0arm,primecell",
					 sizeof("arm,sp805\0arm,primecell"));

	struct dt_node *clock = guest_fdt_node(&a->f, node, "clock");

	guest_fdt_string(&a->f, clock, "compatible", "fixed-clock");
	guest_fdt_cells(&a->f, clock, "#clock-cells", 0);
	guest_fdt_cells(&a->f, clock, "clock-frequency",
			dt_u32_or(r->node, "clock-frequency", SP805_HZ));
	guest_fdt_cells(&a->f, node, "clocks", guest_fdt_phandle(&a->f, clock), bus_clock(a));
	guest_fdt_strings(&a->f, node, "clock-names", "wdog_clk\0apb_pclk");
}

/* Slots that are empty for ever are not told, so that nobody takes time to find them so. */
static void add_virtio(struct arm_fdt *a, const struct region *r)
{
	struct dt_node *node;

	if (!dt_u32_or(r->node, "virtio_type", 0))
		return;
	node = guest_fdt_node(&a->f, a->f.root, "virtio_mmio@%" PRIx64, r->gpa);

	guest_fdt_string(&a->f, node, "compatible", "virtio,mmio");
	guest_fdt_reg(&a->f, node, r->gpa, r->size);
	put_irq(a, node, r, IRQ_EDGE);
	guest_fdt_flag(&a->f, node, "dma-coherent");
}

/* Banks that follow each other without a gap are one node, as QEMU has it. */
static void add_flash(struct arm_fdt *a, const struct region *r)
{
	const struct region *prev = r > a->guest->regions ? r - 1 : NULL;
	struct dt_node *node;

	if (prev && dt_compatible(prev->node, "cfi-flash") && prev->gpa + prev->size == r->gpa)
		return;
	node = guest_fdt_node(&a->f, a->f.root, "flash@%" PRIx64, r->gpa);
	guest_fdt_string(&a->f, node, "compatible", "cfi-flash");
	guest_fdt_cells(&a->f, node, "bank-width", dt_u32_or(r->node, "bank-width", 4));
	for (const struct region *end = a->guest->regions + a->guest->nr_regions;;) {
		guest_fdt_reg(&a->f, node, r->gpa, r->size);
		if (++r == end || r->gpa != r[-1].gpa + r[-1].size ||
		    !dt_compatible(r->node, "cfi-flash"))
			break;
	}
}

static void add_fw_cfg(struct arm_fdt *a, const struct region *r)
{
	struct dt_node *node = guest_fdt_node(&a->f, a->f.root, "fw-cfg@%" PRIx64, r->gpa);

	guest_fdt_string(&a->f, node, "compatible", "qemu,fw-cfg-mmio");
	guest_fdt_reg(&a->f, node, r->gpa, r->size);
	guest_fdt_flag(&a->f, node, "dma-coherent");
}

static const struct {
	const char *compatible;
	void (*add)(struct arm_fdt *a, const struct region *r);
} kinds[] = {
	{ "primecell,arm,pl011", add_pl011 }, { "primecell,pl031", add_pl031 },
	{ "primecell,pl061", add_pl061 },     { "primecell,sp805", add_sp805 },
	{ "virtio,mmio", add_virtio },	      { "cfi-flash", add_flash },
	{ "pci-host-ecam-generic", IS_ENABLED(CONFIG_EMU_PCI_HOST) ? arm_fdt_add_pci : NULL },
	{ "qemu,fw-cfg-mmio", add_fw_cfg },
};

/* --- processor side
 * -------------------------------------------------------------------------------- */

/* The region that is that part of an interrupt controller. */
static const struct region *find_region(const struct guest *guest, const char *compatible)
{
	for (unsigned i = 0; i < guest->nr_regions; i++) {
		const struct region *r = &guest->regions[i];

		if (!(r->flags & REGION_ALIAS) && dt_compatible(r->node, compatible))
			return r;
	}
	return NULL;
}

/* The two address ranges of the interrupt controller; both empty when there is none. */
struct gic_ranges {
	gpa_t dist, cpu;
	uint64_t dist_size, cpu_size;
};

static bool gic_pair(struct arm_fdt *a, const char *dist, const char *cpu, struct gic_ranges *g)
{
	const struct region *d = find_region(a->guest, dist), *c = find_region(a->guest, cpu);

	if (!d || !c)
		return false;
	*g = (struct gic_ranges){ d->gpa, c->gpa, d->size, c->size };
	return true;
}

/* Both parts in one region: the CPU interface is behind the distributor, in a large one at 64 KiB.
 */
static bool gic_single(struct arm_fdt *a, struct gic_ranges *g)
{
	const struct region *r = find_region(a->guest, "virt,gic");
	uint64_t cpu;

	if (!r)
		return false;
	cpu = r->size >= 0x12000 ? 0x10000 : 0x1000;
	*g = (struct gic_ranges){ r->gpa, r->gpa + cpu, cpu, r->size - cpu };
	return true;
}

static void add_gic(struct arm_fdt *a)
{
	struct gic_ranges g;
	struct dt_node *node;

	a->gicv2 = gic_pair(a, "arm,vgic,dist", "arm,vgic,cpu", &g) || gic_single(a, &g);
	if (!a->gicv2 && !gic_pair(a, "arm,vgic3,dist", "arm,vgic3,redist", &g))
		return;
	node = guest_fdt_node(&a->f, a->f.root, "intc@%" PRIx64, g.dist);
	guest_fdt_string(&a->f, node, "compatible", a->gicv2 ? "arm,cortex-a15-gic" : "arm,gic-v3");
	guest_fdt_reg(&a->f, node, g.dist, g.dist_size);
	guest_fdt_reg(&a->f, node, g.cpu, g.cpu_size);
	if (!a->gicv2)
		guest_fdt_cells(&a->f, node, "#redistributor-regions", 1);
	guest_fdt_flag(&a->f, node, "interrupt-controller");
	guest_fdt_cells(&a->f, node, "#interrupt-cells", 3);
	guest_fdt_cells(&a->f, node, "#address-cells", 2);
	guest_fdt_cells(&a->f, node, "#size-cells", 2);
	guest_fdt_flag(&a->f, node, "ranges");
	a->gic = guest_fdt_phandle(&a->f, node);
	a->gic_node = node;
	guest_fdt_cells(&a->f, a->f.root, "interrupt-parent", a->gic);
	/* It is for devices on a PCI bus. */
	if (IS_ENABLED(CONFIG_EMU_PCI_HOST))
		arm_fdt_add_msi(a);
}

static void add_cpus(struct arm_fdt *a)
{
	struct dt_node *cpus = guest_fdt_node(&a->f, a->f.root, "cpus");

	guest_fdt_cells(&a->f, cpus, "#address-cells", 1);
	guest_fdt_cells(&a->f, cpus, "#size-cells", 0);
	for (unsigned i = 0; i < a->guest->nr_vcpus; i++) {
		uint32_t affinity = arm_fdt_affinity(i, a->gicv2);
		struct dt_node *node = guest_fdt_node(&a->f, cpus, "cpu@%x", affinity);

		guest_fdt_string(&a->f, node, "device_type", "cpu");
		guest_fdt_string(&a->f, node, "compatible", "arm,armv8");
		guest_fdt_cells(&a->f, node, "reg", affinity);
		guest_fdt_string(&a->f, node, "enable-method", "psci");
	}
}

/* Is it a guest in the 32-bit state? Then functions have the numbers of that convention. */
static bool is_aarch32(const struct guest *guest)
{
	const char *name = dt_string(guest->vcpus[0]->node, "compatible", 0);

	return name && (!strncmp(name, "armv7a,", 7) || strstr(name, "-aarch32"));
}

static void add_psci(struct arm_fdt *a)
{
	struct dt_node *node = guest_fdt_node(&a->f, a->f.root, "psci");
	uint32_t base = is_aarch32(a->guest) ? 0x84000000 : 0xc4000000;

	if (a->guest->psci_version >= 0x10000)
		guest_fdt_strings(&a->f, node, "compatible",
				  "arm,psci-1.0\0arm,psci-0.2\0arm,psci");
	else
		guest_fdt_strings(&a->f, node, "compatible", "arm,psci-0.2\0arm,psci");
	guest_fdt_string(&a->f, node, "method", "hvc");
	guest_fdt_cells(&a->f, node, "cpu_suspend", base | 1);
	guest_fdt_cells(&a->f, node, "cpu_off", 0x84000002);
	guest_fdt_cells(&a->f, node, "cpu_on", base | 3);
	guest_fdt_cells(&a->f, node, "migrate", base | 5);
}

static void add_timer(struct arm_fdt *a)
{
	const struct dt_node *vcpu = a->guest->vcpus[0]->node;
	const uint32_t irqs[4] = {
		PPI_TIMER_SECURE,
		dt_u32_or(vcpu, "gentimer_phys_irq", 30),
		dt_u32_or(vcpu, "gentimer_virt_irq", 27),
		PPI_TIMER_HYP,
	};
	struct dt_node *node;
	uint32_t cells[12];

	if (!a->gic)
		return;
	node = guest_fdt_node(&a->f, a->f.root, "timer");
	guest_fdt_strings(&a->f, node, "compatible", "arm,armv8-timer\0arm,armv7-timer");
	guest_fdt_flag(&a->f, node, "always-on");
	for (unsigned i = 0; i < 4; i++)
		irq_cells(a, irqs[i], IRQ_LEVEL, cells + 3 * i);
	guest_fdt_put_cells(&a->f, node, "interrupts", cells, 12);
}

static void add_devices(struct arm_fdt *a)
{
	for (unsigned i = 0; i < a->guest->nr_regions; i++) {
		const struct region *r = &a->guest->regions[i];

		if (!(r->flags & REGION_DEVICE) || (r->flags & REGION_ALIAS))
			continue;
		for (unsigned k = 0; k < ARRAY_SIZE(kinds); k++) {
			if (kinds[k].add && dt_compatible(r->node, kinds[k].compatible)) {
				kinds[k].add(a, r);
				break;
			}
		}
	}
}

void arm_fdt_make(struct arm_fdt *a, struct guest *guest, const char *model)
{
	struct dt_node *aliases;

	memset(a, 0, sizeof(*a));
	a->guest = guest;
	guest_fdt_begin(&a->f);
	guest_fdt_string(&a->f, a->f.root, "model", model);
	guest_fdt_string(&a->f, a->f.root, "compatible", model);
	add_gic(a);
	add_psci(a);
	guest_fdt_memory(&a->f, guest);
	add_cpus(a);
	add_timer(a);
	add_devices(a);
	if (a->stdout_path[0]) {
		aliases = guest_fdt_node(&a->f, a->f.root, "aliases");
		guest_fdt_string(&a->f, aliases, "serial0", a->stdout_path);
	}
}
