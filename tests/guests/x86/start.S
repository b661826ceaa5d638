/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a multiboot loader to 64-bit C: the first 4 GiB mapped at their own addresses, the last one
 * uncached, and an interrupt table with one entry for interrupts and one for exceptions.
 */
#define MAGIC 0x1badb002
#define FLAGS 0x00000002
/* Guests that are entered otherwise define it as 1: then this is no header. */
	.weak	no_multiboot

	.section .text.head, "ax"
	.code32
	.globl	_start
_start:
	jmp	1f
	.balign 4
	.long	MAGIC, FLAGS, 0x100000000 - (MAGIC + FLAGS) + no_multiboot
1:	movl	$stack_top, %esp
	movl	%ebx, boot_info
	movl	$(page_dirs + 7), %eax
	movl	$page_pointers, %edi
	movl	$4, %ecx
2:	movl	%eax, (%edi)
	addl	$4096, %eax
	addl	$8, %edi
	loop	2b
	movl	$(page_pointers + 7), page_root
	movl	$page_dirs, %edi
	movl	$0x83, %eax
	movl	$2048, %ecx
3:	cmpl	$0xc0000083, %eax
	jne	4f
	orl	$0x18, %eax
4:	movl	%eax, (%edi)
	addl	$0x200000, %eax
	addl	$8, %edi
	loop	3b
	movl	$0x20, %eax
	movl	%eax, %cr4
	movl	$page_root, %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx
	rdmsr
	orl	$0x100, %eax
	wrmsr
	movl	$0x80010031, %eax
	movl	%eax, %cr0
	lgdt	gdtr
	ljmp	$8, $start64

	.code64
start64:
	movl	$16, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%ebp, %ebp
	call	guest_main
5:	hlt
	jmp	5b

/* One handler for all interrupts: the counter's value when it begins, and the APIC's EOI. */
	.globl	interrupt_entry, exception_entry
	.weak	interrupt_tsc, interrupts
interrupt_entry:
	pushq	%rax
	pushq	%rdx
	rdtsc
	shlq	$32, %rdx
	orq	%rdx, %rax
	movq	%rax, interrupt_tsc
	movl	$0xfee000b0, %eax
	movl	$0, (%rax)
	incl	interrupts
	popq	%rdx
	popq	%rax
	iretq
exception_entry:
	movq	(%rsp), %rdi
	movq	8(%rsp), %rsi
	call	guest_exception
6:	hlt
	jmp	6b

	.balign 8
gdt:	.quad	0, 0x00af9b000000ffff, 0x00cf93000000ffff
gdtr:	.word	. - gdt - 1
	.long	gdt, 0

	.globl	boot_info, page_root
	.bss
	.balign 4096
boot_info:
	.skip	4096
page_root:
	.skip	4096
page_pointers:
	.skip	4096
page_dirs:
	.skip	4 * 4096
