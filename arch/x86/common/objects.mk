# SPDX-License-Identifier: GPL-2.0-only

obj-y += insn.o insn_class.o insn_alu.o insn_exec.o insn_ops.o guest_walk.o
