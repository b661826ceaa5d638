# SPDX-License-Identifier: GPL-2.0-only
#
# Tests and harnesses of guests' PCI buses and firmware configuration, in the world of the
# emulators (emu.mk).

emu-vpci := $(addprefix core/vpci/,function.c config.c space.c msix.c) core/emu/msi.c \
	emulators/pci/pci_host.c emulators/pci/piix.c emulators/intc/gicv2m.c

test_vpci := $(emu-world) $(emu-vpci)
fuzz_vpci := $(emu-world) $(emu-vpci)
test_virtio_pci := $(emu-world) $(emu-vpci) $(emu-virtio) emulators/virtio/virtio_pci.c
cflags_test_virtio_pci := $(emu-virtio-config)
test_fw_cfg := $(emu-world) emulators/misc/fw_cfg.c
fuzz_fw_cfg := $(test_fw_cfg)
$(foreach t,test_vpci test_virtio_pci fuzz_vpci test_fw_cfg fuzz_fw_cfg,$(eval ldlibs_$(t) := -lfdt))
test_pc_ports := $(emu-world) $(emu-vpci) emulators/pci/pci_cf8.c emulators/misc/fw_cfg.c
ldlibs_test_pc_ports := -lfdt
cflags_test_pc_ports := -DCONFIG_PORT_SPACE=1
