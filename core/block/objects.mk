# SPDX-License-Identifier: GPL-2.0-only

obj-y += blockdev.o
obj-$(CONFIG_BLOCK_FAULT) += fault.o
obj-$(CONFIG_BLOCK_FILE) += filedisk.o
obj-$(CONFIG_BLOCK_PARTITIONS) += gpt.o mbr.o partition.o
obj-y += ramdisk.o
obj-y += request.o
obj-y += vdisk.o

# small before fast, but for the way of requests
cflags-y := $(small)
CFLAGS_filedisk.o := $(fast)
CFLAGS_ramdisk.o := $(fast)
CFLAGS_request.o := $(fast)
CFLAGS_vdisk.o := $(fast)
