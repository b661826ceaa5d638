/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU that the hypervisor runs on: identity, idling, stopping, resets and
 * backtraces.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <arch/types.h>
#include <libs/util.h>

struct cpu;
struct shell_out;

/*
 * Inline, in <port/cpu.h>:
 *   struct cpu *arch_this_cpu(void)           the calling CPU's structure
 *   void arch_set_this_cpu(struct cpu *)      at bring-up only
 */
#include <port/cpu.h>

/**
 * Second part of the boot CPU's own set-up, after memory and the device tree.
 * IRQs masked. Fills features and traps that do not change any more.
 * @return 0 or a negative errno (a required feature is absent; logged in words).
 */
must_check int arch_cpu_init(void);

/** The same on each further CPU, on that CPU, IRQs masked. */
void arch_cpu_init_secondary(void);

/**
 * Wait for an interrupt. Called by the idle thread with IRQs masked; returns
 * with IRQs masked once one is pending; where a CPU cannot wait with IRQs masked, it has been
 * taken, without a switch of threads.
 */
void arch_cpu_idle(void);

/** Stop this CPU for good: mask everything and wait for ever. */
noreturn_fn void arch_cpu_halt(void);

/**
 * Reset or power off the machine, by firmware (PSCI on ARM).
 * Any context. Returns only when the firmware refuses.
 */
void arch_machine_reset(void);
void arch_machine_off(void);
/**
 * Tell an emulator or debugger that attends this machine an exit status (semihosting on ARM). Only
 * when the person said that there is one: without, the CPU would stop.
 * @param status 0 … 255. Returns when nobody took it.
 */
void arch_machine_exit(int status);

/**
 * One line that says what CPU this is ("Cortex-A57 r1p0, MPIDR 0x80000000").
 * @param buf  receives the text, NUL-terminated
 * @param size bytes of buf
 */
void arch_cpu_describe(char *buf, size_t size);

/** The hardware's own number for logical CPU @p id (MPIDR affinity, APIC id). */
uint64_t arch_cpu_hwid(unsigned id);

/**
 * Walk the frames of the caller, or of a thread that is not running.
 * @param fp    first frame pointer, 0 for the caller's own
 * @param pcs   receives return addresses, innermost first
 * @param max   room in pcs
 * @return number of entries filled; never faults on a broken chain
 */
unsigned arch_backtrace(va_t fp, va_t *pcs, unsigned max);

/**
 * The boot loader's device tree blob: physical address as it was handed over. The entry code has
 * mapped the blocks that contain [this, this + BLOCK_SIZE) in the direct map.
 */
hpa_t arch_boot_fdt(void);

/** Physical range of the loaded image, bss and boot stacks included. */
void arch_image_range(hpa_t *start, hpa_t *end);

/**
 * Put characters out before any driver runs (early console from the device tree), polled.
 * Silent when there is none. Any context.
 */
void arch_early_puts(const char *s, size_t n);
