/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exception vectors of EL2. From EL2 itself: interrupts save what a C function may change, faults
 * save everything and never return. From a guest: see switch.S.
 *
 * Thread stacks are STACK_SIZE (8 KiB) high and lie in the upper half of a slot of twice the size,
 * so bit 13 of a stack address in use is one; where it is not, the stack has run into its guard
 * page and the fault is reported on an emergency stack.
 */
#include <port/boot.h>
#include <port/sysreg.h>

#define FRAME_SIZE	(35 * 8 + 8)	/* struct el2_frame (exception.c) */
#define STACK_BIT	13

	.macro vector label
	.balign 128
	b	\label
	.endm

	.macro vector_el2_sync kind
	.balign 128
	sub	sp, sp, #FRAME_SIZE
	/* Test the bit without a free register: sp and x0 are swapped by sums. */
	add	sp, sp, x0
	sub	x0, sp, x0
	tbz	x0, #STACK_BIT, 1f
	sub	x0, sp, x0
	sub	sp, sp, x0
	stp	x0, x1, [sp]
	mov	w1, #\kind
	b	el2_fault
1:	/* x0: the bad sp; sp: sum of both. The guest's TPIDR_EL0 is lost, so is this CPU. */
	msr	tpidr_el0, x0
	sub	x0, sp, x0		/* x0 as it was */
	b	el2_stack_overflow
	.endm

	.section .text.vectors, "ax"
	.balign 2048
	.globl	vectors
vectors:
	/* EL2 with SP_EL0: never used */
	vector	el2_unexpected
	vector	el2_unexpected
	vector	el2_unexpected
	vector	el2_unexpected
	/* EL2 */
	vector_el2_sync 0
	vector	el2_irq
	vector	el2_irq
	vector_el2_sync 3
	/* guest in AArch64 */
	vector	guest_sync
	vector	guest_irq
	vector	guest_irq
	vector	guest_serror
	/* guest in AArch32 */
	vector	guest_sync
	vector	guest_irq
	vector	guest_irq
	vector	guest_serror

	.text
el2_unexpected:
	msr	spsel, #1
	sub	sp, sp, #FRAME_SIZE
	stp	x0, x1, [sp]
	mov	w1, #4
	b	el2_fault

el2_stack_overflow:
	msr	tpidr_el1, x1
	adrp	x1, emergency_stack_top
	add	x1, x1, #:lo12:emergency_stack_top
	sub	sp, x1, #FRAME_SIZE
	mrs	x1, tpidr_el1
	stp	x0, x1, [sp]
	mov	w1, #5
	/* fall through: the frame's sp field is corrected in C from TPIDR_EL0 */

el2_fault:
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	add	x2, sp, #FRAME_SIZE
	stp	x30, x2, [sp, #240]
	mrs	x2, elr_el2
	mrs	x3, spsr_el2
	stp	x2, x3, [sp, #256]
	mrs	x2, esr_el2
	mrs	x3, far_el2
	stp	x2, x3, [sp, #272]
	mov	x0, sp
	b	el2_fault_report

/*
 * An interrupt in hypervisor code. sched_preempt() may switch to another thread; this one
 * continues here later.
 */
el2_irq:
	sub	sp, sp, #(24 * 8)
	stp	x0, x1, [sp]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	mrs	x0, elr_el2
	mrs	x1, spsr_el2
	stp	x18, x0, [sp, #144]
	str	x1, [sp, #160]
	stp	x29, x30, [sp, #176]
	add	x29, sp, #176
	bl	irq_host_entry
	bl	sched_preempt
	ldr	x1, [sp, #160]
	ldp	x18, x0, [sp, #144]
	msr	elr_el2, x0
	msr	spsr_el2, x1
	ldp	x29, x30, [sp, #176]
	ldp	x16, x17, [sp, #128]
	ldp	x14, x15, [sp, #112]
	ldp	x12, x13, [sp, #96]
	ldp	x10, x11, [sp, #80]
	ldp	x8, x9, [sp, #64]
	ldp	x6, x7, [sp, #48]
	ldp	x4, x5, [sp, #32]
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp]
	add	sp, sp, #(24 * 8)
	eret
