/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Layout of the file that boot loaders take: behind the memory of the image, of which nothing is in
 * the file but which loaders shall leave alone, the packed image and the code that unpacks it. What
 * is here is linked UNPACK_BASE above its physical addresses. kernel_end is _end of the image.
 */
#include <port/boot.h>

OUTPUT_FORMAT("elf64-x86-64")
OUTPUT_ARCH(i386:x86-64)
ENTRY(_start_physical)

PHDRS
{
	image PT_LOAD FLAGS(6);
	text PT_LOAD FLAGS(5);
	data PT_LOAD FLAGS(6);
}

SECTIONS
{
	. = UNPACK_BASE + LOAD_ADDRESS;
	.image (NOLOAD) : AT(ADDR(.image) - UNPACK_BASE) {
		image_start = .;
		. += kernel_end - VA_IMAGE_BASE;
		image_end = .;
	} :image
	. = ALIGN(4096);
	.text : AT(ADDR(.text) - UNPACK_BASE) {
		KEEP(*(.head.text))
		*(.text .text.*)
		*(.rodata .rodata.*)
		*(.got .got.plt .iplt .igot.plt)
	} :text = 0
	. = ALIGN(4096);
	.bss (NOLOAD) : AT(ADDR(.bss) - UNPACK_BASE) {
		_bss_start = .;
		*(.bss.pages)
		*(.bss .bss.*)
		. = ALIGN(4096);
		_bss_end = .;
	} :data
	_start_physical = _start - UNPACK_BASE;

	ASSERT(_bss_end - UNPACK_BASE <= 0x40000000, "head.S maps 1 GiB")

	.symtab 0 : { *(.symtab) }
	.strtab 0 : { *(.strtab) }
	.shstrtab 0 : { *(.shstrtab) }
	/DISCARD/ : {
		*(.note .note.* .eh_frame .eh_frame_hdr .rela .rela.* .comment .debug_*)
	}
}
