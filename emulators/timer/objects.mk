# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_EMU_SP805) += sp805.o
obj-$(CONFIG_EMU_I8254) += i8254.o
obj-$(CONFIG_EMU_HPET) += hpet.o

# not on the way of any exit: small before fast
cflags-y := $(small)
