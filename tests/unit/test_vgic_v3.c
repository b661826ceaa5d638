/* SPDX-License-Identifier: GPL-2.0-only */
/* GICv3: every register of distributor and redistributors, and software-generated interrupts. */
#include "vgic_world.h"

#include <string.h>

#include <core/dt.h>
#include <libs/bits.h>
#include <libs/errno.h>

#include "fake.h"
#include "unit.h"

#define SGI_FRAME 0x10000u

static void begin(unsigned vcpus)
{
	vw_begin(&(struct vw_config){ .version = 3, .vcpus = vcpus, .irqs = 96, .slots = 4 });
}

/** As an operating system does it: all in group 1, both groups on, interfaces open. */
static void begin_on(unsigned vcpus)
{
	unsigned v;

	begin(vcpus);
	vw_w(0, 3);
	for (v = 0; v < vcpus && vw_loaded(v); v++) {
		vw_pw(v, 0x80, UINT32_MAX);
		vw_interface(v, 2, 0xf8, false);
	}
}

TEST(control_and_type)
{
	begin(3);
	CHECK_EQ(vw_r(0), 0x50);
	vw_w(0, UINT32_MAX);
	CHECK_EQ(vw_r(0), 0x53);
	vw_w(0, 2);
	CHECK_EQ(vw_r(0), 0x52);
	/* 96 interrupts; 10 bits of INTID, Aff3 valid, no 1-of-N, no LPIs, one security state. */
	CHECK_EQ(vw_r(4), 2 | 9u << 19 | 1u << 24 | 1u << 25);
	vw_w(4, UINT32_MAX);
	CHECK_EQ(vw_r(4), 2 | 9u << 19 | 1u << 24 | 1u << 25);
	CHECK_EQ(vw_r(8), 0x43b);
	CHECK_EQ(vw_r(0xc), 0);
	vw_end();
}

TEST(sizes)
{
	static const struct { unsigned asked, lines, last; } rows[] = {
		{ 32, 0, 31 }, { 33, 1, 63 }, { 288, 8, 287 }, { 1020, 31, 1019 },
		{ 1024, 31, 1019 },
	};
	unsigned i, n;

	for (i = 0; i < 5; i++) {
		vw_begin(&(struct vw_config){ .version = 3, .vcpus = 1, .irqs = rows[i].asked,
					      .slots = 4 });
		CHECK_EQ(vw_r(4) & 0x1f, rows[i].lines);
		for (n = 1; n < 32; n++) {
			uint32_t all = n > rows[i].lines ? 0 : n == 31 ? 0x0fffffff : UINT32_MAX;

			vw_w(0x100 + 4 * n, UINT32_MAX);
			CHECK_EQ(vw_r(0x100 + 4 * n), all);
			vw_w(0x180 + 4 * n, UINT32_MAX);
			CHECK_EQ(vw_r(0x100 + 4 * n), 0);
			vw_w(0x200 + 4 * n, UINT32_MAX);
			CHECK_EQ(vw_r(0x280 + 4 * n), all);
			vw_w(0x300 + 4 * n, UINT32_MAX);
			CHECK_EQ(vw_r(0x380 + 4 * n), all);
			vw_w(0x80 + 4 * n, UINT32_MAX);
			CHECK_EQ(vw_r(0x80 + 4 * n), all);
		}
		vw_check();
		vw_end();
	}
}

TEST(identification)
{
	static const uint8_t dist[] = { 0x44, 0,    0, 0,    0x92, 0xb4,
					0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1 };
	unsigned i;

	begin(2);
	for (i = 0; i < 12; i++) {
		CHECK_EQ(vw_r(0xffd0 + 4 * i), dist[i]);
		CHECK_EQ(vw_rr(1, 0xffd0 + 4 * i), i == 4 ? 0x93 : dist[i]);
	}
	CHECK_EQ(vw_read(0, vw_dist(), 0xffe8, 1), 0x3b);
	vw_end();
}

TEST(private_words_of_the_distributor_are_not_there)
{
	static const unsigned at[] = { 0x80, 0x100, 0x180, 0x200, 0x280, 0x300, 0x380, 0x400, 0x41c,
				       0xc00, 0xc04, 0x800, 0xbfc, 0xd00, 0xe00, 0xf00, 0xf10,
				       0xf2c };
	unsigned i;

	begin(2);
	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		CHECK_EQ(vw_write(0, vw_dist(), at[i], 4, UINT32_MAX), EMU_OK);
		CHECK_EQ(vw_read(0, vw_dist(), at[i], 4), 0);
	}
	CHECK_EQ(vw_pr(0, 0x100), 0);
	CHECK_EQ(vw_pr(0, 0x200), 0);
	vw_end();
}

TEST(holes_and_widths)
{
	begin(2);
	CHECK_EQ(vw_read(0, vw_dist(), 0x14, 4), VW_BAD | EMU_NONE);
	CHECK_EQ(vw_read(0, vw_dist(), 0x5000, 4), VW_BAD | EMU_NONE);
	CHECK_EQ(vw_read(0, vw_dist(), 0x7fe0, 8), VW_BAD | EMU_NONE);
	CHECK_EQ(vw_write(0, vw_dist(), 0x40, 4, 40), EMU_NONE); /* no message-based interrupts */
	CHECK_EQ(vw_read(0, vw_dist(), 0x104, 1), VW_BAD | EMU_WIDTH);
	CHECK_EQ(vw_read(0, vw_dist(), 0x104, 2), VW_BAD | EMU_WIDTH);
	CHECK_EQ(vw_read(0, vw_dist(), 0x104, 8), VW_BAD | EMU_WIDTH);
	CHECK_EQ(vw_read(0, vw_dist(), 0x106, 4), VW_BAD | EMU_WIDTH);
	CHECK_EQ(vw_write(0, vw_dist(), 0x104, 8, 1), EMU_WIDTH);
	CHECK_EQ(vw_write(0, vw_dist(), 0x102, 4, 1), EMU_WIDTH);
	CHECK_EQ(vw_write(0, vw_dist(), 0, 1, 3), EMU_WIDTH);
	CHECK_EQ(vw_r(0), 0x50);
	CHECK_EQ(vw_r(0x104), 0);
	/* Redistributor: of each register of a word for 32 interrupts only the first. */
	CHECK_EQ(vw_read(0, vw_cpu(), SGI_FRAME + 0x104, 4), VW_BAD | EMU_NONE);
	CHECK_EQ(vw_read(0, vw_cpu(), SGI_FRAME + 0x420, 4), VW_BAD | EMU_NONE);
	CHECK_EQ(vw_read(0, vw_cpu(), SGI_FRAME + 0xc08, 4), VW_BAD | EMU_NONE);
	CHECK_EQ(vw_read(0, vw_cpu(), 0x100, 4), VW_BAD | EMU_NONE);
	CHECK_EQ(vw_read(0, vw_cpu(), SGI_FRAME + 0xc04, 4), 0);
	vw_end();
}

TEST(frames)
{
	unsigned v;

	begin(3);
	for (v = 0; v < 3; v++) {
		uint64_t base = v * 0x20000ull;
		uint64_t typer = (uint64_t)v << 32 | v << 8 | (v == 2 ? 0x10 : 0);

		CHECK_EQ(vw_read(0, vw_cpu(), base + 8, 8), typer);
		CHECK_EQ(vw_read(0, vw_cpu(), base + 8, 4), typer & UINT32_MAX);
		CHECK_EQ(vw_read(0, vw_cpu(), base + 12, 4), typer >> 32);
		CHECK_EQ(vw_read(0, vw_cpu(), base, 4), 0);
		CHECK_EQ(vw_read(0, vw_cpu(), base + 4, 4), 0x43b);
		CHECK_EQ(vw_read(0, vw_cpu(), base + 0x70, 8), 0);
		/* Asleep at first, and its children follow at once. */
		CHECK_EQ(vw_rr(v, 0x14), 6);
		vw_rw(v, 0x14, 0);
		CHECK_EQ(vw_rr(v, 0x14), 0);
		vw_rw(v, 0x14, UINT32_MAX);
		CHECK_EQ(vw_rr(v, 0x14), 6);
	}
	CHECK_EQ(vw_read(0, vw_cpu(), 3 * 0x20000ull - 4, 4), VW_BAD | EMU_NONE);
	vw_end();
}

/* Affinities as QEMU's machine has them: 16 to a cluster. */
TEST(affinities_of_many)
{
	vw_begin(&(struct vw_config){ .version = 3, .vcpus = 40, .irqs = 64, .slots = 4 });
	CHECK_EQ(vw_read(0, vw_cpu(), 15 * 0x20000ull + 12, 4), 15);
	CHECK_EQ(vw_read(0, vw_cpu(), 16 * 0x20000ull + 12, 4), 0x100);
	CHECK_EQ(vw_read(0, vw_cpu(), 39 * 0x20000ull + 8, 8), 0x207ull << 32 | 39 << 8 | 0x10);
	vw_end();
}

TEST(private_interrupts_are_each_vcpus_own)
{
	begin(2);
	vw_pw(0, 0x100, 0x0000ffff);
	vw_pw(1, 0x100, 0xffff0000);
	CHECK_EQ(vw_pr(0, 0x100), 0x0000ffff);
	CHECK_EQ(vw_pr(1, 0x180), 0xffff0000);
	/* A vCPU reaches the frame of another one. */
	CHECK_EQ(vw_read(0, vw_cpu(), 0x20000 + SGI_FRAME + 0x100, 4), 0xffff0000);
	vw_write(0, vw_cpu(), 0x20000 + SGI_FRAME + 0x180, 4, 0xff000000);
	CHECK_EQ(vw_pr(1, 0x100), 0x00ff0000);
	/* Configuration: software-generated ones are edges for ever. */
	CHECK_EQ(vw_pr(0, 0xc00), 0xaaaaaaaa);
	vw_pw(0, 0xc00, 0);
	CHECK_EQ(vw_pr(0, 0xc00), 0xaaaaaaaa);
	vw_pw(0, 0xc04, UINT32_MAX);
	CHECK_EQ(vw_pr(0, 0xc04), 0xaaaaaaaa);
	CHECK_EQ(vw_pr(1, 0xc04), 0);
	vw_w(0xc0c, 0x55555555);
	CHECK_EQ(vw_r(0xc0c), 0);
	vw_w(0xc0c, 0x80000002);
	CHECK_EQ(vw_r(0xc0c), 0x80000002);
	vw_end();
}

TEST(priorities)
{
	unsigned i;

	begin(2);
	for (i = 0; i < 96; i += 4) {
		if (i < 32)
			vw_pw(1, 0x400 + i, 0xffffffff);
		else
			vw_w(0x400 + i, 0xffffffff);
	}
	CHECK_EQ(vw_pr(1, 0x400), 0xf8f8f8f8); /* five bits */
	CHECK_EQ(vw_pr(0, 0x400), 0);
	CHECK_EQ(vw_r(0x420), 0xf8f8f8f8);
	vw_write(0, vw_dist(), 0x421, 1, 0x7f);
	CHECK_EQ(vw_r(0x420), 0xf8f878f8);
	CHECK_EQ(vw_read(0, vw_dist(), 0x421, 1), 0x78);
	CHECK_EQ(vw_read(0, vw_dist(), 0x420, 2), VW_BAD | EMU_WIDTH);
	CHECK_EQ(vw_r(0x460), 0); /* not there */
	vw_write(0, vw_dist(), 0x460, 4, UINT32_MAX);
	CHECK_EQ(vw_r(0x460), 0);
	vw_end();
}

TEST(routes)
{
	uint64_t at = 0x6000 + 8 * 40;

	begin_on(3);
	CHECK_EQ(vw_read(0, vw_dist(), at, 8), 0);
	CHECK_EQ(vw_write(0, vw_dist(), at, 8, UINT64_MAX), EMU_OK);
	CHECK_EQ(vw_read(0, vw_dist(), at, 8), 0xff00ffffffull); /* IRM is not there */
	vw_write(0, vw_dist(), at + 4, 4, 0);
	vw_write(0, vw_dist(), at, 4, 2);
	CHECK_EQ(vw_read(0, vw_dist(), at, 8), 2);
	CHECK_EQ(vw_read(0, vw_dist(), at, 4), 2);
	vw_write(0, vw_dist(), at + 4, 4, 0x1234);
	CHECK_EQ(vw_read(0, vw_dist(), at + 4, 4), 0x34);
	CHECK_EQ(vw_read(0, vw_dist(), at, 8), 0x3400000002ull);
	CHECK_EQ(vw_read(0, vw_dist(), 0x6000, 8), 0); /* private: none */
	vw_write(0, vw_dist(), 0x6000 + 8 * 31, 8, 1);
	CHECK_EQ(vw_read(0, vw_dist(), 0x6000 + 8 * 31, 8), 0);
	vw_write(0, vw_dist(), 0x6000 + 8 * 96, 8, 1);
	CHECK_EQ(vw_read(0, vw_dist(), 0x6000 + 8 * 96, 8), 0);

	/* To nobody, to 1, to 2 while it waits in a slot of 1, back to nobody. */
	vw_w(0x84, UINT32_MAX);
	vw_w(0x104, 1 << 8);
	vw_guest()->vintc->set_line(vw_guest(), NULL, 40, true);
	CHECK_EQ(vw_irq(0), false);
	vw_write(0, vw_dist(), at, 8, 1);
	CHECK_EQ(vw_irq(1), true);
	vw_write(0, vw_dist(), at, 8, 2);
	CHECK_EQ(vw_irq(1), false);
	CHECK_EQ(vw_irq(2), true);
	vw_write(0, vw_dist(), at, 8, 77);
	CHECK_EQ(vw_irq(2), false);
	vw_write(0, vw_dist(), at, 8, 0);
	CHECK_EQ(vw_ack(0), 40);
	/* Active on 0, it goes to 1 when it has ended. */
	vw_write(0, vw_dist(), at, 8, 1);
	CHECK_EQ(vw_irq(1), false);
	vw_eoi(0, 40);
	CHECK_EQ(vw_irq(0), false);
	CHECK_EQ(vw_ack(1), 40);
	vw_check();
	vw_end();
}

/* --- ICC_SGI1R, SGI0R --------------------------------------------------------------- */

static uint64_t sgi1r(unsigned irq, unsigned aff1, unsigned list)
{
	return (uint64_t)irq << 24 | (uint64_t)aff1 << 16 | list;
}

TEST(sgi_targets)
{
	unsigned v;

	begin_on(4);
	for (v = 0; v < 4; v++)
		vw_pw(v, 0x100, 0xffff);
	vw_sgi1r(0, 1, sgi1r(5, 0, 0xa));
	CHECK_EQ(vw_ack(0), VW_SPURIOUS);
	CHECK_EQ(vw_ack(1), 5);
	CHECK_EQ(vw_ack(2), VW_SPURIOUS);
	CHECK_EQ(vw_ack(3), 5);
	vw_eoi(1, 5);
	vw_eoi(3, 5);
	/* To all others, whatever the list says. */
	vw_sgi1r(2, 1, sgi1r(7, 0, 0xffff) | 1ull << 40);
	CHECK_EQ(vw_ack(0), 7);
	CHECK_EQ(vw_ack(1), 7);
	CHECK_EQ(vw_ack(2), VW_SPURIOUS);
	CHECK_EQ(vw_ack(3), 7);
	for (v = 0; v < 4; v++)
		vw_eoi(v, 7);
	/* To oneself, twice before it is taken: one. */
	vw_sgi1r(2, 1, sgi1r(15, 0, 4));
	vw_sgi1r(2, 1, sgi1r(15, 0, 4));
	CHECK_EQ(vw_ack(2), 15);
	/* While it is active: pending beside. */
	vw_sgi1r(2, 1, sgi1r(15, 0, 4));
	CHECK_EQ(vw_pr(2, 0x200), 0x8000);
	CHECK_EQ(vw_pr(2, 0x300), 0x8000);
	CHECK_EQ(vw_ack(2), VW_SPURIOUS);
	vw_eoi(2, 15);
	CHECK_EQ(vw_ack(2), 15);
	vw_eoi(2, 15);
	CHECK_EQ(vw_ack(2), VW_SPURIOUS);
	vw_check();
	vw_end();
}

/* What no vCPU has: other clusters, other levels, the range selector beyond 16. */
TEST(sgi_to_nobody)
{
	static const uint64_t more[] = { 1ull << 16, 255ull << 16, 1ull << 32, 0x80ull << 32,
					 1ull << 48, 0x80ull << 48, 1ull << 44, 15ull << 44 };
	unsigned i, v;

	begin_on(3);
	for (v = 0; v < 3; v++)
		vw_pw(v, 0x100, 0xffff);
	for (i = 0; i < 8; i++)
		vw_sgi1r(1, 1, sgi1r(3, 0, 0xffff) | more[i]);
	vw_sgi1r(1, 1, sgi1r(3, 0, 0xfff8));
	for (v = 0; v < 3; v++)
		CHECK_EQ(vw_irq(v), false);
	vw_end();
}

TEST(sgi_clusters)
{
	unsigned v, got = 0;

	vw_begin(&(struct vw_config){ .version = 3, .vcpus = 40, .irqs = 64, .slots = 4 });
	vw_w(0, 3);
	for (v = 0; v < 40; v++) {
		vw_load(0, v);
		vw_pw(v, 0x80, UINT32_MAX);
		vw_pw(v, 0x100, 0xffff);
		vw_interface(v, 2, 0xf8, false);
	}
	vw_sgi1r(39, 1, sgi1r(1, 1, 0x8001));
	vw_sgi1r(39, 1, sgi1r(2, 2, 0xffff));
	for (v = 0; v < 40; v++) {
		unsigned irq;

		vw_load(0, v);
		irq = vw_ack(v);
		CHECK_EQ(irq, v == 16 || v == 31 ? 1 : v >= 32 ? 2 : VW_SPURIOUS);
		got += irq != VW_SPURIOUS;
	}
	CHECK_EQ(got, 10);
	vw_end();
}

TEST(sgi_groups)
{
	begin(1);
	vw_w(0, 3);
	vw_interface(0, 3, 0xf8, false);
	vw_pw(0, 0x100, 0xffff);
	vw_pw(0, 0x80, 0x2); /* 1 is of group 1 */
	vw_sgi1r(0, 1, sgi1r(2, 0, 1));
	vw_sgi1r(0, 0, sgi1r(1, 0, 1));
	CHECK_EQ(vw_irq(0), false);
	vw_sgi1r(0, 0, sgi1r(2, 0, 1));
	CHECK_EQ(vw_ack(0), 2);
	vw_eoi(0, 2);
	vw_sgi1r(0, 1, sgi1r(2, 0, 1)); /* the slot of the last time is no way around */
	CHECK_EQ(vw_irq(0), false);
	vw_sgi1r(0, 1, sgi1r(1, 0, 1));
	CHECK_EQ(vw_ack(0), 1);
	vw_end();
}

/* The short way is not taken past anything that changed since. */
TEST(sgi_again)
{
	begin_on(2);
	vw_pw(0, 0x100, 0xffff);
	vw_sgi1r(0, 1, sgi1r(4, 0, 1));
	CHECK_EQ(vw_ack(0), 4);
	vw_eoi(0, 4);
	vw_pw(0, 0x180, 1 << 4);
	vw_sgi1r(0, 1, sgi1r(4, 0, 1));
	CHECK_EQ(vw_irq(0), false);
	CHECK_EQ(vw_pr(0, 0x200), 1 << 4);
	vw_pw(0, 0x100, 1 << 4);
	CHECK_EQ(vw_ack(0), 4);
	vw_eoi(0, 4);
	/* Priority: the new one counts. */
	vw_pw(0, 0x404, 0x90);
	vw_sgi1r(0, 1, sgi1r(4, 0, 1));
	CHECK_EQ(vw_slot(0, 0) >> 48 & 0xff, 0x90);
	CHECK_EQ(vw_ack(0), 4);
	vw_eoi(0, 4);
	/* The group off. */
	vw_w(0, 1);
	vw_sgi1r(0, 1, sgi1r(4, 0, 1));
	CHECK_EQ(vw_irq(0), false);
	vw_w(0, 3);
	CHECK_EQ(vw_ack(0), 4);
	/* Active by the guest's word. */
	vw_eoi(0, 4);
	vw_pw(0, 0x300, 1 << 4);
	vw_sgi1r(0, 1, sgi1r(4, 0, 1));
	CHECK_EQ(vw_irq(0), false);
	vw_pw(0, 0x380, 1 << 4);
	CHECK_EQ(vw_ack(0), 4);
	vw_check();
	vw_end();
}

/* --- making and checking ------------------------------------------------------------ */

TEST(no_gicv3_in_the_machine)
{
	struct vw_config c = { .version = 3, .soft = true, .vcpus = 2, .irqs = 96, .slots = 4,
			       .soft_gicv3 = -ENOMEM };

	CHECK(!vw_try(&c));
	vw_end();
	c.soft_gicv3 = 0;
	vw_begin(&c);
	CHECK(strstr(vw_show(vw_dist()), "GICv3, interrupts 0 to 95, CPU interface in software"));
	vw_end();
}

TEST(out_of_memory)
{
	const struct vw_config c = { .version = 3, .vcpus = 2, .irqs = 96, .slots = 4 };
	unsigned n;
	bool made = false;

	for (n = 1; n < 20 && !made; n++) {
		vw_fail_at(n);
		made = vw_try(&c);
		vw_fail_at(0);
		vw_end();
	}
	CHECK(made);
	CHECK(n > 3);
}

TEST(checks)
{
	struct dt_node *tree, *node;
	const struct emulator *emu;

	vw_begin(&(struct vw_config){ .version = 3, .vcpus = 1, .irqs = 96, .slots = 4 });
	tree = dt_new_tree();
	node = dt_add_node(tree, "gic");
	REQUIRE(!dt_set_string(node, "compatible", "arm,vgic3,dist"));
	emu = emu_find(node, NULL);
	REQUIRE(!dt_set_u64(node, "physical_size", 0x10000));
	CHECK_EQ(emu->check(node, "/g", vw_out()), 0);
	REQUIRE(!dt_set_u64(node, "physical_size", 0x1000));
	CHECK_EQ(emu->check(node, "/g", vw_out()), 1);
	CHECK(strstr(vw_text(), "0x10000 or more"));
	REQUIRE(!dt_set_u32(node, "num_irq", 16));
	CHECK_EQ(emu->check(node, "/g", vw_out()), 2);
	CHECK(strstr(vw_text(), "num_irq is 16"));
	REQUIRE(!dt_set_u32(node, "num_irq", 1024));
	CHECK_EQ(emu->check(node, "/g", vw_out()), 1);
	REQUIRE(!dt_set_string(node, "compatible", "arm,vgic3,redist"));
	emu = emu_find(node, NULL);
	CHECK_EQ(emu->check(node, "/g", vw_out()), 1);
	REQUIRE(!dt_set_u64(node, "physical_size", 0x20000));
	CHECK_EQ(emu->check(node, "/g", vw_out()), 0);
	CHECK_EQ(dt_del_node(tree), 0);
	vw_end();
}

TEST(shows_its_state)
{
	const char *text;

	begin_on(2);
	vw_pw(0, 0x100, 0xffff | 1 << 27);
	vw_pw(1, 0x200, 1 << 3);
	vw_w(0x84, UINT32_MAX);
	vw_w(0x104, 0x80000005);
	vw_guest()->vintc->set_line(vw_guest(), NULL, 34, true);
	CHECK_EQ(vw_ack(0), 34);
	text = vw_show(vw_dist());
	CHECK(strstr(text, "GICv3, interrupts 0 to 95, 4 list registers, group 0 on, group 1 on"));
	CHECK(strstr(text, "vCPU 0: enabled 0-15,27\n"));
	CHECK(strstr(text, "vCPU 1: pending 3\n"));
	CHECK(strstr(text, "32-63: enabled 32,34,63 pending 34 active 34\n"));
	CHECK(!strstr(text, "64-95"));
	vw_end();
}

TEST(reset)
{
	begin_on(2);
	vw_pw(0, 0x100, UINT32_MAX);
	vw_w(0x104, UINT32_MAX);
	vw_w(0x420, UINT32_MAX);
	vw_w(0xc08, UINT32_MAX);
	vw_write(0, vw_dist(), 0x6000 + 8 * 40, 8, 1);
	vw_guest()->vintc->pulse(vw_guest(), NULL, 33);
	vw_guest()->vintc->set_line(vw_guest(), NULL, 40, true);
	vw_sgi1r(0, 1, sgi1r(3, 0, 3));
	CHECK(vw_ack(0) != VW_SPURIOUS);
	vw_rw(0, 0x14, 0);
	vw_reset();
	vw_load(0, 0);
	vw_load(1, 1);
	CHECK_EQ(vw_r(0), 0x50);
	CHECK_EQ(vw_pr(0, 0x100), 0);
	CHECK_EQ(vw_pr(0, 0x200), 0);
	CHECK_EQ(vw_pr(1, 0x200), 0);
	CHECK_EQ(vw_pr(0, 0x300), 0);
	CHECK_EQ(vw_r(0x104), 0);
	CHECK_EQ(vw_r(0x304), 0);
	CHECK_EQ(vw_r(0x420), 0);
	CHECK_EQ(vw_r(0xc08), 0);
	CHECK_EQ(vw_r(0x84), 0);
	CHECK_EQ(vw_rr(0, 0x14), 6);
	CHECK_EQ(vw_read(0, vw_dist(), 0x6000 + 8 * 40, 8), 0);
	/* A line that is still up is pending, what was latched is not. */
	CHECK_EQ(vw_r(0x204), 1 << 8);
	CHECK_EQ(vw_irq(0), false);
	vw_check();
	vw_end();
}

TEST(small)
{
	/* State of a guest with 1 vCPU and 288 interrupts. */
	vw_begin(&(struct vw_config){ .version = 3, .vcpus = 1, .irqs = 288, .slots = 4 });
	CHECK(vw_heap_bytes() > 1000);
	CHECK(vw_heap_bytes() <= 6 * 1024);
	vw_end();
}
