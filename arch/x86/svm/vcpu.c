/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entering a guest and what its exits are; injecting exceptions. The vCPU is loaded on the calling
 * CPU throughout; between exits its state is in the VMCB and in arch_vcpu.
 */
#include <arch/vcpu_enter.h>
#include <arch/vintc.h>

#include <core/cpu.h>
#include <core/guest.h>
#include <core/irq.h>
#include <core/log.h>
#include <core/vcpu.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <port/apic.h>
#include <port/asm.h>
#include <port/cpu.h>
#include "../host/features.h"
#include "svm.h"

/* vmcb.info1 of a nested page fault */
#define NPF_WRITE BIT(1)
#define NPF_FETCH BIT(4)
#define NPF_WALK  BIT(33) /* of the guest's own tables */
/* of a port access */
#define IO_IN	  BIT32(0)
#define IO_STRING BIT32(2)
#define IO_BYTE   BIT32(4)
#define IO_WORD	  BIT32(5)
#define IO_SIZES  0x70u

#define HYPERCALL_UNKNOWN (-1000LL) /* as KVM answers */
#define NMI_EVENT (EVENT_VALID | EVENT_NMI | 2)

/* --- stepping and injecting ------------------------------------------------------------------ */

/* Something that waits already gives way to an exception and comes after it. */
static void put_event(struct arch_vcpu *a, uint64_t event)
{
	if (a->vmcb->event & EVENT_VALID) {
		a->retry = a->vmcb->event;
		a->waits |= VCPU_WAITS_EVENT;
	}
	a->vmcb->event = event;
}

/*
 * An instruction is done here: what the CPU does behind one. A fault's way back over a breakpoint
 * (RF) holds for one instruction; single-stepping (TF) traps, and goes before what waits.
 */
noinline_fn void svm_step_ends(struct arch_vcpu *a)
{
	struct vmcb *vmcb = a->vmcb;

	if (vmcb->rflags & RFLAGS_TF) {
		vmcb->dr6 |= DR6_STEP;
		vmcb->clean &= ~CLEAN_DR;
		put_event(a, EVENT_VALID | EVENT_EXCEPTION | VECTOR_DB);
	}
	vmcb->rflags &= ~(uint64_t)RFLAGS_RF;
}

void svm_skip(struct arch_vcpu *a, unsigned length)
{
	struct vmcb *vmcb = a->vmcb;

	if (x86_features.nrip && vmcb->next_rip)
		vmcb->rip = vmcb->next_rip;
	else
		vmcb->rip += length;
	svm_insn_done(a);
}

void svm_inject(struct vcpu *vcpu, unsigned vector, bool has_error, uint32_t error)
{
	uint64_t event = EVENT_VALID | EVENT_EXCEPTION | vector;

	if (has_error)
		event |= EVENT_HAS_ERROR | (uint64_t)error << 32;
	put_event(&vcpu->arch, event);
}

void svm_crash(struct vcpu *vcpu, const char *why)
{
	const struct vmcb *m = vcpu->arch.vmcb;
	const uint64_t *r = vcpu->arch.regs;

	log_guest(LOG_WARN, vcpu->guest, vcpu,
		  "rip %llx rflags %llx cr0 %llx cr2 %llx cr3 %llx cr4 %llx efer %llx",
		  (unsigned long long)m->rip, (unsigned long long)m->rflags,
		  (unsigned long long)m->cr0, (unsigned long long)m->cr2,
		  (unsigned long long)m->cr3, (unsigned long long)m->cr4,
		  (unsigned long long)m->efer);
	log_guest(LOG_WARN, vcpu->guest, vcpu,
		  "rax %llx rbx %llx rcx %llx rdx %llx rsi %llx rdi %llx rbp %llx rsp %llx",
		  (unsigned long long)m->rax, (unsigned long long)r[3], (unsigned long long)r[1],
		  (unsigned long long)r[2], (unsigned long long)r[6], (unsigned long long)r[7],
		  (unsigned long long)r[5], (unsigned long long)m->rsp);
	guest_end(vcpu->guest, GUEST_EXIT_CRASH, "vcpu%u: %s at 0x%llx", vcpu->id, why,
		  (unsigned long long)m->rip);
}

/* --- exits ------------------------------------------------------------------------------------ */

static noinline_fn void exit_unknown(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	uint32_t code = (uint32_t)vcpu->arch.vmcb->exit_code;
	char why[80];

	exit->kind = EXIT_DEBUG;
	if (code == SVM_INVALID) {
		svm_crash(vcpu, "control registers in a state that the CPU does not take,");
		return;
	}
	snprintf(why, sizeof(why), "exit 0x%x, which nobody asked for,", code);
	svm_crash(vcpu, why);
}

static void exit_intr(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	exit->kind = EXIT_IRQ;
	apic_window(); /* it is taken there */
}

/* With GIF set again it was taken by its own handler. */
static void exit_nmi(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	exit->kind = EXIT_IRQ;
}

static void exit_machine_check(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	exit->kind = EXIT_IRQ;
	if (!mcheck_taken(true))
		svm_crash(vcpu, "an uncorrected error in the memory of the machine,");
}

static void exit_window(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	exit->kind = EXIT_IRQ;
	(void)arch_vintc_vector(vcpu, -1, false);
	__atomic_fetch_or(&vcpu->requests, VCPU_REQ_VINTC, __ATOMIC_RELAXED);
}

/* Task priority: only while an interrupt waits for it. MOV CR8, register (0F 22 /0 with REX.R). */
static void exit_cr8(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	const struct insn *insn = svm_decode(vcpu);

	exit_window(vcpu, exit);
	exit->kind = EXIT_SYSREG;
	if (!insn) {
		svm_inject(vcpu, VECTOR_UD, false, 0);
		return;
	}
	arch_vintc_set_tpr(vcpu, (uint8_t)(vcpu->arch.regs[(insn->modrm & 7) |
							   (insn->rex & 1) << 3] << 4));
	svm_skip(&vcpu->arch, insn->len);
}

/*
 * MOV CR4, register (0F 22 /4), where the CPU has features with state that is not switched: what
 * CPUID does not tell of cannot be switched on.
 */
static void exit_cr4(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	const struct insn *insn = svm_decode(vcpu);
	struct arch_vcpu *a = &vcpu->arch;
	struct vmcb *vmcb = a->vmcb;
	uint64_t value;

	exit->kind = EXIT_SYSREG;
	if (!insn) {
		svm_inject(vcpu, VECTOR_UD, false, 0);
		return;
	}
	value = *svm_reg(a, (insn->modrm & 7) | (insn->rex & 1) << 3);
	if (insn->mode != INSN_64)
		value = (uint32_t)value;
	if (value & ~svm_cr4_mask() || (vmcb->efer & EFER_LMA && !(value & GUEST_CR4_PAE))) {
		svm_inject(vcpu, VECTOR_GP, true, 0);
		return;
	}
	/* Translations that depend on it are not to be used any more. */
	if (vmcb->cr4 ^ value)
		a->tlb_seen = *a->flushes - 1;
	vmcb->cr4 = value;
	vmcb->clean &= ~CLEAN_CR;
	svm_skip(a, insn->len);
}

/* From the first use on, breakpoint registers are loaded and saved with the vCPU. */
static void exit_debug_register(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	exit->kind = EXIT_DEBUG;
	vcpu->arch.vmcb->intercept[1] = 0;
	svm_dr_load(&vcpu->arch);
}

/*
 * The step over the end of an NMI handler has come: the next one may. RFLAGS are those that it
 * returned to. @return whether the trap is nobody else's
 */
static bool nmi_returned(struct arch_vcpu *a)
{
	struct vmcb *vmcb = a->vmcb;

	a->nmi_masked = a->nmi_returns = false;
	if (a->nmi_steps)
		return false;
	vmcb->dr6 &= ~(uint64_t)DR6_STEP;
	vmcb->clean &= ~CLEAN_DR;
	return !(vmcb->dr6 & DR6_HITS);
}

/* Exceptions that a guest could have forever, without an end that the CPU notices. */
static void exit_exception(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	unsigned vector = (unsigned)vcpu->arch.vmcb->exit_code - SVM_EXCEPTION;

	exit->kind = EXIT_DEBUG;
	if (vector == VECTOR_DB && unlikely(vcpu->arch.nmi_returns) && nmi_returned(&vcpu->arch))
		return;
	svm_inject(vcpu, vector, vector == VECTOR_AC, (uint32_t)vcpu->arch.vmcb->info1);
}

static void exit_cpuid(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	exit->kind = EXIT_SYSREG;
	svm_cpuid(vcpu);
	svm_skip(&vcpu->arch, 2);
}

/* Interrupt controllers' registers are devices: with interrupts on. */
static void exit_msr(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	struct arch_vcpu *a = &vcpu->arch;
	struct vmcb *vmcb = a->vmcb;
	bool is_write = vmcb->info1 & 1;
	uint64_t value = 0;
	int err;

	exit->kind = EXIT_SYSREG;
	if (is_write)
		err = svm_msr_write(vcpu, (uint32_t)a->regs[1],
				    (uint32_t)vmcb->rax | a->regs[2] << 32);
	else
		err = svm_msr_read(vcpu, (uint32_t)a->regs[1], &value);
	if (err) {
		svm_inject(vcpu, VECTOR_GP, true, 0);
		return;
	}
	if (!is_write) {
		vmcb->rax = (uint32_t)value;
		a->regs[2] = value >> 32;
	}
	svm_skip(a, 2);
}

static void exit_io(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	struct arch_vcpu *a = &vcpu->arch;
	struct vmcb *vmcb = a->vmcb;
	uint32_t info = (uint32_t)vmcb->info1;

	if (unlikely(info & IO_STRING)) {
		svm_access_begin(vcpu, exit, INSN_NO_HINT);
		return;
	}
	exit->kind = EXIT_PIO;
	exit->flags = !(info & IO_IN); /* is_write */
	exit->size_only = (info & IO_SIZES) >> 4;
	exit->gpa = info >> 16;
	exit->value = likely(info & IO_BYTE)	? (uint8_t)vmcb->rax
		      : info & IO_WORD		? (uint16_t)vmcb->rax
						: (uint32_t)vmcb->rax;
	a->skip_to = vmcb->info2;
	a->read_to = &vmcb->rax;
}

static void exit_hlt(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	exit->kind = EXIT_IDLE;
	svm_skip(&vcpu->arch, 1);
	vcpu->arch.waits |= VCPU_WAITS_HALT;
}

static void exit_pause(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	exit->kind = EXIT_YIELD;
	svm_skip(&vcpu->arch, 2);
}

/* Caches are coherent, and devices that are not are not given to guests. */
static void exit_invd(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	exit->kind = EXIT_SYSREG;
	svm_skip(&vcpu->arch, 2);
}

static void exit_vmmcall(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	exit->kind = EXIT_HYPERCALL;
	vcpu->arch.vmcb->rax = (uint64_t)HYPERCALL_UNKNOWN;
	svm_skip(&vcpu->arch, 3);
}

static void exit_xsetbv(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	struct arch_vcpu *a = &vcpu->arch;
	uint64_t value = (uint32_t)a->vmcb->rax | a->regs[2] << 32;

	exit->kind = EXIT_SYSREG;
	if ((uint32_t)a->regs[1] || !svm_xcr0_ok(value) || a->vmcb->cpl) {
		svm_inject(vcpu, VECTOR_GP, true, 0);
		return;
	}
	a->xcr0 = value;
	__asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
	svm_skip(a, 3);
}

/* Instructions that CPUID says are not there. */
static void exit_undefined(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	exit->kind = EXIT_SYSREG;
	svm_inject(vcpu, VECTOR_UD, false, 0);
}

static void exit_rdpmc(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	exit->kind = EXIT_SYSREG;
	svm_inject(vcpu, VECTOR_GP, true, 0);
}

/* The end of its NMI handler: the next one may come behind this instruction, which is stepped. */
static void exit_iret(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	struct arch_vcpu *a = &vcpu->arch;

	exit->kind = EXIT_DEBUG;
	a->nmi_returns = true;
	a->nmi_steps = a->vmcb->rflags & RFLAGS_TF;
	a->vmcb->rflags |= RFLAGS_TF;
	a->vmcb->intercept[3] &= ~MISC1_IRET;
}

static void exit_shutdown(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	exit->kind = EXIT_DEBUG;
	svm_crash(vcpu, "triple fault");
}

static void (*const exits[SVM_EXITS])(struct vcpu *, struct vcpu_exit *) = {
	[0 ... SVM_EXITS - 1] = exit_unknown,
	[SVM_CR4_WRITE] = exit_cr4,
	[SVM_CR8_WRITE] = exit_cr8,
	[SVM_DR_READ ... SVM_DR_WRITE_LAST] = exit_debug_register,
	[SVM_EXCEPTION + VECTOR_DB] = exit_exception,
	[SVM_EXCEPTION + VECTOR_AC] = exit_exception,
	[SVM_EXCEPTION + VECTOR_MC] = exit_machine_check,
	[SVM_INTR] = exit_intr,
	[SVM_NMI] = exit_nmi,
	[SVM_SMI] = exit_nmi,
	[SVM_INIT] = exit_nmi,
	[SVM_VINTR] = exit_window,
	[SVM_RDPMC] = exit_rdpmc,
	[SVM_CPUID] = exit_cpuid,
	[SVM_IRET] = exit_iret,
	[SVM_INVD] = exit_invd,
	[SVM_PAUSE] = exit_pause,
	[SVM_HLT] = exit_hlt,
	[SVM_INVLPGA] = exit_undefined,
	[SVM_IOIO] = exit_io,
	[SVM_MSR] = exit_msr,
	[SVM_SHUTDOWN] = exit_shutdown,
	[SVM_VMRUN ... SVM_SKINIT] = exit_undefined,
	[SVM_VMMCALL] = exit_vmmcall,
	[SVM_WBINVD] = exit_invd,
	[SVM_WBINVD + 1 ... SVM_XSETBV - 1] = exit_undefined, /* MONITOR, MWAIT */
	[SVM_XSETBV] = exit_xsetbv,
	[SVM_RDPRU] = exit_undefined,
};

/* An access to what is not mapped. While an event was delivered, no instruction is behind it. */
static void exit_npf(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	struct arch_vcpu *a = &vcpu->arch;
	uint64_t info = a->vmcb->info1;

	if (likely(!(info & (NPF_FETCH | NPF_WALK)) && !(a->vmcb->exit_event & EVENT_VALID))) {
		if (likely(svm_access_plain(vcpu, exit)))
			return;
		if (svm_is_hole(vcpu->guest, a->vmcb->info2))
			svm_fill_hole(exit, a->vmcb->info2);
		else
			svm_access_begin(vcpu, exit, a->vmcb->info2);
		return;
	}
	exit->kind = EXIT_MMIO;
	exit->flags = 0;
	exit->is_fetch = info & NPF_FETCH;
	exit->is_walk = !exit->is_fetch;
	exit->is_write = info & NPF_WRITE;
	exit->size_only = 0;
	exit->gpa = a->vmcb->info2;
	exit->gva = exit->is_fetch ? a->vmcb->rip : 0;
}

/* --- the loop's part -------------------------------------------------------------------------- */

/* An interrupt that gave way to an exception waits until the handler of that lets it come. */
static bool takes(const struct vmcb *vmcb, uint64_t event)
{
	return (event & EVENT_TYPE) != EVENT_INTR ||
	       (vmcb->rflags & RFLAGS_IF && !(vmcb->int_shadow & 1));
}

/* Whatever else has woken a vCPU in HLT, only what it takes ends that. */
static bool stays_halted(struct vcpu *vcpu)
{
	const struct vintc_ops *ops = vcpu->guest->vintc;

	return !arch_vcpu_pending(vcpu) && !(ops && ops->pending && ops->pending(vcpu));
}

bool svm_waiting(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	struct arch_vcpu *a = &vcpu->arch;
	struct vmcb *vmcb = a->vmcb;

	if (a->waits & VCPU_WAITS_HALT) {
		if (!(vmcb->event & EVENT_VALID) && stays_halted(vcpu)) {
			exit->kind = EXIT_IDLE;
			return true;
		}
		a->waits &= ~VCPU_WAITS_HALT;
	}
	if (a->waits & VCPU_WAITS_ACCESS) {
		svm_access_next(vcpu, exit);
		return true;
	}
	if (a->waits & VCPU_WAITS_FLUSH) {
		vmcb->tlb_control = 0;
		a->waits &= ~VCPU_WAITS_FLUSH;
	}
	/* What an exit interrupted goes first, then a non-maskable interrupt. */
	if (a->waits & VCPU_WAITS_EVENT && !(vmcb->event & EVENT_VALID)) {
		if (takes(vmcb, a->retry)) {
			vmcb->event = a->retry;
			a->waits &= ~VCPU_WAITS_EVENT;
		} else {
			(void)arch_vintc_vector(vcpu, (int)(a->retry & EVENT_VECTOR), true);
		}
	}
	if (a->waits & VCPU_WAITS_NMI && !a->nmi_masked && !(vmcb->event & EVENT_VALID)) {
		vmcb->event = NMI_EVENT;
		a->waits &= ~VCPU_WAITS_NMI;
		a->nmi_masked = true;
		vmcb->intercept[3] |= MISC1_IRET;
	}
	return false;
}

/*
 * An event whose delivery an exit interrupted comes again; those of instructions (INT n, INT3,
 * INTO) by themselves, as RIP is at them.
 */
static noinline_fn void interrupted_event(struct arch_vcpu *a)
{
	uint64_t event = a->vmcb->exit_event, type = event & EVENT_TYPE;
	unsigned vector = event & EVENT_VECTOR;

	if (type == EVENT_SOFT ||
	    (type == EVENT_EXCEPTION && (vector == VECTOR_BP || vector == VECTOR_OF)))
		return;
	/* Behind this comes what waits already: it had given way to it. */
	if (a->waits & VCPU_WAITS_EVENT)
		a->vmcb->event = event;
	else
		a->retry = event;
	a->waits |= VCPU_WAITS_EVENT;
}

void svm_exited(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	struct vmcb *vmcb = vcpu->arch.vmcb;
	uint64_t code = vmcb->exit_code;

	vmcb->event = 0;
	vmcb->clean = CLEAN_KEPT;
	if (unlikely(vmcb->exit_event & EVENT_VALID))
		interrupted_event(&vcpu->arch);
	if (likely(code < SVM_EXITS))
		exits[code](vcpu, exit);
	else if (code == SVM_NPF)
		exit_npf(vcpu, exit);
	else
		exit_unknown(vcpu, exit);
}

void arch_vcpu_prepare(struct vcpu *vcpu)
{
}

uint64_t arch_vcpu_reg(const struct vcpu *vcpu, unsigned n)
{
	return *svm_reg((struct arch_vcpu *)&vcpu->arch, n & 15);
}

void arch_vcpu_set_reg(struct vcpu *vcpu, unsigned n, uint64_t value)
{
	*svm_reg(&vcpu->arch, n & 15) = value;
}

void arch_vcpu_complete(struct vcpu *vcpu, const struct vcpu_exit *exit, uint64_t value)
{
	struct arch_vcpu *a = &vcpu->arch;

	if (unlikely(!a->read_to)) {
		svm_access_done(vcpu, value);
		return;
	}
	/* 32 bits clear the upper half, fewer leave the rest. */
	if (!exit->is_write) {
		if (exit->size == 1)
			*(uint8_t *)a->read_to = (uint8_t)value;
		else if (exit->size == 2)
			*a->read_to = (*a->read_to & ~0xffffULL) | (uint16_t)value;
		else
			*a->read_to = exit->size == 4 ? (uint32_t)value : value;
	}
	a->vmcb->rip = a->skip_to;
	svm_insn_done(a);
}

void arch_vcpu_skip(struct vcpu *vcpu)
{
	const struct insn *insn = svm_decode(vcpu);

	if (insn)
		svm_skip(&vcpu->arch, insn->len);
}

uint64_t arch_vcpu_pc(const struct vcpu *vcpu)
{
	return vcpu->arch.vmcb->rip;
}

void arch_vcpu_set_pc(struct vcpu *vcpu, uint64_t pc)
{
	vcpu->arch.vmcb->rip = pc;
}

/* Nobody answers on a PC's bus: ones. Where code or tables would be, the guest cannot go on. */
void arch_vcpu_inject_abort(struct vcpu *vcpu, const struct vcpu_exit *exit)
{
	if (exit->size)
		arch_vcpu_complete(vcpu, exit, ~0ULL >> (64 - 8 * exit->size));
	else if (exit->is_fetch)
		svm_inject(vcpu, VECTOR_UD, false, 0);
	else
		svm_crash(vcpu, "page tables, descriptors or stack where it has no memory,");
}

void arch_vcpu_reflect(struct vcpu *vcpu, const struct vcpu_exit *exit)
{
	/* The guest has ended: there is nothing that it could be told. */
}

bool arch_vcpu_pending(struct vcpu *vcpu)
{
	const struct arch_vcpu *a = &vcpu->arch;

	return a->waits & VCPU_WAITS_EVENT || (a->waits & VCPU_WAITS_NMI && !a->nmi_masked) ||
	       a->vmcb->event & EVENT_VALID;
}

/* Timers are the emulated devices'. */
uint64_t arch_vcpu_deadline(struct vcpu *vcpu)
{
	return UINT64_MAX;
}

/* HLT always comes here: a CPU that left a guest in it would not go back into it. */
void arch_vcpu_trap_idle(struct vcpu *vcpu, bool trap)
{
	struct vmcb *vmcb = vcpu->arch.vmcb;

	if (trap)
		vmcb->intercept[3] |= MISC1_PAUSE;
	else
		vmcb->intercept[3] &= ~MISC1_PAUSE;
}

bool arch_vcpu_describe_taken(struct vcpu *vcpu, char *buf, size_t size)
{
	return false; /* a CPU does not keep it */
}

void arch_vcpu_describe(struct vcpu *vcpu, const struct vcpu_exit *exit, char *buf, size_t size)
{
	snprintf(buf, size, "exit 0x%x (information 0x%llx, 0x%llx)", exit->syndrome,
		 (unsigned long long)vcpu->arch.vmcb->info1,
		 (unsigned long long)vcpu->arch.vmcb->info2);
}
