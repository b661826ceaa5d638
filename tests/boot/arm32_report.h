/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What programs of 32-bit guests have in common: they print a letter for each thing that is as it
 * has to be, "-" for one that is not, and switch the machine "virt" off. They begin in the A32 set
 * and go on at main, maybe in another; r10 is the console from then on, r12 belongs to this file.
 */
#pragma once

	.syntax	unified
	.arch	armv7-a
	.arch_extension virt
	.globl	_start

#define UART 0x09000000

	/* Go to main, with the console in r10. */
	.macro	go_on
	ldr	r10, =UART
	ldr	r0, =main
	bx	r0
	.ltorg
	.endm
	/* Flag Z is to be set. */
	.macro	result letter
	ite	eq
	moveq	r12, #\letter
	movne	r12, #'-'
	bl	put
	.endm
	/* Registers and what they have to be, as pairs; then the letter. */
	.macro	expect reg, value, more:vararg
	ldr	r12, =\value
	cmp	\reg, r12
	bne	9f
	.ifnb	\more
	expect	\more
	.endif
	.endm
	.macro	passed letter
9:	result	\letter
	.endm
	/* The end of all, and what the macros call. */
	.macro	finish
	mov	r12, #'\n'
	bl	put
	ldr	r0, =0x84000008			/* SYSTEM_OFF */
	hvc	#0
	b	.

put:	strb	r12, [r10]
	bx	lr
	.ltorg
	.endm
