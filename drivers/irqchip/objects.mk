# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_IRQCHIP_GICV2) += gicv2.o gic.o
obj-$(CONFIG_IRQCHIP_GICV3) += gicv3.o gic.o
obj-y := $(sort $(obj-y))
