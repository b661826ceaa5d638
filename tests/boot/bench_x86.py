# SPDX-License-Identifier: GPL-2.0-only
"""What operations cost under SVM: the part of bench.py that is about PCs. All its names begin with
"x86."; image, guests and kernels are those of <output>/x86.
"""
import os
import re

import vm
from batch import Failed, batch, read

OUT_X86 = os.path.join(vm.OUT, "x86")
IMAGE = os.path.join(OUT_X86, "vmm.bin")
LINUX = os.path.join(OUT_X86, "disk", "cloud-amd64")
LINUX_CMDLINE = "earlyprintk=ttyS0 console=ttyS0 nokaslr"
LINUX_MEM = 256
# QEMU's PC tells no frequencies: Linux would measure them there against a clock, for a tenth of
# a second, and not here.
BARE_CMDLINE = LINUX_CMDLINE + " tsc_early_khz=1000000 nolapic_timer"


def pc(name, *arguments, **options):
    """As batch(), on a PC."""
    return batch("x86-" + name, *arguments, **dict({"arch": "x86", "image": IMAGE}, **options))


def guest_file(name):
    """A tiny guest's program."""
    return read(os.path.join(OUT_X86, "guests", name + ".bin"))


def measure_image():
    """Size of the image."""
    return {"x86.image_kb": os.path.getsize(IMAGE) / 1024}


def measure_prompt():
    """From reset to the prompt: the hypervisor's own instructions, not those of firmware."""
    return {"x86.reset_to_prompt": pc("prompt", until=vm.PROMPT, meter=True).count(vm.PROMPT,
                                                                                 own=True)}


def measure_operations():
    """What the measuring guest prints; on the way, memory at the prompt and of a guest."""
    make = "guest create %s board=pc vcpus=1 mem=64M kernel=/bench.bin\n"
    script = ("host ram info\n" + make % "a" + "host ram info\n" + make % "b" +
              "host ram info\nguest start b; guest wait b 20s; vserial dump b/uart0\nshutdown\n")
    text = pc("operations", script, {"/bench.bin": guest_file("bench")}).text
    if "BENCH done" not in text:
        raise Failed("the guest bench did not come to its end:\n" + text[-2000:])
    values = {"x86." + name: int(value)
              for name, value in re.findall(r"BENCH (\w+) (\d+) max", text)}
    own = [int(n) * 4 for n in re.findall(r"pages: .* (\d+) used by the hypervisor", text)]
    if len(own) != 3:
        raise Failed("host ram info does not say what the hypervisor uses:\n" + text)
    return dict(values, **{"x86.ram_at_prompt_kb": own[0], "x86.ram_per_guest_kb": own[2] - own[1]})


def measure_linux():
    """Linux in a guest: to its first line, and from there to its init beside bare QEMU."""
    first, init, mark = "Linux version", "Run /init as init process", "guest-starts-now"
    script = ("guest create g board=pc vcpus=1 mem=%dM kernel=/boot/vmlinuz "
              "initrd=/boot/initrd.cpio.gz cmdline=\"%s\"\necho %s\nguest start g; console g\n"
              % (LINUX_MEM, LINUX_CMDLINE, mark))
    kernel, initrd = (os.path.join(LINUX, name) for name in ("vmlinuz", "initrd.cpio.gz"))
    files = {"/boot/vmlinuz": read(kernel), "/boot/initrd.cpio.gz": read(initrd)}
    output = pc("linux", script, files, until=init, meter=True)
    bare = pc("linux-bare", image=kernel, until=init, meter=True, mem=LINUX_MEM,
              append=BARE_CMDLINE, initrd=initrd, extra=["-nodefaults", "-vga", "none"])
    ours, theirs = (run.count(init) - run.count(first) for run in (output, bare))
    own = output.count(init, own=True) - output.count(first, own=True)
    print("Linux for PCs to init: %d instructions, %d of them the hypervisor's; on bare QEMU %d"
          % (ours, own, theirs))
    return {"x86.guest_start_to_linux": output.count(first) - output.count(mark),
            "x86.linux_to_init_permille": max(0, (ours - theirs) / theirs * 1000),
            "x86.linux_own_permille": own / theirs * 1000}


MEASUREMENTS = (measure_image, measure_prompt, measure_operations, measure_linux)
