# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_VIDEO_SIMPLEFB) += simplefb.o

cflags-y := $(small)
