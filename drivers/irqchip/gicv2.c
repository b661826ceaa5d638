/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arm GICv2 (IHI 0048B): distributor and memory-mapped CPU interface, as the one security state
 * that the hypervisor sees: where the GIC has two, bit positions of the non-secure view are those
 * of a GIC that has one. Registers that several CPUs write take single bits or bytes; what a CPU
 * has for itself is banked.
 */
#include "gic.h"

#include <arch/barrier.h>
#include <core/dev.h>
#include <core/dt.h>
#include <core/irq.h>
#include <core/log.h>
#include <core/mem.h>
#include <libs/errno.h>

enum {
	GICC_CTLR = 0x0000,
	GICC_PMR = 0x0004,
	GICC_BPR = 0x0008,
	GICC_IAR = 0x000c,
	GICC_EOIR = 0x0010,
	GICC_APR = 0x00d0,
	GICC_DIR = 0x1000,
};

#define GICC_SIZE	   0x2000
#define GICC_CTLR_ENABLE   BIT32(0)
#define GICC_CTLR_BYPASS   0x1e0 /* wiring past the GIC: as firmware set it */
#define GICC_CTLR_EOIMODE  BIT32(9)
#define GICC_IAR_ID	   0x3ff
#define GICV2_CPUS	   8

static uint8_t *dist;
static uint8_t *cpuif;
static uint8_t cpu_mask[GICV2_CPUS];	/* by logical number; each CPU writes its own */

static void gicv2_entry(void)
{
	for (;;) {
		uint32_t iar = mmio_read32(cpuif + GICC_IAR);
		unsigned id = iar & GICC_IAR_ID;

		if (id >= GIC_SPECIAL)
			return;
		/* What a CPU that sent an SGI wrote before it is visible behind the acknowledge. */
		arch_rmb();
		/* The whole value: for an SGI it has the sender. */
		mmio_write32(cpuif + GICC_EOIR, iar);
		if (irq_dispatch(id))
			mmio_write32(cpuif + GICC_DIR, iar);
	}
}

static void gicv2_enable(unsigned irq)
{
	gic_write_bit(dist, GICD_ISENABLER, irq);
}

static void gicv2_disable(unsigned irq)
{
	gic_write_bit(dist, GICD_ICENABLER, irq);
}

static void gicv2_deactivate(unsigned irq)
{
	mmio_write32(cpuif + GICC_DIR, irq);
}

static bool gicv2_is_active(unsigned irq)
{
	return gic_read_bit(dist, GICD_ISACTIVER, irq);
}

static void gicv2_set_active(unsigned irq, bool active)
{
	gic_write_bit(dist, active ? GICD_ISACTIVER : GICD_ICACTIVER, irq);
}

static bool gicv2_is_pending(unsigned irq)
{
	return gic_read_bit(dist, GICD_ICPENDR, irq);
}

static int gicv2_set_type(unsigned irq, bool level)
{
	return gic_set_type(dist, irq, level);
}

static int gicv2_set_cpu(unsigned irq, unsigned cpu)
{
	if (cpu >= GICV2_CPUS || !cpu_mask[cpu])
		return -EINVAL;
	mmio_write8(dist + GICD_ITARGETSR + irq, cpu_mask[cpu]);
	return 0;
}

static void gicv2_init_cpu(void)
{
	unsigned cpu = this_cpu()->id, i;
	uint32_t ctlr = mmio_read32(cpuif + GICC_CTLR) & GICC_CTLR_BYPASS;

	if (cpu < GICV2_CPUS) {
		/* Targets of private interrupts: this CPU; nothing where there is but one. */
		uint8_t mask = mmio_read8(dist + GICD_ITARGETSR);

		cpu_mask[cpu] = mask ? mask : 1;
	}
	gic_reset_bank(dist, 0, GIC_SPI_FIRST);
	for (i = 0; i < 4; i++)
		mmio_write32(cpuif + GICC_APR + 4 * i, 0);
	mmio_write32(cpuif + GICC_PMR, 0xff);
	mmio_write32(cpuif + GICC_BPR, 0);
	mmio_write32(cpuif + GICC_CTLR, ctlr | GICC_CTLR_ENABLE | GICC_CTLR_EOIMODE);
}

static void gicv2_kick(unsigned cpu)
{
	/* What the other CPU shall see is written before it is interrupted. */
	arch_wmb();
	mmio_write32(dist + GICD_SGIR, (uint32_t)cpu_mask[cpu] << 16 | GIC_SGI_KICK);
}

static struct irqchip gicv2_chip = {
	.name = "GICv2",
	.nr_private = GIC_SPI_FIRST,
	.entry = gicv2_entry,
	.enable = gicv2_enable,
	.disable = gicv2_disable,
	.deactivate = gicv2_deactivate,
	.is_active = gicv2_is_active,
	.set_active = gicv2_set_active,
	.is_pending = gicv2_is_pending,
	.set_type = gicv2_set_type,
	.set_cpu = gicv2_set_cpu,
	.xlate = gic_xlate,
	.init_cpu = gicv2_init_cpu,
	.kick = gicv2_kick,
};

/*
 * The CPU interface has two pages: many trees give one. A GIC-400 on a system of 64 KiB pages has
 * each page repeated 16 times; there the two lie side by side at 0xf000.
 */
static uint8_t *map_cpuif(struct device *dev)
{
	uint64_t pa, size;

	if (dt_reg(dev->node, 1, &pa, &size))
		return NULL;
	return mem_map_device(size >= 0x20000 ? pa + 0xf000 : pa, GICC_SIZE);
}

static cold_fn int gicv2_probe(struct device *dev)
{
	unsigned long flags;
	int err;

	if (irqchip_root())
		return -EBUSY;
	dist = device_map(dev, 0);
	if (!dist)
		return -ENXIO;
	cpuif = map_cpuif(dev);
	if (!cpuif) {
		err = -ENXIO;
		goto err_dist;
	}
	gicv2_chip.nr_irqs = gic_nr_irqs(dist);
	err = irqchip_register(&gicv2_chip, dev->node);
	if (err)
		goto err_cpuif;
	flags = arch_irq_save();
	mmio_write32(dist + GICD_CTLR, 0);
	gic_reset_bank(dist, GIC_SPI_FIRST, gicv2_chip.nr_irqs);
	mmio_write32(dist + GICD_CTLR, 1);
	gicv2_init_cpu();
	arch_irq_restore(flags);
	return gic_request_kick();
err_cpuif:
	mem_unmap_device(cpuif, GICC_SIZE);
err_dist:
	device_unmap(dev, 0, dist);
	return err;
}

static const struct dt_match gicv2_match[] = {
	{ "arm,gic-400", NULL },
	{ "arm,cortex-a15-gic", NULL },
	{ "arm,cortex-a7-gic", NULL },
	{ NULL, NULL },
};

DRIVER(gicv2) {
	.name = "gicv2",
	.class = DRIVER_IRQCHIP,
	.match = gicv2_match,
	.probe = gicv2_probe,
};
