/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way into the guest and out of it, a part of the run loop. svm_run() (svm/enter.S) keeps only
 * the stack and frame pointers; the compiler knows that all other registers are lost.
 */
#pragma once

#include <arch/vcpu.h>
#include <libs/atomic.h>

/** See to what waits (VCPU_WAITS_). @return true: exit is filled, do not enter */
bool svm_waiting(struct vcpu *vcpu, struct vcpu_exit *exit);
/** Have an ASID of this CPU, which no other vCPU has had since its last flush. Interrupts off. */
void svm_take_asid(struct arch_vcpu *a);
/** The CPU has come back. */
void svm_exited(struct vcpu *vcpu, struct vcpu_exit *exit);

static inline bool arch_vcpu_needs_prepare(const struct arch_vcpu *arch)
{
	return false;
}

static always_inline_fn void arch_vcpu_enter(struct vcpu *vcpu, struct arch_vcpu *a,
					     struct vcpu_exit *exit)
{
	register uint64_t rdi __asm__("rdi");

	if (unlikely(a->waits) && svm_waiting(vcpu, exit))
		return;
	__asm__ volatile("clgi" : : : "memory");
	/*
	 * Whoever changes the tables makes us leave afterwards; with GIF clear it cannot come
	 * between.
	 */
	if (unlikely(a->tlb_seen != READ_ONCE(*a->flushes)))
		svm_take_asid(a);
	rdi = (uintptr_t)a;
	__asm__ volatile("call svm_run"
			 : "+r"(rdi)
			 :
			 : "rax", "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12",
			   "r13", "r14", "r15", "cc", "memory");
	svm_exited(vcpu, exit);
}
