# SPDX-License-Identifier: GPL-2.0-only
"""Tiny guests of tests/guests, one subject each, under the hypervisor.

A guest prints a line for each of its tests, PASS, FAIL or SKIP, then "DONE passed=n failed=m", and
switches off. The same programs run on QEMU's bare machine (test_reference): what passes there
and not here is a defect of the hypervisor.
"""
import os
import re
import subprocess

import pytest

import vm

# Host's and guest's interrupt controller.
GICS = [(3, 3), (3, 2), (2, 2), (2, 3)]
# Program, vCPUs.
CONFORMANCE = [("psci", 4), ("timer", 4), ("gic", 4), ("icc", 4), ("smp", 4), ("state", 4),
               ("idregs", 4), ("pl011", 1), ("board", 1), ("order", 1), ("msi", 2), ("pci", 1)]
# Microseconds that a timer may be late on a build machine that does other things too.
LATE = "late=20000000"


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
    """The lines of a guest's tests: none failed, and some passed."""
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
    create(m, "g", name, LATE + (" qemu-gicv2" if gics[0] == 2 else ""), vcpus=vcpus, gic=gics[1])
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


@pytest.mark.parametrize("cpu", ["cortex-a53", "max"])
@pytest.mark.parametrize("name", ["idregs", "state"])
def test_processors(machine, name, cpu):
    """What a guest may use is what the processor has, less what the hypervisor keeps."""
    m = machine(cpu=cpu, smp=2, files={"/%s.bin" % name: program(name)})
    create(m, "g", name, vcpus=3)
    check_output(run_to_end(m, "g", timeout=120))


@pytest.mark.parametrize("guest_gic", [2, 3])
def test_no_list_registers(machine, tmp_path, guest_gic):
    """A GICv3 whose list registers cannot be used: no interrupt would tell that one is empty."""
    tree = str(tmp_path / "no-maintenance.dtb")
    subprocess.run(["qemu-system-aarch64", "-M", "virt,virtualization=on,gic-version=3,dumpdtb=" +
                    tree, "-cpu", "cortex-a57", "-smp", "2", "-m", "1024", "-display", "none"],
                   check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["fdtput", "-d", tree, "/intc@8000000", "interrupts"], check=True)
    m = machine(gic=3, smp=2, files={"/gic.bin": program("gic")}, extra=["-dtb", tree])
    assert "guests' interrupts are emulated" in m.run("log show", status=0)
    create(m, "g", "gic", LATE, vcpus=2, gic=guest_gic)
    check_output(run_to_end(m, "g", timeout=120))


@pytest.mark.parametrize("cpu", ["cortex-a53", "max"])
@pytest.mark.parametrize("name", ["icc", "gic", "state"])
def test_gicv3_without(machine, name, cpu):
    """A GICv3 where the processor has none, on each processor; two such guests at once."""
    m = machine(gic=2, cpu=cpu, smp=2, files={"/%s.bin" % name: program(name)})
    for guest in ("a", "b"):
        create(m, guest, name, LATE, vcpus=3, gic=3)
    m.run("guest start a", status=0)
    check_output(run_to_end(m, "b", timeout=240))
    m.run("guest wait a", status=0, timeout=240)
    check_output(m.run("console a", status=0))


def test_state_of_two_guests(machine):
    """Two guests on one CPU, each with two vCPUs: none sees the registers of another."""
    m = machine(smp=1, cpu="max", files={"/state.bin": program("state")})
    create(m, "a", "state", "rounds=60 seed=1", vcpus=2)
    create(m, "b", "state", "rounds=30 seed=2", vcpus=2)
    m.run("guest start a", status=0)
    check_output(run_to_end(m, "b", timeout=120))
    m.run("guest wait a", status=0, timeout=120)
    check_output(m.run("console a", status=0))


def test_single_vcpu(machine):
    """A vCPU by itself is paused, resumed, switched off and on, and reset."""
    m = machine(smp=1, files={"/spin.bin": program("spin")})
    create(m, "g", "spin")
    m.run("guest start g", status=0)

    def begun(times):
        m.run_until("vserial dump g", lambda said: said.count("SPIN begins") == times)

    def state():
        return re.search(r"(?m)^g/vcpu0 +(\w+) .*?([\d.]+ \w+) +\d+$", m.run("vcpu list", status=0))

    begun(1)
    assert state()[1] in ("running", "ready")
    assert "is not paused" in m.run("vcpu resume g")
    m.run("vcpu pause g/vcpu0", status=0)
    held = state()
    assert held[1] == "paused"
    m.run("sleep 100ms", status=0)
    assert state()[2] == held[2]
    assert "is paused already" in m.run("vcpu pause g")
    m.run("vcpu resume g", status=0)
    m.run_until("vcpu list", lambda said: held[2] not in said)
    assert state()[1] != "paused"
    assert "is on already" in m.run("vcpu kick g")
    m.run("vcpu halt g", status=0)
    assert state()[1] == "off"
    assert "is off already" in m.run("vcpu halt g")
    begun(1)
    m.run("vcpu kick g", status=0)
    begun(2)
    # Reset while it is paused: it stays so.
    m.run("vcpu pause g; vcpu reset g", status=0)
    assert state()[1] == "off"
    assert re.search(r" PC 0*40080000\b", m.run("vcpu dumpreg g", status=0))
    m.run("vcpu kick g", status=0)
    assert state()[1] == "paused"
    m.run("vcpu resume g", status=0)
    begun(3)
    m.run("guest stop g", status=0)
    assert "is of a guest that is stopped" in m.run("vcpu kick g")
    m.run("guest start g", status=0)
    begun(4)
    assert state()[1] in ("running", "ready")


def test_typed_input(machine):
    """What is typed at a console reaches the guest's UART, by interrupt, and comes back."""
    m = machine(files={"/pl011.bin": program("pl011")})
    create(m, "g", "pl011", "echo")
    m.send("guest start g; console g\r")
    m.expect("ECHO begins")
    # More than all queues on its way hold: it waits for the guest to read.
    text = " ".join("%d bottles" % n for n in range(500))
    m.send(text + "!")
    m.expect(r"ECHO ends after (\d+)\s")
    assert text in m.before
    assert int(m.match[1]) == len(text) + 1
    m.wait_prompt()


def test_type_ahead(machine):
    """What is typed while a command runs waits for it, however much it is."""
    m = machine()
    m.send("sleep 2s; echo begin\r" + "".join("echo line %d\r" % n for n in range(300)))
    m.expect(r"\nline 299\r*\n")
    assert re.findall(r"(?m)^line (\d+)$", m.before) == [str(n) for n in range(299)]


def test_power_button(machine):
    """The power button is an interrupt of a GPIO line."""
    m = machine(files={"/board.bin": program("board")})
    create(m, "g", "board", "power")
    m.send("guest start g; console g\r")
    m.expect("POWER awaited")
    m.send("\x1bxq")
    m.wait_prompt()
    m.run("guest power g", status=0)
    m.run("guest wait g 60s", status=0)
    assert "POWER button" in m.run("console g", status=0)


# --- guests that misbehave --------------------------------------------------------------------

# Mode of the guest hostile, and how many of its vCPUs it keeps busy.
HOSTILE = [("registers", 1), ("nowhere", 1), ("tables", 1), ("console", 1), ("console-lines", 1),
           ("sgi", 1), ("sgi-all", 2), ("timer", 1), ("timer-set", 1), ("idle", 1), ("calls", 2),
           ("maintenance", 1), ("flash", 1), ("sysregs", 1), ("code", 1),
           ("pci", 1), ("its", 1)]
# Those for which the interrupt controller matters.
OF_GICV2 = ("registers", "sgi", "sgi-all", "timer")
# Those for which it matters that breakpoints catch a GICv3's registers, where there are none.
OF_SOFT_GICV3 = ("sgi", "sgi-all", "timer", "sysregs", "code")
# Those that end themselves: the reason that is given.
SUICIDAL = [("no-vectors", "where the guest has no memory"),
            ("device-vectors", "where the guest has no memory")]
# Those that take exceptions without an instruction between: where instructions are counted, time
# would stand still.
TIMELESS = ["fault-loop", "vector-loop"]
# Those that need a network that others use: test_switch.py.
AT_NETWORKS = ["net-flood", "net-frames", "net-rings"]
FILES = ("hostile", "witness")
# The hostile one may take that much more than its part, per mille.
TOLERANCE = 20
# A slice, and what the hypervisor does besides, in microseconds.
LONGEST = 10100


def hostile_machine(machine, mode, gic, more=None, **options):
    """A machine with the hostile guest running since a while, and more files."""
    host, guest = gic if isinstance(gic, tuple) else (gic, gic)
    files = {"/%s.bin" % name: program(name) for name in FILES}
    m = machine(gic=host, smp=1, files=dict(files, **more or {}), timeout=180, **options)
    m.run("net switch create lan", status=0)
    create(m, "h", "hostile", "mode=%s seed=7" % mode, vcpus=2, rng="on", console="on", net="lan",
           gic=guest)
    m.run("guest start h", status=0)
    m.run("sleep 20ms", status=0)
    return m


def free_pages(machine):
    """Pages of memory that nobody uses."""
    return int(re.search(r"pages: .*?(\d+) free", machine.run("host ram info", status=0))[1])


def witness(machine, milliseconds):
    """Run the well-behaved guest; give its share per mille, the longest wait, its lines."""
    create(machine, "w", "witness", "ms=%d" % milliseconds)
    text = run_to_end(machine, "w", timeout=180)
    match = re.search(r"WITNESS share (\d+) longest (\d+)", text)
    assert match, "the guest beside the hostile one did not end:\n" + text
    return int(match[1]), int(match[2]), text.count("WITNESS tick")


@pytest.mark.parametrize("mode,busy,gic", [row + (3,) for row in HOSTILE] + [
    row + (2,) for row in HOSTILE if row[0] in OF_GICV2] + [
    row + ((2, 3),) for row in HOSTILE if row[0] in OF_SOFT_GICV3])
def test_hostile(machine, mode, busy, gic):
    """Beside a hostile guest another one keeps its time and its output; all is given back."""
    m = hostile_machine(machine, mode, gic, icount=True)
    share, longest, lines = witness(m, 120)
    assert share >= 1000 // (busy + 1) - TOLERANCE
    assert longest <= LONGEST * busy
    assert lines >= 120 // 10 // (busy + 1) - 1
    # The hostile one is still there, or the log says why not; it goes when it is told to.
    assert re.search(r"(?m)^h +running", m.run("guest list", status=0))
    m.run("guest destroy h w", status=0)
    assert not m.run("guest list", status=0).count("h ")


@pytest.mark.parametrize("mode,reason", SUICIDAL, ids=[row[0] for row in SUICIDAL])
def test_hostile_to_itself(machine, mode, reason):
    """A guest that cannot go on ends, with a sentence that says why."""
    m = hostile_machine(machine, mode, 3, icount=True)
    output = m.run("guest wait h 60s", status=2)
    assert reason in output
    assert reason in m.run("log show", status=0)
    share, _, _ = witness(m, 100)
    assert share >= 950


@pytest.mark.parametrize("gic", [3, (2, 3)], ids=["3", "2-3"])
@pytest.mark.parametrize("mode", TIMELESS)
def test_hostile_without_instructions(machine, mode, gic):
    """A guest that only takes exceptions does not stop others either."""
    m = hostile_machine(machine, mode, gic)
    _, _, lines = witness(m, 500)
    assert lines > 10
    m.run("guest destroy h w", status=0)


def test_hostile_gives_all_back(machine):
    """After all modes have run for a moment, there is as much free memory as before."""
    m = machine(smp=2, files={"/hostile.bin": program("hostile")})

    def once(mode):
        create(m, "h", "hostile", "mode=%s" % mode, vcpus=2, rng="on", console="on", net="lan")
        m.run("guest start h", status=0)
        m.run("sleep 100ms", status=0)
        m.run("guest destroy h", status=0)

    once("registers")
    before = free_pages(m)
    for mode in [row[0] for row in HOSTILE + SUICIDAL] + TIMELESS + AT_NETWORKS:
        once(mode)
        assert free_pages(m) == before, mode
