/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way into the guest and out of it. svm_run() (svm/enter.S) keeps only the stack and frame
 * pointers; the compiler knows that all other registers are lost.
 */
#pragma once

#include <arch/vcpu.h>

static inline bool arch_vcpu_needs_prepare(const struct arch_vcpu *arch)
{
	return false;
}

void arch_vcpu_enter(struct vcpu *vcpu, struct arch_vcpu *arch, struct vcpu_exit *exit);
