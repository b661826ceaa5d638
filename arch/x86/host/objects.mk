# SPDX-License-Identifier: GPL-2.0-only
obj-y += vectors.o
obj-y += switch.o
obj-y += apic.o
obj-y += cpu.o
obj-y += exception.o
obj-y += paging.o
obj-y += power.o
obj-y += smp.o
obj-y += timer.o
obj-y += tlb.o
obj-y += tsc.o

CFLAGS_cpu.o := -Os
CFLAGS_exception.o := -Os
CFLAGS_power.o := -Os
CFLAGS_tsc.o := -Os
