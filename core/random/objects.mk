# SPDX-License-Identifier: GPL-2.0-only

obj-y += random.o
cflags-y := $(small)
