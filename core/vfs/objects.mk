# SPDX-License-Identifier: GPL-2.0-only

obj-y += cpio.o
obj-y += ext2.o
obj-y += initrd.o
obj-y += vfs.o
