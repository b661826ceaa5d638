#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Make the file systems that fuzz_vfs starts from: vfs-seeds.py FOLDER.

The first byte of a seed is 1 for an ext2 image whose first block and whose end, all zeros, are
cut off, and 0 for an archive.
"""
import os
import struct
import sys


def newc(name, data=b"", mode=0o100644, ino=1, nlink=1):
    """One member of an archive."""
    name += b"\0"
    fields = (ino, mode, 0, 0, nlink, 0, len(data), 8, 1, 0, 0, len(name), 0)
    member = b"070701" + b"".join(b"%08X" % field for field in fields) + name
    member += bytes(-len(member) % 4) + data
    return member + bytes(-len(member) % 4)


def archives():
    """Folders that are missing, doubles, links of both kinds."""
    end = newc(b"TRAILER!!!")
    yield (newc(b"./boot/hello", b"hello") + newc(b"boot/link", b"hello", 0o120777) +
           newc(b"x/y/z", b"1") + newc(b"x", mode=0o040755) + newc(b"x", mode=0o040700) + end)
    yield (newc(b"a", ino=7, nlink=2) + newc(b"b/c", b"content", ino=7, nlink=2) +
           newc(b"loop", b"loop", 0o120777) + newc(b"b//bad") + end + bytes(16) + newc(b"d") + end)


def inode(mode, size, blocks, inline=b""):
    """128 bytes."""
    raw = struct.pack("<HHI4I", mode, 0, size, 0, 0, 1700000000, 0)
    raw += struct.pack("<HHIII", 0, 1, 2 * len(blocks), 0, 0)
    if not inline:
        inline = struct.pack("<15I", *(blocks + [0] * (15 - len(blocks))))
    raw += inline.ljust(60, b"\0")
    return raw.ljust(128, b"\0")


def entries(*items):
    """A directory of one block."""
    out = b""
    for n, (ino, name, kind) in enumerate(items):
        size = 8 + (len(name) + 3) // 4 * 4
        if n == len(items) - 1:
            size = 1024 - len(out)
        out += struct.pack("<IHBB", ino, size, len(name), kind) + name.ljust(size - 8, b"\0")
    return out


def ext2():
    """Blocks of 1 KiB: 1 superblock, 2 groups and, behind them, inodes, 3 ... data."""
    sb = struct.pack("<7I", 8, 64, 0, 0, 0, 1, 0).ljust(32, b"\0") + struct.pack("<III", 64, 64, 8)
    sb = sb.ljust(56, b"\0") + struct.pack("<H", 0xef53)
    sb = sb.ljust(76, b"\0") + struct.pack("<I", 1)
    sb = sb.ljust(88, b"\0") + struct.pack("<H", 128)
    sb = sb.ljust(96, b"\0") + struct.pack("<I", 2)
    # The first inode is not used: the table of groups is in its place.
    inodes = struct.pack("<III", 0, 0, 2).ljust(128, b"\0")
    inodes += inode(0o040755, 1024, [3]) + inode(0o040755, 1024, [4]) + inode(0o100644, 700, [1])
    inodes += inode(0o120777, 5, [], b"hello") + inode(0o120777, 4, [], b"loop")
    # Through one, two and three blocks of pointers, which are the same block.
    inodes += inode(0o100644, 70000 * 1024, [0] * 12 + [4, 4, 4]) + inode(0o120777, 100, [1])
    blocks = [sb, inodes,
              entries((2, b".", 2), (2, b"..", 2), (3, b"boot", 2), (6, b"loop", 7),
                      (7, b"big", 1)),
              entries((3, b".", 2), (2, b"..", 2), (4, b"hello", 1), (5, b"link", 7),
                      (8, b"slow", 7))]
    yield b"".join(block.ljust(1024, b"\0") for block in blocks)[:4095]


def main():
    folder = os.path.join(sys.argv[1], "fuzz_vfs")
    os.makedirs(folder, exist_ok=True)
    seeds = [b"\0" + seed for seed in archives()] + [b"\1" + seed for seed in ext2()]
    for n, seed in enumerate(seeds):
        with open(os.path.join(folder, "seed%d" % n), "wb") as file:
            file.write(seed)


if __name__ == "__main__":
    main()
