# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_EMU_I8042) += i8042.o
