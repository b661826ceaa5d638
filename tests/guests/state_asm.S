/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Vector registers in and out: struct vectors of state.c.
 */
	.arch_extension fp
	.arch_extension simd
	.text
	.globl	vectors_load
vectors_load:
	ldr	x1, [x0, #512]
	ldr	x2, [x0, #520]
	msr	fpcr, x1
	msr	fpsr, x2
	ld1	{v0.2d-v3.2d}, [x0], #64
	ld1	{v4.2d-v7.2d}, [x0], #64
	ld1	{v8.2d-v11.2d}, [x0], #64
	ld1	{v12.2d-v15.2d}, [x0], #64
	ld1	{v16.2d-v19.2d}, [x0], #64
	ld1	{v20.2d-v23.2d}, [x0], #64
	ld1	{v24.2d-v27.2d}, [x0], #64
	ld1	{v28.2d-v31.2d}, [x0], #64
	ret

	.globl	vectors_save
vectors_save:
	mrs	x1, fpcr
	mrs	x2, fpsr
	str	x1, [x0, #512]
	str	x2, [x0, #520]
	st1	{v0.2d-v3.2d}, [x0], #64
	st1	{v4.2d-v7.2d}, [x0], #64
	st1	{v8.2d-v11.2d}, [x0], #64
	st1	{v12.2d-v15.2d}, [x0], #64
	st1	{v16.2d-v19.2d}, [x0], #64
	st1	{v20.2d-v23.2d}, [x0], #64
	st1	{v24.2d-v27.2d}, [x0], #64
	st1	{v28.2d-v31.2d}, [x0], #64
	ret

/* Where breakpoints may be; SPOT_SIZE each. */
	.globl	spots
spots:
	.rept	8
	nop
	ret
	.endr
