# SPDX-License-Identifier: GPL-2.0-only
"""The image for x86 as GRUB starts it: from a CD and from a disk, on BIOS and on UEFI."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import vm

IMAGE = os.path.join(vm.OUT, "x86", "vmm.bin")
MKISO = os.path.join(vm.TOP, "tools", "mkiso")
OVMF = pathlib.Path("/usr/share/OVMF")
# A program for the board pc: it writes "hi" to COM1 and ends its guest with success.
PROGRAM = (b"\x66\xba\xf8\x03\xb0h\xee\xb0i\xee\xb0\n\xee"
           b"\x66\xba\x01\x05\x31\xc0\xee\xf4\xeb\xfd")
SCRIPT = """guest create g board=pc mem=4M kernel=/g.bin load=0x100000
guest start g
guest wait g 60s && echo guest-ended-well
vserial dump g/uart0
"""


def font():
    """Shapes of the characters that text on a screen has: five columns of bits, as the source."""
    with open(os.path.join(vm.TOP, "libs", "textfb.c"), encoding="ascii") as source:
        rows = re.findall(r"(?m)^\t\{ ((?:0x[0-9a-f]{2}, ){4}0x[0-9a-f]{2}) \},", source.read())
    assert len(rows) == 95
    return {tuple(int(byte, 16) for byte in row.split(", ")): chr(32 + at)
            for at, row in enumerate(rows)}


def screen_text(m, path):
    """The lines of text that QEMU's screen shows; a cell that shows none is "?"."""
    m.monitor("screendump %s" % path)
    kind, size, _, pixels = path.read_bytes().split(b"\n", 3)
    width, height = map(int, size.split())
    assert kind == b"P6" and len(pixels) == 3 * width * height
    shapes, lines = font(), []
    for top in range(0, height - 15, 16):
        line = ""
        for left in range(0, width - 7, 8):
            at = [[pixels[3 * ((top + y) * width + left + x)] for y in range(0, 16, 2)]
                  for x in range(1, 6)]
            line += shapes.get(tuple(sum((dot > 127) << y for y, dot in enumerate(column))
                                     for column in at), "?")
        lines.append(line.rstrip())
    return "\n".join(lines).rstrip()


def make_iso(path, folder, **environment):
    """A CD with a hypervisor, its files, and another module with arguments; menus do not wait."""
    module = folder / "other.bin"
    module.write_bytes(bytes(5000))
    initrd = vm.make_initrd(folder / "initrd.cpio", {"/boot.xscript": SCRIPT, "/g.bin": PROGRAM})
    subprocess.run([MKISO, "-o", path, "--image", IMAGE, "--module", initrd, "--module",
                    "%s one=1 two" % module, "--append", "vmm.log=warning", "--timeout", "0"],
                   check=True, env=dict(os.environ, **environment))
    return path


@pytest.fixture(name="iso", scope="session")
def the_iso(tmp_path_factory):
    """One CD for all tests."""
    folder = tmp_path_factory.mktemp("iso")
    return make_iso(folder / "test.iso", folder)


def test_same_bytes(iso, tmp_path):
    """Another folder, time zone and umask give the same image; what is missing is said in words."""
    old = os.umask(0o077)
    try:
        again = make_iso(tmp_path / "again.iso", tmp_path, TZ="Pacific/Chatham", LC_ALL="C.UTF-8")
    finally:
        os.umask(old)
    assert again.read_bytes() == iso.read_bytes()
    said = subprocess.run(["/usr/bin/python3", MKISO, "-o", "x.iso", "--image", IMAGE],
                          env={"PATH": "/nowhere"}, cwd=tmp_path, stderr=subprocess.PIPE, text=True,
                          check=False)
    assert said.returncode == 1
    assert "mkiso: missing for a CD image: grub-mkimage" in said.stderr
    assert "apt-get install" in said.stderr and "Traceback" not in said.stderr


@pytest.mark.parametrize("kind,medium,firmware", [("q35", "cd", "bios"), ("pc", "disk", "bios"),
                                                  ("q35", "cd", "uefi")])
def test_grub(machine, iso, tmp_path, kind, medium, firmware):
    """GRUB starts the hypervisor; a guest is made from what it loaded; both CPUs; power off."""
    extra = ["-cdrom", str(iso)] if medium == "cd" else [
        "-drive", "file=%s,format=raw,if=ide,readonly=off,snapshot=on" % iso]
    if firmware == "uefi":
        variables = tmp_path / "vars.fd"
        shutil.copy(OVMF / "OVMF_VARS.fd", variables)
        for number, (path, readonly) in enumerate(((OVMF / "OVMF_CODE.fd", "on"),
                                                   (variables, "off"))):
            extra += ["-drive", "if=pflash,unit=%d,format=raw,readonly=%s,file=%s" % (
                number, readonly, path)]
    m = machine(arch="x86", machine=kind, image="", mem=512, extra=extra, wait=False, timeout=120)
    screen = m.wait_prompt()
    assert "guest-ended-well" in screen and "hi\n" in screen
    assert m.run("host cpu info", status=0).count("yes") == 2
    assert re.search(r"(?m)^\[ +0\.\d{6}\] screen0: \d+ x \d+ pixels, \d+ x \d+ characters$",
                     screen_text(m, tmp_path / "screen.ppm"))
    assert 'bootargs = "one=1 two"' in m.run("devtree print /reserved-memory", status=0)
    m.send("shutdown\r")
    assert m.wait_end() == 0


def test_no_svm(machine, iso, tmp_path):
    """Without SVM the sentence that says so is on the screen too: many PCs have no serial port."""
    m = machine(arch="x86", image="", mem=256, cpu="max,-svm", extra=["-cdrom", str(iso)],
                wait=False)
    m.expect_exact("Stopped.")
    text = screen_text(m, tmp_path / "screen.ppm")
    assert "Xvisor: this processor has no SVM with nested paging (AMD-V)" in text
    assert "Stopped." in text


@pytest.mark.parametrize("kind", ["q35", "pc"])
def test_interrupts(machine, kind):
    """Network cards that interrupt by a line, by MSI and by MSI-X get an address by DHCP."""
    cards = [("e1000", "INTx"), ("virtio-net-pci", "MSI-X")]
    if kind == "q35":
        cards.insert(1, ("e1000e", "MSI"))
    extra = []
    for number, (card, _) in enumerate(cards):
        extra += ["-netdev", "user,id=n%d" % number, "-device",
                  "%s,netdev=n%d,romfile=,addr=%d" % (card, number, 4 + number)]
    m = machine(arch="x86", machine=kind, image=IMAGE, mem=512, extra=extra)
    found = m.run("host pci", status=0)
    for number, (_, by) in enumerate(cards):
        assert re.search(r"(?m)^0000:00:%02x\.0 .* %s " % (4 + number, re.escape(by)), found), found
        m.run("net switch create s%d" % number, status=0)
        m.run("net port add s%d uplink=eth%d" % (number, number), status=0)
        m.run("ipconfig attach s%d" % number, status=0)
        assert "10.0.2.15 (dhcp)" in m.run("ipconfig dhcp", status=0)
        m.run("ipconfig detach", status=0)


def test_nmi_and_machine_check(machine):
    """An NMI is told of and the machine goes on; so it does not behind a lost CPU, in words."""
    m = machine(arch="x86", image=IMAGE, mem=256, append="vmm.panic=off")
    m.run("host cpu info", status=0)
    m.monitor("nmi")
    told = set()
    for _ in range(2):
        m.expect(r"NMI on CPU (\d) at 0x[0-9a-f]+: a button was pressed, or a device reports an "
                 r"error; the machine goes on\r*\n")
        told.add(m.match.group(1))
    assert told == {"0", "1"}
    m.run("host cpu info", status=0)
    # Bank 1: valid, uncorrected, enabled, with an address, context corrupt.
    m.send("\x01c")
    m.expect(r"\(qemu\) ")
    m.send("mce 1 1 0xb600000000000000 0x4 0x1234000 0\n")
    m.expect("machine check on CPU 1: uncorrected error, bank 1, status 0xb600000000000000, "
             "address 0x1234000; the processor cannot go on from it\r*\n")
    m.expect("panic: the hypervisor cannot go on")
    assert m.wait_end() == 0
