/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What boot loaders start: multiboot headers, and the way to unpack() and from there to the image,
 * which finds all as the loader left it: 32-bit protected mode without translation, EAX and EBX. In
 * between it is 64-bit mode, for the objects of the image that are of use here are made for that.
 */
#include <port/asm.h>
#include <port/boot.h>

/* Physical address of a symbol */
#define PA(sym) ((sym) - UNPACK_BASE)

#define MB1_MAGIC 0x1badb002
#define MB1_FLAGS 0x00000003		/* modules on pages, memory map */
#define MB2_MAGIC 0xe85250d6

#define PTE_P	0x001
#define PTE_W	0x002
#define PTE_PS	0x080
#define BLOCK	0x200000

#define STACK_SIZE 16384		/* gunzip() wants 4 KiB */

	.section .head.text, "ax"
	.code32
	.globl _start
_start:
	jmp	start32

	.balign 8
mb1_header:
	.long	MB1_MAGIC, MB1_FLAGS, -(MB1_MAGIC + MB1_FLAGS)

	.balign 8
mb2_header:
	.long	MB2_MAGIC, 0, mb2_end - mb2_header
	.long	-(MB2_MAGIC + (mb2_end - mb2_header))
	.balign 8
	.word	1, 0			/* information request */
	.long	mb2_request_end - .  + 4
	.long	1, 3, 6, 8		/* command line, modules, memory map, screen, */
	.long	14, 15			/* RSDP, old and new */
mb2_request_end:
	.balign 8
	.word	6, 0			/* modules on pages */
	.long	8
	.balign 8
	.word	5, 1			/* a screen, if there is one: width, height, bits */
	.long	20, 1024, 768, 32
	.balign 8
	.word	0, 0
	.long	8
mb2_end:

	.text
	.code32
/* EAX: magic, EBX: information, as the loader left them; no stack. */
start32:
	cli
	cld
	movl	%eax, %esi
	movl	$PA(_bss_start), %edi
	movl	$PA(_bss_end), %ecx
	subl	%edi, %ecx
	shrl	$2, %ecx
	xorl	%eax, %eax
	rep stosl
	movl	%esi, PA(magic)
	movl	%ebx, PA(info)
	movl	$PA(stack_top), %esp

	movl	$0x80000000, %eax
	cpuid
	cmpl	$0x80000001, %eax
	jb	no_long_mode
	movl	$0x80000001, %eax
	cpuid
	andl	$0x20100000, %edx	/* long mode, no-execute */
	cmpl	$0x20100000, %edx
	jne	no_long_mode

	/* The first GiB where it is, and at UNPACK_BASE */
	movl	$PA(directory), %edi
	movl	$(PTE_P | PTE_W | PTE_PS), %eax
	movl	$512, %ecx
1:	movl	%eax, (%edi)
	addl	$8, %edi
	addl	$BLOCK, %eax
	loop	1b
	movl	$(PA(directory) + PTE_P + PTE_W), %eax
	movl	%eax, PA(pointers)
	movl	%eax, PA(pointers) + (UNPACK_BASE >> 30) * 8
	movl	$(PA(pointers) + PTE_P + PTE_W), PA(root)

	movl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$PA(root), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME, %eax
	wrmsr
	movl	$(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_PG), %eax
	movl	%eax, %cr0
	lgdt	PA(gdtr)
	ljmp	$SEL_CODE, $PA(start64)

	.code64
start64:
	movl	$SEL_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$stack_top, %esp
	xorl	%ebp, %ebp
	movl	$1f, %eax
	jmp	*%rax			/* to the addresses that all is linked to */
1:	call	unpack
	jmp	unpacked
	.globl	__stack_chk_fail
__stack_chk_fail:			/* the packed bytes have led astray */
	movl	$1, %eax
unpacked:
	movl	$PA(stack_top), %esp
	movl	%eax, %ebp
	pushq	$SEL_CODE32
	pushq	$PA(leave64)
	lretq

	.code32
leave64:
	movl	$(CR0_PE | CR0_MP | CR0_ET | CR0_NE), %eax
	movl	%eax, %cr0
	movl	$MSR_EFER, %ecx
	rdmsr
	andl	$~EFER_LME, %eax
	wrmsr
	xorl	%eax, %eax
	movl	%eax, %cr4
	testl	%ebp, %ebp
	jnz	damaged
	movl	$SEL_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	movl	%eax, %ss
	movl	PA(magic), %eax
	movl	PA(info), %ebx
	movl	$LOAD_ADDRESS, %ecx
	jmp	*%ecx

damaged:
	movl	$PA(damaged_text), %esi
	jmp	stop
no_long_mode:
	movl	$PA(no_long_mode_text), %esi
/* Nothing of ours can run: say why (ESI) where anybody may look, the first serial port and VGA. */
stop:
	movl	$0xb8000, %edi
1:	lodsb
	testb	%al, %al
	jz	4f
	movb	%al, %bl
	cmpb	$' ', %al
	jb	2f
	movb	$0x07, %ah
	stosw
2:	movw	$0x3fd, %dx
	movl	$100000, %ecx
3:	inb	%dx, %al
	testb	$0x20, %al
	loopz	3b
	movb	%bl, %al
	movw	$0x3f8, %dx
	outb	%al, %dx
	jmp	1b
4:	hlt
	jmp	4b

	.section .rodata.head, "a"
no_long_mode_text:
	.asciz	"Xvisor: this processor has no 64-bit mode with no-execute pages. Stopped.\r\n"
damaged_text:
	.ascii	"Xvisor: this image is damaged: what is packed in it has another checksum "
	.asciz	"than it had.\r\nCopy it anew. Stopped.\r\n"
	.balign 8
gdt:
	.quad	0
	.quad	0x00af9b000000ffff	/* 64-bit code */
	.quad	0x00cf93000000ffff	/* data */
	.quad	0x00cf9b000000ffff	/* 32-bit code */
gdtr:
	.word	. - gdt - 1
	.long	PA(gdt), 0

	.section .bss.pages, "aw", %nobits
	.balign 4096
root:
	.skip	4096
pointers:
	.skip	4096
directory:
	.skip	4096
	.skip	STACK_SIZE
stack_top:
	.globl	__stack_chk_guard
__stack_chk_guard:			/* 0 is as good as any where no attacker can look */
	.skip	8
magic:
	.skip	4
info:
	.skip	4
