/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tiny guest in memory: a Linux Image that wants to be 512 KiB behind the start of RAM, which is
 * 1 GiB on the board "virt". Both QEMU and the hypervisor put it there.
 */
OUTPUT_ARCH(aarch64)
ENTRY(_start)

PHDRS
{
	text PT_LOAD FLAGS(5);
	data PT_LOAD FLAGS(6);
}

SECTIONS
{
	. = 0x40080000;
	.text : {
		*(.text.head)
		*(.text .text.*)
	} :text
	.rodata : {
		*(.rodata .rodata.*)
		. = ALIGN(8);
		tests_start = .;
		KEEP(*(.tests))
		tests_end = .;
	} :text
	.data : ALIGN(4096) {
		*(.data .data.*)
	} :data
	.bss (NOLOAD) : ALIGN(16) {
		bss_start = .;
		*(.bss .bss.*)
		. = ALIGN(16);
		bss_end = .;
		. = ALIGN(4096);
		page_table = .;
		. += 4096;
		. += 8 * 16384;
		stacks_end = .;
		image_end = .;
	} :data
	/DISCARD/ : {
		*(.comment) *(.note*) *(.eh_frame*)
	}
}
