#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Make the CD images that test_iso9660 and test_vfs read: make-iso-data.py FOLDER.

tree-*.iso by xorriso, of the tree of make-vfs-data.py and of names of all kinds; odd.iso by hand:
what a volume may have beside what xorriso writes, and what it must not.
"""
import os
import runpy
import shutil
import struct
import subprocess
import sys

SECTOR = 2048
DIR, ASSOCIATED, MORE = 2, 4, 0x80
HERE = os.path.dirname(os.path.abspath(__file__))


def both(fmt, number):
    """A number in both orders of bytes, as all are."""
    return struct.pack("<" + fmt, number) + struct.pack(">" + fmt, number)


def susp(signature, data=b""):
    """An entry of a system use area."""
    return signature + bytes([4 + len(data), 1]) + data


def name(text, flags=0):
    """Rock Ridge's name."""
    return susp(b"NM", bytes([flags]) + text)


def mode(value):
    """Rock Ridge's POSIX attributes."""
    return susp(b"PX", both("I", value) + both("I", 1) + both("I", 0) + both("I", 0))


def more_at(block, offset, size):
    """The area goes on there."""
    return susp(b"CE", both("I", block) + both("I", offset) + both("I", size))


def record(ident, block, size, flags=0, use=b"", attributes=0, unit=0, gap=0):
    """A record of a directory."""
    raw = struct.pack("B", attributes) + both("I", block) + both("I", size)
    raw += bytes([123, 11, 14, 22, 13, 20, 4]) + bytes([flags, unit, gap]) + both("H", 1)
    raw += bytes([len(ident)]) + ident
    raw += b"" if len(ident) % 2 else b"\0"
    raw += use + (b"\0" if len(use) % 2 else b"")
    return bytes([len(raw) + 1]) + raw


def descriptor(kind, blocks, root, block_size=SECTOR, escape=b""):
    """A volume descriptor."""
    raw = bytes([kind]) + b"CD001\x01" + bytes(73) + both("I", blocks) + escape.ljust(32, b"\0")
    raw += both("H", 1) + both("H", 1) + both("H", block_size)
    return raw.ljust(156, b"\0") + root


def dots(block, use=b"", size=SECTOR):
    """The first two records."""
    return record(b"\0", block, size, DIR, use) + record(b"\1", block, size, DIR)


class Disc:
    """Blocks by number."""

    def __init__(self, count):
        self.blocks = [b""] * count

    def __setitem__(self, number, data):
        assert len(data) <= SECTOR
        self.blocks[number] = data

    def bytes(self):
        """The image."""
        return b"".join(block.ljust(SECTOR, b"\0") for block in self.blocks)


def link(*components):
    """A symbolic link's target of (flags, text)."""
    return susp(b"SL", b"\0" + b"".join(bytes([f, len(t)]) + t for f, t in components))


def odd_root():
    """Records of the root directory of odd.iso."""
    yield dots(20, susp(b"SP", b"\xbe\xef\x00") + mode(0o040711) + more_at(29, 100, 14))
    yield record(b"PARTS.BIN;1", 24, SECTOR, MORE, name(b"parts"))
    yield record(b"PARTS.BIN;1", 26, 100, 0, name(b"parts"))
    yield record(b"LONG;1", 25, 4, 0, name(b"n" * 100, 1) + more_at(29, 200, 105))
    yield record(b"LINK.;1", 0, 0, 0, name(b"link") + mode(0o120777) +
                 link((8, b""), (0, b"folder"), (4, b""), (2, b""), (1, b"pa"), (0, b"rts")))
    yield record(b"PARTS.BIN;1", 25, 4, ASSOCIATED, name(b"fork"))
    yield record(b"INTER.;1", 25, 4, 0, name(b"interleaved"), unit=1, gap=1)
    yield record(b"ZIP.;1", 25, 4, 0, name(b"zipped") + susp(b"ZF", b"pz\4\17" + both("I", 9)))
    yield record(b"OUT.;1", 5000, 4, 0, name(b"outside"))
    yield record(b"ATTR.;1", 24, 4, 0, name(b"attributes"), attributes=1)
    yield record(b"FIFO.;1", 0, 0, 0, name(b"fifo") + mode(0o010644))
    yield record(b"PLAIN.TXT;1", 25, 4)
    yield record(b"SLASH.;1", 25, 4, 0, name(b"a/b\0c"))
    yield record(b"DOTS.;1", 25, 4, 0, name(b".."))
    yield record(b"DEEP", 25, 4, 0, name(b"deep") + mode(0o040755) + susp(b"CL", both("I", 23)))
    yield record(b"MOVED", 23, SECTOR, DIR, name(b"moved") + susp(b"RE"))
    yield record(b"BAD", 22, SECTOR, DIR, name(b"bad"))
    yield record(b"HUGE", 30, 1 << 30, DIR, name(b"huge"))
    yield record(b"ODD", 25, SECTOR, DIR, name(b"text"))


def odd_disc():
    """What is rare, and what is wrong."""
    disc = Disc(32)
    root = record(b"\0", 20, SECTOR, DIR)
    disc[16] = descriptor(1, 32, root)
    disc[17] = descriptor(2, 32, record(b"\0", 21, SECTOR, DIR), escape=b"%/E")
    disc[18] = descriptor(255, 0, b"")
    disc[20] = b"".join(odd_root())
    wide = "\u00e4\U0001f600 x;1".encode("utf-16-be")
    disc[21] = dots(21) + record(wide, 25, 4) + record(b"\xd8\x00\x00/", 25, 4)
    # Continuations in a circle.
    disc[22] = dots(22) + record(b"A.;1", 25, 4, 0, name(b"circle") + more_at(27, 0, 28))
    disc[27] = more_at(27, 0, 28)
    disc[23] = dots(23, mode(0o040700)) + record(b"F.;1", 25, 4, 0, name(b"file"))
    disc[24] = bytes(n & 0xff for n in range(SECTOR))
    disc[25] = b"text"
    disc[26] = b"behind".ljust(100, b"!")
    disc[29] = (bytes(100) + susp(b"TF", b"\x02" + bytes([123, 11, 14, 22, 13, 20, 0]))
                ).ljust(200, b"\0") + name(b"m" * 100)
    return disc.bytes()


def xorriso(folder, output, tree, *options):
    """An image of a tree."""
    path = os.path.join(folder, output)
    if os.path.exists(path):
        os.remove(path)
    line = ["xorriso", "-as", "mkisofs", "-quiet", "-V", "TEST", *options, "-o", path, tree]
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def named_tree(top):
    """Names that the kinds of names differ in; folders too deep for the standard."""
    files = {"UPPER.TXT": b"upper", "lower.txt": b"lower", "Mixed Case and long.text": b"mixed",
             "\u00e4\u00f6 \u20ac.txt": b"not ASCII", "noext": b"dot",
             "1/2/3/4/5/6/7/8/9/10/bottom": b"deep"}
    for path, data in files.items():
        full = os.path.join(top, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as file:
            file.write(data)


def main():
    folder = sys.argv[1]
    tree = os.path.join(folder, "iso-tree")
    shutil.rmtree(tree, ignore_errors=True)
    runpy.run_path(os.path.join(HERE, "make-vfs-data.py"))["make_tree"](tree, False)
    xorriso(folder, "tree-rock.iso", tree, "-R")
    xorriso(folder, "tree-both.iso", tree, "-R", "-J")
    shutil.rmtree(tree)
    named_tree(tree)
    xorriso(folder, "names-rock.iso", tree, "-R")
    xorriso(folder, "names-joliet.iso", tree, "--norock", "-J")
    xorriso(folder, "names-plain.iso", tree, "--norock")
    shutil.rmtree(tree)
    with open(os.path.join(folder, "odd.iso"), "wb") as file:
        file.write(odd_disc())


if __name__ == "__main__":
    main()
