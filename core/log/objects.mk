# SPDX-License-Identifier: GPL-2.0-only

obj-y += log.o
obj-y += panic.o
obj-y += symbol.o

# Cold code: small is better than fast.
$(foreach o,$(obj-y),$(eval CFLAGS_$(o) := $(small)))

# not on the way of any exit: small before fast
cflags-y := $(small)
