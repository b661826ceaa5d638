# SPDX-License-Identifier: GPL-2.0-only
"""Firmware in a guest's flash: U-Boot and UEFI boot Debian's kernel from a disk, keep their
variables through a reset, and switch the guest off."""
import os
import pathlib
import struct
import subprocess

import pytest

from test_linux import BOOT_SECONDS, GUEST_PROMPT, in_guest, switch_off

UBOOT = pathlib.Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin")
UEFI = pathlib.Path("/usr/share/qemu-efi-aarch64/QEMU_EFI.fd")
SECTOR = 512
CLUSTER = 8 * SECTOR
UBOOT_PROMPT = "\n=> "
# A vendor's name space of UEFI variables.
GUID = "11223344-5566-7788-99aa-bbccddeeff00"


def padded(data, unit=SECTOR):
    """Bytes up to a whole number of units."""
    return data + bytes(-len(data) % unit)


def fat16(files):
    """A disk that is a FAT16 file system (Microsoft's fatgen103) with some files in its root.

    Names are 8.3 in capitals; the whole disk is one volume, as on a floppy."""
    data, chains, entries = b"", [0xfff8, 0xffff], b""
    for name, content in files.items():
        stem, _, end = name.partition(".")
        count = -(-len(content) // CLUSTER)
        first = len(chains)
        chains += [*range(first + 1, first + count), 0xffff]
        entries += struct.pack("<8s3sB14xHI", stem.ljust(8).encode(), end.ljust(3).encode(), 0x20,
                               first, len(content))
        data += padded(content, CLUSTER)
    # From 4,085 clusters on it is FAT16, whatever it says about itself.
    clusters = max(len(chains) - 2, 5000)
    table = padded(struct.pack("<%dH" % len(chains), *chains) +
                   bytes(2 * (clusters + 2 - len(chains))))
    sectors = 1 + len(table) // SECTOR + 32 + clusters * CLUSTER // SECTOR
    boot = struct.pack("<3s8sHBHBHHBHHHIIBBBI11s8s", b"\xeb\x3c\x90", b"TESTDISK", SECTOR,
                       CLUSTER // SECTOR, 1, 1, 512, 0, 0xf8, len(table) // SECTOR, 32, 2, 0,
                       sectors, 0x80, 0, 0x29, 0x1234, b"TEST       ", b"FAT16   ")
    return boot.ljust(510, b"\0") + b"\x55\xaa" + table + entries.ljust(512 * 32, b"\0") + \
        data.ljust(clusters * CLUSTER, b"\0")


def start(machine, words):
    """Make the guest "fw" and go to its console."""
    machine.run("guest create fw board=virt " + words, timeout=BOOT_SECONDS, status=0)
    machine.run("guest start fw", status=0)
    machine.send("console fw\r")


def uboot_prompt(m):
    """Stop U-Boot's countdown; give what it printed before."""
    m.expect("Hit any key to stop autoboot", 60)
    said = m.before
    m.send("x")
    m.expect_exact(UBOOT_PROMPT)
    return said


def uboot(m, command, timeout=60):
    """Run a command of U-Boot."""
    m.send(command + "\r")
    m.expect_exact(UBOOT_PROMPT, timeout)
    return m.before


def linux_ready(m, cpus):
    """Linux came up with all of its CPUs; firmware left it what it needs for its end."""
    m.expect(r"guest-init: ready: Linux \S+ on (\d+) CPUs", BOOT_SECONDS)
    assert int(m.match.group(1)) == cpus
    m.expect_exact(GUEST_PROMPT, BOOT_SECONDS)


@pytest.mark.parametrize("gic", [2, 3])
def test_uboot_commands(machine, gic):
    """What U-Boot says about its machine is right."""
    m = machine(gic=gic, files={"/u-boot.bin": UBOOT}, extra=["-rtc", "base=2031-05-06T07:08:09"])
    start(m, "mem=192M vcpus=3 firmware=/u-boot.bin")
    assert "DRAM:  192 MiB" in uboot_prompt(m)
    assert "U-Boot 20" in uboot(m, "version")
    info = uboot(m, "bdinfo")
    assert "-> start    = 0x0000000040000000" in info and "-> size     = 0x000000000c000000" in info
    assert "2031-05-06" in uboot(m, "date")
    tree = uboot(m, "fdt addr $fdtcontroladdr; fdt print /cpus")
    assert tree.count('enable-method = "psci"') == 3
    assert "arm,cortex-a15-gic" if gic == 2 else "arm,gic-v3" in \
        uboot(m, "fdt print /intc@8000000 compatible")
    # Memory that it shall not have ends as an abort, of which it tells; then it resets.
    m.send("md 0x60000000 1\r")
    m.expect('"Synchronous Abort" handler, esr 0x96', 30)
    uboot_prompt(m)
    m.send("reset\r")
    uboot_prompt(m)
    m.send("poweroff\r")
    m.wait_prompt()
    status = m.run("guest status fw", status=0)
    assert "powered off" in status and "resets:  2" in status


@pytest.mark.parametrize("gic,guest_gic", [(3, 3), (2, 3)])
def test_uboot_linux(machine, linux, gic, guest_gic):
    """U-Boot loads Linux from a virtio disk and starts it."""
    kernel, initrd = (padded(linux[name].read_bytes())
                      for name in ("/boot/vmlinuz", "/boot/initrd.cpio.gz"))
    m = machine(gic=gic, files={"/u-boot.bin": UBOOT, "/disk": kernel + initrd})
    start(m, "mem=256M vcpus=2 firmware=/u-boot.bin disk=/disk gic=%d" % guest_gic)
    uboot_prompt(m)
    uboot(m, "virtio scan")
    assert "Capacity" in uboot(m, "virtio info")
    sectors = len(kernel) // SECTOR, len(initrd) // SECTOR
    uboot(m, "virtio read 0x40200000 0 %x" % sectors[0], 120)
    uboot(m, "virtio read 0x48000000 %x %x" % sectors, 120)
    uboot(m, "setenv bootargs console=ttyAMA0")
    m.send("booti 0x40200000 0x48000000:%x $fdtcontroladdr\r" % len(initrd))
    linux_ready(m, 2)
    assert "vda" in in_guest(m, "ls /sys/block")
    switch_off(m)


@pytest.mark.parametrize("gic,guest_gic", [(2, 2), (3, 3), (2, 3)])
def test_uefi_linux(machine, linux, gic, guest_gic):
    """UEFI runs a script from a disk, which starts Linux as the EFI program that it is."""
    if not UEFI.exists():
        pytest.skip("%s is missing: apt-get install qemu-efi-aarch64" % UEFI)
    disk = fat16({
        "VMLINUZ.EFI": linux["/boot/vmlinuz"].read_bytes(),
        "INITRD.GZ": linux["/boot/initrd.cpio.gz"].read_bytes(),
        "STARTUP.NSH": b"FS0:\r\nVMLINUZ.EFI console=ttyAMA0 initrd=\\INITRD.GZ\r\n",
    })
    m = machine(gic=gic, files={"/efi.fd": UEFI, "/disk": disk})
    start(m, "mem=512M vcpus=2 firmware=/efi.fd disk=/disk rng=on gic=%d" % guest_gic)
    m.expect("EFI stub: Booting Linux Kernel", BOOT_SECONDS)
    linux_ready(m, 2)
    assert "EFI v2" in in_guest(m, "dmesg | grep efi:")
    switch_off(m)


def test_uefi_variables(machine):
    """UEFI's variables are in the second flash and survive a reset."""
    if not UEFI.exists():
        pytest.skip("%s is missing: apt-get install qemu-efi-aarch64" % UEFI)
    m = machine(files={"/efi.fd": UEFI})
    start(m, "mem=256M firmware=/efi.fd")
    m.expect("Shell> ", 120)
    m.send("setvar mark -guid %s -nv -bs =0xc0ffee42\r" % GUID)
    m.expect("Shell> ")
    m.send("reset\r")
    m.expect("Shell> ", 120)
    m.send("setvar mark -guid %s\r" % GUID)
    # A dump of the four bytes, which are in the order of memory.
    m.expect("(?i)42 ee ff c0", 30)
    m.expect("Shell> ")
    m.send("reset -s\r")
    m.wait_prompt()


def test_uefi_variables_kept(machine, tmp_path):
    """With vars= they survive the guest, and the machine that was killed right after."""
    if not UEFI.exists():
        pytest.skip("%s is missing: apt-get install qemu-efi-aarch64" % UEFI)
    disk = tmp_path / "a.img"
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", disk, "16M"], check=True,
                   env=dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin"))
    words = "mem=256M firmware=/efi.fd vars=/d/vars.fd"

    def shell_prompt(m):
        m.expect("Shell> ", 120)

    def read(m, name):
        m.send("setvar %s -guid %s\r" % (name, GUID))
        m.expect("(?i)(42 ee ff c0|not found)", 30)
        found = m.match.group(1)
        m.expect("Shell> ")
        return found != "not found"

    m = machine(files={"/efi.fd": UEFI}, disks=[disk])
    m.run("vfs mount vda /d", status=0)
    start(m, words)
    shell_prompt(m)
    m.send("setvar one -guid %s -nv -bs =0xc0ffee42\r" % GUID)
    m.expect("Shell> ")
    m.send("reset -s\r")
    m.wait_prompt()
    m.run("guest destroy fw", status=0)
    start(m, words)
    shell_prompt(m)
    assert read(m, "one")
    m.send("setvar two -guid %s -nv -bs =0xc0ffee42\r" % GUID)
    m.expect("Shell> ")
    m.kill()
    m = machine(files={"/efi.fd": UEFI}, disks=[disk])
    m.run("vfs mount vda /d", status=0)
    start(m, words)
    shell_prompt(m)
    assert read(m, "one") and read(m, "two")
    m.send("reset -s\r")
    m.wait_prompt()
    # Two guests do not share them.
    assert "cannot be kept in /d/vars.fd: in use" in m.run("guest create other board=virt " + words)


@pytest.mark.parametrize("gic", [2, 3])
def test_uefi_given_kernel(machine, linux, gic):
    """UEFI starts the kernel that was given beside it, with its initrd and command line."""
    if not UEFI.exists():
        pytest.skip("%s is missing: apt-get install qemu-efi-aarch64" % UEFI)
    m = machine(gic=gic, files=dict(linux, **{"/efi.fd": UEFI}))
    start(m, "mem=512M vcpus=2 firmware=/efi.fd kernel=/boot/vmlinuz "
          "initrd=/boot/initrd.cpio.gz cmdline=\"console=ttyAMA0 marked\"")
    m.expect("EFI stub: Booting Linux Kernel", BOOT_SECONDS)
    linux_ready(m, 2)
    assert "EFI v2" in in_guest(m, "dmesg | grep efi:")
    assert "marked" in in_guest(m, "cat /proc/cmdline")
    assert "00:00.0" in in_guest(m, "ls /sys/bus/pci/devices")
    switch_off(m)
