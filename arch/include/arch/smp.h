/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Starting other CPUs and interrupting them.
 */
#pragma once

#include <arch/types.h>
#include <libs/util.h>

struct cpu;

/**
 * Count the CPUs that the device tree has and that can be started; logical CPU
 * 0 is the caller. Called once, on the boot CPU.
 * @return number of CPUs, 1 or more
 */
unsigned arch_smp_count(void);

/**
 * Start a CPU. It runs cpu_secondary_main() (core) with its own stack and *cpu
 * as its arch_this_cpu().
 * @return 0, or a negative errno from the firmware (logged by the caller)
 */
must_check int arch_smp_start(struct cpu *cpu, va_t stack_top);

/**
 * Make another CPU look at its work: it takes an interrupt and calls
 * sched_ipi() (core). Any context. After writes that it shall see (release).
 */
void arch_smp_kick(unsigned cpu_id);
