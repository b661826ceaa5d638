# SPDX-License-Identifier: GPL-2.0-only

obj-y += emu.o
obj-y += msi.o
obj-y += vpower.o

CFLAGS_vpower.o := $(small)
