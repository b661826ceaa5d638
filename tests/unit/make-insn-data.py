#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Lengths of x86 instructions as binutils' disassembler has them, for test_insn.

    make-insn-data.py <folder>

Makes insn-lengths: lines "<16|32|64> <bytes in hex>", an instruction each: every opcode of each map
with several prefixes and operands. With files in INSN_FILES="<mode> <file> ..." it takes more of
both, and what is in these files (ELF: their .text, else all of it as code of that mode), which
needs a minute. Without a disassembler for x86 the result is empty, and the test says so.
"""
import os
import re
import subprocess
import sys

LINE = re.compile(r"\s*([0-9a-f]+):\t([0-9a-f ]+)\t(.*)")
MACHINES = {16: "i8086", 32: "i386", 64: "i386:x86-64"}
# Different on processors of one or the other maker, or in no processor at all.
EXCEPT = re.compile(r"\(bad\)|\.byte|%db|%tr|^((data16|data32|addr32|addr16|rex[.\w]*|rep[nz]*|"
                    r"lock|[c-gs]s|notrack|bnd|xacquire|xrelease)\s*)+$")
FILES = os.environ.get("INSN_FILES", "").split()
MODRMS = (0x05, 0x06, 0x44, 0xac, 0xd1)
SIBS = (0x25,)
PREFIXES = {16: ((), (0x66,), (0x66, 0x67)),
            32: ((), (0x66,), (0x67,)),
            64: ((), (0x66,), (0x48,), (0xf3,), (0xf2, 0x41))}
if FILES:
    MODRMS += (0x00, 0x04, 0x0a, 0x14, 0x3d, 0x4d, 0x57, 0x84, 0x95, 0xbe, 0xc0, 0xe8, 0xff)
    SIBS += (0x6d, 0xe4)
    PREFIXES = {16: PREFIXES[16] + ((0x67,), (0xf3,), (0x26, 0xf0)),
                32: PREFIXES[32] + ((0xf2,), (0x64, 0xf0)),
                64: PREFIXES[64] + ((0x67,), (0x66, 0x4f), (0x2e, 0x44))}


def disassemblers():
    """What may be there."""
    for name in ("objdump", "x86_64-linux-gnu-objdump"):
        try:
            out = subprocess.run([name, "--help"], check=False, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, encoding="utf-8").stdout
        except FileNotFoundError:
            continue
        if "elf64-x86-64" in out:
            yield name


def disassemble(tool, arguments):
    """Address, bytes and text of each instruction."""
    with subprocess.Popen([tool, "--insn-width=16", *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, encoding="utf-8") as process:
        for line in process.stdout:
            match = LINE.match(line)
            if match and not EXCEPT.search(match[3]):
                yield int(match[1], 16), match[2].replace(" ", ""), match[3]


def records(mode):
    """Opcodes with what may follow, in 16 bytes each."""
    for prefix in PREFIXES[mode]:
        for escape in ((), (0x0f,), (0x0f, 0x38), (0x0f, 0x3a)):
            for opcode in range(256):
                for modrm in MODRMS:
                    sibs = SIBS if modrm & 0xc7 in (0x04, 0x44, 0x84) else SIBS[:1]
                    for sib in sibs:
                        record = bytes((*prefix, *escape, opcode, modrm, sib))
                        yield record + b"\x90" * (16 - len(record))
    for vex in ((0xc5, 0xf8), (0xc5, 0xfd), (0xc4, 0xe2, 0x79), (0xc4, 0xe3, 0x7d),
                (0xc4, 0xe1, 0xfa), (0x62, 0xf1, 0x7c, 0x48), (0x62, 0xf2, 0x7d, 0x48),
                (0x62, 0xf3, 0x7d, 0x48)):
        for opcode in range(256):
            for modrm in (0x04, 0x05, 0x44, 0x8d, 0xc1):
                record = bytes((*vex, opcode, modrm, 0x25))
                yield record + b"\x90" * (16 - len(record))


def main():
    """Command line."""
    folder = sys.argv[1]
    raw = os.path.join(folder, "insn-records")
    tool = next(disassemblers(), None)
    seen = set()
    if tool:
        for mode, machine in MACHINES.items():
            with open(raw, "wb") as out:
                out.writelines(records(mode))
            for address, code, _ in disassemble(tool, ["-D", "-b", "binary", "-m", machine, raw]):
                if address % 16 == 0:
                    seen.add((mode, code))
        os.remove(raw)
    short = set()
    for mode, path in zip(FILES[::2], FILES[1::2]):
        with open(path, "rb") as code:
            elf = code.read(4) == b"\x7fELF"
        how = ["-d", "-j", ".text"] if elf else ["-D", "-b", "binary", "-m", MACHINES[int(mode)]]
        for _, code, _ in disassemble(tool, [*how, path]):
            # One of each beginning and length is enough.
            if (mode, code[:6], len(code)) not in short:
                short.add((mode, code[:6], len(code)))
                seen.add((int(mode), code))
    with open(os.path.join(folder, "insn-lengths"), "w", encoding="ascii") as out:
        out.writelines("%d %s\n" % entry for entry in sorted(seen))


if __name__ == "__main__":
    main()
