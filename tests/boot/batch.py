# SPDX-License-Identifier: GPL-2.0-only
"""Machines without input for measurements: they run a script, and what they have printed comes back
with the instructions that were executed until each character (tests/bench/meter.c counts them).
"""
import os
import struct
import subprocess
import time

import vm

FOLDER = os.path.join(vm.OUT, "bench")
METER_SOURCE = os.path.join(vm.TOP, "tests", "bench", "meter.c")
METER = os.path.join(FOLDER, "meter.so")
SCRIPT = "/boot.xscript"


class Failed(Exception):
    """A measurement that could not be made, in words."""


class Output:
    """What a machine printed, and for each character the instructions executed until then."""

    def __init__(self, text, counts):
        self.text = text
        self.counts = counts

    def count(self, what, own=False):
        """Instructions, or the hypervisor's own, until the last character of this text."""
        position = self.text.find(what)
        if position < 0 or len(self.counts) < 2 * (position + len(what)):
            raise Failed("the machine did not print %r" % what)
        return self.counts[2 * (position + len(what) - 1) + own]


def build_meter():
    """The plugin of QEMU that counts; made anew when its source is newer."""
    os.makedirs(FOLDER, exist_ok=True)
    if os.path.exists(METER) and os.path.getmtime(METER) > os.path.getmtime(METER_SOURCE):
        return
    subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-o", METER,
                    METER_SOURCE], check=True)


def read(path):
    """A file's bytes, none if it is not there yet."""
    try:
        with open(path, "rb") as source:
            return source.read()
    except FileNotFoundError:
        return b""


def has_come(text, serial, counts):
    """Is it in the serial port's file, and in that of the counts all that goes with it?"""
    position = read(serial).find(text.encode())
    return position >= 0 and (not counts or
                              len(read(counts)) >= 16 * (position + len(text.encode())))


def batch(name, script=None, files=None, until=None, image=None, meter=False, extra=(),
          timeout=300, **machine):
    """Run a machine until it prints something, or switches itself off; give its Output."""
    os.makedirs(FOLDER, exist_ok=True)
    serial, counts = (os.path.join(FOLDER, name + end) for end in (".serial", ".counts"))
    for path in (serial, counts):
        if os.path.exists(path):
            os.unlink(path)
    line = [os.path.join(vm.TOP, "tools", "run-qemu"), "--icount", "--image",
            image or os.path.join(vm.OUT, "vmm.bin")]
    for option, value in dict({"smp": 1, "mem": 2048}, **machine).items():
        line += ["--" + option] + ([] if value is True else [str(value)])
    if script is not None:
        files = dict(files or {}, **{SCRIPT: script})
    if files:
        line += ["--initrd", vm.make_initrd(os.path.join(FOLDER, name + ".cpio"), files)]
    line += ["--", "-serial", "file:" + serial, "-monitor", "none"] + list(extra)
    if meter:
        build_meter()
        line += ["-plugin", "%s,out=%s%s" % (METER, counts, ",serial=" + serial if
                                             machine.get("arch") == "x86" else "")]
    with open(os.path.join(FOLDER, name + ".stderr"), "wb") as errors, \
            subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=errors,
                             stderr=errors) as process:
        end = time.monotonic() + timeout * vm.SCALE
        try:
            while process.poll() is None and time.monotonic() < end and not (
                    until and has_come(until, serial, counts if meter else None)):
                time.sleep(0.1)
            timed_out = process.poll() is None and time.monotonic() >= end
        finally:
            process.kill()
    text = read(serial).decode("latin-1")
    if until and until not in text or not until and timed_out:
        raise Failed("%s: %r did not come within %d s; it printed last:\n%s\nand QEMU said:\n%s" % (
            name, until or "the end", timeout, text[-2000:],
            read(os.path.join(FOLDER, name + ".stderr")).decode()))
    raw = read(counts)
    return Output(text, struct.unpack("=%dQ" % (len(raw) // 8), raw[:len(raw) // 8 * 8]))
