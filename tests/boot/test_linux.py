# SPDX-License-Identifier: GPL-2.0-only
"""An unmodified Debian Linux in a guest: on each machine, with several CPUs, beside another one."""
import itertools
import os
import re
import subprocess

import pytest

import vm

GUEST_PROMPT = "guest:/# "
# Loading a kernel and starting its user space, on a slow build machine.
BOOT_SECONDS = 180


def create(machine, name, vcpus=1, mem="256M", more=""):
    """Make a guest with the files of the fixture "linux", and start it."""
    machine.run("guest create %s board=virt vcpus=%d mem=%s kernel=/boot/vmlinuz "
                "initrd=/boot/initrd.cpio.gz %s cmdline=\"console=ttyAMA0\""
                % (name, vcpus, mem, more), timeout=BOOT_SECONDS, status=0)
    machine.run("guest start " + name, status=0)


def wait_ready(machine, name, vcpus=1):
    """Go to the console of a guest that was started and wait for its shell."""
    machine.send("console %s\r" % name)
    machine.expect(r"guest-init: ready: Linux \S+ on (\d+) CPUs", BOOT_SECONDS)
    assert int(machine.match.group(1)) == vcpus
    machine.expect_exact(GUEST_PROMPT, BOOT_SECONDS)


def in_guest(machine, command, timeout=None):
    """Run a command in the shell of the guest whose console this is."""
    machine.send(command + "\r")
    # The echo; a message of the kernel may come between its letters.
    machine.expect(".{0,300}?".join(map(re.escape, command[-6:])) + r"[^\n]*\n", timeout)
    machine.expect_exact(GUEST_PROMPT, timeout)
    return machine.before


def switch_off(machine):
    """Switch the guest off from inside; the console ends by itself."""
    machine.send("poweroff -f\r")
    machine.wait_prompt(60)


def with_program(linux, folder, name, compiler="aarch64-linux-gnu-gcc"):
    """The Linux guest's initramfs with a program of this folder, /bin/<name>."""
    program_file = folder / name
    subprocess.run([compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-static",
                    "-nostdlib", "-ffreestanding", "-o", program_file,
                    os.path.join(vm.TOP, "tests", "boot", name + ".c")], check=True)
    archive = vm.mkcpio.Cpio()
    archive.folder("bin")
    archive.file("bin/" + name, program_file.read_bytes(), 0o755)
    with open(folder / "first.cpio", "wb") as out:
        archive.write(out)
    # The kernel takes one archive behind the other.
    first = (folder / "first.cpio").read_bytes()
    return first + bytes(-len(first) % 512) + linux["/boot/initrd.cpio.gz"].read_bytes()


# CPU, interrupt controller of the machine, its CPUs.
MACHINES = itertools.product(["cortex-a53", "cortex-a57", "max"], [2, 3], [1, 4])


def check_linux(m, vcpus):
    """Linux comes up with all its CPUs, works, and switches itself off."""
    create(m, "linux", vcpus)
    wait_ready(m, "linux", vcpus)
    assert "%d" % vcpus in in_guest(m, "grep -c ^processor /proc/cpuinfo")
    assert "ttyAMA0" in in_guest(m, "cat /proc/consoles")
    # Time passes at the right speed, and timer interrupts come on each CPU.
    before = float(in_guest(m, "cat /proc/uptime").split()[0])
    in_guest(m, "sleep 2", timeout=60)
    after = float(in_guest(m, "cat /proc/uptime").split()[0])
    assert 1.9 <= after - before
    timers = in_guest(m, "grep arch_timer /proc/interrupts")
    assert all(int(n) > 0 for n in re.search(r":((?:\s+\d+)+)", timers)[1].split())
    log = in_guest(m, "dmesg")
    assert not re.search(r"\bBUG\b|\bOops\b|Call trace|unhandled|rcu_sched.*stall", log)
    switch_off(m)
    m.run("guest destroy linux", status=0)
    assert "linux" not in m.run("guest list", status=0)


@pytest.mark.parametrize("cpu,gic,smp", MACHINES)
def test_linux(machine, linux, cpu, gic, smp):
    """On each machine, with one and with four vCPUs."""
    m = machine(cpu=cpu, gic=gic, smp=smp, files=linux)
    for vcpus in 1, 4:
        check_linux(m, vcpus)


# Interrupt controller of the machine, of the guest; CPU, vCPUs.
GICS = [(2, 2, "cortex-a57", 2), (3, 3, "cortex-a57", 2), (3, 2, "cortex-a57", 2),
        (2, 3, "cortex-a57", 1), (2, 3, "cortex-a57", 4), (2, 3, "max", 1), (2, 3, "max", 2)]


@pytest.mark.parametrize("host_gic,guest_gic,cpu,vcpus", GICS)
def test_guest_gic(machine, linux, host_gic, guest_gic, cpu, vcpus):
    """A guest gets the interrupt controller that it was asked for, whatever the machine's is."""
    m = machine(gic=host_gic, cpu=cpu, smp=2, files=linux)
    create(m, "linux", vcpus, more="gic=%d" % guest_gic)
    wait_ready(m, "linux", vcpus)
    gic = in_guest(m, "grep arch_timer /proc/interrupts")
    assert "GIC-0" in gic if guest_gic == 2 else "GICv3" in gic
    in_guest(m, "sleep 1", timeout=60)
    assert re.search(r"[0-9a-f]{64}", in_guest(m, "sha256sum /bin/busybox", 60))
    log = in_guest(m, "dmesg")
    assert not re.search(r"\bBUG\b|\bOops\b|Call trace|unhandled|rcu_sched.*stall", log)
    switch_off(m)
    m.run("guest destroy linux", status=0)


def test_entropy(machine, linux):
    """Linux finds the source of entropy in its firmware, and reads from it."""
    m = machine(files=linux)
    create(m, "linux")
    wait_ready(m, "linux")
    assert "smccc_trng" in in_guest(m, "cat /sys/class/misc/hw_random/rng_available")
    in_guest(m, "echo smccc_trng >/sys/class/misc/hw_random/rng_current")
    read = "dd if=/dev/hwrng bs=64 count=16 2>/dev/null | sha256sum"
    sums = [re.search("[0-9a-f]{64}", in_guest(m, read))[0] for _ in range(2)]
    assert sums[0] != sums[1]
    assert "1024" in in_guest(m, "dd if=/dev/hwrng bs=64 count=16 2>/dev/null | wc -c")
    assert "crng init done" in in_guest(m, "dmesg | grep random:")
    switch_off(m)


def test_two_guests(machine, linux):
    """Two at once; one is destroyed while the other works on."""
    m = machine(smp=2, files=linux)
    create(m, "one", 2)
    create(m, "two", 2)
    wait_ready(m, "one", 2)
    # Work that goes on behind the prompt and says when it is done.
    m.send("(sleep 5; sha256sum /bin/busybox; echo work-is-done) &\r")
    m.expect_exact(GUEST_PROMPT)
    leave_console(m)
    m.run("guest stop two", status=0)
    m.run("guest destroy two", status=0)
    m.send("console one\r")
    m.expect(r"[0-9a-f]{64}  /bin/busybox\r*\nwork-is-done", 60)
    switch_off(m)


def leave_console(machine):
    """Type the keys that leave a console, as it says on entry."""
    machine.send("\x1bxq")
    machine.wait_prompt(30)


def test_again_and_again(machine, linux):
    """Create, start, stop and destroy give all memory back."""
    m = machine(files=linux)

    def free():
        return re.search(r"([\d.]+ \w+) free", m.run("host info", status=0))[1]

    create(m, "linux")
    m.run("guest stop linux", status=0)
    m.run("guest destroy linux", status=0)
    before = free()
    for _ in range(10):
        create(m, "linux")
        m.run("guest stop linux", status=0)
        m.run("guest destroy linux", status=0)
    assert free() == before


@pytest.mark.parametrize("gic,virtio", [pytest.param(2, "mmio", marks=pytest.mark.soak),
                                        (3, "pci")])
def test_kernels_in_turn(machine, linux, tmp_path, gic, virtio):
    """CPUs go and come; a kernel starts another one in its place, which finds the machine as that
    left it; that one crashes, and the machine is reset."""
    files = dict(linux, **{"/initrd": with_program(linux, tmp_path, "linux_kexec")})
    m = machine(gic=gic, smp=2, files=files)
    m.run("net switch create lan", status=0)
    m.run("guest create g board=virt vcpus=4 mem=320M kernel=/boot/vmlinuz initrd=/initrd rng=on "
          "net=lan disk=/boot/vmlinuz,ro disk=/initrd,ro virtio=%s "
          "cmdline=\"console=ttyAMA0 panic=1\"" % virtio, status=0, timeout=BOOT_SECONDS)
    m.run("guest start g", status=0)
    wait_ready(m, "g", 4)
    in_guest(m, "s() { echo $2 >/sys/devices/system/cpu/cpu$1/online; }")
    in_guest(m, "for n in 1 2 3 1 2 3; do s $n 0; s $n 1; done; s 2 0; s 3 0", 120)
    assert re.search("(?m)^0-1$", in_guest(m, "cat /sys/devices/system/cpu/online"))
    in_guest(m, "cat /dev/vda >/tmp/kernel; cat /dev/vdb >/tmp/initrd", 60)
    m.send("linux_kexec\r")
    assert m.expect([r"guest-init: ready: Linux \S+ on 4 CPUs", "kexec: error"], BOOT_SECONDS) == 0
    m.expect_exact(GUEST_PROMPT, BOOT_SECONDS)
    assert "9+0 records out" in in_guest(m, "dd if=/dev/vda of=/dev/null bs=64k count=9 2>&1")
    log = in_guest(m, "dmesg")
    assert not re.search(r"\bBUG\b|\bOops\b|Call trace|unhandled|rcu_sched.*stall", log)
    m.send("echo c >/proc/sysrq-trigger\r")
    m.expect("Kernel panic - not syncing")
    m.expect(r"guest-init: ready: Linux \S+ on 4 CPUs", BOOT_SECONDS)
    m.expect_exact(GUEST_PROMPT, BOOT_SECONDS)
    switch_off(m)
