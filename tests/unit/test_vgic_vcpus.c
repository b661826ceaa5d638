/* SPDX-License-Identifier: GPL-2.0-only */
/* Timers that are linked to the host's, and vCPUs whose list registers are on other CPUs. */
#include "vgic_short.h"

#include <core/vintc.h>
#include <libs/bits.h>

#include "unit.h"

/* --- timers ------------------------------------------------------------------------- */

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

/* --- several vCPUs ------------------------------------------------------------------ */

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

/* A change by another vCPU that this one has not looked at yet. */
TEST(change_on_its_way)
{
	begin(2);
	vw_sgi(1, 4, 2);
	CHECK_EQ(taken(1), 4);
	vw_write(0, vw_cpu(), 0x20000 + 0x10404, 1, 0x90);
	vw_hold(true);
	vw_sgi(1, 4, 2);
	vw_hold(false);
	vw_settle(1);
	CHECK_EQ(vw_slot(1, 0) >> 48 & 0xff, 0x90);
	CHECK_EQ(taken(1), 4);
	vw_write(0, vw_cpu(), 0x20000 + 0x10080, 4, 1 << 4);
	vw_hold(true);
	vw_sgi1r(1, 0, 4 << 24 | 2);
	vw_hold(false);
	CHECK_EQ(vw_irq(1), false);
	vw_check();
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
