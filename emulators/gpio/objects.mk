# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_EMU_PL061) += pl061.o

# not on the way of any exit: small before fast
cflags-y := $(small)
