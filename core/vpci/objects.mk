# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_VPCI) += function.o config.o space.o msix.o

# accesses are few or short: small before fast
cflags-y := $(small)
