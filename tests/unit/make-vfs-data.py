#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Make the file systems that test_vfs reads: make-vfs-data.py FOLDER.

tree-*.ext2 by mke2fs, tree.cpio and tree.cpio.gz by cpio, all of the same tree; odd.cpio by hand.
The content of sparse.bin and big.bin is described in test_vfs.c, which looks at it.
"""
import gzip
import os
import shutil
import struct
import subprocess
import sys

# Name of the image: size in KiB, options of mke2fs.
EXT2 = {
    "tree-1k": (6144, ["-b", "1024"]),
    "tree-2k": (8192, ["-b", "2048"]),
    "tree-4k": (12288, ["-b", "4096"]),
    "tree-rev0": (6144, ["-b", "1024", "-r", "0"]),
    "tree-notype": (6144, ["-b", "1024", "-O", "none,sparse_super"]),
    "tree-inode256": (6144, ["-b", "1024", "-I", "256", "-O", "ext_attr"]),
    "tree-ext3": (12288, ["-b", "1024", "-O", "has_journal,dir_index"]),
    "tree-ext4": (16384, ["-b", "1024", "-I", "256", "-O",
                          "has_journal,extent,64bit,flex_bg,metadata_csum,dir_index,huge_file,"
                          "dir_nlink,extra_isize"]),
    "tree-ext4-4k": (24576, ["-b", "4096", "-I", "256", "-O", "extent,flex_bg,dir_index"]),
}
# Those that test_ext2 writes to: nothing in them, several block groups.
EMPTY = {
    "empty-1k": (3000, ["-t", "ext2", "-b", "1024", "-g", "1024", "-N", "160"]),
    "empty-2k": (8192, ["-t", "ext2", "-b", "2048", "-g", "1024", "-N", "160"]),
    "empty-4k": (16384, ["-t", "ext2", "-b", "4096", "-g", "1024", "-N", "160"]),
    "empty-rev0": (4096, ["-t", "ext2", "-b", "1024", "-r", "0", "-N", "160"]),
    "empty-notype": (4096, ["-t", "ext2", "-b", "1024", "-O", "none,sparse_super", "-N", "160"]),
    "empty-inode256": (6144, ["-t", "ext2", "-b", "1024", "-I", "256", "-O", "ext_attr",
                              "-N", "160"]),
    "empty-index": (6144, ["-t", "ext2", "-b", "1024", "-I", "256", "-N", "160", "-O",
                           "ext_attr,resize_inode,dir_index,filetype,sparse_super,large_file"]),
    "empty-ext3": (8192, ["-t", "ext3", "-b", "1024", "-N", "160", "-O", "has_journal,dir_index"]),
}
# The same for test_fat, in KiB.
EMPTY_FAT = {
    "empty12": (2048, ["-F", "12"]),
    "empty16": (10240, ["-F", "16", "-s", "2", "-r", "64"]),
    "empty32": (70000, ["-F", "32", "-s", "2"]),
    # Few clusters for this kind, but there are such.
    "empty32s": (4096, ["-F", "32", "-s", "1"]),
    "empty12k4": (15000, ["-F", "12", "-S", "4096", "-s", "1"]),
}
# The first block of each kind of indirection with 1 KiB blocks, and some behind.
STAMPS = [0, 11 * 1024, 12 * 1024, 267 * 1024, 268 * 1024, 5000 * 1024 + 512,
          (12 + 256 + 65536) * 1024 - 1024, (12 + 256 + 65536) * 1024, 70000 * 1024]


def write(path, data, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)
    os.chmod(path, mode)
    os.utime(path, (1700000000, 1700000000))


def make_tree(top, sparse):
    """Files of all kinds that test_vfs looks for."""
    write(top + "/boot/hello", b"hello, world\n", 0o755)
    write(top + "/boot/empty", b"")
    write(top + "/boot.xscript", b"echo one\n")
    # Larger than a page, an odd size: byte n is n * 7 + n / 256
    write(top + "/big.bin", bytes((n * 7 + n // 256) & 0xff for n in range(300001)))
    for n in range(300):
        write(top + "/many/file-with-a-long-name-%03d" % n, b"%d\n" % n)
    write(top + "/" + "n" * 255, b"long name\n")
    os.symlink("hello", top + "/boot/link")
    os.symlink("/boot/../boot/./link", top + "/absolute")
    os.symlink("boot", top + "/folder")
    os.symlink("loop", top + "/loop")
    os.symlink("nowhere", top + "/dangling")
    # Too long for an inode.
    os.symlink("boot/" + "./" * 50 + "hello", top + "/slow")
    os.link(top + "/boot/hello", top + "/hard")
    os.makedirs(top + "/a/b/c/d")
    if sparse:
        with open(top + "/sparse.bin", "wb") as file:
            for at in STAMPS:
                file.seek(at)
                file.write(struct.pack("<Q", at + 1))
            file.truncate(70000 * 1024 + 100)


def newc(name, data=b"", mode=0o100644, ino=1, nlink=1):
    """One member of an archive."""
    name += b"\0"
    fields = (ino, mode, 0, 0, nlink, 0, len(data), 8, 1, 0, 0, len(name), 0)
    member = b"070701" + b"".join(b"%08X" % field for field in fields) + name
    member += bytes(-len(member) % 4) + data
    return member + bytes(-len(member) % 4)


def odd_cpio():
    """What archives may also have: missing folders, doubles, odd names, early links."""
    yield newc(b"z/y/x", b"deep")
    yield newc(b"./dot/file", b"dot")
    yield newc(b"/root", b"absolute")
    yield newc(b"twice", b"first")
    yield newc(b"link1", mode=0o100644, ino=77, nlink=3)
    yield newc(b"sub/link2", mode=0o100644, ino=77, nlink=3)
    yield newc(b"link3", b"content", mode=0o100644, ino=77, nlink=3)
    yield newc(b"other", b"not it", mode=0o100644, ino=78, nlink=2)
    yield newc(b"twice", b"second")
    yield newc(b"a-b", b"1")
    yield newc(b"a/b", b"2")
    yield newc(b"a.b", b"3")
    yield newc(b"a", mode=0o040700)
    yield newc(b"z/y/", mode=0o040711)
    yield newc(b"bad//name", b"left out")
    yield newc(b"bad/../name", b"left out")
    yield newc(b"TRAILER!!!")
    yield bytes(512)
    yield newc(b"second/archive", b"appended")
    yield newc(b"TRAILER!!!")


def mke2fs(folder, name, size, options):
    """An image of so many KiB."""
    image = os.path.join(folder, name + ".ext2")
    if os.path.exists(image):
        os.remove(image)
    env = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin", MKE2FS_CONFIG="/dev/null")
    subprocess.run(["mke2fs", "-q", "-F"] + options + [image, "%dk" % size], check=True, env=env,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def mkfs_vfat(folder, name, size, options):
    """An image of so many KiB."""
    image = os.path.join(folder, name + ".fat")
    if os.path.exists(image):
        os.remove(image)
    env = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
    subprocess.run(["mkfs.vfat", "-C"] + options + [image, str(size)], check=True, env=env,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def fat_tree(folder):
    """names.fat: what mtools writes, with names of all kinds."""
    mkfs_vfat(folder, "names", 4096, ["-F", "16", "-s", "1"])
    image = os.path.join(folder, "names.fat")
    files = {"UPPER.TXT": b"upper", "lower.txt": b"lower", "Mixed Case and long.text": b"mixed",
             "\u00e4\u00f6 \u20ac.txt": b"not ASCII", ".hidden": b"dot", "a.b.c": b"dots",
             "big.bin": bytes((n * 7 + n // 256) & 0xff for n in range(300001))}
    env = dict(os.environ, MTOOLS_SKIP_CHECK="1", LC_ALL="C.UTF-8")

    def mtools(*line, data=None):
        subprocess.run(list(line), check=True, env=env, input=data, stdout=subprocess.DEVNULL)

    for name, data in files.items():
        mtools("mcopy", "-i", image, "-", "::" + name, data=data)
    mtools("mmd", "-i", image, "::folder", "::folder/deep", "::many")
    mtools("mcopy", "-i", image, "-", "::folder/deep/file", data=b"deep")
    for number in range(60):
        mtools("mcopy", "-i", image, "-", "::many/a file with a long name %02d" % number,
               data=b"%d" % number)


def main():
    folder = sys.argv[1]
    tree = os.path.join(folder, "tree")
    for name, (size, options) in EMPTY.items():
        mke2fs(folder, name, size, options)
    for name, (size, options) in EMPTY_FAT.items():
        mkfs_vfat(folder, name, size, options)
    fat_tree(folder)
    for sparse in (False, True):
        shutil.rmtree(tree, ignore_errors=True)
        make_tree(tree, sparse)
        if sparse:
            for name, (size, options) in EXT2.items():
                mke2fs(folder, name, size, ["-t", "ext2", "-N", "512", "-d", tree] + options)
            continue
        names = subprocess.run(["find", ".", "-print0"], cwd=tree, check=True,
                               stdout=subprocess.PIPE)
        with open(os.path.join(folder, "tree.cpio"), "wb") as file:
            subprocess.run(["cpio", "--quiet", "-0", "-o", "-H", "newc"], cwd=tree, check=True,
                           input=names.stdout, stdout=file)
    with open(os.path.join(folder, "tree.cpio"), "rb") as file:
        data = file.read()
    with open(os.path.join(folder, "tree.cpio.gz"), "wb") as file:
        file.write(gzip.compress(data, 1))
    with open(os.path.join(folder, "odd.cpio"), "wb") as file:
        file.write(b"".join(odd_cpio()))
    shutil.rmtree(tree)


if __name__ == "__main__":
    main()
