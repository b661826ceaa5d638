#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Measure what operations cost, and compare with a budget file.

    O=build bench.py ../bench/budget.txt [name...]

Costs are counted by QEMU itself: with one instruction per nanosecond of virtual time, the same
program counts the same on every machine. Machines here have no input; they run a boot script, so
that nothing depends on when something is typed, and have one CPU, because QEMU 7.2 lets a busy CPU
starve the others where it counts instructions. A value above its budget, or one that could not be
measured, is a failure.
"""
import concurrent.futures
import math
import os
import random
import re
import subprocess
import sys

import bench_x86
import vm
from batch import FOLDER, Failed, batch, build_meter, read

LINUX_CMDLINE = "earlycon=pl011,0x9000000 console=ttyAMA0 nokaslr"
LINUX_MEM = 256
# Devices of QEMU's machine that a guest here has not; the reference is measured without them.
NOT_OURS = ("/pcie@10000000", "/platform-bus@c000000", "/fw-cfg@9020000")


def guest_file(name):
    """A tiny guest's program."""
    with open(os.path.join(vm.OUT, "guests", name + ".bin"), "rb") as source:
        return source.read()


# --- what is measured -----------------------------------------------------------------------

def measure_image():
    """Size of the image, and of the one that has guests and what they need, but no more."""
    small = os.path.join(vm.OUT, "small")
    subprocess.run(["make", "-s", "-C", vm.TOP, "O=" + small, "ARCH=arm", "BOARD=generic-v8-small"],
                   check=True, stdout=subprocess.DEVNULL)
    return {"image_kb": os.path.getsize(os.path.join(vm.OUT, "vmm.bin")) / 1024,
            "small_image_kb": os.path.getsize(os.path.join(small, "vmm.bin")) / 1024}


def measure_prompt():
    """Instructions from reset to the prompt."""
    output = batch("prompt", until=vm.PROMPT, meter=True, gic=3)
    output_v2 = batch("prompt-v2", until=vm.PROMPT, meter=True, gic=2)
    return {"reset_to_prompt": output.count(vm.PROMPT),
            "v2.reset_to_prompt": output_v2.count(vm.PROMPT)}


def measure_memory():
    """Memory of the hypervisor at the prompt, and of a guest with one vCPU beyond its own."""
    make = "guest create %s board=virt vcpus=1 mem=256M kernel=/spin.bin\nguest start %s\n" \
        "sleep 10ms\n"
    script = "host ram info\n" + make % ("a", "a") + "host ram info\n" + make % ("b", "b") + \
        "host ram info\nshutdown\n"
    output = batch("memory", script, {"/spin.bin": guest_file("spin")}, gic=3)
    own = [int(n) * 4 for n in re.findall(r"pages: .* (\d+) used by the hypervisor", output.text)]
    if len(own) != 3:
        raise Failed("host ram info does not say what the hypervisor uses:\n" + output.text)
    return {"ram_at_prompt_kb": own[0], "ram_per_guest_kb": own[2] - own[1]}


def operations(gic):
    """What the measuring guest prints, alone and with another guest on the same CPU."""
    make = "guest create %s board=virt vcpus=1 mem=16M kernel=/%s.bin %s\nguest start %s\n"
    script = make % ("b", "bench", "", "b") + "console b\n" + make % ("s", "spin", "", "s") + \
        make % ("c", "bench", "cmdline=shared", "c") + "console c\n" + \
        make % ("p", "bench", "cmdline=shared prio=4", "p") + "echo prio ; console p\nshutdown\n"
    files = {"/%s.bin" % name: guest_file(name) for name in ("bench", "spin")}
    text = batch("operations-v%d" % gic, script, files, gic=gic).text
    if text.count("BENCH done") != 3:
        raise Failed("not all runs of the guest bench ended:\n" + text[-2000:])
    alone, urgent = text.split("\nprio\r\n")
    values = {name: int(value) for name, value in re.findall(r"BENCH (\w+) (\d+) max", alone)}
    match = re.search(r"BENCH vtimer_wfi_shared (\d+)", urgent)
    values["vtimer_wfi_urgent"] = int(match[1])
    return values


def measure_operations():
    """On both interrupt controllers."""
    values = operations(3)
    values.update(("v2." + name, value) for name, value in operations(2).items())
    return values


def linux_files():
    """The Linux guest of the demo."""
    folder = os.path.join(vm.OUT, "disk", "arm64")
    files = {"/boot/vmlinuz": "vmlinuz", "/boot/initrd.cpio.gz": "initrd.cpio.gz"}
    return {path: read(os.path.join(folder, name)) for path, name in files.items()}


def linux_script(mark):
    """Makes and starts the Linux guest."""
    return ("guest create g board=virt vcpus=1 mem=%dM kernel=/boot/vmlinuz "
            "initrd=/boot/initrd.cpio.gz cmdline=\"%s\"\necho %s\nguest start g; console g\n"
            % (LINUX_MEM, LINUX_CMDLINE, mark))


def seconds_to_init(text):
    """The kernel's own clock when it starts the first program."""
    match = re.search(r"\[ *(\d+\.\d+)\] Run /init as init process", text)
    if not match:
        raise Failed("the kernel did not come to its init:\n" + text[-2000:])
    return float(match[1])


def reference_tree():
    """The device tree of QEMU's machine without what guests here have not."""
    path = os.path.join(FOLDER, "reference.dtb")
    subprocess.run(["qemu-system-aarch64", "-M", "virt,gic-version=3,dtb-randomness=off,dumpdtb=" +
                    path, "-cpu", "cortex-a57", "-m", str(LINUX_MEM), "-nographic", "-net", "none"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.run(["fdtput", "-r", path] + list(NOT_OURS), check=True)
    return path


def measure_linux():
    """Linux in a guest: to its first line, and from there to its init beside bare QEMU."""
    init = "Run /init as init process"
    mark = "guest-starts-now"
    output = batch("linux", linux_script(mark), linux_files(), until=init, meter=True, gic=3)
    folder = os.path.join(vm.OUT, "disk", "arm64")
    bare = batch("linux-bare", image=os.path.join(folder, "vmlinuz"), until=init, meter=True,
                 gic=3, el1=True, mem=LINUX_MEM, append=LINUX_CMDLINE,
                 initrd=os.path.join(folder, "initrd.cpio.gz"), extra=["-dtb", reference_tree()])
    ours, theirs = seconds_to_init(output.text), seconds_to_init(bare.text)
    print("Linux to init: %.6f s, on bare QEMU %.6f s; to its first line on bare QEMU: %d "
          "instructions" % (ours, theirs, bare.count("Booting Linux")))
    return {"guest_start_to_linux": output.count("Booting Linux") - output.count(mark),
            "linux_to_init_permille": max(0, (ours - theirs) / theirs * 1000)}


def initramfs_that_runs(name):
    """The demo's initramfs with a program of tests/bench that runs before the shell."""
    os.makedirs(FOLDER, exist_ok=True)
    program, result = (os.path.join(FOLDER, name + end) for end in ("", ".cpio.gz"))
    subprocess.run(["aarch64-linux-gnu-gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-static",
                    "-nostdlib", "-ffreestanding", "-o", program,
                    os.path.join(vm.TOP, "tests", "bench", name + ".c")], check=True)
    foreign = os.path.join(vm.OUT, "foreign")
    busybox = [os.path.join(folder, "busybox")
               for folder, _, files in os.walk(os.path.join(foreign, "busybox"))
               if "busybox" in files]
    subprocess.run([os.path.join(vm.TOP, "tools", "mkinitramfs"), "--modules",
                    os.path.join(foreign, "linux-arm64", "lib", "modules"), "--busybox", busybox[0],
                    "--add", "etc/autorun:755=" + program, "-o", result], check=True)
    return read(result)


def disk_reads(gic):
    """What reads by Linux cost the hypervisor: of a RAM disk, and of a file of ext2 on one."""
    folder, image = (os.path.join(FOLDER, name) for name in ("tree", "fs.img"))
    os.makedirs(folder, exist_ok=True)
    content = random.Random(1).randbytes(8 << 20)
    with open(os.path.join(folder, "disk.img"), "wb") as out:
        out.write(content)
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext2", "-b", "4096", "-d", folder, image,
                    "16M"], check=True,
                   env=dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin"))
    files = dict(linux_files(), **{
        "/boot/initrd.cpio.gz": initramfs_that_runs("linux_disk"), "/disk.img": content,
        "/fs.img": read(image)})
    script = ("blockdev ramdisk create /fs.img; vfs mount ramdisk0 /d\n"
              "guest create g board=virt vcpus=1 mem=%dM kernel=/boot/vmlinuz disk=ram:/disk.img "
              "disk=/d/disk.img initrd=/boot/initrd.cpio.gz cmdline=\"quiet console=ttyAMA0\"\n"
              "guest start g; console g\n" % LINUX_MEM)
    output = batch("disk-v%d" % gic, script, files, until="linux_disk: done", meter=True, gic=gic)
    values = {}
    for name, row in (("ram", "disk_read_"), ("file", "file_read_")):
        for size in ("4k", "64k"):
            begin, some, end = (output.count("#%s%s:%s" % (name, size, mark), own=True)
                                for mark in ("begin", "some", "end"))
            values[row + size] = ((end - some) - (some - begin)) / 1000
    return values


def measure_disk():
    """On both interrupt controllers."""
    values = disk_reads(3)
    values.update(("v2." + name, value) for name, value in disk_reads(2).items())
    return values


NETWORK = """#!/bin/sh
case "$(cat /proc/cmdline)" in *server*)
	ip addr add 10.0.0.1/24 dev eth0; ip link set eth0 up
	mkdir /tmp/www
	dd if=/dev/zero of=/tmp/www/few bs=64k count=16 2>/dev/null
	dd if=/dev/zero of=/tmp/www/many bs=64k count=272 2>/dev/null
	httpd -h /tmp/www
	exec sleep 1000;;
esac
ip addr add 10.0.0.2/24 dev eth0; ip link set eth0 up
until ping -c 1 -W 1 10.0.0.1 >/dev/null; do :; done
again() { ping -A -q -c $1 10.0.0.1 >/dev/null; }
fetch() { wget -q -O /dev/null http://10.0.0.1/$1; }
again 20
echo "#icmp:begin"; again 20; echo "#icmp:some"; again 220; echo "#icmp:end"
fetch many
echo "#tcp:begin"; fetch few; echo "#tcp:some"; fetch many; echo "#tcp:end"
echo "network: done"
"""


def network(gic):
    """What two Linux guests on one CPU that talk to each other cost the hypervisor."""
    os.makedirs(FOLDER, exist_ok=True)
    script, result = (os.path.join(FOLDER, "network" + end) for end in (".sh", ".cpio.gz"))
    with open(script, "w", encoding="utf-8") as out:
        out.write(NETWORK)
    foreign = os.path.join(vm.OUT, "foreign")
    busybox = [os.path.join(folder, "busybox")
               for folder, _, files in os.walk(os.path.join(foreign, "busybox"))
               if "busybox" in files]
    subprocess.run([os.path.join(vm.TOP, "tools", "mkinitramfs"), "--modules",
                    os.path.join(foreign, "linux-arm64", "lib", "modules"), "--busybox", busybox[0],
                    "--add", "etc/autorun:755=" + script, "-o", result], check=True)
    make = ("guest create %s board=virt vcpus=1 mem=192M net=lan kernel=/boot/vmlinuz "
            "initrd=/boot/initrd.cpio.gz cmdline=\"quiet console=ttyAMA0 %s\"\nguest start %s\n")
    script = "net switch create lan\n" + make % ("a", "server", "a") + "sleep 8s\n" + \
        make % ("b", "client", "b") + "console b\n"
    files = dict(linux_files(), **{"/boot/initrd.cpio.gz": read(result)})
    output = batch("network-v%d" % gic, script, files, until="network: done", meter=True, gic=gic)
    values = {}
    for name, count in (("icmp", 200), ("tcp", 256 * 65.536)):
        begin, some, end = (output.count("#%s:%s" % (name, mark), own=True)
                            for mark in ("begin", "some", "end"))
        values[name] = ((end - some) - (some - begin)) / count
    return {"icmp_round_trip": values["icmp"], "tcp_1000_bytes": values["tcp"]}


def measure_network():
    """On both interrupt controllers."""
    values = network(3)
    values.update(("v2." + name, value) for name, value in network(2).items())
    return values


MEASUREMENTS = (measure_image, measure_prompt, measure_memory, measure_operations, measure_linux,
                measure_disk, measure_network) + bench_x86.MEASUREMENTS


# --- the budget -----------------------------------------------------------------------------

def read_budget(path):
    """The rows of a budget file: name, what is to be reached, budget, description."""
    rows = []
    with open(path, encoding="utf-8") as budget:
        for number, line in enumerate(budget, start=1):
            fields = line.split(None, 3)
            if not fields or fields[0].startswith("#"):
                continue
            if len(fields) != 4 or not (fields[1].isdigit() or fields[1] == "-") or \
                    not fields[2].isdigit():
                sys.exit("%s:%d: not of the form: name reach budget description" % (path, number))
            rows.append((fields[0], fields[1], int(fields[2]), fields[3].strip()))
    return rows


def report(rows, values):
    """Print value, budget and aim of each row; give the number of failures."""
    failures = 0
    print("%-24s %10s %10s %10s" % ("", "measured", "budget", "reach"))
    for name, reach, budget, what in rows:
        value = values.get(name)
        good = value is not None and math.ceil(value) <= budget
        failures += not good
        print("%-24s %10s %10d %10s  %s %s" % (
            name, "-" if value is None else "%d" % math.ceil(value), budget, reach,
            "ok  " if good else "FAIL", what))
    return failures


def try_one(measure):
    """The values of one measurement; none, and why, if it could not be made."""
    try:
        return measure()
    except (OSError, subprocess.CalledProcessError, Failed) as failure:
        print("bench: %s: %s" % (measure.__name__, failure), file=sys.stderr)
        return {}


def main():
    """Command line."""
    if len(sys.argv) < 2:
        sys.exit("usage: bench.py <budget file> [name...]")
    rows = [row for row in read_budget(sys.argv[1]) if not sys.argv[2:] or row[0] in sys.argv[2:]]
    build_meter()
    # Counting does not mind how many of them there are at a time.
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as workers:
        values = {name: value for found in workers.map(try_one, MEASUREMENTS)
                  for name, value in found.items()}
    failures = report(rows, values)
    print("bench: %d of %d values within the budget" % (len(rows) - failures, len(rows)))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
