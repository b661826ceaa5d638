# SPDX-License-Identifier: GPL-2.0-only
#
# Tests and harnesses of the shell, the log, character devices and file systems.

vfs-files := $(addprefix core/vfs/,vfs.c cpio.c ext2.c) libs/cpio.c libs/errno.c libs/strlcpy.c
vfs-fakes := tests/unit/fake_heap.c tests/unit/fake_thread.c tests/unit/fake_log.c tests/unit/fake_block.c

test_vfs := $(vfs-files) $(vfs-fakes)

fuzz_vfs := $(vfs-files) $(vfs-fakes)
