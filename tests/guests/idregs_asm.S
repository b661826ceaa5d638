/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One instruction at EL1 by software step (DDI 0487, D2.12), with vectors of its own.
 */
#define MDSCR_SS_KDE 0x2001
#define PSTATE_STEP  0x2001c5 /* EL1h; SErrors and interrupts masked, debug exceptions not; SS */
#define PSTATE_D     0x200

/*
 * uint64_t step_one(const uint32_t *at, uint64_t device): do the instruction at "at" with the
 * address of a device in x2. @return bytes that the program counter went on
 */
	.globl	step_one
step_one:
	mrs	x10, vbar_el1
	mrs	x11, daif
	msr	daifset, #15
	adr	x3, step_vectors
	msr	vbar_el1, x3
	msr	oslar_el1, xzr
	mov	x3, #MDSCR_SS_KDE
	msr	mdscr_el1, x3
	isb
	mov	x9, x0
	mov	x2, x1
	mov	x0, #0x84000000		/* PSCI_VERSION, where it is a call */
	mov	x3, #(PSTATE_STEP & 0xffff)
	movk	x3, #(PSTATE_STEP >> 16), lsl #16
	msr	spsr_el1, x3
	msr	elr_el1, x9
	eret
stepped:
	msr	mdscr_el1, xzr
	msr	vbar_el1, x10
	msr	daif, x11
	isb
	sub	x0, x0, x9
	ret

/* A row for each kind: itself, then what is not to be reached. */
	.globl	step_code
step_code:
	nop
	nop
	nop
	mrs	x3, id_aa64mmfr0_el1
	nop
	nop
	ldr	w3, [x2]
	nop
	nop
	ldr	w3, [x2], #4
	nop
	nop
	hvc	#0
	nop
	nop

	.balign	2048
step_vectors:
	b	.
	.org	step_vectors + 0x200
	mrs	x0, elr_el1
	adr	x3, stepped
	msr	elr_el1, x3
	mrs	x3, spsr_el1
	orr	x3, x3, #PSTATE_D
	msr	spsr_el1, x3
	eret
	.org	step_vectors + 2048
