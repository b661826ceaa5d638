# SPDX-License-Identifier: GPL-2.0-only
"""The image for x86 on PCs of QEMU: start, processors, clock, power."""
import os
import pathlib
import re

import pytest

import vm

FOLDER = os.path.join(vm.OUT, "x86")
IMAGE = os.path.join(vm.OUT, "x86", "vmm.bin")
BUILD = "make O=%s ARCH=x86 BOARD=x86_64_generic image" % os.path.dirname(IMAGE)
SVM_CPUS = ["max,-vgif", "EPYC,+svm,+npt"]
LINUX = """guest create web board=pc vcpus=%d mem=256M kernel=/boot/vmlinuz \
initrd=/boot/initrd.cpio.gz cmdline="console=ttyS0 quiet"
guest start web
console web
"""
FILES = {"/boot/hello": "hello, world\n", "/motd": "line\n" * 1000, "/big": bytes(range(256)) * 400,
         "/empty": ""}


@pytest.fixture(name="pc")
def start_pc(machine):
    """As machine(), of a PC."""
    assert os.path.exists(IMAGE), "%s is missing: %s" % (IMAGE, BUILD)

    def start(**options):
        return machine(arch="x86", image=IMAGE, **options)
    return start


@pytest.mark.parametrize("kind,cpu,smp", [("q35", SVM_CPUS[0], 2), ("pc", SVM_CPUS[1], 1)])
def test_boots(pc, kind, cpu, smp):
    """Prompt, all processors, the suites that are in the image; switched off by ACPI."""
    m = pc(machine=kind, cpu=cpu, smp=smp, files=FILES)
    cpus = m.run("host cpu info", status=0)
    assert re.findall(r"(?m)^\s*(\d+)\s+0x\d", cpus) == [str(n) for n in range(smp)]
    assert re.search(r"selftest: [1-9]\d* passed, 0 failed", m.run("selftest", timeout=240,
                                                                   status=0))
    assert "hello" in m.run("vfs cat /boot/hello", status=0)
    m.send("shutdown\r")
    assert m.wait_end() == 0


def test_reset(pc):
    """A reset starts the machine anew, and the early console says what is missing without SVM."""
    m = pc(cpu="max,-svm", wait=False)
    m.expect_exact("has no SVM with nested paging")
    m.expect_exact("Stopped.")
    m = pc(smp=2, reboot=True)
    used = re.search(r"(\d+) used by the hypervisor", m.run("host ram info", status=0))
    assert int(used.group(1)) * 4 <= 6 * 1024
    m.send("reset\r")
    m.wait_prompt()


@pytest.mark.parametrize("vcpus", [1, 2])
def test_linux(pc, vcpus):
    """Debian's kernel to a shell, under counted instructions; it powers itself off."""
    disk = os.path.join(FOLDER, "disk", "cloud-amd64")
    files = {"/boot/vmlinuz": pathlib.Path(disk, "vmlinuz"),
             "/boot/initrd.cpio.gz": pathlib.Path(disk, "initrd.cpio.gz"),
             "/boot.xscript": LINUX % vcpus}
    m = pc(smp=1, icount=True, files=files, wait=False, timeout=180)
    m.expect(r"guest-init: ready: Linux [^ ]* on (\d+) CPUs")
    assert int(m.match.group(1)) == vcpus
    m.send("cat /proc/cpuinfo | grep -c SVM-nothing; echo mark-$((6 * 7))\r")
    m.expect_exact("mark-42")
    m.send("poweroff -f\r")
    m.expect("web: powered off|powered off")
