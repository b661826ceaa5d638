# SPDX-License-Identifier: GPL-2.0-only
"""The build does what has to be done and no more; seen on a small tree of its own."""
import os
import pathlib
import re
import shutil
import subprocess
import time

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SPDX = "/* SPDX-License-Identifier: GPL-2.0-only */\n"

FILES = {
    "arch/arm/objects.mk": "subdir-$(CONFIG_ARM64) += arm64\n",
    "arch/arm/openconf.cfg": "config ARM64\n\tbool\n\tdefault y\n",
    "arch/arm/board/generic-v8/defconfig": "CONFIG_EXTRA=y\n",
    "arch/arm/board/small/defconfig": "# CONFIG_EXTRA is not set\n",
    "arch/arm/arm64/objects.mk": "obj-y += entry.o\n",
    "arch/arm/arm64/entry.S": '\t.section .text.head, "ax"\n\t.globl _start\n_start:\n\tb main\n',
    "arch/arm/arm64/vmm.lds.S": "ENTRY(_start)\nSECTIONS {\n.text : { *(.text.head) "
                                "*(.text .text.*) }\n.rodata : { *(.rodata .rodata.*) }\n"
                                ".data : { *(.data .data.*) *(.bss .bss.*) *(.*iplt .igot.plt) }\n"
                                "/DISCARD/ : { *(.comment) *(.note*) *(.eh_frame) }\n}\n",
    "core/objects.mk": "obj-y += main.o other.o\nobj-$(CONFIG_EXTRA) += extra.o\n",
    "core/openconf.cfg": 'config EXTRA\n\tbool "Extra"\n\nconfig NUMBER\n\tint "Number"\n'
                         "\tdefault 3\n",
    "core/include/core/a.h": SPDX + "#pragma once\nint other(int x);\n",
    "core/main.c": "#include <core/a.h>\n#include <libfdt.h>\n"
                   "extern const unsigned long symtab_base;\nvoid main(void);\n"
                   "void main(void)\n{\n\tother((int)symtab_base);\n}\n",
    "core/other.c": "#include <core/a.h>\nint other(int x)\n{\n\treturn x + CONFIG_NUMBER;\n}\n",
    "core/extra.c": "int extra(void);\nint extra(void)\n{\n\treturn 1;\n}\n",
}


@pytest.fixture
def tree(tmp_path):
    """The small tree: call it with arguments of make, get exit code and output."""
    copy = tmp_path / "tree"
    shutil.copytree(os.path.join(TOP, "tools"), copy / "tools")
    for name in ("Makefile", "openconf.cfg", "arch/arm/port.mk"):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(os.path.join(TOP, name), copy / name)
    # What the root reads and the small tree has no need for is empty.
    for name in re.findall(r'^source "([^"$]+)"', (copy / "openconf.cfg").read_text(), re.M):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text("")
    for path, text in FILES.items():
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).write_text(text)

    def package_of_libfdt(folder):
        """A package as Debian's is laid out, where downloads are kept: no network is needed."""
        root = tmp_path / "package"
        for path, text in (("DEBIAN/control", "Package: libfdt-dev\nVersion: 1\n"
                            "Architecture: arm64\nMaintainer: none <none@none>\n"
                            "Description: none\n"),
                           ("usr/include/libfdt.h", ""), ("usr/include/fdt.h", "")):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        library = root / "usr/lib/aarch64-linux-gnu/libfdt.a"
        library.parent.mkdir(parents=True)
        subprocess.run(["aarch64-linux-gnu-ar", "rcD", library], check=True)
        folder.mkdir(parents=True)
        subprocess.run(["dpkg-deb", "-b", root, folder / "libfdt-dev.deb"], check=True,
                       stdout=subprocess.DEVNULL)

    def make(*arguments, out="build", path=None):
        environment = {k: v for k, v in os.environ.items()
                       if k not in ("O", "DL", "ARCH", "BOARD", "CROSS_COMPILE", "CC")
                       and not k.startswith("MAKE") and k != "MFLAGS"}
        environment["LC_ALL"] = "C"
        if path:
            environment["PATH"] = path
        line = ["/usr/bin/make", "O=" + out, "DL=" + str(tmp_path / "dl"), *arguments]
        result = subprocess.run(line, cwd=copy, env=environment, stdin=subprocess.DEVNULL,
                                check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                encoding="utf-8")
        return result.returncode, result.stdout

    package_of_libfdt(tmp_path / "dl/arm64")
    make.folder = copy
    return make


def built(output):
    """The objects that were compiled, by the quiet lines."""
    return sorted(line.split()[1].replace("obj/", "") for line in output.splitlines()
                  if line.split()[:1] in (["CC"], ["AS"]))


def edit(path, old, new):
    """Change a file, so that its time is a later one."""
    text = path.read_text()
    assert old in text
    time.sleep(0.02)
    path.write_text(text.replace(old, new))


def test_incremental(tree):
    """Exactly what depends on a change is made again."""
    code, output = tree()
    assert code == 0, output
    assert built(output) == ["arch/arm/arm64/entry.o", "core/extra.o", "core/main.o",
                             "core/other.o"]
    image = (tree.folder / "build/vmm.bin").read_bytes()
    code, output = tree()
    assert code == 0 and built(output) == [] and "LD" not in output
    edit(tree.folder / "core/include/core/a.h", "int x", "int  x")
    code, output = tree()
    assert code == 0 and built(output) == ["core/main.o", "core/other.o"]
    edit(tree.folder / "core/objects.mk", "obj-y", "CFLAGS_other.o := -O1\nobj-y")
    code, output = tree()
    assert code == 0 and built(output) == ["core/other.o"]
    edit(tree.folder / "core/objects.mk", "CFLAGS_other.o := -O1\n", "")
    assert tree()[0] == 0
    assert (tree.folder / "build/vmm.bin").read_bytes() == image
    (tree.folder / "core/include/core/a.h").rename(tree.folder / "core/include/core/b.h")
    for name in ("main.c", "other.c"):
        edit(tree.folder / "core" / name, "core/a.h", "core/b.h")
    code, output = tree()
    assert code == 0 and built(output) == ["core/main.o", "core/other.o"], output


def test_failed_compilation_is_repeated(tree):
    """What failed is not taken for made, also when only the flags were wrong."""
    assert tree()[0] == 0
    edit(tree.folder / "core/objects.mk", "obj-y", "CFLAGS_other.o := -fno-such-flag\nobj-y")
    assert tree()[0] != 0
    code, output = tree()
    assert code != 0 and "no-such-flag" in output


def test_edit_during_compilation(tree):
    """A header that is changed while a compiler reads it is read again by the next make."""
    assert tree()[0] == 0
    compiler = tree.folder / "slow-gcc"
    compiler.write_text('#!/bin/sh\n/usr/bin/aarch64-linux-gnu-gcc "$@" || exit 1\n'
                        'case "$*" in *core/other.c) sleep 0.1; echo >>core/include/core/a.h\n'
                        'sleep 0.1; touch build/obj/core/other.o;; esac\n')
    compiler.chmod(0o755)
    code, output = tree("CC=./slow-gcc")
    assert code == 0, output
    code, output = tree("CC=./slow-gcc")
    assert code == 0 and "core/other.o" in built(output)


def test_configuration(tree):
    """A symbol chooses its object; the header is touched only when something in it changed."""
    assert tree()[0] == 0
    names = subprocess.run(["aarch64-linux-gnu-nm", tree.folder / "build/vmm.pass1.elf"],
                           stdout=subprocess.PIPE, encoding="utf-8", check=True).stdout
    assert "main" in names
    dotconfig = tree.folder / "build/.config"
    edit(dotconfig, "CONFIG_EXTRA=y", "CONFIG_EXTRA=y ")
    code, output = tree()
    assert code == 0 and built(output) == []
    edit(dotconfig, "CONFIG_NUMBER=3", "CONFIG_NUMBER=4")
    code, output = tree()
    assert code == 0 and "core/other.o" in built(output)
    code, output = tree("savedefconfig")
    assert code == 0
    saved = (tree.folder / "build/defconfig").read_text()
    assert "CONFIG_NUMBER=4" in saved and "CONFIG_EXTRA=y" in saved and "ARCH" not in saved


def test_new_symbol_takes_default(tree):
    """A symbol that came after .config was made takes its default without a question."""
    assert tree()[0] == 0
    edit(tree.folder / "core/openconf.cfg", "config EXTRA",
         'config LATER\n\tbool "Later"\n\tdefault y\n\nconfig EXTRA')
    assert tree()[0] == 0
    assert "CONFIG_LATER=y" in (tree.folder / "build/.config").read_text()


def test_remembers_board(tree):
    """ARCH, BOARD and CROSS_COMPILE are kept; another board in the same folder is refused."""
    code, output = tree("ARCH=arm", "BOARD=small", "CROSS_COMPILE=/usr/bin/aarch64-linux-gnu-",
                        "defconfig")
    assert code == 0, output
    code, output = tree("VERBOSE=y")
    assert code == 0 and "extra.o" not in output and "/usr/bin/aarch64-linux-gnu-gcc" in output
    code, output = tree("BOARD=generic-v8")
    assert code != 0 and "BOARD=small" in output and "defconfig" in output
    code, output = tree("BOARD=no-such-board", "defconfig")
    assert code != 0 and "small" in output and "generic-v8" in output
    code, output = tree("ARCH=pdp11", "defconfig")
    assert code != 0 and "there are: arm" in output


def test_missing_tool(tree):
    """A tool that is missing is named with its package."""
    code, output = tree("CROSS_COMPILE=aarch64-none-")
    assert code != 0 and "aarch64-none-gcc not found" in output
    assert "apt-get install gcc-aarch64-none" in output
    folder = tree.folder / "path"
    folder.mkdir()
    for name in ("bash", "sh", "sed", "mkdir", "sort", "find"):
        (folder / name).symlink_to(shutil.which(name))
    code, output = tree("defconfig", path=str(folder))
    assert code != 0 and "apt-get install kconfig-frontends" in output


def test_no_native_compiler(tree):
    """The first build of all needs no compiler for the machine that it runs on."""
    folder = tree.folder / "path"
    folder.mkdir()
    for program in pathlib.Path("/usr/bin").iterdir():
        if program.name not in ("gcc", "cc", "ld", "nm", "objcopy"):
            (folder / program.name).symlink_to(program)
    code, output = tree(path=str(folder))
    assert code == 0 and "IMAGE" in output, output


def test_missing_folder(tree):
    """A folder that an objects.mk names and that has none of its own is said, with both names."""
    (tree.folder / "core/objects.mk").write_text("subdir-y += nowhere\n")
    code, output = tree()
    assert code != 0 and "core/nowhere/objects.mk is missing" in output
    (tree.folder / "core/objects.mk").write_text("obj-y += main.o other.o main.o\n")
    code, output = tree()
    assert code != 0 and "listed twice" in output and "core/main.o" in output


def test_same_bytes(tree, tmp_path):
    """Another output folder, inside or outside the tree, gives the same image."""
    outs = ["build", "some/where/else", str(tmp_path / "outside")]
    for out in outs:
        code, output = tree(out=out)
        assert code == 0, output
    for name in ("vmm.bin", "vmm.elf"):
        assert len({(tree.folder / out / name).read_bytes() for out in outs}) == 1, name


def test_clang(tree):
    """clang builds it, with either linker."""
    if not shutil.which("clang"):
        pytest.skip("no clang here")
    for linker in ("aarch64-linux-gnu-ld", "ld.lld"):
        code, output = tree("CC=clang", "LD=" + linker, out="clang-" + linker)
        assert code == 0, output


def test_quiet_and_verbose(tree):
    """Quiet by one line for a command, the commands with VERBOSE=y, nothing with -s."""
    code, output = tree()
    assert code == 0 and "  CC      obj/core/main.o\n" in output and "-ffreestanding" not in output
    shutil.rmtree(tree.folder / "build/obj")
    code, output = tree("VERBOSE=y")
    assert code == 0 and "-ffreestanding" in output
    shutil.rmtree(tree.folder / "build/obj")
    code, output = tree("-s")
    assert code == 0 and "CC" not in output


def test_clean(tree):
    """clean keeps the configuration and downloads, distclean nothing."""
    assert tree()[0] == 0
    assert tree("clean")[0] == 0
    assert sorted(os.listdir(tree.folder / "build")) == [".config", ".config.old", "foreign"]
    assert tree("distclean")[0] == 0
    assert not (tree.folder / "build").exists()
