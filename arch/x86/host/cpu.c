/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A 64-bit x86 CPU as the hypervisor's own: features, idling, backtraces, threads' stacks, memory
 * that is made visible or zeroed. x86_features is written once by the boot CPU.
 */
#include <arch/cpu.h>
#include <arch/cache.h>
#include <arch/thread.h>
#include <core/cpu.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/pgtable.h>
#include <libs/printf.h>
#include <libs/string.h>
#include <port/asm.h>
#include <port/boot.h>
#include <port/cpu.h>
#include "features.h"
#include "../svm/svm.h"

struct x86_features x86_features;

static void read_svm(struct x86_features *f)
{
	struct cpuid svm = cpuid(0x8000000a, 0);

	f->svm = svm.edx & BIT32(0);
	f->nrip = svm.edx & BIT32(3);
	f->flush_asid = svm.edx & BIT32(6);
	f->decode = svm.edx & BIT32(7);
	f->pause_filter = svm.edx & BIT32(10);
	f->asids = svm.ebx;
	/* SVMDIS: once locked by firmware, it stays */
	f->svm_locked = rdmsr(MSR_VM_CR) & BIT(4);
}

/*
 * QEMU says that its Opteron_G4 and _G5 have XSAVE, takes CR4.OSXSAVE for a reserved bit where
 * there is no extension of it (CPUID 0xd, 1), and then stands still in place of a fault.
 */
static bool has_xsave_state(bool in_a_hypervisor)
{
	return cpuid(0, 0).eax >= 0xd && (cpuid(0xd, 1).eax || !in_a_hypervisor);
}

/* The leaves of hypervisors. */
static bool is_tcg(void)
{
	struct cpuid r = cpuid(0x40000000, 0);

	return !memcmp(&r.ebx, "TCGT", 4) && !memcmp(&r.ecx, "CGTC", 4) &&
	       !memcmp(&r.edx, "GTCG", 4);
}

void features_init(void)
{
	struct x86_features *f = &x86_features;
	struct cpuid r = cpuid(0, 0), ext;
	uint32_t max = cpuid(0x80000000, 0).eax;

	memcpy(f->vendor, &r.ebx, 4);
	memcpy(f->vendor + 4, &r.edx, 4);
	memcpy(f->vendor + 8, &r.ecx, 4);
	r = cpuid(1, 0);
	f->signature = r.eax;
	f->x2apic = r.ecx & BIT32(21);
	f->deadline = r.ecx & BIT32(24);
	f->xsave = r.ecx & BIT32(26) && has_xsave_state(r.ecx & BIT32(31));
	f->tcg = r.ecx & BIT32(31) && is_tcg();
	ext = cpuid(0x80000001, 0);
	f->page1gb = ext.edx & BIT32(26);
	f->rdtscp = ext.edx & BIT32(27);
	f->pa_bits = max >= 0x80000008 ? MIN(cpuid(0x80000008, 0).eax & 0xff, 52u) : 36;
	/* What is a processor only in another hypervisor changes no speed. */
	f->tsc_invariant = r.ecx & BIT32(31) ||
			   (max >= 0x80000007 && cpuid(0x80000007, 0).edx & BIT32(8));
	if (ext.ecx & BIT32(2) && max >= 0x8000000a)
		read_svm(f);
}

int arch_cpu_init(void)
{
	apic_init_cpu();
	mcheck_init_cpu();
	tsc_init();
	apic_timer_init();
	return 0;
}

void arch_cpu_init_secondary(void)
{
	apic_init_cpu();
	mcheck_init_cpu();
	svm_init_cpu();
}

void arch_cpu_idle(void)
{
	struct x86_cpu *cpu = x86_this_cpu();

	/* What comes between is taken at once, but switches no thread: the caller does. */
	cpu->window = 1;
	__asm__ volatile("sti\n\t.globl idle_hlt\nidle_hlt:\n\thlt\n\tcli" : : : "memory");
	cpu->window = 0;
}

void arch_cpu_halt(void)
{
	for (;;)
		__asm__ volatile("cli\n\thlt" : : : "memory");
}

void arch_cpu_describe(char *buf, size_t size)
{
	uint32_t brand[13] = { 0 };
	const char *name = (const char *)brand;
	unsigned i;

	for (i = 0; i < 3 && cpuid(0x80000000, 0).eax >= 0x80000004; i++) {
		struct cpuid r = cpuid(0x80000002 + i, 0);

		memcpy(&brand[4 * i], &r, sizeof(r));
	}
	name += strspn(name, " ");
	snprintf(buf, size, "%s (%s 0x%08x), APIC 0x%x", *name ? name : "x86-64",
		 x86_features.vendor, x86_features.signature, x86_this_cpu()->apic_id);
}

unsigned arch_backtrace(va_t fp, va_t *pcs, unsigned max)
{
	unsigned n = 0;

	if (!fp)
		fp = (va_t)__builtin_frame_address(0);
	while (n < max && fp && IS_ALIGNED(fp, 8)) {
		va_t *frame = (va_t *)fp;

		/* A broken chain must not fault: look whether it is mapped first. */
		if (!pgtable_lookup(&pgtable_host, fp, NULL, NULL, NULL) ||
		    !pgtable_lookup(&pgtable_host, fp + 8, NULL, NULL, NULL) || !frame[1])
			break;
		pcs[n++] = frame[1] - 1;
		if (frame[0] <= fp)
			break;
		fp = frame[0];
	}
	return n;
}

va_t arch_thread_init(va_t stack_top)
{
	/*
	 * What arch_thread_switch() pops: r15 … r12, rbx, rbp, and where it returns to. There the
	 * stack is as behind a call.
	 */
	uint64_t *frame = (uint64_t *)(stack_top - 64);

	memset(frame, 0, 64);
	frame[6] = (uintptr_t)thread_entry;
	return (va_t)frame;
}

/* --- memory: caches are coherent with everything ------------------------------------------- */

void arch_cache_clean_inval(const void *va, size_t size)
{
}

void arch_cache_sync_code(const void *va, size_t size)
{
}

void arch_cache_zero(void *va, size_t size)
{
	size_t words = size / 8;

	__asm__ volatile("rep stosq" : "+D"(va), "+c"(words) : "a"(0ULL) : "memory");
}
