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

static void ask_others(va_t va, size_t size)
{
	unsigned n = cpu_count(), own, i;
	unsigned long flags;

	if (n == 1)
		return;
	flags = spin_lock_irqsave(&flush_lock);
	own = this_cpu()->id;
	flush_va = va;
	flush_size = size;
	flush_waiting = n - 1;
	__atomic_store_n(&flush_cpus, (n == 64 ? UINT64_MAX : BIT(n) - 1) & ~BIT(own),
			 __ATOMIC_RELEASE);
	for (i = 0; i < n; i++)
		if (i != own)
			apic_send_nmi((uint32_t)arch_cpu_hwid(i));
	while (__atomic_load_n(&flush_waiting, __ATOMIC_ACQUIRE))
		arch_relax();
	spin_unlock_irqrestore(&flush_lock, flags);
}

void arch_tlb_flush_va(va_t va, size_t size)
{
	flush_own(va, size);
	ask_others(va, size);
}

void tlb_leave_guests(void)
{
	ask_others(0, 0);
}
