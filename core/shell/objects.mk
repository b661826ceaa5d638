# SPDX-License-Identifier: GPL-2.0-only

obj-y += boot.o
obj-y += bootarg.o
obj-y += command.o
obj-y += complete.o
obj-y += edit.o
obj-y += history.o
obj-y += out.o
obj-y += script.o
obj-y += shell.o
obj-y += token.o
obj-y += words.o

# Cold code: small is better than fast.
$(foreach o,$(obj-y),$(eval CFLAGS_$(o) := $(small)))

# not on the way of any exit: small before fast
cflags-y := $(small)
