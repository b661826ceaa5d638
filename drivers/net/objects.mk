# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_E1000) += e1000.o
cflags-y := $(small)
