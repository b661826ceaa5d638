/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupt controllers of a PC: 8259s, IOAPIC and local APICs, with a CPU that takes what it is
 * given when the test lets it. What a CPU sees is what arch_vintc_vector() was told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <core/vintc.h>
#include <libs/errno.h>

#include "emu_world.h"
#include "unit.h"

#define VCPUS 4
#define LAPIC 0xfee00000ull

/* --- the CPUs ---------------------------------------------------------------------------- */

static struct cpu {
	struct vcpu vcpu;
	bool open;   /* takes interrupts */
	uint8_t tpr;
	int offered; /* last one that was not taken, -1: nothing waits */
	int taken;
	unsigned nmis, starts;
	uint64_t pc;
} cpus[VCPUS];

static struct cpu *cpu_of(const struct vcpu *v)
{
	return container_of(v, struct cpu, vcpu);
}

bool arch_vintc_vector(struct vcpu *v, int vector, bool ignore_tpr)
{
	struct cpu *c = cpu_of(v);

	c->offered = vector;
	if (vector < 0 || !c->open || (!ignore_tpr && vector >> 4 <= c->tpr >> 4))
		return false;
	c->open = false;
	c->offered = -1;
	c->taken = 0x1000 + vector;
	return true;
}

uint8_t arch_vintc_tpr(const struct vcpu *v)
{
	return cpu_of(v)->tpr;
}

void arch_vintc_set_tpr(struct vcpu *v, uint8_t tpr)
{
	cpu_of(v)->tpr = tpr;
}

bool arch_vintc_masked(const struct vcpu *v)
{
	return !cpu_of(v)->open;
}

void arch_vintc_nmi(struct vcpu *v)
{
	cpu_of(v)->nmis++;
}

void vcpu_request(struct vcpu *v, uint32_t request)
{
	v->requests |= request;
}

void vcpu_wake(struct vcpu *v)
{
	vcpu_request(v, VCPU_REQ_VINTC);
}

int vcpu_power_on(struct vcpu *v, uint64_t pc, uint64_t arg)
{
	if (v->power != VCPU_OFF)
		return -EEXIST;
	v->power = VCPU_ON;
	cpu_of(v)->starts++;
	cpu_of(v)->pc = pc;
	CHECK_EQ(arg, BIT(63));
	v->guest->vintc->reset_vcpu(v);
	return 0;
}

void vcpu_power_off(struct vcpu *v)
{
	v->power = VCPU_OFF;
}

uint64_t time_of_ticks(uint64_t ticks)
{
	return ticks / 2; /* a counter of 2 GHz */
}

/* @return 0x1000 + the vector that CPU n takes now; -1: none, -2: one waits but not for now */
static int take(unsigned n)
{
	struct cpu *c = &cpus[n];
	bool looks = c->vcpu.requests & VCPU_REQ_VINTC;

	c->open = true;
	c->vcpu.requests = 0;
	if (looks || c->offered >= 0) {
		c->offered = -1;
		world_guest()->vintc->flush(&c->vcpu);
	}
	if (c->open)
		return c->offered < 0 ? -1 : -2;
	return c->taken;
}

/* The vector in service highest. */
static int in_service(struct emu_dev *lapic, unsigned n)
{
	for (int i = 7; i >= 0; i--) {
		struct emu_access acc = { .vcpu = &cpus[n].vcpu, .offset = 0x100 + 16 * i,
					  .size = 4 };

		if (emu_access(lapic, &acc) == EMU_OK && acc.value)
			return 32 * i + 31 - __builtin_clz((uint32_t)acc.value);
	}
	return -1;
}

/* --- the devices ------------------------------------------------------------------------- */

static struct emu_dev *lapic, *ioapic, *pic1, *pic2, *elcr;
static struct vcpu *vcpus[VCPUS];

static struct emu_dev *device(const char *name, const char *compatible, uint64_t gpa, uint64_t size)
{
	struct emu_dev *dev = calloc(1, sizeof(*dev));

	dev->guest = world_guest();
	dev->node = world_node(name, compatible);
	dev->region = calloc(1, sizeof(*dev->region));
	dev->region->gpa = gpa;
	dev->region->size = size;
	dev->region->dev = dev;
	snprintf(dev->name, sizeof(dev->name), "g/%s", name);
	dev->emu = emu_find(dev->node, &dev->match_data);
	if (!dev->emu || dev->emu->probe(dev))
		abort();
	list_add_tail(&dev->guest->devices, &dev->link);
	return dev;
}

static void setup(void)
{
	struct emu_dev *dev;

	world_begin();
	memset(cpus, 0, sizeof(cpus));
	for (unsigned i = 0; i < VCPUS; i++) {
		vcpus[i] = &cpus[i].vcpu;
		vcpus[i]->id = i;
		vcpus[i]->guest = world_guest();
		vcpus[i]->power = i ? VCPU_OFF : VCPU_ON;
		cpus[i].offered = -1;
	}
	world_guest()->vcpus = vcpus;
	world_guest()->nr_vcpus = VCPUS;
	ioapic = device("ioapic", "intel,ce4100-ioapic", 0xfec00000, 0x1000);
	lapic = device("lapic", "intel,ce4100-lapic", LAPIC, 0x100000);
	pic1 = device("pic", "intel,i8259", 0x20, 2);
	pic2 = device("pic2", "intel,i8259-slave", 0xa0, 2);
	elcr = device("elcr", "intel,i8259-elcr", 0x4d0, 2);
	list_for_each_entry(dev, &world_guest()->devices, link) {
		if (dev->emu->ready && dev->emu->ready(dev))
			abort();
		if (dev->emu->reset)
			dev->emu->reset(dev);
	}
}

static void teardown(void)
{
	CHECK_EQ(world_end(), 0);
}

static uint32_t rd(unsigned n, unsigned offset)
{
	struct emu_access acc = { .vcpu = vcpus[n], .offset = offset, .size = 4 };

	CHECK_EQ(emu_access(lapic, &acc), EMU_OK);
	return (uint32_t)acc.value;
}

static void wr(unsigned n, unsigned offset, uint32_t value)
{
	struct emu_access acc = { .vcpu = vcpus[n], .offset = offset, .size = 4, .value = value,
				  .is_write = true };

	CHECK_EQ(emu_access(lapic, &acc), EMU_OK);
}

static void io_entry(unsigned pin, uint64_t entry)
{
	world_write(ioapic, 0, 4, 0x10 + 2 * pin);
	world_write(ioapic, 0x10, 4, (uint32_t)entry);
	world_write(ioapic, 0, 4, 0x11 + 2 * pin);
	world_write(ioapic, 0x10, 4, entry >> 32);
}

static void line(unsigned irq, bool level)
{
	world_guest()->vintc->set_line(world_guest(), NULL, irq, level);
}

static void enable_all(void)
{
	for (unsigned i = 0; i < VCPUS; i++)
		wr(i, 0xf0, 0x1ff);
}

/* The usual initialisation by Linux: vectors 0x30 and 0x38. */
static void init_pics(uint8_t mask1, uint8_t mask2)
{
	static const uint8_t first[] = { 0x30, 4, 1 }, second[] = { 0x38, 2, 1 };

	world_write(pic1, 0, 1, 0x11);
	world_write(pic2, 0, 1, 0x11);
	for (unsigned i = 0; i < 3; i++) {
		world_write(pic1, 1, 1, first[i]);
		world_write(pic2, 1, 1, second[i]);
	}
	world_write(pic1, 1, 1, mask1);
	world_write(pic2, 1, 1, mask2);
}

/* --- 8259 -------------------------------------------------------------------------------- */

TEST(pic_edges)
{
	setup();
	init_pics(0, 0);
	CHECK_EQ(take(0), -1);
	line(0, true);
	CHECK_EQ(world_read(pic1, 0, 1), 1); /* asked */
	CHECK_EQ(take(0), 0x1030);
	CHECK_EQ(world_read(pic1, 0, 1), 0);
	world_write(pic1, 0, 1, 0x0b);
	CHECK_EQ(world_read(pic1, 0, 1), 1); /* in service */
	line(1, true);
	line(0, false);
	line(0, true);
	CHECK_EQ(take(0), -1);
	world_write(pic1, 0, 1, 0x20);
	CHECK_EQ(take(0), 0x1030); /* the higher one first */
	world_write(pic1, 0, 1, 0x60); /* specific */
	CHECK_EQ(take(0), 0x1031);
	world_write(pic1, 0, 1, 0x20);
	/* A pulse is kept, one under a mask until it is lifted. */
	world_write(pic1, 1, 1, 0x08);
	world_guest()->vintc->pulse(world_guest(), NULL, 3);
	CHECK_EQ(take(0), -1);
	world_write(pic1, 1, 1, 0);
	CHECK_EQ(take(0), 0x1033);
	teardown();
}

TEST(pic_cascade)
{
	setup();
	init_pics(0, 0);
	line(8, true);
	line(12, true);
	CHECK_EQ(take(0), 0x1038);
	CHECK_EQ(take(0), -1);
	world_write(pic2, 0, 1, 0x20);
	world_write(pic1, 0, 1, 0x20);
	CHECK_EQ(take(0), 0x103c);
	line(1, true); /* above the second chip */
	CHECK_EQ(take(0), 0x1031);
	world_write(pic1, 0, 1, 0x20);
	world_write(pic2, 0, 1, 0x20);
	world_write(pic1, 0, 1, 0x20);
	CHECK_EQ(take(0), -1);
	/* Gone before it was taken, masked at the last moment: spurious. */
	line(13, true);
	cpus[0].vcpu.requests = 0;
	world_write(pic2, 1, 1, 0x20);
	CHECK_EQ(take(0), -1);
	teardown();
}

TEST(pic_levels)
{
	setup();
	init_pics(0, 0);
	world_write(elcr, 0, 2, 0xffff);
	CHECK_EQ(world_read(elcr, 0, 2), 0xdef8);
	line(5, true);
	CHECK_EQ(take(0), 0x1035);
	world_write(pic1, 0, 1, 0x20);
	CHECK_EQ(take(0), 0x1035); /* still there */
	line(5, false);
	world_write(pic1, 0, 1, 0x20);
	CHECK_EQ(take(0), -1);
	teardown();
}

TEST(pic_modes)
{
	setup();
	init_pics(0, 0);
	/* Rotation: what was served last is lowest. */
	line(3, true);
	line(4, true);
	CHECK_EQ(take(0), 0x1033);
	world_write(pic1, 0, 1, 0xa0);
	line(3, false);
	line(3, true);
	CHECK_EQ(take(0), 0x1034);
	world_write(pic1, 0, 1, 0x20);
	world_write(pic1, 0, 1, 0xc7); /* as before */
	CHECK_EQ(take(0), 0x1033);
	/* Special mask: what is masked does not block lower ones. */
	line(6, true);
	CHECK_EQ(take(0), -1);
	world_write(pic1, 1, 1, 0x08);
	world_write(pic1, 0, 1, 0x68);
	CHECK_EQ(take(0), 0x1036);
	world_write(pic1, 0, 1, 0x48);
	world_write(pic1, 1, 1, 0);
	world_write(pic1, 0, 1, 0x66);
	world_write(pic1, 0, 1, 0x63);
	/* Poll. */
	line(7, true);
	world_write(pic1, 0, 1, 0x0c);
	CHECK_EQ(world_read(pic1, 0, 1), 0x87);
	world_write(pic1, 0, 1, 0x20);
	world_write(pic1, 0, 1, 0x0c);
	CHECK_EQ(world_read(pic1, 0, 1), 0);
	/* Automatic end. */
	world_write(pic1, 0, 1, 0x11);
	world_write(pic1, 1, 1, 0x40);
	world_write(pic1, 1, 1, 4);
	world_write(pic1, 1, 1, 3);
	line(1, true);
	CHECK_EQ(take(0), 0x1041);
	line(2, true);
	world_write(pic1, 0, 1, 0x0b);
	CHECK_EQ(world_read(pic1, 0, 1), 0);
	teardown();
}

TEST(pic_and_lint0)
{
	setup();
	init_pics(0, 0);
	enable_all();
	wr(0, 0x350, 0x10700); /* LINT0 masked */
	line(0, true);
	CHECK_EQ(take(0), -1);
	wr(0, 0x350, 0x700);
	CHECK_EQ(take(0), 0x1030);
	world_write(pic1, 0, 1, 0x20);
	/* Priorities of the local APIC do not hold it up. */
	cpus[0].tpr = 0xff;
	line(1, true);
	CHECK_EQ(take(0), 0x1031);
	teardown();
}

/* --- IOAPIC ------------------------------------------------------------------------------ */

TEST(ioapic_registers)
{
	setup();
	world_write(ioapic, 0, 4, 1);
	CHECK_EQ(world_read(ioapic, 0x10, 4), 0x170020);
	io_entry(4, ~0ull);
	world_write(ioapic, 0, 4, 0x18);
	CHECK_EQ(world_read(ioapic, 0x10, 4), 0x1afff);
	world_write(ioapic, 0, 4, 0x19);
	CHECK_EQ(world_read(ioapic, 0x10, 4), 0xff000000);
	world_write(ioapic, 0, 4, 0xff);
	CHECK_EQ(world_read(ioapic, 0x10, 4), 0);
	world_write(ioapic, 0x10, 4, 0x12345678);
	CHECK_EQ(world_read(ioapic, 0x10, 1), WORLD_BAD | EMU_WIDTH);
	CHECK_EQ(world_read(ioapic, 0x14, 4), WORLD_BAD | EMU_WIDTH);
	CHECK_EQ(world_read(ioapic, 0x800, 4), WORLD_BAD | EMU_NONE);
	teardown();
}

TEST(ioapic_edges_and_levels)
{
	setup();
	enable_all();
	io_entry(2, 0x51); /* the PIT */
	io_entry(16, 0x8000 | 0x62 | 1ull << 56); /* level, to CPU 1 */
	line(0, true);
	CHECK_EQ(take(0), 0x1051);
	line(0, false);
	line(0, true);
	CHECK_EQ(take(0), -1); /* in service; and it waits */
	wr(0, 0xb0, 0);
	CHECK_EQ(take(0), 0x1051);
	wr(0, 0xb0, 0);
	line(16, true);
	line(16, true);
	CHECK_EQ(take(0), -1);
	CHECK_EQ(take(1), 0x1062);
	world_write(ioapic, 0, 4, 0x30);
	CHECK_EQ(world_read(ioapic, 0x10, 4), 0xc062);
	wr(1, 0xb0, 0);
	CHECK_EQ(take(1), 0x1062); /* the line is still up */
	line(16, false);
	wr(1, 0xb0, 0);
	CHECK_EQ(take(1), -1);
	/* Masked edges are lost, masked levels are not. */
	io_entry(2, 0x10051);
	line(0, false);
	line(0, true);
	io_entry(2, 0x51);
	CHECK_EQ(take(0), -1);
	io_entry(16, 0x18062);
	line(16, true);
	io_entry(16, 0x8062);
	CHECK_EQ(take(0), 0x1062);
	teardown();
}

/* --- local APICs ------------------------------------------------------------------------- */

TEST(lapic_registers)
{
	setup();
	CHECK_EQ(rd(2, 0x20), 2u << 24);
	CHECK_EQ(rd(0, 0x30), 0x50014);
	CHECK_EQ(rd(0, 0xf0), 0xff);
	CHECK_EQ(rd(0, 0x350), 0x700);
	CHECK_EQ(rd(1, 0x350), 0x10000);
	/* Off by software: entries stay masked, nothing is accepted. */
	wr(0, 0x320, 0xef);
	CHECK_EQ(rd(0, 0x320), 0x100ef);
	lapic->emu->msi(lapic, 0, 0, 0x41);
	CHECK_EQ(rd(0, 0x220), 0);
	wr(0, 0xf0, 0x1ff);
	wr(0, 0x320, 0xfffffff);
	CHECK_EQ(rd(0, 0x320), 0x700ff);
	wr(0, 0xd0, ~0u);
	CHECK_EQ(rd(0, 0xd0), 0xff000000);
	wr(0, 0xe0, 0);
	CHECK_EQ(rd(0, 0xe0), 0x0fffffff);
	/* Registers that are none, and an illegal vector: told by the error register. */
	wr(0, 0x50, 1);
	lapic->emu->msi(lapic, 0, 0, 5);
	wr(0, 0x280, 0);
	CHECK_EQ(rd(0, 0x280), 0xc0);
	wr(0, 0x280, 0);
	CHECK_EQ(rd(0, 0x280), 0);
	CHECK_EQ(world_read(lapic, 0x20, 1), 0);
	CHECK_EQ(world_write(lapic, 0xb0, 1, 0), EMU_WIDTH);
	CHECK_EQ(world_read(lapic, 0x1000, 4), WORLD_BAD | EMU_NONE);
	teardown();
}

TEST(priorities)
{
	setup();
	enable_all();
	lapic->emu->msi(lapic, 0, 0, 0x41);
	lapic->emu->msi(lapic, 0, 0, 0x52);
	lapic->emu->msi(lapic, 0, 0, 0x5f);
	CHECK_EQ(rd(0, 0x220), 0x80040002);
	CHECK_EQ(take(0), 0x105f);
	CHECK_EQ(in_service(lapic, 0), 0x5f);
	CHECK_EQ(rd(0, 0xa0), 0x50);
	CHECK_EQ(take(0), -1); /* of the same class */
	lapic->emu->msi(lapic, 0, 0, 0xf0);
	CHECK_EQ(take(0), 0x10f0);
	wr(0, 0xb0, 0);
	CHECK_EQ(in_service(lapic, 0), 0x5f);
	wr(0, 0xb0, 0);
	CHECK_EQ(take(0), 0x1052);
	wr(0, 0x80, 0x45);
	CHECK_EQ(rd(0, 0xa0), 0x50);
	wr(0, 0xb0, 0);
	CHECK_EQ(rd(0, 0xa0), 0x45);
	CHECK_EQ(take(0), -2); /* held by the task priority */
	CHECK(!world_guest()->vintc->pending(vcpus[0]));
	wr(0, 0x80, 0x30);
	cpus[0].open = true;
	CHECK(world_guest()->vintc->pending(vcpus[0]));
	CHECK_EQ(take(0), 0x1041);
	wr(0, 0xb0, 0);
	wr(0, 0xb0, 0); /* nothing in service */
	CHECK_EQ(take(0), -1);
	teardown();
}

static void ipi(unsigned from, uint32_t high, uint32_t low)
{
	wr(from, 0x310, high);
	wr(from, 0x300, low);
}

TEST(messages)
{
	setup();
	enable_all();
	ipi(0, 2u << 24, 0x44);
	CHECK_EQ(take(2), 0x1044);
	ipi(2, 0, 0x40045); /* to itself */
	CHECK_EQ(take(2), -1);
	wr(2, 0xb0, 0);
	CHECK_EQ(take(2), 0x1045);
	ipi(1, 0, 0x80051); /* to all */
	ipi(1, 0, 0xc0063); /* to the others */
	CHECK_EQ(take(0), 0x1063);
	CHECK_EQ(take(1), 0x1051);
	CHECK_EQ(take(3), 0x1063);
	/* Logical, flat and by clusters. */
	wr(3, 0xd0, 8u << 24);
	ipi(0, 8u << 24, 0x871);
	CHECK_EQ(take(3), 0x1071);
	wr(3, 0xe0, 0);
	wr(3, 0xd0, 0x12u << 24);
	ipi(0, 0x13u << 24, 0x883);
	CHECK_EQ(take(3), 0x1083);
	ipi(0, 0x23u << 24, 0x894);
	CHECK_EQ(take(3), -1);
	/* NMI; an illegal vector. */
	ipi(0, 1u << 24, 0x400);
	take(1);
	CHECK_EQ(cpus[1].nmis, 1);
	ipi(0, 1u << 24, 0x0f);
	wr(0, 0x280, 0);
	CHECK_EQ(rd(0, 0x280), 0x20);
	CHECK_EQ(rd(0, 0x300) & 0x1000, 0);
	teardown();
}

TEST(starting)
{
	setup();
	enable_all();
	wr(1, 0xf0, 0x1fe);
	ipi(0, 1u << 24, 0xc500); /* INIT */
	ipi(0, 1u << 24, 0x8500); /* its end */
	ipi(0, 1u << 24, 0x69a);
	CHECK_EQ(cpus[1].starts, 1);
	CHECK_EQ(cpus[1].pc, 0x9a000);
	CHECK_EQ(rd(1, 0xf0), 0xff); /* as after reset */
	ipi(0, 1u << 24, 0x69a); /* the second one is ignored */
	CHECK_EQ(cpus[1].starts, 1);
	ipi(0, 1u << 24, 0xc500);
	CHECK_EQ(vcpus[1]->power, VCPU_OFF);
	ipi(0, 0, 0xc0608);
	CHECK_EQ(cpus[1].starts, 2);
	CHECK_EQ(cpus[3].pc, 0x8000);
	CHECK_EQ(cpus[0].starts, 0);
	/* A device cannot; INIT of the first is a reset. */
	lapic->emu->msi(lapic, 1 << 12, 0, 0x500);
	CHECK_EQ(vcpus[1]->power, VCPU_ON);
	ipi(1, 0, 0x500);
	CHECK_EQ(world_resets(), 1);
	teardown();
}

/* --- x2APIC ------------------------------------------------------------------------------ */

static int msr(unsigned n, unsigned reg, bool is_write, uint64_t *value)
{
	return world_guest()->vintc->sysreg(vcpus[n], reg, is_write, value);
}

static uint64_t rdmsr(unsigned n, unsigned reg)
{
	uint64_t v = 0;

	return msr(n, reg, false, &v) ? 0xdead : v;
}

static int wrmsr(unsigned n, unsigned reg, uint64_t v)
{
	return msr(n, reg, true, &v);
}

TEST(x2apic)
{
	setup();
	enable_all();
	CHECK_EQ(rdmsr(0, 0x1b), 0xfee00900);
	CHECK_EQ(rdmsr(1, 0x1b), 0xfee00800);
	CHECK_EQ(rdmsr(0, 0x802), 0xdead); /* not yet */
	for (unsigned i = 0; i < VCPUS; i++)
		CHECK_EQ(wrmsr(i, 0x1b, 0xfee00c00), 0);
	CHECK_EQ(rdmsr(0, 0x1b), 0xfee00d00);
	CHECK_EQ(rdmsr(2, 0x802), 2);
	CHECK_EQ(rdmsr(2, 0x80d), 4);
	CHECK_EQ(rd(0, 0x20), 0xffffffff); /* registers in memory are gone */
	CHECK_EQ(wrmsr(0, 0x830, 3ull << 32 | 0x44), 0);
	CHECK_EQ(take(3), 0x1044);
	CHECK_EQ(wrmsr(3, 0x80b, 1), -ENOENT);
	CHECK_EQ(wrmsr(3, 0x80b, 0), 0);
	CHECK_EQ(wrmsr(1, 0x83f, 0x77), 0);
	CHECK_EQ(take(1), 0x1077);
	CHECK_EQ(rdmsr(1, 0x813), 1 << 23);
	CHECK_EQ(wrmsr(0, 0x830, 0xffffffffull << 32 | 0x55), 0);
	CHECK_EQ(take(2), 0x1055);
	CHECK_EQ(wrmsr(0, 0x830, 0x0000000cull << 32 | 0x866), 0); /* logical: 2 and 3 */
	CHECK_EQ(take(3), 0x1066);
	CHECK_EQ(take(0), 0x1055);
	/* Devices reach them all the same. */
	lapic->emu->msi(lapic, 3 << 12, 0, 0x93);
	CHECK_EQ(take(3), 0x1093);
	CHECK_EQ(wrmsr(0, 0x802, 1), -ENOENT);
	CHECK_EQ(wrmsr(0, 0x80e, 1), -ENOENT);
	CHECK_EQ(rdmsr(0, 0x80e), 0xdead);
	CHECK_EQ(wrmsr(0, 0x838, 1ull << 32), -ENOENT);
	CHECK_EQ(rdmsr(0, 0x850), 0xdead);
	/* Ways between the modes. */
	CHECK_EQ(wrmsr(0, 0x1b, 0xfee00800), -ENOENT);
	CHECK_EQ(wrmsr(0, 0x1b, 0xfee00400), -ENOENT);
	CHECK_EQ(wrmsr(0, 0x1b, 0xfed00800), -ENOENT);
	CHECK_EQ(wrmsr(0, 0x1b, 0xfee00000), 0);
	CHECK_EQ(wrmsr(0, 0x1b, 0xfee00c00), -ENOENT);
	CHECK_EQ(wrmsr(0, 0x1b, 0xfee00800), 0);
	teardown();
}

/* --- timer ------------------------------------------------------------------------------- */

TEST(timer_one_shot)
{
	setup();
	enable_all();
	wr(0, 0x320, 0xe0);
	wr(0, 0x3e0, 0xb); /* by 1 */
	wr(0, 0x380, 1000000);
	CHECK_EQ(rd(0, 0x390), 1000000);
	world_advance(400000);
	CHECK_EQ(rd(0, 0x390), 600000);
	CHECK_EQ(take(0), -1);
	world_advance(600000);
	CHECK_EQ(rd(0, 0x390), 0);
	CHECK_EQ(take(0), 0x10e0);
	wr(0, 0xb0, 0);
	world_advance(10000000);
	CHECK_EQ(take(0), -1);
	/* Dividers; stopping; masked. */
	wr(0, 0x3e0, 3); /* by 16 */
	wr(0, 0x380, 1000);
	world_advance(8000);
	CHECK_EQ(rd(0, 0x390), 500);
	wr(0, 0x380, 0);
	world_advance(100000);
	CHECK_EQ(take(0), -1);
	wr(0, 0x320, 0x100e0);
	wr(0, 0x380, 10);
	world_advance(1000);
	CHECK_EQ(take(0), -1);
	teardown();
}

TEST(timer_periodic)
{
	setup();
	enable_all();
	wr(1, 0x320, 0x200e1);
	wr(1, 0x3e0, 0xb);
	wr(1, 0x380, 1000000);
	for (unsigned i = 0; i < 3; i++) {
		world_advance(1000000);
		CHECK_EQ(take(1), 0x10e1);
		wr(1, 0xb0, 0);
	}
	/* Ticks that nobody took are one. */
	world_advance(10000000);
	CHECK_EQ(take(1), 0x10e1);
	wr(1, 0xb0, 0);
	CHECK_EQ(take(1), -1);
	/* None comes so often that nothing else would run. */
	wr(1, 0x380, 1);
	world_advance(1000);
	CHECK_EQ(take(1), -1);
	wr(1, 0x380, 0);
	CHECK_EQ(world_next_timer(), UINT64_MAX);
	teardown();
}

TEST(timer_deadline)
{
	setup();
	world_guest()->start_count = 500;
	enable_all();
	wr(0, 0x320, 0x400e2);
	wr(0, 0x380, 1000); /* means nothing now */
	CHECK_EQ(world_next_timer(), UINT64_MAX);
	CHECK_EQ(wrmsr(0, 0x6e0, 4000000000), 0); /* two seconds; the world is at one */
	CHECK_EQ(rdmsr(0, 0x6e0), 4000000000);
	CHECK_EQ(world_next_timer(), 2000000250);
	world_advance(1000000000);
	CHECK_EQ(take(0), -1);
	world_advance(250);
	CHECK_EQ(take(0), 0x10e2);
	CHECK_EQ(rdmsr(0, 0x6e0), 0);
	wr(0, 0xb0, 0);
	/* One that has passed comes at once; zero is none. */
	CHECK_EQ(wrmsr(0, 0x6e0, 1), 0);
	world_advance(0);
	CHECK_EQ(take(0), 0x10e2);
	wr(0, 0xb0, 0);
	CHECK_EQ(wrmsr(0, 0x6e0, 8000000000), 0);
	CHECK_EQ(wrmsr(0, 0x6e0, 0), 0);
	CHECK_EQ(world_next_timer(), UINT64_MAX);
	CHECK_EQ(wrmsr(0, 0x6e0, UINT64_MAX), 0);
	CHECK_EQ(world_next_timer(), UINT64_MAX);
	/* In another mode it is not written. */
	wr(0, 0x320, 0xe2);
	CHECK_EQ(wrmsr(0, 0x6e0, 8000000000), 0);
	CHECK_EQ(rdmsr(0, 0x6e0), 0);
	CHECK_EQ(world_next_timer(), UINT64_MAX);
	teardown();
}

TEST(reset_stops_all)
{
	setup();
	enable_all();
	wr(0, 0x320, 0x200e1);
	wr(0, 0x380, 1000000);
	lapic->emu->msi(lapic, 0, 0, 0x41);
	init_pics(0, 0);
	line(4, true);
	lapic->emu->reset(lapic);
	ioapic->emu->reset(ioapic);
	pic1->emu->reset(pic1);
	CHECK_EQ(world_next_timer(), UINT64_MAX);
	CHECK_EQ(take(0), -1);
	CHECK_EQ(rd(0, 0x220), 0);
	teardown();
}
