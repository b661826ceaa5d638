# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_IRQCHIP_GICV2) += gicv2.o gic.o
obj-$(CONFIG_IRQCHIP_GICV3) += gicv3.o gic.o
obj-$(CONFIG_IRQCHIP_GICV2M) += gicv2m.o
obj-$(CONFIG_IRQCHIP_GICV3_ITS) += gicv3_its.o
obj-$(CONFIG_IRQCHIP_IOAPIC) += ioapic.o
obj-y := $(sort $(obj-y))

# Not on the way of any interrupt: small before fast.
CFLAGS_gicv2m.o := $(small)
CFLAGS_gicv3_its.o := $(small)
