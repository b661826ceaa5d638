#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Make what fuzzing of networks starts from: net-seeds.py FOLDER."""
import os
import sys

MERGE, PAIRS, EVENTS = 1, 2, 4


def buffers(chained, size, second=False):
    """Buffers for receiving; a size above 255 stands for 2 KiB."""
    how = (1 if second else 0) | (2 if chained else 0) | 4 | (8 if size > 255 else 0)
    return bytes([12, how] + ([] if size > 255 else [size] * 8))


def ethernet(how, length):
    """What build() reads: a length of up to 255 bytes, or a large one."""
    if how & 1:
        return bytes([how, length, 1, 2, 0])
    return bytes([how]) + length.to_bytes(8, "big") + bytes([1, 2, 0])


def offloads(how, size=0, shift=0):
    """What build_offloads() reads."""
    more = [] if how & 0x30 else [34]
    more += [] if how & 0xc0 else [16]
    return bytes([how] + more + [size, shift, 54])


def frame(ether, off, pieces=(), port=0):
    """A frame from one of the ports."""
    return bytes([9]) + ether + off + bytes((list(pieces) + [0] * 7)[:7]) + bytes([port])


def guest(ether, off):
    """A frame from the guest."""
    return bytes([5]) + ether + off


def seeds():
    """Sequences of steps that reach each part."""
    tcp4, tcp6, udp4 = 0x53, 0x55 | 0x20, 0x97
    for features in (0, MERGE, MERGE | EVENTS, MERGE | PAIRS):
        start = bytes([features])
        for chained in (False, True):
            for size in (10, 50, 200, 2048):
                yield start + buffers(chained, size) + frame(ethernet(3, 200), offloads(0x10)) + \
                    frame(ethernet(3, 250), offloads(0x10), (20, 30, 1), 1)
        yield start + buffers(False, 2048) + \
            frame(ethernet(2, 3000), offloads(tcp4, 100, 2), (60,)) + \
            frame(ethernet(0x0a, 3000), offloads(tcp6, 100, 3), (90,)) + \
            frame(ethernet(0x12, 3000), offloads(udp4, 100, 1), (60,), 2)
        yield start + guest(ethernet(2, 3000), offloads(tcp4, 250, 2)) + \
            guest(ethernet(0x0a, 3000), offloads(tcp6, 250, 2)) + \
            guest(ethernet(0x12, 9000), offloads(udp4, 100, 0)) + bytes([2, 3])
        # A trunk, tagged frames; a command of the control queue.
        yield start + bytes([1, 0x10, 0x62, 5]) + frame(ethernet(7, 200), offloads(0x10)) + \
            guest(ethernet(7, 100), offloads(0x10))
        for class_ in range(6):
            yield start + bytes([0x2d | 0, 0, 10, 2, 1]) + bytes([0x24, class_, 0, 1])


def main():
    """Command line."""
    folder = os.path.join(sys.argv[1], "fuzz_net")
    os.makedirs(folder, exist_ok=True)
    for number, seed in enumerate(seeds()):
        with open(os.path.join(folder, "seed%03d" % number), "wb") as out:
            out.write(seed)


if __name__ == "__main__":
    main()
