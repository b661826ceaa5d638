/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running a guest. Apart from <arch/vcpu.h> because a port may do it inline, in the one place where
 * it is called: core's run loop. Body or declaration in <port/vcpu_enter.h>:
 *
 *   void arch_vcpu_enter(struct vcpu *vcpu, struct arch_vcpu *arch, struct vcpu_exit *exit)
 *
 * Runs the guest on this CPU until an exit; arch is the port's part of vcpu. IRQs masked before and
 * after; the vCPU is loaded, and is the calling thread's. For EXIT_IRQ the port has run
 * irq_host_entry() already.
 *
 *   bool arch_vcpu_needs_prepare(const struct arch_vcpu *arch)
 *
 * Must arch_vcpu_prepare() be called each time, right before it? Constant once the guest is made.
 */
#pragma once

#include <arch/vcpu.h>
#include <port/vcpu_enter.h>
