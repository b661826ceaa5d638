# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_EMU_ACPI_PM) += acpi_pm.o

cflags-y := $(small)
