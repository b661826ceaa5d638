# SPDX-License-Identifier: GPL-2.0-only
"""The image for x86 as GRUB starts it: from a CD and from a disk, on BIOS and on UEFI."""
import os
import pathlib
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
guest wait g 20s && echo guest-ended-well
vserial dump g/uart0
"""


def make_iso(path, folder, **environment):
    """A CD with a hypervisor, its files, and another module with arguments; menus do not wait."""
    module = folder / "other.bin"
    module.write_bytes(bytes(5000))
    initrd = vm.make_initrd(folder / "initrd.cpio", {"/boot.xscript": SCRIPT, "/g.bin": PROGRAM})
    subprocess.run([MKISO, "-o", path, "--image", IMAGE, "--module", initrd, "--module",
                    "%s one=1 two" % module, "--append", "vmm.loglevel=debug", "--timeout", "0"],
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
    assert 'bootargs = "one=1 two"' in m.run("devtree print /reserved-memory", status=0)
    m.send("shutdown\r")
    assert m.wait_end() == 0
