/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AArch32 at EL1 under an AArch64 hypervisor: reset state and exceptions. Banked registers of
 * AArch32 appear as x16 … x30 and as SPSR_und and others (DDI 0487 D1.20.1).
 */
#include <arch/vcpu.h>
#include <core/guest.h>
#include <core/vcpu.h>
#include <port/sysreg.h>
#include "exception.h"
#include "idreg.h"

#define A32_T	  BIT(5)
#define A32_DIT	  BIT(21)
#define A32_DIT64 BIT(24) /* where SPSR_EL2 has it; SPSRs of AArch32 have SS and J instead */
#define A32_PAN	  BIT(22)
#define A32_SSBS  BIT(23)
#define A32_IL	  BIT(20)
#define A32_E	  BIT(9)
#define A32_IT_LO GENMASK(26, 25)
#define A32_IT_HI GENMASK(15, 10)
#define MODE_USR  PSR_A32_USR
#define MODE_FIQ  PSR_A32_FIQ
#define MODE_IRQ  PSR_A32_IRQ
#define MODE_SVC  0x13
#define MODE_ABT  PSR_A32_ABT
#define MODE_UND  PSR_A32_UND
#define LR_ABT	  20
#define LR_UND	  A32_LR_UND
#define MODE_SYS  PSR_A32_SYS
#define SCTLR_V	  BIT(13)
#define SCTLR_TE  BIT(30)
#define SCTLR_EE  BIT(25)
#define SCTLR_SPAN BIT(23)
#define SCTLR_DSSBS BIT(31)
/* ARMv7 reset value: RES1 bits, CP15BEN */
#define A32_SCTLR_RESET 0x00c50078

void a32_advance_it(struct vcpu_regs *regs)
{
	uint64_t it =
		(FIELD_GET(A32_IT_HI, regs->pstate) << 2) | FIELD_GET(A32_IT_LO, regs->pstate);

	if (!(regs->pstate & A32_T) || !it)
		return;
	it = it & 7 ? (it & 0xe0) | ((it << 1) & 0x1f) : 0;
	regs->pstate &= ~(A32_IT_HI | A32_IT_LO);
	regs->pstate |= FIELD_PREP(A32_IT_HI, it >> 2) | FIELD_PREP(A32_IT_LO, it & 3);
}

bool a32_condition_holds(const struct vcpu_regs *regs, uint32_t esr)
{
	unsigned cond = 14, flags = (unsigned)(regs->pstate >> 28);
	bool n = flags & 8, z = flags & 4, c = flags & 2, v = flags & 1, holds;

	if (esr >> 26 == EC_SMC32 && !(esr & BIT(19)))
		return true; /* known to hold; no condition is given */
	if (esr & BIT(24))
		cond = (esr >> 20) & 15;
	else if (regs->pstate & A32_T && regs->pstate & (A32_IT_HI | A32_IT_LO))
		cond = (unsigned)FIELD_GET(A32_IT_HI, regs->pstate) >> 2;
	switch (cond >> 1) {
	case 0: /* EQ, NE */
		holds = z;
		break;
	case 1: /* CS, CC */
		holds = c;
		break;
	case 2: /* MI, PL */
		holds = n;
		break;
	case 3: /* VS, VC */
		holds = v;
		break;
	case 4: /* HI, LS */
		holds = c && !z;
		break;
	case 5: /* GE, LT */
		holds = n == v;
		break;
	case 6: /* GT, LE */
		holds = n == v && !z;
		break;
	default: /* always */
		return true;
	}
	return holds != (cond & 1);
}

unsigned a32_reg_number(const struct vcpu_regs *regs, unsigned n)
{
	if (n == 15)
		return 31;
	switch (regs->pstate & 0x1f) {
	case MODE_FIQ:
		return n >= 8 && n < 15 ? n + 16 : n;
	case MODE_IRQ:
		return n == 13 ? 17 : n == 14 ? 16 : n;
	case MODE_SVC:
		return n == 13 ? 19 : n == 14 ? 18 : n;
	case MODE_ABT:
		return n == 13 ? 21 : n == 14 ? LR_ABT : n;
	case MODE_UND:
		return n == 13 ? 23 : n == 14 ? LR_UND : n;
	}
	return n;
}

uint64_t a32_pstate_of(uint64_t spsr)
{
	static const uint32_t modes = BIT32(MODE_USR) | BIT32(MODE_FIQ) | BIT32(MODE_IRQ) |
				      BIT32(MODE_SVC) | BIT32(MODE_ABT) | BIT32(MODE_UND) |
				      BIT32(MODE_SYS);
	uint64_t keep = GENMASK(31, 27) | A32_SSBS | A32_PAN | GENMASK(19, 16) | GENMASK(9, 0);

	if (!(modes >> (spsr & 0x1f) & 1))
		return 0;
	if (spsr & A32_T)
		keep |= A32_IT_LO | A32_IT_HI;
	return (spsr & keep) | (spsr & A32_DIT ? A32_DIT64 : 0);
}

/* SPSR_EL2 in the form of an SPSR of AArch32. */
static uint64_t spsr32(uint64_t pstate)
{
	return (pstate & ~(A32_DIT | A32_DIT64)) | (pstate & A32_DIT64 ? A32_DIT : 0);
}

/* AArch32.EnterMode: to a vector of the guest; CPSR goes to the mode's SPSR. */
static void enter_mode(struct vcpu_regs *regs, unsigned mode, unsigned lr, uint64_t ret,
		       unsigned vector)
{
	uint64_t sctlr = READ_SYSREG(sctlr_el1);
	uint64_t psr = regs->pstate &
		       ~(0x1fULL | A32_T | A32_IL | A32_IT_LO | A32_IT_HI | A32_E | A32_SSBS |
			 BIT(21)); /* SS */

	if (idreg_values[VINTC_NONE][1][7] & GENMASK(19, 16) && !(sctlr & SCTLR_SPAN))
		psr |= A32_PAN;
	psr |= (sctlr & SCTLR_DSSBS ? A32_SSBS : 0) | mode | PSR_I | (mode == MODE_ABT ? PSR_A : 0);
	psr |= (sctlr & SCTLR_TE ? A32_T : 0) | (sctlr & SCTLR_EE ? A32_E : 0);
	a32_spsr_leave(regs);
	if (mode == MODE_UND)
		WRITE_SYSREG(spsr_und, spsr32(regs->pstate));
	else
		WRITE_SYSREG(spsr_abt, spsr32(regs->pstate));
	regs->x[lr] = (uint32_t)ret;
	regs->pstate = psr;
	a32_spsr_enter(regs);
	regs->pc = (sctlr & SCTLR_V ? 0xffff0000U : (uint32_t)READ_SYSREG(vbar_el1)) + vector;
}

void a32_inject_undef(struct vcpu *vcpu)
{
	struct vcpu_regs *regs = &vcpu->arch.regs;

	enter_mode(regs, MODE_UND, LR_UND, regs->pc + (regs->pstate & A32_T ? 2 : 4), 4);
}

/* TTBCR.EAE: what aborts tell is in the long format. */
static bool long_format(void)
{
	return READ_SYSREG(tcr_el1) & BIT(31);
}

void a32_inject_bkpt(struct vcpu *vcpu)
{
	struct vcpu_regs *regs = &vcpu->arch.regs;

	WRITE_SYSREG(ifsr32_el2, long_format() ? BIT(9) | 0x22 : 0x02);
	enter_mode(regs, MODE_ABT, LR_ABT, regs->pc + 4, 0xc);
}

void a32_inject_abort(struct vcpu *vcpu, const struct vcpu_exit *exit)
{
	struct vcpu_regs *regs = &vcpu->arch.regs;
	/* Synchronous external abort in the long and in the short format. */
	uint64_t fsr = long_format() ? BIT(9) | 0x10 : 0x08;

	if (exit->is_fetch) {
		WRITE_SYSREG(ifsr32_el2, fsr);
		WRITE_SYSREG(far_el1, (READ_SYSREG(far_el1) & GENMASK(31, 0)) |
					      ((uint64_t)(uint32_t)exit->gva << 32));
		enter_mode(regs, MODE_ABT, LR_ABT, regs->pc + 4, 0xc);
		return;
	}
	WRITE_SYSREG(esr_el1, fsr | (exit->is_write ? BIT(11) : 0));
	WRITE_SYSREG(far_el1, (READ_SYSREG(far_el1) & GENMASK(63, 32)) | (uint32_t)exit->gva);
	enter_mode(regs, MODE_ABT, LR_ABT, regs->pc + 8, 0x10);
}

void a32_reset(struct vcpu *vcpu, uint64_t pc, uint64_t arg)
{
	struct arch_vcpu *a = &vcpu->arch;

	a->regs.pstate = PSR_A32_SVC | PSR_A | PSR_I | PSR_F | (pc & 1 ? A32_T : 0) |
			 (vcpu->guest->big_endian ? A32_E : 0);
	a->regs.pc = pc & ~1ULL;
	a->regs.x[1] = 0xffffffff; /* machine number: only the device tree counts */
	a->regs.x[2] = arg;
	a->sys[VR_SCTLR_EL1] = A32_SCTLR_RESET | (vcpu->guest->big_endian ? SCTLR_EE : 0);
}
