/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * World switch. The general registers are exchanged here, the rest of the guest's state by the CPU:
 * VMRUN takes what changes at each entry from the VMCB, VMLOAD and VMSAVE what is behind segments
 * and system calls.
 */
#include <port/vcpu.h>

#define REG(n) (VCPU_REGS + 8 * (n))

	.section .text.hot, "ax"

/*
 * void svm_run(struct arch_vcpu *a) GIF is clear (CLGI), interrupts masked; so they are afterwards,
 * but GIF is set. Keeps the stack and frame pointers only.
 */
	.globl	svm_run
svm_run:
	pushq	%rbp
	pushq	%rdi
	movq	VCPU_VMCB(%rdi), %rax
	movq	REG(1)(%rdi), %rcx
	movq	REG(2)(%rdi), %rdx
	movq	REG(3)(%rdi), %rbx
	movq	REG(5)(%rdi), %rbp
	movq	REG(6)(%rdi), %rsi
	movq	REG(8)(%rdi), %r8
	movq	REG(9)(%rdi), %r9
	movq	REG(10)(%rdi), %r10
	movq	REG(11)(%rdi), %r11
	movq	REG(12)(%rdi), %r12
	movq	REG(13)(%rdi), %r13
	movq	REG(14)(%rdi), %r14
	movq	REG(15)(%rdi), %r15
	movq	REG(7)(%rdi), %rdi
	sti				/* the host's interrupts end the guest's run */
	vmload	%rax
	vmrun	%rax
	vmsave	%rax
	cli
	xchgq	%rdi, (%rsp)
	movq	%rcx, REG(1)(%rdi)
	movq	%rdx, REG(2)(%rdi)
	movq	%rbx, REG(3)(%rdi)
	movq	%rbp, REG(5)(%rdi)
	movq	%rsi, REG(6)(%rdi)
	popq	REG(7)(%rdi)
	movq	%r8, REG(8)(%rdi)
	movq	%r9, REG(9)(%rdi)
	movq	%r10, REG(10)(%rdi)
	movq	%r11, REG(11)(%rdi)
	movq	%r12, REG(12)(%rdi)
	movq	%r13, REG(13)(%rdi)
	movq	%r14, REG(14)(%rdi)
	movq	%r15, REG(15)(%rdi)
	movq	VCPU_HOST(%rdi), %rax
	vmload	%rax
	stgi
	popq	%rbp
	ret
