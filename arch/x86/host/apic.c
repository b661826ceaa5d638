/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The local APIC, by memory or (x2APIC) by MSRs: enabling, end of interrupt, interrupts between
 * CPUs, its timer. All state is the CPU's own; how it is reached is decided once by the boot CPU.
 */
#include <port/apic.h>

#include <arch/barrier.h>
#include <arch/cpu.h>
#include <arch/irqflags.h>
#include <arch/mmio.h>
#include <arch/pio.h>
#include <arch/smp.h>
#include <core/log.h>
#include <port/asm.h>
#include <port/boot.h>
#include "features.h"

/* Registers, as offsets of 16 bytes; MSR 0x800 + that number */
enum {
	APIC_ID = 0x02, APIC_TPR = 0x08, APIC_EOI = 0x0b, APIC_SPIV = 0x0f, APIC_ESR = 0x28,
	APIC_ICR = 0x30, APIC_ICR2 = 0x31, APIC_LVT_TIMER = 0x32, APIC_LVT_LINT0 = 0x35,
	APIC_LVT_LINT1 = 0x36, APIC_LVT_ERROR = 0x37, APIC_TIMER_INIT = 0x38,
	APIC_TIMER_COUNT = 0x39, APIC_TIMER_DIVIDE = 0x3e,
};

#define BASE_ENABLE BIT(11)
#define BASE_X2APIC BIT(10)
#define SPIV_ENABLE 0x100
#define LVT_MASKED  0x10000
#define LVT_NMI	    0x400
#define LVT_DEADLINE 0x40000
#define DIVIDE_BY_1 0xb
#define ICR_BUSY    0x1000
#define ICR_ASSERT  0x4000
#define ICR_NMI	    0x400
#define ICR_SELF    0x40000
#define ICR_INIT    0x500
#define ICR_STARTUP 0x600

static uint8_t *registers;	/* NULL: by MSRs */
static bool deadline_mode;
static uint64_t timer_freq;

static inline uint32_t apic_read(unsigned reg)
{
	return registers ? mmio_read32(registers + 16 * reg) : (uint32_t)rdmsr(MSR_X2APIC + reg);
}

static inline void apic_write(unsigned reg, uint32_t v)
{
	if (registers)
		mmio_write32(registers + 16 * reg, v);
	else
		wrmsr(MSR_X2APIC + reg, v);
}

uint32_t apic_own_id(void)
{
	struct cpuid r = cpuid(0, 0);

	if (r.eax >= 0xb) {
		r = cpuid(0xb, 0);
		if (r.ebx)
			return r.edx;
	}
	return cpuid(1, 0).ebx >> 24;
}

/* The boot CPU decides; a firmware that has switched x2APIC on is followed by each CPU. */
static void choose(void)
{
	static bool chosen;
	uint64_t base = rdmsr(MSR_APIC_BASE);

	if (!chosen && !x86_features.x2apic) {
		registers = early_map_device(base & GENMASK(51, 12));
		if (!registers)
			panic("no room to map the local APIC");
	}
	chosen = true;
	base |= BASE_ENABLE;
	wrmsr(MSR_APIC_BASE, base);
	if (!registers)
		wrmsr(MSR_APIC_BASE, base | BASE_X2APIC);
}

void apic_init_cpu(void)
{
	/* The old interrupt controllers of a PC are not used. */
	pio_write8(0x21, 0xff);
	pio_write8(0xa1, 0xff);
	choose();
	apic_write(APIC_TPR, 0);
	apic_write(APIC_LVT_TIMER, LVT_MASKED | APIC_VECTOR_TIMER);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT_LINT1, LVT_NMI);
	apic_write(APIC_LVT_ERROR, LVT_MASKED);
	apic_write(APIC_SPIV, SPIV_ENABLE | APIC_VECTOR_SPURIOUS);
	apic_write(APIC_EOI, 0);
	if (deadline_mode)
		apic_write(APIC_LVT_TIMER, LVT_DEADLINE | APIC_VECTOR_TIMER);
	else
		apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
	if (timer_freq)
		apic_write(APIC_LVT_TIMER, APIC_VECTOR_TIMER);
}

void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

/* --- to other CPUs ---------------------------------------------------------------------------- */

static void send(uint32_t apic_id, uint32_t command)
{
	unsigned long flags;
	unsigned polls = 100000;

	arch_mb();
	if (!registers) {
		wrmsr(MSR_X2APIC + APIC_ICR, (uint64_t)apic_id << 32 | command);
		return;
	}
	flags = arch_irq_save();
	while (apic_read(APIC_ICR) & ICR_BUSY && --polls)
		arch_relax();
	apic_write(APIC_ICR2, apic_id << 24);
	apic_write(APIC_ICR, command);
	arch_irq_restore(flags);
}

/* An NMI may come between the two writes of send(): only the second one is made here. */
void apic_send_self(uint8_t vector)
{
	if (registers)
		apic_write(APIC_ICR, ICR_SELF | ICR_ASSERT | vector);
	else
		wrmsr(MSR_X2APIC + APIC_ICR, ICR_SELF | ICR_ASSERT | vector);
}

uint32_t apic_id_of(unsigned cpu)
{
	return (uint32_t)arch_cpu_hwid(cpu);
}

void apic_send(unsigned cpu, uint8_t vector)
{
	send(apic_id_of(cpu), ICR_ASSERT | vector);
}

void apic_send_init(uint32_t apic_id)
{
	send(apic_id, ICR_ASSERT | ICR_INIT);
}

void apic_send_startup(uint32_t apic_id, uint8_t page)
{
	send(apic_id, ICR_ASSERT | ICR_STARTUP | page);
}

void apic_send_nmi(uint32_t apic_id)
{
	send(apic_id, ICR_ASSERT | ICR_NMI);
}

void arch_smp_kick(unsigned cpu_id)
{
	apic_send(cpu_id, APIC_VECTOR_KICK);
}

/* --- the timer -------------------------------------------------------------------------------- */

static uint64_t elapsed(void)
{
	return UINT32_MAX - apic_read(APIC_TIMER_COUNT);
}

void apic_timer_init(void)
{
	if (x86_features.deadline && x86_features.tsc_invariant) {
		deadline_mode = true;
		apic_write(APIC_LVT_TIMER, LVT_DEADLINE | APIC_VECTOR_TIMER);
		return;
	}
	apic_write(APIC_TIMER_INIT, UINT32_MAX);
	timer_freq = tsc_measure(elapsed, 10) * 100;
	apic_write(APIC_TIMER_INIT, 0);
	apic_write(APIC_LVT_TIMER, APIC_VECTOR_TIMER);
}

bool apic_timer_deadline(void)
{
	return deadline_mode;
}

void apic_timer_count(uint32_t v)
{
	apic_write(APIC_TIMER_INIT, v);
}

uint64_t apic_timer_freq(void)
{
	return timer_freq;
}

void apic_timer_set(uint64_t v)
{
	if (deadline_mode) {
		wrmsr(MSR_TSC_DEADLINE, v);
		return;
	}
	apic_write(APIC_TIMER_INIT, (uint32_t)v);
}

void apic_timer_stop(void)
{
	apic_timer_set(0);
}
