# SPDX-License-Identifier: GPL-2.0-only

obj-y += blockdev.o
obj-$(CONFIG_BLOCK_FAULT) += fault.o
obj-y += filedisk.o
obj-y += gpt.o
obj-y += mbr.o
obj-y += partition.o
obj-y += ramdisk.o
obj-y += request.o
obj-y += vdisk.o

# small before fast, but for the way of requests
cflags-y := -Os
CFLAGS_filedisk.o := -O2
CFLAGS_ramdisk.o := -O2
CFLAGS_request.o := -O2
CFLAGS_vdisk.o := -O2
