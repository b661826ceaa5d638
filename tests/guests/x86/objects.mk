# SPDX-License-Identifier: GPL-2.0-only

lib-y += start.o print.o args.o
guests-y += bench hostile pvh smp traps witness
hostile-y := hostile.o hostile_asm.o
pvh-y := pvh.o pvh_entry.o
traps-y := traps.o traps_asm.o
smp-y := smp.o smp_asm.o
