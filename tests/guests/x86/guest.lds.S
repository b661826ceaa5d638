/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tiny guest for PCs: a 32-bit ELF file with a multiboot header, at 1 MiB.
 */
OUTPUT_FORMAT("elf64-x86-64")
OUTPUT_ARCH(i386:x86-64)
ENTRY(_start)

PHDRS
{
	text PT_LOAD FLAGS(5);
	data PT_LOAD FLAGS(6);
	note PT_NOTE FLAGS(4);
}

SECTIONS
{
	. = 0x100000;
	.text : {
		KEEP(*(.text.head))
		*(.text .text.*)
		*(.rodata .rodata.*)
	} :text
	.note.Xen : {
		KEEP(*(.note.Xen))
	} :text :note
	.data : ALIGN(4096) {
		*(.data .data.*)
	} :data
	.bss (NOLOAD) : ALIGN(4096) {
		*(.bss .bss.*)
		. = ALIGN(16);
		. += 16384;
		stack_top = .;
	} :data
	/DISCARD/ : {
		*(.comment) *(.note.GNU*) *(.note.gnu*) *(.eh_frame*)
	}
}
