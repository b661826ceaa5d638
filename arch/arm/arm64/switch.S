/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * World switch and thread switch. An exit saves the guest's general registers and nothing else;
 * all other state of the guest stays in the CPU (vcpu_state.c).
 */
#include <port/sysreg.h>

#define REGS_PC		248		/* struct vcpu_regs (port/vcpu.h) */

	.section .text.hot, "ax"

/*
 * uint64_t guest_enter(struct vcpu_regs *regs)
 * Interrupts masked. Runs the guest; returns the exit code (enum guest_exit_code,
 * port/vcpu_enter.h) and leaves ESR_EL2, FAR_EL2 and HPFAR_EL2 as the exception set them. Keeps sp
 * and x29 only.
 */
	.globl	guest_enter
guest_enter:
	stp	x29, x30, [sp, #-32]!
	str	x0, [sp, #16]
	ldp	x1, x2, [x0, #REGS_PC]
	msr	elr_el2, x1
	msr	spsr_el2, x2
	ldp	x2, x3, [x0, #16]
	ldp	x4, x5, [x0, #32]
	ldp	x6, x7, [x0, #48]
	ldp	x8, x9, [x0, #64]
	ldp	x10, x11, [x0, #80]
	ldp	x12, x13, [x0, #96]
	ldp	x14, x15, [x0, #112]
	ldp	x16, x17, [x0, #128]
	ldp	x18, x19, [x0, #144]
	ldp	x20, x21, [x0, #160]
	ldp	x22, x23, [x0, #176]
	ldp	x24, x25, [x0, #192]
	ldp	x26, x27, [x0, #208]
	ldp	x28, x29, [x0, #224]
	ldr	x30, [x0, #240]
	ldp	x0, x1, [x0]
	eret
	dsb	nsh			/* no speculation past eret */
	isb

	.macro guest_exit name, code
	.globl	\name
\name:
	stp	x0, x1, [sp, #-16]!
	mov	w1, #\code
	b	guest_exit_common
	.endm

	guest_exit guest_irq, 1
	guest_exit guest_serror, 2
	.globl	guest_sync
guest_sync:
	stp	x0, x1, [sp, #-16]!
	mov	w1, #0

guest_exit_common:
	ldr	x0, [sp, #32]		/* struct vcpu_regs of guest_enter() */
	stp	x2, x3, [x0, #16]
	stp	x4, x5, [x0, #32]
	stp	x6, x7, [x0, #48]
	stp	x8, x9, [x0, #64]
	stp	x10, x11, [x0, #80]
	stp	x12, x13, [x0, #96]
	stp	x14, x15, [x0, #112]
	stp	x16, x17, [x0, #128]
	stp	x18, x19, [x0, #144]
	stp	x20, x21, [x0, #160]
	stp	x22, x23, [x0, #176]
	stp	x24, x25, [x0, #192]
	stp	x26, x27, [x0, #208]
	stp	x28, x29, [x0, #224]
	ldp	x2, x3, [sp], #16
	mrs	x4, elr_el2
	mrs	x5, spsr_el2
	str	x30, [x0, #240]
	stp	x4, x5, [x0, #REGS_PC]
	stp	x2, x3, [x0]
	mov	w0, w1
	ldp	x29, x30, [sp], #32
	ret

/* void arch_thread_switch(va_t *old_sp, va_t new_sp) */
	.text
	.globl	arch_thread_switch
arch_thread_switch:
	stp	x29, x30, [sp, #-96]!
	mov	x29, sp
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	mov	x2, sp
	str	x2, [x0]
	mov	sp, x1
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret

/* void fp_save(struct vcpu_fp *fp), void fp_load(const struct vcpu_fp *fp) */
	.arch_extension fp
	.arch_extension simd
	.macro fp_regs op
	\op	q0, q1, [x0]
	\op	q2, q3, [x0, #32]
	\op	q4, q5, [x0, #64]
	\op	q6, q7, [x0, #96]
	\op	q8, q9, [x0, #128]
	\op	q10, q11, [x0, #160]
	\op	q12, q13, [x0, #192]
	\op	q14, q15, [x0, #224]
	\op	q16, q17, [x0, #256]
	\op	q18, q19, [x0, #288]
	\op	q20, q21, [x0, #320]
	\op	q22, q23, [x0, #352]
	\op	q24, q25, [x0, #384]
	\op	q26, q27, [x0, #416]
	\op	q28, q29, [x0, #448]
	\op	q30, q31, [x0, #480]
	.endm

	.globl	fp_save
fp_save:
	fp_regs	stp
	mrs	x1, fpsr
	mrs	x2, fpcr
	add	x0, x0, #512
	stp	w1, w2, [x0]
	ret

	.globl	fp_load
fp_load:
	fp_regs	ldp
	add	x0, x0, #512
	ldp	w1, w2, [x0]
	msr	fpsr, x1
	msr	fpcr, x2
	ret
