/* SPDX-License-Identifier: GPL-2.0-only */
/* Masking of interrupts: a variable of each CPU; unmasking delivers what is pending. */
#pragma once

#include <port/host.h>

static inline void arch_irq_disable(void)
{
	host_irq_disable();
}

static inline void arch_irq_enable(void)
{
	host_irq_enable();
}

static inline unsigned long arch_irq_save(void)
{
	return host_irq_save();
}

static inline void arch_irq_restore(unsigned long flags)
{
	host_irq_restore(flags);
}

static inline bool arch_irq_disabled(void)
{
	return host_irq_disabled();
}
