# SPDX-License-Identifier: GPL-2.0-only
#
# What the build needs to know about x86 processors; see tools/make/toolchain.mk.

port-includes := arch/x86/include

# The tools of a build machine of this kind need no prefix.
default-cross := $(if $(filter x86_64,$(shell uname -m)),,x86_64-linux-gnu-)
clang-target := x86_64-linux-gnu
debian-arch := amd64
linker-script := arch/x86/boot/vmm.lds.S
# Guests own all vector registers: nothing on stacks wants more than 8 bytes, and calls with
# variable arguments do not count them. The image is linked below 2 GiB.
port-cflags = -m64 -march=x86-64 -mgeneral-regs-only -mno-red-zone -mcmodel=small \
	-fcf-protection=none -mstack-protector-guard=global -mskip-rax-setup \
	$(if $(cc-is-clang),-mstack-alignment=8,-mpreferred-stack-boundary=3 -malign-data=abi)
port-asflags := -m64
port-small := -Oz -fno-jump-tables
port-ldflags := -m elf_x86_64
# Boot loaders that know multiboot take 32-bit ELF files; ours unpacks itself.
port-image = $(PYTHON) tools/elf32
port-unpack := arch/x86/boot/unpack
port-unpack-libs := libs/crc32.o libs/gunzip.o libs/inflate.o libs/memory.o
port-guest := -S -O elf32-i386
