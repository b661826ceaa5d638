/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the guest of traps: the interrupt table's entries, and pieces of code that an exit to the
 * hypervisor is in the middle of. Each piece is a function without arguments; its labels tell where
 * what is to be where.
 */
	.text
/* Of 16 bytes each, for all 256 vectors: on the stack there is struct frame (traps.c). */
	.balign 16
	.globl	trap_entries
trap_entries:
	.set	n, 0
	.rept	256
	.balign 16
	.if	n >= 32
	pushq	$0
	.else
	.if	!((0x60227d00 >> n) & 1)
	pushq	$0
	.endif
	.endif
	pushq	$n
	jmp	trap_entry
	.set	n, n + 1
	.endr

trap_entry:
	pushq	%rax
	pushq	%rcx
	pushq	%rdx
	pushq	%rbx
	pushq	%rsi
	pushq	%rdi
	pushq	%rbp
	pushq	%r8
	pushq	%r9
	pushq	%r10
	pushq	%r11
	leaq	88(%rsp), %rdi
	movq	%rsp, %rbp
	andq	$-16, %rsp
	cld
	call	trap
	movq	%rbp, %rsp
	popq	%r11
	popq	%r10
	popq	%r9
	popq	%r8
	popq	%rbp
	popq	%rdi
	popq	%rsi
	popq	%rbx
	popq	%rdx
	popq	%rcx
	popq	%rax
	addq	$16, %rsp
	iretq

/* Registers of instructions that are no matter; %rdi: of the local APIC. */
	.macro	piece name
	.globl	\name, \name\()_at, \name\()_end
\name:
	pushq	%rbx
	movl	$0xfee00020, %edi
	movl	$0x1b, %ecx
	movl	$0x3fd, %edx
	xorl	%eax, %eax
	.endm
	.macro	piece_end
	popq	%rbx
	ret
	.endm

/* One instruction, stepped; the trap's handler ends the stepping. */
	.macro	stepped name, insn:vararg
	piece	step_\name
	pushfq
	orl	$0x100, (%rsp)
	popfq
step_\name\()_at:
	\insn
step_\name\()_end:
	nop
	piece_end
	.endm

	stepped	nop, nop
	stepped	cpuid, cpuid
	stepped	in, inb %dx, %al
	stepped	out, outb %al, $0x80
	stepped	ins, outsb
	stepped	rdmsr, rdmsr
	stepped	load, movl (%rdi), %eax
	stepped	store, movl %eax, 0x60(%rdi)
	stepped	add, addl %eax, 0x60(%rdi)
	stepped	wbinvd, wbinvd
	stepped	tpr, movq %rax, %cr8

/* An interrupt waits, and is taken behind the instruction after STI. */
	.macro	shadowed name, insn:vararg
	piece	shadow_\name
	sti
shadow_\name\()_at:
	\insn
shadow_\name\()_end:
	nop
	cli
	piece_end
	.endm

	shadowed nop, nop
	shadowed cpuid, cpuid
	shadowed in, inb %dx, %al
	shadowed load, movl (%rdi), %eax
	shadowed add, addl %eax, 0x60(%rdi)
	shadowed rdmsr, rdmsr

/* Breakpoints are at both. */
	piece	break_pair
break_pair_at:
	cpuid
break_pair_end:
	nop
	piece_end
