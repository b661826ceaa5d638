/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Layout of the image: code, constants, data, each on pages of its own because each has its own
 * permissions. Linked at a fixed virtual address; the entry code maps it from wherever it lies.
 */
#include <port/boot.h>

OUTPUT_FORMAT("elf64-littleaarch64")
OUTPUT_ARCH(aarch64)
ENTRY(_start)

#define TABLE(name)						\
	. = ALIGN(8);						\
	PROVIDE(table_##name##_start = .);			\
	KEEP(*(SORT_BY_NAME(.table.name)))			\
	PROVIDE(table_##name##_end = .);

SECTIONS
{
	. = VA_IMAGE_BASE;
	_image_start = .;
	.text : {
		KEEP(*(.head.text))
		*(.idmap.text)
		_idmap_end = .;
		/* The vectors are aligned to 2 KiB; what fills the room before them is run once. */
		*arm64/entry.o(.text .text.*)
		*arm64/boot_map.o(.text .text.*)
		*arm64/start.o(.text .text.*)
		*(.text.vectors)
		*(.text.hot .text.hot.*)
		*(.text .text.* .iplt)
		. = ALIGN(4096);
	}
	_text_end = .;
	.rodata : {
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
	}
	_rodata_end = .;
	.data : {
		*(.data .data.*)
		*(.got .got.plt .igot.plt)
		. = ALIGN(16);
	}
	_bss_start = .;	/* the end of the file; the entry code makes zeros of the rest */
	.bss (NOLOAD) : {
		*(.bss.pages)
		*(.bss .bss.*)
		*(COMMON)
		. = ALIGN(4096);
	}
	_end = .;
	_image_size = _end - _image_start;

	ASSERT(_idmap_end - _image_start <= 4096, "identity-mapped code must fit the first page")

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
		*(.note .note.* .eh_frame .eh_frame_hdr .ARM.attributes .interp .dynamic .dynsym
		  .dynstr .hash .gnu.hash .rela .rela.*)
	}
}
