/* SPDX-License-Identifier: GPL-2.0-only */
/* GICv2: the registers of the distributor, targets, senders, and what maps the CPU interface. */
#include "vgic_world.h"

#include <string.h>

#include <core/dt.h>
#include <libs/bits.h>
#include <libs/errno.h>

#include "fake.h"
#include "unit.h"

static void begin(unsigned vcpus)
{
	vw_begin(&(struct vw_config){ .version = 2, .vcpus = vcpus, .irqs = 96, .slots = 4 });
}

static void begin_on(unsigned vcpus)
{
	unsigned v;

	begin(vcpus);
	vw_w(0, 3);
	for (v = 0; v < vcpus && vw_loaded(v); v++)
		vw_interface(v, 3, 0xf8, false);
}

static void line(unsigned irq, bool level)
{
	vw_guest()->vintc->set_line(vw_guest(), NULL, irq, level);
}

TEST(control_type_identification)
{
	static const uint8_t ids[] = { 0x04, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1 };
	unsigned i;

	begin(3);
	CHECK_EQ(vw_r(0), 0);
	vw_w(0, UINT32_MAX);
	CHECK_EQ(vw_r(0), 3);
	CHECK_EQ(vw_r(4), 2 | 2 << 5); /* no Security Extensions */
	CHECK_EQ(vw_r(8), 0x43b);
	for (i = 0; i < 12; i++)
		CHECK_EQ(vw_r(0xfd0 + 4 * i), ids[i]);
	CHECK_EQ(vw_read(0, vw_dist(), 0xfe8, 1), 0x2b);
	CHECK_EQ(vw_r(0xe00), 0);
	CHECK_EQ(vw_read(0, vw_dist(), 0xd00, 4), VW_BAD | EMU_NONE);
	CHECK_EQ(vw_read(0, vw_dist(), 0x104, 2), VW_BAD | EMU_WIDTH);
	CHECK_EQ(vw_read(0, vw_dist(), 0x104, 8), VW_BAD | EMU_WIDTH);
	CHECK_EQ(vw_write(0, vw_dist(), 0xf00, 1, 0), EMU_WIDTH);
	CHECK_EQ(vw_read(0, vw_dist(), 0x1000, 4), VW_BAD | EMU_NONE);
	vw_end();
}

TEST(sgis_are_always_enabled)
{
	begin(2);
	CHECK_EQ(vw_pr(1, 0x100), 0xffff);
	vw_pw(1, 0x180, UINT32_MAX);
	CHECK_EQ(vw_pr(1, 0x100), 0xffff);
	vw_pw(1, 0x100, 0x8000000);
	CHECK_EQ(vw_pr(1, 0x180), 0x800ffff);
	CHECK_EQ(vw_pr(0, 0x100), 0xffff);
	/* Their pending state is changed by registers of their own only. */
	vw_pw(0, 0x200, 0xffff);
	CHECK_EQ(vw_pr(0, 0x200), 0);
	vw_pw(0, 0xc00, 0);
	CHECK_EQ(vw_pr(0, 0xc00), 0xaaaaaaaa);
	vw_end();
}

TEST(target_registers)
{
	unsigned i;

	begin(3);
	for (i = 0; i < 32; i += 4) {
		CHECK_EQ(vw_pr(0, 0x800 + i), 0x01010101);
		CHECK_EQ(vw_pr(2, 0x800 + i), 0x04040404);
	}
	CHECK_EQ(vw_read(1, vw_dist(), 0x81f, 1), 2);
	vw_w(0x800, 0);
	CHECK_EQ(vw_r(0x800), 0x01010101);
	CHECK_EQ(vw_r(0x820), 0);
	vw_w(0x820, 0xff050201);
	CHECK_EQ(vw_r(0x820), 0x07050201); /* CPUs that are there */
	vw_write(0, vw_dist(), 0x821, 1, 4);
	CHECK_EQ(vw_r(0x820), 0x07050401);
	CHECK_EQ(vw_read(0, vw_dist(), 0x823, 1), 7);
	vw_w(0x860, UINT32_MAX);
	CHECK_EQ(vw_r(0x860), 0);
	vw_end();
	begin(1);
	vw_w(0x820, UINT32_MAX);
	CHECK_EQ(vw_r(0x820), 0);
	CHECK_EQ(vw_r(0x800), 0);
	vw_end();
}

TEST(targets)
{
	begin_on(4);
	vw_w(0x104, 3);
	line(32, true);
	CHECK_EQ(vw_irq(0), false); /* to nobody */
	vw_write(0, vw_dist(), 0x820, 1, 0xc);
	CHECK_EQ(vw_irq(2), true); /* one of them */
	CHECK_EQ(vw_irq(3), false);
	CHECK_EQ(vw_ack(2), 32);
	/* Ends on the vCPU that has taken it. */
	vw_write(0, vw_dist(), 0x820, 1, 0x8);
	CHECK_EQ(vw_irq(3), false);
	CHECK_EQ(vw_read(0, vw_dist(), 0x304, 4), 1);
	vw_eoi(2, 32);
	CHECK_EQ(vw_ack(3), 32);
	line(32, false);
	vw_eoi(3, 32);
	CHECK_EQ(vw_irq(3), false);
	CHECK_EQ(vw_irq(2), false);
	vw_check();
	vw_end();
	/* With one CPU everything goes there. */
	begin_on(1);
	vw_w(0x104, 1);
	line(32, true);
	CHECK_EQ(vw_ack(0), 32);
	vw_end();
}

/* --- software-generated interrupts -------------------------------------------------- */

TEST(sgir_filters)
{
	unsigned v;

	begin_on(4);
	vw_write(1, vw_dist(), 0xf00, 4, 0x00090003); /* the list */
	CHECK_EQ(vw_ack(0), 3 | 1 << 10);
	CHECK_EQ(vw_ack(1), VW_SPURIOUS);
	CHECK_EQ(vw_ack(3), 3 | 1 << 10);
	vw_eoi(0, 3 | 1 << 10);
	vw_eoi(3, 3 | 1 << 10);
	vw_write(2, vw_dist(), 0xf00, 4, 0x01ff0004); /* all others */
	for (v = 0; v < 4; v++) {
		unsigned irq = vw_ack(v);

		CHECK_EQ(irq, v == 2 ? VW_SPURIOUS : 4 | 2 << 10);
		if (v != 2)
			vw_eoi(v, irq);
	}
	vw_write(2, vw_dist(), 0xf00, 4, 0x02ff0005); /* itself */
	for (v = 0; v < 4; v++)
		CHECK_EQ(vw_ack(v), v == 2 ? 5 | 2 << 10 : VW_SPURIOUS);
	CHECK_EQ(vw_complaints(), 0);
	vw_write(2, vw_dist(), 0xf00, 4, 0x03ff0005);
	CHECK_EQ(vw_complaints(), 1);
	CHECK_EQ(vw_r(0xf00), 0);
	/* A list with CPUs that are not there. */
	vw_write(0, vw_dist(), 0xf00, 4, 0x00f00006);
	for (v = 0; v < 4; v++)
		CHECK_EQ(vw_irq(v), false);
	vw_check();
	vw_end();
}

TEST(one_sgi_of_many_senders)
{
	unsigned seen = 0, k, irq;

	begin_on(4);
	vw_sgi(0, 9, 1);
	vw_sgi(1, 9, 1);
	vw_sgi(3, 9, 1);
	vw_sgi(3, 9, 1);
	CHECK_EQ(vw_read(0, vw_dist(), 0xf18, 4), 0x00000b00);
	CHECK_EQ(vw_read(0, vw_dist(), 0xf29, 1), 0x0b);
	CHECK_EQ(vw_read(1, vw_dist(), 0xf18, 4), 0);
	CHECK_EQ(vw_pr(0, 0x200), 1 << 9);
	for (k = 0; k < 3; k++) {
		irq = vw_ack(0);
		CHECK_EQ(irq & 0x3ff, 9);
		CHECK(!(seen >> (irq >> 10) & 1));
		seen |= BIT32(irq >> 10);
		CHECK_EQ(vw_ack(0), VW_SPURIOUS);
		vw_check();
		vw_eoi(0, irq);
	}
	CHECK_EQ(seen, 0xb);
	CHECK_EQ(vw_ack(0), VW_SPURIOUS);
	CHECK_EQ(vw_pr(0, 0x200), 0);
	vw_end();
}

TEST(pending_bits_of_senders)
{
	begin_on(3);
	CHECK_EQ(vw_write(0, vw_dist(), 0xf24, 4, 0xff000006), EMU_OK); /* as if 1 and 2 had sent */
	CHECK_EQ(vw_read(0, vw_dist(), 0xf14, 4), 0x07000006);
	CHECK_EQ(vw_irq(0), true);
	vw_write(0, vw_dist(), 0xf17, 1, 0xff);
	CHECK_EQ(vw_read(0, vw_dist(), 0xf14, 4), 0x00000006);
	CHECK_EQ(vw_pr(0, 0x200), 1 << 4);
	vw_write(0, vw_dist(), 0xf14, 1, 2);
	CHECK_EQ(vw_ack(0), 4 | 2 << 10);
	/* Taken: it is active, and from 1 again pending. */
	vw_write(0, vw_dist(), 0xf24, 1, 2);
	CHECK_EQ(vw_read(0, vw_dist(), 0xf14, 1), 2);
	CHECK_EQ(vw_pr(0, 0x300), 1 << 4);
	vw_eoi(0, 4 | 2 << 10);
	vw_write(0, vw_dist(), 0xf14, 1, 2);
	CHECK_EQ(vw_irq(0), false);
	CHECK_EQ(vw_pr(0, 0x300), 0);
	vw_check();
	vw_end();
}

/* The sender is part of what ends; and of the short way. */
TEST(sender_in_the_slot)
{
	begin_on(2);
	vw_sgi(0, 2, 1);
	CHECK_EQ(vw_ack(0), 2);
	vw_eoi(0, 2);
	vw_sgi(1, 2, 1);
	vw_sgi(0, 2, 1);
	vw_check();
	CHECK_EQ(vw_read(0, vw_dist(), 0xf10, 4), 3 << 16);
	CHECK_EQ(vw_ack(0), 2);
	vw_eoi(0, 2);
	CHECK_EQ(vw_ack(0), 2 | 1 << 10);
	vw_sgi(0, 2, 1);
	CHECK_EQ(vw_ack(0), VW_SPURIOUS);
	vw_unload(0);
	vw_load(0, 0);
	vw_eoi(0, 2 | 1 << 10);
	CHECK_EQ(vw_ack(0), 2);
	vw_eoi(0, 2);
	CHECK_EQ(vw_ack(0), VW_SPURIOUS);
	vw_check();
	vw_end();
}

/* --- devices ------------------------------------------------------------------------ */

TEST(cpu_interface_is_mapped)
{
	begin(1);
	CHECK_EQ(vw_mapping().count, 1);
	CHECK_EQ(vw_mapping().gpa, 0x8010000);
	CHECK_EQ(vw_mapping().hpa, 0x8040000);
	/* All but GICC_DIR, which comes to the emulator. */
	CHECK_EQ(vw_mapping().size, 0x1000);
	CHECK_EQ(vw_read(0, vw_cpu(), 0x1000, 4), 0);
	CHECK_EQ(vw_read(0, vw_cpu(), 0x1000, 2), VW_BAD | EMU_WIDTH);
	CHECK_EQ(vw_read(0, vw_cpu(), 0x1004, 4), VW_BAD | EMU_NONE);
	CHECK_EQ(vw_read(0, vw_cpu(), 0x0, 4), VW_BAD | EMU_NONE);
	CHECK(strstr(vw_show(vw_cpu()), "the machine's own"));
	vw_end();
	vw_begin(&(struct vw_config){ .version = 2, .soft = true, .vcpus = 1, .irqs = 96 });
	CHECK_EQ(vw_mapping().count, 0);
	CHECK(strstr(vw_show(vw_cpu()), "in software"));
	CHECK(strstr(vw_show(vw_dist()), "GICv2, interrupts 0 to 95, CPU interface in software"));
	vw_end();
}

TEST(too_many_vcpus)
{
	const struct vw_config nine = { .version = 2, .vcpus = 9, .irqs = 96, .slots = 4 };
	const struct vw_config eight = { .version = 2, .vcpus = 8, .irqs = 96, .slots = 4 };

	CHECK(!vw_try(&nine));
	CHECK(strstr(fake_log_text(), "serves 1 to 8 vCPUs, the guest has 9; take GICv3"));
	vw_end();
	CHECK(vw_try(&eight));
	vw_load(0, 7);
	CHECK_EQ(vw_read(7, vw_dist(), 0x800, 4), 0x80808080);
	vw_end();
}

TEST(two_controllers)
{
	struct emu_dev *second;

	begin(1);
	second = vw_second("virt,gic");
	CHECK(second != NULL);
	CHECK_EQ(second->emu->probe(second), -EEXIST);
	CHECK(strstr(fake_log_text(), "has an interrupt controller already"));
	vw_second_free(second);
	CHECK_EQ(vw_r(4), 2);
	vw_end();
}

TEST(half_a_controller)
{
	struct emu_dev *dev;

	begin(1);
	dev = vw_cpu();
	list_del(&dev->link);
	CHECK_EQ(vw_dist()->emu->ready(vw_dist()), -ENOENT);
	CHECK(strstr(fake_log_text(), "add a region with compatible \"arm,vgic,cpu\""));
	list_add_tail(&vw_guest()->devices, &dev->link);
	dev = vw_dist();
	list_del(&dev->link);
	CHECK_EQ(vw_cpu()->emu->ready(vw_cpu()), -ENOENT);
	CHECK(strstr(fake_log_text(), "add a region with compatible \"arm,vgic,dist\""));
	list_add_tail(&vw_guest()->devices, &dev->link);
	vw_end();
}

TEST(checks)
{
	struct dt_node *tree, *node;
	const struct emulator *emu;

	begin(1);
	tree = dt_new_tree();
	node = dt_add_node(tree, "gic");
	REQUIRE(!dt_set_string(node, "compatible", "arm,vgic,cpu"));
	emu = emu_find(node, NULL);
	REQUIRE(!dt_set_u64(node, "guest_physical_addr", 0x8010000));
	REQUIRE(!dt_set_u64(node, "physical_size", 0x1000));
	CHECK_EQ(emu->check(node, "/g", vw_out()), 0);
	REQUIRE(!dt_set_u64(node, "guest_physical_addr", 0x8010100));
	CHECK_EQ(emu->check(node, "/g", vw_out()), 1);
	REQUIRE(!dt_set_string(node, "compatible", "arm,vgic,dist"));
	emu = emu_find(node, NULL);
	REQUIRE(!dt_set_u32(node, "num_irq", 0));
	CHECK_EQ(emu->check(node, "/g", vw_out()), 1);
	CHECK(strstr(vw_text(), "num_irq is 0: give 32 to 1020"));
	REQUIRE(!dt_set_u32(node, "num_irq", 96));
	CHECK_EQ(emu->check(node, "/g", vw_out()), 0);
	REQUIRE(!dt_set_string(node, "compatible", "virt,gic"));
	emu = emu_find(node, NULL);
	CHECK_EQ(emu->check(node, "/g", vw_out()), 1);
	CHECK(strstr(vw_text(), "need 0x3000"));
	REQUIRE(!dt_set_u64(node, "physical_size", 0x3000));
	CHECK_EQ(emu->check(node, "/g", vw_out()), 0);
	CHECK_EQ(dt_del_node(tree), 0);
	vw_end();
}

/* Devices that raise what the GIC does not have, or a private one as if it were shared. */
TEST(lines_that_are_not_there)
{
	begin_on(2);
	line(96, true);
	line(31, true);
	line(1u << 31, true);
	vw_guest()->vintc->pulse(vw_guest(), NULL, 1019);
	vw_guest()->vintc->set_line(vw_guest(), vw_vcpu(1), 32, true);
	vw_guest()->vintc->set_line(vw_guest(), vw_vcpu(1), 15, true);
	CHECK_EQ(vw_complaints(), 6);
	CHECK_EQ(vw_pr(1, 0x200), 0);
	vw_guest()->vintc->set_line(vw_guest(), vw_vcpu(1), 16, true);
	CHECK_EQ(vw_complaints(), 6);
	CHECK_EQ(vw_pr(1, 0x200), 0x10000);
	CHECK_EQ(vw_pr(0, 0x200), 0);
	vw_guest()->vintc->set_line(vw_guest(), vw_vcpu(1), 16, false);
	CHECK_EQ(vw_pr(1, 0x200), 0);
	vw_end();
}
