/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Layout of the image: code, constants, data, each on pages of its own because each has its own
 * permissions. Linked below 2 GiB; unpack/ puts it to LOAD_ADDRESS, where it is entered.
 */
#include <port/boot.h>

OUTPUT_FORMAT("elf64-x86-64")
OUTPUT_ARCH(i386:x86-64)
ENTRY(_start_physical)

#define TABLE(name)						\
	. = ALIGN(8);						\
	PROVIDE(table_##name##_start = .);			\
	KEEP(*(SORT_BY_NAME(.table.name)))			\
	PROVIDE(table_##name##_end = .);

PHDRS
{
	text PT_LOAD FLAGS(5);
	rodata PT_LOAD FLAGS(4);
	data PT_LOAD FLAGS(6);
}

SECTIONS
{
	. = VA_IMAGE_BASE;
	_image_start = .;
	.text : AT(ADDR(.text) - VA_IMAGE_BASE + LOAD_ADDRESS) {
		_idmap_start = .;
		KEEP(*(.head.text))
		_idmap_end = .;
		. = ALIGN(16);
		*(.text.hot .text.hot.*)
		*(.text .text.* .iplt)
		. = ALIGN(4096);
	} :text = 0
	_text_end = .;
	.rodata : AT(ADDR(.rodata) - VA_IMAGE_BASE + LOAD_ADDRESS) {
		*(.rodata .rodata.*)
		TABLE(driver)
		TABLE(pci_driver)
		TABLE(vio_driver)
		TABLE(emulator)
		TABLE(command)
		TABLE(selftest)
		TABLE(fs)
		TABLE(board)
		. = ALIGN(8);
		KEEP(*(.symtab_names))
		. = ALIGN(4096);
	} :rodata
	_rodata_end = .;
	.data : AT(ADDR(.data) - VA_IMAGE_BASE + LOAD_ADDRESS) {
		*(.data .data.*)
		*(.got .got.plt .igot.plt)
		. = ALIGN(4096);
	} :data
	_bss_start = .;
	.bss (NOLOAD) : AT(ADDR(.bss) - VA_IMAGE_BASE + LOAD_ADDRESS) {
		*(.bss.pages)
		*(.bss .bss.*)
		*(COMMON)
		. = ALIGN(4096);
	} :data
	_end = .;
	_start_physical = _start - VA_IMAGE_BASE + LOAD_ADDRESS;

	ASSERT(_idmap_end - _idmap_start <= 4096, "the identity-mapped code must fit a page")
	ASSERT(_end - _image_start <= 0x400000, "entry.S maps 4 MiB")

	.debug_info 0 : { *(.debug_info .debug_info.*) }
	.debug_abbrev 0 : { *(.debug_abbrev) }
	.debug_line 0 : { *(.debug_line .debug_line.*) }
	.debug_line_str 0 : { *(.debug_line_str) }
	.debug_str 0 : { *(.debug_str) }
	.debug_str_offsets 0 : { *(.debug_str_offsets) }
	.debug_addr 0 : { *(.debug_addr) }
	.debug_aranges 0 : { *(.debug_aranges) }
	.debug_ranges 0 : { *(.debug_ranges) }
	.debug_rnglists 0 : { *(.debug_rnglists) }
	.debug_loc 0 : { *(.debug_loc) }
	.debug_loclists 0 : { *(.debug_loclists) }
	.debug_frame 0 : { *(.debug_frame) }
	.comment 0 : { *(.comment) }
	.symtab 0 : { *(.symtab) }
	.strtab 0 : { *(.strtab) }
	.shstrtab 0 : { *(.shstrtab) }
	/DISCARD/ : {
		*(.note .note.* .eh_frame .eh_frame_hdr .interp .dynamic .dynsym .dynstr .hash
		  .gnu.hash .rela .rela.*)
	}
}
