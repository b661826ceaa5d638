/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What only a GICv3 has (IHI 0069): redistributors, routing by affinity, system registers, group 0
 * as FIQ. Skipped with a GICv2.
 */
#include "gic_test.h"

#define CTLR_ARE     BIT(4)
#define CTLR_DS	     BIT(6)
#define SGI(irq)     ((uint64_t)(irq) << 24)
#define NO_SUCH_AFF1 (0x77ULL << 16)
#define ROUTE_ANY    BIT(31)
#define TYPER_NO1N   BIT(25)

static bool absent(void)
{
	if (gic_version != 3)
		test_skip("no GICv3");
	return gic_version != 3;
}

static uintptr_t redist(unsigned cpu)
{
	return GICR_BASE + cpu * GICR_STRIDE;
}

TEST(v3_distributor)
{
	uint32_t ctlr;

	if (absent())
		return;
	ctlr = read32(GICD_BASE + GICD_CTLR);
	/* One security state, affinity routing for ever. */
	EXPECT(ctlr & CTLR_DS);
	EXPECT(ctlr & CTLR_ARE);
	EXPECT_EQ(ctlr & 3, 3);
	/* Private interrupts are not here, whatever is written. */
	write32(GICD_BASE + GIC_ISENABLER, 0xffffffff);
	EXPECT_EQ(read32(GICD_BASE + GIC_ISENABLER), 0);
	EXPECT_EQ(read32(GICD_BASE + GIC_IPRIORITYR), 0);
	EXPECT_EQ(read32(GICD_BASE + GICD_ITARGETSR), 0);
	EXPECT_EQ(read32(GICD_BASE + 0xffe8) >> 4 & 0xf, 3);
}

TEST(v3_redistributors)
{
	if (absent())
		return;
	for (unsigned i = 0; i < nr_cpus; i++) {
		uint64_t typer = read64(redist(i) + GICR_TYPER);
		uint64_t mpidr = cpus[i].mpidr;

		EXPECT_EQ(typer >> 32, (mpidr & 0xffffff) | (mpidr >> 32 & 0xff) << 24);
		EXPECT_EQ(typer >> 8 & 0xffff, i);
		EXPECT_EQ(typer >> 4 & 1, i == nr_cpus - 1);
		EXPECT_EQ(read32(redist(i) + GICR_TYPER), (uint32_t)typer);
		EXPECT_EQ(read32(redist(i) + GICR_TYPER + 4), typer >> 32);
		EXPECT_EQ(read32(redist(i) + 0xffe8) >> 4 & 0xf, 3);
	}
}

TEST(v3_waker)
{
	uintptr_t waker;

	if (absent())
		return;
	waker = this_cpu()->redist + GICR_WAKER;
	EXPECT_EQ(read32(waker) & 6, 0);
	write32(waker, 2);
	EXPECT(WAIT(read32(waker) & 4));
	write32(waker, 0);
	EXPECT(WAIT(!(read32(waker) & 4)));
}

TEST(v3_routes)
{
	uintptr_t route;

	if (absent())
		return;
	quiet();
	route = GICD_BASE + GICD_IROUTER + 8 * FREE_IRQ;
	write64(route, cpus[nr_cpus - 1].mpidr);
	EXPECT_EQ(read64(route), cpus[nr_cpus - 1].mpidr);
	EXPECT_EQ(read32(route), (uint32_t)cpus[nr_cpus - 1].mpidr);
	/* To any CPU that is free: not implemented, so not kept; QEMU itself keeps it. */
	EXPECT(read32(GICD_BASE + GICD_TYPER) & TYPER_NO1N);
	write32(route, ROUTE_ANY);
	if (!boot_arg("reference"))
		EXPECT(!(read32(route) & ROUTE_ANY));
	/* Routed to nobody it waits, and comes when it is routed here. */
	write64(route, NO_SUCH_AFF1 >> 8);
	gic_enable(FREE_IRQ);
	gic_set_bit(FREE_IRQ, GIC_ISPENDR);
	irq_window();
	EXPECT_EQ(seen.n, 0);
	write64(route, cpus[0].mpidr);
	irq_window();
	EXPECT_EQ(seen.n, 1);
	/* Private interrupts have none. */
	EXPECT_EQ(read64(GICD_BASE + GICD_IROUTER + 8 * 16), 0);
}

TEST(v3_interface)
{
	if (absent())
		return;
	quiet();
	EXPECT_EQ(READ_SYSREG(ICC_SRE_EL1) & 1, 1);
	/* At least 32 priorities, 16 bits of interrupt number or 24. */
	EXPECT((READ_SYSREG(ICC_CTLR_EL1) >> 8 & 7) >= 4);
	for (unsigned prio = 0; prio < 256; prio += 8) {
		gic_set_pmr(prio);
		EXPECT_EQ(gic_pmr(), prio);
	}
	gic_set_pmr(0xff);
	for (unsigned bpr = 3; bpr < 8; bpr++) {
		gic_set_bpr(bpr);
		EXPECT_EQ(READ_SYSREG(ICC_BPR1_EL1), bpr);
	}
	gic_set_bpr(0);
	EXPECT(READ_SYSREG(ICC_BPR1_EL1) <= 3);
	WRITE_SYSREG(ICC_IGRPEN1_EL1, 0);
	EXPECT_EQ(READ_SYSREG(ICC_IGRPEN1_EL1) & 1, 0);
	gic_sgi(0, 1);
	irq_window();
	EXPECT_EQ(seen.n, 0);
	WRITE_SYSREG(ICC_IGRPEN1_EL1, 1);
	isb();
	irq_window();
	EXPECT_EQ(seen.n, 1);
}

TEST(v3_active_priorities)
{
	uint32_t iar;

	if (absent())
		return;
	quiet();
	EXPECT_EQ(READ_SYSREG(ICC_AP1R0_EL1), 0);
	gic_sgi(0, 1);
	iar = gic_ack();
	EXPECT(READ_SYSREG(ICC_AP1R0_EL1) != 0);
	gic_eoi(iar);
	EXPECT_EQ(READ_SYSREG(ICC_AP1R0_EL1), 0);
}

/* Targets that do not exist get nothing, and hurt nobody. */
TEST(v3_sgi_to_nobody)
{
	if (absent())
		return;
	quiet();
	WRITE_SYSREG(ICC_SGI1R_EL1, SGI(1) | NO_SUCH_AFF1 | 1);
	WRITE_SYSREG(ICC_SGI1R_EL1, SGI(1) | 0xff00); /* CPUs 8 ... 15 */
	WRITE_SYSREG(ICC_SGI1R_EL1, SGI(1) | 0x77ULL << 48 | 1);
	WRITE_SYSREG(ICC_SGI1R_EL1, SGI(1));
	isb();
	EXPECT(!gic_is_pending(1));
	WRITE_SYSREG(ICC_SGI1R_EL1, SGI(1) | 1);
	isb();
	EXPECT(gic_is_pending(1));
	irq_window();
	EXPECT_EQ(seen.n, 1);
}

/* --- group 0 ------------------------------------------------------------------------------ */

static volatile unsigned fiqs;
static volatile uint32_t fiq_intid;

static void on_fiq(void)
{
	fiq_intid = (uint32_t)READ_SYSREG(ICC_IAR0_EL1);
	fiqs++;
	WRITE_SYSREG(ICC_EOIR0_EL1, fiq_intid);
	isb();
}

static void fiq_window(void)
{
	__asm__ volatile("msr daifclr, #1\n\tisb\n\tnop\n\tnop\n\tmsr daifset, #1" : : : "memory");
}

TEST(v3_group0_is_fiq)
{
	if (absent())
		return;
	quiet();
	fiqs = 0;
	this_cpu()->fiq = on_fiq;
	gic_set_group(FREE_IRQ, false);
	gic_enable(FREE_IRQ);
	gic_set_bit(FREE_IRQ, GIC_ISPENDR);
	EXPECT_EQ(gic_ack(), GIC_SPURIOUS);
	irq_window();
	EXPECT_EQ(seen.n, 0);
	EXPECT_EQ(READ_SYSREG(ICC_HPPIR0_EL1), FREE_IRQ);
	fiq_window();
	EXPECT_EQ(fiqs, 1);
	EXPECT_EQ(fiq_intid, FREE_IRQ);
	/* Off in the CPU interface: it waits. */
	WRITE_SYSREG(ICC_IGRPEN0_EL1, 0);
	isb();
	gic_set_bit(FREE_IRQ, GIC_ISPENDR);
	fiq_window();
	EXPECT_EQ(fiqs, 1);
	WRITE_SYSREG(ICC_IGRPEN0_EL1, 1);
	isb();
	fiq_window();
	EXPECT_EQ(fiqs, 2);
	gic_set_group(FREE_IRQ, true);
	/* An SGI of group 0. */
	gic_set_group(5, false);
	WRITE_SYSREG(ICC_SGI0R_EL1, SGI(5) | 1);
	isb();
	fiq_window();
	EXPECT_EQ(fiqs, 3);
	EXPECT_EQ(fiq_intid, 5);
	gic_set_group(5, true);
}

/* Another CPU's redistributor is as good as one's own. */
TEST(v3_other_redistributor)
{
	uintptr_t frame;

	if (absent())
		return;
	if (nr_cpus < 2) {
		test_skip("one CPU");
		return;
	}
	frame = redist(nr_cpus - 1) + GICR_SGI_FRAME;
	write32(frame + GIC_ISENABLER, BIT(20));
	EXPECT(read32(frame + GIC_ISENABLER) & BIT(20));
	EXPECT(!(read32(gic_frame(0) + GIC_ISENABLER) & BIT(20)));
	write8(frame + GIC_IPRIORITYR + 20, 0x40);
	EXPECT_EQ(read8(frame + GIC_IPRIORITYR + 20), 0x40);
	write32(frame + GIC_ISPENDR, BIT(20));
	EXPECT(read32(frame + GIC_ISPENDR) & BIT(20));
	write32(frame + GIC_ICPENDR, BIT(20));
	EXPECT(!(read32(frame + GIC_ISPENDR) & BIT(20)));
	write32(frame + GIC_ICENABLER, BIT(20));
	EXPECT(!(read32(frame + GIC_ISENABLER) & BIT(20)));
}
