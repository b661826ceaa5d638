# SPDX-License-Identifier: GPL-2.0-only
"""Firmware that was built for QEMU's machine "virt" runs in a guest of that board as it is."""
import pathlib

U_BOOT = pathlib.Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin")


def test_u_boot(machine):
    """Debian's U-Boot comes to its prompt, knows its memory, and powers the guest off."""
    assert U_BOOT.exists(), "%s is missing: apt-get install u-boot-qemu" % U_BOOT
    m = machine(files={"/boot/u-boot.bin": U_BOOT})
    m.run("guest create u board=virt vcpus=1 mem=128M firmware=/boot/u-boot.bin", status=0)
    m.send("guest start u ; console u\r")
    m.expect("Hit any key to stop autoboot", 60)
    m.send(" ")
    m.expect("=> ", 30)
    m.send("bdinfo\r")
    m.expect(r"-> start\s+= 0x0*40000000", 30)
    m.expect("=> ", 30)
    m.send("poweroff\r")
    m.expect("u: powered off", 30)
    m.wait_prompt()
