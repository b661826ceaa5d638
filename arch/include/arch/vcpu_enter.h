/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running a guest. Apart from <arch/vcpu.h> because a port may do it inline, in the one place where it is
 * called (core's run loop), and then needs struct vcpu. Body or declaration in <port/vcpu_enter.h>:
 *
 *   void arch_vcpu_enter(struct vcpu *vcpu, struct vcpu_exit *exit)
 *
 * Runs the guest on this CPU until an exit. IRQs masked before and after; the vCPU is loaded, and
 * is the calling thread's. For EXIT_IRQ the port has run irq_host_entry() already.
 */
#pragma once

#include <core/vcpu.h>
#include <port/vcpu_enter.h>
