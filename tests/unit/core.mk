# SPDX-License-Identifier: GPL-2.0-only
#
# Memory, time and scheduling of core over the fake port.

mem-files := $(addprefix core/mem/,frame.c heap.c page.c pgtable.c ram.c vmap.c)
sched-files := $(addprefix core/sched/,cpu.c sched.c sync.c thread.c wait.c work.c) \
	core/time/time.c

test_mem := $(mem-files) $(host-port) tests/unit/fake_log.c
ldlibs_test_mem := -lfdt
test_pgtable := $(mem-files) $(host-port) tests/unit/fake_log.c
ldlibs_test_pgtable := -lfdt
test_time := core/time/time.c libs/rbtree.c $(host-port) tests/unit/fake_log.c
test_time_freq := core/time/time.c libs/rbtree.c $(host-port) tests/unit/fake_log.c
test_sched := $(sched-files) libs/rbtree.c libs/errno.c libs/strlcpy.c $(host-port) \
	tests/unit/fake_log.c tests/unit/fake_heap.c
cflags_test_sched := -I$(top)/core/sched
