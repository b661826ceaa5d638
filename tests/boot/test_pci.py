# SPDX-License-Identifier: GPL-2.0-only
"""The PCI bus of the board "virt", as Linux and firmware see it."""
import re

import pytest

from test_firmware import UBOOT, UEFI, start, uboot, uboot_prompt
from test_linux import create, in_guest, switch_off, wait_ready


@pytest.mark.parametrize("gic", [2, 3])
def test_linux_bus(machine, linux, gic):
    """Linux finds the host bridge and gets its windows, interrupts and messages."""
    m = machine(gic=gic, files=linux)
    create(m, "g", 1)
    wait_ready(m, "g", 1)
    log = in_guest(m, "dmesg | grep -i -e pci -e ecam -e v2m -e its")
    assert "4010000000" in log and "bus 0000:00" in log
    bridge = in_guest(m, "cd /sys/bus/pci/devices/0000:00:00.0; cat vendor device class; cd /")
    assert re.search(r"0x1b36\s+0x0008\s+0x060000", bridge), bridge
    memory = in_guest(m, "cat /proc/iomem")
    assert "10000000-3efeffff" in memory and "8000000000-ffffffffff" in memory
    switch_off(m)


def test_uboot_bus(machine):
    """U-Boot lists the bus and gives its windows to what is there."""
    m = machine(files={"/u-boot.bin": UBOOT})
    start(m, "mem=192M firmware=/u-boot.bin")
    uboot_prompt(m)
    assert re.search(r"00\.00\.00\s+0x1b36\s+0x0008\s+Bridge device", uboot(m, "pci"))
    regions = uboot(m, "pci regions")
    assert "0x0000000010000000" in regions and "0x000000003eff0000" in regions, regions


def test_uefi_bus(machine):
    """UEFI's shell lists the bus."""
    if not UEFI.exists():
        pytest.skip("%s is missing: apt-get install qemu-efi-aarch64" % UEFI)
    m = machine(files={"/efi.fd": UEFI})
    start(m, "mem=256M firmware=/efi.fd")
    m.expect("Shell> ", 120)
    m.send("pci\r")
    m.expect(r"00\s+00\s+00\s+00\s+==> (\x1b\[\d+m)*Bridge Device - Host/PCI bridge", 30)
    m.expect("Vendor 1B36 Device 0008", 30)
    m.expect("Shell> ")
    m.send("reset -s\r")
    m.wait_prompt()
