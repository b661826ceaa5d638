# SPDX-License-Identifier: GPL-2.0-only
"""What has to hold for hours: "make soak HOURS=n". Without SOAK_SECONDS, a minute of it."""
import os
import re
import time

import pytest

import vm
from test_linux import in_guest, leave_console, with_program
from test_x86 import debian, start_pc  # noqa: F401  (a fixture)

SECONDS = float(os.environ.get("SOAK_SECONDS", "60"))


def memory(machine):
    """How much is free, in the words of the hypervisor."""
    return re.search(r"([\d.]+ \w+) free, ([\d.]+ \w+) used by the hypervisor",
                     machine.run("host info", status=0)).groups()


def one_life(machine, number):
    """A Linux guest that comes up beside the worker and is ended in one of several ways."""
    machine.run("guest create g board=virt vcpus=2 mem=192M kernel=/boot/vmlinuz "
                "initrd=/boot/initrd.cpio.gz cmdline=\"console=ttyAMA0 quiet\"", status=0)
    machine.send("guest start g ; console g\r")
    machine.expect("guest-init: ready: Linux .* on 2 CPUs", 240)
    machine.expect("guest:/# ", 60)
    if number % 3 == 0:
        machine.send("poweroff -f\r")
    else:
        # Work that is cut off in the middle.
        machine.send("(while :; do sha256sum /bin/busybox >/dev/null; done) & cat /dev/zero "
                     "| head -c 100000000 >/dev/null\r")
        time.sleep(0.5 * (number % 5))
        machine.send("\x1bxq")
        machine.wait_prompt()
        machine.run("guest reset g" if number % 3 == 1 else "guest pause g", status=0)
        machine.send("\r")
    machine.wait_prompt(60)
    machine.run("guest destroy g", status=0)


@pytest.mark.soak
@pytest.mark.parametrize("gic,smp", [(3, 4), (2, 1)])
def test_lives(machine, linux, gic, smp):
    """Guests come and go beside one that works on; nothing is lost, and it never stands still."""
    m = machine(gic=gic, smp=smp, mem=1024, files=linux)
    m.run("guest create worker board=virt vcpus=1 mem=192M kernel=/boot/vmlinuz "
          "initrd=/boot/initrd.cpio.gz cmdline=\"console=ttyAMA0 quiet\"", status=0)
    m.send("guest start worker ; console worker\r")
    m.expect("guest:/# ", 240)
    m.send("n=0; while sleep 1; do n=$((n+1)); echo tick-$n; done\r")
    m.expect("tick-2\r", 60)
    m.send("\x1bxq")
    m.wait_prompt()
    one_life(m, 0)
    one_life(m, 1)
    before = memory(m)
    end = time.monotonic() + SECONDS / 2
    number, last = 1, 2
    while time.monotonic() < end:
        number += 1
        one_life(m, number)
        assert memory(m) == before
        ticks = re.findall(r"tick-(\d+)", m.run("vserial dump worker/uart0 200", status=0))
        assert ticks and int(ticks[-1]) > last, "the worker stood still at %d" % last
        last = int(ticks[-1])
    print("%d guests came and went" % number)


def goes_on(machine, name, last):
    """Wait until a guest's threads have all come further; give how far."""
    end = time.monotonic() + 60 * vm.SCALE
    while time.monotonic() < end:
        told = machine.run("vserial dump %s/uart0 200" % name, status=0)
        assert "STALE" not in told, told
        alive = re.findall(r"alive-(\d+)\n", told)
        if alive and int(alive[-1]) > last:
            return int(alive[-1])
        time.sleep(1)
    raise AssertionError("%s stood still at %d:\n%s" % (name, last, told))


@pytest.mark.soak
def test_shootdowns(pc, tmp_path):
    """PCs with more vCPUs than there are processors for them, whose CPUs interrupt each other."""
    files = debian("cloud-amd64")
    files["/initrd"] = with_program(files, tmp_path, "linux_shootdown", "x86_64-linux-gnu-gcc")
    m = pc(smp=3, mem=1024, files=files)
    alive = {"one": 0, "two": 0}
    for name in alive:
        m.run("guest create %s board=pc vcpus=4 mem=192M kernel=/boot/vmlinuz initrd=/initrd "
              "cmdline=\"console=ttyS0 quiet\"" % name, status=0)
        m.send("guest start %s ; console %s\r" % (name, name))
        m.expect("guest-init: ready: Linux .* on 4 CPUs", 300)
        m.expect("guest:/# ", 60)
        m.send("linux_shootdown\r")
        m.expect("alive-2\r", 60)
        leave_console(m)
    end = time.monotonic() + SECONDS / 2
    while time.monotonic() < end:
        for name in alive:
            m.run("guest pause %s ; guest resume %s" % (name, name), status=0)
            alive[name] = goes_on(m, name, alive[name])
    for name in alive:
        m.send("console %s\r" % name)
        m.send("\x03")
        m.expect("guest:/# ", 60)
        told = in_guest(m, "dmesg")
        assert not re.search(r"(?i)warning:|call trace|unstable|lockup|stall|nobody cared", told)
        leave_console(m)
    print("came to %r" % alive)
