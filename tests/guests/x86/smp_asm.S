/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the second CPU of smp.c runs, in real mode, copied to AP_PAGE: says that it has started and
 * waits as it was told to. Its words are those of struct told (smp.c) at TOLD.
 */
#define AP_PAGE 0x8000
#define TOLD	0x7000

#define STARTS	(TOLD + 0)
#define HOW	(TOLD + 4)
#define READY	(TOLD + 8)
#define WAKES	(TOLD + 12)
#define NMIS	(TOLD + 16)
#define TAKEN	(TOLD + 20)

	.section .rodata
	.globl	ap_begin, ap_end
	.code16
ap_begin:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %ss
	movw	$TOLD, %sp
	movl	$(AP_PAGE + ap_nmi - ap_begin), 4 * 2
	movl	$(AP_PAGE + ap_interrupt - ap_begin), 4 * 0x40
	lock incl STARTS
	/* The local APIC by its MSRs, which real mode reaches. */
	movl	$0x1b, %ecx
	rdmsr
	orl	$0xc00, %eax
	wrmsr
	movl	$0x80f, %ecx
	movl	$0x1ff, %eax
	xorl	%edx, %edx
	wrmsr
	cmpl	$1, HOW
	jb	2f
	je	1f
	/* Open, but nothing is above its task priority. */
	movl	$0x808, %ecx
	movl	$0xff, %eax
	wrmsr
	sti
1:	movl	$1, READY
	hlt
	lock incl WAKES
	jmp	1b
2:	movl	$1, READY
3:	pause
	jmp	3b

ap_nmi:
	lock incl NMIS
	iret

ap_interrupt:
	pushal
	lock incl TAKEN
	movl	$0x80b, %ecx
	xorl	%eax, %eax
	xorl	%edx, %edx
	wrmsr
	popal
	iret
ap_end:
