# SPDX-License-Identifier: GPL-2.0-only

obj-y += echo.o
obj-y += help.o
obj-y += host.o
obj-y += power.o
obj-y += version.o

# Cold code: small is better than fast.
$(foreach o,$(obj-y),$(eval CFLAGS_$(o) := -Os))
