/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ICC_* registers of coprocessor 15 for 32-bit guests with a GICv3 on CPUs that have none. As in
 * vcpu_icc.c: they are undefined, breakpoints wait at the guest's vectors of undefined
 * instructions, and what was caught there is done as a trapped access would be. The breakpoints
 * that are left go to the instructions that were caught last, so that these do not get that far.
 * CPUs that trap by the number of the register (HSTR_EL2.T12) have only ICC_PMR come this way.
 *
 * VBAR traps, and the breakpoint goes with it; another one is at the upper vectors, always. What
 * the exception overwrote (LR_und, SPSR_und) is as it was at the last entry. All is the vCPU's own:
 * only its thread comes here, IRQs masked, the vCPU loaded.
 */
#include <arch/vcpu.h>
#include <core/vcpu.h>
#include <libs/bits.h>
#include <libs/errno.h>
#include <port/sysreg.h>
#include "../common/a32_decode.h"
#include "../common/port.h"
#include "exception.h"
#include "vcpu_icc.h"

#define VECTOR_UNDEF 4
#define UPPER	     0xffff0000ULL	   /* SCTLR.V */
enum { AT_VBAR, AT_UPPER, AT_CODE };	   /* breakpoints; there are two at least */

#define PSR_T	     BIT(5)
#define PSR_MODE     0x1fU
#define DSCR_MOE     GENMASK(5, 2)
#define DSCR_BY_BKPT (3ULL << 2)

void icc32_reset(struct vcpu_icc *icc)
{
	icc->hw.bvr[AT_UPPER] = UPPER + VECTOR_UNDEF;
	icc->hw.bcr[AT_UPPER] = BCR_AT_EL1;
}

static bool at_vector(const struct vcpu_regs *regs, const struct vcpu_icc *icc)
{
	return (regs->pstate & PSR_MODE) == PSR_A32_UND &&
	       (regs->pc == icc->vbar + VECTOR_UNDEF || regs->pc == UPPER + VECTOR_UNDEF);
}

void icc32_prepare(struct vcpu *vcpu)
{
	struct vcpu_icc *icc = vcpu->arch.icc;
	const struct vcpu_regs *regs = &vcpu->arch.regs;
	uint64_t vbar = READ_SYSREG(vbar_el1) & GENMASK(31, 5);

	if (unlikely(vbar != icc->vbar)) {
		icc->vbar = vbar;
		icc_breakpoint(icc, AT_VBAR, vbar + VECTOR_UNDEF, BCR_AT_EL1);
	}
	/* An exit at the vector, before its breakpoint: what was before stays known. */
	if (at_vector(regs, icc) && !icc->stepping)
		return;
	icc->elr = regs->x[A32_LR_UND];
	icc->spsr = READ_SYSREG(spsr_und);
}

/* --- the instruction ---------------------------------------------------------------- */

/* The syndrome that the access at an address would have, or 0. T32: its halves may be apart. */
static uint32_t syndrome_at(struct vcpu *vcpu, uint32_t va, bool thumb)
{
	uint16_t first, second;
	uint32_t op;

	if (!thumb)
		return icc_code_read(vcpu, va, &op, sizeof(op)) ? a32_cp_syndrome(op, false) : 0;
	if (!icc_code_read(vcpu, va, &first, sizeof(first)) ||
	    !icc_code_read(vcpu, va + 2, &second, sizeof(second)))
		return 0;
	return a32_cp_syndrome((uint32_t)first << 16 | second, true);
}

/* ICC_* by the syndrome: c12, and c4, c6 for ICC_PMR; of 64 bits c12 again. */
static bool is_icc(uint32_t esr)
{
	unsigned ec = esr >> 26, crn = esr >> 10 & 15, crm = esr >> 1 & 15;

	if (ec == EC_CP15_64)
		return crm == 12;
	return ec == EC_CP15_32 && (crn == 12 ? crm >= 8 : crn == 4 && crm == 6);
}

/* Do the access at the PC. @return false: it is none, nothing is done */
static bool done_at_pc(struct vcpu *vcpu)
{
	struct vcpu_regs *regs = &vcpu->arch.regs;
	uint32_t esr = syndrome_at(vcpu, (uint32_t)regs->pc, regs->pstate & PSR_T);

	if (!is_icc(esr))
		return false;
	vcpu->arch.esr = esr;
	if (a32_condition_holds(regs, esr))
		return cp_done(vcpu, esr >> 26, esr & 0x1ffffff);
	arch_vcpu_skip(vcpu);
	return true;
}

/* Have a breakpoint at an instruction that was caught, instead of the longest unused one. */
static void remember(struct vcpu_icc *icc, uint64_t at, bool thumb)
{
	unsigned oldest = AT_CODE, n;

	for (n = AT_CODE; n < icc->nr; n++)
		if (icc->clock - icc->used[n] > icc->clock - icc->used[oldest])
			oldest = n;
	if (oldest >= icc->nr)
		return;
	icc->used[oldest] = ++icc->clock;
	icc_breakpoint(icc, oldest, at & ~3ULL, BCR_BYTES(!thumb ? 0xfULL : at & 2 ? 0xc : 3));
}

/* At such a breakpoint. What is no access any more needs none. */
static void at_code(struct vcpu *vcpu)
{
	struct vcpu_icc *icc = vcpu->arch.icc;
	uint64_t at = vcpu->arch.regs.pc & ~3ULL;
	bool done = done_at_pc(vcpu);
	unsigned n;

	for (n = AT_CODE; n < icc->nr; n++) {
		if (!icc->hw.bcr[n] || icc->hw.bvr[n] != at)
			continue;
		if (done)
			icc->used[n] = ++icc->clock;
		else
			icc_breakpoint(icc, n, 0, 0);
	}
}

/* --- at the vector -------------------------------------------------------------------- */

/*
 * Nothing is believed: the guest may have come there by a branch.
 * @return as icc32_breakpoint()
 */
static bool undefined(struct vcpu *vcpu)
{
	struct vcpu_icc *icc = vcpu->arch.icc;
	struct vcpu_regs *regs = &vcpu->arch.regs;
	uint64_t vector = regs->pc, entered = regs->pstate, from, spsr, back;
	uint32_t lr = (uint32_t)regs->x[A32_LR_UND];

	a32_spsr_leave(regs);
	spsr = READ_SYSREG(spsr_und);
	back = a32_pstate_of(spsr);
	if (!(back & 0xf))
		return false;
	from = lr - (back & PSR_T ? 2 : 4);
	regs->pc = from;
	regs->pstate = back;
	regs->x[A32_LR_UND] = icc->elr;
	WRITE_SYSREG(spsr_und, icc->spsr);
	if (done_at_pc(vcpu)) {
		a32_spsr_enter(regs);
		remember(icc, from, back & PSR_T);
		return true;
	}
	regs->pc = vector;
	regs->pstate = entered;
	regs->x[A32_LR_UND] = lr;
	WRITE_SYSREG(spsr_und, spsr);
	return false;
}

bool icc32_breakpoint(struct vcpu *vcpu)
{
	const struct vcpu_icc *icc = vcpu->arch.icc;
	uint64_t pc = vcpu->arch.regs.pc;

	if (at_vector(&vcpu->arch.regs, icc))
		return undefined(vcpu);
	if (pc == icc->vbar + VECTOR_UNDEF || pc == UPPER + VECTOR_UNDEF)
		return false;
	at_code(vcpu);
	return true;
}

void icc32_bkpt(struct vcpu *vcpu)
{
	uint64_t *dscr = &vcpu->arch.icc->mdscr;

	*dscr = (*dscr & ~DSCR_MOE) | DSCR_BY_BKPT;
	a32_inject_bkpt(vcpu);
}

/* --- the guest's debug registers ---------------------------------------------------- */

/* Those beside what AArch64 has too, which have the same numbers. */
enum { DIDR = 0, DSCR_INT = 1, DTR = 5, WFAR = 6, VCR = 7 }; /* c0, opc2 0 */

/* Debug architecture, breakpoints and watchpoints, of which one compares contexts. */
static uint32_t didr(struct vcpu *vcpu)
{
	uint32_t version = idreg_read(vcpu, 1, 2) & 15; /* ID_DFR0.CopDbg */

	return (uint32_t)(ICC_DEBUG_REGS - 1) * 0x11000000 | version << 16 | BIT32(15);
}

/* DBGBXVR<n>, DBGDEVID<n>, and what comes and goes by the debug channel: zero. */
static bool is_zero(unsigned crn, unsigned crm, unsigned opc2)
{
	return (crn == 0 && opc2 == 0 && crm >= DTR && crm <= VCR) ||
	       (crn == 0 && opc2 == 2 && (crm == 0 || crm == 3)) || (crn == 1 && opc2 == 1) ||
	       (crn == 7 && opc2 == 7);
}

/* DBGDSCRext, DBGBVR<n> … DBGWCR<n>; the claim tags and DBGAUTHSTATUS */
static bool shared(unsigned crn, unsigned opc2)
{
	return crn == 0 || (crn == 7 && opc2 == 6);
}

int icc32_debug_read(struct vcpu *vcpu, uint32_t iss, uint32_t *value)
{
	unsigned crn = iss >> 10 & 15, crm = iss >> 1 & 15, opc2 = iss >> 17 & 7;
	uint64_t wide = 0;
	int err = 0;

	if (crn == 0 && opc2 == 0 && crm == DIDR)
		wide = didr(vcpu);
	else if (crn == 0 && opc2 == 0 && crm == DSCR_INT)
		wide = vcpu->arch.icc->mdscr;
	else if (!is_zero(crn, crm, opc2))
		err = shared(crn, opc2) ? icc_debug_read(vcpu, iss, &wide) : -ENOENT;
	*value = (uint32_t)wide;
	return err;
}

int icc32_debug_write(struct vcpu *vcpu, uint32_t iss, uint32_t value)
{
	unsigned crn = iss >> 10 & 15, crm = iss >> 1 & 15, opc2 = iss >> 17 & 7;

	if (is_zero(crn, crm, opc2))
		return crn == 7 ? -ENOENT : 0; /* DBGDEVID<n> are read-only */
	return shared(crn, opc2) ? icc_debug_write(vcpu, iss, value) : -ENOENT;
}
