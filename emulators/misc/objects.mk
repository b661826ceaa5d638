# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_EMU_FW_CFG) += fw_cfg.o
obj-$(CONFIG_EMU_VMINFO) += vminfo.o
obj-$(CONFIG_EMU_ZERO) += zero.o
obj-$(CONFIG_EMU_DEBUG_EXIT) += debug_exit.o
obj-$(CONFIG_EMU_DEBUGCON) += debugcon.o

# not on the way of any exit: small before fast
cflags-y := $(small)
