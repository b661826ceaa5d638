# SPDX-License-Identifier: GPL-2.0-only
#
# Tests and harnesses of the shell, the log, character devices and file systems.

ext2-files := $(addprefix core/vfs/,ext2.c ext2_alloc.c ext2_dir.c ext2_extent.c ext2_file.c \
	ext2_map.c ext2_name.c)
fat-files := $(addprefix core/vfs/,fat.c fat_dir.c fat_file.c fat_name.c fat_short.c fat_table.c) \
	libs/date.c libs/utf8.c
iso-files := core/vfs/iso9660.c core/vfs/iso9660_rock.c
vfs-files := $(fat-files) $(iso-files) $(addprefix core/vfs/,cache.c file.c mount.c path.c cpio.c) $(ext2-files) \
	$(addprefix libs/,cpio.c errno.c rbtree.c strlcpy.c)
vfs-device := $(addprefix tests/unit/,fake_block.c fake_clock.c fake_pages.c)
vfs-fakes := $(addprefix tests/unit/,fake_heap.c fake_thread.c fake_log.c) $(vfs-device)

test_vfs := $(vfs-files) $(vfs-fakes)
fs-images := $(vfs-files) $(vfs-fakes) tests/unit/fs_model.c tests/unit/fs_image.c
test_ext2 := $(fs-images)
test_fat := $(fs-images)
test_iso9660 := $(fs-images)

test_filedisk := $(filter-out %_file.c,$(emu-world)) $(emu-block) core/block/filedisk.c \
	$(vfs-files)
ldlibs_test_filedisk := -lfdt
test_power_cut := $(test_filedisk) tests/unit/volatile_disk.c $(flash-files)
ldlibs_test_power_cut := -lfdt

fuzz_vfs := $(vfs-files) $(vfs-fakes)
fuzz_fs := $(vfs-files) $(vfs-fakes)

test_token := core/shell/token.c
test_edit := core/shell/edit.c core/shell/history.c tests/unit/screen.c tests/unit/fake_heap.c

term-files := $(host-port) tests/unit/term.c tests/unit/screen.c tests/unit/fake_heap.c \
	$(vfs-device) $(addprefix core/chardev/,chardev.c console.c) core/log/log.c \
	$(dt-files) $(addprefix libs/,parse.c ringbuf.c format.c glob.c) $(vfs-files)
shell-files := $(addprefix core/shell/,command.c complete.c edit.c history.c out.c script.c shell.c \
	token.c words.c boot.c bootarg.c) core/vserial/vserial.c tests/unit/fake_guests.c

test_log := $(term-files) $(shell-files)
ldlibs_test_log := -lfdt

test_chardev := $(term-files) $(shell-files)
ldlibs_test_chardev := -lfdt
test_panic := $(host-port) $(addprefix core/log/,log.c panic.c) core/shell/bootarg.c $(dt-files) \
	tests/unit/fake_heap.c tests/unit/fake_thread.c \
	$(addprefix libs/,errno.c parse.c strlcpy.c)
ldlibs_test_panic := -lfdt

test_shell := $(term-files) $(shell-files) $(addprefix commands/,echo.c help.c vfs.c vfs_change.c) libs/date.c libs/sha256.c
ldlibs_test_shell := -lfdt

command-files := libs/date.c libs/sha256.c \
	$(addprefix commands/,echo.c help.c vfs.c vfs_change.c guest.c vcpu.c vserial.c devtree.c log.c)
test_commands := $(term-files) $(shell-files) $(command-files)
ldlibs_test_commands := -lfdt
test_block_commands := $(filter-out tests/unit/fake_block.c,$(term-files)) $(shell-files) \
	$(filter-out libs/%,$(emu-block)) libs/copy.c libs/crc32.c $(addprefix commands/,blockdev.c vdisk.c)
ldlibs_test_block_commands := -lfdt
fuzz_shell := $(term-files) $(shell-files) $(command-files)
ldlibs_fuzz_shell := -lfdt

test_initrd := $(vfs-files) core/vfs/initrd.c $(vfs-fakes) $(dt-files) \
	$(addprefix libs/,inflate.c gunzip.c crc32.c parse.c)
ldlibs_test_initrd := -lfdt
