# SPDX-License-Identifier: GPL-2.0-only
"""Memory that guests give back to the host, and get again, by Debian's own virtio_balloon."""
import re
import time

import pytest

import vm
from test_linux import create, in_guest, leave_console, switch_off, wait_ready

MIB = 1 << 20


def size(text):
    """A size in MiB."""
    number, unit = text.split()
    return float(number) / {"B": MIB, "KiB": 1024, "MiB": 1, "GiB": 1 / 1024}[unit]


def balloon(machine, name):
    """What a guest holds, its balloon, what was asked for, what it reported as free: in MiB."""
    said = machine.run("guest balloon " + name, status=0)
    sizes = re.search(r"memory, ([\d.]+ \w+) held; balloon ([\d.]+ \w+) of ([\d.]+ \w+); .*"
                      r"reported free so far: ([\d.]+ \w+)", said)
    assert sizes, said
    return [size(text) for text in sizes.groups()]


def host_free(machine):
    """Free memory of the host in MiB."""
    return int(re.search(r"pages: .*?(\d+) free",
                         machine.run("host ram info", status=0))[1]) / 256


def wait(machine, name, condition):
    """Look until it holds."""
    end = time.monotonic() + 60 * vm.SCALE
    while True:
        now = balloon(machine, name)
        if condition(*now):
            return now
        assert time.monotonic() < end, now
        machine.run("sleep 300ms", status=0)


def at_console(machine, name):
    """Back to the console of a guest that runs."""
    machine.send("console %s\r" % name)
    machine.send("\r")
    machine.expect_exact("guest:/# ")


@pytest.mark.parametrize("gic,transport", [(3, "mmio"), (3, "pci"), (2, "mmio")])
def test_balloon(machine, linux, gic, transport):
    """Free pages are reported, pages are given and taken back; what is used stays what it was."""
    m = machine(gic=gic, files=dict(linux, **{"/images/a.img": bytes(MIB)}))
    create(m, "g", 2, mem="512M", more="balloon=on disk=/images/a.img virtio=" + transport)
    wait_ready(m, "g", 2)
    leave_console(m)
    # What Linux does not use goes back by itself, and the host can use it.
    held, given, asked, reported = wait(m, "g", lambda held, *_: held < 250)
    assert given == asked == 0 and reported > 200
    assert host_free(m) > 1024 - 64 - held - 100
    assert re.search(r"(?m)^g +running +2 +512 MiB +%d" % held, m.run("guest list", status=0))
    # It comes again, zeroed or with what was written, for the CPU and for devices.
    at_console(m, "g")
    in_guest(m, "mkdir /t; mount -t tmpfs -o size=400M none /t")
    sums = in_guest(m, "for i in 1 2 3 4 5 6 7; do cat /bin/busybox; done >/t/one; "
                    "cp /t/one /t/two; "
                    "sha256sum </t/one; dd if=/t/one of=/dev/vda bs=64k count=16 conv=fsync "
                    "2>/dev/null; head -c 1048576 /t/two | sha256sum; "
                    "dd if=/dev/zero of=/t/three bs=1M count=300; sha256sum </t/two", 120)
    sums = re.findall(r"[0-9a-f]{64}", sums)
    assert sums[0] == sums[2]
    in_guest(m, "echo 3 >/proc/sys/vm/drop_caches")
    assert sums[1] in in_guest(m, "sha256sum /dev/vda", 60)
    leave_console(m)
    assert balloon(m, "g")[0] > 300
    at_console(m, "g")
    in_guest(m, "rm /t/three")
    leave_console(m)
    wait(m, "g", lambda held, *_: held < 250)
    # By a size, and back.
    m.run("guest balloon g 256M", status=0)
    held, given, asked, _ = wait(m, "g", lambda _, given, asked, __: given == asked)
    assert asked == 256 and held < 256
    at_console(m, "g")
    kib = int(re.search(r"MemFree: +(\d+)", in_guest(m, "grep MemFree /proc/meminfo"))[1])
    assert kib < 230 * 1024
    assert sums[0] in in_guest(m, "sha256sum </t/two", 60)
    leave_console(m)
    m.run("guest balloon g 512M", status=0)
    wait(m, "g", lambda _, given, __, ___: given == 0)
    assert "available" in m.run("guest balloon g", status=0)
    at_console(m, "g")
    assert sums[0] in in_guest(m, "cat /t/one /t/two >/t/four; sha256sum </t/one", 60)
    assert not re.search(r"\bBUG\b|\bOops\b|Call trace|stall", in_guest(m, "dmesg"))
    switch_off(m)
    m.run("guest destroy g", status=0)
    # All of it is there again.
    assert host_free(m) > 1024 - 100


def test_no_memory(machine, linux):
    """The host has given the memory to others: the guest that wants it again ends, no one else."""
    m = machine(smp=2, mem=768, files=linux)
    create(m, "g", 1, mem="384M", more="balloon=on")
    wait_ready(m, "g", 1)
    leave_console(m)
    wait(m, "g", lambda held, *_: held < 200)
    # Memory of others takes the rest.
    rest = int(host_free(m)) - 20
    m.run("guest create other board=virt mem=%dM kernel=/boot/vmlinuz "
          "initrd=/boot/initrd.cpio.gz cmdline=\"console=ttyAMA0\"" % rest, timeout=120, status=0)
    m.run("guest start other", status=0)
    wait_ready(m, "other", 1)
    leave_console(m)
    at_console(m, "g")
    m.send("mkdir /t; mount -t tmpfs -o size=350M none /t; dd if=/dev/zero of=/t/x bs=1M\r")
    m.wait_prompt(60)
    assert "no memory for what the guest had given back" in m.run("log show", status=0)
    assert "crashed" in m.run("guest list", status=0) or "host has no memory" in m.run(
        "guest list", status=0)
    at_console(m, "other")
    assert re.search("[0-9a-f]{64}", in_guest(m, "sha256sum /bin/busybox", 60))
    leave_console(m)
    before = host_free(m)
    m.run("guest destroy g", status=0)
    assert host_free(m) > before + 10
