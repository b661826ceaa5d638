# SPDX-License-Identifier: GPL-2.0-only
#
# What the build needs to know about ARM processors; see tools/make/toolchain.mk.

port-includes := arch/arm/include

ifeq ($(CONFIG_ARM64),y)
default-cross := aarch64-linux-gnu-
clang-target := aarch64-linux-gnu
debian-arch := arm64
linker-script := arch/arm/arm64/vmm.lds.S
port-cflags := -march=armv8-a -mgeneral-regs-only -mstrict-align -mno-outline-atomics
# of the image, not of the tiny guests: an address in one instruction
port-image-cflags := $(if $(CONFIG_IMAGE_WITHIN_1M),-mcmodel=tiny)
port-ldflags := -m aarch64linux
# after port-cflags: accesses of any alignment, in normal memory with translation on
port-unaligned = $(if $(cc-is-clang),-munaligned-access,-mno-strict-align)
endif
