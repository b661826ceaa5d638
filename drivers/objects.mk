# SPDX-License-Identifier: GPL-2.0-only

subdir-y += irqchip
subdir-y += serial
subdir-y += rtc
subdir-y += video
subdir-y += pci
subdir-y += net
subdir-y += virtio
