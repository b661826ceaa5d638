#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Make the command lines that fuzz_shell starts from: shell-seeds.py FOLDER."""
import os
import sys

SEEDS = [
    b"echo one; echo 'two' && echo \"$?\" || help # comment\n",
    b"guest create web board=virt mem=64M kernel=/s cmdline=\"a b\" ; guest start web\n",
    b"guest list\nguest status web\nvcpu list\nvcpu stats web 1s\nvcpu dumpreg web/vcpu0\n",
    b"he\tgu\t\tcr\tx \tkernel=/\t\r\n",
    b"vfs ls /\nvfs cat /s\nvfs stat /s\nvfs mplist\nvfs run /s\n",
    b"devtree add / x\ndevtree set /x a uint32 1 2\ndevtree print /\ndevtree del /x a\n",
    b"devtree set /guests s string a b\ndevtree get /guests s\ndevtree node copy / y /guests\n",
    b"one\x1b[D\x1b[D\x01\x05\x0b\x15two\x17\x1b[A\x1b[B\x03\x04\x0c\r",
    b"-guest stop none\n\\\n guest wait web 1ms\nsleep 1us\nlog show error\n",
    b"vserial list\nconsole web\nabc\x1bxqecho\n",
    b"guest dumpmem web 0x40000000 100\nvfs guest_load web 0x40000000 /s 1 2\n",
]


def main():
    folder = os.path.join(sys.argv[1], "fuzz_shell")
    os.makedirs(folder, exist_ok=True)
    for n, seed in enumerate(SEEDS):
        with open(os.path.join(folder, "seed%d" % n), "wb") as file:
            file.write(seed)


if __name__ == "__main__":
    main()
