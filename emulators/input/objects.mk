# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_EMU_I8042) += i8042.o

# a key a while: small before fast
cflags-y := $(small)
