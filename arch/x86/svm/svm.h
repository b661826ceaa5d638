/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AMD's virtual machine control block (APM volume 2, appendix B) and what the files of SVM have of
 * each other.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <arch/vcpu.h>
#include <libs/util.h>
#include <port/asm.h>
#include "../common/insn_exec.h"

/* vmcb.intercept[3] */
#define MISC1_INTR     BIT32(0)
#define MISC1_NMI      BIT32(1)
#define MISC1_SMI      BIT32(2)
#define MISC1_INIT     BIT32(3)
#define MISC1_VINTR    BIT32(4)
#define MISC1_RDPMC    BIT32(15)
#define MISC1_CPUID    BIT32(18)
#define MISC1_IRET     BIT32(20)
#define MISC1_INVD     BIT32(22)
#define MISC1_PAUSE    BIT32(23)
#define MISC1_HLT      BIT32(24)
#define MISC1_INVLPGA  BIT32(26)
#define MISC1_IOIO     BIT32(27)
#define MISC1_MSR      BIT32(28)
#define MISC1_SHUTDOWN BIT32(31)
/* vmcb.intercept[4] */
#define MISC2_SVM      0x7fu /* VMRUN, VMMCALL, VMLOAD, VMSAVE, STGI, CLGI, SKINIT */
#define MISC2_WBINVD   BIT32(9)
#define MISC2_MONITOR  BIT32(10)
#define MISC2_MWAIT    (BIT32(11) | BIT32(12))
#define MISC2_XSETBV   BIT32(13)
#define MISC2_RDPRU    BIT32(14)

#define SVM_INVALID 0xffffffffu /* exit_code: not entered */

#define INT_V_IRQ     BIT32(8)
#define INT_V_PRIO    0xf0000u
#define INT_V_IGN_TPR BIT32(20)
#define INT_V_MASKING BIT32(24)

/* Events: vmcb.event, vmcb.exit_event */
#define EVENT_VALID	BIT(31)
#define EVENT_HAS_ERROR BIT(11)
#define EVENT_TYPE	0x700u
#define EVENT_VECTOR	0xffu
#define EVENT_INTR	0x000u
#define EVENT_NMI	0x200u
#define EVENT_EXCEPTION 0x300u
#define EVENT_SOFT	0x400u

/*
 * vmcb.clean: what the CPU may have kept since the last exit (APM volume 2, 15.15). Intercepts and
 * virtual interrupts are written too often; who writes one of the others takes its bit away.
 */
#define CLEAN_ASID BIT32(2)
#define CLEAN_NP   BIT32(4) /* PAT too */
#define CLEAN_CR   BIT32(5) /* CR0, CR3, CR4, EFER */
#define CLEAN_DR   BIT32(6)
#define CLEAN_CR2  BIT32(9)
/* Those, permission maps, descriptor tables, segments, last branches */
#define CLEAN_KEPT (CLEAN_ASID | CLEAN_NP | CLEAN_CR | CLEAN_DR | CLEAN_CR2 | BIT32(1) |            \
		    BIT32(7) | BIT32(8) | BIT32(10))

#define DR6_STEP BIT32(14)
#define DR6_HITS 0xfu

/* vmcb.exit_code */
enum svm_exit {
	SVM_CR4_WRITE = 0x14,
	SVM_CR8_WRITE = 0x18,
	SVM_DR_READ = 0x20,
	SVM_DR_WRITE_LAST = 0x3f,
	SVM_EXCEPTION = 0x40,
	SVM_INTR = 0x60,
	SVM_NMI = 0x61,
	SVM_SMI = 0x62,
	SVM_INIT = 0x63,
	SVM_VINTR = 0x64,
	SVM_RDPMC = 0x6f,
	SVM_CPUID = 0x72,
	SVM_IRET = 0x74,
	SVM_INVD = 0x76,
	SVM_PAUSE = 0x77,
	SVM_HLT = 0x78,
	SVM_INVLPGA = 0x7a,
	SVM_IOIO = 0x7b,
	SVM_MSR = 0x7c,
	SVM_SHUTDOWN = 0x7f,
	SVM_VMRUN = 0x80,
	SVM_VMMCALL = 0x81,
	SVM_SKINIT = 0x86,
	SVM_WBINVD = 0x89,
	SVM_XSETBV = 0x8d,
	SVM_RDPRU = 0x8e,
	SVM_EXITS = 0x90,
	SVM_NPF = 0x400,
};

enum {
	VECTOR_DB = 1, VECTOR_BP = 3, VECTOR_OF, VECTOR_UD = 6, VECTOR_DF = 8, VECTOR_GP = 13,
	VECTOR_PF, VECTOR_AC = 17, VECTOR_MC,
};

enum { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_GDTR, SEG_LDTR, SEG_IDTR, SEG_TR };

struct vmcb {
	/* control */
	uint32_t intercept[5];
	uint8_t r014[0x3c - 0x14];
	uint16_t pause_threshold, pause_count;
	uint64_t iopm, msrpm, tsc_offset;
	uint32_t asid;
	uint8_t tlb_control, r05d[3];
	uint32_t int_control, int_vector;
	uint64_t int_shadow;
	uint64_t exit_code, info1, info2, exit_event;
	uint64_t nested_paging;
	uint8_t r098[0xa8 - 0x98];
	uint64_t event, nested_cr3;
	uint8_t r0b8[0xc0 - 0xb8];
	uint32_t clean, r0c4;
	uint64_t next_rip;
	uint8_t fetched, bytes[15];
	uint8_t r0e0[0x400 - 0xe0];
	/* state */
	struct insn_seg seg[10];
	uint8_t r4a0[0x4cb - 0x4a0];
	uint8_t cpl;
	uint8_t r4cc[4];
	uint64_t efer;
	uint8_t r4d8[0x548 - 0x4d8];
	uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
	uint8_t r580[0x5d8 - 0x580];
	uint64_t rsp;
	uint8_t r5e0[0x5f8 - 0x5e0];
	uint64_t rax, star, lstar, cstar, sfmask, kernel_gs;
	uint64_t sysenter_cs, sysenter_esp, sysenter_eip, cr2;
	uint8_t r648[0x668 - 0x648];
	uint64_t g_pat;
	uint8_t r670[0x1000 - 0x670];
};
_Static_assert(offsetof(struct vmcb, asid) == 0x58, "VMCB");
_Static_assert(offsetof(struct vmcb, event) == 0xa8, "VMCB");
_Static_assert(offsetof(struct vmcb, next_rip) == 0xc8, "VMCB");
_Static_assert(offsetof(struct vmcb, efer) == 0x4d0, "VMCB");
_Static_assert(offsetof(struct vmcb, rip) == 0x578, "VMCB");
_Static_assert(offsetof(struct vmcb, rax) == 0x5f8, "VMCB");
_Static_assert(offsetof(struct vmcb, g_pat) == 0x668, "VMCB");
_Static_assert(sizeof(struct vmcb) == 4096, "VMCB");

/* --- this CPU and guests (guest.c) ------------------------------------------------------------ */

/** Switch SVM on, on this CPU. Any thread context; other CPUs as they come. */
void svm_init_cpu(void);
/** Physical addresses of the permission maps. */
uint64_t svm_iopm(void);
uint64_t svm_msrpm(void);

/** Where a general register is between exits. */
static inline uint64_t *svm_reg(struct arch_vcpu *a, unsigned n)
{
	return n == 0 ? &a->vmcb->rax : n == 4 ? &a->vmcb->rsp : &a->regs[n];
}

/* --- vcpu.c ----------------------------------------------------------------------------------- */

/** What single-stepping and breakpoints have of an instruction that was carried out here. */
void svm_step_ends(struct arch_vcpu *a);
/** RIP is behind an instruction that was carried out here: what else the CPU does then. */
static inline void svm_insn_done(struct arch_vcpu *a)
{
	struct vmcb *vmcb = a->vmcb;

	vmcb->int_shadow = 0;
	if (unlikely(vmcb->rflags & (RFLAGS_TF | RFLAGS_RF)))
		svm_step_ends(a);
}
/** Step over an instruction of this length, prefixes aside. */
void svm_skip(struct arch_vcpu *a, unsigned length);
/** An exception for the guest, at its next entry. */
void svm_inject(struct vcpu *vcpu, unsigned vector, bool has_error, uint32_t error);
/** The end of a guest that its CPU cannot go on with: words, and the registers in the log. */
void svm_crash(struct vcpu *vcpu, const char *why);

/* --- access.c: instructions that are carried out ---------------------------------------------- */

/** Memory for it. @return 0 or -ENOMEM */
must_check int svm_access_init(struct vcpu *vcpu);
/** Begin with the instruction at RIP. Fills exit: an access, or nothing more to do. */
void svm_access_begin(struct vcpu *vcpu, struct vcpu_exit *exit, uint64_t hint);
/** The same for what was done at this place before, if it is simple. @return false: it is not */
bool svm_access_plain(struct vcpu *vcpu, struct vcpu_exit *exit);
/** The access is done. */
void svm_access_done(struct vcpu *vcpu, uint64_t value);
/** Its next access as an exit. */
void svm_access_next(struct vcpu *vcpu, struct vcpu_exit *exit);
/** Is it memory of a guest with a balloon, whatever is there now? */
bool svm_is_hole(struct guest *guest, uint64_t gpa);
/** An exit that only has memory put there. */
void svm_fill_hole(struct vcpu_exit *exit, uint64_t gpa);
/** Decode the instruction at RIP. @return NULL: it cannot be read, or there is none such */
const struct insn *svm_decode(struct vcpu *vcpu);

/** Breakpoint addresses of the loaded vCPU into the CPU; they are switched from now on (state.c) */
void svm_dr_load(struct arch_vcpu *a);

/* --- what the guest sees as its CPU ----------------------------------------------------------- */

/** CPUID: RAX, RBX, RCX, RDX of the vCPU (cpuid.c). */
void svm_cpuid(struct vcpu *vcpu);
/** XCR0 bits that a guest may set. */
uint64_t svm_xcr0_mask(void);
/** Is it a value of XCR0 that the CPU takes, and of what is switched? */
bool svm_xcr0_ok(uint64_t value);
/** CR4 bits that a guest may set. */
uint64_t svm_cr4_mask(void);
/** Has the CPU features with state that is not switched, which CR4 switches on? */
bool svm_cr4_guarded(void);
/**
 * XCR0 of the loaded vCPU, in the CPU: QEMU's emulation up to 7.2 does not tell when a guest sets
 * it.
 */
static inline uint64_t svm_xcr0(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}
/** Bytes of a vCPU's XSAVE area. */
uint32_t svm_xsave_size(void);
/** RDMSR, WRMSR (msr.c). @return 0, -ENOENT: general protection */
must_check int svm_msr_read(struct vcpu *vcpu, uint32_t msr, uint64_t *value);
must_check int svm_msr_write(struct vcpu *vcpu, uint32_t msr, uint64_t value);
/** Reset values of all MSRs. */
void svm_msr_reset(struct vcpu *vcpu);
