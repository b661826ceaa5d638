# SPDX-License-Identifier: GPL-2.0-only
"""Devices of the host: virtio over MMIO and PCI, and what guests make of them."""
import hashlib
import http.server
import random
import re
import socket
import threading
import time
import urllib.request

import pytest

import vm
from test_linux import create, in_guest, switch_off, wait_ready

MIB = 1 << 20


def image(path, size, seed):
    """A file of noise, and the noise."""
    data = random.Random(seed).randbytes(size)
    path.write_bytes(data)
    return data


def interrupts(machine, name):
    """How often each interrupt of this name came."""
    rows = re.findall(r"(?m)^ *\d+  \w+ ((?: +\d+)+)  %s(?:$| \()" % name,
                      machine.run("host irq stats", status=0))
    return [sum(map(int, row.split())) for row in rows]


@pytest.mark.parametrize("virtio,gic", [("mmio", 2), ("mmio", 3), ("pci", 2), ("pci", 3)])
def test_guest_on_disks(machine, linux, tmp_path, virtio, gic):
    """Two disks, one read-only: what a guest reads is in the files, what it writes comes there."""
    paths = [tmp_path / "a.img", tmp_path / "b.img"]
    first, second = image(paths[0], 24 * MIB, 1), image(paths[1], 5 * MIB + 512, 2)
    m = machine(gic=gic, files=linux, disks=[paths[0], "%s,readonly=on" % paths[1]], rng=True,
                virtio=virtio)
    listed = m.run("blockdev list", status=0)
    assert re.search(r"(?m)^vda +24 MiB +rw .*virtio disk", listed), listed
    assert re.search(r"(?m)^vdb +5\S* \w+ +ro .*virtio disk", listed), listed
    assert sum(interrupts(m, "virtio-rng")) == 1
    create(m, "g", 2, more="disk=vda disk=vdb,ro")
    wait_ready(m, "g", 2)
    for name, data in (("vda", first), ("vdb", second)):
        assert hashlib.sha256(data).hexdigest() in in_guest(m, "sha256sum /dev/" + name, 120)
    # Several writers at once, each its own part, larger and smaller requests.
    in_guest(m, "for i in 0 1 2 3; do dd if=/dev/vdb of=/dev/vda bs=64k count=64 seek=$((i*64)) "
             "conv=fsync & done; wait", 120)
    in_guest(m, "dd if=/dev/vdb of=/dev/vda bs=512 count=100 seek=40000 oflag=direct conv=notrunc",
             120)
    in_guest(m, "echo 3 >/proc/sys/vm/drop_caches; sync")
    changed = bytearray(first)
    for i in range(4):
        changed[i * 4 * MIB:(i + 1) * 4 * MIB] = second[:4 * MIB]
    changed[40000 * 512:40100 * 512] = second[:100 * 512]
    assert hashlib.sha256(changed).hexdigest() in in_guest(m, "sha256sum /dev/vda", 120)
    assert "I/O error" not in in_guest(m, "dmesg")
    switch_off(m)
    m.run("guest destroy g", status=0)
    busy = [n for n in interrupts(m, "virtio-blk") if n]
    assert len(busy) == 2 and min(busy) > 10
    # Nobody uses them any more, and nothing went wrong.
    assert len(re.findall(r"(?m)^vd[ab] .* r[ow] +- +\d+ +\d+ +0 ",
                          m.run("blockdev list", status=0))) == 2
    m.kill()
    assert paths[0].read_bytes() == changed
    assert paths[1].read_bytes() == second


def test_legacy_is_refused(machine, tmp_path):
    """A device of the old interface: which, and what to do."""
    image(tmp_path / "a.img", MIB, 1)
    m = machine(disks=[tmp_path / "a.img"], wait=False,
                extra=["-global", "virtio-mmio.force-legacy=true"])
    said = m.wait_prompt()
    assert re.search(r"/virtio_mmio@a000000: .*-global virtio-mmio.force-legacy=false", said), said
    assert "virtio_mmio@a000200" not in said
    assert "vda" not in m.run("blockdev list", status=0)


def devices(machine):
    """Rows of "host pci": address -> (device, driver, interrupt, vectors)."""
    return {row[0]: row[1:] for row in re.findall(
        r"(?m)^(\w{4}:\w\w:\w\w\.\d)  (\w{4}:\w{4})  \w{6}  (\S+) +(\S+) +(\d+)",
        machine.run("host pci", status=0))}


BEHIND_LINK = ["-device", "pcie-root-port,id=link,slot=1,chassis=1",
               "-device", "virtio-rng-pci,bus=link"]
BEHIND_BRIDGES = [
    "-device", "pci-bridge,id=old,chassis_nr=2",
    "-device", "pci-bridge,id=older,chassis_nr=3,bus=old,addr=2",
    "-device", "virtio-rng-pci-non-transitional,bus=older,addr=7",
    "-device", "virtio-rng-pci-non-transitional,bus=older,addr=8",
]


@pytest.mark.parametrize("gic", [2, 3])
def test_bridges(machine, gic):
    """Devices behind bridges get buses, memory and messages."""
    m = machine(gic=gic, extra=BEHIND_LINK + BEHIND_BRIDGES)
    found = devices(m)
    assert found["0000:01:00.0"] == ("1af4:1044", "virtio-pci", "MSI-X", "2")
    # To the controller the two behind the old bridges look like one.
    for slot in "78":
        assert found["0000:03:0%s.0" % slot] == ("1af4:1044", "virtio-pci", "MSI-X", "2")
    assert [row[1] for row in found.values()].count("bridge") == 3
    # Each was asked for random bytes and has answered by its interrupt.
    assert sorted(interrupts(m, "virtio-rng")) == [0, 0, 0, 1, 1, 1]


def test_lines(machine, tmp_path):
    """Without a controller for messages: lines, which devices share, also behind bridges."""
    paths = [tmp_path / ("%d.img" % i) for i in range(5)]
    for path in paths:
        image(path, MIB, 1)
    m = machine(gic=3, disks=paths, virtio="pci", extra=["-machine", "its=off"] + BEHIND_BRIDGES)
    assert {row[2] for row in devices(m).values() if row[1] == "virtio-pci"} == {"INTx"}
    assert len(re.findall(r"(?m)^vd[a-e] ", m.run("blockdev list", status=0))) == 5
    assert re.search(r"level .* virtio-\w+, virtio-\w+", m.run("host irq stats", status=0))
    # Both sources of random numbers have answered, by interrupt.
    assert sum(interrupts(m, r"(?:virtio-\w+, )*virtio-\w+")) >= 2


def test_legacy_pci_is_refused(machine):
    """A PCI device without the modern interface: which, and what to do."""
    m = machine(wait=False, extra=["-device", "virtio-rng-pci,disable-modern=on,"
                                   "disable-legacy=off"])
    assert re.search(r'0000:00:01.0: .*legacy.*remove "disable-modern=on"', m.wait_prompt())


class Terminal:
    """The other end of a virtio console, which listens at a port of the build machine."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30 * vm.SCALE)
        self.text = ""

    def expect(self, words):
        """Read until these words come; give all before them."""
        while words not in self.text:
            got = self.socket.recv(4096)
            assert got, "the console ended; it printed last: " + self.text
            self.text += vm.plain(got.decode())
        before, _, self.text = self.text.partition(words)
        return before

    def run(self, command):
        """A line for the shell; its output."""
        self.socket.sendall(command.encode() + b"\r")
        self.expect(command[-8:])
        return self.expect(vm.PROMPT)


@pytest.mark.parametrize("virtio", ["mmio", "pci"])
def test_console(machine, virtio):
    """A virtio console as the management terminal: long lines and much output come through."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    machine(wait=False, append="vmm.console=hvc0", extra=[
        "-chardev", "socket,id=c0,host=127.0.0.1,port=%d,server=on,wait=on" % port,
        "-device", {"mmio": "virtio-serial-device", "pci": "virtio-serial-pci"}[virtio],
        "-device", "virtconsole,chardev=c0"])
    for _ in range(100):
        try:
            terminal = Terminal(port)
            break
        except ConnectionRefusedError:
            time.sleep(0.2)
    terminal.expect(vm.PROMPT)
    assert re.search(r"(?m)^hvc0 +yes", terminal.run("chardev list"))
    words = "x" * 900
    assert words in "".join(terminal.run("echo " + words).split("\n"))
    assert len(terminal.run("devtree print /")) > 3000
    assert terminal.run("echo still here").strip().endswith("still here")


def test_console_that_is_missing(machine):
    """The terminal is where it was, with a sentence."""
    m = machine(wait=False, append="vmm.console=hvc7")
    assert 'no character device "hvc7"' in m.wait_prompt()


# --- network interfaces ------------------------------------------------------------------------

MACS = [b"\x02\x00\x00\x00\x00\x01", b"\x02\x00\x00\x00\x00\x02"]


class Wire:
    """The other end of an interface: a datagram for each frame."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self.peer = free.getsockname()

    def netdev(self):
        """What QEMU is told."""
        local = "local.type=inet,local.host=%s,local.port=%d" % self.peer
        return "dgram,%s,remote.type=inet,remote.host=%s,remote.port=%d" % (
            (local,) + self.socket.getsockname())

    def send(self, frames):
        """Frames, one after the other."""
        for frame in frames:
            self.socket.sendto(frame, self.peer)

    def receive(self, count):
        """As many frames, or fewer when no more come."""
        self.socket.settimeout(10 * vm.SCALE)
        frames = []
        try:
            while len(frames) < count:
                frames.append(self.socket.recv(65536))
        except socket.timeout:
            pass
        return frames


def frames_of(generator, source, count):
    """Ethernet frames of all lengths."""
    sizes = [60, 61, 1513, 1514] + [generator.randint(60, 1514) for _ in range(count - 4)]
    return [MACS[1 - source] + MACS[source] + b"\x88\xb5" + generator.randbytes(size - 14)
            for size in sizes]


@pytest.mark.parametrize("model,virtio,gic", [
    ("virtio-net", "mmio", 3), ("virtio-net", "pci", 2), ("virtio-net", "pci", 3),
    ("e1000", "pci", 2), ("e1000", "pci", 3), ("e1000e", "pci", 2), ("e1000e", "pci", 3)])
def test_frames(machine, model, virtio, gic):
    """Two interfaces on one switch: each frame that goes in on one side comes out on the other."""
    wires = [Wire(), Wire()]
    m = machine(gic=gic, virtio=virtio, nic_model=model, nics=[wire.netdev() for wire in wires])
    for command in ("net switch create lan", "net port add lan uplink=eth0",
                    "net port add lan uplink=eth1"):
        m.run(command, status=0)
    generator = random.Random(7)
    for _ in range(30):
        for source in (0, 1):
            sent = frames_of(generator, source, 40)
            wires[source].send(sent)
            assert wires[1 - source].receive(len(sent)) == sent
    assert sum(interrupts(m, model)) > 20
    # Taken from the switch, and put into it again.
    m.run("net port del eth1", status=0)
    sent = frames_of(generator, 0, 40)
    wires[0].send(sent)
    m.run("net port add lan uplink=eth1", status=0)
    sent = frames_of(generator, 1, 40)
    wires[1].send(sent)
    assert wires[0].receive(len(sent)) == sent


class OneFile(http.server.BaseHTTPRequestHandler):
    """Serves the content of its server, whatever is asked for."""

    def do_GET(self):  # pylint: disable=invalid-name
        """The file."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        self.wfile.write(self.server.content)

    def log_message(self, *_arguments):  # pylint: disable=arguments-differ
        """Nothing of it on the terminal of the tests."""


@pytest.mark.parametrize("model,virtio,gic", [("virtio-net", "mmio", 2), ("virtio-net", "pci", 3),
                                              ("e1000", "pci", 3), ("e1000e", "pci", 2)])
def test_uplink(machine, linux, model, virtio, gic):
    """A guest fetches a file from the build machine, which fetches one from the guest: TCP, whose
    checksums the interface makes where it can."""
    server = http.server.HTTPServer(("127.0.0.1", 0), OneFile)
    server.content = random.Random(11).randbytes(3 * MIB)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    m = machine(gic=gic, files=linux, virtio=virtio, nic_model=model,
                nics=["user,hostfwd=tcp:127.0.0.1:%d-10.0.2.15:80" % port])
    m.run("net switch create lan", status=0)
    m.run("net port add lan uplink=eth0", status=0)
    create(m, "g", more="net=lan")
    wait_ready(m, "g")
    in_guest(m, "ip addr add 10.0.2.15/24 dev eth0 && ip link set eth0 up")
    digest = hashlib.sha256(server.content).hexdigest()
    fetched = in_guest(m, "mkdir /www; wget -q -O /www/f http://10.0.2.2:%d/f; sha256sum /www/f"
                       % server.server_port, 180)
    server.shutdown()
    assert digest in fetched
    in_guest(m, "httpd -h /www")
    with urllib.request.urlopen("http://127.0.0.1:%d/f" % port, timeout=120 * vm.SCALE) as answer:
        assert answer.read() == server.content
    assert "0% packet loss" in in_guest(m, "ping -c 3 -s 1400 10.0.2.2", 60)
    switch_off(m)
    m.run("guest destroy g", status=0)
    m.run("net switch destroy lan", status=0)


UBOOT = "/usr/lib/u-boot/qemu_arm64/u-boot.bin"


def test_places_of_firmware(machine, tmp_path):
    """Where U-Boot has placed BARs they stay, behind a bridge too."""
    image(tmp_path / "a.img", 3 * MIB, 1)
    m = machine(wait=False, mem=2048, virtio="pci", disks=[tmp_path / "a.img"],
                extra=["-bios", UBOOT] + BEHIND_LINK)
    m.expect("stop autoboot")
    m.send("\r")
    m.expect_exact("=> ")
    places = []
    for command in ("pci enum", "pci bar 00.01.00", "pci bar 01.00.00",
                    "qfw load ${kernel_addr_r} ${ramdisk_addr_r}"):
        m.send(command + "\r")
        m.expect_exact("=> ")
        places += re.findall(r"0x0*([1-9a-f][0-9a-f]*) +0x[0-9a-f]+ +\d+ +MEM", m.before)
    assert len(places) == 4
    m.send("booti ${kernel_addr_r} - ${fdtcontroladdr}\r")
    m.wait_prompt()
    listed = m.run("host pci", status=0)
    for place in places:
        assert "0x%s " % place in listed, listed
    assert re.search(r"(?m)^vda +3 MiB", m.run("blockdev list", status=0))
