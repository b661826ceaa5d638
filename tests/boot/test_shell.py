# SPDX-License-Identifier: GPL-2.0-only
"""The shell on the real machine: commands, keys, scripts, and what must not be touched."""
import re
import subprocess

import pytest

import vm

FILES = {"/boot/hello": "hello, world\n", "/boot/two words": "x\n", "/a/b/c": "deep\n"}
# Each runs by itself, and what its output has.
SIMPLE = [
    ("help", r"(?m)^guest +\S"),
    ("version", r"build [0-9a-f]{8}"),
    ("host info", r"(?m)^CPUs: +2; this one is \S"),
    ("host cpu info", r"(?m)^ +1 +0x"),
    ("host cpu stats", r"(?m)^ +0 +[\d.]+ %"),
    ("host irq stats", r"uart0"),
    ("host ram info", r"(?m)^RAM: +0x40000000 \.\.\."),
    ("host ram bitmap", r"(?m)^0x0040000000  [.#0-9]{64}$"),
    ("host ram bitmap 16", r"(?m)^0x0042000000  [.#0-9]{16}$"),
    ("thread list", r"(?m)running .* shell$"),
    ("heap info", r"in use by \d+ blocks"),
    ("heap state", r"in use by \d+ blocks"),
    ("chardev list", r"(?m)^uart0 +yes .*/"),
    ("blockdev list", r"NAME"),
    ("vserial list", r"NAME"),
    ("guest list", r"NAME"),
    ("vcpu list", r"VCPU"),
    ("vcpu stats", r""),
    ("log show", r"initrd: cpio"),
    ("log level", r"error|warning|info|debug"),
    ("devtree ls /", r"(?m)^chosen$"),
    ("devtree print /chosen", r"linux,initrd-start"),
    ("vfs mplist", r"(?m)^initrd +cpio .* /$"),
    ("vfs fslist", r"ext2"),
    ("vfs ls /boot", r"(?m) 13 .* hello$"),
    ("vfs cat /boot/hello", r"hello, world"),
    ("vfs stat /a/b", r"directory"),
    ("sleep 10ms", r""),
    ("echo 'a  b'", r"a  b"),
]


def test_commands(machine):
    """Every command that asks the host alone gives an answer."""
    m = machine(files=FILES)
    for command, pattern in SIMPLE:
        assert re.search(pattern, m.run(command, status=0)), command


def test_help(machine):
    """Each command has help, by both ways to ask for it."""
    m = machine()
    for name in re.findall(r"(?m)^(\w+) +\S", m.run("help", status=0)):
        assert re.search(r"(?m)^%s: \S" % name, m.run("help " + name, status=0))
    assert "guest create" in m.run("guest help", status=0)


@pytest.mark.parametrize("line, code, sentence", [
    ("nonsense", 127, "nonsense: no such command"),
    ("guest", 150, "guest: a subcommand is missing"),
    ("guest start", 150, "guest start: <guest> is missing"),
    ("guest start nobody", 130, "guest start: no guest 'nobody'; there are none"),
    ("vfs cat /none", 130, "vfs cat: /none: not found"),
    ("vfs run /boot/hello", 127, "/boot/hello:1: stopped, exit code 127: hello, world"),
    ("vfs mount sda /mnt", 147, "no block device 'sda'"),
    ("sleep long", 150, "'long' is no time"),
    ("host ram bitmap 65", 150, "1 to 64 columns are possible"),
    ("vcpu pause nobody", 130, "no vCPU 'nobody'"),
    ("devtree del /", 150, "the root cannot be removed"),
    ("memory dump64 1", 150, "0x1 is no multiple of 8"),
    ("echo 'open", 150, "a ' is not closed"),
    ("shutdown 256", 162, "a status is 0 ... 255"),
], ids=lambda value: re.sub(r"\W+", "-", value) if isinstance(value, str) else None)
def test_errors(machine, line, code, sentence):
    """What is wrong is said in a sentence, and the terminal goes on."""
    m = machine(files=FILES)
    assert sentence in m.run(line, status=code)


def test_memory(machine):
    """Memory is looked at and changed where that is allowed, and nothing else can be touched."""
    m = machine()
    symbols = subprocess.run(["nm", vm.OUT + "/vmm.elf"], check=True, stdout=subprocess.PIPE)
    at = {line.split()[2]: line.split()[0] for line in symbols.stdout.decode().splitlines()
          if len(line.split()) == 3}
    m.run("log level debug", status=0)
    assert re.search(r": 03 00 00 00", m.run("memory dump8 0x%s 4" % at["console_level"], status=0))
    m.run("memory modify32 0x%s 0" % at["console_level"], status=0)
    assert "error" in m.run("log level", status=0)
    m.run("memory dump32 0x%s 4" % at["shell_run_line"][:-1].ljust(len(at["shell_run_line"]), "0"),
          status=0)
    # Code is not written, devices and what is not mapped are not read.
    m.run("memory modify8 0x%s 0" % at["shell_run_line"], status=142)
    for address in ("0", "0x9000000", "0xffffffffffffffff", "0xfffffffffffffff0", "0x7fffffff0000",
                    "0xffff000000000000"):
        m.run("memory dump8 %s" % address, status=142)


def test_completion(machine):
    """Tab completes commands and paths, and lists what is possible."""
    m = machine(files=FILES)
    m.send("vf\tca\t/b\th\t\r")
    m.expect_exact("vfs cat /boot/hello ")
    m.expect_exact("hello, world")
    m.wait_prompt()
    m.send("host cpu \t")
    m.expect_exact("info  stats")
    m.expect_exact(vm.PROMPT + "host cpu ")
    m.send("\x15vfs cat /boot/t\t\r")
    m.expect_exact("two\\ words")
    m.expect(r"\nx\r")


def test_editing(machine):
    """Keys in the middle of a line, and the history."""
    m = machine()
    m.send("ecno\x1b[D\x7fh\x1b[C one\r")
    m.expect(r"\none\r")
    m.wait_prompt()
    # Ctrl-A would be QEMU's.
    m.send("ho\x1b[Hec\x05 two\r")
    m.expect(r"\ntwo\r")
    m.wait_prompt()
    m.send("\x1b[A\x7f\x7f\x7fthree\r")
    m.expect(r"\nthree\r")
    m.wait_prompt()
    m.send("nonsense\x03")
    m.expect_exact("^C")
    m.wait_prompt()
    assert "four" in m.run("echo four", status=0)


def test_typing_ahead(machine):
    """What is typed while a command runs is not lost; Ctrl-C ends the command at once."""
    m = machine()
    m.send("sleep 1 ; echo slept\recho one\recho two\r")
    for word in ("slept", "one", "two"):
        m.expect(r"\n%s\r" % word)
        m.wait_prompt()
    m.send("sleep 1000; echo no\r")
    m.expect_exact("echo no")
    m.send("\x03")
    m.wait_prompt(timeout=5)
    assert "132" in m.run("echo $?")


def test_long_line(machine):
    """A line of many rows arrives whole, also one that is changed at its beginning."""
    m = machine()
    text = "".join("%03d-" % n for n in range(200))
    m.send("cho " + text + "\x1b[He\r")
    m.expect_exact("\n000-001-002")
    m.expect_exact("199")
    m.wait_prompt()


def test_boot_script(machine):
    """The script of the initrd runs before the prompt, up to its first error."""
    m = machine(wait=False, files={"/boot.xscript": "echo one\n-nonsense\necho two\nnonsense\n"
                                                    "echo no\n"})
    before = m.wait_prompt()
    assert re.search(r"(?s)one\n.*two\n.*/boot.xscript:4: stopped, exit code 127: nonsense", before)
    assert "\nno\n" not in before


def test_bootcmd(machine):
    """The command line takes the place of the script, and may run it; its status is printed."""
    m = machine(wait=False, files={"/boot.xscript": "echo from-the-script\nversion\n"},
                append="vmm.bootcmd=\"echo first && vfs run /boot.xscript ; shutdown 42\"")
    m.expect_exact("first")
    m.expect_exact("from-the-script")
    m.expect_exact("vmm: power off, status 42")
    assert m.wait_end() == 0


def test_ext2_initrd(machine, tmp_path):
    """An ext2 image is an initrd too, also one that is compressed."""
    tree = tmp_path / "tree"
    (tree / "boot").mkdir(parents=True)
    (tree / "boot" / "hello").write_text("hello from ext2\n")
    (tree / "boot.xscript").write_text("vfs cat /boot/hello\n")
    image = tmp_path / "image"
    subprocess.run(["/sbin/mke2fs", "-q", "-F", "-t", "ext2", "-d", tree, image, "2M"], check=True,
                   stdout=subprocess.DEVNULL)
    for initrd in (image, tmp_path / "image.gz"):
        if initrd != image:
            subprocess.run("gzip -c %s > %s" % (image, initrd), shell=True, check=True)
        m = machine(wait=False, initrd=initrd)
        assert "hello from ext2" in m.wait_prompt()
        assert "ext2" in m.run("vfs mplist", status=0)


@pytest.mark.parametrize("content, sentence", [
    (b"no archive" * 100, "neither a cpio archive"),
    (b"\x1f\x8b\x08\x00" + bytes(600), "initrd: "),
    (b"070701" + b"0" * 200, "initrd"),
], ids=["nothing", "gzip", "cpio"])
def test_bad_initrd(machine, tmp_path, content, sentence):
    """A damaged initrd gives a message, and a prompt without files."""
    path = tmp_path / "initrd"
    path.write_bytes(content)
    m = machine(initrd=path, append="vmm.log=info")
    assert sentence in m.run("log show", status=0)
    m.run("vfs ls /", status=130)
