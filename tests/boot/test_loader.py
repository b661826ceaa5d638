# SPDX-License-Identifier: GPL-2.0-only
"""Other boot loaders than QEMU's own: U-Boot of the machine loads the image with booti."""
import os

import pytest

UBOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"


@pytest.mark.parametrize("gic,smp", [(2, 1), (3, 4)])
def test_booti(machine, gic, smp):
    """The image, an initrd and a device tree from where U-Boot puts them: near the end of RAM."""
    assert os.path.exists(UBOOT), "%s is missing: make setup" % UBOOT
    m = machine(wait=False, gic=gic, smp=smp, mem=2048, files={"/marker": "from the initrd\n"},
                extra=["-bios", UBOOT])
    m.expect("stop autoboot")
    m.send("\r")
    m.expect_exact("=> ")
    # QEMU hands -kernel and -initrd to firmware through fw_cfg.
    m.send("qfw load ${kernel_addr_r} ${ramdisk_addr_r}\r")
    m.expect_exact("=> ")
    m.send("booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdtcontroladdr}\r")
    m.wait_prompt()
    assert "from the initrd" in m.run("vfs cat /marker", status=0)
    assert "error" not in m.run("log show", status=0)
    # U-Boot itself was at EL2 and has left the machine as a kernel is to find it.
    assert "CPUs:     %d" % smp in m.run("host info", status=0)
