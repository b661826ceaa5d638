/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What only a GICv2 has (IHI 0048B): targets as masks, senders of software-generated interrupts,
 * the CPU interface in memory, group 0 as FIQ by option. Skipped with a GICv3.
 */
#include "gic_test.h"

#define CTLR_GROUP0 BIT(0)
#define CTLR_GROUP1 BIT(1)
#define CTLR_FIQEN  BIT(3)

static bool absent(void)
{
	if (gic_version != 2)
		test_skip("no GICv2");
	return gic_version != 2;
}

TEST(v2_targets)
{
	if (absent())
		return;
	quiet();
	/* Of private interrupts: the CPU that reads, and read-only; with one CPU, zero. */
	for (unsigned irq = 0; irq < 32; irq++)
		EXPECT_EQ(read8(GICD_BASE + GICD_ITARGETSR + irq), nr_cpus > 1);
	write32(GICD_BASE + GICD_ITARGETSR, 0xffffffff);
	EXPECT_EQ(read32(GICD_BASE + GICD_ITARGETSR), nr_cpus > 1 ? 0x01010101 : 0);
	if (nr_cpus < 2)
		return;
	/* CPUs that do not exist cannot be targets; QEMU itself keeps any. */
	write8(GICD_BASE + GICD_ITARGETSR + FREE_IRQ, 0xff);
	if (!boot_arg("reference"))
		EXPECT_EQ(read8(GICD_BASE + GICD_ITARGETSR + FREE_IRQ), BIT(nr_cpus) - 1);
	write8(GICD_BASE + GICD_ITARGETSR + FREE_IRQ, 0);
	gic_enable(FREE_IRQ);
	gic_set_bit(FREE_IRQ, GIC_ISPENDR);
	irq_window();
	EXPECT_EQ(seen.n, 0);
	gic_set_bit(FREE_IRQ, GIC_ICPENDR);
	gic_set_target(FREE_IRQ, 0);
}

TEST(v2_interface)
{
	if (absent())
		return;
	quiet();
	EXPECT_EQ(read32(GICC_BASE + GICC_IIDR) >> 16 & 0xf, 2);
	for (unsigned prio = 0; prio < 256; prio += 16) {
		gic_set_pmr(prio);
		EXPECT_EQ(gic_pmr(), prio);
	}
	gic_set_pmr(0xff);
	for (unsigned bpr = 3; bpr < 8; bpr++) {
		gic_set_bpr(bpr);
		EXPECT_EQ(read32(GICC_BASE + GICC_BPR), bpr);
	}
	gic_set_bpr(0);
	write32(GICC_BASE + GICC_CTLR, 0);
	gic_sgi(0, 1);
	irq_window();
	EXPECT_EQ(seen.n, 0);
	write32(GICC_BASE + GICC_CTLR, CTLR_GROUP0);
	irq_window();
	EXPECT_EQ(seen.n, 1);
}

TEST(v2_sgi_filters)
{
	if (absent())
		return;
	quiet();
	write32(GICD_BASE + GICD_SGIR, 2U << 24 | 0xff << 16 | 6); /* to oneself */
	irq_window();
	EXPECT_EQ(seen.n, 1);
	write32(GICD_BASE + GICD_SGIR, 6); /* to an empty list */
	irq_window();
	EXPECT_EQ(seen.n, 1);
	EXPECT_EQ(read32(GICD_BASE + GICD_SGIR), 0);
}

TEST(v2_sgi_pending_registers)
{
	if (absent())
		return;
	quiet();
	/* SGI 3, as if CPU 0 had sent it. */
	write8(GICD_BASE + GICD_SPENDSGIR + 3, 1);
	EXPECT_EQ(read8(GICD_BASE + GICD_SPENDSGIR + 3), 1);
	EXPECT_EQ(read8(GICD_BASE + GICD_CPENDSGIR + 3), 1);
	EXPECT(gic_is_pending(3));
	write8(GICD_BASE + GICD_CPENDSGIR + 3, 1);
	EXPECT_EQ(read8(GICD_BASE + GICD_SPENDSGIR + 3), 0);
	EXPECT(!gic_is_pending(3));
	write8(GICD_BASE + GICD_SPENDSGIR + 3, 1);
	irq_window();
	EXPECT_EQ(seen.n, 1);
	EXPECT_EQ(seen.irq[0], 3);
	/* The ordinary set-pending register does not touch SGIs. */
	gic_set_bit(3, GIC_ISPENDR);
	irq_window();
	EXPECT_EQ(seen.n, 1);
}

static void send_to_first(void *arg)
{
	gic_sgi(0, 10);
}

/* Two senders are two interrupts, and each says who sent it. */
TEST(v2_senders)
{
	unsigned senders = 0;

	if (absent())
		return;
	quiet();
	gic_sgi(0, 10);
	for (unsigned i = 1; i < nr_cpus; i++) {
		cpu_start(i, send_to_first, NULL);
		EXPECT(cpu_wait_off(i));
	}
	for (unsigned i = 0; i < nr_cpus; i++) {
		uint32_t iar = gic_ack();

		EXPECT_EQ(gic_intid(iar), 10);
		senders |= 1U << (iar >> 10 & 7);
		gic_eoi(iar);
	}
	EXPECT_EQ(gic_ack(), GIC_SPURIOUS);
	EXPECT_EQ(senders, BIT(nr_cpus) - 1);
}

static volatile unsigned fiqs;
static volatile uint32_t fiq_intid;

static void on_fiq(void)
{
	uint32_t iar = read32(GICC_BASE + GICC_IAR);

	fiq_intid = gic_intid(iar);
	fiqs++;
	write32(GICC_BASE + GICC_EOIR, iar);
}

static void both_groups(bool on)
{
	write32(GICD_BASE + GICD_CTLR, on ? 3 : 1);
	write32(GICC_BASE + GICC_CTLR, CTLR_GROUP0 | (on ? CTLR_GROUP1 | CTLR_FIQEN : 0));
}

/* Group 1 has registers of its own. */
TEST(v2_group1)
{
	uint32_t iar;

	if (absent())
		return;
	if (boot_arg("reference") || boot_arg("qemu-gicv2")) {
		test_skip("QEMU has not implemented them");
		return;
	}
	quiet();
	both_groups(true);
	gic_set_group(FREE_IRQ, true);
	gic_enable(FREE_IRQ);
	gic_set_bit(FREE_IRQ, GIC_ISPENDR);
	EXPECT_EQ(read32(GICC_BASE + GICC_AHPPIR), FREE_IRQ);
	iar = read32(GICC_BASE + GICC_AIAR);
	EXPECT_EQ(gic_intid(iar), FREE_IRQ);
	EXPECT(gic_is_active(FREE_IRQ));
	write32(GICC_BASE + GICC_AEOIR, iar);
	EXPECT(!gic_is_active(FREE_IRQ));
	gic_set_group(FREE_IRQ, false);
	both_groups(false);
}

/* Group 0 may be signalled as FIQ. */
TEST(v2_fiq)
{
	if (absent())
		return;
	quiet();
	fiqs = 0;
	this_cpu()->fiq = on_fiq;
	both_groups(true);
	gic_enable(FREE_IRQ + 1);
	gic_set_bit(FREE_IRQ + 1, GIC_ISPENDR);
	irq_window();
	EXPECT_EQ(seen.n, 0);
	__asm__ volatile("msr daifclr, #1\n\tisb\n\tnop\n\tnop\n\tmsr daifset, #1" : : : "memory");
	EXPECT_EQ(fiqs, 1);
	EXPECT_EQ(fiq_intid, FREE_IRQ + 1);
	both_groups(false);
}
