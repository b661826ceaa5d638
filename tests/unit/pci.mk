# SPDX-License-Identifier: GPL-2.0-only
#
# PCI of the host.

pci-files := $(addprefix core/pci/,pci.c scan.c assign.c irq.c) tests/unit/pci_fake.c $(dt-files) \
	$(fake-files) $(host-files) libs/errno.c

test_pci := $(pci-files)
ldlibs_test_pci := -lfdt

fuzz_pci := $(pci-files) libs/strlcpy.c
ldlibs_fuzz_pci := -lfdt
