# SPDX-License-Identifier: GPL-2.0-only
obj-y += boot.o
obj-y += machine.o
cflags-y := $(small)
