/* SPDX-License-Identifier: GPL-2.0-only */
/* GICv2: the CPU interface in software, register by register (Arm IHI 0048B, 4.4). */
#include "vgic_world.h"

#include <libs/bits.h>

#include "unit.h"

enum {
	CTLR = 0x00, PMR = 0x04, BPR = 0x08, IAR = 0x0c, EOIR = 0x10, RPR = 0x14, HPPIR = 0x18,
	ABPR = 0x1c, AIAR = 0x20, AEOIR = 0x24, AHPPIR = 0x28, APR0 = 0xd0, NSAPR0 = 0xe0,
	IIDR = 0xfc, DIR = 0x1000,
};

static uint32_t r(unsigned v, unsigned offset)
{
	return (uint32_t)vw_read(v, vw_cpu(), offset, 4);
}

static void w(unsigned v, unsigned offset, uint32_t value)
{
	CHECK_EQ(vw_write(v, vw_cpu(), offset, 4, value), EMU_OK);
}

static void line(unsigned irq, bool level)
{
	vw_guest()->vintc->set_line(vw_guest(), NULL, irq, level);
}

static void prio(unsigned irq, unsigned value)
{
	vw_write(0, vw_dist(), 0x400 + irq, 1, value);
}

/* Both groups on; 32 ... 63 enabled to vCPU 0, edges, in group 0 with priorities 0x80. */
static void begin(unsigned vcpus)
{
	unsigned v, irq;

	vw_begin(&(struct vw_config){ .version = 2, .soft = true, .vcpus = vcpus, .irqs = 96 });
	vw_w(0, 3);
	vw_w(0x104, UINT32_MAX);
	vw_w(0xc08, 0xaaaaaaaa);
	vw_w(0xc0c, 0xaaaaaaaa);
	for (irq = 32; irq < 64; irq++) {
		prio(irq, 0x80);
		vw_write(0, vw_dist(), 0x800 + irq, 1, 1);
	}
	for (v = 0; v < vcpus; v++) {
		w(v, PMR, 0xff);
		w(v, CTLR, 3);
	}
}

static void pulse(unsigned irq)
{
	vw_guest()->vintc->pulse(vw_guest(), NULL, irq);
}

TEST(registers)
{
	begin(2);
	CHECK_EQ(r(0, IIDR), 0x2043b);
	CHECK_EQ(r(0, PMR), 0xf8);
	w(0, CTLR, UINT32_MAX);
	CHECK_EQ(r(0, CTLR), 0x3ff);
	CHECK_EQ(r(1, CTLR), 3); /* each vCPU has its own */
	w(0, CTLR, 3);
	CHECK_EQ(r(0, BPR), 2);
	CHECK_EQ(r(0, ABPR), 3);
	w(0, BPR, 0);
	w(0, ABPR, 0);
	CHECK_EQ(r(0, BPR), 2); /* no finer than the priorities are */
	CHECK_EQ(r(0, ABPR), 3);
	w(0, BPR, 0xff);
	w(0, ABPR, 5);
	CHECK_EQ(r(0, BPR), 7);
	CHECK_EQ(r(0, ABPR), 5);
	CHECK_EQ(r(0, RPR), 0xff);
	CHECK_EQ(r(0, IAR), 1023);
	CHECK_EQ(r(0, AIAR), 1023);
	CHECK_EQ(r(0, HPPIR), 1023);
	CHECK_EQ(r(0, AHPPIR), 1023);
	CHECK_EQ(r(0, EOIR), 0);
	CHECK_EQ(r(0, DIR), 0);
	w(0, APR0, 0x12345678);
	CHECK_EQ(r(0, APR0), 0x12345678);
	CHECK_EQ(r(0, RPR), 3 * 8);
	w(0, APR0, 0);
	w(0, NSAPR0, 0x80);
	CHECK_EQ(r(0, NSAPR0), 0x80);
	CHECK_EQ(r(0, RPR), 0x38);
	w(0, 0xd4, UINT32_MAX);
	CHECK_EQ(r(0, 0xd4), 0);
	CHECK_EQ(r(0, 0xe8), 0);
	CHECK_EQ(vw_read(0, vw_cpu(), 0x2c, 4), VW_BAD | EMU_NONE);
	CHECK_EQ(vw_read(0, vw_cpu(), 0x1004, 4), VW_BAD | EMU_NONE);
	CHECK_EQ(vw_read(0, vw_cpu(), IAR, 1), VW_BAD | EMU_WIDTH);
	CHECK_EQ(vw_read(0, vw_cpu(), IAR, 8), VW_BAD | EMU_WIDTH);
	CHECK_EQ(vw_read(0, vw_cpu(), IAR + 2, 2), VW_BAD | EMU_WIDTH);
	vw_end();
}

TEST(take_and_end)
{
	begin(1);
	pulse(40);
	CHECK_EQ(vw_irq(0), true);
	CHECK_EQ(r(0, HPPIR), 40);
	CHECK_EQ(vw_irq(0), true);
	CHECK_EQ(r(0, IAR), 40);
	CHECK_EQ(vw_irq(0), false);
	CHECK_EQ(r(0, RPR), 0x80);
	CHECK_EQ(r(0, APR0), 1 << 16);
	CHECK_EQ(vw_r(0x304), 1 << 8);
	CHECK_EQ(r(0, IAR), 1023);
	/* What it is not: not there, not active, spurious. */
	w(0, EOIR, 1023);
	w(0, EOIR, 1000);
	CHECK_EQ(r(0, RPR), 0x80);
	w(0, EOIR, 40);
	CHECK_EQ(r(0, RPR), 0xff);
	CHECK_EQ(vw_r(0x304), 0);
	w(0, EOIR, 40); /* once more */
	CHECK_EQ(r(0, RPR), 0xff);
	vw_check();
	vw_end();
}

TEST(preemption)
{
	begin(1);
	prio(41, 0x40);
	prio(42, 0x38);
	pulse(40);
	CHECK_EQ(r(0, IAR), 40);
	pulse(41);
	CHECK_EQ(vw_irq(0), true);
	CHECK_EQ(r(0, IAR), 41);
	pulse(42);
	pulse(43);
	CHECK_EQ(r(0, IAR), 42);
	CHECK_EQ(r(0, RPR), 0x38);
	w(0, EOIR, 42);
	CHECK_EQ(r(0, RPR), 0x40);
	CHECK_EQ(vw_irq(0), false); /* 43 waits for 40 */
	w(0, EOIR, 41);
	CHECK_EQ(vw_irq(0), false);
	w(0, EOIR, 40);
	CHECK_EQ(r(0, IAR), 43);
	vw_end();
	/* A coarser binary point: 0x38 and 0x40 do not preempt 0x78 ... but 0x00 does. */
	begin(1);
	w(0, BPR, 5); /* groups of 0x40 */
	prio(40, 0x78);
	prio(41, 0x40);
	prio(42, 0x38);
	pulse(40);
	CHECK_EQ(r(0, IAR), 40);
	CHECK_EQ(r(0, RPR), 0x40);
	pulse(41);
	CHECK_EQ(vw_irq(0), false);
	CHECK_EQ(r(0, HPPIR), 41);
	CHECK_EQ(r(0, IAR), 1023);
	pulse(42);
	CHECK_EQ(r(0, IAR), 42);
	w(0, EOIR, 42);
	w(0, EOIR, 40);
	CHECK_EQ(r(0, IAR), 41);
	w(0, EOIR, 41);
	w(0, BPR, 7); /* nothing preempts */
	pulse(40);
	CHECK_EQ(r(0, IAR), 40);
	pulse(42);
	CHECK_EQ(vw_irq(0), false);
	vw_end();
}

TEST(mask)
{
	begin(1);
	pulse(40);
	w(0, PMR, 0x80);
	CHECK_EQ(vw_irq(0), false);
	CHECK_EQ(vw_pending(0), false);
	CHECK_EQ(r(0, HPPIR), 1023);
	CHECK_EQ(r(0, IAR), 1023);
	w(0, PMR, 0x88);
	CHECK_EQ(vw_irq(0), true);
	CHECK_EQ(vw_pending(0), true);
	prio(40, 0x90); /* the line goes down with it */
	CHECK_EQ(vw_irq(0), false);
	prio(40, 0x10);
	CHECK_EQ(r(0, IAR), 40);
	vw_end();
}

TEST(groups)
{
	begin(1);
	vw_w(0x84, 1 << 8); /* 40 in group 1 */
	pulse(40);
	CHECK_EQ(vw_irq(0), true);
	CHECK_EQ(r(0, IAR), 1022); /* AckCtl is off: not by this register */
	CHECK_EQ(r(0, HPPIR), 1022);
	CHECK_EQ(r(0, AHPPIR), 40);
	CHECK_EQ(r(0, AIAR), 40);
	CHECK_EQ(r(0, NSAPR0), 1 << 16);
	CHECK_EQ(r(0, APR0), 0);
	/* The other group's end is none. */
	pulse(41);
	prio(41, 0x10);
	CHECK_EQ(r(0, AIAR), 1023);
	CHECK_EQ(r(0, IAR), 41);
	w(0, AEOIR, 41);
	CHECK_EQ(r(0, RPR), 0x10);
	w(0, EOIR, 41);
	CHECK_EQ(r(0, RPR), 0x80);
	w(0, AEOIR, 40);
	CHECK_EQ(r(0, RPR), 0xff);
	/* With AckCtl one register does for both. */
	w(0, CTLR, 7);
	pulse(40);
	CHECK_EQ(r(0, HPPIR), 40);
	CHECK_EQ(r(0, IAR), 40);
	w(0, EOIR, 40);
	CHECK_EQ(vw_r(0x304), 0);
	/* Switched off at the interface, and at the distributor. */
	pulse(40);
	w(0, CTLR, 1);
	CHECK_EQ(vw_irq(0), false);
	CHECK_EQ(r(0, AIAR), 1023);
	pulse(43);
	CHECK_EQ(r(0, IAR), 43);
	w(0, EOIR, 43);
	w(0, CTLR, 3);
	CHECK_EQ(vw_irq(0), true);
	vw_w(0, 1);
	CHECK_EQ(vw_irq(0), false);
	vw_w(0, 2);
	CHECK_EQ(r(0, AIAR), 40);
	vw_end();
}

TEST(group_1_has_its_own_binary_point)
{
	begin(1);
	vw_w(0x84, UINT32_MAX);
	w(0, CTLR, 7);
	w(0, BPR, 5);
	w(0, ABPR, 3); /* all bits count */
	prio(41, 0x78);
	pulse(40);
	CHECK_EQ(r(0, IAR), 40);
	CHECK_EQ(r(0, RPR), 0x80);
	pulse(41);
	CHECK_EQ(r(0, IAR), 41);
	CHECK_EQ(r(0, RPR), 0x78);
	w(0, EOIR, 41);
	w(0, EOIR, 40);
	w(0, CTLR, 7 | 0x10); /* CBPR: group 0's for both */
	pulse(41);
	CHECK_EQ(r(0, IAR), 41);
	CHECK_EQ(r(0, RPR), 0x40);
	vw_end();
}

TEST(fiq)
{
	begin(1);
	vw_w(0x84, 1 << 8);
	w(0, CTLR, 0xb); /* group 0 as FIQ */
	pulse(40);
	CHECK_EQ(vw_fiq(0), false);
	CHECK_EQ(vw_irq(0), true);
	pulse(41);
	prio(41, 0x40);
	CHECK_EQ(vw_fiq(0), true);
	CHECK_EQ(r(0, IAR), 41);
	CHECK_EQ(vw_irq(0), false);
	w(0, EOIR, 41);
	CHECK_EQ(vw_fiq(0), false);
	CHECK_EQ(vw_irq(0), true);
	w(0, CTLR, 0);
	CHECK_EQ(vw_irq(0), false);
	vw_end();
}

TEST(separate_deactivation)
{
	begin(1);
	w(0, CTLR, 0x203);
	pulse(40);
	pulse(41);
	CHECK_EQ(r(0, IAR), 40);
	w(0, EOIR, 40);
	CHECK_EQ(r(0, RPR), 0xff);
	CHECK_EQ(vw_r(0x304), 1 << 8);
	pulse(40); /* active: it waits */
	CHECK_EQ(r(0, IAR), 41);
	w(0, EOIR, 41);
	CHECK_EQ(vw_irq(0), false);
	w(0, DIR, 42); /* not active */
	w(0, DIR, 1023);
	CHECK_EQ(vw_r(0x304), 3 << 8);
	w(0, DIR, 40);
	CHECK_EQ(vw_r(0x304), 2 << 8);
	CHECK_EQ(r(0, IAR), 40);
	w(0, CTLR, 3);
	w(0, DIR, 41); /* only with EOImode */
	CHECK_EQ(vw_r(0x304), 3 << 8);
	vw_end();
}

TEST(levels)
{
	begin(1);
	vw_w(0xc0c, 0);
	line(50, true);
	CHECK_EQ(r(0, IAR), 50);
	CHECK_EQ(vw_r(0x204), 1 << 18);
	w(0, EOIR, 50);
	CHECK_EQ(vw_irq(0), true);
	line(50, false);
	CHECK_EQ(vw_irq(0), false);
	CHECK_EQ(r(0, IAR), 1023);
	vw_w(0x204, 1 << 18);
	CHECK_EQ(r(0, IAR), 50);
	CHECK_EQ(vw_r(0x204), 0);
	vw_end();
}

TEST(sgis_with_senders)
{
	begin(3);
	vw_sgi(1, 4, 1);
	vw_sgi(2, 4, 1);
	CHECK_EQ(r(0, HPPIR), 4 | 1 << 10);
	CHECK_EQ(r(0, IAR), 4 | 1 << 10);
	CHECK_EQ(vw_irq(0), false); /* active: the other sender's waits */
	w(0, EOIR, 4); /* another sender: only the priority drops */
	CHECK_EQ(vw_pr(0, 0x300), 1 << 4);
	w(0, CTLR, 0x203);
	w(0, DIR, 4 | 1 << 10);
	CHECK_EQ(vw_pr(0, 0x300), 0);
	CHECK_EQ(r(0, IAR), 4 | 2 << 10);
	CHECK_EQ(r(1, IAR), 1023);
	vw_end();
}

TEST(lines_of_other_vcpus_go_down)
{
	begin(2);
	vw_w(0xc08, 0);
	vw_write(0, vw_dist(), 0x828, 1, 2);
	line(40, true);
	CHECK_EQ(vw_irq(1), true);
	line(40, false);
	CHECK_EQ(vw_irq(1), false);
	line(40, true);
	CHECK_EQ(vw_irq(1), true);
	vw_w(0x184, 1 << 8);
	CHECK_EQ(vw_irq(1), false);
	vw_w(0x104, 1 << 8);
	CHECK_EQ(vw_irq(1), true);
	vw_write(0, vw_dist(), 0x828, 1, 1);
	CHECK_EQ(vw_irq(1), false);
	CHECK_EQ(vw_irq(0), true);
	CHECK_EQ(r(1, IAR), 1023);
	CHECK_EQ(r(0, IAR), 40);
	/* Ended by the one who has taken it only. */
	w(1, EOIR, 40);
	CHECK_EQ(vw_r(0x304), 1 << 8);
	vw_write(0, vw_dist(), 0x828, 1, 2);
	w(0, EOIR, 40);
	CHECK_EQ(vw_irq(0), false);
	CHECK_EQ(vw_irq(1), true);
	vw_check();
	vw_end();
}

TEST(timer)
{
	begin(2);
	vw_pw(1, 0x100, 1 << 27);
	vw_timer(1, 27, true);
	CHECK_EQ(vw_irq(1), true);
	CHECK_EQ(r(1, IAR), 27);
	CHECK_EQ(vw_hw_active(1, VW_HWIRQ(27)), true);
	vw_load(3, 1);
	CHECK_EQ(vw_hw_active(3, VW_HWIRQ(27)), true);
	w(1, EOIR, 27);
	CHECK_EQ(r(1, IAR), 27); /* still up */
	vw_timer(1, 27, false);
	w(1, EOIR, 27);
	CHECK_EQ(vw_hw_active(3, VW_HWIRQ(27)), false);
	CHECK_EQ(vw_irq(1), false);
	/* Switched off from another vCPU. */
	vw_timer(1, 27, true);
	CHECK_EQ(vw_irq(1), true);
	vw_timer(1, 27, false);
	vw_unload(3);
	vw_load(1, 1);
	vw_pw(1, 0x280, 1 << 27);
	CHECK_EQ(vw_irq(1), false);
	CHECK_EQ(vw_hw_active(1, VW_HWIRQ(27)), false);
	vw_check();
	vw_end();
}

TEST(one_region)
{
	vw_begin(&(struct vw_config){ .version = 2, .one_node = true, .vcpus = 1, .irqs = 64,
				      .slots = 4 });
	CHECK_EQ(vw_read(0, vw_dist(), 0x100fc, 4), 0x2043b);
	CHECK_EQ(vw_read(0, vw_dist(), 0x11000, 4), 0);
	CHECK_EQ(vw_read(0, vw_dist(), 0x1000, 4), VW_BAD | EMU_NONE);
	CHECK_EQ(vw_read(0, vw_dist(), 0x4, 4), 1);
	CHECK_EQ(vw_mapping().count, 0);
	vw_end();
}

TEST(reset)
{
	begin(1);
	pulse(40);
	CHECK_EQ(r(0, IAR), 40);
	w(0, BPR, 4);
	vw_reset();
	vw_load(0, 0);
	CHECK_EQ(r(0, CTLR), 0);
	CHECK_EQ(r(0, PMR), 0);
	CHECK_EQ(r(0, BPR), 2);
	CHECK_EQ(r(0, APR0), 0);
	CHECK_EQ(r(0, RPR), 0xff);
	CHECK_EQ(vw_r(0x304), 0);
	vw_end();
}
