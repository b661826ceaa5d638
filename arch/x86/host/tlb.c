/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Flushing translations on all CPUs. Whoever flushes holds locks with its IRQs masked, and others
 * may wait for these locks with theirs masked: so the others are asked by NMI, which nothing masks
 * for long. flush_lock lets one CPU ask at a time.
 */
#include <arch/pgtable.h>

#include <arch/cpu.h>
#include <arch/irqflags.h>
#include <core/cpu.h>
#include <core/spinlock.h>
#include <port/asm.h>
#include <port/cpu.h>
#include "features.h"

#define SINGLE_PAGES 64

static spinlock_t flush_lock = SPINLOCK_INIT;
static va_t flush_va;
static size_t flush_size;	/* 0: only leave the guest */
static uint32_t flush_waiting;	/* CPUs that have not done it yet */
static uint64_t flush_cpus;	/* bit per CPU: asked */

static void flush_own(va_t va, size_t size)
{
	va_t at;

	if (size > SINGLE_PAGES * PAGE_SIZE) {
		uint64_t cr4 = read_cr4();

		write_cr4(cr4 & ~(uint64_t)CR4_PGE);
		write_cr4(cr4);
		return;
	}
	for (at = va & PAGE_MASK; at < va + size; at += PAGE_SIZE)
		__asm__ volatile("invlpg (%0)" : : "r"(at) : "memory");
}

bool tlb_nmi(void)
{
	struct cpu *cpu = this_cpu();
	uint64_t own = cpu ? BIT(cpu->id) : 0;

	if (!(__atomic_load_n(&flush_cpus, __ATOMIC_ACQUIRE) & own))
		return false;
	flush_own(flush_va, flush_size);
	__atomic_fetch_and(&flush_cpus, ~own, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&flush_waiting, 1, __ATOMIC_RELEASE);
	return true;
}

/* Those of `cpus` that are others, and wait until they have done it. */
static void ask_others(uint64_t cpus, va_t va, size_t size)
{
	unsigned long flags = spin_lock_irqsave(&flush_lock);
	unsigned n = cpu_count();

	cpus &= (n == 64 ? UINT64_MAX : BIT(n) - 1) & ~BIT(this_cpu()->id);
	flush_va = va;
	flush_size = size;
	flush_waiting = (uint32_t)__builtin_popcountll(cpus);
	__atomic_store_n(&flush_cpus, cpus, __ATOMIC_RELEASE);
	for (; cpus; cpus &= cpus - 1)
		apic_send_nmi((uint32_t)arch_cpu_hwid((unsigned)__builtin_ctzll(cpus)));
	while (__atomic_load_n(&flush_waiting, __ATOMIC_ACQUIRE))
		arch_relax();
	spin_unlock_irqrestore(&flush_lock, flags);
}

void arch_tlb_flush_va(va_t va, size_t size)
{
	flush_own(va, size);
	if (cpu_count() > 1)
		ask_others(UINT64_MAX, va, size);
}

void tlb_leave_guests(uint64_t cpus)
{
	if (cpus & ~BIT(this_cpu()->id))
		ask_others(cpus, 0, 0);
}
