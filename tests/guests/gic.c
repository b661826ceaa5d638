/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interrupt controller as a guest sees it, GICv2 (IHI 0048B) or GICv3 (IHI 0069): what is
 * common to both, with shared interrupts that no device uses and software-generated ones. What only
 * one of them has is in gic_v2.c and gic_v3.c.
 */
#include "gic_test.h"

struct seen seen;

void note(unsigned irq)
{
	if (seen.n < ARRAY_SIZE(seen.irq))
		seen.irq[seen.n] = irq;
	seen.n++;
}

void quiet(void)
{
	irq_disable();
	seen.n = 0;
	for (unsigned irq = FREE_IRQ; irq < FREE_IRQ + FREE_IRQS; irq++) {
		gic_disable(irq);
		gic_set_bit(irq, GIC_ICPENDR);
		gic_set_bit(irq, GIC_ICACTIVER);
		gic_set_edge(irq, true);
		gic_set_prio(irq, GIC_PRIO_MID);
		gic_set_target(irq, 0);
		irq_handlers[irq] = note;
	}
	for (unsigned irq = 0; irq < 16; irq++) {
		gic_set_prio(irq, GIC_PRIO_MID);
		irq_handlers[irq] = note;
	}
	gic_set_pmr(0xff);
	gic_set_bpr(0);
	this_cpu()->irq = irq_default;
}

static bool nothing_pending(void)
{
	uint32_t iar = gic_ack();

	if (gic_intid(iar) == GIC_SPURIOUS)
		return true;
	FAIL("interrupt %u is there", gic_intid(iar));
	gic_eoi(iar);
	return false;
}

/* Acknowledge, and expect this one. @return what gic_eoi() wants */
static uint32_t take(unsigned irq)
{
	uint32_t iar = gic_ack();

	EXPECT_EQ(gic_intid(iar), irq);
	return iar;
}

TEST(identification)
{
	uint32_t pidr2 = read32(GICD_BASE +
				(gic_version == 3 ? GICD_PIDR2_V3 : GICD_PIDR2_V2));
	uint32_t typer = read32(GICD_BASE + GICD_TYPER);

	EXPECT_EQ(pidr2 >> 4 & 0xf, gic_version);
	EXPECT(gic_irqs >= FREE_IRQ + FREE_IRQS);
	if (gic_version == 2)
		EXPECT_EQ((typer >> 5 & 7) + 1, nr_cpus);
}

TEST(spurious)
{
	quiet();
	EXPECT_EQ(gic_ack(), GIC_SPURIOUS);
	EXPECT_EQ(gic_intid(gic_hppir()), GIC_SPURIOUS);
	EXPECT_EQ(gic_rpr(), 0xff);
}

TEST(sgi_states)
{
	quiet();
	for (unsigned sgi = 0; sgi < 16; sgi++) {
		uint32_t iar;

		gic_sgi(0, sgi);
		EXPECT(gic_is_pending(sgi));
		EXPECT(!gic_is_active(sgi));
		EXPECT_EQ(gic_intid(gic_hppir()), sgi);
		iar = take(sgi);
		EXPECT(!gic_is_pending(sgi));
		EXPECT(gic_is_active(sgi));
		EXPECT_EQ(gic_rpr(), GIC_PRIO_MID);
		gic_eoi(iar);
		EXPECT(!gic_is_active(sgi));
		EXPECT_EQ(gic_rpr(), 0xff);
		nothing_pending();
	}
}

TEST(sgi_taken)
{
	quiet();
	irq_enable();
	for (unsigned i = 0; i < 200; i++) {
		gic_sgi(0, i % 16);
		EXPECT(WAIT(*(volatile unsigned *)&seen.n == i + 1));
	}
	irq_disable();
	EXPECT_EQ(seen.n, 200);
}

/* Pending is one bit: sent twice, taken once. */
TEST(sgi_once)
{
	quiet();
	gic_sgi(0, 4);
	gic_sgi(0, 4);
	gic_eoi(take(4));
	nothing_pending();
}

TEST(enable)
{
	quiet();
	gic_set_bit(FREE_IRQ, GIC_ISPENDR);
	EXPECT(gic_is_pending(FREE_IRQ));
	EXPECT(!gic_bit(FREE_IRQ, GIC_ISENABLER));
	nothing_pending();
	gic_enable(FREE_IRQ);
	EXPECT(gic_bit(FREE_IRQ, GIC_ISENABLER));
	EXPECT(gic_bit(FREE_IRQ, GIC_ICENABLER));
	gic_disable(FREE_IRQ);
	nothing_pending();
	gic_enable(FREE_IRQ);
	irq_window();
	EXPECT_EQ(seen.n, 1);
	EXPECT_EQ(seen.irq[0], FREE_IRQ);
	EXPECT(!gic_is_pending(FREE_IRQ));
}

TEST(clear_pending)
{
	quiet();
	gic_enable(FREE_IRQ);
	gic_set_bit(FREE_IRQ, GIC_ISPENDR);
	EXPECT(gic_bit(FREE_IRQ, GIC_ICPENDR));
	gic_set_bit(FREE_IRQ, GIC_ICPENDR);
	EXPECT(!gic_is_pending(FREE_IRQ));
	irq_window();
	EXPECT_EQ(seen.n, 0);
	nothing_pending();
}

/* A level-sensitive interrupt that software made pending is so until it is acknowledged. */
TEST(level_by_software)
{
	quiet();
	gic_set_edge(FREE_IRQ, false);
	gic_enable(FREE_IRQ);
	gic_set_bit(FREE_IRQ, GIC_ISPENDR);
	irq_window();
	EXPECT_EQ(seen.n, 1);
	nothing_pending();
}

TEST(active_state)
{
	uint32_t iar;

	quiet();
	gic_enable(FREE_IRQ);
	gic_set_bit(FREE_IRQ, GIC_ISPENDR);
	iar = take(FREE_IRQ);
	EXPECT(gic_is_active(FREE_IRQ));
	EXPECT(gic_bit(FREE_IRQ, GIC_ICACTIVER));
	/* Again while it is active: pending and active, and not delivered before the end. */
	gic_set_bit(FREE_IRQ, GIC_ISPENDR);
	EXPECT(gic_is_pending(FREE_IRQ) && gic_is_active(FREE_IRQ));
	nothing_pending();
	gic_eoi(iar);
	EXPECT(!gic_is_active(FREE_IRQ));
	gic_eoi(take(FREE_IRQ));
	/* Active by software: not delivered until that is taken back. */
	gic_set_bit(FREE_IRQ, GIC_ISACTIVER);
	EXPECT(gic_is_active(FREE_IRQ));
	gic_set_bit(FREE_IRQ, GIC_ISPENDR);
	nothing_pending();
	gic_set_bit(FREE_IRQ, GIC_ICACTIVER);
	EXPECT(!gic_is_active(FREE_IRQ));
	gic_eoi(take(FREE_IRQ));
	nothing_pending();
}

/* Disabled while it is pending or active. */
TEST(disable_late)
{
	uint32_t iar;

	quiet();
	gic_enable(FREE_IRQ);
	gic_set_bit(FREE_IRQ, GIC_ISPENDR);
	gic_disable(FREE_IRQ);
	irq_window();
	EXPECT_EQ(seen.n, 0);
	EXPECT(gic_is_pending(FREE_IRQ));
	gic_enable(FREE_IRQ);
	iar = take(FREE_IRQ);
	gic_disable(FREE_IRQ);
	EXPECT(gic_is_active(FREE_IRQ));
	gic_eoi(iar);
	EXPECT(!gic_is_active(FREE_IRQ));
}

TEST(order_of_priority)
{
	static const uint8_t prio[] = { 0xa0, 0x20, 0xf0, 0x60, 0x20, 0x00, 0xe0, 0x80 };
	static const uint8_t order[] = { 5, 1, 4, 3, 7, 0, 6, 2 };

	quiet();
	for (unsigned i = 0; i < ARRAY_SIZE(prio); i++) {
		gic_set_prio(FREE_IRQ + i, prio[i]);
		EXPECT_EQ(gic_prio(FREE_IRQ + i), prio[i]);
		gic_enable(FREE_IRQ + i);
		gic_set_bit(FREE_IRQ + i, GIC_ISPENDR);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(order); i++) {
		EXPECT_EQ(gic_intid(gic_hppir()), FREE_IRQ + order[i]);
		gic_eoi(take(FREE_IRQ + order[i]));
	}
	nothing_pending();
}

/* More than any hardware has list registers: all come, each once. */
TEST(many_at_once)
{
	quiet();
	for (unsigned i = 0; i < FREE_IRQS; i++) {
		gic_enable(FREE_IRQ + i);
		gic_set_bit(FREE_IRQ + i, GIC_ISPENDR);
	}
	for (unsigned i = 0; i < 16; i++)
		gic_sgi(0, i);
	irq_enable();
	WAIT(*(volatile unsigned *)&seen.n >= FREE_IRQS + 16);
	irq_disable();
	EXPECT_EQ(seen.n, FREE_IRQS + 16);
	/* The lowest number first where priorities are equal. */
	for (unsigned i = 0; i < 16; i++)
		EXPECT_EQ(seen.irq[i], i);
	for (unsigned i = 0; i < FREE_IRQS; i++)
		EXPECT_EQ(seen.irq[16 + i], FREE_IRQ + i);
}

/* The same with all of them active before the first ends: priorities go up one by one. */
TEST(many_active)
{
	uint32_t iar[16];

	quiet();
	for (unsigned i = 0; i < 16; i++) {
		gic_set_prio(FREE_IRQ + i, (uint8_t)(0xf0 - 0x10 * i));
		gic_enable(FREE_IRQ + i);
		gic_set_bit(FREE_IRQ + i, GIC_ISPENDR);
		iar[i] = take(FREE_IRQ + i);
		EXPECT_EQ(gic_rpr(), 0xf0 - 0x10 * i);
	}
	for (unsigned i = 0; i < 16; i++)
		EXPECT(gic_is_active(FREE_IRQ + i));
	/* Another one of the highest priority still comes through, a lower one does not. */
	gic_sgi(0, 3);
	nothing_pending();
	for (unsigned i = 16; i--;) {
		EXPECT_EQ(gic_rpr(), 0xf0 - 0x10 * i);
		gic_eoi(iar[i]);
		EXPECT(!gic_is_active(FREE_IRQ + i));
	}
	EXPECT_EQ(gic_rpr(), 0xff);
	gic_eoi(take(3));
	nothing_pending();
}

TEST(priority_mask)
{
	quiet();
	gic_enable(FREE_IRQ);
	gic_set_pmr(GIC_PRIO_MID);
	EXPECT_EQ(gic_pmr(), GIC_PRIO_MID);
	gic_set_bit(FREE_IRQ, GIC_ISPENDR);
	/* Only what is higher (a lower number) than the mask passes. */
	irq_window();
	EXPECT_EQ(seen.n, 0);
	EXPECT_EQ(gic_intid(gic_ack()), GIC_SPURIOUS);
	gic_set_prio(FREE_IRQ, GIC_PRIO_MID - 0x10);
	irq_window();
	EXPECT_EQ(seen.n, 1);
	gic_set_bit(FREE_IRQ, GIC_ISPENDR);
	gic_set_pmr(0);
	irq_window();
	EXPECT_EQ(seen.n, 1);
	gic_set_pmr(0xff);
	irq_window();
	EXPECT_EQ(seen.n, 2);
}

static unsigned depth, deepest;

/* Lets others in while it runs. */
static void nest(unsigned irq)
{
	note(irq);
	if (++depth > deepest)
		deepest = depth;
	if (irq < FREE_IRQ + 7)
		gic_set_bit(irq + 1, GIC_ISPENDR);
	irq_window();
	depth--;
}

static void run_nested(bool rising)
{
	quiet();
	depth = deepest = 0;
	for (unsigned i = 0; i < 8; i++) {
		irq_handlers[FREE_IRQ + i] = nest;
		gic_set_prio(FREE_IRQ + i, (uint8_t)(rising ? 0xe0 - 0x20 * i : 0xa0));
		gic_enable(FREE_IRQ + i);
	}
	gic_set_bit(FREE_IRQ, GIC_ISPENDR);
	irq_window();
	EXPECT(WAIT((irq_window(), *(volatile unsigned *)&seen.n == 8)));
	EXPECT_EQ(seen.n, 8);
}

TEST(preemption)
{
	run_nested(true);
	EXPECT_EQ(deepest, 8);
}

TEST(no_preemption_by_equals)
{
	quiet();
	depth = deepest = 0;
	for (unsigned i = 0; i < 8; i++) {
		irq_handlers[FREE_IRQ + i] = nest;
		gic_enable(FREE_IRQ + i);
	}
	gic_set_bit(FREE_IRQ, GIC_ISPENDR);
	irq_enable();
	WAIT(*(volatile unsigned *)&seen.n == 8);
	irq_disable();
	EXPECT_EQ(seen.n, 8);
	EXPECT_EQ(deepest, 1);
}

/*
 * With halves of the scale as groups of priorities, only one of the other half preempts. GICv2's
 * register is that of group 0 here, for which the same split has another number (IHI 0069, 4.8.2).
 */
TEST(binary_point)
{
	uint32_t iar;

	quiet();
	gic_set_bpr(gic_version == 3 ? 7 : 6);
	gic_enable(FREE_IRQ);
	gic_enable(FREE_IRQ + 1);
	gic_set_prio(FREE_IRQ + 1, 0x80);
	gic_set_bit(FREE_IRQ, GIC_ISPENDR);
	iar = take(FREE_IRQ);
	gic_set_bit(FREE_IRQ + 1, GIC_ISPENDR);
	nothing_pending();
	gic_set_prio(FREE_IRQ + 1, 0x70);
	gic_eoi(take(FREE_IRQ + 1));
	gic_eoi(iar);
	gic_set_bpr(0);
	nothing_pending();
}

/* EOImode 1: the end drops the priority only, deactivation is a write of its own. */
TEST(split_end)
{
	uint32_t iar;

	quiet();
	gic_set_eoimode(true);
	gic_enable(FREE_IRQ);
	gic_enable(FREE_IRQ + 1);
	gic_set_bit(FREE_IRQ, GIC_ISPENDR);
	iar = take(FREE_IRQ);
	gic_eoi(iar);
	EXPECT_EQ(gic_rpr(), 0xff);
	EXPECT(gic_is_active(FREE_IRQ));
	gic_set_bit(FREE_IRQ, GIC_ISPENDR);
	nothing_pending();
	/* Others come meanwhile, and may end before. */
	gic_set_bit(FREE_IRQ + 1, GIC_ISPENDR);
	take(FREE_IRQ + 1);
	gic_eoi(FREE_IRQ + 1);
	gic_dir(FREE_IRQ + 1);
	EXPECT(!gic_is_active(FREE_IRQ + 1));
	gic_dir(iar);
	EXPECT(!gic_is_active(FREE_IRQ));
	iar = take(FREE_IRQ);
	gic_eoi(iar);
	gic_dir(iar);
	gic_set_eoimode(false);
	nothing_pending();
}

/* One inside of the other, more than list registers: the end of one is not its deactivation. */
TEST(split_end_nested)
{
	uint32_t iar[16];

	quiet();
	gic_set_eoimode(true);
	for (unsigned i = 0; i < 16; i++) {
		gic_set_prio(FREE_IRQ + i, (uint8_t)(0xf0 - 0x10 * i));
		gic_enable(FREE_IRQ + i);
		gic_set_bit(FREE_IRQ + i, GIC_ISPENDR);
		iar[i] = take(FREE_IRQ + i);
	}
	for (unsigned i = 16; i--;) {
		gic_eoi(iar[i]);
		EXPECT_EQ(gic_rpr(), i ? 0xf0 - 0x10 * (i - 1) : 0xff);
		for (unsigned k = 0; k < 16; k++)
			EXPECT(gic_is_active(FREE_IRQ + k));
	}
	for (unsigned i = 0; i < 16; i++) {
		unsigned irq = FREE_IRQ + i * 7 % 16;

		gic_dir(irq);
		EXPECT(!gic_is_active(irq));
	}
	gic_set_eoimode(false);
	nothing_pending();
}

/* More in progress than list registers, deactivated in any order. */
TEST(split_end_many)
{
	uint32_t iar[FREE_IRQS];

	quiet();
	gic_set_eoimode(true);
	for (unsigned i = 0; i < FREE_IRQS; i++) {
		gic_enable(FREE_IRQ + i);
		gic_set_bit(FREE_IRQ + i, GIC_ISPENDR);
		iar[i] = take(FREE_IRQ + i);
		gic_eoi(iar[i]);
	}
	for (unsigned i = 0; i < FREE_IRQS; i++)
		EXPECT(gic_is_active(FREE_IRQ + i));
	gic_sgi(0, 1);
	iar[0] = take(1);
	gic_eoi(iar[0]);
	gic_dir(iar[0]);
	for (unsigned i = 0; i < FREE_IRQS; i++) {
		unsigned irq = FREE_IRQ + i * 7 % FREE_IRQS;

		gic_dir(irq);
		EXPECT(!gic_is_active(irq));
	}
	gic_set_eoimode(false);
	gic_sgi(0, 2);
	gic_eoi(take(2));
	nothing_pending();
}

TEST(distributor_off)
{
	uint32_t ctlr = read32(GICD_BASE + GICD_CTLR);

	quiet();
	gic_enable(FREE_IRQ);
	write32(GICD_BASE + GICD_CTLR, ctlr & ~3U);
	gic_set_bit(FREE_IRQ, GIC_ISPENDR);
	irq_window();
	EXPECT_EQ(seen.n, 0);
	EXPECT(gic_is_pending(FREE_IRQ));
	write32(GICD_BASE + GICD_CTLR, ctlr);
	irq_window();
	EXPECT_EQ(seen.n, 1);
}

/* WFI ends with an interrupt, taken or masked. */
TEST(wfi_wakes)
{
	quiet();
	gic_sgi(0, 1);
	wfi();
	irq_window();
	EXPECT_EQ(seen.n, 1);
}

TEST(registers_are_words)
{
	uintptr_t frame = gic_frame(FREE_IRQ);

	quiet();
	/* Set and clear registers read the same; zeroes do nothing. */
	write32(frame + GIC_ISENABLER + FREE_IRQ / 8, 0x00ff00ff);
	EXPECT_EQ(read32(frame + GIC_ISENABLER + FREE_IRQ / 8), 0x00ff00ff);
	EXPECT_EQ(read32(frame + GIC_ICENABLER + FREE_IRQ / 8), 0x00ff00ff);
	write32(frame + GIC_ISENABLER + FREE_IRQ / 8, 0);
	write32(frame + GIC_ICENABLER + FREE_IRQ / 8, 0x000000f0);
	EXPECT_EQ(read32(frame + GIC_ISENABLER + FREE_IRQ / 8), 0x00ff000f);
	write32(frame + GIC_ICENABLER + FREE_IRQ / 8, 0xffffffff);
	EXPECT_EQ(read32(frame + GIC_ISENABLER + FREE_IRQ / 8), 0);
	/* Priorities by byte and by word. */
	write32(frame + GIC_IPRIORITYR + FREE_IRQ, 0x80604020);
	EXPECT_EQ(read8(frame + GIC_IPRIORITYR + FREE_IRQ + 1), 0x40);
	write8(frame + GIC_IPRIORITYR + FREE_IRQ + 2, 0xc0);
	EXPECT_EQ(read32(frame + GIC_IPRIORITYR + FREE_IRQ), 0x80c04020);
	/* Software-generated interrupts are edge-triggered for ever. */
	write32(gic_frame(0) + GIC_ICFGR, 0);
	EXPECT_EQ(read32(gic_frame(0) + GIC_ICFGR), 0xaaaaaaaa);
	gic_set_edge(FREE_IRQ, false);
	EXPECT(!gic_edge(FREE_IRQ));
	gic_set_edge(FREE_IRQ, true);
	EXPECT(gic_edge(FREE_IRQ));
	quiet();
}

/* A real level: the UART's transmit interrupt stands until it is cleared there. */
TEST(level_of_a_device)
{
	quiet();
	irq_handlers[IRQ_UART] = note;
	gic_set_edge(IRQ_UART, false);
	write32(UART_BASE + 0x30, 0x301); /* CR: on, transmit, receive */
	print(" "); /* something to have been sent */
	write32(UART_BASE + 0x38, 1 << 5); /* IMSC: transmit */
	EXPECT(WAIT(gic_is_pending(IRQ_UART)));
	gic_enable(IRQ_UART);
	/* Not cleared at the device: it comes again and again. */
	for (unsigned i = 0; i < 3; i++) {
		uint32_t iar = take(IRQ_UART);

		EXPECT(gic_is_active(IRQ_UART));
		gic_eoi(iar);
		EXPECT(gic_is_pending(IRQ_UART));
	}
	/* Not cleared by the controller either. */
	gic_set_bit(IRQ_UART, GIC_ICPENDR);
	EXPECT(gic_is_pending(IRQ_UART));
	write32(UART_BASE + 0x44, 0x7ff); /* ICR */
	EXPECT(WAIT(!gic_is_pending(IRQ_UART)));
	nothing_pending();
	write32(UART_BASE + 0x38, 0);
	gic_disable(IRQ_UART);
}

/* --- more than one CPU -------------------------------------------------------------------- */

static volatile bool stop;

static void serve(void *arg)
{
	irq_enable();
	while (!stop)
		;
	irq_disable();
}

static bool start_all(void)
{
	if (nr_cpus < 2) {
		test_skip("one CPU");
		return false;
	}
	stop = false;
	for (unsigned i = 1; i < nr_cpus; i++) {
		cpus[i].irqs = 0;
		memset((void *)cpus[i].seen, 0, sizeof(cpus[i].seen));
		cpu_start(i, serve, NULL);
	}
	return true;
}

static void stop_all(void)
{
	stop = true;
	for (unsigned i = 1; i < nr_cpus; i++)
		EXPECT(cpu_wait_off(i));
}

static void ignore(unsigned irq)
{
}

TEST(sgi_to_each)
{
	quiet();
	irq_handlers[7] = ignore;
	if (!start_all())
		return;
	for (unsigned n = 1; n <= 100; n++) {
		for (unsigned i = 1; i < nr_cpus; i++) {
			gic_sgi(i, 7);
			if (!EXPECT(WAIT(cpus[i].seen[7] == n)))
				goto out;
		}
	}
out:
	stop_all();
	for (unsigned i = 1; i < nr_cpus; i++)
		EXPECT_EQ(cpus[i].irqs, 100);
	nothing_pending();
}

TEST(sgi_to_others)
{
	quiet();
	irq_handlers[9] = ignore;
	if (!start_all())
		return;
	for (unsigned n = 1; n <= 50; n++) {
		gic_sgi_others(9);
		for (unsigned i = 1; i < nr_cpus; i++)
			EXPECT(WAIT(cpus[i].seen[9] == n));
	}
	stop_all();
	nothing_pending();
}

TEST(shared_to_each)
{
	quiet();
	irq_handlers[FREE_IRQ] = ignore;
	if (!start_all())
		return;
	gic_enable(FREE_IRQ);
	for (unsigned n = 1; n <= 20; n++) {
		for (unsigned i = 1; i < nr_cpus; i++) {
			gic_set_target(FREE_IRQ, i);
			gic_set_bit(FREE_IRQ, GIC_ISPENDR);
			EXPECT(WAIT(cpus[i].seen[FREE_IRQ] == n));
		}
	}
	/* A CPU counts it before it ends it. */
	EXPECT(WAIT(!gic_is_active(FREE_IRQ)));
	gic_set_target(FREE_IRQ, 0);
	gic_set_bit(FREE_IRQ, GIC_ISPENDR);
	EXPECT(WAIT(gic_intid(gic_hppir()) == FREE_IRQ));
	gic_eoi(take(FREE_IRQ));
	stop_all();
}

/* Moved while it is pending: it goes with its target. */
TEST(moved_while_pending)
{
	quiet();
	if (gic_version == 2 && boot_arg("reference")) {
		test_skip("QEMU's GICv2 does not move it");
		return;
	}
	irq_handlers[FREE_IRQ] = ignore;
	if (!start_all())
		return;
	gic_enable(FREE_IRQ);
	gic_set_bit(FREE_IRQ, GIC_ISPENDR);
	gic_set_target(FREE_IRQ, nr_cpus - 1);
	EXPECT(WAIT(cpus[nr_cpus - 1].seen[FREE_IRQ] == 1));
	nothing_pending();
	stop_all();
}

/* Disabled, made pending and enabled again by another CPU than the one that takes it. */
TEST(changed_by_another)
{
	unsigned target = nr_cpus - 1;

	quiet();
	irq_handlers[FREE_IRQ] = ignore;
	if (!start_all())
		return;
	gic_set_target(FREE_IRQ, target);
	for (unsigned n = 1; n <= 50; n++) {
		gic_disable(FREE_IRQ);
		gic_set_bit(FREE_IRQ, GIC_ISPENDR);
		delay_us(20);
		EXPECT_EQ(cpus[target].seen[FREE_IRQ], n - 1);
		EXPECT(gic_is_pending(FREE_IRQ));
		gic_enable(FREE_IRQ);
		if (!EXPECT(WAIT(cpus[target].seen[FREE_IRQ] == n)))
			break;
	}
	stop_all();
}
