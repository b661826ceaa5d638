/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SVM on each CPU, permission maps, and what a guest as a whole has: the root of its nested tables.
 * ASIDs are the CPU's: a vCPU takes a new one when it comes to a CPU or when its guest's tables
 * have changed, so that what was cached under the old one is never used again.
 */
#include <arch/guest.h>

#include <arch/irqflags.h>
#include <arch/pgtable.h>
#include <arch/vcpu_enter.h>
#include <core/cpu.h>
#include <core/guest.h>
#include <core/log.h>
#include <core/mem.h>
#include <libs/errno.h>
#include <libs/string.h>
#include <port/asm.h>
#include <port/cpu.h>
#include "../host/features.h"
#include "svm.h"

#define TLB_FLUSH_ALL 1
#define IOPM_PAGES    3
#define MSRPM_PAGES   2

static uint8_t iopm[IOPM_PAGES * PAGE_SIZE] aligned_to(4096) in_section(".bss.pages");
static uint8_t msrpm[MSRPM_PAGES * PAGE_SIZE] aligned_to(4096) in_section(".bss.pages");

uint64_t svm_iopm(void)
{
	return mem_va_to_hpa(iopm);
}

uint64_t svm_msrpm(void)
{
	return mem_va_to_hpa(msrpm);
}

/* Two bits for each MSR, in three ranges of 8192: read, write. */
static void allow_msr(uint32_t msr)
{
	uint32_t bit = (msr & 0x1fff) * 2;

	if (msr >= 0xc0010000)
		bit += 2 * 0x4000;
	else if (msr >= 0xc0000000)
		bit += 0x4000;
	msrpm[bit / 8] &= (uint8_t)~(3u << bit % 8);
}

/* Everything comes to us but what VMLOAD, VMSAVE and the load of a vCPU switch anyhow. */
static void maps_init(void)
{
	static const uint32_t allowed[] = {
		0x174, 0x175, 0x176, /* SYSENTER */
		MSR_STAR, MSR_STAR + 1, MSR_STAR + 2, MSR_STAR + 3,
		MSR_FS_BASE, MSR_GS_BASE, MSR_KERNEL_GS,
	};
	unsigned i;

	memset(iopm, 0xff, sizeof(iopm));
	memset(msrpm, 0xff, sizeof(msrpm));
	for (i = 0; i < ARRAY_SIZE(allowed); i++)
		allow_msr(allowed[i]);
	if (x86_features.rdtscp)
		allow_msr(MSR_TSC_AUX);
}

void svm_init_cpu(void)
{
	unsigned long flags = arch_irq_save(); /* on one CPU */
	struct x86_cpu *cpu = x86_this_cpu();
	uint8_t *pages;
	uint64_t cr4;

	if (cpu->host_vmcb) {
		arch_irq_restore(flags);
		return;
	}
	if (!iopm[0])
		maps_init();
	pages = page_alloc(2);
	if (!pages)
		panic("no memory for SVM on CPU %u", this_cpu()->id);
	/* Vector registers are guests', but they are saved and loaded here. */
	cr4 = read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT;
	write_cr4(x86_features.xsave ? cr4 | CR4_OSXSAVE : cr4);
	wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME);
	wrmsr(MSR_VM_HSAVE_PA, mem_va_to_hpa(pages));
	cpu->host_vmcb = mem_va_to_hpa(pages + PAGE_SIZE);
	__asm__ volatile("vmsave %0" : : "a"(cpu->host_vmcb) : "memory");
	asid_init(&cpu->asids);
	arch_irq_restore(flags);
}

void svm_take_asid(struct arch_vcpu *a)
{
	struct x86_cpu *cpu = x86_this_cpu();

	a->tlb_seen = READ_ONCE(*a->flushes);
	a->vmcb->tlb_control = 0;
	if (asid_take(&a->asid, &cpu->asids, cpu->cpu->id, x86_features.asids)) {
		a->vmcb->tlb_control = TLB_FLUSH_ALL;
		a->waits |= VCPU_WAITS_FLUSH;
	}
	a->vmcb->asid = a->asid.number;
	a->vmcb->clean &= ~CLEAN_ASID;
}

/* --- guests ----------------------------------------------------------------------------------- */

int arch_guest_init(struct guest *guest)
{
	static bool told;

	svm_init_cpu();
	if (arch_guest_cpus() != UINT64_MAX && !told)
		log_info("QEMU without KVM: guests stay off CPU 0 unless affinity names it");
	told = true;
	return 0;
}

void arch_guest_fini(struct guest *guest)
{
}

/*
 * No other CPU goes on with what it knew of the tables, and neither does this one. Who is not among
 * g->cpus yet sees the new number before it enters.
 */
static void tables_changed(struct arch_guest *g)
{
	unsigned long flags = arch_irq_save();

	__atomic_fetch_add(&g->flushes, 1, __ATOMIC_SEQ_CST);
	tlb_leave_guests(__atomic_load_n(&g->cpus, __ATOMIC_SEQ_CST));
	arch_irq_restore(flags);
}

void arch_guest_set_root(struct guest *guest, hpa_t root)
{
	guest->arch.root = root;
	guest->arch.flushes++;
}

uint64_t arch_guest_root(const struct guest *guest)
{
	return (uintptr_t)&guest->arch;
}

/*
 * In QEMU without KVM, FXRSTOR and XRSTOR on any CPU clear a flag of the first one (IGNNE), which
 * is in one word with its GIF and with whether it has nested paging, without a lock: a world switch
 * there loses one of them now and then, and the machine is gone without a word.
 */
uint64_t arch_guest_cpus(void)
{
	return x86_features.tcg && cpu_count() > 1 ? ~BIT(0) : UINT64_MAX;
}

gpa_t arch_guest_gpa_limit(void)
{
	return BIT(MIN(x86_features.pa_bits, 46u));
}

void arch_tlb_flush_guest(uint64_t token)
{
	tables_changed((struct arch_guest *)(uintptr_t)token);
}

void arch_tlb_flush_gpa(uint64_t token, gpa_t gpa, uint64_t size)
{
	tables_changed((struct arch_guest *)(uintptr_t)token);
}
