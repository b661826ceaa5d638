# SPDX-License-Identifier: GPL-2.0-only
"""Life of data: machines are killed at random moments of a write load; what the guest was told
to be on its disks is there, and host file systems need no more than their automatic repair."""
import hashlib
import io
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import time

import pytest

import vm
import writer
from test_files import PATH, content, ext2, tool
from test_guests import program

MIB = 1 << 20
SOAK_SECONDS = float(os.environ.get("SOAK_SECONDS", "60"))
DISK, FILE, FAT_FILE = 4 * MIB, 8 * MIB, 2 * MIB
SCRIPT = """
vfs mount vdb /h
vfs mount vdc /f
guest create w board=virt vcpus=1 mem=16M firmware=/writer.fd disk=vda disk=/h/x.img \
disk=/f/y.img vars=/h/vars.fd cmdline="%s"
guest start w
console w
"""


def mend(path, repair, check):
    """The automatic repair, which asks nobody, and after that nothing is wrong."""
    done = subprocess.run([*repair, str(path)], env=PATH, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    assert done.returncode in (0, 1), done.stdout.decode()
    tool(*check, path)


class Series:
    """Rounds on the same disks, one after the other: each begins with what the last one left."""

    def __init__(self, folder, name, seed):
        self.name, self.seed = name, seed
        self.random = random.Random(seed)
        self.paths = [folder / ("%s-%s.img" % (name, what)) for what in ("raw", "ext2", "fat")]
        self.spare = folder / (name + "-spare.img")
        self.monitor = str(folder / (name + ".qmp"))
        self.disks = [writer.Disk(seed, i, size)
                      for i, size in enumerate((DISK, FILE, FAT_FILE))]
        self.flash = None
        self.round = 0
        self.paths[0].write_bytes(bytes(DISK))
        tree = folder / (name + "-tree")
        tree.mkdir()
        with open(tree / "x.img", "wb") as sparse:
            sparse.truncate(FILE)
        ext2(self.paths[1], 16, tree)
        tool("mkfs.vfat", "-C", self.paths[2], "8192")
        (tree / "y.img").write_bytes(bytes(FAT_FILE))
        tool("mcopy", "-i", self.paths[2], tree / "y.img", "::y.img")

    def machine(self, words):
        """One life of the machine, with the guest at work from its start on."""
        line = "seed=%d from=%d %s" % (self.seed, self.disks[0].next, words)
        return vm.Machine("kill-%s" % self.name, smp=1, gic=self.random.choice((2, 3)), mem=256,
                          virtio=self.random.choice(("mmio", "pci")), disks=self.paths,
                          extra=["-qmp", "unix:%s,server=on,wait=off" % self.monitor],
                          files={"/writer.fd": writer.firmware(program("writer")),
                                 "/boot.xscript": SCRIPT % line})

    def live(self):
        """A round: work, the kill, and what is found."""
        self.round += 1
        begin = max(disk.start_again() for disk in self.disks) if self.round > 1 else 0
        for disk in self.disks:
            disk.next = begin
        self.flash = writer.Flash(self.seed)
        words = "flash" if self.random.randrange(4) else "flash noflush"
        with self.machine(words) as m:
            m.expect("WRITER begins with 3 disks", 60)
            seconds = self.random.uniform(0.02, 1.0)
            said = self.listen(m, seconds)
            self.check_flushes(said)
            os.kill(m.child.pid, signal.SIGKILL)
            said += self.rest(m)
        self.hear(said)
        self.look()

    @staticmethod
    def listen(m, seconds, least=r"SAFE 2 \d+\r*\n"):
        """What the guest says in this time; at least something."""
        # What has been read behind what was waited for is here.
        said, end = m.child.buffer, time.monotonic() + seconds
        while time.monotonic() < end or not re.search(least, said):
            assert time.monotonic() < end + 60 * vm.SCALE, said[-300:]
            try:
                said += m.child.read_nonblocking(65536, 0.01)
            except vm.pexpect.TIMEOUT:
                pass
        return said

    def check_flushes(self, said):
        """Each promise has cost the host's disk a flush, which QEMU has counted."""
        with socket.socket(socket.AF_UNIX) as qmp:
            qmp.settimeout(20 * vm.SCALE)
            qmp.connect(self.monitor)
            stream = qmp.makefile("rw")
            for command in ("qmp_capabilities", "query-blockstats"):
                stream.write('{"execute": "%s"}' % command)
                stream.flush()
                answer = {}
                while "return" not in answer:
                    answer = json.loads(stream.readline())
        flushes = {row["device"]: row["stats"]["flush_operations"] for row in answer["return"]}
        for disk in range(3):
            promises = len(re.findall(r"SAFE %d \d+\r*\n" % disk, said))
            assert flushes["disk%d" % disk] >= promises > 0

    @staticmethod
    def rest(m):
        """What was said before the end."""
        said = ""
        try:
            while True:
                said += m.child.read_nonblocking(65536, 5)
        except (vm.pexpect.EOF, vm.pexpect.TIMEOUT):
            return said

    def hear(self, said):
        """Note what was promised."""
        said = vm.plain(said)
        assert "FAILED" not in said and "panic" not in said, said[-500:]
        for disk, number in re.findall(r"SAFE (\d) (\d+)\n", said):
            self.disks[int(disk)].safe(int(number))
        for erased, words in re.findall(r"FLASH (\d+) (\d+)\n", said):
            self.flash.safe(int(erased), int(words))

    def look(self):
        """Compare; mend the file systems, in every second round those that are used on."""
        mended = []
        for path, repair, check in ((self.paths[1], ("e2fsck", "-p"), ("e2fsck", "-fn")),
                                    (self.paths[2], ("fsck.vfat", "-a"), ("fsck.vfat", "-n"))):
            target = path if self.round % 2 else self.spare
            if target != path:
                shutil.copyfile(path, target)
            before = self.contents(path)
            mend(target, repair, check)
            mended.append((before, self.contents(target)))
        raw = self.paths[0].read_bytes()
        wrong = self.disks[0].check(raw)
        for files in zip(*mended):
            wrong += self.disks[1].check(files[0][0]) + self.flash.check(files[0][1])
            wrong += self.disks[2].check(files[1][0])
        assert not wrong, "round %d of %s (%d, %d, %d records): %s" % (
            self.round, self.name, *(disk.told for disk in self.disks), "\n".join(wrong[:20]))

    def contents(self, path):
        """The files in a file system that the guest has."""
        if path == self.paths[1] or (path == self.spare and path.stat().st_size == 16 * MIB):
            return content(path, "/x.img"), content(path, "/vars.fd")
        return (tool("mtype", "-i", path, "::y.img"),)


def run_series(tmp_path, name, seed, rounds, seconds=0):
    """So many rounds, or more, for so long."""
    series = Series(tmp_path, name, seed)
    end = time.monotonic() + seconds
    while series.round < rounds or time.monotonic() < end:
        series.live()
    told = [disk.told for disk in series.disks]
    assert min(told) > 10 * series.round
    print("%s: %s records were safe in %d rounds" % (name, told, series.round))


@pytest.mark.parametrize("name,seed", [("one", 11), ("two", 12)])
def test_killed_at_any_moment(tmp_path, name, seed):
    """A host's disk, files on ext2 and FAT, and flash: what was safe is there, each of 22 times."""
    run_series(tmp_path, name, seed, 22)


@pytest.mark.soak
def test_killed_again_and_again(tmp_path):
    """The same for a part of the time."""
    run_series(tmp_path, "soak", int(time.time()), 22, SOAK_SECONDS / 3)


# --- Linux ------------------------------------------------------------------------------------

EXT4 = "has_journal,extent,64bit,metadata_csum,dir_index,filetype,flex_bg,huge_file"
FILES = 40
# Files that Linux may be ahead of what it was heard to say.
UNDER_WAY = 3
LINUX_SCRIPT = """
vfs mount vdb /h
guest create g board=virt vcpus=1 mem=192M kernel=/boot/vmlinuz initrd=/initrd \
disk=%s cmdline="console=ttyAMA0 quiet"
guest start g
console g
"""
LINUX_LOAD = """#!/bin/sh
for m in $(cat /lib/ext4/order); do insmod /lib/ext4/$m; done
mkdir -p /mnt
mount -t ext4 /dev/vda /mnt || echo LOAD cannot mount
n=0
while :; do
	f=$((n % %d))
	dd if=/dev/urandom of=/mnt/f$f bs=3000 count=$((1 + n %% 17)) conv=fsync 2>/dev/null ||
		echo LOAD cannot write
	echo "TOLD $n $(sha256sum </mnt/f$f)"
	n=$((n + 1))
done
""".replace("% %d", "%% %d") % FILES


def load_archive():
    """What is appended to the guest's initramfs: the load."""
    archive = vm.mkcpio.Cpio()
    archive.file("etc/autorun", LINUX_LOAD, 0o755)
    out = io.BytesIO()
    archive.write(out, compress=True)
    return out.getvalue()


def linux_round(number, on_file, tmp_path, linux, rng):
    """Linux writes files to ext4 and syncs each; the machine is killed; files are compared."""
    raw, host, inner = (tmp_path / name for name in ("raw.img", "host.img", "inner.img"))
    more = pathlib.Path(linux["/boot/vmlinuz"]).parent / "ext4.cpio.gz"
    initrd = linux["/boot/initrd.cpio.gz"].read_bytes() + more.read_bytes() + load_archive()
    with vm.Machine("kill-linux%d-%d" % (on_file, number), smp=1, mem=512, disks=[raw, host],
                    virtio=rng.choice(("mmio", "pci")),
                    files={"/boot/vmlinuz": linux["/boot/vmlinuz"], "/initrd": initrd,
                           "/boot.xscript": LINUX_SCRIPT % ("/h/x.img" if on_file else "vda")
                           }) as m:
        m.expect("TOLD 2 ", 240)
        said = "TOLD 2 " + Series.listen(m, rng.uniform(0, 2), "TOLD")
        os.kill(m.child.pid, signal.SIGKILL)
        said += Series.rest(m)
    said = vm.plain(said)
    assert "LOAD" not in said, said
    told = {int(n): digest for n, digest in re.findall(r"TOLD (\d+) ([0-9a-f]{64})", said)}
    last = max(told)
    mend(host, ("e2fsck", "-p"), ("e2fsck", "-fn"))
    if on_file:
        inner.write_bytes(content(host, "/x.img"))
    mend(inner if on_file else raw, ("e2fsck", "-p"), ("e2fsck", "-fn"))
    for n in range(max(2, last - FILES + 1 + UNDER_WAY), last + 1):
        data = content(inner if on_file else raw, "/f%d" % (n % FILES))
        assert hashlib.sha256(data).hexdigest() == told[n], "file %d of %d" % (n, last)


@pytest.mark.parametrize("on_file", [False, True])
def test_linux_killed(tmp_path, linux, on_file):
    """An unmodified Linux with ext4, on a host's disk or on a file, three times each."""
    tree = tmp_path / "tree"
    tree.mkdir()
    tool("mke2fs", "-q", "-F", "-t", "ext4", "-O", EXT4, tree / "x.img", "16M")
    shutil.copyfile(tree / "x.img", tmp_path / "raw.img")
    ext2(tmp_path / "host.img", 32, tree)
    rng = random.Random(13)
    for number in range(3):
        linux_round(number, on_file, tmp_path, linux, rng)
