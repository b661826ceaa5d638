# SPDX-License-Identifier: GPL-2.0-only
"""Tiny guests of tests/guests, one subject each, under the hypervisor.

A guest prints a line for each of its tests, PASS, FAIL or SKIP, then "DONE passed=n failed=m", and
switches itself off. The same programs run on QEMU's bare machine (test_reference): what passes there
and not here is a defect of the hypervisor.
"""
import os
import re

import pytest

import vm

# Host's and guest's interrupt controller.
GICS = [(3, 3), (3, 2), (2, 2)]
# Program, vCPUs.
CONFORMANCE = [("psci", 4), ("timer", 4), ("gic", 4)]
# Microseconds that a timer may be late on a build machine that does other things too.
LATE = "late=2000000"


def program(name):
    """A guest's program."""
    path = os.path.join(vm.OUT, "guests", name + ".bin")
    assert os.path.exists(path), "%s is missing: make guests" % path
    with open(path, "rb") as source:
        return source.read()


def create(machine, guest, name, cmdline="", **options):
    """Make a guest of a program that is in the machine's file system."""
    words = dict({"board": "virt", "vcpus": 1, "mem": "16M", "kernel": "/%s.bin" % name}, **options)
    machine.run("guest create %s %s cmdline=\"%s\"" % (
        guest, " ".join("%s=%s" % item for item in words.items()), cmdline), status=0)


def check_output(text):
    """The lines of a guest's tests: none failed, and there were some."""
    done = re.search(r"DONE passed=(\d+) failed=(\d+)", text)
    assert done, "the guest did not end its tests:\n" + text
    assert done[2] == "0", "tests of the guest failed:\n" + text
    assert int(done[1]) > 0, "no test of the guest was run:\n" + text
    return text


def run_to_end(machine, guest, status=0, timeout=None):
    """Start a guest at its console; give what it printed when it has ended."""
    return machine.run("guest start %s; console %s" % (guest, guest), timeout, status=status)


@pytest.mark.parametrize("smp", [1, 4])
@pytest.mark.parametrize("gics", GICS, ids=["%d-%d" % pair for pair in GICS])
@pytest.mark.parametrize("name,vcpus", CONFORMANCE, ids=[row[0] for row in CONFORMANCE])
def test_conformance(machine, name, vcpus, gics, smp):
    """A guest finds the devices and the firmware as their specifications say."""
    m = machine(gic=gics[0], smp=smp, files={"/%s.bin" % name: program(name)})
    create(m, "g", name, LATE, vcpus=vcpus, gic=gics[1])
    check_output(run_to_end(m, "g", timeout=120))
    m.run("guest destroy g", status=0)


@pytest.mark.parametrize("gic", [2, 3])
@pytest.mark.parametrize("name,vcpus", CONFORMANCE, ids=[row[0] for row in CONFORMANCE])
def test_reference(machine, name, vcpus, gic):
    """The same guest on the bare machine: else it would be the guest that is wrong."""
    m = machine(wait=False, image=os.path.join(vm.OUT, "guests", name + ".bin"), gic=gic, smp=vcpus,
                el1=True, append="reference " + LATE)
    m.expect(r"DONE passed=\d+ failed=\d+", timeout=120)
    check_output(m.before + m.match.group(0))
    m.wait_end()


def test_timer_is_exact(machine):
    """With counted instructions, a timer is late by instructions only: 5 us are 5000 of them."""
    m = machine(smp=1, icount=True, files={"/timer.bin": program("timer")})
    create(m, "g", "timer", "late=5")
    check_output(run_to_end(m, "g", timeout=120))


def test_reset_by_itself(machine):
    """A guest that asks for a reset begins anew, or ends, as on_reset= says."""
    m = machine(files={"/psci.bin": program("psci")})
    create(m, "g", "psci", "reset")
    m.send("guest start g; console g\r")
    for _ in range(5):
        m.expect("RESET now")
    m.send("\x1bxq")
    m.wait_prompt()
    assert re.search(r"resets: +[1-9]", m.run("guest status g", status=0))
    m.run("guest destroy g", status=0)
    create(m, "g", "psci", "reset", on_reset="stop")
    assert run_to_end(m, "g", status=3).count("RESET now") == 1


@pytest.mark.parametrize("smp", [1, 4])
def test_off_while_busy(machine, smp):
    """A guest switches off while its other vCPUs are busy; again and again."""
    m = machine(smp=smp, files={"/psci.bin": program("psci")})
    create(m, "g", "psci", "busy-off", vcpus=4)
    for _ in range(5):
        assert "OFF now" in run_to_end(m, "g")
