# SPDX-License-Identifier: GPL-2.0-only

lib-y += start.o print.o args.o
guests-y += bench hostile pvh witness
hostile-y := hostile.o hostile_asm.o
pvh-y := pvh.o pvh_entry.o
