# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_EMU_VIRTIO_MMIO) += virtio_mmio.o
obj-$(CONFIG_EMU_VIRTIO_PCI) += virtio_pci.o
obj-$(CONFIG_EMU_VIRTIO) += virtio.o virtqueue.o
obj-$(CONFIG_EMU_VIRTIO_BALLOON) += virtio_balloon.o
obj-$(CONFIG_EMU_VIRTIO_BLK) += virtio_blk.o
obj-$(CONFIG_EMU_VIRTIO_CONSOLE) += virtio_console.o
obj-$(CONFIG_EMU_VIRTIO_NET) += virtio_net.o virtio_net_ctrl.o
obj-$(CONFIG_EMU_VIRTIO_RNG) += virtio_rng.o

# not on the way of frames and requests: small before fast
$(foreach o,balloon console net_ctrl rng,$(eval CFLAGS_virtio_$(o).o := $(small)))
