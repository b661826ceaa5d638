# SPDX-License-Identifier: GPL-2.0-only
"""Guests of unusual size: many vCPUs, much, little and odd memory."""
import hashlib
import re

import pytest

from test_linux import create, in_guest, leave_console, switch_off, wait_ready


@pytest.mark.parametrize("gic,vcpus", [(2, 8), (3, 18)])
def test_many_vcpus(machine, linux, gic, vcpus):
    """All processors come up, in more than one cluster too, and each gets its interrupts."""
    m = machine(gic=gic, smp=4, files=linux)
    create(m, "many", vcpus, mem="320M")
    wait_ready(m, "many", vcpus)
    counts = in_guest(m, "grep arch_timer /proc/interrupts | tr -s ' '")
    chip = "GIC-0" if gic == 2 else "GICv3"
    assert re.search(r":(?: [1-9]\d*){%d} %s" % (vcpus, chip), counts), counts
    # Each of them by another one, for which it has to wake up.
    for cpu in (1, vcpus // 2, vcpus - 1):
        assert "on %d" % cpu in in_guest(
            m, "taskset -c %d awk '{ print \"on\", $39 }' /proc/self/stat" % cpu)
    in_guest(m, "echo 0 >/sys/devices/system/cpu/cpu%d/online" % (vcpus - 1))
    assert "%d" % (vcpus - 1) in in_guest(m, "nproc").split()
    in_guest(m, "echo 1 >/sys/devices/system/cpu/cpu%d/online" % (vcpus - 1))
    assert "%d" % vcpus in in_guest(m, "nproc").split()
    leave_console(m)
    listed = m.run("vcpu list", status=0)
    assert len(re.findall(r"(?m)^\S*\bmany/", listed)) == vcpus, listed
    m.run("guest destroy many", status=0)


@pytest.mark.parametrize("host,words,least,most", [
    (2048, "mem=1536M", 1440, 1536), (1024, "mem=129.5M", 90, 129),
    pytest.param(4096, "mem=3G", 2900, 3072, marks=pytest.mark.soak),
    pytest.param(1024, "mem=130M", 90, 130, marks=pytest.mark.soak),
])
def test_memory(machine, linux, host, words, least, most):
    """The guest has the memory that was asked for, all of it."""
    m = machine(mem=host, files=linux)
    create(m, "g", mem=words.partition("=")[2])
    m.send("console g\r")
    m.expect(r"guest-init: ready: Linux \S+ on 1 CPUs, (\d+) MB", 180)
    assert least <= int(m.match.group(1)) <= most
    m.expect_exact("guest:/# ")
    ram = in_guest(m, "grep 'System RAM' /proc/iomem")
    spans = re.findall(r"(?m)^([0-9a-f]{8,9})-([0-9a-f]{8,9}) : System RAM", ram)
    total = sum(int(end, 16) + 1 - int(start, 16) for start, end in spans)
    assert total == float(re.sub("[MG]", "", words[4:])) * (1 << (30 if "G" in words else 20))
    # Much of it is used: written and read back.
    size = int(re.search(r"MemAvailable:\s+(\d+)", in_guest(m, "grep Avail /proc/meminfo"))[1])
    blocks = min(size * 3 // 4 // 1024, 256)
    in_guest(m, "mount -t tmpfs -o size=%dM tmpfs /tmp" % (blocks + 1))
    in_guest(m, "dd if=/dev/zero of=/tmp/x bs=1M count=%d" % blocks, 120)
    zeros = hashlib.sha256(bytes(blocks << 20)).hexdigest()
    assert zeros in in_guest(m, "sha256sum /tmp/x", 120)
    switch_off(m)


def test_memory_too_little(machine, linux):
    """With too little memory a sentence says how much is needed; with that much it starts."""
    m = machine(files=linux)
    words = "guest create g board=virt kernel=/boot/vmlinuz initrd=/boot/initrd.cpio.gz mem="
    output = m.run(words + "32M")
    assert "too little memory" in output
    enough = re.search(r"with mem=(\d+M) or more", output)[1]
    m.run(words + enough, timeout=60, status=0)
    m.run("guest destroy g", status=0)
    for wrong, sentence in (("4G", "free on this host"), ("1K", "too little"),
                            ("1049K", "whole number of pages"), ("-1M", "is no size")):
        assert sentence in m.run(words + wrong), wrong
    assert not re.search(r"(?m)^g\b", m.run("guest list", status=0))
