/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Spin locks. A lock that interrupt handlers take is taken with the _irqsave
 * form everywhere. Holding one forbids sleeping; preemption is off meanwhile
 * because IRQs are masked.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <arch/barrier.h>
#include <arch/irqflags.h>

typedef struct spinlock {
	uint32_t held;
} spinlock_t;

#define SPINLOCK_INIT { 0 }

static inline void spin_init(spinlock_t *lock)
{
	lock->held = 0;
}

/** Take the lock; IRQs must be masked already. */
static inline void spin_lock(spinlock_t *lock)
{
	while (__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE))
		while (__atomic_load_n(&lock->held, __ATOMIC_RELAXED))
			arch_relax();
}

static inline bool spin_trylock(spinlock_t *lock)
{
	return !__atomic_exchange_n(&lock->held, 1, __ATOMIC_ACQUIRE);
}

static inline void spin_unlock(spinlock_t *lock)
{
	__atomic_store_n(&lock->held, 0, __ATOMIC_RELEASE);
}

/** Mask IRQs and take the lock. @return state for spin_unlock_irqrestore() */
static inline unsigned long spin_lock_irqsave(spinlock_t *lock)
{
	unsigned long flags = arch_irq_save();

	spin_lock(lock);
	return flags;
}

static inline void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
	spin_unlock(lock);
	arch_irq_restore(flags);
}
