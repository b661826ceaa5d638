/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In each mode that has an SPSR: does it keep its value for longer than a time slice, while another
 * guest that does the same has the CPU? Prints a letter for each mode, "-" where it was lost. For
 * the machine "virt", in Supervisor mode.
 */
	.syntax	unified
	.arch	armv7-a
	.arch_extension virt
	.globl	_start

	.macro	mode number, letter
	cps	#\number
	ldr	r10, =0x09000000		/* FIQ mode has its own */
	mov	r12, #\letter
	mov	r11, pc
	b	keep
	.endm

_start:
	mode	0x13, 'a'
	mode	0x12, 'b'
	mode	0x11, 'c'
	mode	0x17, 'd'
	mode	0x1b, 'e'
	cps	#0x13
	mov	r12, #'\n'
	strb	r12, [r10]
	ldr	r0, =0x84000008			/* SYSTEM_OFF */
	hvc	#0
	b	.

/* Flags that another guest has by chance only, four times. */
keep:	mov	r7, #4
1:	mrrc	p15, 1, r0, r1, c14		/* CNTVCT */
	eor	r2, r0, r0, lsr #8
	eor	r2, r2, r2, lsr #4
	lsl	r2, r2, #28
	orr	r2, r2, #0x13
	msr	spsr_cxsf, r2
	mrc	p15, 0, r3, c14, c0, 0		/* CNTFRQ */
	lsr	r3, r3, #5			/* 31 ms */
2:	mrrc	p15, 1, r4, r5, c14
	sub	r4, r4, r0
	cmp	r4, r3
	blo	2b
	mrs	r4, spsr
	cmp	r4, r2
	bne	3f
	subs	r7, r7, #1
	bne	1b
	cmp	r7, #0
3:	movne	r12, #'-'
	strb	r12, [r10]
	mov	pc, r11
	.ltorg
