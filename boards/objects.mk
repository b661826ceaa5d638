# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_GUEST_BOARD_VIRT) += virt.o virt_boot.o net_value.o arm_fdt.o arm_fdt_pci.o

# not on the way of any exit: small before fast
cflags-y := -Os
