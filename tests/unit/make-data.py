#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Make the compressed files that test_inflate reads: make-data.py FOLDER.

For each case NAME there is NAME.raw with the content, and compressed by Python's zlib one or more
of NAME.gz (gzip), NAME.zz (zlib), NAME.df (raw deflate).
"""
import gzip
import os
import random
import struct
import sys
import zlib

STRATEGIES = {"default": zlib.Z_DEFAULT_STRATEGY, "filtered": zlib.Z_FILTERED,
              "huffman": zlib.Z_HUFFMAN_ONLY, "rle": zlib.Z_RLE, "fixed": zlib.Z_FIXED}
WINDOW_BITS = {"gz": 31, "zz": 15, "df": -15}


def contents():
    """Contents that make the compressor use each kind of block, code and distance."""
    rng = random.Random(1)
    words = [bytes(rng.choices(b"abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 9)))
             for _ in range(400)]
    yield "empty", b""
    yield "byte", b"x"
    yield "zeros", bytes(100000)
    yield "text", b" ".join(rng.choices(words, k=30000))
    yield "random", rng.randbytes(70000)
    # Repeats at the farthest distance and just beyond it, across the end of a window.
    block = rng.randbytes(32768)
    yield "far", block + block + block[:300] + rng.randbytes(1) + block
    # Very unequal frequencies: codes of up to 15 bits.
    skewed = bytes(symbol for symbol in range(40) for _ in range(int(1.6 ** min(symbol, 22))))
    yield "skewed", bytes(rng.sample(skewed, len(skewed)))
    # Frequencies that are Fibonacci numbers, within one block: the longest codes there can be.
    frequencies = [1, 1]
    while sum(frequencies) < 20000:
        frequencies.append(frequencies[-1] + frequencies[-2])
    deep = bytes(symbol for symbol, times in enumerate(frequencies) for _ in range(times))
    yield "deep", bytes(rng.sample(deep, len(deep)))
    yield "window", rng.randbytes(100) + bytes(32768 - 100) + b"end"


def compress(data, level, strategy, bits):
    """One stream of one format."""
    packer = zlib.compressobj(level, zlib.DEFLATED, bits, 9, strategy)
    return packer.compress(data) + packer.flush()


def write(folder, name, data):
    """One file."""
    with open(os.path.join(folder, name), "wb") as out:
        out.write(data)


def special(folder):
    """Files that only a gzip reader has to know."""
    text = b"some text of a file\n" * 50
    raw = compress(text, 9, zlib.Z_DEFAULT_STRATEGY, -15)
    tail = struct.pack("<II", zlib.crc32(text), len(text))
    # All optional parts of the header: extra field, name, comment and header checksum.
    header = (b"\x1f\x8b\x08\x1e\0\0\0\0\0\3" + struct.pack("<H", 5) + b"extra" +
              b"name.txt\0" + b"a comment\0")
    header += struct.pack("<H", zlib.crc32(header) & 0xffff)
    write(folder, "header.gz", header + raw + tail)
    write(folder, "header.raw", text)
    # Two members, and the zero bytes that tapes and boot loaders fill up with.
    write(folder, "members.gz", gzip.compress(text) + gzip.compress(b"second") + bytes(512))
    write(folder, "members.raw", text + b"second")
    # Flushes: empty stored blocks in between.
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    flushed = b"".join(packer.compress(text[i:i + 7]) + packer.flush(zlib.Z_FULL_FLUSH)
                       for i in range(0, 700, 7)) + packer.flush()
    write(folder, "flushed.gz", flushed)
    write(folder, "flushed.raw", text[:700])


def main():
    """All of it, and a list of the names of the cases."""
    folder = sys.argv[1]
    names = []
    for name, data in contents():
        for strategy, number in STRATEGIES.items():
            for level in (0, 1, 9):
                case = "%s-%s-%d" % (name, strategy, level)
                names.append(case)
                write(folder, case + ".raw", data)
                for suffix, bits in WINDOW_BITS.items():
                    write(folder, "%s.%s" % (case, suffix), compress(data, level, number, bits))
    special(folder)
    write(folder, "cases", "\n".join(names).encode() + b"\n")


main()
