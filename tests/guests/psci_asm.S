/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the guest psci cannot say in C: registers across a call, and the state of a CPU at its first
 * instruction.
 */
	.text
/* uint32_t psci_preserves(fn): x4 ... x17 are the caller's own across a call (DEN 0028, 2.6) */
	.globl	psci_preserves
psci_preserves:
	stp	x29, x30, [sp, #-16]!
	.irp	n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17
	mov	x\n, #0x5a00 + \n
	movk	x\n, #0xa500 + \n, lsl #48
	.endr
	hvc	#0
	mov	x0, xzr
	.irp	n, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17
	mov	x1, #0x5a00 + \n
	movk	x1, #0xa500 + \n, lsl #48
	cmp	x\n, x1
	b.eq	1f
	orr	x0, x0, #1 << \n
1:
	.endr
	ldp	x29, x30, [sp], #16
	ret

	.globl	psci_probe_start
psci_probe_start:
	adrp	x1, psci_started
	add	x1, x1, :lo12:psci_started
	mrs	x2, CurrentEL
	mrs	x3, daif
	mrs	x4, sctlr_el1
	mrs	x5, mpidr_el1
	stp	x0, x2, [x1]
	stp	x3, x4, [x1, #16]
	str	x5, [x1, #32]
	ldr	x0, [x1, #40]
	b	secondary_start

	.section .data.psci_started, "aw"
	.balign	64
	.globl	psci_started
psci_started:
	.fill	8, 8, 0
