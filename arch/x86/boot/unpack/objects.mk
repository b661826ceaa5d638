# SPDX-License-Identifier: GPL-2.0-only
#
# Not of the image: what unpacks it. Read by itself (port-unpack; tools/make/image.mk).
obj-y += head.o
obj-y += payload.o
obj-y += unpack.o

CFLAGS_payload.o := -Wa,-I$(O)/unpack
cflags-y := $(small)
