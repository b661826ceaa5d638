# SPDX-License-Identifier: GPL-2.0-only
"""Guests whose processor is 32-bit: an unmodified Debian Linux, and U-Boot."""
import pathlib
import re
import struct
import subprocess

import pytest

import vm
from test_firmware import linux_ready, start, uboot, uboot_prompt
from test_linux import BOOT_SECONDS, in_guest, switch_off, wait_ready

UBOOT = pathlib.Path("/usr/lib/u-boot/qemu_arm/u-boot.bin")


@pytest.fixture(scope="session", name="linux32")
def fixture_linux32():
    """The files of a 32-bit Linux guest, made by "make test-disk-arm32"."""
    folder = pathlib.Path(vm.OUT, "disk", "arm32")
    files = {"/boot/zImage": folder / "vmlinuz", "/boot/initrd": folder / "initrd.cpio.gz"}
    for path in files.values():
        if not path.exists():
            pytest.skip("%s is missing: make test-disk-arm32" % path)
    return files


def create(machine, vcpus, more=""):
    """Make the guest "g" of the files of the fixture, and start it."""
    machine.run("guest create g board=virt arch=arm32 vcpus=%d mem=256M kernel=/boot/zImage "
                "initrd=/boot/initrd %s cmdline=\"console=ttyAMA0 earlycon\"" % (vcpus, more),
                timeout=BOOT_SECONDS, status=0)
    machine.run("guest start g", status=0)


@pytest.mark.parametrize("cpu,host_gic,guest_gic,vcpus", [
    ("cortex-a57", 2, 2, 1), ("cortex-a57", 3, 3, 2), ("max", 3, 2, 2), ("cortex-a53", 2, 3, 4),
])
def test_linux(machine, linux32, cpu, host_gic, guest_gic, vcpus):
    """Linux comes up with all its CPUs, works, and switches itself off."""
    m = machine(cpu=cpu, gic=host_gic, files=linux32)
    create(m, vcpus, "gic=%d" % guest_gic)
    wait_ready(m, "g", vcpus)
    assert "armv7l" in in_guest(m, "uname -m")
    info = in_guest(m, "cat /proc/cpuinfo")
    assert len(re.findall(r"^processor", info, re.MULTILINE)) == vcpus
    # The FPU's ID registers have been read; they say what it is.
    assert "vfpv4" in info and "neon" in info
    interrupts = in_guest(m, "cat /proc/interrupts")
    timer = re.search(r":((?:\s+\d+)+)\s+(\S+)\s+27 Level\s+arch_timer", interrupts)
    assert all(int(n) > 0 for n in timer[1].split())
    assert timer[2] == ("GICv3" if guest_gic == 3 else "GIC-0")
    if vcpus > 1:  # interrupts from one to the other
        calls = re.search(r":((?:\s+\d+)+)\s+Function call interrupts", interrupts)
        assert all(int(n) > 0 for n in calls[1].split())
    # Floating point through switches of vCPU and process.
    assert "0.666667" in in_guest(m, "awk 'BEGIN { printf \"%.6f\\n\", 2 / 3 }'")
    log = in_guest(m, "dmesg")
    assert not re.search(r"\bBUG\b|\bOops\b|Call trace|unhandled|undefined instruction|"
                         r"rcu_sched.*stall", log)
    assert re.search(r"hw-breakpoint: found [1-9]", log)
    switch_off(m)
    assert "powered off" in m.run("guest status g", status=0)
    # Nothing that the kernel asked for was missing in the processor.
    assert "undefined instruction injected" not in m.run("log show", status=0)
    m.run("guest destroy g", status=0)


@pytest.mark.parametrize("gic", [2, 3])
def test_uboot(machine, gic):
    """U-Boot runs from the flash, reports an abort, and resets and switches off its machine."""
    m = machine(gic=gic, files={"/u-boot.bin": UBOOT})
    start(m, "arch=arm32 mem=192M vcpus=2 firmware=/u-boot.bin")
    assert "DRAM:  192 MiB" in uboot_prompt(m)
    assert "arm-linux-gnueabihf-gcc" in uboot(m, "version")
    info = uboot(m, "bdinfo")
    assert "Build       = 32-bit" in info and "-> start    = 0x40000000" in info
    assert "0x0c000000" in info
    tree = uboot(m, "fdt addr $fdtcontroladdr; fdt print /psci")
    assert "cpu_on = <0x84000003>" in tree
    # Memory that it shall not have ends as an abort, of which it tells; then it resets.
    m.send("md 0x60000000 1\r")
    m.expect("data abort", 30)
    uboot_prompt(m)
    m.send("poweroff\r")
    m.wait_prompt()
    status = m.run("guest status fw", status=0)
    assert "powered off" in status and re.search(r"resets:\s+1", status)


def test_uboot_linux(machine, linux32):
    """U-Boot loads Linux from a virtio disk and starts it."""
    parts = [linux32[name].read_bytes() for name in ("/boot/zImage", "/boot/initrd")]
    kernel, initrd = (part + bytes(-len(part) % 512) for part in parts)
    m = machine(files={"/u-boot.bin": UBOOT, "/disk": kernel + initrd})
    start(m, "arch=arm32 mem=256M vcpus=2 firmware=/u-boot.bin disk=/disk")
    uboot_prompt(m)
    uboot(m, "virtio scan")
    sectors = len(kernel) // 512, len(initrd) // 512
    uboot(m, "virtio read 0x41000000 0 %x" % sectors[0], 120)
    uboot(m, "virtio read 0x48000000 %x %x" % sectors, 120)
    uboot(m, "setenv bootargs console=ttyAMA0")
    # bootz makes the tree longer in place; behind U-Boot's own copy is U-Boot's data.
    uboot(m, "fdt addr $fdtcontroladdr")
    uboot(m, "fdt move $fdtcontroladdr 0x4a000000 10000")
    m.send("bootz 0x41000000 0x48000000:%x 0x4a000000\r" % len(parts[1]))
    linux_ready(m, 2)
    assert "vda" in in_guest(m, "ls /sys/block")
    switch_off(m)


@pytest.mark.parametrize("words,complaint", [
    ("arch=arm32 kernel=/k64", "is 32-bit; leave out arch=arm32"),
    ("kernel=/k32", "is 64-bit; add arch=arm32"),
])
def test_wrong_arch(machine, words, complaint):
    """A kernel of the other width is refused with what to do."""
    k64 = bytearray(4096)
    k64[56:60] = b"ARM\x64"
    k64[16:24] = (4096).to_bytes(8, "little")
    k32 = bytearray(4096)
    for at, word in ((0x24, 0x016f2818), (0x28, 0), (0x2c, 4096), (0x30, 0x04030201)):
        k32[at:at + 4] = word.to_bytes(4, "little")
    m = machine(files={"/k64": bytes(k64), "/k32": bytes(k32)})
    assert complaint in m.run("guest create g board=virt mem=64M " + words)
    assert "g" not in m.run("guest list", status=0).split()


# Loads and stores of the console by registers that Supervisor mode has of its own, and an ID
# register read into one of them: each letter tells that one of these works.
BANKED = [
    0xe3a04409,  # mov r4, #0x09000000
    0xe3a0e041, 0xe5c4e000,  # mov lr, #'A'; strb lr, [r4]
    0xe3a0d042, 0xe5c4d000,  # mov sp, #'B'; strb sp, [r4]
    0xee10ef11, 0xe35e0000,  # mrc p15, 0, lr, c0, c1, 0 (ID_PFR0); cmp lr, #0
    0x13a05043, 0x15c45000,  # movne r5, #'C'; strbne r5, [r4]
    0xe594e018, 0xe31e0080,  # ldr lr, [r4, #0x18] (flags of the console); tst lr, #0x80
    0x13a05044, 0x15c45000,  # movne r5, #'D'; strbne r5, [r4]
    0xe3a05045, 0xe35e0000,  # mov r5, #'E'; cmp lr, #0
    0x0e10ef11, 0xe35e0000,  # mrceq p15, 0, lr, c0, c1, 0, which does nothing; cmp lr, #0
    0x15c45000,  # strbne r5, [r4]
    0xe3a00321, 0xe3800008, 0xe1400070,  # mov r0, #0x84000000; orr r0, #8 (SYSTEM_OFF); hvc #0
]


def assemble(folder, *flags, name="arm32_devices.S"):
    """A program of this folder, for address 0x40010000."""
    source = pathlib.Path(__file__).with_name(name)
    obj, raw = pathlib.Path(folder, "p.o"), pathlib.Path(folder, "p.bin")
    for command in (
            ["clang", "--target=armv7a-none-eabi", *flags, "-c", "-o", obj, source],
            ["ld.lld", "-Ttext=0x40010000", "--oformat", "binary", "-o", raw, obj]):
        subprocess.run(command, check=True)
    return str(raw)


def run_program(m, path, result, more=""):
    """Make the guest "g" of a program, see what it prints, and that it switches itself off."""
    m.run("guest create g board=virt arch=arm32 mem=32M kernel=%s %s" % (path, more), status=0)
    m.run("guest start g", status=0)
    m.send("console g\r")
    m.expect(result, 20)
    m.wait_prompt()
    assert "powered off" in m.run("guest status g", status=0)
    m.run("guest destroy g", status=0)


@pytest.mark.parametrize("flags", [(), ("-DTHUMB",)], ids=["a32", "t32"])
@pytest.mark.parametrize("cpu", ["cortex-a57", "max"])
def test_devices(machine, tmp_path, flags, cpu):
    """Loads and stores of all forms reach devices, in both byte orders."""
    m = machine(cpu=cpu, files={"/p.bin": pathlib.Path(assemble(tmp_path, *flags))})
    run_program(m, "/p.bin", "abcdefghijklmno\r")


@pytest.mark.parametrize("flags", [(), ("-DTHUMB",)], ids=["a32", "t32"])
def test_devices_reference(machine, tmp_path, flags):
    """The same program on the bare machine: else it would be the program that is wrong."""
    m = machine(wait=False, cpu="cortex-a15", gic=2, el1=True, image=assemble(tmp_path, *flags))
    m.expect("abcdefghijklmno", 10)
    m.wait_end()


@pytest.mark.parametrize("cpu,gic", [("cortex-a53", 2), ("max", 2), ("cortex-a57", 3)])
def test_icc(machine, tmp_path, cpu, gic):
    """The system registers of a GICv3, on CPUs that have none; the last is the reference."""
    programs = {"/a32.bin": (), "/t32.bin": ("-DTHUMB",)}
    files = {}
    for name, flags in programs.items():
        (tmp_path / name[1:4]).mkdir()
        files[name] = pathlib.Path(assemble(tmp_path / name[1:4], *flags, name="arm32_icc.S"))
    m = machine(cpu=cpu, gic=gic, files=files)
    for name in programs:
        run_program(m, name, "abcdefghijklm\r", "gic=3")


def test_spsr(machine, tmp_path):
    """Saved status registers are a vCPU's own, in each mode."""
    program = pathlib.Path(assemble(tmp_path, name="arm32_spsr.S"))
    m = machine(smp=1, files={"/p.bin": program})
    m.run("guest create other board=virt arch=arm32 mem=32M load=0x40010000 kernel=/p.bin",
          status=0)
    m.run("guest start other", status=0)
    run_program(m, "/p.bin", "abcde\r")
    m.send("console other\r")
    m.expect("abcde\r", 20)
    m.wait_prompt()


def test_banked_registers(machine):
    """Trapped instructions find the registers of the mode that the guest is in."""
    program = b"".join(struct.pack("<I", word) for word in BANKED)
    m = machine(files={"/p.bin": program})
    run_program(m, "/p.bin", "ABCDE")
