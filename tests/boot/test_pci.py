# SPDX-License-Identifier: GPL-2.0-only
"""The PCI bus of the board "virt", as Linux and firmware see it."""
import re

import pytest

from test_linux import create, in_guest, switch_off, wait_ready


@pytest.mark.parametrize("gic", [2, 3])
def test_linux_bus(machine, linux, gic):
    """Linux finds the host bridge and gets its windows, interrupts and messages."""
    m = machine(gic=gic, files=linux)
    create(m, "g", 1)
    wait_ready(m, "g", 1)
    log = in_guest(m, "dmesg | grep -i -e pci -e ecam -e v2m -e its")
    print(log)
    assert "4010000000" in log and "bus 0000:00" in log
    bridge = in_guest(m, "cd /sys/bus/pci/devices/0000:00:00.0; cat vendor device class; cd /")
    assert re.search(r"0x1b36\s+0x0008\s+0x060000", bridge), bridge
    memory = in_guest(m, "cat /proc/iomem")
    assert "10000000-3efeffff" in memory and "8000000000-ffffffffff" in memory
    switch_off(m)
