# SPDX-License-Identifier: GPL-2.0-only
"""Switches with many ports: who reaches whom, VLANs, captures, limits, floods.

Most guests are tests/guests/net.c, which asks all others for an echo and answers them; Debian's
Linux is among them."""
import os
import re
import struct
import subprocess
import time

import pytest
import vm

from test_disks import at_console
from test_guests import LONGEST, TOLERANCE, free_pages, hostile_machine, program, witness
from test_linux import in_guest, leave_console, wait_ready
from test_net import received, stats, tiny

TINY = 22
GUESTS = TINY + 2
SBIN = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
LINUX = ("guest create %s board=virt vcpus=1 mem=160M kernel=/boot/vmlinuz net=lan "
         "initrd=/boot/initrd.cpio.gz cmdline=\"quiet console=ttyAMA0\"\nguest start %s\n")


def wait_said(machine, name, text, seconds=60, count=1):
    """Wait until a tiny guest has printed something so many times."""
    end = time.monotonic() + seconds * vm.SCALE
    while machine.run("vserial dump %s/uart0" % name, status=0).count(text) < count:
        assert time.monotonic() < end, "%s did not say %r" % (name, text)
        time.sleep(0.2)


def own_kib(machine):
    """Memory of the hypervisor itself."""
    used = re.search(r"pages: .* (\d+) used by the hypervisor", machine.run("host ram info"))
    return int(used[1]) * 4


def from_disk(disk, path, tmp_path):
    """A file of an ext2 image."""
    result = tmp_path / "out"
    subprocess.run(["debugfs", "-R", "dump %s %s" % (path, result), disk], check=True, env=SBIN,
                   stderr=subprocess.DEVNULL)
    return result.read_bytes()


def pcap(data):
    """Frames of a capture: libpcap's format with nanoseconds, of Ethernet."""
    assert struct.unpack_from("<IHH12xI", data) == (0xa1b23c4d, 2, 4, 1)
    at, last, frames = 24, 0, []
    while at < len(data):
        seconds, nanoseconds, stored, length = struct.unpack_from("<IIII", data, at)
        assert stored <= length and nanoseconds < 10**9
        assert seconds * 10**9 + nanoseconds >= last
        last = seconds * 10**9 + nanoseconds
        frames.append(data[at + 16:at + 16 + stored])
        assert len(frames[-1]) == stored, "the last frame is cut off"
        at += 16 + stored
    return frames


def echoes(frames, address, tag=None):
    """How many echo requests for 10.0.0.address are among them, with this VLAN's tag."""
    begin = b"\x08\x00\x45" if tag is None else struct.pack(">HHH", 0x8100, tag, 0x0800) + b"\x45"
    at = 12 + len(begin) - 1
    return sum(frame[12:12 + len(begin)] == begin and frame[at + 9] == 1 and
               frame[at + 16:at + 20] == bytes((10, 0, 0, address)) and frame[at + 20] == 8
               for frame in frames)


@pytest.fixture(name="disk")
def make_disk(tmp_path):
    """A disk for captures."""
    disk = tmp_path / "disk.img"
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", disk, "16M"], check=True, env=SBIN)
    return disk


def with_vlans(linux):
    """The Linux guest's initramfs with the kernel's own VLANs."""
    initrd = linux["/boot/initrd.cpio.gz"]
    return initrd.read_bytes() + initrd.with_name("8021q.cpio.gz").read_bytes()


def test_many(machine, linux, disk, tmp_path):
    """24 guests on a switch reach each other; VLANs, captures, limits among them; all is freed."""
    script = "".join(tiny("g%d" % n, n, "peers=%d" % GUESTS) for n in range(1, TINY + 1))
    m = machine(smp=2, mem=1024, disks=[disk], files=dict(linux, **{
        "/net.bin": program("net"), "/tiny": script, "/linux": LINUX % ("a", "a") +
        LINUX % ("b", "b"), "/tagged": tiny("t", 40, "vlan=5"),
        "/boot/initrd.cpio.gz": with_vlans(linux)}))
    m.run("net switch create lan; vfs run /tagged; guest destroy t", status=0)
    pages, before = free_pages(m), own_kib(m)
    m.run("vfs mount vda /d; vfs run /linux; vfs run /tiny", 120, status=0)
    for name, number in (("a", TINY + 1), ("b", TINY + 2)):
        wait_ready(m, name)
        in_guest(m, "ip addr add 10.0.0.%d/24 dev eth0 && ip link set eth0 up" % number)
        leave_console(m)
    for n in range(1, TINY + 1):
        wait_said(m, "g%d" % n, "NET reached all %d" % (GUESTS - 1))
    assert m.run("net ports").count(" up ") == GUESTS
    assert len(re.findall(r"(?m)^lan ", m.run("net macs lan"))) == GUESTS
    assert own_kib(m) - before < 200 * GUESTS
    at_console(m, "b")
    assert in_guest(m, "for i in $(seq 1 %d); do ping -c 1 -W 5 10.0.0.$i; done" % (GUESTS - 1),
                    120).count(" 1 packets received") == GUESTS - 1
    vlans(m)
    linux_vlans(m)
    limits(m)
    leave_console(m)
    ageing(m)
    names = " ".join(["a", "b", "t"] + ["g%d" % n for n in range(1, TINY + 1)])
    m.run("guest destroy " + names, status=0)
    assert m.run("net ports").count(" up ") == 0
    m.run("net switch destroy lan; net switch create lan; vfs umount /d", status=0)
    # Not even a page for each of them is lost.
    assert pages - free_pages(m) < GUESTS // 4
    m.kill()
    everything, of_b = (pcap(from_disk(disk, name, tmp_path)) for name in ("lan.pcap", "b.pcap"))
    # With their VLAN's tag where all of the switch is seen; b is not told of VLANs.
    assert echoes(everything, 40, tag=5) == 3 and echoes(everything, 40) == 0
    assert echoes(everything, 2) == 0
    assert echoes(of_b, 40) == 3


def vlans(m):
    """At b's console: b and a guest that sends tags are in VLAN 5, all others are not."""
    leave_console(m)
    m.run("vfs run /tagged; net port set b/net0 vlan=5; net port set t/net0 trunk=5", status=0)
    m.run("net capture lan /d/lan.pcap; net capture b/net0 /d/b.pcap", status=0)
    wait_said(m, "t", "NET begins")
    at_console(m, "b")
    assert received(m, "10.0.0.40") == 3
    assert received(m, "10.0.0.2", 1) == 0
    leave_console(m)
    assert re.search(r"(?m)^lan +[0-9a-f:]{17} +5 +t/net0", m.run("net macs"))
    shown = m.run("net captures", status=0)
    assert re.search(r"(?m)^lan +\d+ +\d+ +0 +goes on +/d/lan.pcap", shown), shown
    m.run("net capture off lan; net capture off b/net0", status=0)
    # Without its VLAN it is in VLAN 1, where frames with tags are refused.
    m.run("net port set t/net0 vlan=1; net port set b/net0 vlan=1", status=0)
    at_console(m, "b")
    assert received(m, "10.0.0.40", 1) == 0
    assert received(m, "10.0.0.2") == 3


def linux_vlans(m):
    """At b's console: Linux tags frames itself, and tells its device which VLANs it wants."""
    leave_console(m)
    m.run("net port set t/net0 trunk=5; net port set b/net0 trunk=1,5 native=1", status=0)
    at_console(m, "b")
    in_guest(m, "cd /lib/8021q; for m in $(cat order); do insmod ./$m; done; cd /")
    in_guest(m, "ip link add link eth0 name v type vlan id 5; ip link set v up")
    in_guest(m, "ip route add 10.0.0.40 dev v src 10.0.0.%d" % (TINY + 2))
    assert received(m, "10.0.0.40") == 3
    assert received(m, "10.0.0.2") == 3
    # Without the VLAN the device keeps its frames back, whatever the port is in.
    in_guest(m, "ip link del v")
    assert received(m, "10.0.0.40", 1) == 0
    leave_console(m)
    m.run("net port set t/net0 vlan=1; net port set b/net0 vlan=1", status=0)
    at_console(m, "b")


def limits(m):
    """At b's console: what is above its rate is dropped, and counted."""
    leave_console(m)
    m.run("net port set b/net0 frames=10", status=0)
    at_console(m, "b")
    before = received(m, "10.0.0.2", 60, "-i 0.02")
    assert 1 <= before < 60
    leave_console(m)
    assert stats(m, "b/net0")[6] >= 60 - before - 5
    m.run("net port set b/net0 frames=none", status=0)
    at_console(m, "b")
    assert received(m, "10.0.0.2") == 3


def ageing(m):
    """At the shell: who was silent for too long is forgotten, and found again."""
    m.run("net switch set lan age=1; sleep 3s", status=0)
    assert "g2/net0" not in m.run("net macs lan")
    g3 = stats(m, "g3/net0")[0]
    at_console(m, "b")
    assert received(m, "10.0.0.2") == 3
    leave_console(m)
    assert stats(m, "g3/net0")[0] > g3


# Mode of the guest hostile; what it has sent at least, or has been refused.
HOSTILE = [("net-flood", 1000), ("net-frames", 100), ("net-rings", 0)]


@pytest.mark.parametrize("mode,frames", HOSTILE)
def test_hostile(machine, mode, frames):
    """Beside a hostile guest others keep their time and their network; memory does not grow."""
    files = {"/net.bin": program("net"), "/peers": tiny("a", 1, "peers=2") +
             tiny("b", 2, "peers=2 size=1000")}
    m = hostile_machine(machine, mode, 3, icount=True, more=files)
    before = own_kib(m)
    share, longest, _ = witness(m, 120)
    # The guest's device has a thread of its own, which is one more of this guest.
    assert share >= 1000 // 3 - TOLERANCE
    assert longest <= 2 * LONGEST
    m.run("vfs run /peers", status=0)
    for name in "ab":
        wait_said(m, name, "NET reached all 1")
    m.run("ipconfig attach lan; ipconfig set 10.0.0.60 255.255.255.0", status=0)
    assert "1 answered" in m.run("ping 10.0.0.2 1", status=0)
    m.run("ipconfig detach", status=0)
    assert own_kib(m) - before < 400
    _, _, _, sent, _, refused, _ = stats(m, "h/net0")
    assert sent + refused >= frames
    if mode == "net-flood":
        assert stats(m, "a/net0")[2] > 0 and "h/net0" in m.run("net macs lan")
    assert re.search(r"(?m)^h +running", m.run("guest list", status=0))
    m.run("guest destroy h w a b", status=0)
    assert own_kib(m) <= before
