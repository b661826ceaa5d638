# SPDX-License-Identifier: GPL-2.0-only

obj-y += driver.o

# not on the way of any exit: small before fast
cflags-y := $(small)
