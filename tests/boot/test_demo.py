# SPDX-License-Identifier: GPL-2.0-only
"""The disk of "make demo": two Linux guests with a network, and what its lines say to try."""
import hashlib
import http.server
import os
import re
import threading

import pytest
import vm

from test_linux import in_guest, leave_console


@pytest.fixture(name="server")
def start_server(tmp_path):
    """An HTTP server on this machine: its port, and the digest of /file."""
    content = os.urandom(3 << 20)
    (tmp_path / "file").write_bytes(content)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        """Serves that folder, and says nothing."""

        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(tmp_path))

        def log_message(self, *arguments):  # pylint: disable=arguments-differ
            pass

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield httpd.server_port, hashlib.sha256(content).hexdigest()
    httpd.shutdown()
    thread.join()


def address_of(m, name):
    """Go to a guest's console; its address by DHCP."""
    m.send("console %s\r" % name)
    m.expect(r"guest-init: eth0 has (10\.0\.2\.\d+)[^\d.]", 180)
    return m.child.match[1]


def at_prompt(m):
    """The guest's shell has come up, which it does after it has told the address."""
    m.expect_exact("guest-init: ready", 180)
    m.expect_exact("guest:/# ", 60)


@pytest.mark.parametrize("arch", ["arm", "x86"])
def test_demo(machine, server, arch):
    """Both get an address, reach each other and fetch a file from this machine."""
    port, digest = server
    folder = os.path.join(vm.OUT, "x86" if arch == "x86" else "")
    m = machine(arch=arch, image=os.path.join(folder, "vmm.bin"), mem=2048, wait=False,
                initrd=os.path.join(folder, "disk", "initrd.cpio"), nics=["user"])
    screen = m.wait_prompt()
    assert "Two Linux guests are running" in screen
    listed = m.run("guest list", status=0)
    assert re.search(r"(?m)^one +running ", listed) and re.search(r"(?m)^two +running ", listed)
    one = address_of(m, "one")
    leave_console(m)
    two = address_of(m, "two")
    assert one != two
    at_prompt(m)
    assert "3 packets received" in in_guest(m, "ping -c 3 -W 3 " + one, 60)
    assert digest in in_guest(m, "wget -q -O - http://10.0.2.2:%d/file | sha256sum" % port, 240)
    leave_console(m)
    m.run("ipconfig attach lan", status=0)
    assert "10.0.2." in m.run("ipconfig dhcp", status=0)
    assert "1 answered" in m.run("ping %s 1" % one, status=0)
    proposed = re.search(r"guest create web [^\n]*", screen)[0]
    m.run(proposed, status=0)
    m.send("guest start web ; console web\r")
    m.expect("guest-init: ready: Linux .* on 2 CPUs", 180)
    m.expect("guest:/# ", 60)
    # The shell of the guest ends, so the guest does, and with it the console.
    m.send("exit\r")
    m.expect("web: powered off", 60)
    m.wait_prompt()
    m.run("guest destroy web", status=0)
    assert re.search(r"(?m)^two +running ", m.run("guest list", status=0))
