/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vCPU's state: reset values, what stays in the CPU between exits and is switched when another
 * vCPU comes, and the register dump.
 */
#include <arch/vcpu.h>

#include <core/cpu.h>
#include <core/guest.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/shell.h>
#include <core/vcpu.h>
#include <libs/errno.h>
#include <libs/string.h>
#include <port/asm.h>
#include <port/cpu.h>
#include "../host/features.h"
#include "svm.h"

#define START_MODE    (X86_START_REAL | X86_START_LONG64)
#define PAT_DEFAULT   0x0007040600070406ULL
#define MULTIBOOT_EAX 0x2badb002

/* Offsets in the start page of X86_START_LONG64 */
#define START_GDT     0xf80
#define START_ARG     0xfa0
#define START_PML4    0x1000

/* Segment attributes as the VMCB has them */
#define SEG_CODE64 0x0a9b
#define SEG_CODE32 0x0c9b
#define SEG_CODE16 0x009b
#define SEG_DATA32 0x0c93
#define SEG_DATA16 0x0093
#define SEG_LDT	   0x0082
#define SEG_TSS32  0x008b

/* --- making ----------------------------------------------------------------------------------- */

void arch_vcpu_configure(struct vcpu *vcpu, bool narrow, const uint32_t *numbers)
{
}

int arch_vcpu_init(struct vcpu *vcpu)
{
	struct arch_vcpu *a = &vcpu->arch;
	size_t pages = DIV_ROUND_UP(svm_xsave_size(), PAGE_SIZE);
	int err = -ENOMEM;

	a->vmcb = page_alloc(1);
	a->xsave = page_alloc(pages);
	if (a->vmcb && a->xsave)
		err = svm_access_init(vcpu);
	if (err) {
		arch_vcpu_fini(vcpu);
		return err;
	}
	a->vmcb_pa = mem_va_to_hpa(a->vmcb);
	a->flushes = &vcpu->guest->arch.flushes;
	return 0;
}

void arch_vcpu_fini(struct vcpu *vcpu)
{
	struct arch_vcpu *a = &vcpu->arch;

	heap_free(a->insn);
	page_free(a->xsave, DIV_ROUND_UP(svm_xsave_size(), PAGE_SIZE));
	page_free(a->vmcb, 1);
	a->insn = NULL;
	a->xsave = NULL;
	a->vmcb = NULL;
}

/* --- reset ------------------------------------------------------------------------------------ */

static void set_seg(struct vmcb *m, unsigned n, uint16_t selector, uint64_t base, uint32_t limit,
		    uint16_t attr)
{
	m->seg[n] = (struct insn_seg){ selector, attr, limit, base };
}

static void data_segments(struct vmcb *m, uint16_t selector, uint32_t limit, uint16_t attr)
{
	static const uint8_t segs[] = { SEG_ES, SEG_SS, SEG_DS, SEG_FS, SEG_GS };
	unsigned i;

	for (i = 0; i < sizeof(segs); i++)
		set_seg(m, segs[i], selector, 0, limit, attr);
}

static void control_init(struct arch_vcpu *a, const struct guest *guest)
{
	struct vmcb *m = a->vmcb;

	memset(m, 0, sizeof(*m));
	m->intercept[0] = svm_cr4_guarded() ? BIT32(16 + 4) : 0;
	m->intercept[1] = 0xffffffff; /* debug registers, until they are used */
	m->intercept[2] = BIT32(VECTOR_DB) | BIT32(VECTOR_AC) | BIT32(VECTOR_MC);
	m->intercept[3] = MISC1_INTR | MISC1_NMI | MISC1_SMI | MISC1_INIT | MISC1_RDPMC |
			  MISC1_CPUID | MISC1_INVD | MISC1_HLT | MISC1_INVLPGA | MISC1_IOIO |
			  MISC1_MSR | MISC1_SHUTDOWN;
	m->intercept[4] = MISC2_SVM | MISC2_WBINVD | MISC2_MONITOR | MISC2_MWAIT | MISC2_XSETBV |
			  MISC2_RDPRU;
	/* Those that wait in a loop exit after so many turns; a turn is shorter than the second. */
	if (x86_features.pause_filter) {
		m->pause_count = 3000;
		m->pause_threshold = 128;
	}
	m->iopm = svm_iopm();
	m->msrpm = svm_msrpm();
	m->int_control = INT_V_MASKING;
	m->nested_paging = 1;
	m->nested_cr3 = guest->arch.root;
	/* of nobody's ASIDs: it takes one at its first entry */
	a->tlb_seen = guest->arch.flushes - 1;
}

/* As after INIT (APM volume 2, 14.1.3). */
static void state_init(struct arch_vcpu *a)
{
	struct vmcb *m = a->vmcb;

	data_segments(m, 0, 0xffff, SEG_DATA16);
	set_seg(m, SEG_GDTR, 0, 0, 0xffff, 0);
	set_seg(m, SEG_IDTR, 0, 0, 0xffff, 0);
	set_seg(m, SEG_LDTR, 0, 0, 0xffff, SEG_LDT);
	set_seg(m, SEG_TR, 0, 0, 0xffff, SEG_TSS32);
	m->cr0 = CR0_ET;
	m->efer = EFER_SVME; /* SVM insists; the guest does not see it */
	m->rflags = 2;
	m->dr6 = 0xffff0ff0;
	m->dr7 = 0x400;
	m->g_pat = PAT_DEFAULT;
}

static void start_real(struct vmcb *m, uint64_t pc)
{
	if (pc >= MIB) {
		set_seg(m, SEG_CS, 0xf000, pc & ~0xffffULL, 0xffff, SEG_CODE16);
		m->rip = pc & 0xffff;
	} else {
		set_seg(m, SEG_CS, (uint16_t)(pc >> 4), pc & ~15ULL, 0xffff, SEG_CODE16);
		m->rip = pc & 15;
	}
}

static void start_flat(struct arch_vcpu *a, uint64_t pc, uint64_t arg)
{
	struct vmcb *m = a->vmcb;

	data_segments(m, 0x18, UINT32_MAX, SEG_DATA32);
	set_seg(m, SEG_CS, 0x10, 0, UINT32_MAX, SEG_CODE32);
	m->cr0 |= CR0_PE;
	m->rip = (uint32_t)pc;
	m->rax = MULTIBOOT_EAX;
	a->regs[3] = a->regs[6] = a->regs[7] = (uint32_t)arg;
}

static void start_long(struct vcpu *vcpu, uint64_t pc, uint64_t page)
{
	struct arch_vcpu *a = &vcpu->arch;
	struct vmcb *m = a->vmcb;
	uint64_t arg = 0;

	if (guest_mem_read(vcpu->guest, page + START_ARG, &arg, sizeof(arg)))
		log_guest(LOG_WARN, vcpu->guest, vcpu, "its start page is not in memory");
	data_segments(m, 0x18, UINT32_MAX, SEG_DATA32);
	set_seg(m, SEG_CS, 0x10, 0, UINT32_MAX, SEG_CODE64);
	set_seg(m, SEG_GDTR, 0, page + START_GDT, 0x1f, 0);
	m->cr0 |= CR0_PE | CR0_WP | CR0_NE | CR0_PG;
	m->cr4 = CR4_PAE;
	m->cr3 = page + START_PML4;
	m->efer |= EFER_LME | EFER_LMA;
	m->rip = pc;
	a->regs[3] = a->regs[6] = a->regs[7] = arg;
}

/* x87 and SSE as after reset: control words; all else is zero. */
static void fpu_init(struct arch_vcpu *a)
{
	uint8_t *area = a->xsave;

	memset(area, 0, svm_xsave_size());
	*(uint16_t *)(void *)area = 0x37f;
	*(uint32_t *)(void *)(area + 24) = 0x1f80;
	a->xcr0 = 1;
}

void arch_vcpu_reset(struct vcpu *vcpu, uint64_t pc, uint64_t arg)
{
	struct arch_vcpu *a = &vcpu->arch;
	uint64_t address = arg & ~START_MODE;

	memset(a->regs, 0, sizeof(a->regs));
	memset(a->dr, 0, sizeof(a->dr));
	a->dr_used = a->nmi_masked = a->nmi_returns = false;
	a->waits = 0;
	a->read_to = NULL;
	a->tsc_aux = 0;
	control_init(a, vcpu->guest);
	state_init(a);
	svm_msr_reset(vcpu);
	fpu_init(a);
	a->regs[2] = x86_features.signature;
	if (arg & X86_START_REAL)
		start_real(a->vmcb, pc);
	else if (arg & X86_START_LONG64)
		start_long(vcpu, pc, address);
	else
		start_flat(a, pc, address);
	a->efer = a->vmcb->efer & ~(uint64_t)EFER_SVME;
}

/* --- switching -------------------------------------------------------------------------------- */

static void set_xcr0(uint64_t v)
{
	__asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)));
}

static void fpu_load(struct arch_vcpu *a)
{
	uint64_t all = svm_xcr0_mask();

	if (!x86_features.xsave) {
		__asm__ volatile("fxrstor64 (%0)" : : "r"(a->xsave) : "memory");
		return;
	}
	set_xcr0(all);
	__asm__ volatile("xrstor64 (%0)"
			 :
			 : "r"(a->xsave), "a"((uint32_t)all), "d"((uint32_t)(all >> 32))
			 : "memory");
	set_xcr0(a->xcr0);
}

static void fpu_save(struct arch_vcpu *a)
{
	uint64_t all = svm_xcr0_mask();

	if (!x86_features.xsave) {
		__asm__ volatile("fxsave64 (%0)" : : "r"(a->xsave) : "memory");
		return;
	}
	a->xcr0 = svm_xcr0() & all;
	set_xcr0(all);
	__asm__ volatile("xsave64 (%0)"
			 :
			 : "r"(a->xsave), "a"((uint32_t)all), "d"((uint32_t)(all >> 32))
			 : "memory");
}

void svm_dr_load(struct arch_vcpu *a)
{
	a->dr_used = true;
	__asm__ volatile("movq %0, %%dr0\n\tmovq %1, %%dr1\n\tmovq %2, %%dr2\n\tmovq %3, %%dr3"
			 :
			 : "r"(a->dr[0]), "r"(a->dr[1]), "r"(a->dr[2]), "r"(a->dr[3]));
}

static void dr_save(struct arch_vcpu *a)
{
	__asm__ volatile("movq %%dr0, %0\n\tmovq %%dr1, %1\n\tmovq %%dr2, %2\n\tmovq %%dr3, %3"
			 : "=r"(a->dr[0]), "=r"(a->dr[1]), "=r"(a->dr[2]), "=r"(a->dr[3]));
}

void arch_vcpu_load(struct vcpu *vcpu)
{
	struct arch_vcpu *a = &vcpu->arch;
	struct x86_cpu *cpu = x86_this_cpu();

	svm_init_cpu();
	/* Several of its vCPUs are never loaded on one CPU. */
	__atomic_fetch_or(&vcpu->guest->arch.cpus, BIT(cpu->cpu->id), __ATOMIC_SEQ_CST);
	a->host_pa = cpu->host_vmcb;
	a->vmcb->tsc_offset = -vcpu->guest->start_count;
	a->vmcb->clean = 0;
	if (!asid_valid(&a->asid, &cpu->asids, cpu->cpu->id))
		a->tlb_seen = vcpu->guest->arch.flushes - 1;
	fpu_load(a);
	if (x86_features.rdtscp)
		wrmsr(MSR_TSC_AUX, a->tsc_aux);
	if (a->dr_used)
		svm_dr_load(a);
}

void arch_vcpu_save(struct vcpu *vcpu)
{
	struct arch_vcpu *a = &vcpu->arch;

	__atomic_fetch_and(&vcpu->guest->arch.cpus, ~BIT(this_cpu()->id), __ATOMIC_SEQ_CST);
	fpu_save(a);
	if (x86_features.rdtscp)
		a->tsc_aux = rdmsr(MSR_TSC_AUX);
	if (a->dr_used)
		dr_save(a);
}

/* --- for people ------------------------------------------------------------------------------- */

static void dump_pair(struct shell_out *out, const char *a, uint64_t va, const char *b, uint64_t vb)
{
	out_printf(out, "%-9s 0x%016llx  %-9s 0x%016llx\n", a, (unsigned long long)va, b,
		   (unsigned long long)vb);
}

void arch_vcpu_dump(struct vcpu *vcpu, struct shell_out *out)
{
	static const char *const names[] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
					     "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15" };
	static const char *const segs[] = { "es", "cs", "ss", "ds", "fs", "gs", "gdtr", "ldtr",
					    "idtr", "tr" };
	const struct vmcb *m = vcpu->arch.vmcb;
	unsigned i;

	dump_pair(out, "rip", m->rip, "rflags", m->rflags);
	for (i = 0; i < 16; i += 2)
		dump_pair(out, names[i], arch_vcpu_reg(vcpu, i), names[i + 1],
			  arch_vcpu_reg(vcpu, i + 1));
	dump_pair(out, "cr0", m->cr0, "cr2", m->cr2);
	dump_pair(out, "cr3", m->cr3, "cr4", m->cr4);
	dump_pair(out, "efer", vcpu->arch.efer, "xcr0", vcpu->arch.xcr0);
	dump_pair(out, "dr6", m->dr6, "dr7", m->dr7);
	dump_pair(out, "lstar", m->lstar, "kernelgs", m->kernel_gs);
	for (i = 0; i < ARRAY_SIZE(segs); i++)
		out_printf(out, "%-9s %04x base 0x%016llx limit 0x%08x attributes 0x%03x\n",
			   segs[i], m->seg[i].selector, (unsigned long long)m->seg[i].base,
			   m->seg[i].limit, m->seg[i].attr);
}
