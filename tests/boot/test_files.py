# SPDX-License-Identifier: GPL-2.0-only
"""File systems on disks of the host: the shell's commands, and files that are disks of guests."""
import hashlib
import os
import random
import re
import subprocess

import pytest

from test_linux import create, in_guest, switch_off, wait_ready

MIB = 1 << 20
PATH = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin", MKE2FS_CONFIG="/dev/null")


def tool(*line, status=0):
    """Run a program of the build machine. Gives its output."""
    done = subprocess.run(list(map(str, line)), env=PATH, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    assert done.returncode == status, done.stdout.decode(errors="replace")
    return done.stdout


def ext2(path, size, tree=None):
    """A file system of the size in MiB, with the files of a folder."""
    tool("mke2fs", "-q", "-F", "-t", "ext2", *(["-d", tree] if tree else []), path, "%dM" % size)


def content(image, path):
    """A file of an ext2 image, read by debugfs."""
    return subprocess.run(["debugfs", "-R", "cat " + path, image], env=PATH, check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


@pytest.fixture
def noise():
    """Bytes that are like no others."""
    return random.Random(5).randbytes(3 * MIB + 1234)


def test_commands(machine, tmp_path, noise):
    """cp, mv, rm, mkdir, rmdir, sha256, df, truncate: the result is what other programs see."""
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "noise").write_bytes(noise)
    ext2(tmp_path / "a.img", 32, tmp_path / "tree")
    m = machine(disks=[tmp_path / "a.img"], files={"/hello": "hello\n"})
    m.run("vfs mount vda /d", status=0)
    assert re.search(r"vda +ext2 +rw .* /d\b", m.run("vfs mount", status=0))
    digest = hashlib.sha256(noise).hexdigest()
    assert digest in m.run("vfs sha256 /d/noise", status=0)
    m.run("vfs mkdir /d/one /d/two", status=0)
    m.run("vfs cp /d/noise /d/one", status=0)
    m.run("vfs cp /hello /d/one/greeting", status=0)
    m.run("vfs mv /d/one/noise /d/two/moved", status=0)
    m.run("vfs rm /d/noise", status=0)
    m.run("vfs truncate /d/sparse 1G", status=0)
    assert digest in m.run("vfs sha256 /d/two/moved", status=0)
    assert re.search(r"vda +ext2 +32\S* MiB .* /d", m.run("vfs df", status=0))
    # What cannot be, in words.
    for command, words in (
            ("vfs rmdir /d/two", "not empty"), ("vfs rm /d/two", "directory"),
            ("vfs rm /hello", "read-only"), ("vfs cp /d/nothing /d/x", "not found"),
            ("vfs mkdir /d/one", "exists"), ("vfs mv /d/one /d/one/in", "cannot become"),
            ("vfs mount vda /e", "in use"), ("vfs umount /x", "nothing is mounted")):
        said = m.run(command + " || echo it failed")
        assert words in said and "it failed" in said, said
    m.run("vfs rm /d/sparse", status=0)
    m.run("vfs umount /d", status=0)
    m.run("vfs mount vda /d ro", status=0)
    assert "read-only" in m.run("vfs mkdir /d/x")
    assert "hello" in m.run("vfs cat /d/one/greeting", status=0)
    m.kill()
    tool("e2fsck", "-fn", tmp_path / "a.img")
    assert content(tmp_path / "a.img", "/two/moved") == noise
    assert content(tmp_path / "a.img", "/one/greeting") == b"hello\n"


def test_guest_on_a_file(machine, linux, tmp_path, noise):
    """A guest's disk is a sparse file; what it was told is on disk survives the machine's end."""
    ext2(tmp_path / "a.img", 96)
    m = machine(files=linux, disks=[tmp_path / "a.img"])
    m.run("vfs mount vda /d", status=0)
    m.run("vfs truncate /d/disk.img 64M", status=0)
    create(m, "g", 2, more="disk=/d/disk.img")
    wait_ready(m, "g", 2)
    in_guest(m, "cat /bin/busybox /bin/busybox /bin/busybox >/tmp/x; sha256sum /tmp/x")
    size = int(re.search(r"(?m)^(\d{6,})\r?$", in_guest(m, "wc -c </tmp/x"))[1])
    digest = re.search(r"[0-9a-f]{64}", in_guest(m, "sha256sum /tmp/x", 60))[0]
    in_guest(m, "dd if=/tmp/x of=/dev/vda bs=64k seek=100 conv=fsync", 120)
    in_guest(m, "dd if=/tmp/x of=/dev/vda bs=4k seek=10000 conv=fsync oflag=direct", 120)
    in_guest(m, "echo 3 >/proc/sys/vm/drop_caches")
    read = "dd if=/dev/vda bs=4096 skip=10000 | head -c %d | sha256sum" % size
    assert digest in in_guest(m, read, 120)
    m.kill()
    tool("e2fsck", "-p", tmp_path / "a.img", status=1)
    disk = content(tmp_path / "a.img", "/disk.img")
    assert len(disk) == 64 * MIB
    for at in (100 * 65536, 10000 * 4096):
        assert hashlib.sha256(disk[at:at + size]).hexdigest() == digest
    # Used on without a check: the guest finds the same.
    m = machine(files=linux, disks=[tmp_path / "a.img"])
    m.run("vfs mount vda /d", status=0)
    create(m, "g", 1, more="disk=/d/disk.img")
    wait_ready(m, "g", 1)
    assert digest in in_guest(m, read, 120)
    switch_off(m)
    m.run("guest destroy g", status=0)
    m.run("vfs umount /d", status=0)
    m.kill()
    tool("e2fsck", "-fn", tmp_path / "a.img")
