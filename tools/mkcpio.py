#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Write cpio archives in the "newc" format, without root and always the same bytes.

Entries are sorted by path, belong to root, and have no time. Folders above an entry are made
without being named. From the shell:

    mkcpio.py -o out.cpio boot/vmlinuz=vmlinuz init:755=init.sh dev/console:c=5,1 bin/sh:l=busybox

where ":755" is a mode, ":c" and ":b" make device nodes, ":l" a symbolic link, ":d" a folder. With
-z the archive is compressed by gzip. Python programs use the class Cpio.
"""
import argparse
import gzip
import sys
import zlib

ALIGN = 4
FOLDER, FILE, LINK, CHARACTER, BLOCK = 0o040000, 0o100000, 0o120000, 0o020000, 0o060000


def padding(length):
    """The zero bytes up to the next multiple of four."""
    return b"\0" * (-length % ALIGN)


class Cpio:
    """An archive: add entries in any order, then ask for its bytes."""

    def __init__(self):
        self.entries = {}

    def add(self, path, mode, data=b"", device=(0, 0)):
        """Add any entry; the folders above it come by themselves."""
        path = path.strip("/")
        if not path or any(part in ("", ".", "..") for part in path.split("/")):
            raise ValueError("not a path inside an archive: %r" % path)
        parent = path.rpartition("/")[0]
        if parent and parent not in self.entries:
            self.add(parent, FOLDER | 0o755)
        self.entries[path] = (mode, data, device)

    def file(self, path, data, mode=0o644):
        """Add a file; data is its text or its bytes."""
        self.add(path, FILE | mode, data.encode() if isinstance(data, str) else data)

    def folder(self, path):
        """Add an empty folder."""
        self.add(path, FOLDER | 0o755)

    def link(self, path, target):
        """Add a symbolic link."""
        self.add(path, LINK | 0o777, target.encode())

    def node(self, path, kind, major, minor):
        """Add a device node; kind is CHARACTER or BLOCK."""
        self.add(path, kind | 0o600, device=(major, minor))

    def parts(self):
        """The archive, piece by piece."""
        for inode, path in enumerate(sorted(self.entries), start=1):
            mode, data, device = self.entries[path]
            yield self.header(inode, path, mode, len(data), device)
            yield data
            yield padding(len(data))
        yield self.header(0, "TRAILER!!!", 0, 0, (0, 0))

    @staticmethod
    def header(inode, path, mode, size, device):
        """The header of an entry and its path."""
        name = path.encode() + b"\0"
        links = 2 if mode & 0o170000 == FOLDER else 1
        fields = (inode, mode, 0, 0, links, 0, size, 0, 0) + tuple(device) + (len(name), 0)
        head = b"070701" + b"".join(b"%08X" % field for field in fields) + name
        return head + padding(len(head))

    def bytes(self):
        """The whole archive."""
        return b"".join(self.parts())

    def write(self, out, compress=False):
        """Write the archive into an open file."""
        if compress:
            with gzip.GzipFile(filename="", mode="wb", fileobj=out, mtime=0,
                               compresslevel=zlib.Z_BEST_COMPRESSION) as packed:
                for part in self.parts():
                    packed.write(part)
        else:
            for part in self.parts():
                out.write(part)


def add_argument(archive, argument):
    """Add what one argument of the command line asks for."""
    left, separator, right = argument.partition("=")
    path, _, kind = left.partition(":")
    if kind == "d":
        archive.folder(path)
    elif not separator:
        raise ValueError("%r has no \"=\"" % argument)
    elif kind == "l":
        archive.link(path, right)
    elif kind in ("c", "b"):
        major, minor = right.split(",")
        archive.node(path, CHARACTER if kind == "c" else BLOCK, int(major), int(minor))
    else:
        with open(right, "rb") as source:
            archive.file(path, source.read(), int(kind, 8) if kind else 0o644)


def main():
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("-z", "--gzip", action="store_true")
    parser.add_argument("entries", nargs="*", metavar="PATH[:KIND]=SOURCE")
    arguments = parser.parse_args()
    archive = Cpio()
    try:
        for entry in arguments.entries:
            add_argument(archive, entry)
        with open(arguments.output, "wb") as out:
            archive.write(out, arguments.gzip)
    except (OSError, ValueError) as failure:
        print("mkcpio: %s" % failure, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
