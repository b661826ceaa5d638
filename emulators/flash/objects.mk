# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_EMU_CFI_FLASH) += cfi_flash.o flash_store.o

# not on the way of any exit: small before fast
cflags-y := $(small)
