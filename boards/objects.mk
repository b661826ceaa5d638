# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_GUEST_BOARD_VIRT) += virt.o virt_boot.o arm_fdt.o arm_fdt_pci.o
obj-$(CONFIG_GUEST_BOARD_PC) += pc.o pc_boot.o pc_acpi.o
obj-y += build.o net_value.o disk_value.o

# not on the way of any exit: small before fast
cflags-y := $(small)
