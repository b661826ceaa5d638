# SPDX-License-Identifier: GPL-2.0-only
"""Networks between guests, as Debian's own virtio_net driver in a guest uses them."""
import os
import re
import zlib

import pytest

import vm

from test_disks import at_console
from test_firmware import UBOOT, UEFI, start, uboot, uboot_prompt
from test_guests import program
from test_linux import create, in_guest, leave_console, switch_off, wait_ready, with_program

MIB = 1 << 20


def tiny(name, number, words="", net="lan"):
    """Lines of a script that make and start a guest of tests/guests/net.c, 10.0.0.number."""
    return ("guest create %s board=virt vcpus=1 mem=8M kernel=/net.bin net=%s "
            "cmdline=\"addr=%d %s\"\nguest start %s\n" % (name, net, number, words, name))


def up(machine, name, address, vcpus=1):
    """Wait for a guest, and give its interface an address."""
    wait_ready(machine, name, vcpus)
    in_guest(machine, "ip addr add %s/24 dev eth0 && ip link set eth0 up" % address)


def go(machine, name):
    """To another guest's console."""
    leave_console(machine)
    machine.send("console %s\r" % name)
    machine.send("\r")
    machine.expect_exact("guest:/# ")


def received(machine, address, count=3, more=""):
    """How many of so many echo requests come back."""
    output = in_guest(machine, "ping -c %d -W 2 %s %s" % (count, more, address), 20 + 3 * count)
    return int(re.search(r"(\d+) packets received", output)[1])


def stats(machine, port):
    """Counters of a port, by the headings of the table."""
    rows = [re.split(r"  +", line.strip()) for line in machine.run("net stats").splitlines()
            if line.startswith(("PORT", port + " "))]
    assert len(rows) == 2, rows
    return [int(value) for value in rows[1][1:]]


def serve(machine, size):
    """Make a file of this guest's that others can fetch by HTTP; give its digest."""
    in_guest(machine, "mkdir -p /tmp/www; dd if=/dev/urandom of=/tmp/www/file bs=1M count=%d "
             "2>/dev/null" % (size // MIB), 120)
    in_guest(machine, "httpd -h /tmp/www")
    return re.search(r"[0-9a-f]{64}", in_guest(machine, "sha256sum /tmp/www/file", 60))[0]


def fetch(machine, address, timeout=240):
    """Fetch that file from another guest; give the digest of what came."""
    output = in_guest(machine, "wget -q -O - http://%s/file | sha256sum" % address, timeout)
    return re.search(r"[0-9a-f]{64}", output)[0]


@pytest.mark.parametrize("gic,smp", [(2, 1), (3, 2)])
def test_two_guests(machine, linux, gic, smp):
    """They reach each other, and what one sends the other gets."""
    m = machine(gic=gic, smp=smp, files=linux)
    m.run("net switch create lan", status=0)
    create(m, "a", more="net=lan")
    create(m, "b", more="net=lan")
    up(m, "a", "10.0.0.1")
    leave_console(m)
    up(m, "b", "10.0.0.2")
    assert received(m, "10.0.0.1") == 3
    assert received(m, "10.0.0.1", 2, "-s 20000") == 2
    in_b = serve(m, 16 * MIB)
    go(m, "a")
    assert received(m, "10.0.0.2") == 3
    in_a = serve(m, 16 * MIB)
    assert fetch(m, "10.0.0.2") == in_b
    go(m, "b")
    assert fetch(m, "10.0.0.1") == in_a
    assert not re.search(r"\bBUG\b|\bOops\b|Call trace|NETDEV WATCHDOG|bad gso|bad csum",
                         in_guest(m, "dmesg"))
    leave_console(m)
    to_b, bytes_to_b = stats(m, "b/net0")[:2]
    assert bytes_to_b >= 16 * MIB
    # Segmentation is left to the receiver: frames are larger than a wire has.
    assert bytes_to_b / to_b > 3000
    for guest in "ab":
        m.run("guest destroy " + guest, status=0)
    assert "net0" not in m.run("net ports")
    m.run("net switch destroy lan", status=0)


def online(machine, folder, model, files):
    """A machine whose switch "lan" leads to this one; the file that it serves."""
    content = os.urandom(300000)
    (folder / "file.efi").write_bytes(content)
    m = machine(files=files, virtio="pci", nic_model=model,
                nics=["user,tftp=%s,bootfile=file.efi" % folder])
    m.run("net switch create lan; net port add lan uplink=eth0", status=0)
    assert re.search(r"eth0 +%s .* up +lan" % model, m.run("net devices", status=0))
    return m, content


def test_uboot(machine, tmp_path):
    """U-Boot gets an address and a file from this machine, through the uplink."""
    m, content = online(machine, tmp_path, "virtio-net", {"/u-boot.bin": UBOOT})
    start(m, "mem=128M firmware=/u-boot.bin net=lan")
    uboot_prompt(m)
    assert "Bytes transferred = %d" % len(content) in uboot(m, "dhcp 0x40400000 file.efi", 120)
    assert "is alive" in uboot(m, "ping 10.0.2.2")
    crc = re.search(r"==> ([0-9a-f]{8})", uboot(m, "crc32 0x40400000 %x" % len(content)))[1]
    assert int(crc, 16) == zlib.crc32(content)
    m.send("poweroff\r")
    m.wait_prompt()


def test_uefi(machine, tmp_path):
    """UEFI boots from the network, if only there were a program."""
    if not UEFI.exists():
        pytest.skip("%s is missing: apt-get install qemu-efi-aarch64" % UEFI)
    m, content = online(machine, tmp_path, "e1000e", {"/efi.fd": UEFI})
    start(m, "mem=256M firmware=/efi.fd net=lan,queues=2")
    m.expect("NBP filesize is %d Bytes" % len(content), 180)
    m.expect("NBP file downloaded successfully", 120)


def test_queues(machine, linux, tmp_path):
    """Linux changes queues, rings, address, filter and MTU of an interface on PCI."""
    initrd = with_program(linux, tmp_path, "linux_queues")
    m = machine(gic=3, smp=2, files=dict(linux, **{
        "/net.bin": program("net"), "/boot/initrd.cpio.gz": initrd,
        "/peers": tiny("p", 1, "peers=3") + tiny("q", 3, "again=1 peers=1")}))
    m.run("net switch create lan policy=hub; vfs run /peers", status=0)
    create(m, "g", 2, more="virtio=pci net=lan,queues=2,mtu=4000")
    up(m, "g", "10.0.0.2", 2)
    assert "virtio_net" in in_guest(m, "readlink /sys/class/net/eth0/device/driver")
    assert in_guest(m, "cat /sys/class/net/eth0/mtu").split() == ["4000"]
    interrupts = in_guest(m, "grep virtio0- /proc/interrupts")
    assert all("virtio0-%sput.%d" % (way, n) in interrupts for way in ("in", "out") for n in (0, 1))
    assert received(m, "10.0.0.1") == 3
    for pairs in (1, 2):
        assert "pairs: %d of 2" % pairs in in_guest(m, "linux_queues %d" % pairs)
        assert received(m, "10.0.0.1") == 3
        leave_console(m)
        assert "%d of 2 pairs" % pairs in m.run("guest devices g -v", status=0)
        at_console(m, "g")
    # Each queue is reset by itself and begins anew, half as long.
    assert "rings: 128 and 128" in in_guest(m, "linux_queues ring")
    assert received(m, "10.0.0.1") == 3
    in_guest(m, "ip link set eth0 down; ip link set eth0 address 02:11:22:33:44:55; "
             "ip link set eth0 up")
    assert received(m, "10.0.0.1") == 3
    # Frames between the others come to everybody at a hub; the device keeps them from the guest.
    count = "sleep 2; cat /sys/class/net/eth0/statistics/rx_packets"

    def heard():
        return int(in_guest(m, count, 30).split()[0])

    before = heard()
    assert heard() - before < 2
    in_guest(m, "ip link set eth0 promisc on")
    before = heard()
    assert heard() - before >= 2
    in_guest(m, "ip link set eth0 promisc off")
    # What is longer than a receiver's MTU is dropped there, and counted.
    leave_console(m)
    before = stats(m, "p/net0")[2]
    at_console(m, "g")
    assert received(m, "10.0.0.1", 2, "-s 3000") == 0
    in_guest(m, "ip link set eth0 mtu 1500")
    leave_console(m)
    assert stats(m, "p/net0")[2] >= before + 2
    at_console(m, "g")
    switch_off(m)
