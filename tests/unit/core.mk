# SPDX-License-Identifier: GPL-2.0-only
#
# Memory, time and scheduling of core over the fake port.

mem-files := $(addprefix core/mem/,frame.c heap.c page.c pgtable.c ram.c vmap.c)

test_mem := $(mem-files) $(host-port) tests/unit/fake_log.c
ldlibs_test_mem := -lfdt
test_pgtable := $(mem-files) $(host-port) tests/unit/fake_log.c
ldlibs_test_pgtable := -lfdt
