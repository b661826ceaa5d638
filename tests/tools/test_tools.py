# SPDX-License-Identifier: GPL-2.0-only
"""The tools of the build do what they say, and the gates find what they are there to find."""
import gzip
import importlib.machinery
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOOLS = os.path.join(TOP, "tools")
sys.path.insert(0, TOOLS)
import mkcpio  # noqa: E402  (found by the line above)


def load(name):
    """A tool without a suffix as a module."""
    path = os.path.join(TOOLS, name)
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def run(tool, *arguments, **options):
    """Run a tool, give exit code and output."""
    result = subprocess.run([os.path.join(TOOLS, tool), *map(str, arguments)],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
                            check=False, **options)
    return result.returncode, result.stdout


def read_newc(data):
    """Entries of an archive: path -> (mode, content, device)."""
    entries, position = {}, 0
    while True:
        assert data[position:position + 6] == b"070701"
        fields = [int(data[position + 6 + i * 8:position + 14 + i * 8], 16) for i in range(13)]
        mode, size, device, length = fields[1], fields[6], (fields[9], fields[10]), fields[11]
        name = data[position + 110:position + 110 + length - 1].decode()
        position += (110 + length + 3) & ~3
        if name == "TRAILER!!!":
            return entries
        entries[name] = (mode, data[position:position + size], device)
        position += (size + 3) & ~3


def test_cpio_round_trip():
    """All kinds of entries are read back; folders come by themselves, in front of their files."""
    archive = mkcpio.Cpio()
    archive.file("a/b/c", "text")
    archive.file("empty", b"", 0o755)
    archive.node("dev/console", mkcpio.CHARACTER, 5, 1)
    archive.link("sh", "busybox")
    entries = read_newc(archive.bytes())
    assert list(entries) == ["a", "a/b", "a/b/c", "dev", "dev/console", "empty", "sh"]
    assert entries["a"][0] == 0o040755
    assert entries["a/b/c"][:2] == (0o100644, b"text")
    assert entries["empty"][:2] == (0o100755, b"")
    assert entries["dev/console"] == (0o020600, b"", (5, 1))
    assert entries["sh"][:2] == (0o120777, b"busybox")


def test_cpio_same_bytes():
    """The order of adding does not matter, and nothing of the machine or the time gets in."""
    one, two = mkcpio.Cpio(), mkcpio.Cpio()
    for archive, names in ((one, "xyz"), (two, "zyx")):
        for name in names:
            archive.file(name, name)
    assert one.bytes() == two.bytes()


@pytest.mark.parametrize("path", ["", "/", "a//b", "../a", "a/./b"])
def test_cpio_bad_path(path):
    """A path that leaves the archive is refused."""
    with pytest.raises(ValueError):
        mkcpio.Cpio().file(path, "x")


def test_cpio_command(tmp_path):
    """The program writes what its arguments say, compressed the same each time."""
    source = tmp_path / "source"
    source.write_text("content")
    packed = []
    for name in ("one.gz", "two.gz"):
        code, output = run("mkcpio.py", "-z", "-o", tmp_path / name, "init:755=%s" % source,
                           "dev/null:c=1,3", "x:d")
        assert code == 0, output
        packed.append((tmp_path / name).read_bytes())
    assert packed[0] == packed[1]
    entries = read_newc(gzip.decompress(packed[0]))
    assert entries["init"][:2] == (0o100755, b"content")
    assert entries["x"][0] == 0o040755
    code, output = run("mkcpio.py", "-o", tmp_path / "three", "a=%s" % (tmp_path / "missing"))
    assert code == 1 and "missing" in output


NM = """0000000000000000 T _start
0000000000000010 t helper
0000000000000010 T helper_alias
0000000000000020 t $x
0000000000000100 T guest_create
0000000000000180 t guest_create.isra.0
0000000000004000 T guest_destroy
0000000000004004 T __bounds
0000000000005000 D data
"""


def decode(assembly):
    """What core's reader makes of the table in an assembler text: pairs of address and name."""
    data, label = {}, None
    for line in assembly.splitlines():
        if line.endswith(":"):
            label = line[:-1]
            data[label] = []
        elif line.startswith("\t.byte"):
            data[label] += map(int, line.split()[1].split(","))
    tokens = bytes(data["symtab_tokens"]).split(b"\0")
    stream, position, address, table = data["symtab_stream"], 0, 0, []
    while position < len(stream):
        shift = distance = 0
        while True:
            byte = stream[position]
            position += 1
            distance |= (byte & 0x7f) << shift
            shift += 7
            if byte < 0x80:
                break
        address += distance * data["symtab_unit"][0]
        length = stream[position]
        codes = stream[position + 1:position + 1 + length]
        position += 1 + length
        table.append((address, b"".join(tokens[code] for code in codes).decode()))
    return table


def test_symtab(tmp_path):
    """The table has the functions alone, with the better of two names, and reads back."""
    out = tmp_path / "names.S"
    assert run("symtab", "-o", out, input=NM) == (0, "")
    assert decode(out.read_text()) == [(0, "_start"), (0x10, "helper_alias"),
                                       (0x100, "guest_create"), (0x180, "guest_create"),
                                       (0x4000, "guest_destroy")]
    assert run("symtab", "--check", out, input=NM)[0] == 0
    code, output = run("symtab", "--check", out, input=NM.replace("4000 T", "4010 T"))
    assert code == 1 and "guest_destroy" in output


def test_symtab_compresses():
    """Many names that are alike take less than half of their characters."""
    tool = load("symtab")
    table = [(i * 4, "guest_%s_region_%d" % (("memory", "device")[i % 2], i)) for i in range(500)]
    entries, tokens = tool.stream(table)
    assert len(entries) + len(tokens) < sum(len(name) for _, name in table) / 2


SOURCES = """# deb http://commented/debian bookworm main
deb [arch=amd64 signed-by=/key] http://mirror/debian bookworm main contrib # why
deb http://mirror/debian bookworm-updates main
deb-src http://mirror/debian bookworm main
deb http://other/apt bookworm stable
deb http://cloud/apt cloud-sdk-bookworm main
"""
STANZAS = """Types: deb
URIs: http://mirror/debian
Suites: bookworm bookworm-updates
Components: main
Architectures: amd64
Signed-By:
 -----BEGIN
 .

Types: deb
Enabled: no
URIs: http://off/debian
Suites: bookworm
Components: main

Types: deb
URIs: http://nodes
Suites: nodistro
Components: main
"""


def test_fetch_sources():
    """Only Debian's own sources are taken, without their limit to an architecture."""
    tool = load("fetch-foreign")
    assert list(tool.one_line_sources(SOURCES, "bookworm")) == [
        "deb [signed-by=/key] http://mirror/debian bookworm main contrib",
        "deb http://mirror/debian bookworm-updates main"]
    stanzas = list(tool.stanza_sources(STANZAS, "bookworm"))
    assert len(stanzas) == 1
    assert "http://mirror/debian" in stanzas[0] and "-----BEGIN" in stanzas[0]
    assert "architectures" not in stanzas[0].lower()


def test_fetch_needs_nothing_twice(tmp_path):
    """What is in the download folder is not asked for again: no network is needed."""
    folder = tmp_path / "dl" / "arm64"
    folder.mkdir(parents=True)
    (folder / "some-package.deb").write_bytes(b"")
    code, output = run("fetch-foreign", "--arch", "arm64", "--dl", tmp_path / "dl",
                       "some-package", env={"PATH": str(tmp_path)})
    assert (code, output) == (0, "")


@pytest.mark.parametrize("came", [True, False])
def test_fetch_with_a_broken_list(tmp_path, monkeypatch, capsys, came):
    """A package list that cannot be had is said; the others are used, if there are any."""
    tool = load("fetch-foreign")

    def apt(self, command, cwd=None):
        if "update" in command:
            if came:
                pathlib.Path(self.path("lists"), "mirror_Packages").write_text("")
            raise tool.Failure("Mirror sync in progress?")
        if command[-1] == "absent":
            raise tool.Failure("E: Unable to locate package absent")
        pathlib.Path(cwd, "present_1_armhf.deb").write_text("")
        return ""

    monkeypatch.setattr(tool.Apt, "run", apt)
    monkeypatch.setattr(tool.time, "sleep", lambda seconds: None)
    for package, code in ("present", 0 if came else 1), ("absent", 1):
        monkeypatch.setattr(tool.sys, "argv", ["fetch-foreign", "--arch", "armhf", "--dl",
                                               str(tmp_path), package])
        assert tool.main() == code
        said = capsys.readouterr().err
        assert "Mirror sync in progress?" in said
        assert ("going on with the lists that came" in said) == came
        if came and code:
            assert "Unable to locate package absent; and Mirror sync" in said
    assert os.path.exists(tmp_path / "armhf" / "present.deb") == came


@pytest.fixture
def tree(tmp_path):
    """A small tree with the checkers in it."""
    copy = tmp_path / "tree"
    for tool in ("check-config", "check-format", "check-layering"):
        target = copy / "tools" / tool
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(os.path.join(TOOLS, tool), target)

    def write(path, text):
        target = copy / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def check(tool, *arguments):
        environment = dict(os.environ, GIT_DIR=str(tmp_path / "none"))
        result = subprocess.run([copy / "tools" / tool, *arguments], stdout=subprocess.PIPE,
                                encoding="utf-8", check=False, cwd=copy, env=environment)
        return result.returncode, result.stdout

    check.write = write
    check.folder = copy
    return check


SPDX = "/* SPDX-License-Identifier: GPL-2.0-only */\n"
GOOD_C = SPDX + "#include <core/x.h>\n\nint f(int a)\n{\n\treturn a;\n}\n"
BAD_FORMAT = [
    ("core/a.c", "int a;\n", "first line has to be SPDX"),
    ("core/a.c", SPDX + "int a; \n", "a.c:2: blank at the end"),
    ("core/a.c", SPDX + "int f(void)\n{\n        return 1;\n}\n", "spaces instead of tabs"),
    ("core/a.c", SPDX + "\t" * 12 + "int a_b_c_d;\n", "a.c:2: 108 columns"),
    ("core/a.c", SPDX + "int f(void)\n{\n" + "\tg();\n" * 81 + "}\n", "function of 81 lines"),
    ("core/a.c", SPDX + "int f(int a, int b, int c, int d, int e,\n      int f, int (*g)(int, int))"
     "\n{\n}\n", "7 parameters"),
    ("core/a.c", SPDX + "int a;" * 1, "no newline at the end"),
    ("core/a.c", SPDX + "int a;\n" * 801, "a source"),
    ("core/a.c", SPDX + "#if A\n#endif\n" * 20, "(20 of them"),
    ("core/include/core/a.h", SPDX + "int a;\n", "no #pragma once"),
    ("drivers/objects.mk", "obj-y += a.o\n", "SPDX"),
]


def test_format_clean(tree):
    """A good file has no finding."""
    tree.write("core/x.c", GOOD_C)
    assert tree("check-format")[0] == 0


@pytest.mark.parametrize("path,text,finding", BAD_FORMAT, ids=[row[2] for row in BAD_FORMAT])
def test_format_finds(tree, path, text, finding):
    """Each kind of bad file is found."""
    tree.write(path, text)
    code, output = tree("check-format")
    assert code == 1 and finding in output


BAD_INCLUDES = [
    ("libs/a.c", "core/guest.h"), ("core/a.c", "port/cpu.h"), ("emulators/timer/a.c", "arch/cpu.h"),
    ("commands/a.c", "port/x.h"), ("drivers/serial/a.c", "port/x.h"), ("libs/a.c", "stdio.h"),
]


@pytest.mark.parametrize("path,name", BAD_INCLUDES)
def test_layering_finds_include(tree, path, name):
    """An #include against the direction is found."""
    tree.write(path, SPDX + "#include <%s>\n" % name)
    code, output = tree("check-layering")
    assert code == 1 and "%s:2" % path in output and name in output


@pytest.mark.parametrize("path,text", [
    ("core/a.c", SPDX + "int x = IS_ENABLED(CONFIG_Z80);\n"),
    ("commands/a.c", SPDX + "#ifdef __x86_64__\n#endif\n"),
    ("libs/objects.mk", "#\nobj-$(CONFIG_Z80) += a.o\n"),
    ("emulators/openconf.cfg", "config A\n\tdepends on Z80\n"),
])
def test_layering_finds_cpu(tree, path, text):
    """What is not a port does not know its CPU, except for defaults of options."""
    tree.write("arch/z80/openconf.cfg", "config Z80\n\tbool\n")
    tree.write("arch/z80/a.c", SPDX + "int x = IS_ENABLED(CONFIG_Z80);\n")
    tree.write("emulators/timer/openconf.cfg", "config B\n\tdefault y if Z80\n")
    tree.write("drivers/openconf.cfg", "config C\n\tdepends on Z80\n")
    code, output = tree("check-layering")
    assert code == 0, output
    tree.write(path, text)
    code, output = tree("check-layering")
    assert code == 1 and "%s:2: " % path in output, output


def test_config_finds(tree):
    """What does not fit together is found: each kind once."""
    tree.write("openconf.cfg", 'source "core/openconf.cfg"\nsource "arch/$A/openconf.cfg"\n')
    tree.write("core/openconf.cfg", "config USED\n\tbool\nconfig SELECTED\n\tbool\n"
               "config CHOSEN\n\tbool\n\tselect SELECTED\n")
    tree.write("arch/arm/openconf.cfg", "")
    tree.write("core/objects.mk", "obj-$(CONFIG_USED) += a.o \\\n\tb.o\nobj-$(CONFIG_CHOSEN) +="
               " c.o\n")
    for name in "abc":
        tree.write("core/%s.c" % name, SPDX)
    code, output = tree("check-config")
    assert code == 0, output
    tree.write("core/d.c", SPDX + "int x = IS_ENABLED(CONFIG_UNKNOWN);\n")
    tree.write("core/new/e.c", SPDX)
    tree.write("core/new/openconf.cfg", "config UNUSED\n\tbool\n")
    code, output = tree("check-config")
    assert code == 1
    for finding in ("core/d.c:1: core/objects.mk does not name", "core/new/e.c:1: there is no",
                    "core/d.c:2: CONFIG_UNKNOWN", "core/new/openconf.cfg:1: no other",
                    "core/new/openconf.cfg:1: UNUSED is used nowhere"):
        assert finding in output
    assert output.endswith("5 findings\n")


def test_layering_leaves_folder(tree):
    """A file beside is fine, one in another folder is not."""
    tree.write("core/dt/priv.h", SPDX)
    tree.write("core/dt/a.c", SPDX + '#include "priv.h"\n')
    assert tree("check-layering")[0] == 0
    tree.write("core/mem/a.c", SPDX + '#include "../dt/priv.h"\n')
    assert tree("check-layering")[0] == 1


def test_layering_finds_symbols(tree):
    """What objects take from each other: up-calls and inline parts of core's headers are fine."""
    tree.write("core/include/core/x.h", SPDX + "static inline void lock(void) { arch_lock(); }\n"
               "/* --- up-calls of a port --- */\nvoid upcall(void);\n")
    sources = {"core/a.c": "void upcall(void){} void inner(void){}",
               "arch/arm/a.c": "void upcall(void); void arch_lock(void){upcall();}\n"
                               "void arch_other(void){}",
               "emulators/a.c": "void arch_lock(void); void e(void){arch_lock();}"}

    def build():
        for path, text in sources.items():
            tree.write(path, SPDX + text + "\n")
            target = tree.folder / "obj" / (path[:-2] + ".o")
            target.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["gcc", "-w", "-c", "-o", target, tree.folder / path], check=True)
        return tree("check-layering", str(tree.folder / "obj"))

    code, output = build()
    assert code == 0, output
    sources["arch/arm/a.c"] += "\nvoid inner(void); void g(void){inner();}"
    sources["emulators/a.c"] += "\nvoid arch_other(void); void h(void){arch_other();}"
    code, output = build()
    assert code == 1
    assert "arch may not use inner()" in output
    assert "emulators may not use arch_other()" in output


def test_run_qemu(tmp_path):
    """Options become QEMU's; a missing QEMU is said in words."""
    echo = tmp_path / "qemu"
    echo.write_text('#!/bin/sh\necho "$@"\n')
    echo.chmod(0o755)
    code, output = run("run-qemu", "--qemu", echo, "--image", "i", "--gic", "2", "--cpu", "max",
                       "--smp", "4", "--append", "a b", "--icount", "--", "-s")
    assert code == 0
    assert "gic-version=2" in output and "max,pauth-impdef=on" in output and "-smp 4" in output
    assert "-icount shift=0,sleep=off" in output and output.endswith("-s\n")
    code, output = run("run-qemu", "--qemu", "/no/such/qemu")
    assert code == 127 and "apt-get install qemu-system-arm" in output
