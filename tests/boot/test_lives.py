# SPDX-License-Identifier: GPL-2.0-only
"""A thousand guests come and go, each in one of several ways: afterwards the memory, the heap and
the threads of the hypervisor are exactly what they were before."""
import os
import re

import pytest

import vm
from test_boards import assemble

LIVES = 1000
# Two for guests: on the PC they stay off the first (HOSTS).
CPUS = {"arm": 2, "x86": 3}
# Programs: one switches its machine off, one goes where nothing is, one works without end.
ARM = {
    "off": "mov w0, 8\n movk w0, 0x8400, lsl 16\n hvc #0\n",
    "lost": "mov x0, 0x20000000\n msr vbar_el1, x0\n br x0\n",
    "spin": "b .\n",
    # Resets its machine, and again; were it to go on behind that, it would switch it off.
    "again": "mov w0, 9\n movk w0, 0x8400, lsl 16\n hvc #0\n"
             "mov w0, 8\n movk w0, 0x8400, lsl 16\n hvc #0\n",
}
# The debug exit's port is 0x501; the interrupt table that is loaded is empty.
X86 = {
    "off": b"\x66\xba\x01\x05\x31\xc0\xee\xf4",
    "lost": b"\x31\xc0\x50\x50\x0f\x01\x1c\x24\x0f\x0b",
    "spin": b"\x90\x90\xeb\xfe",
    "again": b"\x66\xba\xf9\x0c\xb0\x06\xee\x66\xba\x01\x05\x31\xc0\xee\xf4",
}
CREATE = "guest create g board=%s mem=2M vcpus=2 disk=none net=lan rng=on console=on balloon=on" \
         " load=0x%x kernel=/%s"
# How a guest lives: its program, and what is done to it before it is destroyed.
WAYS = [("off", "guest start g ; guest wait g"), ("spin", "guest start g"),
        ("lost", "guest start g ; guest wait g || echo"), ("spin", "guest start g ; guest reset g"),
        ("spin", "guest start g ; guest pause g"), ("spin", "echo")]


def lives(count, board, load):
    """A script of so many of them."""
    return "".join("%s\n%s\nguest destroy g\n" % (CREATE % (board, load, program), way)
                   for program, way in (WAYS[n % len(WAYS)] for n in range(count)))


def state(machine):
    """What the hypervisor has: pages, heap, and its threads by name."""
    pages = re.search(r"pages: +(.*)", machine.run("host ram info", status=0))[1]
    heap = machine.run("heap info", status=0)
    threads = [(line.split()[0], line.split()[-1])
               for line in machine.run("thread list", status=0).splitlines()]
    return pages, heap, threads


def of_arch(arch, tmp_path):
    """Programs, image, board, and where programs are loaded."""
    if arch == "arm":
        programs = {name: assemble(tmp_path, "_start: " + source, 0)[1].read_bytes()
                    for name, source in ARM.items()}
        return programs, None, "virt", 0x40000000
    return X86, os.path.join(vm.OUT, "x86/vmm.bin"), "pc", 0x100000


@pytest.mark.parametrize("arch", ["arm", "x86"])
def test_thousand_lives(machine, tmp_path, arch):
    """By a script, with two vCPUs each and a device of each kind."""
    programs, image, board, load = of_arch(arch, tmp_path)
    files = {"/" + name: program for name, program in programs.items()}
    files.update({"/few": lives(2 * len(WAYS), board, load), "/many": lives(LIVES, board, load)})
    # What a guest that is lost is said to have done would fill the console.
    m = machine(arch=arch, image=image, smp=CPUS[arch], files=files, append="vmm.log=error",
                timeout=300)
    m.run("net switch create lan", status=0)
    m.run("vfs run /few", status=0)
    before = state(m)
    m.run("vfs run /many", status=0)
    assert state(m) == before


@pytest.mark.parametrize("arch", ["arm", "x86"])
def test_own_resets(machine, tmp_path, arch):
    """A guest that resets itself over and over stays what a person has made of it meanwhile."""
    programs, image, board, load = of_arch(arch, tmp_path)
    m = machine(arch=arch, image=image, smp=CPUS[arch], append="vmm.log=error",
                files={"/" + name: program for name, program in programs.items()})
    m.run("net switch create lan", status=0)
    m.run(CREATE % (board, load, "again"), status=0)
    # What it is described by stays as long as it does.
    assert "in use by a guest" in m.run("devtree del /guests/g/vcpus/vcpu0")
    for _ in range(10):
        m.run("guest start g", status=0)
        for _ in range(3):
            m.run("guest pause g", status=0)
            assert "g: paused" in m.run("guest status g", status=0)
            m.run("guest resume g ; vcpu dumpreg g/vcpu0", status=0)
            assert "g: running" in m.run("guest status g", status=0)
        m.run("guest stop g", status=0)
        assert "g: stopped; stopped" in m.run("guest status g", status=0)
    m.run("guest destroy g", status=0)
