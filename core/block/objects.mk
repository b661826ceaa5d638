# SPDX-License-Identifier: GPL-2.0-only

obj-y += blockdev.o
obj-y += ramdisk.o
obj-y += request.o
obj-y += vdisk.o
