# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_EMU_PL011) += pl011.o
obj-$(CONFIG_EMU_16550) += uart16550.o
