# SPDX-License-Identifier: GPL-2.0-only
"""Disks of the host and of guests: RAM disks, partitions, media that change, disks that fail."""
import hashlib
import re
import struct
import zlib

import pytest

from test_files import ext2, tool
from test_guests import program
from test_linux import BOOT_SECONDS, create, in_guest, leave_console, switch_off, wait_ready
from test_virtio import digest, free_pages, noise

MIB = 1 << 20


def master_boot_record(*partitions):
    """First sector of a disk; a partition is (type, first sector, sectors)."""
    entries = b"".join(struct.pack("<B3xB3xII", 0, *p) for p in partitions)
    return bytes(446) + entries.ljust(64, b"\0") + b"\x55\xaa"


def guid_table(size, *partitions):
    """A disk of so many bytes with a GUID partition table; a partition is (name, first, last)."""
    last = size // 512 - 1
    entries = b"".join(bytes(range(1, 33)) + struct.pack("<QQQ", first, end, 0) +
                       name.encode("utf-16-le").ljust(72, b"\0")
                       for name, first, end in partitions).ljust(128 * 128, b"\0")

    def header(here, other, array):
        fields = struct.pack("<QQQQ16sQIII", here, other, 34, last - 33, bytes(16), array, 128, 128,
                             zlib.crc32(entries))
        head = struct.pack("<8sIII4x", b"EFI PART", 0x10000, 92, 0) + fields
        head = head[:16] + struct.pack("<I", zlib.crc32(head)) + head[20:]
        return head.ljust(512, b"\0")

    disk = bytearray(size)
    disk[:512] = master_boot_record((0xee, 1, last))
    disk[512:1024] = header(1, last, 2)
    disk[1024:34 * 512] = entries
    disk[(last - 32) * 512:last * 512] = entries
    disk[last * 512:] = header(last, 1, last - 32)
    return disk


def partitioned():
    """A disk with two partitions, and what is in them."""
    first, second = noise(MIB, 11), noise(MIB, 12)
    head = master_boot_record((0x83, 2048, 2048), (0x0c, 4096, 2048)).ljust(MIB, b"\0")
    return head + first + second, first, second


def at_console(machine, name):
    """Back to the console of a guest that runs."""
    machine.send("console %s\r" % name)
    machine.send("\r")
    machine.expect_exact("guest:/# ")


def sectors(machine, disk="vda"):
    """Capacity as the guest's kernel knows it."""
    return int(re.search(r"\n(\d+)", in_guest(machine, "echo; cat /sys/block/%s/size" % disk))[1])


def test_read_only(machine):
    """A medium that is given to be read only is so, for as many as want to read it."""
    m = machine(files={"/spin.bin": program("spin")})
    m.run("blockdev ramdisk create 1M", status=0)
    m.run("guest create g board=virt mem=16M kernel=/spin.bin disk=none disk=none", status=0)
    m.run("vdisk attach g/disk0 ramdisk0 ro; vdisk attach g/disk1 ramdisk0 ro", status=0)
    assert len(re.findall(r"1 MiB +ro .* ramdisk0", m.run("vdisk list", status=0))) == 2
    assert "rw" not in m.run("vdisk list", status=0)
    # Nobody may write it while somebody else reads.
    assert "ramdisk0" in m.run("vdisk detach g/disk0; vdisk attach g/disk0 ramdisk0")
    assert re.search(r"disk0 +0 B +r. .* -", m.run("vdisk list", status=0))
    m.run("vdisk detach g/disk1; vdisk attach g/disk0 ramdisk0", status=0)
    assert re.search(r"disk0 +1 MiB +rw .* ramdisk0", m.run("vdisk list", status=0))


def test_commands(machine):
    """RAM disks, their contents and partitions at the shell."""
    image, first, _ = partitioned()
    m = machine(files={"/images/p.img": image})
    m.run("blockdev ramdisk create 64M", status=0)
    assert re.search(r"ramdisk0 +64 MiB +rw", m.run("blockdev list", status=0))
    assert "ramdisk1: 3 MiB" in m.run("blockdev ramdisk create /images/p.img", status=0)
    listed = m.run("blockdev list", status=0)
    assert re.search(r"ramdisk1p1 +1 MiB .*partition, type 0x83", listed)
    assert re.search(r"ramdisk1p2 +1 MiB .*partition, type 0x0c", listed)
    dump = m.run("blockdev dump8 ramdisk1p1 512 16", status=0)
    assert " ".join("%02x" % b for b in first[512:528]) in dump
    assert "ramdisk1p1: 1 MiB" in m.run("blockdev rescan ramdisk1", status=0)
    assert "ramdisk0 has no partitions" in m.run("blockdev rescan ramdisk0", status=0)
    m.run("blockdev ramdisk destroy ramdisk0", status=0)
    m.run("blockdev ramdisk destroy ramdisk1", status=0)
    assert "ramdisk" not in m.run("blockdev list", status=0)
    # Completion knows devices.
    m.run("blockdev ramdisk create 1M quick", status=0)
    m.send("blockdev info qu\t\r")
    m.expect(r"kind +RAM disk")
    m.wait_prompt()


@pytest.mark.parametrize("gic", [2, 3])
def test_media(machine, linux, gic):
    """A partition as a disk; another medium, none, and the first one again, while it runs."""
    image, first, second = partitioned()
    m = machine(gic=gic, files=dict(linux, **{"/images/p.img": image, "/images/o.img": second}))
    m.run("blockdev ramdisk create /images/p.img", status=0)
    create(m, "g", 2, more="disk=ramdisk0p1")
    wait_ready(m, "g", 2)
    assert sectors(m) == 2048
    assert digest(m, "cat /dev/vda") == hashlib.sha256(first).hexdigest()
    # What it writes is in its partition, and nowhere else.
    in_guest(m, "dd if=/dev/zero of=/dev/vda bs=512 seek=2047 count=1 conv=fsync")
    leave_console(m)
    dump = m.run("blockdev dump32 ramdisk0 %d 8" % (2 * MIB - 16), status=0)
    assert "001ffff0: 00000000 00000000 00000000 00000000" in dump
    assert "00200000: %08x" % struct.unpack("<I", second[:4]) in dump
    # Somebody else's disk cannot be had.
    refused = m.run("guest create h board=virt vcpus=1 mem=64M kernel=/boot/vmlinuz disk=ramdisk0")
    assert "ramdisk0p1 is in use for writing" in refused
    assert "ramdisk0p1 is in use" in m.run("blockdev rescan ramdisk0")
    m.run("vdisk attach g/disk0 /images/o.img", status=0)
    assert re.search(r"g/virtio-blk0 +disk0 +1 MiB", m.run("vdisk list", status=0))
    at_console(m, "g")
    in_guest(m, "echo 3 >/proc/sys/vm/drop_caches")
    assert digest(m, "cat /dev/vda") == hashlib.sha256(second).hexdigest()
    leave_console(m)
    m.run("vdisk detach g", status=0)
    at_console(m, "g")
    in_guest(m, "sleep 1", 30)
    assert sectors(m) == 0
    assert "0+0 records out" in in_guest(m, "dd if=/dev/vda of=/dev/null bs=4k count=1")
    leave_console(m)
    m.run("vdisk attach g/virtio-blk0 ramdisk0", status=0)
    at_console(m, "g")
    in_guest(m, "sleep 1", 30)
    assert sectors(m) == 3 * 2048
    assert digest(m, "dd if=/dev/vda bs=1M skip=2 count=1") == hashlib.sha256(second).hexdigest()
    switch_off(m)
    m.run("guest destroy g", status=0)
    m.run("blockdev ramdisk destroy ramdisk0", status=0)


def test_empty_drive(machine, linux):
    """A disk without a medium from the start gets one later."""
    image = noise(MIB, 13)
    m = machine(files=dict(linux, **{"/images/p.img": image}))
    create(m, "g", 1, more="disk=none disk=ram:/images/p.img,ro")
    wait_ready(m, "g")
    assert sectors(m) == 0
    assert digest(m, "cat /dev/vdb") == hashlib.sha256(image).hexdigest()
    leave_console(m)
    m.run("vdisk attach g/disk0 /images/p.img", status=0)
    at_console(m, "g")
    in_guest(m, "sleep 1", 30)
    assert sectors(m) == 2048
    assert digest(m, "cat /dev/vda") == hashlib.sha256(image).hexdigest()
    assert "1+0 records out" in in_guest(m, "dd if=/dev/zero of=/dev/vda bs=4k count=1 conv=fsync "
                                         "2>&1")
    switch_off(m)


def test_failing_disk(machine, linux):
    """A disk that fails or is full is an I/O error in the guest, which goes on."""
    m = machine(files=linux)
    m.run("blockdev ramdisk create 16M", status=0)
    create(m, "g", 1, more="disk=ramdisk0")
    wait_ready(m, "g")
    in_guest(m, "dmesg -n 1")
    write = "dd if=/dev/zero of=/dev/vda bs=4k seek=%d count=1 oflag=direct conv=fsync 2>&1"
    leave_console(m)
    m.run("blockdev fault ramdisk0 fails op=write from=800 sectors=8", status=0)
    m.run("blockdev fault ramdisk0 full op=write from=1600 count=1", status=0)
    m.run("blockdev fault ramdisk0 fails op=read from=2400 sectors=1", status=0)
    at_console(m, "g")
    assert "1+0 records out" in in_guest(m, write % 99)
    assert "rror" in in_guest(m, write % 100)
    assert "1+0 records out" in in_guest(m, write % 101)
    assert re.search("No space|rror", in_guest(m, write % 200))
    assert "1+0 records out" in in_guest(m, write % 200)
    read = "dd if=/dev/vda of=/dev/null bs=4k skip=%d count=1 iflag=direct 2>&1"
    assert "rror" in in_guest(m, read % 300)
    assert "1+0 records out" in in_guest(m, read % 301)
    leave_console(m)
    assert re.search(r"requests +\d+ reads, \d+ writes, [3-9]\d* errors; 0 in flight",
                     m.run("vdisk info g", status=0))
    m.run("blockdev fault ramdisk0 off", status=0)
    at_console(m, "g")
    assert "1+0 records out" in in_guest(m, write % 100)
    assert "1+0 records out" in in_guest(m, read % 300)
    switch_off(m)


def test_requests_in_flight(machine, linux):
    """A slow disk: media change, guests are reset and destroyed, with requests on the way."""
    m = machine(files=linux, smp=2)
    m.run("blockdev ramdisk create 16M", status=0)
    m.run("blockdev ramdisk create 16M", status=0)
    m.run("blockdev fault ramdisk0 slow delay=300ms from=1000", status=0)
    work = ("(while :; do dd if=/dev/zero of=/dev/vda bs=64k seek=16 count=64 oflag=direct; "
            "done) >/dev/null 2>&1 & echo at-work")
    free = []
    for turn in range(3):
        create(m, "g", 2, more="disk=ramdisk0")
        wait_ready(m, "g", 2)
        m.send(work + "\r")
        m.expect(r"\nat-work")
        leave_console(m)
        if turn == 0:
            for medium in ("ramdisk1", "ramdisk0", "ramdisk1", "ramdisk0"):
                m.run("vdisk attach g/disk0 " + medium, status=0)
            m.run("vdisk detach g/disk0", status=0)
            assert "0 in flight" in m.run("vdisk info g", status=0)
            m.run("vdisk attach g/disk0 ramdisk0", status=0)
        m.run("guest reset g", status=0)
        m.send("console g\r")
        m.expect(r"guest-init: ready", BOOT_SECONDS)
        m.expect_exact("guest:/# ")
        m.send(work + "\r")
        m.expect(r"\nat-work")
        leave_console(m)
        m.run("guest destroy g", status=0)
        assert re.search(r"ramdisk0 +16 MiB +rw +- ", m.run("blockdev list", status=0))
        free.append(free_pages(m))
    assert len(set(free[1:])) == 1, free
    m.run("blockdev ramdisk destroy ramdisk0", status=0)
    m.run("blockdev ramdisk destroy ramdisk1", status=0)


def ext4_disk(folder, linux, data):
    """A disk with a GUID partition table and one partition: ext4 with what Linux needs, x.img."""
    tree, size = folder / "tree", 48 * MIB
    tree.mkdir()
    for name, path in linux.items():
        (tree / name.rsplit("/", 1)[1]).write_bytes(path.read_bytes())
    (tree / "x.img").write_bytes(data)
    tool("mke2fs", "-q", "-F", "-t", "ext4", "-d", tree, folder / "ext4", "%dM" % (size // MIB))
    disk = guid_table(size + 2 * MIB, ("images", 2048, 2048 + size // 512 - 1))
    disk[MIB:MIB + size] = (folder / "ext4").read_bytes()
    (folder / "c.img").write_bytes(disk)
    return folder / "c.img"


@pytest.mark.parametrize("virtio", ["mmio", "pci"])
def test_host_partitions(machine, linux, tmp_path, virtio):
    """A partition of a real disk: what a guest writes is in that part of the file, and stays. The
    guest's kernel and another disk of it are files of ext4 on a partition of a third disk."""
    image = guid_table(8 * MIB, ("boot", 2048, 4095), ("root", 4096, 8191))
    first, second = noise(MIB, 21), noise(2 * MIB, 22)
    image[MIB:2 * MIB] = first
    image[2 * MIB:4 * MIB] = second
    damaged = bytearray(image)
    damaged[512 + 40] ^= 1
    for name, data in (("a.img", image), ("b.img", damaged)):
        (tmp_path / name).write_bytes(data)
    images = ext4_disk(tmp_path, linux, first)
    m = machine(virtio=virtio, disks=[tmp_path / "a.img", tmp_path / "b.img", images])
    listed = m.run("blockdev list", status=0)
    for name in ("vda1", "vda2", "vdb1", "vdb2"):
        assert re.search(r"(?m)^%s +[12] MiB .*partition, (boot|root)" % name, listed)
    said = "vdb: the GUID partition table cannot be used (the checksum of its header is wrong)"
    assert said in m.run("log show", status=0).replace("\n", " ") or \
        said in m.run("blockdev rescan vdb")
    m.run("vfs mount vdc1 /boot", status=0)
    create(m, "g", 1, more="disk=vda2 disk=/boot/x.img")
    wait_ready(m, "g")
    assert sectors(m) == 4096
    assert digest(m, "cat /dev/vdb") == hashlib.sha256(first).hexdigest()
    assert digest(m, "cat /dev/vda") == hashlib.sha256(second).hexdigest()
    in_guest(m, "dd if=/dev/zero of=/dev/vda bs=64k count=2 seek=30 conv=fsync", 60)
    written = (tmp_path / "a.img").read_bytes()
    assert written[4 * MIB - 131072:4 * MIB] == bytes(131072)
    assert written[:4 * MIB - 131072] == image[:4 * MIB - 131072]
    assert written[4 * MIB:] == image[4 * MIB:]
    switch_off(m)


def test_failing_host_disk(machine, linux, tmp_path):
    """A host's disk that fails in places, or is full, is an I/O error in the guest and no more."""
    (tmp_path / "a.img").write_bytes(noise(4 * MIB, 23))
    (tmp_path / "faults").write_text(
        '[inject-error]\nevent = "write_aio"\nerrno = "5"\nsector = "2000"\n'
        '[inject-error]\nevent = "read_aio"\nerrno = "5"\nsector = "3000"\n'
        '[inject-error]\nevent = "write_aio"\nerrno = "28"\nsector = "4000"\n')
    disk = "blkdebug:%s:%s,werror=report,rerror=report" % (tmp_path / "faults", tmp_path / "a.img")
    ext2(tmp_path / "b.img", 4)
    (tmp_path / "c.img").write_bytes(bytes(4 * MIB))
    tool("mkfs.vfat", "-F", "12", tmp_path / "c.img")
    m = machine(files=dict(linux, **{"/full": noise(MIB, 24)}),
                disks=[disk, tmp_path / "b.img", tmp_path / "c.img"])
    # A file that pretends to be larger than the disk it is on, where that can be.
    m.run("vfs mount vdc /f; vfs truncate /f/x.img 1M", status=0)
    assert "no space left" in m.run("vfs truncate /f/x.img 64M || echo")
    m.run("vfs mount vdb /d; vfs truncate /d/x.img 64M; vfs truncate /d/y.img 1M", status=0)
    m.run("vfs cp /full /d", status=0)
    create(m, "g", 1, more="disk=vda disk=/d/x.img disk=/d/y.img disk=/f/x.img")
    wait_ready(m, "g")
    # The kernel's own words about it shall not come between.
    in_guest(m, "dmesg -n 1")
    # Commands are short: a line that is wrapped is echoed in another way.
    in_guest(m, "w() { dd if=/dev/zero of=/dev/$1 oflag=direct conv=fsync $2 2>&1; }")
    in_guest(m, "r() { dd if=/dev/$1 of=/dev/null iflag=direct bs=4k count=1 $2 2>&1; }")
    write, read = 'w vda "bs=4k count=1 seek=%d"', "r vda skip=%d"
    for _ in range(2):
        assert "rror" not in in_guest(m, write % 249)
        assert "rror" in in_guest(m, write % 250)
        assert "1+0 records out" in in_guest(m, read % 250)
        assert "rror" in in_guest(m, read % 375)
        assert re.search("rror|No space", in_guest(m, write % 500))
        assert "rror" not in in_guest(m, write % 501)
    # What is full ends, and what needs no more room goes on.
    assert re.search("rror|No space", in_guest(m, 'w vdb "bs=64k count=200"', 120))
    assert re.search("rror|No space", in_guest(m, 'w vdc "bs=64k count=16"'))
    assert "1+0 records out" in in_guest(m, 'w vdb "bs=4k count=1"')
    assert "1+0 records out" in in_guest(m, 'w vdd "bs=4k count=1 seek=255"')
    assert "1+0 records out" in in_guest(m, "r vdb skip=9999")
    leave_console(m)
    said = re.sub(r"\s+", " ", m.run("log show", status=0))
    assert "g/virtio-blk0: read of 8 sectors at 3000 failed: input/output error; the " in said
    assert re.search(r"g/virtio-blk1: write of \d+ sectors at \d+ failed: no space left; ", said)
    assert "messages left out" not in said or len(re.findall("g/virtio-blk", said)) < 30
    m.run("vfs rm /d/full", status=0)
    at_console(m, "g")
    assert "16+0 records out" in in_guest(m, 'w vdc "bs=64k count=16"')
    switch_off(m)
    m.run("guest destroy g; vfs umount /d; vfs umount /f", status=0)
    m.kill()
    tool("e2fsck", "-fn", tmp_path / "b.img")
    tool("fsck.vfat", "-n", tmp_path / "c.img")
