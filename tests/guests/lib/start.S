/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a tiny guest begins: header of a Linux Image, first instructions of the boot CPU and of the
 * others, exception vectors. Stacks and page table are laid out by guest.lds.S.
 */
	.section .text.head, "ax"
	.globl	_start
_start:
	b	boot
	.long	0
	.quad	0x80000			/* text_offset */
	.quad	image_end - _start
	.quad	0xa			/* little-endian, 4 KiB pages, any base */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

	.macro	stack_of id, tmp
	adrp	\tmp, stacks_end
	add	\tmp, \tmp, :lo12:stacks_end
	sub	\tmp, \tmp, \id, lsl #14
	mov	sp, \tmp
	.endm

boot:
	mov	x20, x0			/* device tree */
	adrp	x0, bss_start
	add	x0, x0, :lo12:bss_start
	adrp	x1, bss_end
	add	x1, x1, :lo12:bss_end
1:	cmp	x0, x1
	b.hs	2f
	stp	xzr, xzr, [x0], #16
	b	1b
2:	mov	x1, xzr
	stack_of x1, x2
	mov	x0, x20
	bl	kit_boot
3:	wfi
	b	3b

	.globl	secondary_start
secondary_start:			/* x0: number of this CPU */
	stack_of x0, x1
	bl	kit_secondary
	b	3b

	.macro	vector kind
	.balign	0x80
	sub	sp, sp, #272
	stp	x0, x1, [sp]
	mov	x0, #\kind
	b	exception_entry
	.endm

	.text
	.balign	0x800
	.globl	vectors
vectors:
	.irp	kind, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vector	\kind
	.endr

exception_entry:
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
	mrs	x2, elr_el1
	mrs	x3, spsr_el1
	stp	x30, x2, [sp, #240]
	str	x3, [sp, #256]
	mov	x1, sp
	bl	kit_exception
	ldp	x30, x2, [sp, #240]
	ldr	x3, [sp, #256]
	msr	elr_el1, x2
	msr	spsr_el1, x3
	ldp	x2, x3, [sp, #16]
	ldp	x4, x5, [sp, #32]
	ldp	x6, x7, [sp, #48]
	ldp	x8, x9, [sp, #64]
	ldp	x10, x11, [sp, #80]
	ldp	x12, x13, [sp, #96]
	ldp	x14, x15, [sp, #112]
	ldp	x16, x17, [sp, #128]
	ldp	x18, x19, [sp, #144]
	ldp	x20, x21, [sp, #160]
	ldp	x22, x23, [sp, #176]
	ldp	x24, x25, [sp, #192]
	ldp	x26, x27, [sp, #208]
	ldp	x28, x29, [sp, #224]
	ldp	x0, x1, [sp]
	add	sp, sp, #272
	eret

/* int64_t psci(fn, a, b, c), psci_smc(...) */
	.globl	psci
psci:
	hvc	#0
	ret
	.globl	psci_smc
psci_smc:
	.inst	0xd4000003		/* smc #0 */
	ret
