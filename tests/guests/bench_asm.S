/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The measured operations, each between two reads of the counter. Functions that wait for an
 * interrupt are left by the interrupt: its vector reads the counter into x0 and returns to the
 * caller, at which the exception has masked interrupts again.
 */
	.macro	begin
	isb
	mrs	x9, cntvct_el0
	.endm
	.macro	end
	mrs	x10, cntvct_el0
	sub	x0, x10, x9
	ret
	.endm

	.text
	.globl	time_nothing
time_nothing:
	begin
	end

	.globl	time_hvc
time_hvc:
	begin
	hvc	#0
	end

	.globl	time_read32
time_read32:
	begin
	ldr	w1, [x0]
	end

	.globl	time_write32
time_write32:
	begin
	str	w1, [x0]
	end

	.globl	time_id_register
time_id_register:
	begin
	mrs	x1, id_aa64pfr0_el1
	end

	.globl	time_sgi1r
time_sgi1r:
	begin
	msr	s3_0_c12_c11_5, x0
	end

/* From the write that sends it to the first instruction of the handler. */
	.globl	time_sgi1r_taken
time_sgi1r_taken:
	stp	x29, x30, [sp, #-16]!
	adr	x30, taken
	mov	x1, x0
	msr	daifclr, #2
	begin
	msr	s3_0_c12_c11_5, x1
1:	b	1b

	.globl	time_write32_taken
time_write32_taken:
	stp	x29, x30, [sp, #-16]!
	adr	x30, taken
	mov	x2, x0
	msr	daifclr, #2
	begin
	str	w1, [x2]
1:	b	1b

taken:
	sub	x0, x0, x9
	ldp	x29, x30, [sp], #16
	ret

/* Two instructions a round. */
	.globl	time_block
time_block:
	begin
1:	subs	x0, x0, #1
	b.ne	1b
	end

/* The counter at the first instruction of the handler. */
	.globl	spin_until_irq
spin_until_irq:
	msr	daifclr, #2
1:	b	1b

	.globl	wfi_until_irq
wfi_until_irq:
	msr	daifclr, #2
1:	wfi
	b	1b

	.balign	0x800
	.globl	bench_vectors
bench_vectors:
	.irp	kind, 0, 1, 2, 3, 4
	.balign	0x80
	b	vectors + 0x80 * \kind
	.endr
	.balign	0x80
	mrs	x0, cntvct_el0
	ret
	.irp	kind, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	.balign	0x80
	b	vectors + 0x80 * \kind
	.endr
	.balign	0x80
