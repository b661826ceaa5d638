# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_EMU_SP805) += sp805.o
