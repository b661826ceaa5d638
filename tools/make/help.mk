# SPDX-License-Identifier: GPL-2.0-only
#
# "make help".

define help-text
Try it:
  make demo            install what is missing, build, and start a Linux guest on QEMU
  make check           all tests and gates (CHECK="unit boot" selects, see tools/check)
  make bench           measure, and compare with tests/bench/budget.txt
  make soak HOURS=n    the endurance tests

Build:
  make                 the image: $(O)/vmm.bin (to boot), $(O)/vmm.elf (with symbols)
  make demo-disk       the disk of the demo: $(O)/disk/initrd.cpio
  make iso ARCH=x86    $(O)/xvisor.iso: the demo for PCs, by GRUB, from CD or USB stick
  make guests          the tiny guests of tests/guests: $(O)/guests/*.bin
  make run             as demo; GIC=2|3 CPU=... SMP=n MEM=MiB APPEND="..." QEMU_ARGS="..."
  make doxygen         $(O)/doxygen/html
  make clean           remove what was built; make distclean: also configuration and downloads

Configure (kept in $(O)/.config):
  make defconfig       take arch/$(ARCH)/board/$(BOARD)/defconfig
  make menuconfig      choose in menus; config, oldconfig: by questions
  make allnoconfig     nothing that can be left out; make randconfig: anything
  make savedefconfig   write the differences to the defaults to $(O)/defconfig

Variables:
  O=<folder>           output, "build" if not given
  ARCH=, BOARD=        $(ARCH) and $(BOARD) here; there are:
endef

define help-text-2
  CROSS_COMPILE=       prefix of the compiler; Debian's name is taken if not given
  CC=clang LD=ld.lld   another compiler, another linker
  DL=<folder>          where downloaded packages are kept ($(DL))
  VERBOSE=y            show the commands; WERROR=n: warnings are no errors

Gates one by one: check-config check-format check-layering check-headers check-repro check-clang check-options
check-unit check-boot.
endef

.PHONY: help
help:
	$(info $(help-text))
	$(foreach d,$(wildcard arch/*/board/*/defconfig),$(info $(space)                      \
	ARCH=$(word 2,$(subst /, ,$(d))) BOARD=$(word 4,$(subst /, ,$(d)))))
	$(info $(help-text-2))
	@:
