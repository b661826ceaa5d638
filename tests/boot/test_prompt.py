# SPDX-License-Identifier: GPL-2.0-only
"""The machine comes up to the prompt, and the shell answers."""
import re

import pytest


@pytest.mark.parametrize("gic", [2, 3])
@pytest.mark.parametrize("cpu", ["cortex-a53", "cortex-a57", "max"])
def test_boots(machine, cpu, gic):
    """Every processor and interrupt controller gives a prompt, with all CPUs running."""
    m = machine(cpu=cpu, gic=gic, smp=4)
    assert re.search(r"\d+\.\d+", m.run("version", status=0))
    cpus = m.run("host cpu info", status=0)
    for number in range(4):
        assert re.search(r"(?m)^\W*(cpu\W*)?%d\b" % number, cpus, re.IGNORECASE)


@pytest.mark.parametrize("gic", [2, 3])
def test_eight(machine, gic):
    """As many CPUs as a GICv2 serves, each of which runs what is put there."""
    m = machine(gic=gic, smp=8)
    assert "CPUs:     8;" in m.run("host info", status=0)
    threads = m.run("thread list", status=0)
    for number in range(8):
        assert re.search(r"(?m)^ *\d+ +\w+ +%d +0 .* idle/%d$" % (number, number), threads)


def test_wrong_command(machine):
    """A command that does not exist gets a sentence with its name, and an exit code."""
    m = machine()
    output = m.run("no-such-command")
    assert "no-such-command" in output
    m.run("no-such-command; version", status=0)
    assert "version" in m.run("help", status=0)


def test_no_input(machine, tmp_path):
    """With no input connected, the boot script runs and can switch the machine off."""
    log = tmp_path / "console"
    m = machine(wait=False, files={"/boot.xscript": "echo script-runs\nshutdown\n"},
                extra=["-serial", "file:%s" % log, "-monitor", "none"])
    assert m.wait_end() == 0
    assert "script-runs" in log.read_text(errors="replace")
