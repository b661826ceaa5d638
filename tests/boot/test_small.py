# SPDX-License-Identifier: GPL-2.0-only
"""The image that leaves out what guests and their devices do not need (generic-v8-small)."""
import os

import pytest

import vm
from test_guests import check_output, create as create_tiny, program, run_to_end
from test_linux import create, in_guest, switch_off, wait_ready
from test_selftest import FILES


@pytest.fixture
def small():
    """The image, built beside the other one: tests that run side by side cannot both do that."""
    image = os.path.join(vm.OUT, "small", "vmm.bin")
    assert os.path.exists(image), "%s is missing: make O=%s BOARD=generic-v8-small" % (
        image, os.path.dirname(image))
    return image


@pytest.mark.parametrize("gic", [2, 3])
def test_small(machine, linux, small, gic):
    """Suites, tiny guests, and Linux with a disk of the initrd, on an image that is small."""
    tiny = ("psci", "timer", "gic", "pl011")
    files = dict(linux, **FILES, **{"/%s.bin" % name: program(name) for name in tiny},
                 **{"/disk.img": "on the disk\n".ljust(65536, "\0")})
    m = machine(gic=gic, smp=2, image=small, files=files)
    assert " 0 failed" in m.run("selftest", timeout=240, status=0)
    for name in tiny:
        create_tiny(m, name, name, "late=2000000" + (" qemu-gicv2" if gic == 2 else ""), vcpus=2)
        check_output(run_to_end(m, name))
        m.run("guest destroy " + name, status=0)
    if gic == 3:
        create(m, "g", 2, more="disk=/disk.img")
        wait_ready(m, "g", 2)
        assert "on the disk" in in_guest(m, "head -c 11 /dev/vda; echo")
        switch_off(m)
        m.run("guest destroy g", status=0)
    # What was left out is said, and not crashed into.
    assert "'cp' is no subcommand" in m.run("vfs cp /motd /other")
    assert "error" not in m.run("log show", status=0)
