# SPDX-License-Identifier: GPL-2.0-only
"""Guests on PCs that misbehave: whatever they do, only they suffer, and the log says why."""
import os
import re

import pytest

import vm
from test_x86 import FOLDER, start_pc  # noqa: F401  (a fixture)

# Those that go on for ever, and how many vCPUs they keep busy.
HOSTILE = [("ports", 1), ("registers", 1), ("insns", 1), ("msrs", 1), ("control", 1), ("ipis", 1),
           ("starts", 2), ("timers", 1), ("calls", 1), ("code", 1), ("tasks", 1),
           ("resets", 1)]
# Those that may come to an end by what they do at random, and what that can be.
MORTAL = {"code": "triple fault|no memory|does not take|powered off|reset",
          "control": "does not take"}
# Those that end themselves, and the reason that is given.
ENDS = [("triple", "triple fault at 0x"),
        ("lost", "where the guest has no memory"),
        ("stack", "page tables, descriptors or stack where it has no memory"),
        ("tables", "page tables, descriptors or stack where it has no memory"),
        ("tables at=4276092928", "page tables, descriptors or stack where it has no memory")]
# The hostile one may take that much more than its part, per mille.
TOLERANCE = 25
# A slice for each that is busy, and what the hypervisor does besides, in microseconds.
LONGEST = 10300


def program(name):
    """A guest's program."""
    with open(os.path.join(FOLDER, "guests", name + ".bin"), "rb") as source:
        return source.read()


@pytest.fixture(name="host")
def start_host(pc):
    """A PC of counted instructions with both programs."""
    return pc(smp=1, icount=True, timeout=120,
              files={"/%s.bin" % name: program(name) for name in ("hostile", "traps", "witness")})


def create(machine, guest, name, cmdline, vcpus=1):
    """Make a guest of a program."""
    machine.run("guest create %s board=pc vcpus=%d mem=16M kernel=/%s.bin cmdline=\"%s\"" % (
        guest, vcpus, name, cmdline), status=0)


def witness(machine):
    """Run the well-behaved guest; give its share per mille and its longest wait."""
    create(machine, "w", "witness", "ms=25")
    text = machine.run("guest start w; console w", status=0)
    found = re.search(r"WITNESS share (\d+) longest (\d+) us", text)
    assert found, "the guest beside the hostile one did not end:\n" + text
    machine.run("guest destroy w", status=0)
    return int(found[1]), int(found[2])


def free_pages(machine):
    """Pages of memory that nobody uses."""
    return int(re.search(r"pages: .*?(\d+) free", machine.run("host ram info", status=0))[1])


def test_hostile(host):
    """Beside each of them another guest keeps its time; all is given back."""
    free = 0
    for mode, busy in HOSTILE:
        create(host, "h", "hostile", "mode=" + mode, vcpus=2)
        host.run("guest start h; sleep 2ms", status=0)
        share, longest = witness(host)
        assert share >= 1000 // (busy + 1) - TOLERANCE, mode
        assert longest <= LONGEST * busy, mode
        listed = host.run("guest list", status=0)
        if not re.search(r"(?m)^h +running", listed):
            assert mode in MORTAL and re.search(MORTAL[mode], listed), listed
        assert "FAIL" not in host.run("vserial dump h/uart0"), mode
        host.run("guest destroy h", status=0)
        pages = free_pages(host)
        assert pages == (free or pages), mode
        free = pages


def test_ends(host):
    """A guest that cannot go on ends; the log has why, and the registers."""
    for mode, reason in ENDS:
        create(host, "h", "hostile", "mode=" + mode)
        host.run("guest start h", status=0)
        assert reason in host.run("guest wait h 60s", status=2), mode
        log = host.run("log show", status=0)
        assert reason in log, mode
        assert re.search(r"h/vcpu0.*rip [0-9a-f]+ rflags", log), mode
        assert re.search(r"h/vcpu0.*rax [0-9a-f]+ rbx", log), mode
        host.run("guest destroy h", status=0)
    assert witness(host)[0] >= 990
    # What a CPU does behind an instruction, where the hypervisor has carried it out.
    create(host, "t", "traps", "")
    assert "ended itself with 0" in host.run("guest start t; guest wait t 60s", status=0)
    told = host.run("vserial dump t/uart0", status=0)
    assert told.count("TRAP ok") == 30 and "TRAPS done" in told, told


@pytest.mark.parametrize("smp", [1, 4])
def test_more_than_asids(pc, smp):
    """With more vCPUs than the processors have tags for translations, all get to their ends."""
    m = pc(smp=smp, cpu="EPYC,+svm,+npt", timeout=120, wait=False, files={
        "/witness.bin": program("witness"), "/traps.bin": program("traps"),
        "/boot.xscript": "".join(
            'guest create g%d board=pc mem=2M kernel=/%s.bin cmdline="ms=15"\n'
            "guest start g%d\n" % (n, ("witness", "traps")[n % 2], n) for n in range(18)) +
        "".join("guest wait g%d 60s\n" % n for n in range(18))})
    m.wait_prompt()
    listed = m.run("guest list", status=0)
    ended = re.findall(r"(?m)^g\d+ .* (?:powered off|ended itself with 0)", listed)
    assert len(ended) == 18, listed
