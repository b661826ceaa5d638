/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * arch/x86/host/apic.c on a CPU whose model-specific registers are played here: each write is held
 * against what the manual allows (Intel SDM volume 3, 11.12: x2APIC; 11.5.4.1: deadlines), as no
 * machine of QEMU's emulation has either.
 */
#include "x86/port/asm.h"

#include <core/log.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"
/* Its data are reset here. */
#include "../../arch/x86/host/apic.c"

struct x86_features x86_features;

static uint64_t base, msrs[0x40], deadline;
static unsigned mmio_writes, icr_writes, eois;
static uint8_t page[4096];

/* Bits that may be set, by number; those that are not here cannot be written. */
static const struct {
	uint8_t reg;
	uint64_t allowed;
} writable[] = {
	{ 0x08, 0xff },	     { 0x0b, 0 },	{ 0x0f, 0x11ff },  { 0x28, 0 },
	{ 0x30, 0xffffffff000ccfff }, { 0x32, 0x700ff }, { 0x33, 0x107ff }, { 0x34, 0x107ff },
	{ 0x35, 0x1a7ff },   { 0x36, 0x1a7ff }, { 0x37, 0x100ff }, { 0x38, 0xffffffff },
	{ 0x3e, 0xb },	     { 0x3f, 0xff },
};

struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
	return (struct cpuid){ leaf ? 0 : 0xb, 1, 0, 0x12345 };
}

uint64_t rdmsr(uint32_t msr)
{
	if (msr == MSR_APIC_BASE)
		return base;
	/* The others fault before x2APIC is on; ICR's upper half has no register. */
	CHECK(msr >= MSR_X2APIC && msr < MSR_X2APIC + 0x40 && msr != MSR_X2APIC + 0x31);
	CHECK(base & BASE_X2APIC);
	return msrs[(msr - MSR_X2APIC) % 0x40];
}

static void write_base(uint64_t v)
{
	uint64_t modes = BASE_ENABLE | BASE_X2APIC;

	REQUIRE((v & modes) != BASE_X2APIC);
	/* From off by xAPIC only, and no way back to it. */
	REQUIRE(!((v & BASE_X2APIC) && !(base & BASE_ENABLE)));
	REQUIRE(!((base & BASE_X2APIC) && (v & modes) == BASE_ENABLE));
	CHECK_EQ(v & ~modes, base & ~modes);
	base = v;
}

void wrmsr(uint32_t msr, uint64_t v)
{
	uint32_t reg = msr - MSR_X2APIC;
	size_t i;

	if (msr == MSR_APIC_BASE) {
		write_base(v);
		return;
	}
	if (msr == MSR_TSC_DEADLINE) {
		/* Ignored unless the timer is in that mode already. */
		CHECK((registers ? page[0x322] << 16 : (int)msrs[0x32]) & LVT_DEADLINE);
		deadline = v;
		return;
	}
	REQUIRE(base & BASE_X2APIC);
	for (i = 0; i < ARRAY_SIZE(writable) && writable[i].reg != reg; i++)
		;
	REQUIRE(i < ARRAY_SIZE(writable));
	REQUIRE(!(v & ~writable[i].allowed));
	icr_writes += reg == APIC_ICR;
	eois += reg == APIC_EOI;
	msrs[reg] = v;
}

void *early_map_device(hpa_t pa)
{
	CHECK_EQ(pa, 0xfee00000);
	return page;
}

uint64_t host_mmio_read(const volatile void *a, unsigned int size)
{
	CHECK_EQ(size, 4);
	return *(const volatile uint32_t *)a;
}

void host_mmio_write(volatile void *a, unsigned int size, uint64_t value)
{
	CHECK_EQ(size, 4);
	CHECK((uintptr_t)((volatile uint8_t *)a - page) % 16 == 0);
	mmio_writes++;
	*(volatile uint32_t *)a = (uint32_t)value;
}

void pio_write8(uint16_t port, uint8_t v)
{
	CHECK((port == 0x21 || port == 0xa1) && v == 0xff);
}

uint64_t arch_cpu_hwid(unsigned id)
{
	return 0x12340000u + id;
}

uint64_t tsc_measure(uint64_t (*what)(void), unsigned milliseconds)
{
	CHECK_EQ(milliseconds, 10);
	(void)what();
	return 5000000;
}

unsigned long host_irq_save(void)
{
	return 0;
}

void host_irq_restore(unsigned long flags)
{
}

void host_relax(void)
{
}

void panic(const char *fmt, ...)
{
	(void)fmt;
	abort();
}

static void begin(bool x2apic, bool has_deadline)
{
	x86_features = (struct x86_features){ .x2apic = x2apic, .deadline = has_deadline,
					      .tsc_invariant = true };
	registers = x2apic ? NULL : page;
	deadline_mode = false;
	timer_freq = 0;
	base = 0xfee00900; /* the boot CPU's, enabled */
	memset(msrs, 0, sizeof(msrs));
	memset(page, 0, sizeof(page));
	mmio_writes = icr_writes = eois = 0;
	deadline = 0;
}

TEST(x2apic_is_reached_by_msrs_only)
{
	begin(true, true);
	apic_init_cpu();
	CHECK_EQ(base, 0xfee00d00);
	CHECK_EQ(msrs[APIC_SPIV], 0x1ff);
	CHECK_EQ(msrs[APIC_LVT_LINT1], 0x400);
	CHECK(msrs[APIC_LVT_TIMER] & LVT_MASKED);
	apic_send(3, 0xf1);
	CHECK_EQ(msrs[APIC_ICR], 0x12340003000040f1);
	apic_send_init(7);
	CHECK_EQ(msrs[APIC_ICR], 0x700004500);
	apic_send_startup(7, 0x9c);
	CHECK_EQ(msrs[APIC_ICR], 0x70000469c);
	apic_send_nmi(0x12340001);
	CHECK_EQ(msrs[APIC_ICR], 0x1234000100004400);
	apic_send_self(0xf2);
	CHECK_EQ(msrs[APIC_ICR], 0x440f2);
	CHECK_EQ(icr_writes, 5);
	apic_eoi();
	CHECK_EQ(eois, 2);
	CHECK_EQ(apic_own_id(), 0x12345);
	CHECK_EQ(mmio_writes, 0);
}

TEST(deadlines_are_set_in_deadline_mode)
{
	begin(true, true);
	apic_init_cpu();
	apic_timer_init();
	CHECK(apic_timer_deadline() && !(msrs[APIC_LVT_TIMER] & LVT_MASKED));
	CHECK_EQ(msrs[APIC_LVT_TIMER], 0x400f0);
	apic_timer_set(0x123456789abc);
	CHECK_EQ(deadline, 0x123456789abc);
	apic_timer_stop();
	CHECK_EQ(deadline, 0);
	/* Another CPU comes: its timer is in that mode, and not masked. */
	memset(msrs, 0, sizeof(msrs));
	base = 0xfee00800;
	apic_init_cpu();
	CHECK_EQ(msrs[APIC_LVT_TIMER], 0x400f0);
	CHECK_EQ(base, 0xfee00c00);
}

TEST(counts_where_there_are_no_deadlines)
{
	begin(true, false);
	apic_init_cpu();
	apic_timer_init();
	CHECK(!apic_timer_deadline());
	CHECK_EQ(apic_timer_freq(), 500000000);
	CHECK_EQ(msrs[APIC_LVT_TIMER], 0xf0);
	CHECK_EQ(msrs[APIC_TIMER_DIVIDE], 0xb);
	apic_timer_set(77);
	CHECK_EQ(msrs[APIC_TIMER_INIT], 77);
	apic_timer_stop();
	CHECK_EQ(msrs[APIC_TIMER_INIT], 0);
}

static uint32_t in_page(unsigned reg)
{
	return *(uint32_t *)(void *)(page + 16 * reg);
}

TEST(xapic_is_reached_by_memory_only)
{
	begin(false, true);
	apic_init_cpu();
	CHECK_EQ(base, 0xfee00900);
	CHECK_EQ(in_page(APIC_SPIV), 0x1ff);
	apic_send_startup(7, 0x9c);
	CHECK_EQ(in_page(APIC_ICR2), 7u << 24);
	CHECK_EQ(in_page(APIC_ICR), 0x469c);
	apic_send_self(0xf2);
	CHECK_EQ(in_page(APIC_ICR2), 7u << 24); /* of what an NMI came between */
	CHECK_EQ(in_page(APIC_ICR), 0x440f2);
	apic_timer_init();
	CHECK_EQ(in_page(APIC_LVT_TIMER), 0x400f0);
	apic_timer_set(5);
	CHECK_EQ(deadline, 5);
}
