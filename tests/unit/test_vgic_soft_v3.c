/* SPDX-License-Identifier: GPL-2.0-only */
/* GICv3: the system registers of the CPU interface in software (Arm IHI 0069, 12.2). */
#include "vgic_world.h"

#include <core/vintc.h>
#include <libs/bits.h>

#include "unit.h"

#define PMR	VINTC_ICC(4, 6, 0)
#define IAR0	VINTC_ICC(12, 8, 0)
#define EOIR0	VINTC_ICC(12, 8, 1)
#define HPPIR0	VINTC_ICC(12, 8, 2)
#define BPR0	VINTC_ICC(12, 8, 3)
#define AP0R0	VINTC_ICC(12, 8, 4)
#define AP1R0	VINTC_ICC(12, 9, 0)
#define DIR	VINTC_ICC(12, 11, 1)
#define RPR	VINTC_ICC(12, 11, 3)
#define IAR1	VINTC_ICC(12, 12, 0)
#define EOIR1	VINTC_ICC(12, 12, 1)
#define HPPIR1	VINTC_ICC(12, 12, 2)
#define BPR1	VINTC_ICC(12, 12, 3)
#define CTLR	VINTC_ICC(12, 12, 4)
#define SRE	VINTC_ICC(12, 12, 5)
#define IGRPEN0 VINTC_ICC(12, 12, 6)
#define IGRPEN1 VINTC_ICC(12, 12, 7)

#define UNDEFINED (VW_BAD | EMU_NONE)
#define CTLR_READ 0x8400u /* five bits of priority, 16 of INTID, Aff3 */

static uint64_t r(unsigned reg)
{
	return vw_icc(0, reg);
}

static void w(unsigned reg, uint64_t value)
{
	CHECK_EQ(vw_set_icc(0, reg, value), value);
}

static void prio(unsigned irq, unsigned value)
{
	vw_write(0, vw_dist(), 0x400 + irq, 1, value);
}

static void pulse(unsigned irq)
{
	vw_guest()->vintc->pulse(vw_guest(), NULL, irq);
}

/*
 * Both groups on; 32 ... 63 enabled to vCPU 0, edges, in group 1 with priorities 0x80; on a
 * machine with list registers, but of GICv2.
 */
static void begin(unsigned vcpus)
{
	unsigned v, irq;

	vw_begin(&(struct vw_config){ .version = 3, .soft = true, .vcpus = vcpus, .irqs = 96,
				      .slots = 4 });
	vw_w(0, 3);
	vw_w(0x84, UINT32_MAX);
	vw_w(0x104, UINT32_MAX);
	vw_w(0xc08, 0xaaaaaaaa);
	vw_w(0xc0c, 0xaaaaaaaa);
	for (irq = 32; irq < 64; irq++)
		prio(irq, 0x80);
	for (v = 0; v < vcpus && vw_loaded(v); v++) {
		vw_interface(v, 3, 0xff, false);
		vw_pw(v, 0x80, UINT32_MAX);
		vw_pw(v, 0x100, 0xffff);
	}
}

TEST(values_after_reset)
{
	vw_begin(&(struct vw_config){ .version = 3, .soft = true, .vcpus = 2, .irqs = 96 });
	CHECK_EQ(r(PMR), 0);
	CHECK_EQ(r(BPR0), 2);
	CHECK_EQ(r(BPR1), 3);
	CHECK_EQ(r(CTLR), CTLR_READ);
	CHECK_EQ(r(SRE), 7);
	CHECK_EQ(r(IGRPEN0), 0);
	CHECK_EQ(r(IGRPEN1), 0);
	CHECK_EQ(r(AP0R0), 0);
	CHECK_EQ(r(AP1R0), 0);
	CHECK_EQ(r(RPR), 0xff);
	CHECK_EQ(r(IAR0), 1023);
	CHECK_EQ(r(IAR1), 1023);
	CHECK_EQ(r(HPPIR0), 1023);
	CHECK_EQ(r(HPPIR1), 1023);
	vw_end();
}

TEST(what_can_be_written)
{
	begin(2);
	w(PMR, UINT64_MAX);
	CHECK_EQ(r(PMR), 0xf8);
	w(CTLR, UINT64_MAX);
	CHECK_EQ(r(CTLR), CTLR_READ | 3);
	CHECK_EQ(vw_icc(1, CTLR), CTLR_READ); /* each vCPU has its own */
	w(CTLR, 0);
	CHECK_EQ(r(CTLR), CTLR_READ);
	w(SRE, 0);
	CHECK_EQ(r(SRE), 7);
	w(IGRPEN0, UINT64_MAX);
	w(IGRPEN1, UINT64_MAX - 1);
	CHECK_EQ(r(IGRPEN0), 1);
	CHECK_EQ(r(IGRPEN1), 0);
	w(BPR0, 0);
	w(BPR1, 0);
	CHECK_EQ(r(BPR0), 2); /* no finer than the priorities are */
	CHECK_EQ(r(BPR1), 3);
	w(BPR0, UINT64_MAX);
	w(BPR1, 5);
	CHECK_EQ(r(BPR0), 7);
	CHECK_EQ(r(BPR1), 5);
	/* One binary point for both groups: group 1's register shows that of group 0. */
	w(CTLR, 1);
	CHECK_EQ(r(BPR1), 7);
	w(BPR0, 3);
	CHECK_EQ(r(BPR1), 4);
	w(BPR1, 6);
	w(CTLR, 0);
	CHECK_EQ(r(BPR1), 5);
	w(AP0R0, 0x12345678);
	CHECK_EQ(r(AP0R0), 0x12345678);
	CHECK_EQ(r(RPR), 3 * 8);
	w(AP0R0, 0);
	w(AP1R0, 0xf00000080);
	CHECK_EQ(r(AP1R0), 0x80);
	CHECK_EQ(r(RPR), 0x38);
	vw_end();
}

TEST(what_is_undefined)
{
	static const unsigned read_only[] = { IAR0, IAR1, HPPIR0, HPPIR1, RPR };
	static const unsigned write_only[] = { EOIR0, EOIR1, DIR };
	/* Further active priorities, that there are no bits for; SGIs have another way; nothing. */
	static const unsigned none[] = { VINTC_ICC(12, 8, 5), VINTC_ICC(12, 8, 7),
					 VINTC_ICC(12, 9, 1), VINTC_ICC(12, 9, 3),
					 VINTC_ICC(12, 9, 4), VINTC_ICC(12, 11, 0),
					 VINTC_ICC(12, 11, 5), VINTC_ICC(4, 6, 1) };
	unsigned i;

	begin(1);
	for (i = 0; i < ARRAY_SIZE(read_only); i++)
		CHECK_EQ(vw_set_icc(0, read_only[i], 0), UNDEFINED);
	for (i = 0; i < ARRAY_SIZE(write_only); i++)
		CHECK_EQ(r(write_only[i]), UNDEFINED);
	for (i = 0; i < ARRAY_SIZE(none); i++) {
		CHECK_EQ(r(none[i]), UNDEFINED);
		CHECK_EQ(vw_set_icc(0, none[i], 0), UNDEFINED);
	}
	vw_end();
	/* With the machine's own interface nothing of it is in software. */
	vw_begin(&(struct vw_config){ .version = 3, .vcpus = 1, .irqs = 96, .slots = 4 });
	CHECK_EQ(r(PMR), UNDEFINED);
	vw_end();
}

TEST(take_and_end)
{
	begin(1);
	pulse(40);
	CHECK(vw_irq(0) && !vw_fiq(0));
	CHECK_EQ(r(HPPIR1), 40);
	CHECK_EQ(r(HPPIR0), 1023);
	CHECK_EQ(r(IAR0), 1023);
	CHECK_EQ(r(IAR1), 40);
	CHECK(!vw_irq(0));
	CHECK_EQ(r(RPR), 0x80);
	CHECK_EQ(r(AP1R0), 1 << 16);
	CHECK_EQ(r(AP0R0), 0);
	CHECK_EQ(vw_r(0x304), 1 << 8);
	CHECK_EQ(r(IAR1), 1023);
	/* What it is not: special, not there; and the other group's. */
	w(EOIR1, 1023);
	w(EOIR1, 1000);
	w(EOIR1, 40 | 1 << 20);
	w(EOIR0, 40);
	CHECK_EQ(r(RPR), 0x80);
	w(EOIR1, 40);
	CHECK_EQ(r(RPR), 0xff);
	CHECK_EQ(vw_r(0x304), 0);
	w(EOIR1, 40); /* once more */
	CHECK_EQ(r(RPR), 0xff);
	vw_check();
	vw_end();
}

TEST(groups_have_their_lines)
{
	begin(1);
	vw_w(0x84, ~(1u << 8)); /* 40 in group 0 */
	pulse(40);
	pulse(41);
	CHECK(vw_fiq(0));
	CHECK_EQ(r(HPPIR1), 1023); /* the most urgent is of the other group */
	CHECK_EQ(r(HPPIR0), 40);
	CHECK_EQ(r(IAR1), 1023);
	CHECK_EQ(r(IAR0), 40);
	CHECK_EQ(r(AP0R0), 1 << 16);
	CHECK(!vw_irq(0) && !vw_fiq(0));
	prio(41, 0x40);
	CHECK(vw_irq(0) && !vw_fiq(0));
	CHECK_EQ(r(IAR1), 41);
	w(EOIR0, 41); /* what runs is of group 1 */
	CHECK_EQ(r(RPR), 0x40);
	w(EOIR1, 41);
	CHECK_EQ(r(RPR), 0x80);
	w(EOIR0, 40);
	CHECK_EQ(r(RPR), 0xff);
	/* Switched off at the interface, and at the distributor. */
	pulse(41);
	w(IGRPEN1, 0);
	CHECK(!vw_irq(0));
	CHECK_EQ(r(IAR1), 1023);
	CHECK_EQ(r(HPPIR1), 1023);
	pulse(40);
	CHECK(vw_fiq(0));
	w(IGRPEN0, 0);
	CHECK(!vw_fiq(0));
	w(IGRPEN1, 1);
	CHECK(vw_irq(0) && !vw_fiq(0));
	vw_w(0, 1);
	CHECK(!vw_irq(0));
	vw_w(0, 2);
	CHECK_EQ(r(IAR1), 41);
	vw_end();
}

TEST(mask)
{
	begin(1);
	pulse(40);
	w(PMR, 0x80);
	CHECK(!vw_irq(0) && !vw_pending(0));
	CHECK_EQ(r(HPPIR1), 40); /* whatever the mask says */
	CHECK_EQ(r(IAR1), 1023);
	w(PMR, 0x88);
	CHECK(vw_irq(0) && vw_pending(0));
	prio(40, 0x90);
	CHECK(!vw_irq(0));
	prio(40, 0x10);
	CHECK_EQ(r(IAR1), 40);
	vw_end();
}

TEST(preemption)
{
	begin(1);
	prio(41, 0x40);
	prio(42, 0x38);
	pulse(40);
	CHECK_EQ(r(IAR1), 40);
	pulse(41);
	CHECK_EQ(r(IAR1), 41);
	pulse(42);
	pulse(43);
	CHECK_EQ(r(IAR1), 42);
	CHECK_EQ(r(RPR), 0x38);
	w(EOIR1, 42);
	w(EOIR1, 41);
	CHECK(!vw_irq(0)); /* 43 waits for 40 */
	w(EOIR1, 40);
	CHECK_EQ(r(IAR1), 43);
	w(EOIR1, 43);
	/* Group 1's binary point counts from one place higher: 6 is groups of 0x40. */
	w(BPR1, 6);
	prio(40, 0x78);
	pulse(40);
	CHECK_EQ(r(IAR1), 40);
	CHECK_EQ(r(RPR), 0x40);
	pulse(41);
	CHECK(!vw_irq(0));
	CHECK_EQ(r(HPPIR1), 41);
	CHECK_EQ(r(IAR1), 1023);
	pulse(42);
	CHECK_EQ(r(IAR1), 42);
	w(EOIR1, 42);
	w(EOIR1, 40);
	/* That of group 0 for both: all bits count. */
	w(CTLR, 1);
	CHECK_EQ(r(IAR1), 41);
	CHECK_EQ(r(RPR), 0x40);
	pulse(42);
	CHECK_EQ(r(IAR1), 42);
	vw_end();
}

TEST(separate_deactivation)
{
	begin(1);
	w(CTLR, 2);
	pulse(40);
	pulse(41);
	CHECK_EQ(r(IAR1), 40);
	w(EOIR1, 40);
	CHECK_EQ(r(RPR), 0xff);
	CHECK_EQ(vw_r(0x304), 1 << 8);
	pulse(40); /* active: it waits */
	CHECK_EQ(r(IAR1), 41);
	w(EOIR1, 41);
	CHECK(!vw_irq(0));
	w(DIR, 42); /* not active */
	w(DIR, 1023);
	w(DIR, 40 | 1 << 20);
	CHECK_EQ(vw_r(0x304), 3 << 8);
	w(DIR, 40);
	CHECK_EQ(vw_r(0x304), 2 << 8);
	CHECK_EQ(r(IAR1), 40);
	w(CTLR, 0);
	w(DIR, 41); /* only with EOImode */
	CHECK_EQ(vw_r(0x304), 3 << 8);
	vw_end();
}

TEST(levels)
{
	begin(1);
	vw_w(0xc0c, 0);
	vw_guest()->vintc->set_line(vw_guest(), NULL, 50, true);
	CHECK_EQ(r(IAR1), 50);
	w(EOIR1, 50);
	CHECK(vw_irq(0));
	vw_guest()->vintc->set_line(vw_guest(), NULL, 50, false);
	CHECK(!vw_irq(0));
	CHECK_EQ(r(IAR1), 1023);
	vw_end();
}

TEST(software_generated)
{
	begin(2);
	vw_sgi(1, 4, 1);
	CHECK_EQ(r(HPPIR1), 4); /* no sender beside it */
	CHECK_EQ(r(IAR1), 4);
	vw_sgi(1, 4, 3);
	CHECK(!vw_irq(0) && vw_irq(1));
	w(EOIR1, 4);
	CHECK_EQ(r(IAR1), 4);
	CHECK_EQ(vw_icc(1, IAR1), 4);
	vw_end();
}

TEST(shared_ones_of_others)
{
	begin(2);
	pulse(40);
	CHECK(vw_irq(0));
	vw_write(0, vw_dist(), 0x6000 + 8 * 40, 8, 1);
	CHECK(!vw_irq(0) && vw_irq(1));
	CHECK_EQ(r(IAR1), 1023);
	CHECK_EQ(vw_icc(1, IAR1), 40);
	w(EOIR1, 40); /* not its */
	CHECK_EQ(vw_r(0x304), 1 << 8);
	vw_set_icc(1, EOIR1, 40);
	CHECK_EQ(vw_r(0x304), 0);
	vw_check();
	vw_end();
}

TEST(timer)
{
	begin(2);
	vw_pw(1, 0x100, 1 << 27);
	vw_timer(1, 27, true);
	CHECK(vw_irq(1));
	CHECK_EQ(vw_icc(1, IAR1), 27);
	CHECK_EQ(vw_hw_active(1, VW_HWIRQ(27)), true);
	vw_load(3, 1);
	CHECK_EQ(vw_hw_active(3, VW_HWIRQ(27)), true);
	vw_timer(1, 27, false);
	vw_set_icc(1, EOIR1, 27);
	CHECK_EQ(vw_hw_active(3, VW_HWIRQ(27)), false);
	CHECK(!vw_irq(1));
	vw_check();
	vw_end();
}

TEST(reset)
{
	begin(1);
	pulse(40);
	CHECK_EQ(r(IAR1), 40);
	w(BPR0, 4);
	w(CTLR, 3);
	vw_reset();
	vw_load(0, 0);
	CHECK_EQ(r(CTLR), CTLR_READ);
	CHECK_EQ(r(PMR), 0);
	CHECK_EQ(r(BPR0), 2);
	CHECK_EQ(r(IGRPEN1), 0);
	CHECK_EQ(r(RPR), 0xff);
	CHECK_EQ(vw_r(0x304), 0);
	vw_end();
}
