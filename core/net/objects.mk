# SPDX-License-Identifier: GPL-2.0-only

obj-y += capture.o
obj-y += frame.o
obj-y += macs.o
obj-y += net.o
obj-y += netdev.o
obj-y += poll.o
obj-y += offload.o
obj-y += rate.o
obj-y += switch.o

# Cold code: small is better than fast.
CFLAGS_capture.o := $(small)
CFLAGS_net.o := $(small)
CFLAGS_netdev.o := $(small)
CFLAGS_poll.o := $(small)
