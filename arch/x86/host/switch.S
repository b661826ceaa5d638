/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Thread switch.
 */
	.section .text.hot, "ax"

/* void arch_thread_switch(va_t *old_sp, va_t new_sp) */
	.globl	arch_thread_switch
arch_thread_switch:
	pushq	%rbp
	movq	%rsp, %rbp		/* backtraces of threads that do not run begin here */
	pushq	%rbx
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	movq	%rsp, (%rdi)
	movq	%rsi, %rsp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbx
	popq	%rbp
	ret
