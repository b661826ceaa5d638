#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Make the inputs that fuzzing starts from: make-seeds.py FOLDER.

Each harness fuzz_x gets a folder FOLDER/fuzz_x with files; one without seeds starts from nothing.
"""
import gzip
import os
import struct
import sys
import zlib


def newc(name, data, magic=b"070701", check=0):
    """One member of a cpio archive."""
    name += b"\0"
    fields = (1, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), check)
    member = magic + b"".join(b"%08x" % field for field in fields) + name
    member += bytes(-len(member) % 4) + data
    return member + bytes(-len(member) % 4)


def cpio():
    """Archives of one and two parts, with and without checksums."""
    trailer = newc(b"TRAILER!!!", b"")
    one = newc(b"boot/file", b"content") + newc(b"dir", b"") + trailer
    yield one
    yield one + bytes(64) + newc(b"x", b"abc", b"070702", sum(b"abc")) + trailer


def elf():
    """A small file of each class."""
    content = b"\0.shstrtab\0.text\0" + bytes(47)
    for bits in (64, 32):
        wide = bits == 64
        word = "Q" if wide else "I"
        ehdr, phdr, shdr = (64, 56, 64) if wide else (52, 32, 40)
        shoff = ehdr + phdr
        at = shoff + 3 * shdr
        ident = b"\x7fELF" + bytes((2 if wide else 1, 1, 1)) + bytes(9)
        out = ident + struct.pack("<HHI3" + word + "I6H", 2, 183, 1, 0x80000, ehdr, shoff, 0,
                                  ehdr, phdr, 1, shdr, 3, 1)
        if wide:
            out += struct.pack("<II6Q", 1, 5, at, 0x80000, 0x80000, 64, 4096, 4096)
        else:
            out += struct.pack("<8I", 1, at, 0x80000, 0x80000, 64, 4096, 5, 4096)
        for name, kind, size in ((0, 0, 0), (1, 3, 64), (11, 1, 64)):
            out += struct.pack("<II4%sII2%s" % (word, word), name, kind, 0, 0, at, size, 0, 0, 1, 0)
        yield out + content


def inflate():
    """Each frame and each kind of block."""
    text = b"some text, some text, and some other text again\n" * 20
    for level in (0, 1, 9):
        for bits, frame in ((31, b"g"), (15, b"z"), (-15, b"r")):
            for strategy in (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED):
                packer = zlib.compressobj(level, zlib.DEFLATED, bits, 9, strategy)
                yield frame + packer.compress(text) + packer.flush()
    yield b"g" + gzip.compress(bytes(66000)) + gzip.compress(text)


def image():
    """A kernel of each kind, plain and compressed."""
    code = bytes(range(128, 256)) * 8
    arm64 = code[:8] + struct.pack("<QQQ", 0, 1 << 20, 10) + bytes(24) + b"ARM\x64" + code
    yield arm64
    yield gzip.compress(arm64)
    yield code[:36] + struct.pack("<IIII", 0x016f2818, 0, 1024, 0x04030201) + code
    head = struct.pack(">IIIIIII4B32s", 0x27051956, 0, 0, 64, 0x40200000, 0x40200000,
                       zlib.crc32(code[:64]), 5, 22, 2, 0, b"name")
    yield head[:4] + struct.pack(">I", zlib.crc32(head)) + head[8:] + code
    packed = gzip.compress(arm64)
    yield (b"MZ\0\0zimg" + struct.pack("<II", 64, len(packed)) + bytes(8) + b"gzip" + bytes(36) +
           packed)
    for file in elf():
        yield file + bytes(4096)
        yield gzip.compress(file)


def image_x86():
    """Kernels for PCs: bzImage of each entry, Multiboot with addresses, ELF with a note of PVH."""
    code = bytes(range(128, 256)) * 8
    for version, loads in ((0x20f, 0x3f), (0x20f, 4), (0x209, 0), (0x202, 0)):
        head = bytearray(5 * 512)
        head[0x1f1] = 4
        struct.pack_into("<I", head, 0x1f4, len(code) // 16)
        struct.pack_into("<H2s4sH", head, 0x1fe, 0xaa55, b"\xeb\x6a", b"HdrS", version)
        head[0x211] = 1
        struct.pack_into("<H", head, 0x236, loads)
        struct.pack_into("<QI", head, 0x258, 1 << 24, 1 << 20)
        yield bytes(head) + code
    flags = 0x10003
    header = struct.pack("<8I", 0x1badb002, flags, -(0x1badb002 + flags) & 0xffffffff, 0x200040,
                         0x200000, 0, 0x210000, 0x200060)
    yield code[:64] + header + code
    note = struct.pack("<III4sQ", 4, 8, 18, b"Xen", 0x200010)
    begin = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 62, 1, 0x200000, 64, 0, 0, 64,
                        56, 2, 0, 0, 0)
    parts = struct.pack("<IIQQQQQQ", 1, 7, 0, 0x200000, 0x200000, 1024, 2048, 16)
    parts += struct.pack("<IIQQQQQQ", 4, 4, 176, 0, 0, len(note), len(note), 4)
    yield begin + parts + note + code
    yield gzip.compress(begin + parts + note + code)


def formats():
    """Formats behind 72 bytes of values."""
    values = bytes(range(72))
    for text in (b"%d %5.3d|%-#8x|%+i", b"%08x% d%#o%X%u%%", b"%lld %hhu %zx %jd", b"%c%p%q"):
        yield values + text


def texts(*lines):
    """One input of each."""
    return [line.encode() for line in lines]


SEEDS = {
    "fuzz_cpio": cpio,
    "fuzz_elf": elf,
    "fuzz_inflate": inflate,
    "fuzz_format": formats,
    "fuzz_parse": lambda: texts("0x1234abcd", "0b1011", "18446744073709551615", "256MiB", "1.5G",
                                "10ms", "0.25s", "-77", "true", "16777215T"),
    "fuzz_image": image,
    "fuzz_image_x86": image_x86,
    "fuzz_guest_config": lambda: texts(
        "web\nboard=virt\nvcpus=2\nmem=256M\nkernel=/k\ncmdline=console=ttyAMA0\naffinity=0,2-3",
        "g\ngic=3\narch=arm32\nprio=7\ndisk=/d\non_reset=stop\nload=0x40080000\nrng=on",
        "m,physical_size,physsize,256M", "m,a,string,b,c", "m,a,bytes,0a1b", "m,a,uint32,7"),
    "fuzz_glob": lambda: texts("a*b?c\nabxc", "*\\*?\nx*y", "guest*\nguest0", "abc\nabc"),
}


def main():
    """All seeds of all harnesses."""
    for harness, make in SEEDS.items():
        folder = os.path.join(sys.argv[1], harness)
        os.makedirs(folder, exist_ok=True)
        for number, data in enumerate(make()):
            with open(os.path.join(folder, "%02d" % number), "wb") as out:
                out.write(data)


main()
