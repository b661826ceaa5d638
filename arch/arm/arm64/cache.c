/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maintenance of caches and TLBs. No state of its own.
 */
#include <arch/cache.h>

#include <arch/irqflags.h>
#include <arch/pgtable.h>
#include <libs/string.h>
#include <port/sysreg.h>

static size_t line_size(unsigned shift)
{
	return 4UL << ((READ_SYSREG(ctr_el0) >> shift) & 0xf);
}

void arch_cache_clean_inval(const void *va, size_t size)
{
	size_t line = line_size(16);
	uintptr_t at = ALIGN_DOWN((uintptr_t)va, line), end = (uintptr_t)va + size;

	for (; at < end; at += line)
		__asm__ volatile("dc civac, %0" : : "r"(at) : "memory");
	__asm__ volatile("dsb sy" : : : "memory");
}

void arch_cache_sync_code(const void *va, size_t size)
{
	size_t line = line_size(16);
	uintptr_t at = ALIGN_DOWN((uintptr_t)va, line), end = (uintptr_t)va + size;

	for (; at < end; at += line)
		__asm__ volatile("dc cvau, %0" : : "r"(at) : "memory");
	__asm__ volatile("dsb ish\n\tic ialluis\n\tdsb ish\n\tisb" : : : "memory");
}

void arch_cache_zero(void *va, size_t size)
{
	uint64_t dczid = READ_SYSREG(dczid_el0);
	size_t line = 4UL << (dczid & 0xf);
	uintptr_t at = (uintptr_t)va, end = at + size;

	if (dczid & BIT(4)) {
		memset(va, 0, size);
		return;
	}
	for (; at < end; at += line)
		__asm__ volatile("dc zva, %0" : : "r"(at) : "memory");
}

void arch_tlb_flush_va(va_t va, size_t size)
{
	va_t at;

	__asm__ volatile("dsb ishst" : : : "memory");
	if (size > 64 * PAGE_SIZE) {
		__asm__ volatile("tlbi alle2is" : : : "memory");
	} else {
		for (at = va & PAGE_MASK; at < va + size; at += PAGE_SIZE)
			__asm__ volatile("tlbi vae2is, %0" : : "r"(at >> 12) : "memory");
	}
	__asm__ volatile("dsb ish\n\tisb" : : : "memory");
}

/* The VMID that TLB maintenance means is that of VTTBR_EL2: borrow it. */
void arch_tlb_flush_guest(uint64_t vmid_root)
{
	unsigned long flags = arch_irq_save();
	uint64_t old = READ_SYSREG(vttbr_el2);

	WRITE_SYSREG(vttbr_el2, vmid_root);
	isb();
	__asm__ volatile("dsb ishst\n\ttlbi vmalls12e1is\n\tdsb ish\n\tisb" : : : "memory");
	WRITE_SYSREG(vttbr_el2, old);
	isb();
	arch_irq_restore(flags);
}

void arch_tlb_flush_gpa(uint64_t vmid_root, gpa_t gpa, uint64_t size)
{
	unsigned long flags;
	uint64_t old;
	gpa_t at;

	if (size > 64 * PAGE_SIZE) {
		arch_tlb_flush_guest(vmid_root);
		return;
	}
	flags = arch_irq_save();
	old = READ_SYSREG(vttbr_el2);
	WRITE_SYSREG(vttbr_el2, vmid_root);
	isb();
	__asm__ volatile("dsb ishst" : : : "memory");
	for (at = gpa & PAGE_MASK; at < gpa + size; at += PAGE_SIZE)
		__asm__ volatile("tlbi ipas2e1is, %0" : : "r"(at >> 12) : "memory");
	__asm__ volatile("dsb ish\n\ttlbi vmalle1is\n\tdsb ish\n\tisb" : : : "memory");
	WRITE_SYSREG(vttbr_el2, old);
	isb();
	arch_irq_restore(flags);
}
