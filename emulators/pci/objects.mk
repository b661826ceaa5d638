# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_EMU_PCI_HOST) += pci_host.o
obj-$(CONFIG_EMU_PCI_CF8) += pci_cf8.o
obj-$(CONFIG_EMU_PIIX) += piix.o

# accesses are few or short: small before fast
cflags-y := $(small)
