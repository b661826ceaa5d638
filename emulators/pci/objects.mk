# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_EMU_PCI_HOST) += pci_host.o

# accesses are few or short: small before fast
cflags-y := -Os
