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

/*
 * void tasks(void): to protected mode, where tasks switch by calls, by jumps, by an interrupt's
 * gate and by IRET, and then to one whose state is nowhere; an exception begins anew.
 */
	.text
	.code64
	.globl	tasks, tasks_recover, task_called, task_jumped
tasks:
	cli
	lgdt	tasks_gdtr
	lidt	tasks_idtr
	pushq	$8
	pushq	$1f
	lretq
	.code32
1:	movl	%cr0, %eax
	andl	$0x7fffffff, %eax
	movl	%eax, %cr0
	movl	$0xc0000080, %ecx
	rdmsr
	andl	$~0x100, %eax
	wrmsr
tasks_recover:
	movl	$0x10, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$tasks_stack, %esp
	pushl	$2
	popfl
	movb	$0x89, tasks_gdt + 0x1d
	movb	$0x89, tasks_gdt + 0x25
	movb	$0x89, tasks_gdt + 0x2d
	movl	$0x18, %eax
	ltr	%ax
	movl	$64, %ebx
2:	lcall	$0x20, $0
	int	$0x80
	ljmp	$0x28, $0
	decl	%ebx
	jnz	2b
	movl	tasks_next, %eax
	incl	%eax
	andl	$3, %eax
	movl	%eax, tasks_next
	leal	0x30(, %eax, 8), %eax
	movw	%ax, tasks_far + 4
	ljmp	*tasks_far
task_called:
	iretl
	jmp	task_called
task_jumped:
	ljmp	$0x18, $0
	jmp	task_jumped

	.data
	.balign 8
tasks_next:
	.long	0
tasks_far:
	.long	0
	.word	0
	.balign 8
	.globl	tasks_gdtr, tasks_idtr
tasks_gdtr:
	.word	10 * 8 - 1
	.quad	tasks_gdt
tasks_idtr:
	.word	129 * 8 - 1
	.quad	tasks_idt
	.bss
	.balign 16
	.skip	1024
tasks_stack:
