# SPDX-License-Identifier: GPL-2.0-only
obj-y += acpi.o bitmap.o copy.o cpio.o crc32.o date.o elf.o errno.o format.o glob.o gunzip.o inflate.o memory.o multiboot.o parse.o
obj-$(CONFIG_TEXTFB) += textfb.o
obj-y += printf.o rbtree.o ringbuf.o sha256.o strlcpy.o string.o utf8.o

# gcc would turn the loops of memset() and its like into calls of themselves.
ifeq ($(cc-is-clang),)
CFLAGS_memory.o := -fno-tree-loop-distribute-patterns
CFLAGS_string.o := -fno-tree-loop-distribute-patterns
endif

# Small before fast, but for what moves or unpacks much.
cflags-y := $(small)
$(foreach o,bitmap copy crc32 inflate memory rbtree ringbuf,$(eval CFLAGS_$(o).o += $(fast)))

# Bulk data is in normal memory and is copied with translation on.
CFLAGS_copy.o += $(port-unaligned)
