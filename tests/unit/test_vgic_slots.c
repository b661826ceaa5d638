/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * List registers: what is put there and taken out again, timers that are linked to the host's,
 * more interrupts than slots, and vCPUs whose slots are on other CPUs.
 */
#include "vgic_world.h"

#include <core/vintc.h>
#include <libs/bits.h>

#include "unit.h"

static void begin_with(unsigned vcpus, unsigned slots)
{
	unsigned v;

	vw_begin(&(struct vw_config){ .version = 3, .vcpus = vcpus, .irqs = 128, .slots = slots });
	vw_w(0, 3);
	for (v = 0; v < vcpus && vw_loaded(v); v++) {
		vw_interface(v, 3, 0xf8, false);
		vw_pw(v, 0x100, UINT32_MAX);
	}
	vw_w(0x104, UINT32_MAX);
	vw_w(0x108, UINT32_MAX);
}

static void begin(unsigned vcpus)
{
	begin_with(vcpus, 4);
}

static void line(unsigned irq, bool level)
{
	vw_guest()->vintc->set_line(vw_guest(), NULL, irq, level);
}

static void pulse(unsigned irq)
{
	vw_guest()->vintc->pulse(vw_guest(), NULL, irq);
}

static void edge(unsigned irq)
{
	vw_w(0xc00 + irq / 16 * 4, vw_r(0xc00 + irq / 16 * 4) | 2u << 2 * (irq % 16));
}

static void prio(unsigned irq, unsigned value)
{
	vw_write(0, vw_dist(), 0x400 + irq, 1, value);
}

static unsigned taken(unsigned v)
{
	unsigned irq = vw_ack(v);

	if (irq != VW_SPURIOUS)
		vw_eoi(v, irq);
	return irq;
}

/* --- levels and edges ---------------------------------------------------------------------- */

TEST(level)
{
	begin(1);
	line(40, true);
	CHECK_EQ(vw_ack(0), 40);
	CHECK_EQ(vw_r(0x204), 1 << 8); /* active, and pending for as long as the line is up */
	CHECK_EQ(vw_r(0x304), 1 << 8);
	vw_eoi(0, 40);
	CHECK_EQ(vw_ack(0), 40); /* again, the line is still up */
	line(40, false);
	CHECK_EQ(vw_r(0x204), 0);
	vw_eoi(0, 40);
	CHECK_EQ(vw_ack(0), VW_SPURIOUS);
	/* Down before it is taken: gone. */
	line(40, true);
	CHECK_EQ(vw_irq(0), true);
	line(40, false);
	CHECK_EQ(vw_irq(0), false);
	CHECK_EQ(vw_pending(0), false);
	vw_check();
	vw_end();
}

/* A device whose handler lowers the line costs no exit at the end of the interrupt. */
TEST(level_without_a_second_exit)
{
	unsigned before;

	begin(1);
	line(40, true);
	CHECK_EQ(vw_ack(0), 40);
	line(40, false);
	before = vw_maintenances();
	vw_eoi(0, 40);
	CHECK_EQ(vw_maintenances(), before);
	CHECK_EQ(vw_ack(0), VW_SPURIOUS);
	vw_end();
}

TEST(level_latched_by_software)
{
	begin(1);
	vw_w(0x204, 1 << 9);
	line(41, true);
	CHECK_EQ(vw_irq(0), true);
	line(41, false); /* the latch keeps it */
	CHECK_EQ(vw_irq(0), true);
	CHECK_EQ(vw_r(0x204), 1 << 9);
	vw_w(0x284, 1 << 9);
	CHECK_EQ(vw_irq(0), false);
	/* The latch does not outlive being taken; a line does. */
	vw_w(0x204, 1 << 9);
	CHECK_EQ(taken(0), 41);
	CHECK_EQ(taken(0), VW_SPURIOUS);
	line(41, true);
	vw_w(0x284, 1 << 9);
	CHECK_EQ(vw_r(0x204), 1 << 9);
	CHECK_EQ(vw_ack(0), 41);
	/* Latched anew while active. */
	vw_w(0x204, 1 << 9);
	line(41, false);
	CHECK_EQ(vw_r(0x284), 1 << 9);
	vw_unload(0);
	vw_load(0, 0);
	vw_eoi(0, 41);
	CHECK_EQ(taken(0), 41);
	CHECK_EQ(taken(0), VW_SPURIOUS);
	vw_check();
	vw_end();
}

TEST(edge_interrupt)
{
	begin(1);
	edge(50);
	line(50, true);
	line(50, false);
	CHECK_EQ(vw_ack(0), 50);
	CHECK_EQ(vw_r(0x204), 0);
	line(50, true); /* a new edge while active */
	line(50, false);
	line(50, true);
	CHECK_EQ(vw_r(0x204), 1u << 18);
	CHECK_EQ(vw_r(0x304), 1u << 18);
	CHECK_EQ(vw_ack(0), VW_SPURIOUS);
	vw_eoi(0, 50);
	CHECK_EQ(taken(0), 50);
	CHECK_EQ(taken(0), VW_SPURIOUS); /* three edges, but two at a time at most */
	/* Two before it is taken are one. */
	pulse(50);
	pulse(50);
	CHECK_EQ(taken(0), 50);
	CHECK_EQ(taken(0), VW_SPURIOUS);
	pulse(50);
	vw_w(0x284, 1u << 18);
	CHECK_EQ(taken(0), VW_SPURIOUS);
	vw_check();
	vw_end();
}

/* An edge that comes active and disabled is not lost. */
TEST(edge_while_active_and_disabled)
{
	begin(1);
	edge(50);
	pulse(50);
	CHECK_EQ(vw_ack(0), 50);
	vw_w(0x184, 1u << 18);
	pulse(50);
	vw_eoi(0, 50);
	CHECK_EQ(vw_ack(0), VW_SPURIOUS);
	vw_w(0x104, 1u << 18);
	CHECK_EQ(taken(0), 50);
	vw_check();
	vw_end();
}

/* --- changes while it waits in a slot --------------------------------------------------------- */

TEST(disabled_in_a_slot)
{
	begin(1);
	line(40, true);
	CHECK_EQ(vw_irq(0), true);
	vw_w(0x184, 1 << 8);
	CHECK_EQ(vw_irq(0), false);
	CHECK_EQ(vw_slots_used(0), 0);
	CHECK_EQ(vw_r(0x204), 1 << 8);
	vw_w(0x104, 1 << 8);
	CHECK_EQ(vw_ack(0), 40);
	/* Active ones stay until they end. */
	vw_w(0x184, 1 << 8);
	CHECK_EQ(vw_r(0x304), 1 << 8);
	vw_eoi(0, 40);
	CHECK_EQ(vw_ack(0), VW_SPURIOUS);
	vw_end();
}

TEST(priority_changed_in_a_slot)
{
	begin(1);
	prio(40, 0x80);
	prio(41, 0x90);
	line(40, true);
	line(41, true);
	prio(41, 0x70);
	CHECK_EQ(vw_ack(0), 41);
	prio(40, 0x60); /* now it preempts */
	CHECK_EQ(vw_ack(0), 40);
	CHECK_EQ(vw_ack(0), VW_SPURIOUS);
	vw_check();
	vw_end();
}

TEST(groups_changed_in_a_slot)
{
	begin(1);
	line(40, true);
	vw_interface(0, 1, 0xf8, false);
	CHECK_EQ(vw_irq(0), true);
	vw_w(0x84, 1 << 8);
	CHECK_EQ(vw_irq(0), false);
	vw_interface(0, 3, 0xf8, false);
	CHECK_EQ(vw_irq(0), true);
	vw_w(0, 1);
	CHECK_EQ(vw_irq(0), false);
	CHECK_EQ(vw_slots_used(0), 0);
	vw_w(0, 2);
	CHECK_EQ(vw_ack(0), 40);
	vw_end();
}

TEST(mask)
{
	begin(1);
	prio(40, 0x80);
	line(40, true);
	vw_interface(0, 3, 0x80, false);
	CHECK_EQ(vw_irq(0), false);
	CHECK_EQ(vw_pending(0), false);
	vw_interface(0, 3, 0x88, false);
	CHECK_EQ(vw_irq(0), true);
	CHECK_EQ(vw_pending(0), true);
	vw_interface(0, 2, 0xf8, false);
	CHECK_EQ(vw_pending(0), false);
	vw_end();
}

TEST(active_bits)
{
	begin(1);
	vw_w(0x304, 1 << 8);
	line(40, true);
	CHECK_EQ(vw_irq(0), false);
	vw_w(0x384, 1 << 8);
	CHECK_EQ(vw_ack(0), 40);
	vw_w(0x384, 1 << 8); /* ended by its bit: pending again, of the same priority */
	CHECK_EQ(vw_r(0x304), 0);
	CHECK_EQ(vw_ack(0), VW_SPURIOUS);
	vw_check();
	vw_end();
}

/* --- more than slots ------------------------------------------------------------------------------ */

TEST(all_at_once)
{
	unsigned k, n, irq, last = 0, count = 0;
	bool seen[1024] = { false };

	vw_begin(&(struct vw_config){ .version = 3, .vcpus = 1, .irqs = 1020, .slots = 4 });
	vw_w(0, 3);
	vw_interface(0, 3, 0xf8, false);
	for (irq = 0; irq < 1020; irq++) {
		unsigned p = (irq * 37) & 0xf0;

		if (irq < 32)
			vw_write(0, vw_cpu(), 0x10400 + irq, 1, p);
		else
			prio(irq, p);
	}
	vw_pw(0, 0x200, UINT32_MAX);
	vw_pw(0, 0x100, UINT32_MAX);
	for (n = 1; n < 32; n++) {
		vw_w(0x200 + 4 * n, UINT32_MAX);
		vw_w(0x100 + 4 * n, UINT32_MAX);
	}
	for (k = 0; k < 1020; k++) {
		irq = vw_ack(0);
		REQUIRE(irq < 1020);
		CHECK(!seen[irq]);
		CHECK(((irq * 37) & 0xf0) >= last);
		last = (irq * 37) & 0xf0;
		seen[irq] = true;
		count++;
		vw_eoi(0, irq);
	}
	CHECK_EQ(vw_ack(0), VW_SPURIOUS);
	CHECK_EQ(count, 1020);
	/* One service for as many as there are slots besides the one for what runs. */
	CHECK(vw_maintenances() < 1020 / 3 + 20);
	vw_check();
	vw_end();
}

/* As deep as there are priorities: all slots are full of active ones, each is still preempted. */
TEST(deeper_than_slots)
{
	unsigned k;

	begin(1);
	for (k = 0; k < 31; k++)
		prio(64 + k, 0xf0 - 8 * k);
	for (k = 0; k < 31; k++) {
		line(64 + k, true);
		CHECK_EQ(vw_ack(0), 64 + k);
		vw_check();
	}
	CHECK_EQ(vw_r(0x308), 0x7fffffff);
	for (k = 0; k < 31; k++)
		line(64 + k, false);
	/* One of the middle comes between as soon as it may. */
	prio(63, 0xa8);
	line(63, true);
	for (k = 31; k-- > 0;) {
		vw_eoi(0, 64 + k);
		CHECK_EQ(vw_r(0x308), BIT32(k) - 1);
		if (k > 0 && 0xf0 - 8 * (k - 1) == 0xb0) {
			CHECK_EQ(vw_ack(0), 63);
			line(63, false);
			vw_eoi(0, 63);
		} else {
			CHECK_EQ(vw_irq(0), false);
		}
		vw_check();
	}
	CHECK_EQ(vw_ack(0), VW_SPURIOUS);
	vw_end();
}

/* Separate deactivation: pending ones get their turn although active ones fill the slots. */
TEST(deactivated_late)
{
	unsigned k;

	begin(1);
	vw_interface(0, 3, 0xf8, true);
	for (k = 0; k < 10; k++)
		pulse(40 + k);
	for (k = 0; k < 10; k++) {
		CHECK_EQ(vw_ack(0), 40 + k);
		vw_eoi(0, 40 + k);
		vw_check();
	}
	CHECK_EQ(vw_r(0x304), 0x3ff00);
	CHECK_EQ(vw_ack(0), VW_SPURIOUS);
	for (k = 0; k < 10; k++)
		vw_dir(0, 40 + k);
	CHECK_EQ(vw_r(0x304), 0);
	pulse(45);
	CHECK_EQ(vw_ack(0), 45);
	vw_check();
	vw_end();
}

/* Interrupts of a group that the guest does not let through leave slots to the others. */
TEST(group_that_is_shut)
{
	unsigned k;

	begin(1);
	vw_w(0x84, UINT32_MAX); /* 32 ... 63 in group 1, 64 ... 95 in group 0 */
	for (k = 0; k < 6; k++) {
		prio(64 + k, 0x10);
		prio(32 + k, 0x80);
	}
	vw_interface(0, 2, 0xf8, false);
	for (k = 0; k < 6; k++)
		pulse(64 + k);
	for (k = 0; k < 6; k++)
		pulse(32 + k);
	CHECK_EQ(vw_pending(0), true);
	for (k = 0; k < 6; k++)
		CHECK_EQ(taken(0), 32 + k);
	CHECK_EQ(taken(0), VW_SPURIOUS);
	vw_interface(0, 3, 0xf8, false);
	for (k = 0; k < 6; k++)
		CHECK_EQ(taken(0), 64 + k);
	vw_check();
	vw_end();
}

/* Ends that belong to nothing do not end the hypervisor's service, or anything else. */
TEST(ends_of_nothing)
{
	unsigned k;

	begin(1);
	for (k = 0; k < 100; k++)
		vw_eoi(0, k);
	vw_w(0x304, 1 << 8);
	vw_eoi(0, 40); /* declared active, not taken; but it is the only one */
	CHECK_EQ(vw_r(0x304), 0);
	line(41, true);
	CHECK_EQ(vw_ack(0), 41);
	vw_eoi(0, 99);
	CHECK_EQ(vw_r(0x304), 1 << 9);
	vw_check();
	vw_end();
}

/* --- timers ------------------------------------------------------------------------------------------ */

TEST(timer)
{
	unsigned k;

	begin(1);
	for (k = 0; k < 3; k++) {
		vw_timer(0, 27, true);
		CHECK_EQ(vw_ack(0), 27);
		CHECK_EQ(vw_slot(0, 0) & VSLOT_HW, VSLOT_HW);
		CHECK_EQ(vw_slot(0, 0) >> 32 & 0x1fff, VW_HWIRQ(27));
		CHECK_EQ(vw_hw_active(0, VW_HWIRQ(27)), true);
		CHECK_EQ(vw_pr(0, 0x300), 1 << 27);
		vw_timer(0, 27, false);
		vw_eoi(0, 27);
		CHECK_EQ(vw_hw_active(0, VW_HWIRQ(27)), false);
		CHECK_EQ(vw_ack(0), VW_SPURIOUS);
	}
	CHECK_EQ(vw_maintenances(), 0);
	/* Not served: it comes again by itself. */
	vw_timer(0, 27, true);
	CHECK_EQ(taken(0), 27);
	CHECK_EQ(taken(0), 27);
	vw_timer(0, 27, false);
	CHECK_EQ(taken(0), 27); /* that was in the slot already */
	CHECK_EQ(taken(0), VW_SPURIOUS);
	vw_check();
	vw_end();
}

TEST(timer_disabled)
{
	begin(1);
	vw_pw(0, 0x180, 1 << 27);
	vw_timer(0, 27, true);
	CHECK_EQ(vw_irq(0), false);
	CHECK_EQ(vw_hw_active(0, VW_HWIRQ(27)), true); /* else it would never stop */
	CHECK_EQ(vw_pr(0, 0x200), 1 << 27);
	vw_pw(0, 0x100, 1 << 27);
	CHECK_EQ(vw_ack(0), 27);
	vw_timer(0, 27, false);
	vw_eoi(0, 27);
	/* Switched off before it is enabled: it was a level, so nothing comes. */
	vw_pw(0, 0x180, 1 << 27);
	vw_timer(0, 27, true);
	CHECK_EQ(vw_irq(0), false);
	vw_timer(0, 27, false);
	vw_pw(0, 0x100, 1 << 27);
	CHECK_EQ(vw_irq(0), false);
	CHECK_EQ(vw_hw_active(0, VW_HWIRQ(27)), false);
	/* Disabled in its slot. */
	vw_timer(0, 27, true);
	CHECK_EQ(vw_irq(0), true);
	vw_pw(0, 0x180, 1 << 27);
	CHECK_EQ(vw_irq(0), false);
	CHECK_EQ(vw_hw_active(0, VW_HWIRQ(27)), true);
	vw_check();
	vw_end();
}

TEST(timer_bits)
{
	begin(1);
	vw_timer(0, 30, true);
	CHECK_EQ(vw_irq(0), true);
	vw_pw(0, 0x280, 1 << 30); /* the level is still there */
	CHECK_EQ(vw_irq(0), true);
	vw_timer(0, 30, false);
	vw_pw(0, 0x280, 1 << 30);
	CHECK_EQ(vw_irq(0), false);
	CHECK_EQ(vw_hw_active(0, VW_HWIRQ(30)), false);
	vw_timer(0, 30, true);
	CHECK_EQ(vw_ack(0), 30);
	vw_timer(0, 30, false);
	vw_pw(0, 0x380, 1 << 30); /* ended by its bit */
	CHECK_EQ(vw_hw_active(0, VW_HWIRQ(30)), false);
	CHECK_EQ(vw_pr(0, 0x300), 0);
	vw_check();
	vw_end();
	/* Active by its bit: the host's waits until it ends. */
	begin(1);
	vw_pw(0, 0x300, 1 << 30);
	vw_timer(0, 30, true);
	CHECK_EQ(vw_irq(0), false);
	CHECK_EQ(vw_hw_active(0, VW_HWIRQ(30)), true);
	vw_pw(0, 0x380, 1 << 30);
	CHECK_EQ(vw_ack(0), 30);
	/* Pending by its bit beside the link. */
	vw_timer(0, 30, false);
	vw_pw(0, 0x200, 1 << 30);
	vw_eoi(0, 30);
	CHECK_EQ(vw_hw_active(0, VW_HWIRQ(30)), false);
	CHECK_EQ(vw_ack(0), 30);
	vw_timer(0, 30, true);
	vw_settle(0);
	CHECK_EQ(vw_hw_active(0, VW_HWIRQ(30)), true);
	vw_eoi(0, 30);
	CHECK_EQ(vw_ack(0), 30);
	vw_check();
	vw_end();
}

/* The host's interrupt is active only for the vCPU that is there. */
TEST(timer_of_two_vcpus_on_one_cpu)
{
	begin(2);
	vw_unload(1);
	vw_timer(0, 27, true);
	CHECK_EQ(vw_irq(0), true);
	vw_load(0, 1);
	CHECK_EQ(vw_hw_active(0, VW_HWIRQ(27)), false);
	CHECK_EQ(vw_irq(1), false);
	vw_timer(1, 27, true);
	CHECK_EQ(vw_ack(1), 27);
	CHECK_EQ(vw_hw_active(0, VW_HWIRQ(27)), true);
	vw_load(0, 0);
	CHECK_EQ(vw_hw_active(0, VW_HWIRQ(27)), true);
	CHECK_EQ(vw_ack(0), 27);
	vw_timer(0, 27, false);
	vw_load(2, 1); /* the other one ends its own on another CPU */
	CHECK_EQ(vw_hw_active(2, VW_HWIRQ(27)), true);
	vw_timer(1, 27, false);
	vw_eoi(1, 27);
	CHECK_EQ(vw_hw_active(2, VW_HWIRQ(27)), false);
	CHECK_EQ(vw_hw_active(0, VW_HWIRQ(27)), true);
	vw_load(3, 0);
	vw_eoi(0, 27);
	CHECK_EQ(vw_hw_active(3, VW_HWIRQ(27)), false);
	vw_check();
	vw_end();
}

/* Both timers among more than there are slots, active and put aside. */
TEST(timers_put_aside)
{
	unsigned k;

	begin(1);
	vw_write(0, vw_cpu(), 0x10400 + 27, 1, 0xa0);
	vw_write(0, vw_cpu(), 0x10400 + 30, 1, 0x98);
	for (k = 0; k < 8; k++)
		prio(40 + k, 0x80 - 8 * k);
	vw_timer(0, 27, true);
	CHECK_EQ(vw_ack(0), 27);
	vw_timer(0, 30, true);
	CHECK_EQ(vw_ack(0), 30);
	for (k = 0; k < 8; k++) {
		pulse(40 + k);
		CHECK_EQ(vw_ack(0), 40 + k);
	}
	vw_timer(0, 27, false);
	vw_timer(0, 30, false);
	for (k = 8; k-- > 0;)
		vw_eoi(0, 40 + k);
	CHECK_EQ(vw_hw_active(0, VW_HWIRQ(30)), true);
	vw_eoi(0, 30);
	CHECK_EQ(vw_hw_active(0, VW_HWIRQ(30)), false);
	CHECK_EQ(vw_hw_active(0, VW_HWIRQ(27)), true);
	vw_eoi(0, 27);
	CHECK_EQ(vw_hw_active(0, VW_HWIRQ(27)), false);
	vw_check();
	vw_end();
}

/* Numbers that are no private interrupt, as a wrong device tree may give them. */
TEST(timer_of_a_wrong_number)
{
	begin(1);
	vw_linked(0, 15);
	vw_linked(0, 32);
	vw_linked(0, 4000000000u);
	CHECK_EQ(vw_irq(0), false);
	vw_check();
	vw_end();
}

/* --- several vCPUs --------------------------------------------------------------------------------------- */

static void route(unsigned irq, unsigned v)
{
	vw_write(0, vw_dist(), 0x6000 + 8 * irq, 8, v);
}

TEST(states_in_slots_of_others)
{
	begin(3);
	route(40, 1);
	route(41, 2);
	edge(41);
	line(40, true);
	pulse(41);
	CHECK_EQ(vw_irq(1), true);
	CHECK_EQ(vw_irq(2), true);
	CHECK_EQ(vw_r(0x204), 3 << 8);
	CHECK_EQ(vw_r(0x304), 0);
	CHECK_EQ(vw_ack(1), 40);
	CHECK_EQ(vw_r(0x304), 1 << 8);
	CHECK_EQ(vw_ack(2), 41);
	CHECK_EQ(vw_r(0x304), 3 << 8);
	CHECK_EQ(vw_r(0x204), 1 << 8);
	line(40, false);
	vw_eoi(1, 40);
	CHECK_EQ(vw_r(0x304), 2 << 8);
	/* Ended by another vCPU. */
	vw_w(0x384, 2 << 8);
	CHECK_EQ(vw_r(0x304), 0);
	CHECK_EQ(vw_slots_used(2), 0);
	vw_check();
	vw_end();
}

TEST(changes_in_slots_of_others)
{
	begin(2);
	route(40, 1);
	line(40, true);
	CHECK_EQ(vw_irq(1), true);
	vw_w(0x184, 1 << 8);
	CHECK_EQ(vw_slots_used(1), 0); /* when the write returns it is out */
	CHECK_EQ(vw_irq(1), false);
	vw_w(0x104, 1 << 8);
	CHECK_EQ(vw_irq(1), true);
	line(40, false);
	CHECK_EQ(vw_irq(1), false);
	line(40, true);
	CHECK_EQ(vw_irq(1), true);
	route(40, 0);
	vw_settle(1);
	CHECK_EQ(vw_ack(0), 40);
	/* A private interrupt of another vCPU. */
	vw_guest()->vintc->set_line(vw_guest(), vw_vcpu(1), 20, true);
	CHECK_EQ(vw_irq(1), true);
	vw_write(0, vw_cpu(), 0x20000 + 0x10180, 4, 1 << 20);
	CHECK_EQ(vw_slots_used(1), 0);
	CHECK_EQ(vw_irq(1), false);
	vw_check();
	vw_end();
}

/* Of two vCPUs that ask for each other's state neither waits for long. */
TEST(vcpu_that_does_not_answer)
{
	begin(2);
	route(40, 1);
	line(40, true);
	CHECK_EQ(vw_irq(1), true);
	vw_answer(false);
	vw_w(0x184, 1 << 8); /* returns all the same */
	CHECK_EQ(vw_r(0x104) & 1 << 8, 0);
	vw_answer(true);
	CHECK_EQ(vw_irq(1), false);
	CHECK_EQ(vw_slots_used(1), 0);
	vw_check();
	vw_end();
}

/* Disabling by another vCPU drops the host's interrupt too, on the right CPU. */
TEST(timer_bits_from_another_vcpu)
{
	begin(2);
	vw_timer(1, 27, true);
	CHECK_EQ(vw_irq(1), true);
	vw_write(0, vw_cpu(), 0x20000 + 0x10180, 4, 1 << 27);
	CHECK_EQ(vw_irq(1), false);
	CHECK_EQ(vw_hw_active(1, VW_HWIRQ(27)), true);
	vw_timer(1, 27, false);
	vw_write(0, vw_cpu(), 0x20000 + 0x10280, 4, 1 << 27);
	vw_settle(1);
	CHECK_EQ(vw_hw_active(1, VW_HWIRQ(27)), false);
	CHECK_EQ(vw_hw_active(0, VW_HWIRQ(27)), false);
	vw_write(0, vw_cpu(), 0x20000 + 0x10100, 4, 1 << 27);
	vw_timer(1, 27, true);
	CHECK_EQ(vw_ack(1), 27);
	vw_timer(1, 27, false);
	vw_write(0, vw_cpu(), 0x20000 + 0x10380, 4, 1 << 27);
	vw_settle(1);
	CHECK_EQ(vw_hw_active(1, VW_HWIRQ(27)), false);
	vw_check();
	vw_end();
}

TEST(wakes_only_who_has_to)
{
	unsigned before;

	begin(3);
	route(40, 1);
	before = vw_requests();
	line(41, true); /* mine, here: at once, nobody is asked */
	line(41, false);
	CHECK_EQ(vw_requests(), before);
	CHECK_EQ(vw_slots_used(0), 0);
	vw_w(0x184, 1 << 8);
	line(40, true); /* disabled: nobody */
	CHECK_EQ(vw_requests(), before);
	line(40, true);
	line(40, false);
	vw_w(0x104, 1 << 8);
	CHECK_EQ(vw_requests(), before);
	line(40, true);
	CHECK_EQ(vw_requests(), before + 1);
	/* An idle one is woken although its slots are in this CPU. */
	vw_idle(0, true);
	line(41, true);
	CHECK_EQ(vw_requests(), before + 2);
	vw_idle(0, false);
	vw_end();
}

/* A vCPU that is nowhere loses nothing, and moves. */
TEST(unloaded)
{
	begin(2);
	vw_unload(1);
	route(40, 1);
	line(40, true);
	vw_sgi(0, 3, 2);
	CHECK_EQ(vw_read(0, vw_cpu(), 0x20000 + 0x10200, 4), 1 << 3);
	vw_load(2, 1);
	CHECK_EQ(vw_ack(1), 3);
	vw_load(3, 1);
	vw_eoi(1, 3);
	CHECK_EQ(vw_ack(1), 40);
	vw_unload(3);
	CHECK_EQ(vw_r(0x304), 1 << 8);
	line(40, false);
	vw_load(0, 1);
	vw_eoi(1, 40);
	CHECK_EQ(vw_ack(1), VW_SPURIOUS);
	vw_load(0, 0);
	CHECK_EQ(vw_r(0x304), 0);
	vw_check();
	vw_end();
}

/* A vCPU that is turned off and on again begins with nothing of its own. */
TEST(turned_on_again)
{
	begin(2);
	vw_timer(1, 27, true);
	vw_sgi(0, 3, 2);
	CHECK(vw_ack(1) != VW_SPURIOUS);
	vw_timer(1, 27, false);
	route(40, 1);
	line(40, true);
	vw_restart(1);
	vw_load(1, 1);
	CHECK_EQ(vw_pr(1, 0x100), 0);
	CHECK_EQ(vw_pr(1, 0x200), 0);
	CHECK_EQ(vw_pr(1, 0x300), 0);
	CHECK_EQ(vw_irq(1), false);
	vw_interface(1, 3, 0xf8, false);
	CHECK_EQ(vw_ack(1), 40); /* shared ones are the distributor's */
	vw_pw(1, 0x100, UINT32_MAX);
	vw_timer(1, 27, true);
	vw_settle(1);
	CHECK_EQ(vw_hw_active(1, VW_HWIRQ(27)), true);
	vw_check();
	vw_end();
}
