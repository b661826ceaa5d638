# SPDX-License-Identifier: GPL-2.0-only
"""The suites that are in the image, and what guests leave behind when they are gone."""
import re

import pytest

import bench

# What the suite of the file system looks at.
FILES = {"/boot/hello": "hello, world\n", "/motd": "line\n" * 1000, "/big": bytes(range(256)) * 400,
         "/empty": ""}
ROUNDS = 60


@pytest.mark.parametrize("gic,smp", [(3, 1), (3, 4), (2, 1), (2, 4)])
def test_suites(machine, gic, smp):
    """All suites that are listed run and pass, and a second time as well."""
    m = machine(gic=gic, smp=smp, files=FILES)
    names = m.run("selftest list", status=0).split()
    assert len(names) >= 28
    for _ in range(2):
        output = m.run("selftest", timeout=240, status=0)
        passed = re.findall(r"(?m)^([\w.]+): ok \([^)]*\)$", output)
        assert passed == names, output
        assert "selftest: %d passed, 0 failed" % len(names) in output
    assert re.search(r"selftest: [1-9]\d* passed, 0 failed", m.run("selftest heap.*", status=0))
    m.run("selftest no.such", status=130)


def pages(machine):
    """Pages that are free, and those that the hypervisor uses, by `host ram info`."""
    output = machine.run("host ram info", status=0)
    found = re.search(r"pages: .* (\d+) free, (\d+) used by the hypervisor", output)
    assert found, output
    return tuple(map(int, found.groups()))


@pytest.mark.parametrize("gic,smp", [(3, 4), (2, 1)])
def test_guests_leave_nothing(machine, gic, smp):
    """Guests that were created, ran and were destroyed have given all their memory back."""
    m = machine(gic=gic, smp=smp, files={"/spin.bin": bench.guest_file("spin")})
    once = ("guest create g board=virt vcpus=2 mem=16M kernel=/spin.bin && guest start g && "
            "sleep 5ms && guest destroy g")
    # The first ones make bookkeeping that stays: tables of the direct map, bitmaps of blocks.
    for _ in range(2):
        m.run(once, status=0)
    before = pages(m)
    for _ in range(ROUNDS):
        m.run(once, status=0)
    assert pages(m) == before
    assert re.search(r"selftest: [1-9]\d* passed, 0 failed", m.run("selftest frames.*", status=0))
