/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the guest icc cannot say in C: vector tables of several kinds, and accesses to the GIC's
 * system registers with everything else in known states.
 */
#include "include/sysreg.h"

	.macro	entries first, last
	.set	at, \first
	.rept	\last - \first + 1
	.balign	0x80
	b	vectors + 0x80 * at
	.set	at, at + 1
	.endr
	.endm

	.text
	.balign	0x800
	.globl	icc_tables
icc_tables:				/* ICC_TABLES of them, each as good as the kit's */
	.rept	12
	.balign	0x800
	entries	0, 15
	.endr

/* Its synchronous exceptions begin with an access to the GIC. */
	.balign	0x800
	.globl	icc_first_table
icc_first_table:
	entries	0, 3
	.balign	0x80
	mrs	xzr, ICC_RPR_EL1
	b	vectors + 0x200
	entries	5, 15

/* Its handlers keep nothing of ELR_EL1 and SPSR_EL1, and take no nested exceptions. */
	.balign	0x800
	.globl	icc_bare_table
icc_bare_table:
	entries	0, 4
	.balign	0x80
	stp	x0, x1, [sp, #-16]!
	mrs	x0, ICC_IAR1_EL1
	msr	ICC_EOIR1_EL1, x0
	adrp	x0, icc_bare_irqs
	ldr	x1, [x0, :lo12:icc_bare_irqs]
	add	x1, x1, #1
	str	x1, [x0, :lo12:icc_bare_irqs]
	ldp	x0, x1, [sp], #16
	eret
	entries	6, 15

/* A branch to its synchronous vector comes back. */
	.balign	0x800
	.globl	icc_back_table
icc_back_table:
	entries	0, 3
	.balign	0x80
	mov	w0, #1
	ret
	entries	5, 15

/* Exceptions from EL0 come back to who called icc_run_el0(). */
	.balign	0x800
	.globl	icc_el0_table
icc_el0_table:
	entries	0, 7
	.balign	0x80
	mrs	x0, esr_el1
	b	icc_from_el0
	entries	9, 15

/* uint64_t icc_run_el0(uint64_t pc, uint64_t spsr): ESR_EL1 of what ended it */
	.globl	icc_run_el0
icc_run_el0:
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	msr	elr_el1, x0
	msr	spsr_el1, x1
	eret
icc_from_el0:
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret

/* For EL0: five instructions, a branch over one, the last is a call. */
	.globl	icc_el0_code
icc_el0_code:
	nop
	mov	x5, #1
	b	1f
	.inst	0
1:	nop
	svc	#7

/* uint64_t icc_preserves(uint64_t nzcv): bits of registers that an access changed; 32: flags */
	.globl	icc_preserves
icc_preserves:
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	.irp	n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	mov	x\n, #0x5a00 + \n
	movk	x\n, #0xa500 + \n, lsl #48
	.endr
	msr	nzcv, x0
	mrs	x1, ICC_PMR_EL1
	msr	ICC_PMR_EL1, x1
	mrs	x1, nzcv
	cmp	x0, x1
	mov	x0, xzr
	b.eq	1f
	orr	x0, x0, #1 << 32
1:
	.irp	n, 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30
	mov	x1, #0x5a00 + \n
	movk	x1, #0xa500 + \n, lsl #48
	cmp	x\n, x1
	b.eq	1f
	orr	x0, x0, #1 << \n
1:
	.endr
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret

/* uint64_t icc_with_sp0(uintptr_t device, uint64_t pmr): PMR, written and read with SP_EL0 */
	.globl	icc_with_sp0
icc_with_sp0:
	mov	x2, sp
	sub	x2, x2, #1024
	msr	sp_el0, x2
	msr	spsel, #0
	ldr	w2, [x0]
	msr	ICC_PMR_EL1, x1
	mrs	x0, ICC_PMR_EL1
	msr	spsel, #1
	ret

/* uint64_t icc_forged(uint64_t spsr): 1 when a branch to a vector is but a branch */
	.globl	icc_forged
icc_forged:
	msr	spsr_el1, x0
	adr	x1, 1f
	msr	elr_el1, x1
	mov	x1, #1 << 25		/* an undefined instruction */
	msr	esr_el1, x1
	b	icc_back_table + 0x200
1:	mrs	x0, ICC_RPR_EL1
	mov	x0, #2
	ret
