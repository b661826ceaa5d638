/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entries of the interrupt descriptor table, of 16 bytes for faults and 8 for interrupts.
 * Interrupts save what a C function may change, faults save everything and mostly never return.
 */
#include <port/asm.h>
#include <port/cpu.h>

	.text
	.balign 16
	.globl	fault_vectors, irq_vectors
fault_vectors:
	.set	n, 0
	.rept	32
	.balign 16
	/* Those with an error code: 8, 10 to 14, 17, 21, 29, 30 */
	.if	!((0x60227d00 >> n) & 1)
	push	$0
	.endif
	push	$n
	jmp	fault_entry
	.set	n, n + 1
	.endr
	.balign 16
irq_vectors:
	.rept	224
	.balign 8
	push	$(n - 128)		/* one byte */
	jmp	irq_entry
	.set	n, n + 1
	.endr

	.section .text.hot, "ax"
/*
 * An interrupt in hypervisor code. sched_preempt() may switch to another thread; this one
 * continues here later.
 */
irq_entry:
	pushq	%rbp
	movq	%rsp, %rbp
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rsi
	pushq	%rdi
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	movl	8(%rbp), %eax
	addl	$128, %eax
	movl	%eax, %gs:CPU_VECTOR
	subq	$8, %rsp
	cld
	call	irq_host_entry
	cmpb	$0, %gs:CPU_WINDOW
	jne	1f
	call	sched_preempt
1:	addq	$8, %rsp
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rdi
	popq	%rsi
	popq	%rdx
	popq	%rcx
	popq	%rax
	popq	%rbp
	addq	$8, %rsp
	iretq

	.text
/* struct x86_frame (exception.c) */
fault_entry:
	pushq	%r15
	pushq	%r14
	pushq	%r13
	pushq	%r12
	pushq	%r11
	pushq	%r10
	pushq	%r9
	pushq	%r8
	pushq	%rdi
	pushq	%rsi
	pushq	%rbp
	pushq	%rbx
	pushq	%rdx
	pushq	%rcx
	pushq	%rax
	movq	%rsp, %rdi
	movq	%rsp, %rbx
	andq	$-16, %rsp
	cld
	call	fault_report
	movq	%rbx, %rsp
	popq	%rax
	popq	%rcx
	popq	%rdx
	popq	%rbx
	popq	%rbp
	popq	%rsi
	popq	%rdi
	popq	%r8
	popq	%r9
	popq	%r10
	popq	%r11
	popq	%r12
	popq	%r13
	popq	%r14
	popq	%r15
	addq	$16, %rsp
	iretq
