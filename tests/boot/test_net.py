# SPDX-License-Identifier: GPL-2.0-only
"""Networks between guests, as Debian's own virtio_net driver in a guest uses them."""
import re

import pytest

from test_linux import create, in_guest, leave_console, switch_off, wait_ready

MIB = 1 << 20


def up(machine, name, address, vcpus=1):
    """Wait for a guest, and give its interface an address."""
    wait_ready(machine, name, vcpus)
    in_guest(machine, "ip addr add %s/24 dev eth0 && ip link set eth0 up" % address)


def go(machine, name):
    """To another guest's console."""
    leave_console(machine)
    machine.send("console %s\r" % name)
    machine.send("\r")
    machine.expect_exact("guest:/# ")


def received(machine, address, count=3, more=""):
    """How many of so many echo requests come back."""
    output = in_guest(machine, "ping -c %d -W 2 %s %s" % (count, more, address), 20 + 3 * count)
    return int(re.search(r"(\d+) packets received", output)[1])


def stats(machine, port):
    """Counters of a port, by the headings of the table."""
    rows = [re.split(r"  +", line.strip()) for line in machine.run("net stats").splitlines()
            if line.startswith(("PORT", port + " "))]
    assert len(rows) == 2, rows
    return [int(value) for value in rows[1][1:]]


def serve(machine, size):
    """Make a file of this guest's that others can fetch by HTTP; give its digest."""
    in_guest(machine, "mkdir -p /tmp/www; dd if=/dev/urandom of=/tmp/www/file bs=1M count=%d "
             "2>/dev/null" % (size // MIB), 120)
    in_guest(machine, "httpd -h /tmp/www")
    return re.search(r"[0-9a-f]{64}", in_guest(machine, "sha256sum /tmp/www/file", 60))[0]


def fetch(machine, address, timeout=240):
    """Fetch that file from another guest; give the digest of what came."""
    output = in_guest(machine, "wget -q -O - http://%s/file | sha256sum" % address, timeout)
    return re.search(r"[0-9a-f]{64}", output)[0]


@pytest.mark.parametrize("gic,smp", [(2, 1), (3, 2)])
def test_two_guests(machine, linux, gic, smp):
    """They reach each other, and what one sends the other gets."""
    m = machine(gic=gic, smp=smp, files=linux)
    m.run("net switch create lan", status=0)
    create(m, "a", more="net=lan")
    create(m, "b", more="net=lan")
    up(m, "a", "10.0.0.1")
    leave_console(m)
    up(m, "b", "10.0.0.2")
    assert received(m, "10.0.0.1") == 3
    assert received(m, "10.0.0.1", 2, "-s 20000") == 2
    in_b = serve(m, 16 * MIB)
    go(m, "a")
    assert received(m, "10.0.0.2") == 3
    in_a = serve(m, 16 * MIB)
    assert fetch(m, "10.0.0.2") == in_b
    go(m, "b")
    assert fetch(m, "10.0.0.1") == in_a
    assert not re.search(r"\bBUG\b|\bOops\b|Call trace|NETDEV WATCHDOG|bad gso|bad csum",
                         in_guest(m, "dmesg"))
    leave_console(m)
    to_b, bytes_to_b = stats(m, "b/net0")[:2]
    assert bytes_to_b >= 16 * MIB
    # Segmentation is left to the receiver: frames are larger than a wire has.
    assert bytes_to_b / to_b > 3000
    for guest in "ab":
        m.run("guest destroy " + guest, status=0)
    assert "net0" not in m.run("net ports")
    m.run("net switch destroy lan", status=0)
