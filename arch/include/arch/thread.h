/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU side of a thread: its first frame and the switch.
 */
#pragma once

#include <stddef.h>
#include <arch/types.h>

/**
 * Build the first frame of a thread on its stack.
 * The thread starts with IRQs masked in thread_entry() (core), which unmasks.
 * @param stack_top  one past the highest byte of the stack, 16-byte aligned
 * @return stack pointer to keep in the thread
 */
va_t arch_thread_init(va_t stack_top);

/**
 * Switch stacks: save callee-saved registers, keep the old stack pointer in
 * *old_sp, continue at new_sp. IRQs masked. Guest state is not touched.
 */
void arch_thread_switch(va_t *old_sp, va_t new_sp);
