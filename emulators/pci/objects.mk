# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_EMU_PCI_HOST) += pci_host.o
