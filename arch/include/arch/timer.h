/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clock and the one-shot event of each CPU. Inline bodies in <port/timer.h>:
 *
 *   uint64_t arch_counter(void)   monotonic ticks since power on, the same on all CPUs
 */
#pragma once

#include <stdint.h>
#include <port/timer.h>

/** Ticks per second of arch_counter(). Constant after arch_cpu_init(). */
uint64_t arch_counter_freq(void);

/**
 * Arm this CPU's one-shot event. IRQs masked.
 * @param ticks  absolute counter value; UINT64_MAX disarms. A value in the past fires at once.
 *
 * When it fires the port calls timer_expired() (core) in interrupt context.
 */
void arch_timer_arm(uint64_t ticks);
