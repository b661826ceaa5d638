/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ITS and LPIs (IHI 0069, 5): registers, every command, tables in the guest's memory, delivery by
 * list registers and by the CPU interface in software, bounds, and queues that mean no good.
 */
#include "its_guest.h"

#include <string.h>

#include <core/dt.h>
#include <libs/errno.h>

#include "fake.h"

#define DEV 0x10u

static void begin_as(unsigned vcpus, bool soft, bool active)
{
	its_begin(&(struct vw_config){ .version = 3, .vcpus = vcpus, .irqs = 64, .slots = 4,
				       .its = true, .soft = soft, .lpis_active = active });
}

static void begin(unsigned vcpus)
{
	begin_as(vcpus, false, false);
}

static unsigned taken(unsigned vcpu)
{
	unsigned irq = vw_ack(vcpu);

	if (irq != VW_SPURIOUS)
		vw_eoi(vcpu, irq);
	return irq;
}

/* A device with events 0 ... count-1 as LPIs from `first` on, enabled, for a vCPU. */
static void device(uint32_t id, unsigned first, unsigned count, unsigned vcpu)
{
	mapd(id, 5, true);
	for (unsigned i = 0; i < count; i++) {
		lpi_config(first + i, 0x80, true);
		mapti(id, i, first + i, vcpu);
	}
}

static bool said(const char *what)
{
	bool found = strstr(fake_log_text(), what);

	fake_log_clear();
	return found;
}

/* --- registers -------------------------------------------------------------------------- */

TEST(identification)
{
	struct emu_dev *its;

	begin(2);
	its = vw_its();
	CHECK_EQ(vw_read(0, its, 0, 4), 1);
	CHECK_EQ(vw_read(0, its, 4, 4), 0x43b);
	/* Physical; entries of 8 bytes; 11 bits of event, 8 of device, 8 of collection. */
	CHECK_EQ(its_r(TYPER), 1 | 7 << 4 | 10 << 8 | 7 << 13 | 7ull << 32 | 1ull << 36);
	CHECK_EQ(vw_read(0, its, 12, 4), 0x17);
	CHECK_EQ(vw_read(0, its, 0xffe8, 4), 0x3b);
	CHECK_EQ(vw_read(0, its, 0xffe0, 4), 0x94);
	/* Distributor and redistributors tell of LPIs: 14 bits of INTID. */
	CHECK_EQ(vw_r(4) >> 17 & 0x7f, 1 | 13 << 2);
	CHECK_EQ(vw_rr(0, 8) & 1, 1);
	CHECK_EQ(vw_rr(0, RD_CTLR), 3);
	vw_end();
	/* Without an ITS they do not, and registers of LPIs are none. */
	vw_begin(&(struct vw_config){ .version = 3, .vcpus = 1, .irqs = 64, .slots = 4 });
	CHECK_EQ(vw_r(4) >> 17 & 0x7f, 9 << 2);
	CHECK_EQ(vw_rr(0, 8) & 1, 0);
	vw_rw(0, RD_CTLR, 1);
	CHECK_EQ(vw_rr(0, RD_CTLR), 0);
	rd_w64(0, RD_PENDBASE, ~0ull);
	rd_w64(0, RD_PROPBASE, ~0ull);
	CHECK_EQ(vw_rr(0, RD_PENDBASE) | vw_rr(0, RD_PROPBASE), 0);
	vw_end();
}

TEST(base_registers)
{
	struct emu_dev *its;

	vw_begin(&(struct vw_config){ .version = 3, .vcpus = 2, .irqs = 64, .slots = 4,
				      .its = true });
	its = vw_its();
	CHECK_EQ(vw_read(0, its, 0, 4), 1u << 31);
	/* Kind and size of entries stay, two levels cannot be. */
	its_w(BASER, ~0ull);
	CHECK_EQ(its_r(BASER), 0xb9e7fffffffffFFFull);
	its_w(BASER, 0);
	CHECK_EQ(its_r(BASER), 1ull << 56 | 7ull << 48);
	CHECK_EQ(its_r(BASER + 8), 4ull << 56 | 7ull << 48);
	its_w(BASER + 16, ~0ull);
	CHECK_EQ(its_r(BASER + 16), 0);
	/* Halves. */
	vw_write(0, its, CBASER + 4, 4, 0x80000000);
	vw_write(0, its, CBASER, 4, 0x12345001);
	CHECK_EQ(its_r(CBASER), 0x8000000012345001);
	CHECK_EQ(vw_read(0, its, CBASER, 4), 0x12345001);
	CHECK_EQ(vw_read(0, its, CBASER + 4, 4), 0x80000000);
	/* Not behind the queue of two pages. */
	its_w(CWRITER, 0x1fe0);
	CHECK_EQ(its_r(CWRITER), 0x1fe0);
	its_w(CWRITER, 0x2000);
	CHECK_EQ(its_r(CWRITER), 0x1fe0);
	CHECK(said("behind the queue"));
	its_w(CREADR, 0x20);
	CHECK_EQ(its_r(CREADR), 0);
	/* While it is on, tables and queue stay. */
	vw_write(0, its, 0, 4, 1);
	its_w(CBASER, 0);
	CHECK_EQ(its_r(CBASER), 0x8000000012345001);
	CHECK(said("is written while the ITS is on"));
	its_w(BASER, ~0ull);
	CHECK(said("is written while the ITS is on"));
	CHECK_EQ(vw_write(0, its, 0x10040, 4, 5), EMU_OK);
	CHECK(said("only devices can use"));
	CHECK_EQ(vw_read(0, its, 0x18, 4), VW_BAD | EMU_NONE);
	vw_end();
}

TEST(redistributor_registers)
{
	begin(2);
	/* The table of properties is one for all; pending bits are each one's own. */
	CHECK_EQ(vw_rr(1, RD_PROPBASE), (uint32_t)(PROP_TABLE | 13));
	CHECK_EQ(vw_rr(1, RD_PENDBASE), (uint32_t)PEND_TABLE(1));
	rd_w64(0, RD_PROPBASE, 0);
	rd_w64(0, RD_PENDBASE, 0);
	CHECK_EQ(vw_rr(0, RD_PROPBASE), (uint32_t)(PROP_TABLE | 13));
	CHECK_EQ(vw_rr(0, RD_PENDBASE), (uint32_t)PEND_TABLE(0));
	lpis(0, false);
	rd_w64(0, RD_PROPBASE, 0);
	CHECK_EQ(vw_rr(0, RD_PROPBASE), (uint32_t)(PROP_TABLE | 13));
	lpis(1, false);
	rd_w64(0, RD_PROPBASE, ~0ull);
	CHECK_EQ(vw_read(0, vw_cpu(), RD_PROPBASE, 8), 0x0700ffffffffff9full);
	rd_w64(0, RD_PENDBASE, ~0ull);
	CHECK_EQ(vw_read(0, vw_cpu(), RD_PENDBASE, 8), 0x0700ffffffff0f80ull);
	vw_end();
}

/* --- delivery --------------------------------------------------------------------------- */

static void deliver(bool soft, bool active)
{
	begin_as(2, soft, active);
	device(DEV, LPI, 3, 0);
	CHECK(!vw_irq(0));
	message(DEV, 1);
	CHECK(vw_irq(0));
	CHECK(!vw_irq(1));
	CHECK_EQ(vw_ack(0), LPI + 1);
	CHECK(!vw_irq(0));
	/* A message while it is served comes afterwards, once. */
	message(DEV, 1);
	message(DEV, 1);
	CHECK_EQ(vw_ack(0), VW_SPURIOUS);
	vw_check();
	vw_eoi(0, LPI + 1);
	CHECK_EQ(taken(0), LPI + 1);
	CHECK_EQ(taken(0), VW_SPURIOUS);
	/* Several before the first is taken are one. */
	for (unsigned i = 0; i < 5; i++)
		message(DEV, 2);
	CHECK_EQ(taken(0), LPI + 2);
	CHECK_EQ(taken(0), VW_SPURIOUS);
	/* No such event, no such device. */
	message(DEV, 3);
	CHECK(said("event 3 of device 0x10 is not mapped"));
	message(DEV, ~0u);
	message(DEV + 1, 0);
	message(0xffffffff, 0);
	vw_its()->emu->msi(vw_its(), 0x10044, DEV, 0);
	CHECK(said("the doorbell is at 0x10040"));
	CHECK(!vw_irq(0));
	/* Switched off it is deaf. */
	vw_write(0, vw_its(), CTLR, 4, 0);
	message(DEV, 0);
	vw_write(0, vw_its(), CTLR, 4, 1);
	CHECK(!vw_irq(0));
	vw_check();
	vw_end();
}

TEST(delivery)
{
	deliver(false, false);
	deliver(false, true);
	deliver(true, false);
}

/* By priority, more than there are slots, mixed with other interrupts. */
static void many(bool soft, bool active)
{
	unsigned last = 0;

	begin_as(1, soft, active);
	mapd(DEV, 6, true);
	for (unsigned i = 0; i < 40; i++) {
		lpi_config(LPI + i * 7, (39 - i) % 16 * 8, true);
		mapti(DEV, i, LPI + i * 7, 0);
	}
	vw_write(0, vw_dist(), 0x400 + 40, 1, 0x40);
	vw_w(0x104, 1 << 8);
	vw_guest()->vintc->pulse(vw_guest(), NULL, 40);
	for (unsigned i = 0; i < 40; i++)
		message(DEV, i);
	for (unsigned i = 0; i < 41; i++) {
		unsigned irq = vw_ack(0);
		unsigned prio = irq == 40 ? 0x40 : (39 - (irq - LPI) / 7) % 16 * 8;

		CHECK(irq != VW_SPURIOUS);
		CHECK(prio >= last);
		last = prio;
		vw_check();
		vw_eoi(0, irq);
	}
	CHECK_EQ(vw_ack(0), VW_SPURIOUS);
	vw_check();
	vw_end();
}

TEST(more_than_slots)
{
	many(false, false);
	many(false, true);
	many(true, false);
}

/* An LPI that is served is interrupted by another and by a shared one, with vCPUs that change. */
TEST(preemption)
{
	for (unsigned way = 0; way < 2; way++) {
		begin_as(1, false, way);
		device(DEV, LPI, 3, 0);
		lpi_config(LPI + 1, 0x40, true);
		lpi_config(LPI + 2, 0x08, true);
		invall(0);
		vw_write(0, vw_dist(), 0x400 + 40, 1, 0x20);
		vw_w(0x104, 1 << 8);
		message(DEV, 0);
		CHECK_EQ(vw_ack(0), LPI);
		message(DEV, 1);
		CHECK_EQ(vw_ack(0), LPI + 1);
		vw_unload(0);
		vw_load(1, 0);
		vw_guest()->vintc->pulse(vw_guest(), NULL, 40);
		CHECK_EQ(vw_ack(0), 40);
		message(DEV, 2);
		vw_unload(1);
		vw_load(0, 0);
		CHECK_EQ(vw_ack(0), LPI + 2);
		vw_check();
		vw_eoi(0, LPI + 2);
		/* What is active in a slot is the shared one, and its end is that. */
		vw_eoi(0, 40);
		CHECK_EQ(vw_r(0x304), 0);
		vw_eoi(0, LPI + 1);
		vw_eoi(0, LPI);
		CHECK_EQ(vw_ack(0), VW_SPURIOUS);
		vw_guest()->vintc->pulse(vw_guest(), NULL, 40);
		CHECK_EQ(taken(0), 40);
		vw_check();
		vw_end();
	}
}

TEST(enable_and_priority)
{
	begin(1);
	mapd(DEV, 5, true);
	mapti(DEV, 0, LPI, 0);
	/* As the table was when it was mapped: off. */
	lpi_config(LPI, 0x80, true);
	message(DEV, 0);
	CHECK(!vw_irq(0));
	event_command(CMD_INV, DEV, 0);
	CHECK(vw_irq(0));
	CHECK_EQ(taken(0), LPI);
	/* Off again while it is pending in a slot: taken out of there. */
	message(DEV, 0);
	CHECK(vw_irq(0));
	lpi_config(LPI, 0x80, false);
	CHECK(vw_irq(0));
	event_command(CMD_INV, DEV, 0);
	CHECK(!vw_irq(0));
	lpi_config(LPI, 0x80, true);
	invall(0);
	CHECK_EQ(taken(0), LPI);
	/* Behind the mask of the CPU interface. */
	lpi_config(LPI, 0xf8, true);
	invall(0);
	message(DEV, 0);
	CHECK(!vw_irq(0));
	lpi_config(LPI, 0x00, true);
	invall(0);
	CHECK(vw_irq(0));
	/* Group 1 of the distributor. */
	vw_w(0, 1);
	CHECK(!vw_irq(0));
	vw_w(0, 3);
	CHECK_EQ(taken(0), LPI);
	vw_end();
}

TEST(moving)
{
	begin(3);
	device(DEV, LPI, 2, 0);
	movi(DEV, 0, 2);
	message(DEV, 0);
	CHECK(!vw_irq(0) && !vw_irq(1));
	CHECK_EQ(taken(2), LPI);
	/* A pending one goes along, out of the other's slot. */
	message(DEV, 0);
	CHECK(vw_irq(2));
	movi(DEV, 0, 1);
	CHECK(!vw_irq(2));
	CHECK_EQ(taken(1), LPI);
	/* A collection gets another redistributor. */
	message(DEV, 1);
	CHECK(vw_irq(0));
	mapc(0, 2, true);
	CHECK(!vw_irq(0));
	CHECK_EQ(taken(2), LPI + 1);
	movi(DEV, 0, 0);
	message(DEV, 0);
	CHECK(!vw_irq(1)); /* its slot of before is looked at */
	CHECK_EQ(taken(2), LPI);
	/* All of a redistributor. */
	message(DEV, 0);
	message(DEV, 1);
	movall(2, 1);
	CHECK(!vw_irq(2));
	CHECK(taken(1) >= LPI);
	CHECK(taken(1) >= LPI);
	CHECK_EQ(taken(1), VW_SPURIOUS);
	/* A collection that is nowhere. */
	mapc(0, 0, false);
	message(DEV, 0);
	for (unsigned v = 0; v < 3; v++)
		CHECK(!vw_irq(v));
	mapc(0, 1, true);
	CHECK_EQ(taken(1), LPI);
	vw_check();
	vw_end();
}

TEST(int_clear_discard)
{
	begin(2);
	device(DEV, LPI, 2, 0);
	event_command(CMD_INT, DEV, 1);
	CHECK(vw_irq(0));
	event_command(CMD_CLEAR, DEV, 1);
	CHECK(!vw_irq(0));
	event_command(CMD_INT, DEV, 1);
	CHECK_EQ(taken(0), LPI + 1);
	event_command(CMD_INT, DEV, 0);
	event_command(CMD_DISCARD, DEV, 0);
	CHECK(!vw_irq(0));
	message(DEV, 0);
	CHECK(said("is not mapped"));
	event_command(CMD_DISCARD, DEV, 0);
	CHECK(said("command 0x0f for device 0x10, event 0: what it names is not mapped"));
	/* The LPI is free for another event then. */
	mapti(DEV, 5, LPI, 1);
	message(DEV, 5);
	CHECK_EQ(taken(1), LPI);
	mapti(DEV, 6, LPI, 1);
	CHECK(said("the LPI is another event's"));
	/* MAPI: the event's number is the LPI's. */
	mapd(DEV + 1, 11, true);
	command(0x0b | (DEV + 1ull) << 32, 77, 0, 0);
	CHECK(said("a number is beyond"));
	/* A device that is mapped anew has nothing of before. */
	message(DEV, 1);
	CHECK(vw_irq(0));
	mapd(DEV, 5, true);
	CHECK(!vw_irq(0));
	message(DEV, 1);
	CHECK(said("is not mapped"));
	mapti(DEV, 6, LPI, 1);
	message(DEV, 6);
	CHECK_EQ(taken(1), LPI);
	mapd(DEV, 5, false);
	message(DEV, 6);
	CHECK(said("is not mapped"));
	vw_check();
	vw_end();
}

/* --- tables ----------------------------------------------------------------------------- */

TEST(pending_tables)
{
	begin(2);
	device(DEV, LPI + 100, 3, 0);
	/* Off: what is pending goes into the table, slots included; on: it comes back. */
	message(DEV, 0);
	message(DEV, 2);
	CHECK(vw_irq(0));
	lpis(0, false);
	CHECK(!vw_irq(0));
	CHECK_EQ(*lpi_pending(0, LPI + 100) >> (LPI + 100) % 8 & 7, 5);
	lpis(0, true);
	CHECK_EQ(taken(0), LPI + 100);
	CHECK_EQ(taken(0), LPI + 102);
	CHECK_EQ(taken(0), VW_SPURIOUS);
	/* Messages meanwhile are not lost. */
	lpis(0, false);
	message(DEV, 1);
	CHECK(!vw_irq(0));
	rd_w64(0, RD_PENDBASE, PEND_TABLE(0) | 1ull << 62);
	lpis(0, true);
	CHECK_EQ(taken(0), LPI + 101);
	CHECK_EQ(taken(0), VW_SPURIOUS);
	/* What was pending before the LPI was mapped. */
	lpis(1, false);
	memset(vgic_mem(PEND_TABLE(1)), 0, 2048);
	*lpi_pending(1, LPI + 3000) = 1;
	*lpi_pending(1, LPI + 8191) = 0x80;
	lpi_config(LPI + 3000, 0, true);
	lpi_config(LPI + 8191, 8, true);
	lpis(1, true);
	CHECK_EQ(taken(1), LPI + 3000);
	CHECK_EQ(taken(1), LPI + 8191);
	CHECK_EQ(taken(1), VW_SPURIOUS);
	/* Tables that are not in memory. */
	lpis(0, false);
	rd_w64(0, RD_PENDBASE, 0x10000);
	lpis(0, true);
	message(DEV, 0);
	lpis(0, false);
	lpis(0, true);
	CHECK_EQ(taken(0), LPI + 100);
	vw_check();
	vw_end();
}

TEST(table_sizes)
{
	begin(1);
	/* 4 KiB of entries of 8 bytes: more than there are devices. */
	mapd(255, 1, true);
	CHECK_STR(fake_log_text(), "");
	mapd(256, 1, true);
	CHECK(said("a number is beyond what the tables or the ITS have room for"));
	mapd(~0u, 1, true);
	mapd(DEV, 12, true);
	CHECK(said("a number is beyond"));
	mapd(DEV, 11, true);
	mapti(DEV, 2047, LPI, 0);
	CHECK_STR(fake_log_text(), "");
	mapti(DEV, 2048, LPI + 1, 0);
	CHECK(said("a number is beyond"));
	mapti(DEV, 0, LPI + 8192, 0);
	CHECK(said("a number is beyond"));
	mapti(DEV, 0, LPI - 1, 0);
	CHECK(said("a number is beyond"));
	mapti(DEV, 0, 40, 0);
	CHECK(said("a number is beyond"));
	mapti(DEV, 0, LPI + 1, 256);
	CHECK(said("a number is beyond"));
	mapc(256, 0, true);
	CHECK(said("a number is beyond"));
	mapc(255, 1, true);
	CHECK(said("what it names is not mapped"));
	mapti(9, 0, LPI + 1, 0);
	CHECK(said("what it names is not mapped"));
	movi(DEV, 2047, 200);
	CHECK(said("what it names is not mapped"));
	invall(200);
	CHECK(said("what it names is not mapped"));
	movall(0, 7);
	CHECK(said("what it names is not mapped"));
	command(0x77, 0, 0, 0);
	CHECK(said("command 0x77 for device 0x0, event 0: there is no such command"));
	/* Tables of no size. */
	vw_write(0, vw_its(), CTLR, 4, 0);
	its_w(BASER, 0);
	its_w(BASER + 8, 0);
	its_w(CBASER, 1ull << 63 | QUEUE | (QUEUE_SIZE / 0x1000 - 1));
	vw_write(0, vw_its(), CTLR, 4, 1);
	fake_log_clear();
	mapd(1, 1, true);
	CHECK(said("a number is beyond"));
	mapc(1, 0, true);
	CHECK(said("a number is beyond"));
	/* A smaller table of properties has fewer LPIs. */
	lpis(0, false);
	rd_w64(0, RD_PROPBASE, PROP_TABLE | 12);
	lpis(0, true);
	vw_end();
}

/* What a guest can make the hypervisor take is bounded. */
TEST(memory_bound)
{
	size_t before, all;

	begin(1);
	before = vw_heap_bytes();
	for (unsigned d = 0; d < 256; d++) {
		mapd(d, 11, true);
		mapti(d, 2047, LPI + d * 32, 0);
	}
	CHECK(said("no memory is left for it"));
	all = vw_heap_bytes() - before;
	CHECK(all < 256 * 1024);
	for (unsigned d = 0; d < 256; d++)
		mapd(d, 11, false);
	for (unsigned i = 0; i < 8192; i++) {
		if (i % 2048 == 0)
			mapd(i / 2048, 11, true);
		mapti(i / 2048, i % 2048, LPI + i, 0);
	}
	fake_log_clear();
	mapti(0, 0, LPI + 8191, 0);
	CHECK(said("the LPI is another event's"));
	CHECK(vw_heap_bytes() - before < 256 * 1024);
	vw_reset();
	CHECK(vw_heap_bytes() <= before);
	vw_end();
}

/* --- queues ----------------------------------------------------------------------------- */

TEST(long_queue)
{
	unsigned yields, n = QUEUE_SIZE / 32 - 1;

	begin(1);
	device(DEV, LPI, 1, 0);
	/* All of it full of commands that go through everything: others run in between. */
	vw_write(0, vw_its(), CTLR, 4, 0);
	its_w(CBASER, 1ull << 63 | QUEUE | (QUEUE_SIZE / 0x1000 - 1));
	vw_write(0, vw_its(), CTLR, 4, 1);
	for (unsigned i = 0; i < n; i++)
		put_command(i * 32, 0x0d, 0, 0, 0);
	yields = vgic_yields();
	its_w(CWRITER, n * 32);
	CHECK_EQ(its_r(CREADR), n * 32);
	CHECK(vgic_yields() - yields > n / 8);
	/* Asked to stop, the vCPU leaves after one turn; who looks later has it go on. */
	put_command(n * 32, 0x0d, 0, 0, 0);
	vw_vcpu(0)->requests = VCPU_REQ_STOP;
	vw_hold(true);
	its_w(CWRITER, (n - 1) * 32);
	CHECK(vw_its()->emu->regs->count);
	vw_vcpu(0)->requests = 0;
	vw_hold(false);
	CHECK_EQ(its_r(CREADR), (n - 1) * 32);
	vw_end();
}

TEST(queue_out_of_memory)
{
	begin(1);
	vw_write(0, vw_its(), CTLR, 4, 0);
	its_w(CBASER, 1ull << 63 | (VGIC_MEM + VGIC_MEM_SIZE - 0x1000) | 1);
	vw_write(0, vw_its(), CTLR, 4, 1);
	for (unsigned i = 0; i < 0x1000; i += 32)
		put_command(i + 0x7f000, 0x05, 0, 0, 0);
	its_w(CWRITER, 0x1020);
	CHECK(said("command queue at 0x400ff000 is not in memory"));
	CHECK_EQ(its_r(CREADR), 0x1001);
	/* Once more, and it is as before. */
	its_w(CWRITER, 0x1021);
	CHECK_EQ(its_r(CREADR), 0x1001);
	/* A queue that is switched off is not looked at. */
	vw_write(0, vw_its(), CTLR, 4, 0);
	its_w(CBASER, QUEUE | 1);
	vw_write(0, vw_its(), CTLR, 4, 1);
	its_w(CWRITER, 0x20);
	CHECK_EQ(its_r(CREADR), 0);
	vw_end();
}

TEST(resets)
{
	begin(2);
	device(DEV, LPI, 3, 1);
	message(DEV, 0);
	CHECK(vw_irq(1));
	vw_reset();
	vw_load(0, 0);
	vw_load(1, 1);
	CHECK_EQ(vw_rr(0, RD_CTLR), 2);
	CHECK_EQ(its_r(CBASER), 0);
	CHECK_EQ(its_r(CWRITER), 0);
	CHECK_EQ(its_r(BASER), 1ull << 56 | 7ull << 48);
	message(DEV, 0);
	CHECK(!vw_irq(1));
	vw_check();
	vw_end();
	/* A vCPU that is turned off and on keeps its LPIs. */
	begin(2);
	device(DEV, LPI, 1, 1);
	message(DEV, 0);
	vw_restart(1);
	vw_load(1, 1);
	vw_interface(1, 3, 0xf8, false);
	CHECK_EQ(vw_rr(1, RD_CTLR), 3);
	CHECK_EQ(taken(1), LPI);
	vw_end();
}

TEST(refused)
{
	struct emu_dev *dev;

	vw_begin(&(struct vw_config){ .version = 2, .vcpus = 1, .irqs = 64, .slots = 4 });
	dev = vw_second("arm,gic-v3-its");
	CHECK_EQ(dev->emu->probe(dev), 0);
	CHECK_EQ(dev->emu->ready(dev), -ENOENT);
	CHECK(said("an ITS belongs to a GICv3"));
	dev->emu->remove(dev);
	vw_second_free(dev);
	vw_end();
}

/* --- against a simple model ----------------------------------------------------------------- */

#define MODEL_LPIS 60

/* Anything at random; every LPI that is enabled and pending is taken where it belongs. */
static void model(bool soft, bool active)
{
	struct {
		bool pending, enabled;
		unsigned vcpu;
	} lpi[MODEL_LPIS] = { 0 };

	begin_as(3, soft, active);
	mapd(DEV, 6, true);
	for (unsigned i = 0; i < MODEL_LPIS; i++) {
		lpi[i].vcpu = i % 3;
		mapti(DEV, i, LPI + i, i % 3);
	}
	for (unsigned n = 0; n < 4000; n++) {
		unsigned i = (unsigned)unit_random_below(MODEL_LPIS), v, irq;

		switch (unit_random_below(8)) {
		case 0:
			lpi[i].enabled = !lpi[i].enabled;
			lpi_config(LPI + i, i * 8 & 0x78, lpi[i].enabled);
			event_command(CMD_INV, DEV, i);
			break;
		case 1:
			lpi[i].vcpu = (unsigned)unit_random_below(3);
			movi(DEV, i, lpi[i].vcpu);
			break;
		case 2:
			lpi[i].pending = false;
			event_command(CMD_CLEAR, DEV, i);
			break;
		case 3:
		case 4:
			lpi[i].pending = true;
			message(DEV, i);
			break;
		case 5:
			v = (unsigned)unit_random_below(3);
			vw_unload(v);
			vw_load(v, v);
			break;
		default:
			v = (unsigned)unit_random_below(3);
			for (unsigned k = 0; k < 6; k++)
				vw_settle(k % 3); /* what each was asked for */
			irq = vw_ack(v);
			if (irq == VW_SPURIOUS) {
				for (i = 0; i < MODEL_LPIS; i++)
					CHECK(!(lpi[i].pending && lpi[i].enabled &&
						lpi[i].vcpu == v));
				break;
			}
			i = irq - LPI;
			CHECK(lpi[i].pending && lpi[i].enabled && lpi[i].vcpu == v);
			lpi[i].pending = false;
			vw_eoi(v, irq);
			break;
		}
		vw_check();
	}
	vw_end();
}

TEST(at_random)
{
	model(false, false);
	model(false, true);
	model(true, false);
}
