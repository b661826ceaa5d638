# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_SELFTEST) += block.o
obj-$(CONFIG_SELFTEST) += data.o
obj-$(CONFIG_SELFTEST) += memory.o
obj-$(CONFIG_SELFTEST) += pages.o
obj-$(CONFIG_SELFTEST) += sched.o
obj-$(CONFIG_SELFTEST) += sync.o
obj-$(CONFIG_SELFTEST) += time.o

# Run on demand only: small is better than fast.
$(foreach o,$(obj-y),$(eval CFLAGS_$(o) := $(small)))

# not on the way of any exit: small before fast
cflags-y := $(small)
