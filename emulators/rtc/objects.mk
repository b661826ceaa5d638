# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_EMU_PL031) += pl031.o
obj-$(CONFIG_EMU_MC146818) += mc146818.o

# not on the way of any exit: small before fast
cflags-y := $(small)
