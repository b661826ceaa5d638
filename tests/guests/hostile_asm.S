/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Vectors that lead back to the start whatever came, with what random code may have spoiled made
 * anew as far as that is possible.
 */
	.text
again:
	adrp	x0, stacks_end
	add	sp, x0, :lo12:stacks_end
	adrp	x0, page_table
	add	x0, x0, :lo12:page_table
	msr	ttbr0_el1, x0
	adrp	x0, hostile_vectors
	add	x0, x0, :lo12:hostile_vectors
	msr	vbar_el1, x0
	msr	daifset, #7
	isb
	b	hostile_again

	.balign	0x800
	.globl	hostile_vectors
hostile_vectors:
	.rept	16
	.balign	0x80
	msr	spsel, #1
	b	again
	.endr
