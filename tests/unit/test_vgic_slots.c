/* SPDX-License-Identifier: GPL-2.0-only */
/* List registers: what is put there and taken out again, and more interrupts than slots. */
#include "vgic_short.h"

#include <libs/bits.h>

#include "unit.h"

/* --- levels and edges --------------------------------------------------------------- */

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

/* --- changes while it waits in a slot ----------------------------------------------- */

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

/* --- more than slots ---------------------------------------------------------------- */

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

/* Separate deactivation, in any order: pending ones get their turn although slots are full. */
TEST(deactivated_late)
{
	unsigned k, irq;

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
	for (k = 0; k < 10; k++) {
		irq = 40 + k * 7 % 10;
		CHECK_EQ(vw_r(0x304) >> (irq - 32) & 1, 1);
		vw_dir(0, irq);
		CHECK_EQ(vw_r(0x304) >> (irq - 32) & 1, 0);
	}
	CHECK_EQ(vw_r(0x304), 0);
	/* And what is not active, or not there. */
	vw_dir(0, 40);
	vw_dir(0, 1023);
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

/* Priorities that change while interrupts are active do not change the order of their ends. */
TEST(priority_changed_while_active)
{
	unsigned k;

	begin(1);
	for (k = 0; k < 8; k++)
		prio(40 + k, 0x80 - 8 * k);
	for (k = 0; k < 8; k++) {
		pulse(40 + k);
		CHECK_EQ(vw_ack(0), 40 + k);
	}
	for (k = 0; k < 8; k++)
		prio(40 + k, 8 * k);
	vw_unload(0);
	vw_load(0, 0);
	pressure();
	for (k = 8; k-- > 0;) {
		vw_eoi(0, 40 + k);
		CHECK_EQ(vw_r(0x304) >> 8, BIT32(k) - 1);
	}
	vw_check();
	vw_end();
}

/* What the guest only declared active is not mistaken for what it ends, nor for ever. */
TEST(declared_active)
{
	unsigned k;

	begin(1);
	for (k = 0; k < 8; k++)
		prio(40 + k, 0x80 - 8 * k);
	prio(50, 0x10);
	vw_w(0x304, 1 << 18);
	for (k = 0; k < 8; k++) {
		pulse(40 + k);
		CHECK_EQ(vw_ack(0), 40 + k);
	}
	for (k = 8; k-- > 0;) {
		vw_eoi(0, 40 + k);
		CHECK_EQ(vw_r(0x304) >> 8, (BIT32(k) - 1) | 1 << 10);
	}
	/* Deactivated from its slot, it is one like all others the next time. */
	vw_dir(0, 50);
	CHECK_EQ(vw_r(0x304), 0);
	for (k = 0; k < 8; k++) {
		pulse(40 + k);
		CHECK_EQ(vw_ack(0), 40 + k);
	}
	pulse(50);
	CHECK_EQ(vw_ack(0), 50);
	pressure();
	vw_unload(0);
	vw_load(0, 0);
	prio(51, 0x8);
	pulse(51);
	CHECK_EQ(vw_ack(0), 51);
	vw_eoi(0, 51);
	vw_eoi(0, 50);
	CHECK_EQ(vw_r(0x304) >> 8, 0xff);
	vw_check();
	vw_end();
}

/* Declared active and then pending: when that end is over, it is one like all others. */
TEST(declared_active_and_pending)
{
	unsigned k;

	begin(1);
	edge(50);
	for (k = 0; k < 8; k++)
		prio(40 + k, 0x80 - 8 * k);
	prio(50, 0x40);
	vw_w(0x304, 1 << 18);
	pulse(50);
	CHECK_EQ(vw_slot(0, 0) >> 62, 3);
	vw_dir(0, 50);
	CHECK_EQ(vw_slot(0, 0) >> 62, 1);
	vw_unload(0);
	vw_load(0, 0);
	CHECK_EQ(vw_ack(0), 50);
	prio(51, 0x8);
	prio(52, 0x10);
	prio(53, 0x10);
	vw_w(0x304, 3 << 20);
	pressure();
	vw_unload(0);
	vw_load(0, 0);
	pulse(51);
	CHECK_EQ(vw_ack(0), 51);
	vw_eoi(0, 51);
	vw_eoi(0, 50);
	CHECK_EQ(vw_r(0x304) >> 8, 3 << 12);
	vw_check();
	vw_end();
}

/* The count of ends is still on its way when the vCPU leaves. */
TEST(ends_before_leaving)
{
	unsigned k;

	begin(1);
	for (k = 0; k < 6; k++)
		prio(40 + k, 0x80 - 8 * k);
	for (k = 0; k < 6; k++) {
		pulse(40 + k);
		CHECK_EQ(vw_ack(0), 40 + k);
	}
	pressure();
	vw_settle(0);
	vw_hold(true);
	vw_eoi(0, 45);
	vw_eoi(0, 44);
	CHECK_EQ(vw_r(0x304) >> 8, 0xf);
	vw_eoi(0, 43);
	vw_unload(0);
	vw_load(2, 0);
	vw_hold(false);
	CHECK_EQ(vw_r(0x304) >> 8, 7);
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
