/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Masking of interrupts on the calling CPU. The port supplies the inline
 * bodies in <arch/port/irqflags.h> of its private include folder.
 *
 *   void arch_irq_disable(void)             mask interrupts
 *   void arch_irq_enable(void)              unmask interrupts
 *   unsigned long arch_irq_save(void)       mask, return the former state
 *   void arch_irq_restore(unsigned long s)  back to a state of arch_irq_save()
 *   bool arch_irq_disabled(void)            true when masked
 *
 * All are compiler barriers. None fails.
 */
#pragma once

#include <stdbool.h>
#include <port/irqflags.h>
