#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Make the device tree blobs that fuzzing starts from: dt-seeds.py FOLDER."""
import os
import struct
import sys


def align(data):
    return data + bytes(-len(data) % 4)


class Writer:
    """The structure and strings blocks of a blob."""

    def __init__(self):
        self.strings = b""
        self.body = b""

    def node(self, name, props, children=()):
        self.body += struct.pack(">I", 1) + align(name.encode() + b"\0")
        for key, value in props.items():
            key = key.encode() + b"\0"
            at = self.strings.find(key)
            if at < 0:
                at = len(self.strings)
                self.strings += key
            self.body += struct.pack(">III", 3, len(value), at) + align(value)
        for child in children:
            self.node(*child)
        self.body += struct.pack(">I", 2)

    def blob(self):
        body = self.body + struct.pack(">I", 9)
        start = 40 + 16
        return struct.pack(">10I", 0xd00dfeed, start + len(body) + len(self.strings), start,
                           start + len(body), 40, 17, 16, 0, len(self.strings),
                           len(body)) + bytes(16) + body + self.strings


def cells(*values):
    return b"".join(struct.pack(">I", value) for value in values)


def trees():
    yield "", {}
    yield "", {"compatible": b"a\0b\0", "#address-cells": cells(2), "#size-cells": cells(2)}, (
        ("memory@0", {"reg": cells(0, 0, 0, 4096), "device_type": b"memory\0"}),
        ("aliases", {"serial0": b"/bus/uart@1\0"}),
        ("bus", {"ranges": cells(0, 0, 4096, 256), "#address-cells": cells(1),
                 "#size-cells": cells(1)}, (
            ("uart@1", {"reg": cells(1, 16), "phandle": cells(1), "status": b"okay\0"}),
            ("uart@2", {"reg": cells(2, 16), "phandle": cells(2), "flag": b""}))))


def main():
    folder = os.path.join(sys.argv[1], "fuzz_dt")
    os.makedirs(folder, exist_ok=True)
    for number, tree in enumerate(trees()):
        writer = Writer()
        writer.node(*tree)
        with open(os.path.join(folder, str(number)), "wb") as file:
            file.write(writer.blob())


main()
