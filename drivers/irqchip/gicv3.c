/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arm GICv3 (IHI 0069): distributor and redistributors; the CPU interface is in the CPU
 * (<port/gicv3.h>). Affinity routing, group 1, as the non-secure side or the only one sees it.
 * redists[] is written at probe; of cpus[] each CPU writes its own element.
 */
#include "gic.h"

#include <arch/barrier.h>
#include <arch/cpu.h>
#include <port/gicv3.h>
#include <core/dev.h>
#include <core/dt.h>
#include <core/irq.h>
#include <core/log.h>
#include <core/mem.h>
#include <libs/errno.h>

#define GICD_IROUTER   0x6000
#define GICD_CTLR_G1A  BIT32(1)	 /* group 1, or group 1 non-secure with affinity routing */
#define GICD_CTLR_ARE  BIT32(4)
#define GICD_CTLR_RWP  BIT32(31)
#define GICR_CTLR      0x0000
#define GICR_TYPER     0x0008
#define GICR_WAKER     0x0014
#define GICR_CTLR_RWP  BIT32(3)
#define TYPER_VLPIS    BIT(1)
#define TYPER_LAST     BIT(4)
#define WAKER_SLEEP    BIT32(1)
#define WAKER_ASLEEP   BIT32(2)
#define FRAME	       0x10000

#define MPIDR_AFF(m)   (((m) >> 8 & 0xff000000) | ((m) & 0xffffff))

#define GICV3_CPUS     64
/* Looks at a register that the hardware changes within microseconds. */
#define POLLS	       1000000

/* One CPU's redistributor: only the pages with registers are mapped of its frames. */
struct redist {
	uint64_t typer;
	hpa_t pa;
	uint8_t *rd;	/* control */
	uint8_t *sgi;	/* private interrupts */
};

static uint8_t *dist;
static struct redist *redists;
static unsigned nr_redists;
static struct {
	struct redist *redist;
	uint64_t sgi;	/* ICC_SGI1R_EL1 to reach it */
} cpus[GICV3_CPUS];

static void gicv3_entry(void)
{
	for (;;) {
		uint32_t id = gicv3_ack();

		if (id >= GIC_SPECIAL) {
			if (id < IRQ_LPI_FIRST)
				return;
			gicv3_eoi(id);
			irq_dispatch_lpi(id);
			continue;
		}
		gicv3_eoi(id);
		if (irq_dispatch(id))
			gicv3_deactivate(id);
	}
}

/* The registers of an interrupt: this CPU's own for private ones. */
static uint8_t *bank(unsigned irq)
{
	return irq < GIC_SPI_FIRST ? cpus[this_cpu()->id].redist->sgi : dist;
}

static bool wait_clear(const uint8_t *reg, uint32_t bits)
{
	unsigned polls;

	for (polls = POLLS; polls; polls--) {
		if (!(mmio_read32(reg) & bits))
			return true;
		arch_relax();
	}
	return false;
}

static void gicv3_enable(unsigned irq)
{
	gic_write_bit(bank(irq), GICD_ISENABLER, irq);
}

static void gicv3_disable(unsigned irq)
{
	gic_write_bit(bank(irq), GICD_ICENABLER, irq);
	if (irq < GIC_SPI_FIRST)
		(void)wait_clear(cpus[this_cpu()->id].redist->rd + GICR_CTLR, GICR_CTLR_RWP);
	else
		(void)wait_clear(dist + GICD_CTLR, GICD_CTLR_RWP);
}

static void gicv3_chip_deactivate(unsigned irq)
{
	gicv3_deactivate(irq);
}

static bool gicv3_is_active(unsigned irq)
{
	return gic_read_bit(bank(irq), GICD_ISACTIVER, irq);
}

static void gicv3_set_active(unsigned irq, bool active)
{
	gic_write_bit(bank(irq), active ? GICD_ISACTIVER : GICD_ICACTIVER, irq);
}

static bool gicv3_is_pending(unsigned irq)
{
	return gic_read_bit(bank(irq), GICD_ICPENDR, irq);
}

static int gicv3_set_type(unsigned irq, bool level)
{
	return gic_set_type(bank(irq), irq, level);
}

static int gicv3_set_cpu(unsigned irq, unsigned cpu)
{
	uint64_t hwid;

	if (cpu >= GICV3_CPUS || !cpus[cpu].redist)
		return -EINVAL;
	hwid = arch_cpu_hwid(cpu);
	mmio_write64(dist + GICD_IROUTER + 8 * (size_t)irq, hwid & 0xff00ffffff);
	return 0;
}

static void gicv3_kick(unsigned cpu)
{
	gicv3_sgi(cpus[cpu].sgi);
}

/* --- CPUs ------------------------------------------------------------------------------ */

static struct redist *find_redist(uint32_t affinity)
{
	unsigned i;

	for (i = 0; i < nr_redists; i++)
		if (redists[i].typer >> 32 == affinity)
			return &redists[i];
	return NULL;
}

static cold_fn int init_this_cpu(void)
{
	unsigned cpu = this_cpu()->id;
	uint64_t hwid = arch_cpu_hwid(cpu);
	struct redist *redist = find_redist((uint32_t)MPIDR_AFF(hwid));

	if (!redist || cpu >= GICV3_CPUS)
		return -ENODEV;
	mmio_write32(redist->rd + GICR_WAKER, mmio_read32(redist->rd + GICR_WAKER) & ~WAKER_SLEEP);
	if (!wait_clear(redist->rd + GICR_WAKER, WAKER_ASLEEP))
		return -ETIMEDOUT;
	gic_reset_bank(redist->sgi, 0, GIC_SPI_FIRST);
	mmio_write32(redist->sgi + GICD_IGROUPR, UINT32_MAX);
	mmio_write32(redist->sgi + GICD_IGRPMODR, 0);
	(void)wait_clear(redist->rd + GICR_CTLR, GICR_CTLR_RWP);
	cpus[cpu].redist = redist;
	/* affinity 3, range of affinity 0, affinity 2, number, affinity 1, bit of affinity 0 */
	cpus[cpu].sgi = (hwid >> 32 & 0xff) << 48 | (hwid >> 4 & 0xf) << 44 |
			(hwid >> 16 & 0xff) << 32 | (uint64_t)GIC_SGI_KICK << 24 |
			(hwid >> 8 & 0xff) << 16 | BIT(hwid & 0xf);
	return gicv3_cpu_init() ? 0 : -EACCES;
}

static void gicv3_init_cpu(void)
{
	int err = init_this_cpu();

	if (err)
		panic("CPU %u (MPIDR 0x%llx) cannot use the GICv3: %s", this_cpu()->id,
		      (unsigned long long)arch_cpu_hwid(this_cpu()->id), error_text(err));
}

bool gicv3_redist(unsigned cpu, struct gicv3_redist *out)
{
	const struct redist *redist = cpu < GICV3_CPUS ? cpus[cpu].redist : NULL;

	if (!redist)
		return false;
	out->regs = redist->rd;
	out->pa = redist->pa;
	out->typer = redist->typer;
	return true;
}

uint32_t gicv3_dist_typer(void)
{
	return dist ? mmio_read32(dist + GICD_TYPER) : 0;
}

/* --- finding the redistributors ------------------------------------------------------------- */

static int add_redist(uint64_t pa, uint64_t typer)
{
	struct redist *more = heap_realloc(redists, (nr_redists + 1) * sizeof(*redists));
	struct redist *redist;

	if (!more)
		return -ENOMEM;
	redists = more;
	redist = &redists[nr_redists];
	redist->typer = typer;
	redist->pa = pa;
	redist->rd = mem_map_device(pa, PAGE_SIZE);
	redist->sgi = mem_map_device(pa + FRAME, PAGE_SIZE);
	if (!redist->rd || !redist->sgi) {
		if (redist->rd)
			mem_unmap_device(redist->rd, PAGE_SIZE);
		return -ENOMEM;
	}
	nr_redists++;
	return 0;
}

/* One region of redistributors, each behind the other up to the one that says it is the last. */
static int walk_region(uint64_t pa, uint64_t size, uint64_t stride)
{
	uint64_t at, typer = 0;

	for (at = 0; at + 2 * FRAME <= size && !(typer & TYPER_LAST); ) {
		uint8_t *rd = mem_map_device(pa + at, PAGE_SIZE);
		int err;

		if (!rd)
			return -ENOMEM;
		typer = mmio_read64(rd + GICR_TYPER);
		mem_unmap_device(rd, PAGE_SIZE);
		err = add_redist(pa + at, typer);
		if (err)
			return err;
		at += stride ? stride : (typer & TYPER_VLPIS ? 4 : 2) * FRAME;
	}
	return 0;
}

static void drop_redists(void)
{
	while (nr_redists--) {
		mem_unmap_device(redists[nr_redists].rd, PAGE_SIZE);
		mem_unmap_device(redists[nr_redists].sgi, PAGE_SIZE);
	}
	nr_redists = 0;
	heap_free(redists);
	redists = NULL;
}

static int find_redists(struct device *dev)
{
	uint32_t regions = dt_u32_or(dev->node, "#redistributor-regions", 1), i;
	uint64_t stride, pa, size;
	int err;

	if (dt_u64(dev->node, "redistributor-stride", &stride))
		stride = 0;
	if (stride && (stride < 2 * FRAME || !IS_ALIGNED(stride, FRAME)))
		return -EINVAL;
	for (i = 0; i < regions; i++) {
		err = dt_reg(dev->node, 1 + i, &pa, &size);
		if (!err)
			err = walk_region(pa, size, stride);
		if (err)
			return err;
	}
	return 0;
}

/* --- probe ----------------------------------------------------------------------- */

static struct irqchip gicv3_chip = {
	.name = "GICv3",
	.nr_private = GIC_SPI_FIRST,
	.entry = gicv3_entry,
	.enable = gicv3_enable,
	.disable = gicv3_disable,
	.deactivate = gicv3_chip_deactivate,
	.is_active = gicv3_is_active,
	.set_active = gicv3_set_active,
	.is_pending = gicv3_is_pending,
	.set_type = gicv3_set_type,
	.set_cpu = gicv3_set_cpu,
	.xlate = gic_xlate,
	.init_cpu = gicv3_init_cpu,
	.kick = gicv3_kick,
};

static void init_dist(void)
{
	unsigned irq;

	/* Affinity routing must not be switched off once it was on (IHI 0069, 12.9.4). */
	mmio_write32(dist + GICD_CTLR, mmio_read32(dist + GICD_CTLR) & GICD_CTLR_ARE);
	(void)wait_clear(dist + GICD_CTLR, GICD_CTLR_RWP);
	gic_reset_bank(dist, GIC_SPI_FIRST, gicv3_chip.nr_irqs);
	for (irq = GIC_SPI_FIRST; irq < gicv3_chip.nr_irqs; irq += 32) {
		mmio_write32(dist + GICD_IGROUPR + irq / 8, UINT32_MAX);
		mmio_write32(dist + GICD_IGRPMODR + irq / 8, 0);
	}
	mmio_write32(dist + GICD_CTLR, GICD_CTLR_ARE | GICD_CTLR_G1A);
	(void)wait_clear(dist + GICD_CTLR, GICD_CTLR_RWP);
}

static cold_fn int gicv3_probe(struct device *dev)
{
	unsigned long flags;
	int err;

	if (irqchip_root())
		return -EBUSY;
	dist = device_map(dev, 0);
	if (!dist)
		return -ENXIO;
	err = find_redists(dev);
	if (err)
		goto err_unmap;
	gicv3_chip.nr_irqs = gic_nr_irqs(dist);
	flags = arch_irq_save();
	init_dist();
	err = init_this_cpu();
	arch_irq_restore(flags);
	if (err == -ENODEV)
		log_error("none of %u redistributors is for this CPU (MPIDR 0x%llx)", nr_redists,
			  (unsigned long long)arch_cpu_hwid(this_cpu()->id));
	if (!err)
		err = irqchip_register(&gicv3_chip, dev->node);
	if (err)
		goto err_unmap;
	return gic_request_kick();
err_unmap:
	drop_redists();
	device_unmap(dev, 0, dist);
	return err;
}

static const struct dt_match gicv3_match[] = {
	{ "arm,gic-v3", NULL },
	{ NULL, NULL },
};

DRIVER(gicv3) {
	.name = "gicv3",
	.class = DRIVER_IRQCHIP,
	.match = gicv3_match,
	.probe = gicv3_probe,
};
