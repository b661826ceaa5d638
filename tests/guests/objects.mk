# SPDX-License-Identifier: GPL-2.0-only

lib-y += lib/start.o lib/cpu.o lib/print.o lib/test.o lib/util.o lib/gic.o

guests-y += bench spin
bench-y := bench.o bench_asm.o
guests-y += psci timer
psci-y := psci.o psci_asm.o trng.o
guests-y += gic
gic-y := gic.o gic_v2.o gic_v3.o
guests-y += icc
icc-y := icc.o icc_asm.o
idregs-y := idregs.o idregs_asm.o
guests-y += pl011 board order pci
guests-y += msi
msi-y := msi.o its.o
guests-y += state idregs smp hostile witness writer
hostile-y := hostile.o hostile_asm.o hostile_pci.o hostile_net.o its.o vnet.o
guests-y += net
net-y := net.o vnet.o
state-y := state.o state_asm.o
# At address 0 there is flash.
CFLAGS_smp.o := -fno-delete-null-pointer-checks
