# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_PCI_ECAM) += ecam.o
cflags-y := $(small)
obj-$(CONFIG_PCI_CF8) += cf8.o
