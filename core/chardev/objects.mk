# SPDX-License-Identifier: GPL-2.0-only

obj-y += chardev.o
obj-y += console.o

# Cold code: small is better than fast.
$(foreach o,$(obj-y),$(eval CFLAGS_$(o) := $(small)))
