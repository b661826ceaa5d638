# SPDX-License-Identifier: GPL-2.0-only
obj-y += entry.o
obj-y += early.o
obj-y += start.o
obj-y += memory.o
obj-y += tree.o

# not on the way of any exit: small before fast
cflags-y := $(small)
