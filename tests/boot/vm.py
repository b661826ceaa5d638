# SPDX-License-Identifier: GPL-2.0-only
"""A machine of QEMU with the hypervisor on it, as the tests see it.

    with Machine("name", files={"/boot.xscript": "echo hello"}, gic=2, smp=4) as machine:
        machine.wait_prompt()
        assert "0" in machine.run("host cpu")

Whatever happens, QEMU is ended when the block is left, and all that the machine printed is in
<output>/tests/<name>.log.
"""
import itertools
import os
import re
import sys
import time

import pexpect

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tools"))
import mkcpio  # noqa: E402  (found by the line above)

OUT = os.path.abspath(os.environ.get("O", os.path.join(TOP, "build")))
# Slow machines: each timeout is multiplied by this.
SCALE = float(os.environ.get("TIMEOUT_SCALE", "1"))
PROMPT = "XVisor# "
# What a terminal understands and a test does not want to read.
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")
TAIL_LINES = 60
marks = itertools.count(1)


class Died(AssertionError):
    """The machine ended or stayed silent while something was expected of it."""


def plain(text):
    """Output without what controls the terminal."""
    return CONTROL.sub("", text)


def make_initrd(path, files):
    """Write an archive from a dict of path -> text, bytes, or a file given as an os.PathLike.

    A path that ends with "/" makes a folder."""
    archive = mkcpio.Cpio()
    for name, content in files.items():
        if name.endswith("/"):
            archive.folder(name)
            continue
        if isinstance(content, os.PathLike):
            with open(content, "rb") as source:
                content = source.read()
        archive.file(name, content)
    with open(path, "wb") as out:
        archive.write(out)
    return path


class Machine:
    """One run of QEMU. All arguments but the name have a default:

    image   the hypervisor, "" for what starts from a disk; cpu, gic, smp, mem (MiB): the machine
    arch    "arm", or "x86" with machine "q35" or "pc"
    append  the hypervisor's command line
    files   content of the initrd, as for make_initrd; initrd: the file of a ready one
    nics    network interfaces as -netdev has them, without an id; nic_model: their kind
    disks   files that are virtio disks, with options of QEMU's -drive: "x.img,readonly=on"
    virtio  "mmio" or "pci"; icount, el1, el3, reboot, rng: as tools/run-qemu has them
    extra   arguments for QEMU
    """

    def __init__(self, name, image=None, cpu=None, gic=3, smp=2, mem=1024, append=None,
                 files=None, initrd=None, icount=False, el1=False, el3=False, reboot=False,
                 disks=(), nics=(), nic_model="virtio-net", virtio="mmio", rng=False, extra=(),
                 timeout=60, arch="arm", machine=None):
        self.name = re.sub(r"[^A-Za-z0-9._-]+", "_", name)
        self.timeout = timeout * SCALE
        folder = os.path.join(OUT, "tests")
        os.makedirs(folder, exist_ok=True)
        self.log_path = os.path.join(folder, self.name + ".log")
        self.temporary = None
        if files is not None:
            initrd = self.temporary = os.path.join(folder, self.name + ".cpio")
            make_initrd(initrd, files)
        line = ["--gic", str(gic), "--arch", arch, "--smp", str(smp), "--mem", str(mem),
                "--virtio", virtio]
        if image is None:
            image = os.path.join(OUT, "vmm.bin")
        for disk in disks:
            line += ["--disk", os.fspath(disk)]
        for nic in nics:
            line += ["--nic", nic, "--nic-model", nic_model]
        for option, value in (("--image", image), ("--initrd", initrd), ("--append", append),
                              ("--cpu", cpu), ("--machine", machine)):
            if value:
                line += [option, os.fspath(value)]
        for option, wanted in (("--icount", icount), ("--el1", el1), ("--el3", el3),
                               ("--reboot", reboot), ("--rng", rng)):
            if wanted:
                line.append(option)
        self.arguments = line + ["--show", "--"] + list(extra)
        self.child = None
        self.log = None

    def __enter__(self):
        self.log = open(self.log_path, "w", encoding="utf-8", errors="replace", buffering=1,
                        newline="")
        self.child = pexpect.spawn(os.path.join(TOP, "tools", "run-qemu"), self.arguments,
                                   encoding="utf-8", codec_errors="replace", echo=False,
                                   timeout=self.timeout, dimensions=(50, 200))
        self.child.logfile_read = self.log
        # A line that pexpect sends before the other side reads must not be slowed down.
        self.child.delaybeforesend = None
        return self

    def __exit__(self, *exception):
        self.kill()
        if self.temporary and exception[0] is None:
            os.unlink(self.temporary)
        return False

    def kill(self):
        """End QEMU, if it still runs, and close the log."""
        if self.child is not None:
            try:
                self.child.close(force=True)
            except pexpect.ExceptionPexpect:
                self.child.wait()  # killed, but a busy machine takes its time to do it
        if self.log is not None and not self.log.closed:
            self.log.close()

    def tail(self):
        """The last lines that the machine printed."""
        with open(self.log_path, encoding="utf-8", errors="replace", newline="") as log:
            lines = plain(log.read()).splitlines()
        return "\n".join(lines[-TAIL_LINES:])

    def expect(self, pattern, timeout=None):
        """Wait for a pattern or one of a list; give the index of the one that came.

        Words that mean the end of the hypervisor end the waiting at once."""
        patterns = pattern if isinstance(pattern, list) else [pattern]
        allowed = any(isinstance(p, str) and "panic" in p for p in patterns)
        seconds = self.timeout if timeout is None else timeout * SCALE
        watched = patterns + ([] if allowed else [r"(?m)^[^\n]*\bpanic:[^\n]*\n"])
        try:
            index = self.child.expect(watched, timeout=seconds)
        except pexpect.TIMEOUT:
            raise Died("%s: nothing matched %r within %d s; it printed last:\n%s"
                       % (self.name, patterns, seconds, self.tail())) from None
        except pexpect.EOF:
            self.child.close()
            raise Died("%s: QEMU ended (exit code %s) while %r was expected; it printed last:\n%s"
                       % (self.name, self.child.exitstatus, patterns, self.tail())) from None
        if index == len(patterns):
            raise Died("%s: the hypervisor gave up while %r was expected; it printed last:\n%s"
                       % (self.name, patterns, self.tail()))
        return index

    def expect_exact(self, text, timeout=None):
        """Wait for this very text."""
        return self.expect(re.escape(text), timeout)

    @property
    def before(self):
        """What came before the text that was waited for."""
        return plain(self.child.before)

    @property
    def match(self):
        """The match of the last expect."""
        return self.child.match

    def send(self, text):
        """Type some text, without a newline."""
        self.child.send(text)

    def wait_prompt(self, timeout=None):
        """Wait for the shell's prompt; give what was printed before it."""
        self.expect_exact(PROMPT, timeout)
        return self.before

    def run(self, command, timeout=None, status=None):
        """Run a command of the shell, give what it printed.

        With a status, the command must end with this exit code ("$?" of the shell). The end is
        found by a mark of its own, so that a prompt inside the output does no harm."""
        mark = "end-of-command-%d" % next(marks)
        self.child.send(command + "\r")
        # The shell echoes the line; what follows it is the output.
        self.wait_echo(command, timeout)
        self.expect_exact(PROMPT, timeout)
        output = self.before.strip("\n")
        self.child.send('echo "%s=$?"\r' % mark)
        self.expect(re.escape(mark) + r"=(-?\d+)(?=\D)", timeout)
        code = int(self.match.group(1))
        self.wait_prompt(timeout)
        if status is not None and code != status:
            raise AssertionError("%s: %r ended with %d instead of %d; it printed:\n%s"
                                 % (self.name, command, code, status, output))
        return output

    def run_until(self, command, holds):
        """Run it again and again until its output is as wanted; give that. At most 60 s."""
        end = time.monotonic() + 60 * SCALE
        while True:
            output = self.run(command, status=0)
            if holds(output):
                return output
            assert time.monotonic() < end, output
            self.run("sleep 100ms", status=0)

    def wait_echo(self, command, timeout=None):
        """Pass over the echo of a typed line, which may be broken by the width of the line."""
        end = command[-8:]
        self.expect(r"(?:\x1b\[[0-9;?]*[A-Za-z]|\r|\n)*".join(map(re.escape, end)) +
                    r"[^\n]*\n", timeout)

    def wait_end(self, timeout=None):
        """Wait until QEMU ends by itself (power off); give its exit code."""
        seconds = self.timeout if timeout is None else timeout * SCALE
        try:
            self.child.expect(pexpect.EOF, timeout=seconds)
        except pexpect.TIMEOUT:
            raise Died("%s: the machine did not switch off within %d s; it printed last:\n%s"
                       % (self.name, seconds, self.tail())) from None
        self.child.close()
        return self.child.exitstatus

    def monitor(self, command, timeout=20):
        """Run a command of QEMU's monitor, give its output."""
        self.child.send("\x01c")
        self.child.send(command + "\n")
        self.expect(r"\(qemu\) ", timeout)
        self.expect(re.escape(command[-4:]) + r"[^\n]*\n", timeout)
        self.expect(r"\(qemu\) ", timeout)
        output = self.before
        self.child.send("\x01c")
        return output
