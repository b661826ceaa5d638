# SPDX-License-Identifier: GPL-2.0-only
obj-y += cpu.o
obj-y += sched.o
obj-y += thread.o
obj-y += wait.o
obj-y += sync.o
obj-y += work.o
CFLAGS_cpu.o := $(small)
