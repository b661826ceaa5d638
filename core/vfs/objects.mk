# SPDX-License-Identifier: GPL-2.0-only

obj-y += cpio.o
obj-y += ext2.o
obj-y += initrd.o
obj-y += vfs.o

# not on the way of any exit: small before fast
cflags-y := -Os
