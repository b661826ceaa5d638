# SPDX-License-Identifier: GPL-2.0-only
obj-y += frame.o
obj-y += page.o
obj-y += pgtable.o
obj-y += heap.o
obj-y += vmap.o
obj-y += ram.o

# not on the way of any exit: small before fast
cflags-y := $(small)
