/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What stands at the start of the board's flash to begin a Linux that lies in RAM already: the
 * boot protocol of Documentation/arch/arm64/booting.rst wants the device tree's address in x0 and
 * zeros in x1 to x3. The addresses are those of nor_flash.list.
 */
	.text
	.globl _start
_start:
	ldr	x0, =0x47e00000
	mov	x1, xzr
	mov	x2, xzr
	mov	x3, xzr
	ldr	x4, =0x40000000
	br	x4
	.ltorg
