/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the boot loader to C: the first page tables, long mode, for the boot CPU and for those that
 * it starts. unpack/head.S hands over as a multiboot loader does, in 32-bit protected mode without
 * translation, and has seen that there is a long mode; others begin in real mode, at ap_start.
 */
#include <port/asm.h>
#include <port/boot.h>

/* Physical address of a symbol */
#define PA(sym) ((sym) - VA_IMAGE_BASE + LOAD_ADDRESS)

#define PTE_P	0x001
#define PTE_W	0x002
#define PTE_A	0x020
#define PTE_D	0x040
#define PTE_G	0x100
#define NX_HIGH	0x80000000		/* in the upper half of an entry */

	.section .head.text, "ax"
	.code32
	.globl _start
/* EAX: magic, EBX: information, as the loader left them; no stack. */
_start:
	cli
	cld
	movl	%eax, %esi
	movl	$PA(_bss_start), %edi
	movl	$PA(_end), %ecx
	subl	%edi, %ecx
	shrl	$2, %ecx
	xorl	%eax, %eax
	rep stosl
	movl	%esi, PA(boot_magic)
	movl	%ebx, PA(boot_info)
	movl	$PA(boot_stack_top), %esp

	/* The image, page by page, each part with its own permissions. */
	movl	$PA(boot_pt_image), %edi
	movl	$PA(_image_start), %eax
	movl	$(PTE_P | PTE_A | PTE_G), %ebx
	xorl	%edx, %edx
	movl	$PA(_text_end), %ecx
	call	map_pages
	movl	$NX_HIGH, %edx
	movl	$PA(_rodata_end), %ecx
	call	map_pages
	orl	$(PTE_W | PTE_D), %ebx
	movl	$PA(_end), %ecx
	call	map_pages

	/* This page at its physical address */
	movl	$PA(_idmap_start), %eax
	movl	%eax, %edi
	shrl	$12, %edi
	andl	$511, %edi
	orl	$(PTE_P | PTE_A), %eax
	movl	%eax, PA(boot_pt_idmap)(, %edi, 8)

	/* The tables above them */
#define LINK(table, index, next)						\
	movl	$(PA(next) + PTE_P + PTE_W + PTE_A), PA(table) + (index) * 8
	LINK(boot_pml4, 0, boot_pdpt)
	LINK(boot_pdpt, VA_IMAGE_BASE >> 30, boot_pd_image)
	LINK(boot_pd_image, 0, boot_pt_image)
	LINK(boot_pd_image, 1, boot_pt_image + 4096)
	LINK(boot_pdpt, 0, boot_pd_idmap)
	LINK(boot_pd_idmap, LOAD_ADDRESS >> 21, boot_pt_idmap)

	movl	$primary64, %esi
	jmp	long_mode

/* Entries at EDI for pages EAX ... ECX, EBX and EDX: attributes, low and high */
map_pages:
	cmpl	%ecx, %eax
	jae	1f
	leal	(%eax, %ebx), %ebp
	movl	%ebp, (%edi)
	movl	%edx, 4(%edi)
	addl	$8, %edi
	addl	$4096, %eax
	jmp	map_pages
1:	ret

/* Translation on, and to ESI at its virtual address. */
long_mode:
	movl	$(CR4_PAE | CR4_PGE | CR4_MCE), %eax
	movl	%eax, %cr4
	movl	$PA(boot_pml4), %eax
	movl	%eax, %cr3
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$(EFER_LME | EFER_NXE), %eax
	wrmsr
	movl	$(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG), %eax
	movl	%eax, %cr0
	lgdt	PA(boot_gdtr)
	ljmp	$SEL_CODE, $PA(long_mode64)

	.code64
long_mode64:
	movl	$SEL_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movl	%esi, %esi		/* the upper half is undefined */
	jmp	*%rsi

	.code32
/* Where another CPU arrives from ap_start: protected mode, IRQs masked. */
	.globl	ap_entry32
ap_entry32:
	movl	$SEL_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$secondary64, %esi
	jmp	long_mode

	.balign 8
boot_gdt:
	.quad	0
	.quad	0x00af9b000000ffff	/* 64-bit code */
	.quad	0x00cf93000000ffff	/* data */
	.quad	0x00cf9b000000ffff	/* 32-bit code */
boot_gdtr:
	.word	. - boot_gdt - 1
	.long	PA(boot_gdt), 0

	.text
	.code64
primary64:
	movl	$boot_stack_top, %esp
	xorl	%ebp, %ebp
	/* The stack protector's value: a zero byte stops string overruns. */
	rdtsc
	shlq	$32, %rdx
	orq	%rdx, %rax
	movabsq	$0x9e3779b97f4a7c15, %rcx
	imulq	%rcx, %rax
	xorb	%al, %al
	movq	%rax, __stack_chk_guard
	call	boot_start
	ud2

/* Find out who this is, and with that its stack: struct smp_start (smp.c). */
secondary64:
	xorl	%eax, %eax
	cpuid
	cmpl	$0xb, %eax
	jb	1f
	movl	$0xb, %eax
	xorl	%ecx, %ecx
	cpuid
	testl	%ebx, %ebx
	jnz	2f
1:	movl	$1, %eax
	cpuid
	movl	%ebx, %edx
	shrl	$24, %edx
2:	movl	$smp_starts, %esi
	movl	smp_starts_count, %ecx
3:	testl	%ecx, %ecx
	jz	4f
	cmpl	%edx, (%rsi)
	je	5f
	addl	$24, %esi
	decl	%ecx
	jmp	3b
4:	hlt				/* nobody asked for this one */
	jmp	4b
5:	movq	8(%rsi), %rsp
	movq	16(%rsi), %rdi
	testq	%rsp, %rsp
	jz	4b
	xorl	%ebp, %ebp
	call	secondary_start
	ud2

/*
 * Real mode, copied to a page below 1 MiB, where it begins with CS << 4 as its address.
 */
	.section .rodata.ap_start, "a"
	.code16
	.globl	ap_start, ap_start_end
ap_start:
	cli
	cld
	movw	%cs, %ax
	movw	%ax, %ds
	lgdtl	ap_gdtr - ap_start
	movl	%cr0, %eax
	orl	$CR0_PE, %eax
	andl	$~(CR0_CD | CR0_NW), %eax
	movl	%eax, %cr0
	ljmpl	$SEL_CODE32, $PA(ap_entry32)
	.balign 4
ap_gdtr:
	.word	31
	.long	PA(boot_gdt)
ap_start_end:

	.section .bss.pages, "aw", %nobits
	.balign 16384
	.skip	8192
	.skip	8192
	.globl	boot_stack_top
boot_stack_top:
	.balign 4096
	.globl	boot_pml4
boot_pml4:
	.skip	4096
boot_pdpt:
	.skip	4096
boot_pd_image:
	.skip	4096
boot_pt_image:
	.skip	8192
boot_pd_idmap:
	.skip	4096
boot_pt_idmap:
	.skip	4096
