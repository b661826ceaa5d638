# SPDX-License-Identifier: GPL-2.0-only
#
# Parts of the x86 port that need no x86 CPU.

insn-files := $(addprefix arch/x86/common/,insn.c insn_class.c insn_alu.c insn_exec.c insn_ops.c \
	guest_walk.c)

test_insn := $(insn-files)
cflags_test_insn := -I$(top)/arch/x86/common
# In a header.
test_asid :=
test_guest_walk := $(insn-files)
cflags_test_guest_walk := -I$(top)/arch/x86/common
fuzz_insn := $(insn-files)
cflags_fuzz_insn := -I$(top)/arch/x86/common
# The registers of its CPU are played.
test_x86_apic :=
cflags_test_x86_apic := -I$(top)/tests/unit/x86
