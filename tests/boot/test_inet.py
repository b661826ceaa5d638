# SPDX-License-Identifier: GPL-2.0-only
"""The hypervisor on its own network: DHCP and ping by QEMU's user network, terminals by telnet."""
import re
import socket
import struct
import time

import pytest

from test_guests import program

NIC = ["-global", "virtio-mmio.force-legacy=false", "-device", "virtio-net-device,netdev=n"]
ANSWER = 60
# Sends back what it reads from its serial port.
ECHO = [0xd2a12001,  # mov x1, #0x09000000
        0x52806022,  # mov w2, #0x301
        0xb9003022,  # str w2, [x1, #0x30]
        0xb9401822,  # 1: ldr w2, [x1, #0x18]
        0x3727ffe2,  # tbnz w2, #4, 1b
        0xb9400022, 0xb9000022,  # ldr w2, [x1]; str w2, [x1]
        0x17fffffc]  # b 1b


def free_port():
    """A TCP port of this machine that nothing listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(name="online")
def start_online(machine):
    """A machine with an address, and the port of this machine that leads to its port 23."""
    port = free_port()
    echo = struct.pack("<%dI" % len(ECHO), *ECHO)
    m = machine(smp=2, files={"/spin.bin": program("spin"), "/echo.bin": echo}, extra=NIC + [
        "-netdev", "user,id=n,hostfwd=tcp:127.0.0.1:%d-:23" % port])
    m.run("net switch create lan", status=0)
    m.run("net port add lan uplink=eth0", status=0)
    m.run("ipconfig attach lan", status=0)
    shown = m.run("ipconfig dhcp", status=0)
    assert re.search(r"address: +10\.0\.2\.15 \(dhcp\)", shown), shown
    return m, port


class Telnet:
    """A client that knows no options."""

    def __init__(self, port, patience=20):
        """Connect; who has just left may have to be cleaned up behind."""
        end = time.monotonic() + patience
        self.seen = b""
        while True:
            self.socket = socket.create_connection(("127.0.0.1", port))
            self.socket.settimeout(ANSWER)
            try:
                self.seen = self.socket.recv(4096)
            except ConnectionResetError:
                pass
            if self.seen or time.monotonic() >= end:
                break
            time.sleep(0.2)

    def until(self, what):
        """Everything up to a text; asserts that it comes."""
        while what not in self.seen:
            piece = self.socket.recv(4096)
            assert piece, "closed after %r" % self.seen
            self.seen += piece
        text, self.seen = self.seen.split(what, 1)
        return text

    def line(self, text):
        """Type a line; its output."""
        self.socket.sendall(text.encode() + b"\r\0")
        return self.until(b"XVisor# ").decode()

    def ended(self):
        """Does the other side close?"""
        try:
            while self.socket.recv(4096):
                pass
        except ConnectionResetError:
            pass
        return True


def test_ping(online):
    """A neighbour answers, one that is not there does not, and both are said."""
    m, _ = online
    assert "2 sent, 2 answered" in m.run("ping 10.0.2.2 2 1400", status=0)
    assert "0 answered" in m.run("ping 10.0.2.99 1")
    assert "no address" in m.run("ping 10.0.2")
    m.run("ipconfig none", status=0)
    assert "no way" in m.run("ping 10.0.2.2 1")
    m.run("ipconfig set 10.0.2.15 255.255.255.0 10.0.2.2", status=0)
    assert "1 answered" in m.run("ping 10.0.2.2 1", status=0)
    assert "fit together" in m.run("ipconfig set 10.0.2.15 255.255.0.255")
    # Xvisor's names and order of arguments.
    m.run("ipconfig update 10.0.2.16 255.255.255.0 10.0.2.2", status=0)
    assert "1 answered" in m.run("ping 10.0.2.2 1", status=0)
    m.run("ipconfig update 192.168.9.1; net switch create hub other; vstelnet create 99 shell")
    assert re.search(r"netmask: +255\.255\.255\.0", m.run("ipconfig show", status=0))
    assert re.search(r"other +hub", m.run("net switch list; net port list; net policy list"))
    assert "99" in m.run("vstelnet list; vstelnet destroy 99", status=0)
    assert "no policy" in m.run("net switch create router x")
    m.run("ipconfig detach", status=0)
    assert "not on a network" in m.run("ping 10.0.2.2 1")


def test_terminal(online):
    """A shell by telnet, with all of its output; one at a time; what runs ends with it."""
    m, port = online
    assert "password" in m.run("telnet listen 23 shell", status=0)
    assert "has this port" in m.run("telnet listen 23 shell")
    client = Telnet(port)
    client.until(b"XVisor# ")
    assert "telnet" in client.line("help")
    everything = client.line("; ".join(["help guest", "help vfs", "help net"] * 8))
    assert everything.count("guest create") >= 8
    assert "shell" in m.run("telnet list", status=0)
    assert not Telnet(port, patience=0).seen
    client.socket.sendall(b"sleep 1h\r\0")
    client.until(b"sleep 1h")
    client.socket.close()
    again = Telnet(port)
    again.until(b"XVisor# ")
    assert "arm" in again.line("version")
    m.run("telnet stop 23", status=0)
    assert again.ended()
    assert "nothing listens" in m.run("telnet stop 23")


def test_idle_limit(online):
    """Nobody types: closed, and free for the next."""
    m, port = online
    m.run("telnet listen 23 shell 2s", status=0)
    client = Telnet(port)
    client.until(b"XVisor# ")
    client.until(b"nothing was typed")
    assert client.ended()
    Telnet(port).until(b"XVisor# ")


def test_console(online):
    """A guest's serial port by telnet: what it said before, too; its end is told."""
    m, port = online
    assert "now there is no serial port" in m.run("telnet listen 23 spin/uart0", status=0)
    Telnet(port).until(b"no serial port")
    m.run("guest create spin board=virt vcpus=1 mem=16M kernel=/spin.bin", status=0)
    m.run("guest start spin", status=0)
    client = Telnet(port)
    client.until(b"SPIN begins")
    m.run("guest destroy spin", status=0)
    client.until(b"the guest has gone")
    assert client.ended()
    # What it does not read yet waits with who sends it: far more than fits into its queue.
    m.run("guest create spin board=virt vcpus=1 mem=16M kernel=/echo.bin", status=0)
    client = Telnet(port)
    typed = b"".join(b"%05d " % i for i in range(2000))
    client.socket.sendall(typed)
    m.run("ping 10.0.2.2 2", status=0)
    m.run("guest start spin", status=0)
    assert client.until(b"01999 ").endswith(typed[:-6])
