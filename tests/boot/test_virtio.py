# SPDX-License-Identifier: GPL-2.0-only
"""Virtio devices and the board's small chips, as Debian's own drivers in a guest use them."""
import hashlib
import random
import re
import time

import pytest

from test_linux import BOOT_SECONDS, create, in_guest, leave_console, switch_off, wait_ready

MIB = 1 << 20


def noise(size, seed):
    """Bytes that no file system or driver could take for something."""
    return random.Random(seed).randbytes(size)


def digest(machine, command):
    """SHA-256 of what a command in the guest prints."""
    return re.search(r"[0-9a-f]{64}", in_guest(machine, command + " | sha256sum", 60))[0]


def free_pages(machine):
    """What "host info" says about free memory."""
    return re.search(r"([\d.]+ \w+) free", machine.run("host info", status=0))[1]


def errors_in_log(machine):
    """Lines of the guest's kernel that tell of something that does not work."""
    return re.findall(r"[^\n]*(?:\bBUG\b|\bOops\b|Call trace|I/O error|unhandled|stall)[^\n]*",
                      in_guest(machine, "dmesg"))


@pytest.mark.parametrize("gic", [2, 3])
def test_devices(machine, linux, gic):
    """Disks, entropy and second console: what is written is there, also after a reboot."""
    first, second = noise(3 * MIB + 512, 1), noise(MIB, 2)
    files = dict(linux, **{"/images/a.img": first, "/images/b.img": second})
    m = machine(gic=gic, files=files)
    create(m, "g", 2, more="disk=/images/a.img disk=/images/b.img,ro,serial=second-disk rng=on "
           "console=on")
    wait_ready(m, "g", 2)
    for name, serial in (("vda", "virtio-blk0"), ("vdb", "second-disk")):
        assert serial in in_guest(m, "cat /sys/block/%s/serial; echo" % name).split()
    assert digest(m, "cat /dev/vda") == hashlib.sha256(first).hexdigest()
    assert digest(m, "cat /dev/vdb") == hashlib.sha256(second).hexdigest()
    # One disk to the other's end and back, past the guest's own memory of what it wrote.
    in_guest(m, "dd if=/dev/vdb of=/dev/vda bs=64k seek=32 conv=fsync", 60)
    in_guest(m, "echo 3 >/proc/sys/vm/drop_caches")
    changed = first[:2 * MIB] + second + first[3 * MIB:]
    assert digest(m, "cat /dev/vda") == hashlib.sha256(changed).hexdigest()
    assert "vdb: 1" in in_guest(m, "echo vdb: $(cat /sys/block/vdb/ro)")
    assert re.search("Operation not permitted|Read-only|I/O error",
                     in_guest(m, "dd if=/dev/zero of=/dev/vdb bs=512 count=1 conv=fsync"))
    entropy(m)
    second_console(m)
    m.send("console g/uart0\r")
    m.send("\r")
    assert not errors_in_log(m)
    m.send("reboot -f\r")
    m.expect(r"guest-init: ready: Linux \S+ on 2 CPUs", BOOT_SECONDS)
    m.expect_exact("guest:/# ")
    assert digest(m, "cat /dev/vda") == hashlib.sha256(changed).hexdigest()
    assert digest(m, "cat /dev/vdb") == hashlib.sha256(second).hexdigest()
    switch_off(m)


def entropy(m):
    """The guest's random number device gives bytes, and others each time."""
    assert "virtio_rng" in in_guest(m, "cat /sys/class/misc/hw_random/rng_current")
    read = "dd if=/dev/hwrng bs=64 count=16 2>/dev/null"
    one, other = digest(m, read), digest(m, read)
    assert one != other
    assert hashlib.sha256(b"").hexdigest() not in (one, other)
    assert "1024" in in_guest(m, read + " | wc -c")


def second_console(m):
    """A shell on hvc0, beside the one on the UART."""
    in_guest(m, "(setsid sh -i </dev/hvc0 >/dev/hvc0 2>&1) &")
    leave_console(m)
    assert "g/virtio-con0" in m.run("vserial list", status=0)
    m.send("console g/virtio-con0\r")
    m.send("echo two-$((1 + 1))-three $(tty)\r")
    m.expect_exact("two-2-three /dev/hvc0", 30)
    # More than any buffer on the way, in both directions.
    m.send("seq 1 9999 | tail -n 3000\r")
    m.expect(r"\b7000\r*\n(?:\d+\r*\n){2998}9999\r*\n", 60)
    m.send("exit\r")
    leave_console(m)
