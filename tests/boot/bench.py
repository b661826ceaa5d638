#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Measure what operations cost, and compare with a budget file.

    O=build bench.py ../bench/budget.txt [name...]

Costs are counted by QEMU itself: with one instruction per nanosecond of virtual time, the same
program counts the same on every machine. A value above its limit, or one that was not measured, is
a failure.
"""
import os
import re
import sys

import pexpect

import vm

BENCH_GUEST = os.path.join(vm.OUT, "guests", "bench.bin")
ONE_MACHINE = {"cpu": "cortex-a57", "gic": 3, "smp": 1, "mem": 2048, "icount": True,
               "timeout": 120}


def read_budget(path):
    """The rows of a budget file: name, limit, description."""
    rows = []
    with open(path, encoding="utf-8") as budget:
        for number, line in enumerate(budget, start=1):
            fields = line.split(None, 2)
            if not fields or fields[0].startswith("#"):
                continue
            if len(fields) != 3 or not fields[1].isdigit():
                sys.exit("%s:%d: not of the form: name limit description" % (path, number))
            rows.append((fields[0], int(fields[1]), fields[2].strip()))
    return rows


class Counting(vm.Machine):
    """A machine whose executed instructions can be asked for."""

    def __init__(self, name, **options):
        record = os.path.join(vm.OUT, "tests", name + ".record")
        super().__init__(name, extra=("-icount", "shift=0,sleep=off,rr=record,rrfile=" + record),
                         **dict(ONE_MACHINE, **options))
        self.record = record

    def instructions(self):
        """Executed instructions of all CPUs since reset."""
        return int(re.search(r"instruction count = (\d+)", self.monitor("info replay"))[1])

    def kill(self):
        super().kill()
        if os.path.exists(self.record):
            os.unlink(self.record)


def used_memory(machine):
    """KiB of RAM that the hypervisor itself uses, as "host info" says it."""
    output = machine.run("host info", status=0)
    match = re.search(r"([\d.]+) ([KMG])iB used by the hypervisor", output)
    if not match:
        raise ValueError("\"host info\" does not say what the hypervisor uses:\n" + output)
    return float(match[1]) * 1024 ** "KMG".index(match[2])


def measure_image():
    """Size of the image."""
    return {"image_kb": os.path.getsize(os.path.join(vm.OUT, "vmm.bin")) / 1024}


def measure_prompt():
    """Instructions and memory at the prompt."""
    with Counting("bench-prompt") as machine:
        machine.wait_prompt()
        instructions = machine.instructions()
    with vm.Machine("bench-ram", **ONE_MACHINE) as machine:
        machine.wait_prompt()
        return {"reset_to_prompt": instructions, "ram_at_prompt_kb": used_memory(machine)}


def linux_files():
    """The Linux guest of the demo."""
    folder = os.path.join(vm.OUT, "disk", "arm64")
    names = {"/boot/vmlinuz": "vmlinuz", "/boot/initrd.cpio.gz": "initrd.cpio.gz"}
    files = {}
    for path, name in names.items():
        with open(os.path.join(folder, name), "rb") as source:
            files[path] = source.read()
    return files


def measure_guest():
    """Memory of a guest, and the cost of starting Linux in one."""
    create = ("guest create g board=virt vcpus=1 mem=256M kernel=/boot/vmlinuz "
              "initrd=/boot/initrd.cpio.gz cmdline=\"earlycon=pl011,0x9000000 console=ttyAMA0\"")
    with Counting("bench-guest", files=linux_files()) as machine:
        machine.wait_prompt()
        before = used_memory(machine)
        machine.run(create, status=0, timeout=300)
        after = used_memory(machine)
        start = machine.instructions()
        machine.send("guest start g; console g\r")
        machine.expect("Booting Linux", timeout=300)
        return {"ram_per_guest_kb": after - before,
                "guest_start_to_linux": machine.instructions() - start}


def measure_operations():
    """What the measuring guest prints: lines "BENCH name value" and in the end "BENCH done"."""
    with open(BENCH_GUEST, "rb") as source:
        files = {"/bench.bin": source.read()}
    values = {}
    with vm.Machine("bench-operations", files=files, **ONE_MACHINE) as machine:
        machine.wait_prompt()
        machine.run("guest create bench board=virt vcpus=1 mem=16M kernel=/bench.bin", status=0)
        machine.send("guest start bench; console bench\r")
        while True:
            machine.expect(r"BENCH (\w+)(?: (-?\d+))?\r*\n", timeout=300)
            name, value = machine.match.groups()
            if name == "done":
                return values
            values[name] = int(value)


# Which rows a function measures; the measuring guest has all the others.
MEASURES = [
    (measure_image, {"image_kb"}),
    (measure_prompt, {"reset_to_prompt", "ram_at_prompt_kb"}),
    (measure_guest, {"ram_per_guest_kb", "guest_start_to_linux"}),
    (measure_operations, set()),
]


def wanted(rows):
    """The functions that are needed for these rows."""
    others = {row[0] for row in rows} - set().union(*(names for _, names in MEASURES))
    return [measure for measure, names in MEASURES
            if (others if not names else names & {row[0] for row in rows})]


def report(rows, values):
    """Print value and limit of each row; give the number of failures."""
    failures = 0
    print("%-22s %12s %12s" % ("", "measured", "limit"))
    for name, limit, what in rows:
        value = values.get(name)
        good = value is not None and value <= limit
        failures += not good
        print("%-22s %12s %12d  %s %s" % (name, "-" if value is None else "%.0f" % value, limit,
                                          "ok  " if good else "FAIL", what))
    return failures


def main():
    """Command line."""
    if len(sys.argv) < 2:
        sys.exit("usage: bench.py <budget file> [name...]")
    rows = [row for row in read_budget(sys.argv[1]) if not sys.argv[2:] or row[0] in sys.argv[2:]]
    values = {}
    for measure in wanted(rows):
        try:
            values.update(measure())
        except (OSError, ValueError, TypeError, AssertionError,
                pexpect.ExceptionPexpect) as failure:
            print("bench: %s: %s" % (measure.__name__, failure), file=sys.stderr)
    failures = report(rows, values)
    print("bench: %d of %d values within the budget" % (len(rows) - failures, len(rows)))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
