/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the guest that misbehaves: one way back from all exceptions, to the last call of attempt(),
 * and code for another processor that only waits.
 */
	.text
/* int attempt(void (*fn)(uint64_t a, uint64_t b), uint64_t a, uint64_t b): the vector, or -1 */
	.globl	attempt
attempt:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	pushq	attempt_sp
	movq	%rsp, attempt_sp
	movq	%rdi, %rax
	movq	%rsi, %rdi
	movq	%rdx, %rsi
	call	*%rax
	movl	$-1, %eax
attempt_end:
	movq	attempt_sp, %rsp
	popq	attempt_sp
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	cld
	ret

/* The interrupt table's entries of exceptions, 16 bytes each. */
	.balign 16
	.globl	exception_entries
exception_entries:
	.set	n, 0
	.rept	32
	.balign 16
	movl	$n, %eax
	jmp	attempt_end
	.set	n, n + 1
	.endr

/* void instruction(uint64_t bytes, uint64_t at): those bytes, with RDI, RSI and RBX at `at` */
	.globl	instruction
instruction:
	movq	%rdi, insn_bytes
	movq	%rsi, %rdi
	movq	%rsi, %rbx
	movl	$3, %ecx
	movl	$1, %eax
	xorl	%edx, %edx
	jmp	insn_bytes

/* Real mode, copied below 1 MiB. */
	.code16
	.globl	other_cpu, other_cpu_end
other_cpu:
	cli
1:	hlt
	jmp	1b
other_cpu_end:

	.data
	.balign 8
attempt_sp:
	.quad	0
	.balign 16
insn_bytes:
	.quad	0
	ret
	.fill	16, 1, 0xcc
