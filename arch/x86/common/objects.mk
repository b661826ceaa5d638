# SPDX-License-Identifier: GPL-2.0-only

obj-y += insn.o insn_class.o insn_alu.o insn_exec.o insn_ops.o guest_walk.o
obj-y += guest_kinds.o

# Not on the way of any exit: small before fast.
CFLAGS_guest_kinds.o := $(small)

# Decoded instructions are kept: their decoding is no part of most exits.
$(foreach o,insn insn_alu insn_class insn_ops,$(eval CFLAGS_$(o).o := $(small)))
