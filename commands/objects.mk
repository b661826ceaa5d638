# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_EMU_VIRTIO_BALLOON) += balloon.o
obj-$(CONFIG_COMMAND_BLOCKDEV) += blockdev.o
obj-y += chardev.o
obj-y += devtree.o
obj-y += echo.o
obj-y += guest.o
obj-y += help.o
obj-y += host.o
obj-y += log.o
obj-y += memory.o
obj-$(CONFIG_INET) += ipconfig.o ping.o telnet.o
obj-$(CONFIG_NET) += net.o net_set.o
obj-y += power.o
obj-y += selftest.o
obj-$(CONFIG_COMMAND_SHMEM) += shmem.o
obj-y += thread.o
obj-y += vcpu.o
obj-$(CONFIG_COMMAND_VDISK) += vdisk.o
obj-y += version.o
obj-y += vfs.o
obj-y += vfs_change.o
obj-y += vserial.o

# Cold code: small is better than fast.
$(foreach o,$(obj-y),$(eval CFLAGS_$(o) := $(small)))

# not on the way of any exit: small before fast
cflags-y := $(small)
