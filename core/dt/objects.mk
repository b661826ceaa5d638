# SPDX-License-Identifier: GPL-2.0-only

obj-y += tree.o
obj-y += address.o
obj-y += edit.o
obj-y += blob.o

# not on the way of any exit: small before fast
cflags-y := $(small)
