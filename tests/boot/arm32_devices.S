/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loads and stores of AArch32 to device registers: of several registers, with write-back, of
 * floating-point registers, to the PC, in both byte orders; calls of firmware. Prints a letter for
 * each that did what it has to do, "-" for one that did not. A program for the machine "virt" in
 * Supervisor mode; of the A32 set, or with THUMB of the T32 set. The console's registers IBRD, FBRD
 * and LCR_H (0x24 ... 0x2c) keep what is written; its identification is from 0xfe0 on, with a
 * revision in the third register.
 */
#include "arm32_report.h"

	.fpu	neon

#define RTC 0x09010000

	.macro	point at
	ldr	r11, =\at
	.endm

	.arm
_start:
	/* Floating point on. */
	mrc	p15, 0, r0, c1, c0, 2
	orr	r0, r0, #0xf00000
	mcr	p15, 0, r0, c1, c0, 2
	isb
	mov	r0, #0x40000000
	vmsr	fpexc, r0
	go_on

#ifdef THUMB
	.thumb
	.thumb_func
#endif
	.type	main, %function
main:
	/* a: three registers out, write-back up, and in again, down */
	point	UART + 0x24
	mov	r0, #0x11
	mov	r1, #0x22
	mov	r2, #0x60
	stmia	r11!, {r0-r2}
	expect	r11, UART + 0x30
	ldmdb	r11!, {r6-r8}
	expect	r6, 0x11, r7, 0x22, r8, 0x60, r11, UART + 0x24
	passed	'a'

	/* b: two */
	point	UART + 0x24
	mov	r2, #0x33
	mov	r3, #0x15
	strd	r2, r3, [r11, #8]!
	strd	r2, r3, [r11, #-8]!
	ldrd	r6, r7, [r11], #8
	expect	r6, 0x33, r7, 0x15, r11, UART + 0x2c
	passed	'b'

	/* c: one, with write-back before and after */
	point	UART + 0x20
	ldr	r6, [r11, #4]!
	ldr	r7, [r11], #-4
	str	r7, [r11, #8]!
	ldr	r8, [r11]
	expect	r6, 0x33, r7, 0x33, r8, 0x33, r11, UART + 0x28
	passed	'c'

	/* d: narrow ones */
	point	UART + 0xfe0
	ldrb	r6, [r11], #0x1c
	ldrsb	r7, [r11], #-12
	ldrh	r8, [r11, #4]!
	ldrsh	r9, [r11], #8
	expect	r6, 0x11, r7, 0xffffffb1, r8, 0xf0, r9, 0xf0, r11, UART + 0xffc
	passed	'd'

	/* e: eight */
	point	UART + 0xfe0
	ldmia	r11, {r0-r3, r6-r9}
	expect	r0, 0x11, r1, 0x10, r3, 0, r6, 0x0d, r7, 0xf0, r8, 0x05, r9, 0xb1
	passed	'e'

	/* f: floating-point registers */
	point	UART + 0xfe0
	vldmia	r11!, {d15-d17}
	vldr	s3, [r11, #4]
	vmov	r0, r1, d15
	vmov	r2, r3, d17
	vmov	r6, s3
	expect	r0, 0x11, r1, 0x10, r2, 0x0d, r3, 0xf0, r6, 0xb1, r11, UART + 0xff8
	passed	'f'

	/* g: and out; QEMU itself wants double words aligned */
	point	UART + 0x30
	mov	r0, #0x14
	mov	r1, #0x60
	vmov	d31, r0, r1
	vmov	s9, r1
	vstmdb	r11!, {d31}
	vstr	s9, [r11, #-4]
	ldr	r6, [r11]
	ldr	r7, [r11, #4]
	ldr	r8, [r11, #-4]
	expect	r6, 0x14, r7, 0x60, r8, 0x60, r11, UART + 0x28
	passed	'g'

	/* h: by a register */
	point	UART + 0xfe0
	mov	r5, #4
#ifdef THUMB
	ldr	r6, [r11, r5, lsl #2]
	add	r11, r11, #16
#else
	ldr	r6, [r11, r5, lsl #2]!
	ldr	r7, [r11], -r5
	expect	r7, 0x0d, r11, UART + 0xfec
	add	r11, r11, r5
#endif
	expect	r6, 0x0d, r11, UART + 0xff0
	passed	'h'

	/* i: the PC */
	point	RTC + 4
	ldr	r0, =there
	str	r0, [r11]
	mov	r6, #0
	ldr	pc, [r11]
	mov	r6, #1
	.type	there, %function
#ifdef THUMB
	.thumb_func
#endif
there:
	expect	r6, 0
	passed	'i'

	/* j: registers of User mode, seen by System mode */
#ifndef THUMB
	point	UART + 0xfe0
	ldmia	r11, {r13, r14}^
	nop
	cps	#0x1f
	mov	r6, r13
	mov	r7, r14
	cps	#0x13
	expect	r6, 0x11, r7, 0x10
#else
	cmp	r0, r0
#endif
	passed	'j'

	/* k: under a condition, and what follows it */
	point	UART + 0xfe0
	mov	r6, #0
	mov	r7, #0
	cmp	r6, #0
	itte	eq
	ldreq	r6, [r11], #4
	ldreq	r7, [r11], #4
	movne	r7, #0
	cmp	r6, #0
	it	eq
	ldreq	r6, [r11], #4
	expect	r6, 0x11, r7, 0x10, r11, UART + 0xfe8
	passed	'k'

	/* l: big-endian, described by the syndrome */
	point	UART + 0xfe0
	setend	be
	ldr	r6, [r11]
	ldrb	r7, [r11]
	ldrh	r8, [r11, #4]
	setend	le
	expect	r6, 0x11000000, r7, 0x11, r8, 0x1000
	passed	'l'

	/* m: and not described */
	point	UART + 0xfe0
	setend	be
	ldrd	r0, r1, [r11], #8
	ldmia	r11, {r2, r3}
	vldr	d0, [r11, #8]
	vldr	s2, [r11, #8]
	setend	le
	vmov	r6, r7, d0
	vmov	r8, s2
	expect	r0, 0x11000000, r1, 0x10000000, r3, 0
	expect	r6, 0xf0000000, r7, 0x0d000000, r8, 0x0d000000, r11, UART + 0xfe8
	passed	'm'

	/* n: out */
	point	UART + 0x28
	ldr	r0, =0x21000000
	ldr	r1, =0x41000000
	vmov	d0, r1, r0
	setend	be
	stmia	r11, {r0, r1}
	setend	le
	ldmia	r11, {r6, r7}
	expect	r6, 0x21, r7, 0x41
	mov	r2, #0
	str	r2, [r11]
	setend	be
	vstr	d0, [r11]
	setend	le
	ldmia	r11, {r6, r7}
	expect	r6, 0x21, r7, 0x41
	ldr	r0, =0x05000000
	setend	be
	str	r0, [r11]
	strb	r1, [r11, #4]
	setend	le
	ldmia	r11, {r6, r7}
	expect	r6, 5, r7, 0
	passed	'n'

	/* o: calls with 64-bit arguments are not for it, those with 32-bit ones are */
	ldr	r0, =0xc4000003 /* CPU_ON */
	mov	r1, #0
	hvc	#0
	mov	r4, r0
	ldr	r0, =0x84000004 /* AFFINITY_INFO of itself: it is on */
	mov	r1, #0
	mov	r2, #0
	hvc	#0
	expect	r4, 0xffffffff, r0, 0
	passed	'o'

	finish
