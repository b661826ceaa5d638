# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_EMU_GIC) += vgic.o vgic_slots.o vgic_regs.o vgic_dist.o vgic_cpuif.o \
	gicv2.o gicv2_cpuif.o gicv3.o gicv3_cpuif.o
obj-$(CONFIG_EMU_GICV2M) += gicv2m.o
obj-$(CONFIG_EMU_GIC) += vgic_lpi.o
obj-$(CONFIG_EMU_GICV3_ITS) += gicv3_its.o its_map.o
obj-$(CONFIG_EMU_APIC) += lapic.o lapic_timer.o lapic_ipi.o ioapic.o i8259.o

# Small before fast: registers, and a queue of commands; messages are translated in its_map.o.
$(foreach o,gicv2m gicv3_its,$(eval CFLAGS_$(o).o := $(small)))
