/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * GICv2 and GICv3 for the tiny guests. A GICv3 is used with affinity routing, in its one security
 * state, and with the system registers; a GICv2 with all interrupts in group 0 as after reset.
 */
#include "gic.h"

#define CTLR_V3_GROUPS 3
#define CTLR_V3_ARE    BIT(4)
#define CTLR_V3_RWP    BIT(31)
#define WAKER_SLEEP    BIT(1)
#define WAKER_ASLEEP   BIT(2)
#define CTLR_EOIMODE   BIT(1)
#define GICC_EOIMODE   BIT(9)
#define GICC_ENABLE    1

unsigned gic_version = 2;
unsigned gic_irqs;

static bool v3(void)
{
	return gic_version == 3;
}

uintptr_t gic_frame(unsigned irq)
{
	return v3() && irq < 32 ? this_cpu()->redist + GICR_SGI_FRAME : GICD_BASE;
}

bool gic_bit(unsigned irq, unsigned reg)
{
	return read32(gic_frame(irq) + reg + irq / 32 * 4) >> irq % 32 & 1;
}

void gic_set_bit(unsigned irq, unsigned reg)
{
	write32(gic_frame(irq) + reg + irq / 32 * 4, 1U << irq % 32);
}

void gic_set_edge(unsigned irq, bool edge)
{
	uintptr_t reg = gic_frame(irq) + GIC_ICFGR + irq / 16 * 4;
	uint32_t bit = 2U << irq % 16 * 2;

	write32(reg, edge ? read32(reg) | bit : read32(reg) & ~bit);
}

bool gic_edge(unsigned irq)
{
	return read32(gic_frame(irq) + GIC_ICFGR + irq / 16 * 4) >> (irq % 16 * 2 + 1) & 1;
}

void gic_set_group(unsigned irq, bool group1)
{
	uintptr_t reg = gic_frame(irq) + GIC_IGROUPR + irq / 32 * 4;
	uint32_t bit = 1U << irq % 32;

	write32(reg, group1 ? read32(reg) | bit : read32(reg) & ~bit);
}

void gic_set_target(unsigned irq, unsigned cpu)
{
	if (v3())
		write64(GICD_BASE + GICD_IROUTER + 8 * irq, cpus[cpu].mpidr);
	else
		write8(GICD_BASE + GICD_ITARGETSR + irq, (uint8_t)(1U << cpu));
}

/* --- set-up ------------------------------------------------------------------------------- */

static void find_version(void)
{
	const char *compatible = fdt_get("intc@", 0, "compatible", NULL);

	gic_version = compatible && !strcmp(compatible, "arm,gic-v3") ? 3 : 2;
}

void gic_init(void)
{
	find_version();
	gic_irqs = ((read32(GICD_BASE + GICD_TYPER) & 0x1f) + 1) * 32;
	write32(GICD_BASE + GICD_CTLR, 0);
	if (v3())
		write32(GICD_BASE + GICD_CTLR, CTLR_V3_ARE);
	for (unsigned irq = 32; irq < gic_irqs && irq < 1020; irq += 32) {
		write32(GICD_BASE + GIC_ICENABLER + irq / 8, 0xffffffff);
		write32(GICD_BASE + GIC_ICPENDR + irq / 8, 0xffffffff);
		write32(GICD_BASE + GIC_ICACTIVER + irq / 8, 0xffffffff);
		if (v3())
			write32(GICD_BASE + GIC_IGROUPR + irq / 8, 0xffffffff);
	}
	for (unsigned irq = 32; irq < gic_irqs && irq < 1020; irq++) {
		gic_set_prio(irq, GIC_PRIO_MID);
		gic_set_target(irq, 0);
	}
	write32(GICD_BASE + GICD_CTLR, v3() ? CTLR_V3_ARE | CTLR_V3_GROUPS : 1);
	while (v3() && read32(GICD_BASE + GICD_CTLR) & CTLR_V3_RWP)
		;
}

/* The redistributor whose affinity is this CPU's. */
static uintptr_t find_redist(void)
{
	uint64_t mpidr = this_cpu()->mpidr;
	uint32_t affinity = (uint32_t)(mpidr & 0xffffff) | (uint32_t)(mpidr >> 32 & 0xff) << 24;

	for (uintptr_t frame = GICR_BASE;; frame += GICR_STRIDE) {
		uint64_t typer = read64(frame + GICR_TYPER);

		if (typer >> 32 == affinity)
			return frame;
		if (typer & BIT(4)) {
			print("FAIL gic: no redistributor for affinity 0x%x\n", affinity);
			system_off();
		}
	}
}

static void init_cpu_v3(void)
{
	struct cpu *cpu = this_cpu();

	cpu->redist = find_redist();
	write32(cpu->redist + GICR_WAKER,
		read32(cpu->redist + GICR_WAKER) & ~(uint32_t)WAKER_SLEEP);
	while (read32(cpu->redist + GICR_WAKER) & WAKER_ASLEEP)
		;
	write32(gic_frame(0) + GIC_IGROUPR, 0xffffffff);
	WRITE_SYSREG(ICC_SRE_EL1, 7);
	isb();
	WRITE_SYSREG(ICC_CTLR_EL1, 0);
	WRITE_SYSREG(ICC_BPR1_EL1, 0);
	WRITE_SYSREG(ICC_PMR_EL1, 0xff);
	WRITE_SYSREG(ICC_IGRPEN0_EL1, 1);
	WRITE_SYSREG(ICC_IGRPEN1_EL1, 1);
	isb();
}

void gic_init_cpu(void)
{
	if (v3())
		init_cpu_v3();
	write32(gic_frame(0) + GIC_ICENABLER, 0xffffffff);
	write32(gic_frame(0) + GIC_ICPENDR, 0xffffffff);
	write32(gic_frame(0) + GIC_ICACTIVER, 0xffffffff);
	for (unsigned irq = 0; irq < 32; irq++)
		gic_set_prio(irq, GIC_PRIO_MID);
	write32(gic_frame(0) + GIC_ISENABLER, 0xffff);
	if (v3())
		return;
	write32(GICC_BASE + GICC_PMR, 0xff);
	write32(GICC_BASE + GICC_BPR, 0);
	write32(GICC_BASE + GICC_CTLR, GICC_ENABLE);
}

/* --- CPU interface ------------------------------------------------------------------------ */

void gic_sgi(unsigned cpu, unsigned sgi)
{
	uint64_t mpidr = cpus[cpu].mpidr;

	dsb();
	if (!v3()) {
		write32(GICD_BASE + GICD_SGIR, 1U << (16 + cpu) | sgi);
		return;
	}
	WRITE_SYSREG(ICC_SGI1R_EL1, (mpidr >> 32 & 0xff) << 48 | (mpidr >> 16 & 0xff) << 32 |
				    (mpidr >> 8 & 0xff) << 16 | (uint64_t)sgi << 24 |
				    BIT(mpidr & 0xf));
	isb();
}

void gic_sgi_others(unsigned sgi)
{
	dsb();
	if (!v3()) {
		write32(GICD_BASE + GICD_SGIR, 1U << 24 | sgi);
		return;
	}
	WRITE_SYSREG(ICC_SGI1R_EL1, BIT(40) | (uint64_t)sgi << 24);
	isb();
}

uint32_t gic_ack(void)
{
	uint32_t iar = v3() ? (uint32_t)READ_SYSREG(ICC_IAR1_EL1) : read32(GICC_BASE + GICC_IAR);

	dsb();
	return iar;
}

void gic_eoi(uint32_t iar)
{
	if (v3())
		WRITE_SYSREG(ICC_EOIR1_EL1, iar);
	else
		write32(GICC_BASE + GICC_EOIR, iar);
	isb();
}

void gic_dir(uint32_t iar)
{
	if (v3())
		WRITE_SYSREG(ICC_DIR_EL1, iar);
	else
		write32(GICC_BASE + GICC_DIR, iar);
	isb();
}

uint32_t gic_pmr(void)
{
	return v3() ? (uint32_t)READ_SYSREG(ICC_PMR_EL1) : read32(GICC_BASE + GICC_PMR);
}

void gic_set_pmr(uint32_t pmr)
{
	if (v3())
		WRITE_SYSREG(ICC_PMR_EL1, pmr);
	else
		write32(GICC_BASE + GICC_PMR, pmr);
	isb();
}

uint32_t gic_rpr(void)
{
	return v3() ? (uint32_t)READ_SYSREG(ICC_RPR_EL1) : read32(GICC_BASE + GICC_RPR);
}

uint32_t gic_hppir(void)
{
	return v3() ? (uint32_t)READ_SYSREG(ICC_HPPIR1_EL1) : read32(GICC_BASE + GICC_HPPIR);
}

void gic_set_bpr(uint32_t bpr)
{
	if (v3())
		WRITE_SYSREG(ICC_BPR1_EL1, bpr);
	else
		write32(GICC_BASE + GICC_BPR, bpr);
	isb();
}

void gic_set_eoimode(bool split)
{
	uint32_t ctlr;

	if (v3()) {
		ctlr = (uint32_t)READ_SYSREG(ICC_CTLR_EL1) & ~(uint32_t)CTLR_EOIMODE;
		WRITE_SYSREG(ICC_CTLR_EL1, ctlr | (split ? CTLR_EOIMODE : 0));
		isb();
		return;
	}
	ctlr = read32(GICC_BASE + GICC_CTLR) & ~(uint32_t)GICC_EOIMODE;
	write32(GICC_BASE + GICC_CTLR, ctlr | (split ? GICC_EOIMODE : 0));
}
