# SPDX-License-Identifier: GPL-2.0-only

obj-y += pci.o scan.o assign.o irq.o
cflags-y := $(small)
