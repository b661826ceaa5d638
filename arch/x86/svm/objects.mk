# SPDX-License-Identifier: GPL-2.0-only
obj-y += access.o
obj-y += cpuid.o
obj-y += enter.o
obj-y += guest.o
obj-y += msr.o
obj-y += state.o
obj-y += vcpu.o
obj-y += vintc.o

CFLAGS_guest.o := $(small)
CFLAGS_state.o := $(small)
