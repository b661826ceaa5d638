/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An entry by the note of PVH guests instead of a Multiboot header: what EBX tells is kept, then
 * all goes on as in start.S.
 */
	.globl	no_multiboot
	.set	no_multiboot, 1

	.section .note.Xen, "a", @note
	.long	4, 4, 18
	.asciz	"Xen"
	.long	pvh_entry

	.text
	.code32
pvh_entry:
	movl	%ebx, pvh_info
	jmp	_start
