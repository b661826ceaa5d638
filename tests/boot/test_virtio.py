# SPDX-License-Identifier: GPL-2.0-only
"""Virtio devices and the board's small chips, as Debian's own drivers in a guest use them."""
import calendar
import hashlib
import random
import re

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


@pytest.mark.parametrize("gic,transport", [(2, "mmio"), (3, "mmio"), (2, "pci"), (3, "pci")])
def test_devices(machine, linux, gic, transport):
    """Disks, entropy and second console: what is written is there, also after a reboot."""
    first, second = noise(3 * MIB + 512, 1), noise(MIB, 2)
    files = dict(linux, **{"/images/a.img": first, "/images/b.img": second})
    m = machine(gic=gic, files=files)
    create(m, "g", 2, more="disk=/images/a.img disk=/images/b.img,ro,serial=second-disk rng=on "
           "console=on virtio=" + transport)
    wait_ready(m, "g", 2)
    buses = in_guest(m, "ls -l /sys/class/block")
    assert buses.count("/pci0000:00/" if transport == "pci" else ".virtio_mmio/") == 2
    # Interrupts of the disks' queues, a vector each.
    assert ("virtio0-req.0" in in_guest(m, "cat /proc/interrupts")) == (transport == "pci")
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
    m.expect_exact("guest:/# ")
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


@pytest.mark.parametrize("transport", ["mmio", "pci"])
def test_ports(machine, linux, transport):
    """Several consoles and a port by name, as Linux' driver finds them, each for itself."""
    m = machine(files=linux)
    create(m, "g", more="console=2 port=agent virtio=" + transport)
    wait_ready(m, "g")
    assert "agent" in in_guest(m, "cat /sys/class/virtio-ports/vport*/name")
    in_guest(m, "for n in 0 1; do (setsid sh -i </dev/hvc$n >/dev/hvc$n 2>&1) & done")
    # The agent answers a line with its number of characters.
    in_guest(m, "port=/dev/$(basename $(dirname $(grep -l agent /sys/class/virtio-ports/*/name)))")
    in_guest(m, "(while read -r line; do echo heard ${#line}; done <>$port >&0) &")
    leave_console(m)
    ports = m.run("vserial list", status=0)
    for port in ("virtio-con0", "virtio-con0.1", "virtio-con0.agent"):
        assert "g/%s " % port in ports
    for port, tty in (("virtio-con0", "hvc0"), ("virtio-con0.1", "hvc1")):
        m.send("console g/%s\r" % port)
        m.send("echo two-$((1 + 1))-three $(tty)\r")
        m.expect_exact("two-2-three /dev/" + tty, 30)
        leave_console(m)
    m.send("console g/virtio-con0.agent\r")
    m.expect("leaves")
    m.send("twelve bytes\n")
    m.expect("heard 12", 30)
    leave_console(m)
    m.send("console g/uart0\r")
    m.send("\r")
    m.expect_exact("guest:/# ")
    assert not errors_in_log(m)
    switch_off(m)


def test_power_button(machine, linux):
    """"guest power" is the key by which the guest's user space switches itself off."""
    m = machine(files=linux)
    create(m, "g")
    wait_ready(m, "g")
    assert "GPIO Key Poweroff" in in_guest(m, "cat /proc/interrupts")
    leave_console(m)
    m.run("guest power g", status=0)
    assert "powered off" in m.run("guest wait g 60s", timeout=90, status=0)
    assert "power button" in m.run("vserial dump g/uart0 200")
    # Nobody listens while the guest is off.
    m.run("guest power g")
    m.run("guest start g", status=0)
    wait_ready(m, "g")
    switch_off(m)


def test_clock(machine, linux):
    """The guest's clock tells the time of the machine that the hypervisor runs on, and wakes."""
    m = machine(files=linux, extra=["-rtc", "base=2031-05-06T07:08:09"])
    create(m, "g")
    wait_ready(m, "g")
    assert "pl031" in in_guest(m, "cat /sys/class/rtc/rtc0/name")
    base = calendar.timegm((2031, 5, 6, 7, 8, 9))
    assert base <= int(in_guest(m, "date +%s").split()[-1]) < base + BOOT_SECONDS
    assert "May  6 07:" in in_guest(m, "hwclock -u")
    # Writing the clock changes this guest's time, and nobody else's.
    in_guest(m, "date -s 2032-01-02 && hwclock -u -w")
    assert "Jan  2 00:" in in_guest(m, "hwclock -u")
    in_guest(m, "echo +2 >/sys/class/rtc/rtc0/wakealarm")
    in_guest(m, "sleep 4", 30)
    assert re.search(r":\s+1\s.*rtc-pl031", in_guest(m, "grep rtc-pl031 /proc/interrupts"))
    leave_console(m)
    create(m, "other")
    wait_ready(m, "other")
    assert "May  6 07:" in in_guest(m, "hwclock -u")
    switch_off(m)


@pytest.mark.parametrize("reboots", [4, pytest.param(20, marks=pytest.mark.soak)])
def test_reboots(machine, linux, reboots):
    """Reboots by the guest itself come up again and take no memory."""
    m = machine(files=dict(linux, **{"/images/a.img": noise(MIB, 3)}))
    create(m, "g", 2, more="disk=/images/a.img rng=on console=on")
    wait_ready(m, "g", 2)
    free = []
    for _ in range(reboots):
        # The disk is its own, and all of its pages are taken already.
        in_guest(m, "dd if=/dev/hwrng of=/dev/vda bs=64k count=2 conv=fsync")
        m.send("reboot -f\r")
        m.expect(r"guest-init: ready: Linux \S+ on 2 CPUs", BOOT_SECONDS)
        m.expect_exact("guest:/# ")
        leave_console(m)
        free.append(free_pages(m))
        assert "|%d|" % len(free) in re.sub(r" +", "|", m.run("guest list", status=0))
        m.send("console g\r")
    # Page tables and the like come with the first boots, and then no more.
    assert len(set(free[1:])) == 1
    m.send("\r")
    m.expect_exact("guest:/# ")
    switch_off(m)


def test_destroy_busy(machine, linux):
    """A guest is destroyed in the midst of its requests, again and again; all memory comes back."""
    m = machine(files=dict(linux, **{"/images/a.img": noise(MIB, 4)}))
    more = "disk=/images/a.img disk=/images/a.img rng=on console=on"
    work = ("(while :; do cat /dev/vda >/dev/vdb; sync; echo 3 >/proc/sys/vm/drop_caches; done) & "
            "(while :; do dd if=/dev/hwrng of=/dev/null bs=4k count=64; done) 2>/dev/null & "
            "(while :; do seq 1 99999; done >/dev/hvc0) & echo at-work")
    free = []
    for _ in range(3):
        create(m, "g", 2, more=more)
        wait_ready(m, "g", 2)
        m.send(work + "\r")
        m.expect(r"\nat-work")
        in_guest(m, "sleep 2", 60)
        leave_console(m)
        m.run("guest destroy g", status=0)
        assert not re.search(r"(?m)^g\b", m.run("guest list", status=0))
        free.append(free_pages(m))
    assert len(set(free)) == 1, free
