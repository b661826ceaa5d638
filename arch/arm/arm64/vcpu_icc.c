/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ICC_* system registers for guests with a GICv3 on CPUs that have none. Such an access is
 * undefined at EL1 and goes to the guest's own vector. There a hardware breakpoint waits: debug
 * exceptions come to EL2 (MDCR_EL2.TDE), before the vector's first instruction. If it was such an
 * access it is done as a trapped one is, and the exception is taken back; any other exception goes
 * on by a single step over the breakpoint.
 *
 * VBAR_EL1 does not trap: it is looked at before each entry (arch_vcpu_prepare()), so between a
 * guest's write to it and its first ICC_* access there must be some exit. What the exception
 * overwrote (ELR_EL1, SPSR_EL1, ESR_EL1) is as it was at the last entry, or when the guest took the
 * last interrupt; what the guest wrote there itself since then, or an exception from EL0, is lost.
 * Guests that keep ELR and SPSR elsewhere before they touch the interrupt controller do not notice.
 *
 * All is the vCPU's own: only its thread comes here, IRQs masked, the vCPU loaded.
 */
#include <arch/vcpu.h>
#include <arch/vintc.h>
#include <core/guest.h>
#include <core/mem.h>
#include <core/vcpu.h>
#include <libs/bits.h>
#include <libs/errno.h>
#include <libs/string.h>
#include <port/features.h>
#include <port/sysreg.h>
#include "../common/port.h"
#include "exception.h"
#include "idreg.h"
#include "vcpu_icc.h"

/* Vectors of exceptions from EL1, from VBAR_EL1 on. */
#define VECTOR_SYNC_SP0 0x000
#define VECTOR_SYNC	0x200
#define VECTOR_IRQ	0x280
#define VECTOR_FIQ	0x300

/* What an exception return may give back of PSTATE: NZCV, TCO, DIT, UAO, PAN, SSBS, DAIF. */
#define PSTATE_BACK (GENMASK(31, 28) | GENMASK(25, 22) | BIT(12) | GENMASK(9, 6))

/*
 * So many steps of EL1 on the way to a step of EL0. A sequence of exclusive accesses does not
 * succeed while it is stepped, and is left alone then.
 */
#define EL1_STEPS 10000

/* --- life --------------------------------------------------------------------------- */

int icc_init(struct vcpu *vcpu)
{
	struct vcpu_icc *icc = heap_zalloc(sizeof(*icc));
	unsigned all = MIN_T(unsigned, cpu_features.brps, BREAKPOINTS_MAX);

	if (!icc)
		return -ENOMEM;
	/* Kernels may have different vectors while they are away at EL0: two at least. */
	icc->for_irq = all >= 4 && !vcpu->arch.aarch32;
	icc->nr = (uint8_t)(all - icc->for_irq);
	vcpu->arch.icc = icc;
	vcpu->arch.debug = &icc->hw;
	return 0;
}

void icc_fini(struct vcpu *vcpu)
{
	heap_free(vcpu->arch.icc);
	vcpu->arch.icc = NULL;
	vcpu->arch.debug = NULL;
}

void icc_reset(struct vcpu *vcpu)
{
	struct vcpu_icc *icc = vcpu->arch.icc;
	uint8_t nr = icc->nr;
	bool for_irq = icc->for_irq;

	memset(icc, 0, sizeof(*icc));
	icc->nr = nr;
	icc->for_irq = for_irq;
	icc->vbar = UINT64_MAX; /* none */
	vcpu->arch.more = vcpu->arch.debug_loaded = true;
	vcpu->arch.mdcr |= MDCR_TDE;
	vcpu->arch.sys[VR_MDSCR_EL1] = MDSCR_MDE;
	if (vcpu->arch.aarch32)
		icc32_reset(icc);
}

/* --- breakpoints -------------------------------------------------------------------- */

void icc_breakpoint(struct vcpu_icc *icc, unsigned n, uint64_t at, uint64_t bcr)
{
	icc->hw.bvr[n] = at;
	icc->hw.bcr[n] = bcr;
	switch (n) {
#define SET(i)                                                                                     \
	case i:                                                                                    \
		WRITE_SYSREG(dbgbvr##i##_el1, icc->hw.bvr[i]);                                     \
		WRITE_SYSREG(dbgbcr##i##_el1, icc->hw.bcr[i]);                                     \
		break;
		EACH16(SET)
#undef SET
	}
}

/* Have a breakpoint at a vector: the one that is there, or that of the longest unused one. */
static void watch(struct vcpu_icc *icc, uint64_t at)
{
	unsigned oldest = 0, n;

	icc->clock++;
	for (n = 0; n < icc->nr; n++) {
		if (icc->hw.bcr[n] && icc->hw.bvr[n] == at) {
			icc->used[n] = icc->clock;
			return;
		}
		if (icc->clock - icc->used[n] > icc->clock - icc->used[oldest])
			oldest = n;
	}
	icc->used[oldest] = icc->clock;
	icc_breakpoint(icc, oldest, at, BCR_AT_EL1);
}

static noinline_fn void new_vectors(struct vcpu_icc *icc, uint64_t vbar)
{
	icc->vbar = vbar;
	vbar &= ~0x7ffULL;
	if (icc->sp0)
		watch(icc, vbar + VECTOR_SYNC_SP0);
	watch(icc, vbar + VECTOR_SYNC);
}

static bool at_vector(const struct vcpu_regs *regs, uint64_t vbar)
{
	return (regs->pc & ~(uint64_t)VECTOR_SYNC) == (vbar & ~0x7ffULL);
}

/*
 * An interrupt is asserted, or was. If the guest takes it now it is sent to its vector here, so
 * that ELR_EL1 and SPSR_EL1 are known afterwards. If it takes it later, a breakpoint there tells.
 */
static noinline_fn void offer_irq(struct vcpu *vcpu, bool irq, bool fiq)
{
	struct vcpu_icc *icc = vcpu->arch.icc;
	struct vcpu_regs *regs = &vcpu->arch.regs;
	uint64_t at = 0;

	if (irq || fiq) {
		if (!(regs->pstate & (fiq ? PSR_F : PSR_I)) && !icc->stepping)
			vcpu_inject_irq(vcpu, fiq);
		else
			at = (icc->vbar & ~0x7ffULL) + (fiq ? VECTOR_FIQ : VECTOR_IRQ);
	}
	if (at == regs->pc)
		at = 0; /* it has just been taken */
	if (at == icc->irq_at || !icc->for_irq)
		return;
	icc->irq_at = at;
	icc_breakpoint(icc, icc->nr, at, at ? BCR_AT_EL1 : 0);
}

/*
 * The guest has its software step on, for a program at EL0. Here it would step EL1 too, whose
 * exception return then loses what it says about EL0 (SPSR_EL1.SS): so EL1 is stepped by us, up to
 * that return.
 */
static noinline_fn void step_user(struct vcpu *vcpu, bool on)
{
	struct vcpu_icc *icc = vcpu->arch.icc;
	struct vcpu_regs *regs = &vcpu->arch.regs;
	bool el0 = !(regs->pstate & 0xf);

	if (on) {
		WRITE_SYSREG(mdscr_el1, el0 ? MDSCR_SS | MDSCR_MDE : MDSCR_SS);
		regs->pstate |= el0 ? 0 : PSR_SS;
	} else if (!icc->stepping) {
		WRITE_SYSREG(mdscr_el1, MDSCR_MDE);
		regs->pstate &= ~PSR_SS;
	}
	icc->user = on;
	icc->at_el0 = el0;
	if (el0)
		icc->el1_steps = 0;
	else if (on)
		icc->el1_steps++;
}

void arch_vcpu_prepare(struct vcpu *vcpu)
{
	struct arch_vcpu *a = &vcpu->arch;
	struct vcpu_icc *icc = a->icc;
	uint64_t vbar = READ_SYSREG(vbar_el1);
	bool irq = a->hcr & HCR_VI, fiq = a->hcr & HCR_VF;
	bool user = icc->mdscr & MDSCR_SS && !a->os_locked && icc->el1_steps < EL1_STEPS;

	if (a->aarch32) {
		icc32_prepare(vcpu);
		return;
	}
	if (unlikely(!icc->sp0 && (a->regs.pstate & 0x1f) == PSR_EL1T)) {
		icc->sp0 = true;
		new_vectors(icc, vbar);
	} else if (unlikely(vbar != icc->vbar)) {
		new_vectors(icc, vbar);
	}
	if (irq || fiq || icc->irq_at)
		offer_irq(vcpu, irq, fiq);
	if (unlikely(user || icc->user))
		step_user(vcpu, user);
	/*
	 * An exit at the vector, before its breakpoint: what was before the exception stays known.
	 * Unless it has been looked at already.
	 */
	if (at_vector(&a->regs, vbar) && !icc->stepping)
		return;
	icc->elr = READ_SYSREG(elr_el1);
	icc->spsr = READ_SYSREG(spsr_el1);
	icc->esr = READ_SYSREG(esr_el1);
}

/* --- exits -------------------------------------------------------------------------- */

bool icc_code_read(struct vcpu *vcpu, uint64_t va, void *buf, unsigned size)
{
	struct code_page *page;
	uint64_t avail;
	gpa_t gpa;

	if (va & (size - 1) || !guest_va(&vcpu->arch.regs, va, &gpa))
		return false;
	/* A pointer to memory that may go and come is not kept. */
	if (unlikely(guest_mem_moves(vcpu->guest)))
		return !guest_mem_read(vcpu->guest, gpa, buf, size);
	page = &vcpu->arch.icc->code[gpa >> PAGE_SHIFT & (CODE_PAGES - 1)];
	if (unlikely(!page->at || page->gpa != (gpa & PAGE_MASK))) {
		const uint8_t *at = guest_mem_ptr(vcpu->guest, gpa & PAGE_MASK, false, &avail);

		if (!at || avail < PAGE_SIZE)
			return !guest_mem_read(vcpu->guest, gpa, buf, size);
		*page = (struct code_page){ gpa & PAGE_MASK, at };
	}
	memcpy(buf, page->at + (gpa & ~PAGE_MASK), size);
	return true;
}

/*
 * Do an access to S3_0_C4_C6_0 or S3_0_C12_C8 ... C12_<op2>, given as the instruction (MRS, MSR:
 * DDI 0487 C4.1.92). @return false: it is none, or the GIC does not have it
 */
static bool do_access(struct vcpu *vcpu, uint32_t op)
{
	const struct vintc_ops *ops = vcpu->guest->vintc;
	unsigned crn = op >> 12 & 15, crm = op >> 8 & 15, op2 = op >> 5 & 7, rt = op & 31;
	bool is_write = !(op & BIT32(21));
	uint64_t value = rt == 31 || !is_write ? 0 : vcpu->arch.regs.x[rt];

	if ((op & 0xffdf0000) != 0xd5180000 || !(crn == 12 ? crm - 8 < 5 : crn == 4 && crm == 6))
		return false;
	if (crm == 11 && op2 >= 5) { /* ICC_SGI1R_EL1, ICC_ASGI1R_EL1, ICC_SGI0R_EL1 */
		if (is_write)
			ops->sgi(vcpu, op2 == 5, value);
		return is_write;
	}
	if (ops->sysreg(vcpu, VINTC_ICC(crn, crm, op2), is_write, &value))
		return false;
	if (!is_write && rt != 31)
		vcpu->arch.regs.x[rt] = value;
	return true;
}

/*
 * At a vector of synchronous exceptions: do the access to ICC_* that came there, and take the
 * exception back. Nothing is believed: the guest may have come there by a branch.
 */
static bool emulate(struct vcpu *vcpu)
{
	struct vcpu_regs *regs = &vcpu->arch.regs;
	const struct vcpu_icc *icc = vcpu->arch.icc;
	uint64_t from = READ_SYSREG(elr_el1), spsr = READ_SYSREG(spsr_el1);
	uint32_t op;

	if (READ_SYSREG(esr_el1) >> 26 != EC_UNKNOWN || (spsr & 0x1e) != PSR_EL1T)
		return false;
	if (!icc_code_read(vcpu, from, &op, sizeof(op)) || !do_access(vcpu, op))
		return false;
	regs->pc = from + 4;
	regs->pstate = spsr & (PSTATE_BACK | 0x1f);
	WRITE_SYSREG(elr_el1, icc->elr);
	WRITE_SYSREG(spsr_el1, icc->spsr);
	WRITE_SYSREG(esr_el1, icc->esr);
	return true;
}

void icc_exit_breakpoint(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	struct vcpu_icc *icc = vcpu->arch.icc;
	struct vcpu_regs *regs = &vcpu->arch.regs;

	if (unlikely(!icc)) {
		exit->kind = EXIT_FAULT;
		return;
	}
	exit->kind = EXIT_DEBUG;
	if (icc->irq_at && regs->pc == icc->irq_at)
		return;
	if (vcpu->arch.aarch32 ? icc32_breakpoint(vcpu) : emulate(vcpu)) {
		exit->kind = EXIT_SYSREG;
		return;
	}
	icc->stepping = true;
	regs->pstate |= PSR_SS;
	WRITE_SYSREG(mdscr_el1, MDSCR_SS); /* without MDE there is no breakpoint */
}

/* A step while the guest steps a program at EL0: of the program, or of EL1 on the way there. */
static noinline_fn void user_stepped(struct vcpu *vcpu)
{
	struct vcpu_icc *icc = vcpu->arch.icc;
	struct vcpu_regs *regs = &vcpu->arch.regs;

	if (regs->pstate & 0xf)
		icc->stepping = at_vector(regs, READ_SYSREG(vbar_el1)) && !emulate(vcpu);
	else if (!icc->at_el0 && READ_SYSREG(spsr_el1) & PSR_SS)
		regs->pstate |= PSR_SS; /* it has just come there, and may do one instruction */
	else
		vcpu_inject_sync(vcpu, vcpu->arch.esr);
}

void icc_exit_step(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	struct vcpu_icc *icc = vcpu->arch.icc;

	if (unlikely(!icc)) {
		exit->kind = EXIT_FAULT;
		return;
	}
	exit->kind = EXIT_DEBUG;
	icc->stepping = false;
	vcpu->arch.regs.pstate &= ~PSR_SS;
	if (unlikely(icc->user))
		user_stepped(vcpu);
	else
		WRITE_SYSREG(mdscr_el1, MDSCR_MDE);
}

void icc_exit_brk(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	if (unlikely(!vcpu->arch.icc)) {
		exit->kind = EXIT_FAULT;
		return;
	}
	exit->kind = EXIT_DEBUG;
	vcpu->arch.regs.pstate &= ~PSR_SS;
	if (vcpu->arch.aarch32)
		icc32_bkpt(vcpu);
	else
		vcpu_inject_sync(vcpu, vcpu->arch.esr);
}

/* --- the guest's debug registers ---------------------------------------------------- */

/* MDSCR_EL1, DBGBVR … DBGWCR<n>_EL1, the claim tags. @return where it is, NULL: nowhere */
static uint64_t *kept(struct vcpu_icc *icc, unsigned crn, unsigned crm, unsigned op2)
{
	if (crn == 7)
		return crm == 8 || crm == 9 ? &icc->claim : NULL;
	if (crm == 2 && op2 == 2)
		return &icc->mdscr;
	return op2 >= 4 && crm < ICC_DEBUG_REGS ? &icc->kept[op2 - 4][crm] : NULL;
}

int icc_debug_read(struct vcpu *vcpu, uint32_t iss, uint64_t *value)
{
	unsigned crn = iss >> 10 & 15, crm = iss >> 1 & 15;
	const uint64_t *at = kept(vcpu->arch.icc, crn, crm, iss >> 17 & 7);

	if (crn == 7 && crm == 14)
		*value = 0; /* DBGAUTHSTATUS_EL1: nothing is there to be debugged by */
	else if (at)
		*value = crn == 7 && crm == 8 ? 0xff : *at; /* DBGCLAIMSET_EL1: which there are */
	else
		return -ENOENT;
	return 0;
}

int icc_debug_write(struct vcpu *vcpu, uint32_t iss, uint64_t value)
{
	unsigned crn = iss >> 10 & 15, crm = iss >> 1 & 15;
	uint64_t *at = kept(vcpu->arch.icc, crn, crm, iss >> 17 & 7);

	if (!at)
		return -ENOENT;
	vcpu->arch.icc->el1_steps = 0;
	if (crn == 7)
		*at = crm == 8 ? *at | (value & 0xff) : *at & ~value;
	else
		*at = value;
	return 0;
}
