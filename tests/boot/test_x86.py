# SPDX-License-Identifier: GPL-2.0-only
"""The image for x86 on PCs of QEMU: start, processors, clock, power; its guests."""
import os
import pathlib
import re
import shutil
import struct
import subprocess

import pytest

import vm

from test_disks import at_console
from test_linux import in_guest, leave_console

FOLDER = os.path.join(vm.OUT, "x86")
IMAGE = os.path.join(vm.OUT, "x86", "vmm.bin")
BUILD = "make O=%s ARCH=x86 BOARD=x86_64_generic image" % os.path.dirname(IMAGE)
SVM_CPUS = ["max,-vgif", "EPYC,+svm,+npt"]
LINUX = """guest create web board=pc vcpus=%d mem=256M kernel=/boot/vmlinuz \
initrd=/boot/initrd.cpio.gz cmdline="console=ttyS0 quiet"
guest start web
console web
"""
PAIR = """net switch create lan
net port add lan uplink=eth0
guest create one board=pc vcpus=4 mem=192M kernel=/boot/vmlinuz initrd=/boot/initrd.cpio.gz \
disk=vda net=lan cmdline="console=ttyS0 quiet dhcp"
guest create two board=pc mem=160M kernel=/boot/vmlinuz initrd=/boot/initrd.cpio.gz net=lan \
cmdline="console=ttyS0 quiet dhcp"
guest start one
guest start two
"""
OVMF = pathlib.Path("/usr/share/OVMF/OVMF_CODE.fd")
SEABIOS = pathlib.Path("/usr/share/seabios/bios-256k.bin")
GRUB_MODULES = ["biosdisk", "part_msdos", "ext2", "linux", "normal", "serial", "terminal", "echo",
                "boot"]
GRUB = """serial --unit=0
terminal_output serial
set root=(hd0,msdos1)
echo GRUB is here
linux /boot/vmlinuz console=ttyS0 quiet
initrd /boot/initrd.cpio.gz
boot
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


@pytest.mark.parametrize("kind,cpu,smp", [("q35", SVM_CPUS[0], 2), ("pc", SVM_CPUS[1], 1),
                                          ("q35", "Opteron_G5,+svm,+npt", 8)])
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


def test_damaged(machine, tmp_path):
    """An image with one bit that is another than it was says so, on the serial port and by VGA."""
    data = bytearray(pathlib.Path(IMAGE).read_bytes())
    data[len(data) // 2] ^= 4
    damaged = tmp_path / "damaged.bin"
    damaged.write_bytes(data)
    m = machine(arch="x86", image=damaged, smp=1, mem=128, wait=False)
    m.expect_exact("Xvisor: this image is damaged")
    m.expect_exact("Copy it anew. Stopped.")
    shown = re.findall(r"0x([0-9a-f]{2})\b", m.monitor("xp /26xb 0xb8000"))
    assert bytes.fromhex("".join(shown))[::2] == b"Xvisor: this "


def test_reset_of_guests(pc):
    """A PVH guest knows what it was started with, each time that it resets its machine."""
    guest = pathlib.Path(FOLDER, "guests", "pvh.bin")
    script = ("guest create p board=pc vcpus=3 mem=64M kernel=/pvh.bin initrd=/mod "
              'cmdline="one two"\n'
              "guest start p\nguest wait p 60s\nvserial dump p/uart0\n")
    output = pc(smp=1, icount=True, wait=False, files={
        "/pvh.bin": guest, "/mod": "module\0", "/boot.xscript": script}).wait_prompt()
    told = "PVH magic 0x336ec578 cmdline one two module module ACPI RAM 65151 KB"
    assert re.findall("PVH .*", output) == [
        line for n in range(3) for line in (told, "PVH start %d CPUs 3" % n)]


@pytest.mark.parametrize("smp", [1, 3])
def test_second_cpu(pc, smp):
    """A guest's second CPU starts whatever it did before; HLT ends by what is taken only."""
    m = pc(smp=smp, timeout=120,
           files={"/smp.bin": pathlib.Path(FOLDER, "guests", "smp.bin")})
    # More than there are processors.
    for n in range(2):
        m.run("guest create g%d board=pc vcpus=2 mem=4M kernel=/smp.bin cmdline=rounds=120" % n,
              status=0)
    m.run("guest start g0; guest start g1", status=0)
    for n in range(2):
        m.run("guest wait g%d 110s" % n)
        told = m.run("vserial dump g%d/uart0" % n, status=0)
        assert told.count("SMP ok") == 3 and "SMP done" in told, told


def debian(flavour):
    """Kernel and initial RAM disk of a flavour of Debian's kernels."""
    folder = pathlib.Path(FOLDER, "disk", flavour)
    files = {"/boot/vmlinuz": folder / "vmlinuz", "/boot/initrd.cpio.gz": folder / "initrd.cpio.gz"}
    for path in files.values():
        assert path.exists(), "%s is missing: make O=%s ARCH=x86 test-disk" % (path, FOLDER)
    return files


def addresses(machine, name):
    """Wait for a guest's shell, give how many processors it has and the address it was given."""
    machine.send("console %s\r" % name)
    machine.expect(r"guest-init: ready: Linux \S+ on (\d+) CPUs")
    vcpus = int(machine.match.group(1))
    machine.expect_exact("guest:/# ")
    found = re.search(r"inet (10\.0\.2\.\d+)/", in_guest(machine, "ip -4 addr show dev eth0"))
    leave_console(machine)
    return vcpus, found[1]


def test_linux(pc, tmp_path):
    """Debian's kernel for clouds with four vCPUs and with one: disk, network, all vCPUs at work."""
    disk = tmp_path / "disk.img"
    pattern = b"block %08d\n" % 1
    disk.write_bytes(pattern.ljust(4 << 20, b"."))
    m = pc(smp=1, icount=True, disks=[disk], nics=["user"], timeout=180,
           files=dict(debian("cloud-amd64"), **{"/boot.xscript": PAIR}))
    (vcpus, one), (others, two) = addresses(m, "one"), addresses(m, "two")
    assert (vcpus, others) == (4, 1) and one != two
    at_console(m, "one")
    assert "4 packets received" in in_guest(m, "ping -c 4 -i 0.1 %s" % two)
    assert pattern.decode().strip() in in_guest(m, "head -n 1 /dev/vda; echo")
    # Longer lines than the terminal's would be broken.
    in_guest(m, "echo block 2 >x; dd if=x of=/dev/vda bs=4k seek=9 conv=fsync")
    in_guest(m, "echo 3 >/proc/sys/vm/drop_caches")
    assert "block 2\n" in in_guest(m, "dd if=/dev/vda bs=4k skip=9 count=1 | head -n 1")
    # Counters in step, and vCPUs that go and come again.
    in_guest(m, "ln -s /sys/devices/system s")
    assert "tsc" in in_guest(m, "cat s/clocksource/clocksource0/current_clocksource").split()
    assert "1" in in_guest(m, "for n in 1 2 3; do echo 0 >s/cpu/cpu$n/online; done; nproc").split()
    assert "4" in in_guest(m, "for n in 1 2 3; do echo 1 >s/cpu/cpu$n/online; done; nproc").split()
    told = in_guest(m, "dmesg")
    assert not re.search(r"(?i)warning:|call trace|unstable|lockup|stall|nobody cared", told), told
    m.send("poweroff -f\r")
    m.wait_prompt()
    assert disk.read_bytes()[9 * 4096:].startswith(b"block 2\n")
    # By the power button, which ACPI tells of.
    m.run("guest power two; guest wait two 60s", 100, status=0)


def test_linux_generic(pc):
    """Debian's kernel for all PCs, with more vCPUs than there are processors."""
    m = pc(smp=1, icount=True, timeout=300, wait=False,
           files=dict(debian("amd64"), **{"/boot.xscript": LINUX % 4}))
    m.expect(r"guest-init: ready: Linux [^ ]*-amd64 on 4 CPUs")
    m.expect_exact("guest:/# ")
    m.send("poweroff -f\r")
    m.wait_prompt()


def make_disk(folder, files):
    """A disk for PCs: GRUB in front of the first partition, which has ext2 with files."""
    early, core, partition = folder / "early.cfg", folder / "core.img", folder / "ext2.img"
    for path, source in files.items():
        (folder / "root" / path.strip("/")).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, folder / "root" / path.strip("/"))
    early.write_text(GRUB)
    subprocess.run(["grub-mkimage", "-O", "i386-pc", "-o", core, "-p", "/boot", "-c", early] +
                   GRUB_MODULES, check=True)
    subprocess.run(["mke2fs", "-q", "-t", "ext2", "-d", folder / "root", partition, "24M"],
                   check=True, env=dict(os.environ, PATH=os.environ["PATH"] + ":/sbin:/usr/sbin"))
    # Its first sector loads the next ones; the table of partitions is in it.
    first = bytearray(pathlib.Path("/usr/lib/grub/i386-pc/boot.img").read_bytes())
    first[0x1b8:] = bytes(8 - 2) + struct.pack("<B3xB3xII", 0x80, 0x83, 2048, 24 << 11) + \
        bytes(48) + b"\x55\xaa"
    assert len(first) == 512 and core.stat().st_size < 2047 * 512
    with open(folder / "disk.img", "wb") as disk:
        disk.write(first + core.read_bytes())
        disk.seek(2048 * 512)
        disk.write(partition.read_bytes())
    return folder / "disk.img"


def test_firmware(pc, tmp_path):
    """SeaBIOS to its menu, GRUB from a disk's first sectors, from it Debian's kernel."""
    files = {"/bios": SEABIOS, "/boot.xscript": "guest create fw board=pc vcpus=2 mem=192M "
             "firmware=/bios disk=vda\nguest start fw\nconsole fw\n"}
    m = pc(smp=1, icount=True, disks=[make_disk(tmp_path, debian("cloud-amd64"))], files=files,
           wait=False, timeout=240)
    m.expect_exact("[fw/uart0")
    m.expect("SeaBIOS .version")
    m.expect_exact("Press ESC for boot menu.")
    m.expect_exact("Booting from Hard Disk...")
    m.expect_exact("GRUB is here")
    m.expect(r"guest-init: ready: Linux \S+ on 2 CPUs")
    m.expect_exact("guest:/# ")
    leave_console(m)
    # What it said at the port of its own.
    assert "enter handle_19" in m.run("vserial dump fw/debugcon", status=0)
    at_console(m, "fw")
    m.send("poweroff -f\r")
    m.wait_prompt()


def make_efi_disk(folder, files):
    """A disk for UEFI: a file system of files, with GRUB where it is looked for."""
    early, core, disk = folder / "early.cfg", folder / "grub.efi", folder / "disk.img"
    early.write_text(GRUB.replace("set root=(hd0,msdos1)", "search -f --set=root /boot/vmlinuz"))
    modules = [m for m in GRUB_MODULES if m not in ("biosdisk", "ext2")] + ["fat", "search"]
    subprocess.run(["grub-mkimage", "-O", "x86_64-efi", "-o", core, "-p", "/boot", "-c", early] +
                   modules, check=True)
    with open(disk, "wb") as out:
        out.truncate(40 << 20)
    path = dict(os.environ, PATH=os.environ["PATH"] + ":/sbin:/usr/sbin")
    subprocess.run(["mkfs.vfat", "-F", "32", disk], check=True, env=path,
                   stdout=subprocess.DEVNULL)
    subprocess.run(["mmd", "-i", disk, "::EFI", "::EFI/BOOT", "::boot"], check=True)
    for name, source in dict(files, **{"/EFI/BOOT/BOOTX64.EFI": core}).items():
        subprocess.run(["mcopy", "-i", disk, source, "::" + name.strip("/")], check=True)
    return disk


def test_uefi(pc, tmp_path):
    """OVMF, GRUB from a disk, from it Debian's kernel, which has its CPUs by ACPI's tables."""
    files = {"/ovmf": OVMF, "/boot.xscript": "guest create fw board=pc vcpus=2 mem=256M "
             "firmware=/ovmf disk=vda\nguest start fw\nconsole fw\n"}
    m = pc(smp=1, icount=True, disks=[make_efi_disk(tmp_path, debian("cloud-amd64"))], files=files,
           wait=False, timeout=240)
    m.expect_exact("GRUB is here")
    m.expect(r"guest-init: ready: Linux \S+ on 2 CPUs")
    m.expect_exact("guest:/# ")
    m.send("poweroff -f\r")
    m.wait_prompt()


def test_linux_smp(pc):
    """Several vCPUs at work on several processors, in real time; not on the first, see HOSTS."""
    m = pc(smp=3, files=debian("cloud-amd64"))
    m.run("guest create web board=pc vcpus=4 mem=256M kernel=/boot/vmlinuz "
          "initrd=/boot/initrd.cpio.gz cmdline=\"console=ttyS0 quiet\"", status=0)
    m.run("guest create own board=pc mem=128M affinity=0 kernel=/boot/vmlinuz", status=0)
    listed = m.run("vcpu list", status=0)
    assert len(re.findall(r"web/vcpu\d .* 0x6 ", listed)) == 4 and " 0x1 " in listed, listed
    assert "stay off CPU 0" in m.run("log show", status=0)
    m.send("guest start web ; console web\r")
    m.expect(r"guest-init: ready: Linux \S+ on 4 CPUs", 120)
    m.expect_exact("guest:/# ")
    in_guest(m, "echo 'for n in `seq 100`; do cat /proc/version; done >/dev/null' >work")
    in_guest(m, "for n in 1 2 3 4; do sh work & done; wait")
    told = in_guest(m, "dmesg")
    assert not re.search(r"(?i)warning:|call trace|unstable|lockup|stall|nobody cared", told), told
    leave_console(m)
    m.run("guest power web; guest wait web 60s", 100, status=0)


@pytest.mark.soak
@pytest.mark.parametrize("flavour,vcpus", [("amd64", 1), ("amd64", 2), ("cloud-amd64", 2)])
def test_linux_others(pc, flavour, vcpus):
    """As above, on a machine whose time is the real one and whose processors are two."""
    m = pc(smp=2, timeout=300, wait=False,
           files=dict(debian(flavour), **{"/boot.xscript": LINUX % vcpus}))
    m.expect(r"guest-init: ready: Linux [^ ]* on (\d+) CPUs")
    assert int(m.match.group(1)) == vcpus
    m.expect_exact("guest:/# ")
    m.send("poweroff -f\r")
    m.wait_prompt()


# What Linux can be told to do without, and how it can reset; each is a guest.
WORDS = ["no-kvmclock", "no-kvmclock nohpet tsc=unstable", "clocksource=hpet", "noapic", "nolapic",
         "acpi=off", "nosmp", "nox2apic reboot=k", "reboot=a", "reboot=p", "reboot=t"]


@pytest.mark.soak
def test_linux_words(pc):
    """Guests without this or that come up, all at once; each ends by the reset that it was told."""
    script = "".join('guest create g%d board=pc vcpus=2 mem=128M on_reset=stop '
                     'kernel=/boot/vmlinuz initrd=/boot/initrd.cpio.gz '
                     'cmdline="quiet console=ttyS0 %s"\n'
                     "guest start g%d\n" % (n, words, n) for n, words in enumerate(WORDS))
    m = pc(smp=3, mem=2500, timeout=600, wait=False,
           files=dict(debian("cloud-amd64"), **{"/boot.xscript": script}))
    m.wait_prompt()
    for n, words in enumerate(WORDS):
        m.send("console g%d\r" % n)
        m.expect(r"guest-init: ready: Linux \S+ on (\d+) CPUs")
        assert int(m.match.group(1)) == (1 if words in ("nolapic", "acpi=off", "nosmp") else 2)
        m.expect_exact("guest:/# ")
        leave_console(m)
        # Time stands still meanwhile, and goes on.
        m.run("guest pause g%d; guest resume g%d" % (n, n), status=0)
        at_console(m, "g%d" % n)
        m.send("reboot -f\r")
        m.expect("triple fault at" if words == "reboot=t" else "asked for a reset")
        m.wait_prompt()
