#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Make the file systems that fuzz_fs starts from: fs-seeds.py FOLDER.

The first byte of a seed says what it is the begin of (0 ext2 without its first block, 1 FAT, 2 and
3 the descriptors of a CD), the second how it will be changed; what is behind its end is zeros.
"""
import os
import runpy
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def inode(mode, size, blocks, links=1, flags=0, inline=b""):
    """128 bytes."""
    raw = struct.pack("<HHI4I", mode, 0, size, 0, 0, 1700000000, 0)
    raw += struct.pack("<HHIII", 0, links, 2 * len(blocks), flags, 0)
    if not inline:
        inline = struct.pack("<15I", *(blocks + [0] * (15 - len(blocks))))
    return (raw + inline.ljust(60, b"\0")).ljust(128, b"\0")


def entries(*items):
    """A directory of one block."""
    out = b""
    for n, (ino, name, kind) in enumerate(items):
        size = 8 + (len(name) + 3) // 4 * 4
        if n == len(items) - 1:
            size = 1024 - len(out)
        out += struct.pack("<IHBB", ino, size, len(name), kind) + name.ljust(size - 8, b"\0")
    return out


def ext2(incompat=2):
    """Blocks of 1 KiB: 1 superblock, 2 groups and inodes, 3 both bitmaps, 4 root and boot."""
    sb = struct.pack("<7I", 8, 64, 0, 56, 4, 1, 0).ljust(32, b"\0")
    sb += struct.pack("<III", 64, 64, 8)
    sb = sb.ljust(56, b"\0") + struct.pack("<HH", 0xef53, 1)
    sb = sb.ljust(76, b"\0") + struct.pack("<I", 1)
    sb = sb.ljust(88, b"\0") + struct.pack("<H", 128)
    sb = sb.ljust(96, b"\0") + struct.pack("<I", incompat)
    group = struct.pack("<IIIHHH", 3, 3, 2, 56, 4, 2)
    extent = struct.pack("<HHHHI", 0xf30a, 1, 4, 0, 0) + struct.pack("<IHHI", 0, 1, 0, 4)
    file = inode(0o100644, 700, [6])
    if incompat & 0x40:
        file = inode(0o100644, 3000, [4], flags=0x80000, inline=extent)
    inodes = group.ljust(128, b"\0") + inode(0o040755, 1024, [4], 3)
    inodes += inode(0o040755, 1024, [4], 2) + file
    inodes += inode(0o100644, 70000, [0] * 12 + [6, 6, 6])
    blocks = [sb, inodes, b"\x3f",
              entries((2, b".", 2), (2, b"..", 2), (3, b"boot", 2), (4, b"new", 1), (5, b"big", 1))]
    return b"".join(block.ljust(1024, b"\0") for block in blocks)[:4094]


def short(name, attr, cluster, size):
    """An entry of a directory."""
    return struct.pack("<11sB10xHHHI", name, attr, 0, 0x5700, cluster, size)


def fat(bits):
    """A boot sector, one table, the root directory and a folder, a sector each."""
    root = 0 if bits == 32 else 16
    boot = b"\xeb\x3c\x90mkfs.fat" + struct.pack("<HBHBHHBHHHII", 512, 1, 1, 1, root, 128, 0xf8,
                                                  0 if bits == 32 else 1, 32, 2, 0, 0)
    if bits == 32:
        boot += struct.pack("<IHHIHH", 1, 0, 0, 2, 0, 0)
    boot = boot.ljust(510, b"\0") + b"\x55\xaa"
    if bits == 12:
        table = b"\xf8\xff\xff" + b"\x04\xf0\xff" + b"\xff\x6f\x00" + b"\x05\x00\x00"
    else:
        table = struct.pack("<8I", 0xffffff8, 0xfffffff, 0xfffffff, 0xfffffff, 5, 0xfffffff, 7, 6)
    directory = short(b"BOOT       ", 0x10, 3, 0)
    directory += short(b"HELLO   TXT", 0x20, 4 if bits == 32 else 2, 900)
    directory += short(b"BIG        ", 0x20, 6, 1000000)
    folder = short(b".          ", 0x10, 3, 0) + short(b"..         ", 0x10, 0, 0)
    folder += b"\x41" + "hello".encode("utf-16le") + b"\x0f\0\xb9\0\0" + b"\xff" * 10
    folder += b"\0\0" + b"\xff" * 4 + short(b"HELLO      ", 0x20, 0, 0)
    return b"".join(part.ljust(512, b"\0") for part in (boot, table, directory, folder))


def disc(rock):
    """A CD from its descriptors on, in blocks of 512, with directories in what they leave free."""
    cd = runpy.run_path(os.path.join(HERE, "..", "make-iso-data.py"))
    record, name, susp, mode, more_at = (cd[n] for n in ("record", "name", "susp", "mode",
                                                         "more_at"))

    def directory(block, use=b""):
        return record(b"\0", block, 512, 2, use) + record(b"\1", block, 512, 2)

    blocks = [cd["descriptor"](1, 128, record(b"\0", 65, 512, 2), 512)]
    sharing = susp(b"SP", b"\xbe\xef\0") + mode(0o040755) + more_at(67, 300, 40) if rock else b""
    blocks.append(directory(65, sharing) +
                  record(b"BOOT", 66, 512, 2, name(b"boot") + mode(0o040755)) +
                  record(b"PARTS.;1", 67, 200, 0x80, name(b"parts")) +
                  record(b"PARTS.;1", 68, 100, 0, name(b"parts")))
    blocks.append(directory(66) +
                  record(b"HELLO.;1", 67, 30, 0, name(b"hello")) +
                  record(b"LINK.;1", 0, 0, 0, name(b"li", 1) + more_at(67, 200, 60)) +
                  record(b"DEEP.;1", 67, 0, 0, name(b"deep") +
                         susp(b"CL", struct.pack("<II", 65, 0))))
    blocks.append(b"text".ljust(200) + (name(b"nk") + mode(0o120777) + cd["link"](
        (8, b""), (0, b"boot"), (4, b""))).ljust(100, b"\0") + name(b"x") +
                  susp(b"TF", b"\2" + bytes(7)))
    blocks.append(cd["descriptor"](2, 128, record(b"\0", 69, 512, 2), 512, b"%/E"))
    blocks.append(directory(69) + record("boot\u00e4;1".encode("utf-16-be"), 67, 30))
    return b"".join(block.ljust(512, b"\0") for block in blocks)


def main():
    folder = os.path.join(sys.argv[1], "fuzz_fs")
    os.makedirs(folder, exist_ok=True)
    seeds = [(0, ext2()), (0, ext2(0x42)), (1, fat(12)), (1, fat(32)), (2, disc(True)),
             (3, disc(False))]
    for n, (kind, seed) in enumerate(seeds):
        for how in (2, 5, 100):
            with open(os.path.join(folder, "seed%d-%d" % (n, how)), "wb") as file:
                file.write(bytes([kind, how]) + seed)


if __name__ == "__main__":
    main()
