# SPDX-License-Identifier: GPL-2.0-only
"""An installed Debian, booted as it is from its disk: by UEFI and GRUB, and by U-Boot."""
import os
import pathlib
import re
import struct
import subprocess
import zlib

import pytest

import vm
from test_firmware import UBOOT
from test_linux import BOOT_SECONDS

# Firmware as images of the whole flash, and what its variables begin with.
AAVMF = pathlib.Path("/usr/share/AAVMF/AAVMF_CODE.fd")
AAVMF_VARS = pathlib.Path("/usr/share/AAVMF/AAVMF_VARS.fd")
SHELL = "root@debian:~# "
PASSWORD = "debian"  # of root, see tools/mkdebian
# Systemd starts dozens of programs, on a machine that is emulated twice.
LOGIN_SECONDS = 600
MIB = 1 << 20
PATH = os.environ["PATH"] + ":/usr/sbin:/sbin"

WRITES = ("cd /srv; seq 1 1000 | split -l 1 -a 4 -d - many-; "
          "dd if=/dev/urandom of=big bs=1M count=24 conv=fsync 2>/dev/null; "
          "sha256sum big many-0* >sums; sync; cd")
READS = "cd /srv; echo 3 >/proc/sys/vm/drop_caches; sha256sum -c sums | grep -c OK; cd"


@pytest.fixture
def debian(tmp_path):
    """A copy of the disk, made by "make debian-disk", that a test may write to."""
    source = pathlib.Path(vm.OUT, "disk", "debian.img")
    assert source.exists(), "%s is missing: make debian-disk" % source
    disk = tmp_path / "debian.img"
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", source, disk], check=True)
    yield disk
    disk.unlink()


def partition(disk, number):
    """First byte and size of a partition of a GUID table."""
    with open(disk, "rb") as data:
        data.seek(1024 + 128 * (number - 1) + 32)
        first, last = struct.unpack("<QQ", data.read(16))
    return first * 512, (last + 1 - first) * 512


def leave_to_uboot(disk):
    """As a disk for U-Boot alone: no EFI system partition, and the root's menu is to be looked for.

    (Of partitions that can be booted from, an EFI system partition is the first one.)"""
    with open(disk, "r+b") as data:
        data.seek(1024)
        entries = bytearray(data.read(128 * 128))
        entries[:16] = entries[128:144]
        entries[128 + 48] |= 4
        data.seek(1024)
        data.write(entries)
        data.seek(512)
        header = bytearray(data.read(92))
        header[88:92] = struct.pack("<I", zlib.crc32(entries))
        header[16:20] = bytes(4)
        header[16:20] = struct.pack("<I", zlib.crc32(header))
        data.seek(512)
        data.write(header)


def check_root(disk):
    """e2fsck has nothing to say about the root file system, which was unmounted."""
    at, size = partition(disk, 2)
    copy = disk.with_suffix(".root")
    with open(disk, "rb") as source, open(copy, "wb") as out:
        source.seek(at)
        for _ in range(size // MIB):
            out.write(source.read(MIB))
    subprocess.run(["e2fsck", "-f", "-n", copy], check=True, env=dict(os.environ, PATH=PATH))
    copy.unlink()


def start(m, name, words):
    """Make a guest and go to its console."""
    m.run("guest create %s board=virt %s" % (name, words), timeout=BOOT_SECONDS, status=0)
    m.run("guest start " + name, status=0)
    m.send("console %s\r" % name)


def log_in(m):
    """At the login prompt of systemd's getty, after what the firmware and GRUB said."""
    m.expect("debian login: ", LOGIN_SECONDS)
    said = m.before
    m.send("root\r")
    m.expect("Password: ", BOOT_SECONDS)
    m.send(PASSWORD + "\r")
    m.expect_exact(SHELL, BOOT_SECONDS)
    return said


def debian_run(m, command, timeout=BOOT_SECONDS):
    """Run a command in bash, which has to end well; give what it printed."""
    m.send(command + "; echo status-$?-\r")
    m.expect(r"[\r\n]status-(\d+)-", timeout)
    output, status = vm.plain(m.before), m.match.group(1)
    m.expect_exact(SHELL, timeout)
    assert status == "0", "%r ended with %s:\n%s" % (command, status, output)
    return output.split("\n", 1)[-1]


def check_system(m):
    """All services run; all packages are there, configured, by the word of Debian's own tools."""
    assert "running" in debian_run(m, "systemctl is-system-running --wait")
    assert debian_run(m, "systemctl --failed --no-legend --plain; dpkg --audit").strip() == ""
    assert "Installed: 2." in debian_run(m, "apt-cache policy apt")
    # What is left of an initial RAM disk of initramfs-tools.
    debian_run(m, "test -d /run/initramfs")


def power_off(m, name):
    """The clean way down: systemd stops everything, and the guest is over."""
    m.send("poweroff\r")
    m.expect("reboot: Power down|" + re.escape("[%s: powered off]" % name), LOGIN_SECONDS)
    m.wait_prompt(BOOT_SECONDS)
    assert "stopped; powered off (exit code 0)" in m.run("guest status " + name, status=0)
    m.run("guest destroy " + name, status=0)


def cd_of_firmware(folder):
    """A CD with both firmwares."""
    tree = folder / "cd"
    (tree / "firmware").mkdir(parents=True)
    (tree / "firmware" / "AAVMF_CODE.fd").symlink_to(AAVMF)
    (tree / "firmware" / "U-Boot for virt.bin").symlink_to(UBOOT)
    subprocess.run(["xorriso", "-as", "mkisofs", "-quiet", "-f", "-R", "-J", "-o",
                    folder / "cd.iso", tree], check=True, stderr=subprocess.DEVNULL)
    return folder / "cd.iso"


def boot_entry(m):
    """What is readable of the UEFI boot entry that was started."""
    number = debian_run(m, "cd /sys/firmware/efi/efivars; "
                        "od -An -tx2 -j4 BootCurrent-*; cd").strip().upper()
    return debian_run(m, "tr -d '\\000' <$(echo /sys/firmware/efi/efivars/Boot%s-*) | "
                      "tr -dc '[:print:]'; echo" % number)


def test_uefi_grub(machine, debian, tmp_path):
    """UEFI, shim, GRUB, systemd; packages and files are written; then all of it over PCI."""
    if not AAVMF.exists():
        pytest.skip("%s is missing: apt-get install qemu-efi-aarch64" % AAVMF)
    (tmp_path / "vars").mkdir()
    subprocess.run(["cp", "--sparse=always", AAVMF_VARS, tmp_path / "vars" / "debian.fd"],
                   check=True)
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", "-d", tmp_path / "vars",
                    tmp_path / "vars.img", "80M"], check=True, env=dict(os.environ, PATH=PATH))
    m = machine(disks=[debian, tmp_path / "vars.img", cd_of_firmware(tmp_path)], mem=1536)
    m.run("vfs mount vdb /vars", status=0)
    m.run("vfs mount vdc /cd", status=0)
    assert "U-Boot for virt.bin" in m.run("vfs ls /cd/firmware", status=0)
    words = "mem=512M firmware=/cd/firmware/AAVMF_CODE.fd vars=/vars/debian.fd disk=vda "
    start(m, "deb", words + "vcpus=1")
    assert "Loading initial ramdisk" in log_in(m)
    check_system(m)
    # Nobody has chosen: the firmware took the loader for removable disks by an entry of its own.
    assert "UEFI" in boot_entry(m)
    assert "Setting up hello" in debian_run(m, "apt-get -y install /var/cache/apt/archives/*.deb",
                                            LOGIN_SECONDS)
    assert "Hello, world!" in debian_run(m, "hello")
    debian_run(m, WRITES)
    power_off(m, "deb")
    # Again, on another bus and with two processors.
    start(m, "deb", words + "vcpus=2 virtio=pci")
    log_in(m)
    assert "UEFI" in boot_entry(m)
    assert debian_run(m, READS).strip() == "1001"
    assert "Hello, world!" in debian_run(m, "hello")
    assert "install ok installed" in debian_run(m, "dpkg -s tree less | grep Status")
    assert "Virtio" in debian_run(m, "cat /sys/bus/pci/devices/*/vendor /proc/interrupts | "
                                  "sed s/0x1af4/Virtio/")
    debian_run(m, "dpkg --purge tree && ! dpkg -s tree 2>/dev/null && sync")
    power_off(m, "deb")
    m.kill()
    check_root(debian)


def test_uboot(machine, debian):
    """U-Boot finds the menu on the root file system over PCI, and starts Debian."""
    leave_to_uboot(debian)
    m = machine(disks=[debian], files={"/u-boot.bin": UBOOT}, mem=1536)
    start(m, "deb", "mem=512M vcpus=2 virtio=pci firmware=/u-boot.bin disk=vda")
    said = log_in(m)
    assert "Retrieving file: /boot/vmlinuz-" in said and "Starting kernel" in said
    check_system(m)
    assert "efi" not in debian_run(m, "ls /sys/firmware")
    debian_run(m, WRITES)
    assert debian_run(m, READS).strip() == "1001"
    power_off(m, "deb")
    m.kill()
    check_root(debian)


@pytest.mark.soak
@pytest.mark.parametrize("virtio,gic", [("mmio", 2), ("pci", 3)])
def test_uboot_grub(machine, debian, virtio, gic):
    """U-Boot starts the loader for removable disks, shim, as UEFI would; GRUB does the rest."""
    m = machine(gic=gic, disks=[debian], files={"/u-boot.bin": UBOOT}, mem=1536)
    start(m, "deb", "mem=512M vcpus=2 virtio=%s firmware=/u-boot.bin disk=vda" % virtio)
    assert "Loading initial ramdisk" in log_in(m)
    assert "efi" in debian_run(m, "ls /sys/firmware")
    debian_run(m, WRITES)
    assert debian_run(m, READS).strip() == "1001"
    power_off(m, "deb")
    m.kill()
    check_root(debian)
