# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_EMU_PL061) += pl061.o
