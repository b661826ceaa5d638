/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system registers of a GICv3 in AArch32, between all that goes on in a CPU: in each mode, in
 * handlers that keep nothing, with vectors that move, beside undefined instructions of the
 * program's own. Prints a letter for each that is as it has to be, "-" for one that is not. A
 * program for the machine "virt" with GICv3 in Supervisor mode; what is tested is of the A32 set,
 * or with THUMB of the T32 set; handlers are of the A32 set.
 */
#include "arm32_report.h"

#define GICD  0x08000000
#define GICR  0x080a0000
#define UPPER 0x401f0000	/* what 0xffff0000 is mapped to */
#define TABLE 0x40200000
#define STACK 0x40180000	/* tops of the modes' stacks, 4 KiB each, go down from here */

#define MODE_FIQ 0x11
#define MODE_IRQ 0x12
#define MODE_SVC 0x13
#define MODE_ABT 0x17
#define MODE_UND 0x1b
#define MODE_SYS 0x1f

	.macro	read_pmr rt
	mrc	p15, 0, \rt, c4, c6, 0
	.endm
	.macro	write_pmr rt
	mcr	p15, 0, \rt, c4, c6, 0
	.endm
	.macro	write_sgi1r lo, hi
	mcrr	p15, 0, \lo, \hi, c12
	.endm
	.macro	write_sgi0r lo, hi
	mcrr	p15, 2, \lo, \hi, c12
	.endm

	.arm
_start:
	/* Stacks; FIQ masked but where it is wanted. */
	ldr	r0, =STACK
	cps	#MODE_IRQ
	mov	sp, r0
	sub	r0, r0, #0x1000
	cps	#MODE_FIQ
	mov	sp, r0
	sub	r0, r0, #0x1000
	cps	#MODE_ABT
	mov	sp, r0
	sub	r0, r0, #0x1000
	cps	#MODE_UND
	mov	sp, r0
	sub	r0, r0, #0x1000
	cps	#MODE_SVC
	mov	sp, r0
	ldr	r0, =vectors
	mcr	p15, 0, r0, c12, c0, 0
	go_on

	.balign	32
vectors:
	b	.
	b	on_undefined
	b	.
	b	on_prefetch_abort
	b	.
	b	.
	b	on_irq
	b	on_fiq

	.balign	32
other_vectors:
	b	.
	b	on_undefined_elsewhere
	b	.
	b	.
	b	.
	b	.
	b	on_irq
	b	on_fiq

/* Behind it; r5 counts, r6 is LR, r7 is SPSR. All undefined ones here are 4 bytes long. */
on_undefined:
	add	r5, r5, #1
	mov	r6, lr
	mrs	r7, spsr
	tst	r7, #0x20
	addne	lr, lr, #2
	movs	pc, lr

on_undefined_elsewhere:
	add	r5, r5, #0x100
	mrs	r7, spsr
	tst	r7, #0x20
	addne	lr, lr, #2
	movs	pc, lr

on_prefetch_abort:
	mrc	p15, 0, r6, c5, c0, 1		/* IFSR */
	mrc	p14, 0, r7, c0, c1, 0		/* DBGDSCRint */
	mrs	r8, spsr
	tst	r8, #0x20
	subseq	pc, lr, #0			/* BKPT of A32: 4 bytes */
	subs	pc, lr, #2			/* of T32: 2 */

/* Nothing is saved: SPSR_irq, LR_irq and the registers have to live through the accesses. */
on_irq:
	mrc	p15, 0, r8, c12, c12, 0		/* ICC_IAR1 */
	add	r9, r9, #1
	mcr	p15, 0, r8, c12, c12, 1		/* ICC_EOIR1 */
	subs	pc, lr, #4

on_fiq:
	mrc	p15, 0, r8, c12, c8, 0		/* ICC_IAR0 */
	mov	r7, r8
	mcr	p15, 0, r8, c12, c8, 1		/* ICC_EOIR0 */
	subs	pc, lr, #4

#ifdef THUMB
	.thumb
	.thumb_func
#endif
	.type	main, %function
main:
	/* The distributor, this CPU's redistributor, the CPU interface. */
	ldr	r11, =GICD
	mov	r0, #0x13			/* ARE, both groups */
	str	r0, [r11]
	ldr	r11, =GICR
	mov	r0, #0
	str	r0, [r11, #0x14]
	ldr	r11, =GICR + 0x10000
	mvn	r0, #0x2			/* SGI 1 is of group 0 */
	str	r0, [r11, #0x80]
	mov	r0, #0xff
	str	r0, [r11, #0x100]

	/* a: the interface is there, and only by these registers */
	mov	r0, #7
	mcr	p15, 0, r0, c12, c12, 5		/* ICC_SRE */
	isb
	mrc	p15, 0, r6, c12, c12, 5
	mov	r0, #1
	mcr	p15, 0, r0, c12, c12, 7		/* ICC_IGRPEN1 */
	mcr	p15, 0, r0, c12, c12, 6		/* ICC_IGRPEN0 */
	mrc	p15, 0, r7, c12, c12, 7
	expect	r6, 7, r7, 1
	passed	'a'

	/* b: the priority mask, through which all registers stay */
	ldr	r1, =0x11111111
	ldr	r2, =0x22222222
	ldr	r3, =0x33333333
	ldr	r14, =0xeeeeeeee
	mov	r0, #0xf0
	write_pmr r0
	read_pmr r6
	expect	r6, 0xf0, r1, 0x11111111, r2, 0x22222222, r3, 0x33333333, r14, 0xeeeeeeee
	passed	'b'

	/* c: and flags and masks; 32 times, of each flag */
	mov	r4, #0
	mov	r5, #0
1:	msr	cpsr_f, r4
	write_pmr r0
	mrs	r6, cpsr
	eor	r6, r6, r4
	and	r6, r6, #0xf0000000
	orr	r5, r5, r6
	adds	r4, r4, #0x10000000
	bne	1b
	mrs	r6, cpsr
	and	r6, r6, #0xdf
	expect	r5, 0, r6, MODE_SVC | 0xc0
	passed	'c'

	/* d: an interrupt to itself, whose handler keeps nothing, four times */
	mov	r9, #0
	mov	r4, #4
	cpsie	i
1:	mov	r0, #1
	mov	r1, #0
	mov	r8, #-1
	write_sgi1r r0, r1
	isb
	nop
	subs	r4, r4, #1
	bne	1b
	cpsid	i
	mrs	r6, cpsr
	and	r6, r6, #0xdf
	expect	r9, 4, r8, 0, r6, MODE_SVC | 0xc0
	passed	'd'

	/* e: the same by group 0 and FIQ, which has registers of its own */
	ldr	r8, =0x88888888
	mov	r7, #0
	cpsie	f
	ldr	r0, =0x1000001			/* SGI 1 */
	mov	r1, #0
	write_sgi0r r0, r1
	isb
	nop
	cpsid	f
	expect	r7, 1, r8, 0x88888888
	passed	'e'

	/* f: undefined instructions of its own, between */
	mov	r5, #0
	mov	r4, #3
1:	ldr	r0, =2f
#ifdef THUMB
	bic	r0, r0, #1
	.inst.w	0xf7f0a000			/* udf.w #0 */
2:
	sub	r0, r0, #2
	mov	r3, #MODE_SVC | 0x20
#else
	.inst	0xe7f000f0			/* udf #0 */
2:
	mov	r3, #MODE_SVC
#endif
	sub	r6, r6, r0			/* LR_und */
	and	r7, r7, #0x3f
	sub	r7, r7, r3
	orr	r6, r6, r7
	read_pmr r7
	expect	r6, 0, r7, 0xf0
	subs	r4, r4, #1
	bne	1b
	expect	r5, 3
	passed	'f'

	/* g: what the interface has not: read of EOIR1, write of IAR1, opc1 of 1 */
	mov	r5, #0
	mrc	p15, 0, r0, c12, c12, 1
	mcr	p15, 0, r0, c12, c12, 0
	mrc	p15, 1, r0, c12, c12, 5
	mrc	p15, 0, r0, c12, c8, 0		/* this one it has */
	expect	r5, 3
	passed	'g'

	/* h: under a condition */
	mov	r6, #1
	mov	r7, #2
	cmp	r6, #1
	itte	ne
	mrcne	p15, 0, r6, c4, c6, 0
	mrcne	p15, 0, r6, c12, c12, 5
	mrceq	p15, 0, r7, c4, c6, 0
	expect	r6, 1, r7, 0xf0
	passed	'h'

	/* i: other vectors, and back, without an exit between */
	mov	r5, #0
	ldr	r0, =other_vectors
	ldr	r1, =vectors
	mcr	p15, 0, r0, c12, c0, 0
	isb
	read_pmr r6
	mrc	p15, 0, r8, c12, c0, 0
	sub	r8, r8, r0
	udf	#1
#ifdef THUMB
	nop					/* the handler steps over 4 bytes */
#endif
	mov	r0, #0xe0
	mcr	p15, 0, r1, c12, c0, 0
	isb
	write_pmr r0
	read_pmr r7
	expect	r6, 0xf0, r7, 0xe0, r8, 0, r5, 0x100
	passed	'i'

	/* j: in other modes: System, Abort, and Undefined, whose LR such an access may cost */
	mov	r5, #0
	cps	#MODE_SYS
	ldr	r14, =0x1f1f1f1f
	read_pmr r6
	sub	r6, r6, #0xe0
	orr	r5, r5, r6
	ldr	r7, =0x1f1f1f1f
	eor	r7, r7, r14
	orr	r5, r5, r7
	cps	#MODE_ABT
	ldr	r14, =0x17171717
	read_pmr r6
	sub	r6, r6, #0xe0
	orr	r5, r5, r6
	ldr	r7, =0x17171717
	eor	r7, r7, r14
	orr	r5, r5, r7
	cps	#MODE_UND
	read_pmr r6
	sub	r6, r6, #0xe0
	orr	r5, r5, r6
	mrs	r6, cpsr
	and	r6, r6, #0x1f
	cps	#MODE_SVC
	expect	r5, 0, r6, MODE_UND
	passed	'j'

	/* k: a breakpoint instruction is the program's own */
	bkpt	#0
	and	r6, r6, #0xf
	expect	r6, 2
	read_pmr r6
	expect	r6, 0xe0
	passed	'k'

	/* l: registers of breakpoints keep what is written */
	mrc	p14, 0, r6, c0, c0, 0		/* DBGDIDR */
	lsr	r6, r6, #24
	and	r6, r6, #0xf
	cmp	r6, #1				/* two at least */
	ite	ge
	movge	r6, #1
	movlt	r6, #0
	ldr	r0, =0x40012344
	mcr	p14, 0, r0, c0, c1, 4		/* DBGBVR1 */
	mrc	p14, 0, r7, c0, c1, 4
	expect	r6, 1, r7, 0x40012344
	mov	r0, #0
	mcr	p14, 0, r0, c0, c1, 4
	read_pmr r7
	expect	r7, 0xe0
	passed	'l'

	/* m: the upper vectors, behind page tables */
	mov	r5, #0
	ldr	r0, =vectors
	ldr	r1, =UPPER
	mov	r2, #8
1:	ldr	r3, [r0], #4			/* a branch, which is relative: make it absolute */
	ldr	r4, =0xe59ff018			/* ldr pc, [pc, #24] */
	str	r4, [r1]
	lsl	r3, r3, #8
	asr	r3, r3, #6
	add	r3, r3, #4
	add	r3, r3, r0
	str	r3, [r1, #32]
	add	r1, r1, #4
	subs	r2, r2, #1
	bne	1b
	ldr	r0, =TABLE
	ldr	r1, =0x00000c02		/* sections of strongly-ordered memory as they are */
	mov	r2, #4096
1:	str	r1, [r0], #4
	add	r1, r1, #0x100000
	subs	r2, r2, #1
	bne	1b
	ldr	r1, =(UPPER & 0xfff00000) | 0xc02
	str	r1, [r0, #-4]
	ldr	r0, =TABLE
	mcr	p15, 0, r0, c2, c0, 0		/* TTBR0 */
	mov	r1, #0
	mcr	p15, 0, r1, c2, c0, 2		/* TTBCR */
	mvn	r1, #0
	mcr	p15, 0, r1, c3, c0, 0		/* DACR */
	mcr	p15, 0, r1, c8, c7, 0		/* TLBIALL */
	dsb
	isb
	mrc	p15, 0, r0, c1, c0, 0
	orr	r0, r0, #0x2000
	orr	r0, r0, #1
	mcr	p15, 0, r0, c1, c0, 0
	isb
	ldr	r0, =other_vectors		/* not used now */
	mcr	p15, 0, r0, c12, c0, 0
	isb
	mrc	p15, 0, r0, c12, c12, 1		/* undefined */
	read_pmr r6
	mrc	p15, 0, r7, c12, c12, 5
	mov	r9, #0
	mov	r8, #-1
	mov	r0, #1
	mov	r1, #0
	cpsie	i
	write_sgi1r r0, r1
	isb
	nop
	cpsid	i
	expect	r6, 0xe0, r7, 7, r5, 1, r9, 1, r8, 0
	passed	'm'

	finish
