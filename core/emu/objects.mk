# SPDX-License-Identifier: GPL-2.0-only

obj-y += emu.o
obj-$(CONFIG_VPCI) += msi.o
obj-y += vpower.o
