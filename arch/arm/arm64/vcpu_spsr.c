/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SPSRs of AArch32 under emulated CPUs (QEMU, 7.2 and later ones) that keep the one of the mode
 * that the guest is in to themselves: EL2 neither reads nor writes it by its register. There a
 * single instruction of ours, run in that mode with the guest's memory switched off, reads or
 * writes it, whenever the guest goes on in another mode or on behalf of another vCPU. Whether that
 * is needed is found once. Callers have IRQs masked; what the instruction is run with is put back.
 */
#include <arch/irqflags.h>
#include <core/mem.h>
#include <libs/bits.h>
#include <port/sysreg.h>
#include <port/vcpu_enter.h>
#include "exception.h"

enum { MRS_R0_SPSR, MSR_SPSR_R0 };
static const uint32_t code[] = { 0xe14f0000, 0xe16ff000 };

/* Set before any 32-bit vCPU is loaded, and never again. */
static bool is_known, is_hidden;
static hpa_t code_at;

/* MMU off: the RES1 bits of ARMv7 */
#define SCTLR_OFF 0x00c50078
#define HCR_BARE  (HCR_SWIO | HCR_FB | HCR_BSU_IS | HCR_TWI | HCR_TWE | HCR_TSC | HCR_TIDCP)

/* Run one of them in a mode. Nothing can come between: no interrupt is routed to EL2. */
static uint32_t run(unsigned which, unsigned mode, uint32_t r0)
{
	uint64_t hcr = READ_SYSREG(hcr_el2), mdcr = READ_SYSREG(mdcr_el2);
	uint64_t sctlr = READ_SYSREG(sctlr_el1), mdscr = READ_SYSREG(mdscr_el1);
	struct vcpu_regs regs = {
		.x = { r0 },
		.pc = code_at + which * sizeof(code[0]),
		.pstate = mode | PSR_A | PSR_I | PSR_F | PSR_SS,
	};

	WRITE_SYSREG(hcr_el2, HCR_BARE);
	WRITE_SYSREG(mdcr_el2, mdcr | MDCR_TDE);
	WRITE_SYSREG(sctlr_el1, SCTLR_OFF);
	WRITE_SYSREG(mdscr_el1, MDSCR_SS);
	isb();
	guest_run(&regs);
	WRITE_SYSREG(mdscr_el1, mdscr);
	WRITE_SYSREG(sctlr_el1, sctlr);
	WRITE_SYSREG(mdcr_el2, mdcr);
	WRITE_SYSREG(hcr_el2, hcr);
	isb();
	return (uint32_t)regs.x[0];
}

void a32_spsr_find(void)
{
	unsigned long flags = arch_irq_save();
	uint64_t spsr;

	code_at = mem_va_to_hpa(code);
	/* It has to be where AArch32 can go. */
	if (!is_known && code_at < BIT(32)) {
		spsr = READ_SYSREG(spsr_und);
		WRITE_SYSREG(spsr_und, 0);
		run(MSR_SPSR_R0, PSR_A32_UND, PSR_A32_SVC);
		is_hidden = READ_SYSREG(spsr_und) != PSR_A32_SVC;
		WRITE_SYSREG(spsr_und, spsr);
		/* What the MMU found while it was off is nobody's. */
		__asm__ volatile("tlbi vmalle1\n\tdsb nsh\n\tisb" : : : "memory");
	}
	is_known = true;
	arch_irq_restore(flags);
}

uint64_t a32_spsr(unsigned mode)
{
	switch (mode) {
	case PSR_A32_FIQ:
		return READ_SYSREG(spsr_fiq);
	case PSR_A32_IRQ:
		return READ_SYSREG(spsr_irq);
	case PSR_A32_SVC:
		return READ_SYSREG(spsr_el1);
	case PSR_A32_ABT:
		return READ_SYSREG(spsr_abt);
	case PSR_A32_UND:
		return READ_SYSREG(spsr_und);
	}
	return 0;
}

static bool is_elsewhere(unsigned mode)
{
	return unlikely(is_hidden) && mode != PSR_A32_USR && mode != PSR_A32_SYS;
}

void a32_spsr_leave(const struct vcpu_regs *regs)
{
	unsigned mode = regs->pstate & 0x1f;
	uint64_t spsr;

	if (!is_elsewhere(mode))
		return;
	spsr = run(MRS_R0_SPSR, mode, 0);
	switch (mode) {
	case PSR_A32_FIQ:
		WRITE_SYSREG(spsr_fiq, spsr);
		break;
	case PSR_A32_IRQ:
		WRITE_SYSREG(spsr_irq, spsr);
		break;
	case PSR_A32_SVC:
		WRITE_SYSREG(spsr_el1, spsr);
		break;
	case PSR_A32_ABT:
		WRITE_SYSREG(spsr_abt, spsr);
		break;
	case PSR_A32_UND:
		WRITE_SYSREG(spsr_und, spsr);
		break;
	}
}

void a32_spsr_enter(const struct vcpu_regs *regs)
{
	unsigned mode = regs->pstate & 0x1f;

	if (is_elsewhere(mode))
		run(MSR_SPSR_R0, mode, (uint32_t)a32_spsr(mode));
}
