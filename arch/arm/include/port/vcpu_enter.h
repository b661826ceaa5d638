/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way into the guest and out of it. guest_enter() (arm64/switch.S) keeps only the stack and
 * frame pointers; the compiler knows that all other registers are lost, and keeps what the run
 * loop needs on the stack.
 */
#pragma once

#include <arch/vcpu.h>
#include <port/sysreg.h>

/* core's (core/irq.h) */
void irq_host_entry(void);

/** Result of guest_enter(); the numbers are known to switch.S. */
enum guest_exit_code { GUEST_SYNC = 0, GUEST_IRQ = 1, GUEST_SERROR = 2 };

/** What to do for each exception class, ESR_EL2.EC (arm64/vcpu.c). */
extern void (*const vcpu_exit_table[64])(struct vcpu *vcpu, struct vcpu_exit *exit);
/** An SError while the guest ran. */
void vcpu_exit_serror(struct vcpu *vcpu, struct vcpu_exit *exit);

static inline uint64_t guest_run(struct vcpu_regs *regs)
{
	register uint64_t x0 __asm__("x0") = (uintptr_t)regs;

	__asm__ volatile("bl guest_enter"
			 : "+r"(x0)
			 :
			 : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
			   "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",
			   "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x30", "cc", "memory");
	return x0;
}

static inline bool arch_vcpu_needs_prepare(const struct arch_vcpu *arch)
{
	return arch->icc;
}

static inline void arch_vcpu_enter(struct vcpu *vcpu, struct arch_vcpu *arch,
				   struct vcpu_exit *exit)
{
	uint64_t code = guest_run(&arch->regs);

	if (likely(code == GUEST_SYNC)) {
		uint32_t esr = READ_SYSREG(esr_el2);

		arch->esr = esr;
		exit->syndrome = esr;
		vcpu_exit_table[esr >> 26](vcpu, exit);
	} else if (code == GUEST_IRQ) {
		exit->kind = EXIT_IRQ;
		irq_host_entry();
	} else {
		vcpu_exit_serror(vcpu, exit);
	}
}
