/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entering a guest and decoding why it came back; injecting exceptions. The vCPU is loaded on the
 * calling CPU throughout, so its system registers are the CPU's own.
 */
#include <arch/vcpu.h>
#include <core/guest.h>
#include <core/log.h>
#include <core/vcpu.h>
#include <libs/printf.h>
#include <port/sysreg.h>
#include <port/vcpu_enter.h>
#include "../common/port.h"
#include "data_order.h"
#include "exception.h"

/* ESR_EL2.ISS of a data abort */
#define ISS_ISV	  BIT32(24)
#define ISS_SSE	  BIT32(21)
#define ISS_SF	  BIT32(15)
#define ISS_FNV	  BIT32(10)
#define ISS_CM	  BIT32(8)
#define ISS_S1PTW BIT32(7)
#define ISS_WNR	  BIT32(6)
#define FSC_TRANSLATION 0x04
#define FSC_PERMISSION	0x0c

static uint64_t reg_get(const struct vcpu *vcpu, unsigned n)
{
	return n == 31 ? 0 : vcpu->arch.regs.x[n];
}

noinline_fn void arch_vcpu_skip(struct vcpu *vcpu)
{
	struct vcpu_regs *regs = &vcpu->arch.regs;

	/* For the guest's software step (DDI 0487 D2.12), that was its one instruction. */
	regs->pstate &= ~PSR_SS;
	if (unlikely(regs->pstate & PSR_AARCH32)) {
		regs->pc += vcpu->arch.esr & ESR_IL ? 4 : 2;
		a32_advance_it(regs);
	} else {
		regs->pc += 4;
	}
}

/*
 * Guest physical address of an abort. HPFAR_EL2 is not valid for permission faults of the access
 * itself (DDI 0487 D17.2.67): walk the guest's stage 1 then.
 */
static inline gpa_t hpfar_gpa(uint64_t far)
{
	/* HPFAR_EL2.FIPA is bits 43:4; what is beside it is zero, or shifted out (NS). */
	return ((READ_SYSREG(hpfar_el2) << 8) & ~0xfffULL) | (far & 0xfff);
}

/* Size, direction and data of an access with a valid syndrome. */
static inline void data_of_abort(struct vcpu *vcpu, struct vcpu_exit *exit, uint64_t esr)
{
	unsigned log2 = (esr >> 22) & 3;
	uint64_t rt = (esr >> 16) & 31;

	exit->size_only = 1U << log2;
	exit->value = 0;
	if (esr & ISS_WNR) {
		exit->is_write = true;
		if (rt != 31)
			exit->value = vcpu->arch.regs.x[rt] & (~0ULL >> (-(8U << log2) & 63));
	}
}

/* The same of a guest whose data may be big-endian; devices are not. */
static void data_in_order(struct vcpu *vcpu, struct vcpu_exit *exit, uint32_t esr)
{
	data_of_abort(vcpu, exit, esr);
	if (data_big_endian(&vcpu->arch.regs)) {
		exit->value = data_swapped(exit->value, exit->size);
		exit->reg = ABORT_SWAPPED;
	} else if (vcpu->arch.regs.pstate & PSR_AARCH32) {
		exit->reg = ABORT_A32;
	}
}

static bool abort_address(const struct vcpu_exit *exit, uint64_t far, gpa_t *gpa)
{
	uint64_t par, saved;

	if (likely(!exit->is_permission || exit->is_walk)) {
		*gpa = hpfar_gpa(far);
		return true;
	}
	saved = READ_SYSREG(par_el1);
	__asm__ volatile("at s1e1r, %0\n\tisb" : : "r"(far) : "memory");
	par = READ_SYSREG(par_el1);
	WRITE_SYSREG(par_el1, saved);
	*gpa = (par & GENMASK(47, 12)) | (far & 0xfff);
	return !(par & 1);
}

/*
 * All that is unusual: permissions, table walks, instructions that the syndrome does not
 * describe.
 */
static noinline_fn void unusual_abort(struct vcpu *vcpu, struct vcpu_exit *exit, uint32_t esr)
{
	exit->size_only = 0;
	exit->is_permission = (esr & 0x3c) == FSC_PERMISSION;
	exit->is_walk = esr & ISS_S1PTW;
	exit->is_write = esr & ISS_WNR;
	if ((esr & 0x3c) > FSC_PERMISSION) {
		exit->kind = EXIT_FAULT; /* external abort and the like: of the host's memory */
	} else if (!abort_address(exit, exit->gva, &exit->gpa)) {
		exit->kind = EXIT_YIELD; /* its tables changed meanwhile: let it try again */
	} else if (esr & ISS_CM) { /* cache maintenance of what is no memory: nothing to do */
		exit->kind = EXIT_SYSREG;
		arch_vcpu_skip(vcpu);
	} else if (esr & ISS_ISV && !exit->is_walk) {
		data_in_order(vcpu, exit, esr);
	} else if (!exit->is_walk) {
		abort_decode(vcpu, exit);
	}
}

/* The register of a load or store of AArch32, in the syndrome. */
static uint32_t a32_abort_syndrome(const struct vcpu *vcpu, uint32_t esr)
{
	uint32_t n = a32_reg_number(&vcpu->arch.regs, (esr >> 16) & 31);

	return esr & ISS_ISV ? (esr & ~(31U << 16)) | n << 16 : esr;
}

static noinline_fn void a32_data_abort(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	exit->syndrome = a32_abort_syndrome(vcpu, exit->syndrome);
	exit->kind = EXIT_MMIO;
	exit->flags = 0;
	exit->gva = READ_SYSREG(far_el2);
	unusual_abort(vcpu, exit, exit->syndrome);
}

static void exit_data_abort(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	uint64_t esr = exit->syndrome, far;
	bool translation;

	if (unlikely(vcpu->arch.regs.pstate & PSR_AARCH32)) {
		a32_data_abort(vcpu, exit);
		return;
	}
	far = READ_SYSREG(far_el2);
	exit->kind = EXIT_MMIO;
	exit->flags = 0;
	exit->gva = far;
	/* Two tests of bits take fewer instructions than the one that they can be made. */
	translation = (esr & 0x3c) == FSC_TRANSLATION;
	__asm__("" : "+r"(esr));
	/*
	 * A translation fault of a little-endian access that the syndrome describes: a device.
	 * Table walks are never described.
	 */
	if (likely(translation) && likely(esr & ISS_ISV) &&
	    likely(!(READ_SYSREG(sctlr_el1) & (SCTLR_EE | SCTLR_E0E)))) {
		exit->gpa = hpfar_gpa(far);
		data_of_abort(vcpu, exit, esr);
		return;
	}
	unusual_abort(vcpu, exit, (uint32_t)esr);
}

static void exit_fetch_abort(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	uint32_t esr = vcpu->arch.esr;
	uint64_t far = READ_SYSREG(far_el2);

	exit->kind = EXIT_MMIO;
	exit->flags = 0;
	exit->is_fetch = true;
	exit->is_permission = (esr & 0x3c) == FSC_PERMISSION;
	exit->is_walk = esr & ISS_S1PTW;
	exit->size = 0;
	exit->gva = far;
	if (!abort_address(exit, far, &exit->gpa))
		exit->kind = EXIT_YIELD;
}

/* An instruction of AArch32 that does nothing, because its condition fails: step over it. */
static bool condition_fails(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	if (likely(!(vcpu->arch.regs.pstate & PSR_AARCH32)) ||
	    a32_condition_holds(&vcpu->arch.regs, vcpu->arch.esr))
		return false;
	exit->kind = EXIT_SYSREG;
	arch_vcpu_skip(vcpu);
	return true;
}

static void exit_wfx(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	if (unlikely(condition_fails(vcpu, exit)))
		return;
	exit->kind = vcpu->arch.esr & 1 ? EXIT_YIELD : EXIT_IDLE;
	arch_vcpu_skip(vcpu);
}

static void exit_hvc(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	exit->kind = EXIT_HYPERCALL;
	psci_guest_call(vcpu, false);
}

static void exit_smc(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	if (unlikely(condition_fails(vcpu, exit)))
		return;
	exit->kind = EXIT_HYPERCALL;
	arch_vcpu_skip(vcpu);
	psci_guest_call(vcpu, true);
}

static void exit_sysreg(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	exit->kind = EXIT_SYSREG;
	sysreg_trap(vcpu, vcpu->arch.esr & 0x1ffffff);
}

static void exit_cp(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	if (condition_fails(vcpu, exit))
		return;
	exit->kind = EXIT_SYSREG;
	cp_trap(vcpu, vcpu->arch.esr >> 26, vcpu->arch.esr & 0x1ffffff);
}

/* Extensions that the ID registers say are not there: undefined, as on a CPU without them. */
static void exit_absent(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	if (condition_fails(vcpu, exit))
		return;
	exit->kind = EXIT_SYSREG;
	vcpu_inject_undef(vcpu);
}

/* Its first use, or instructions that the guest shall not have (SME in streaming mode). */
static void exit_fp(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	exit->kind = EXIT_SYSREG;
	if (!vcpu_first_fp(vcpu))
		exit_absent(vcpu, exit);
}

static void exit_unknown(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	exit->kind = EXIT_FAULT;
}

void (*const vcpu_exit_table[64])(struct vcpu *, struct vcpu_exit *) = {
	[0 ... 63] = exit_unknown,
	[EC_WFX] = exit_wfx,
	[EC_CP15_32] = exit_cp,
	[EC_CP15_64] = exit_cp,
	[EC_CP14_32] = exit_cp,
	[EC_CP14_LDC] = exit_cp,
	[EC_CP14_64] = exit_cp,
	[EC_FP] = exit_fp,
	[EC_VMRS] = exit_cp,
	[EC_PAUTH] = exit_absent,
	[EC_SVE] = exit_absent,
	[EC_SME] = exit_absent,
	[EC_HVC32] = exit_hvc,
	[EC_HVC64] = exit_hvc,
	[EC_SMC32] = exit_smc,
	[EC_SMC64] = exit_smc,
	[EC_SYSREG] = exit_sysreg,
	[EC_IABT_LOW] = exit_fetch_abort,
	[EC_DABT_LOW] = exit_data_abort,
	/* Debug exceptions: of vCPUs whose ICC_* are caught by breakpoints. */
	[EC_BREAKPOINT_LOW] = icc_exit_breakpoint,
	[EC_STEP_LOW] = icc_exit_step,
	[EC_BKPT32] = icc_exit_brk,
	[EC_BRK] = icc_exit_brk,
};

void vcpu_exit_serror(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	exit->kind = EXIT_FAULT;
	exit->syndrome = (uint32_t)READ_SYSREG(esr_el2);
	vcpu->arch.esr = exit->syndrome;
	vcpu->arch.serror = true;
}

static inline void complete(struct vcpu *vcpu, const struct vcpu_exit *exit, uint64_t value)
{
	uint64_t esr = exit->syndrome, rt = (esr >> 16) & 31;

	if (!exit->is_write) {
		if (unlikely(esr & ISS_SSE)) {
			unsigned shift = 64 - exit->size * 8;

			value = (uint64_t)((int64_t)(value << shift) >> shift);
			if (!(esr & ISS_SF))
				value = (uint32_t)value;
		}
		if (likely(rt != 31))
			vcpu->arch.regs.x[rt] = value;
	}
}

static noinline_fn void complete_unusual(struct vcpu *vcpu, const struct vcpu_exit *exit,
					 uint64_t value)
{
	if (exit->reg == ABORT_PIECE) {
		abort_complete_piece(vcpu, value);
		return;
	}
	complete(vcpu, exit,
		 exit->reg == ABORT_SWAPPED ? data_swapped(value, exit->size) : value);
	arch_vcpu_skip(vcpu);
}

void arch_vcpu_complete(struct vcpu *vcpu, const struct vcpu_exit *exit, uint64_t value)
{
	if (unlikely(exit->reg)) {
		complete_unusual(vcpu, exit, value);
		return;
	}
	complete(vcpu, exit, value);
	if (unlikely(vcpu->arch.regs.pstate & PSR_SS))
		arch_vcpu_skip(vcpu);
	else
		vcpu->arch.regs.pc += 4; /* AArch32 is unusual */
}

uint64_t arch_vcpu_reg(const struct vcpu *vcpu, unsigned n)
{
	return reg_get(vcpu, n);
}

void arch_vcpu_set_reg(struct vcpu *vcpu, unsigned n, uint64_t value)
{
	if (n < 31)
		vcpu->arch.regs.x[n] = value;
}

uint64_t arch_vcpu_pc(const struct vcpu *vcpu)
{
	return vcpu->arch.regs.pc;
}

void arch_vcpu_set_pc(struct vcpu *vcpu, uint64_t pc)
{
	vcpu->arch.regs.pc = pc;
}

/* --- injection ---------------------------------------------------------------------- */

/* PSTATE on taking an exception to EL1 (DDI 0487 D1.3.3, AArch64.TakeException). */
static uint64_t entry_pstate(uint64_t old)
{
	uint64_t sctlr = READ_SYSREG(sctlr_el1);
	uint64_t psr = PSR_EL1H | PSR_D | PSR_A | PSR_I | PSR_F;

	psr |= old & (BIT(24) | BIT(22)); /* DIT, PAN */
	if (!(sctlr & BIT(23)) && (READ_SYSREG(id_aa64mmfr1_el1) & (0xfULL << 20)))
		psr |= BIT(22); /* SCTLR_EL1.SPAN = 0 sets PAN */
	if (sctlr & BIT(44))
		psr |= BIT(12); /* DSSBS */
	return psr;
}

/* @param kind offset of the vector among those of the same origin */
static void inject64(struct vcpu *vcpu, unsigned kind)
{
	struct vcpu_regs *regs = &vcpu->arch.regs;
	uint64_t offset = 0x400; /* lower EL, AArch64 */

	if (regs->pstate & PSR_AARCH32)
		offset = 0x600;
	else if ((regs->pstate & 0xf) == PSR_EL1H)
		offset = 0x200;
	else if ((regs->pstate & 0xc) == 4)
		offset = 0;
	WRITE_SYSREG(elr_el1, regs->pc);
	WRITE_SYSREG(spsr_el1, regs->pstate);
	regs->pstate = entry_pstate(regs->pstate);
	regs->pc = READ_SYSREG(vbar_el1) + offset + kind;
}

void vcpu_inject_sync(struct vcpu *vcpu, uint32_t esr)
{
	WRITE_SYSREG(esr_el1, esr);
	inject64(vcpu, 0);
}

void vcpu_inject_irq(struct vcpu *vcpu, bool fiq)
{
	inject64(vcpu, fiq ? 0x100 : 0x80);
}

void vcpu_inject_undef(struct vcpu *vcpu)
{
	if (vcpu->arch.aarch32)
		a32_inject_undef(vcpu);
	else
		vcpu_inject_sync(vcpu, ((uint32_t)EC_UNKNOWN << 26) | (vcpu->arch.esr & ESR_IL));
}

void arch_vcpu_inject_abort(struct vcpu *vcpu, const struct vcpu_exit *exit)
{
	bool from_el0 = (vcpu->arch.regs.pstate & 0xf) == 0;
	uint32_t ec = exit->is_fetch ? EC_IABT_LOW : EC_DABT_LOW;

	if (vcpu->arch.aarch32) {
		a32_inject_abort(vcpu, exit);
		return;
	}
	/* Synchronous external abort; of a table walk when the walk touched it. */
	if (!from_el0)
		ec++;
	WRITE_SYSREG(far_el1, exit->gva);
	vcpu_inject_sync(vcpu, (ec << 26) | ESR_IL | (exit->is_write ? ISS_WNR : 0) |
				       (exit->is_walk ? 0x15 : 0x10));
}

void arch_vcpu_reflect(struct vcpu *vcpu, const struct vcpu_exit *exit)
{
	unsigned ec = exit->syndrome >> 26;

	if (vcpu->arch.serror) {
		/*
		 * An asynchronous abort that this guest caused: it gets it at its own SError
		 * vector.
		 */
		vcpu->arch.serror = false;
		vcpu->arch.hcr |= HCR_VSE;
		WRITE_SYSREG(hcr_el2, vcpu->arch.hcr);
	} else if (ec == EC_DABT_LOW || ec == EC_IABT_LOW) {
		arch_vcpu_inject_abort(vcpu, exit);
	} else {
		vcpu_inject_undef(vcpu);
	}
}

void arch_vcpu_describe(struct vcpu *vcpu, const struct vcpu_exit *exit, char *buf, size_t size)
{
	unsigned ec = exit->syndrome >> 26;

	if (vcpu->arch.serror)
		snprintf(buf, size, "asynchronous external abort (SError, ESR 0x%08x)",
			 exit->syndrome);
	else if (ec == EC_IABT_LOW || ec == EC_DABT_LOW)
		snprintf(buf, size, "%s, %s", exception_class_text(ec),
			 fault_status_text(exit->syndrome & 0x3f));
	else
		snprintf(buf, size, "%s (ESR 0x%08x)", exception_class_text(ec), exit->syndrome);
}

bool arch_vcpu_describe_taken(struct vcpu *vcpu, char *buf, size_t size)
{
	uint64_t esr = READ_SYSREG(esr_el1);

	if (vcpu->arch.aarch32 || !(esr >> 26))
		return false;
	snprintf(buf, size, "%s at PC 0x%llx (ESR_EL1 0x%llx, FAR_EL1 0x%llx), vectors at 0x%llx",
		 exception_class_text((esr >> 26) & 0x3f),
		 (unsigned long long)READ_SYSREG(elr_el1), (unsigned long long)esr,
		 (unsigned long long)READ_SYSREG(far_el1),
		 (unsigned long long)READ_SYSREG(vbar_el1));
	return true;
}
