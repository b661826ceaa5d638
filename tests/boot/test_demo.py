# SPDX-License-Identifier: GPL-2.0-only
"""The disk of "make demo": its boot script starts a Linux guest and says what to try."""
import os
import re

import vm


def test_demo(machine):
    """What a person sees, and what the lines on the screen propose."""
    m = machine(initrd=os.path.join(vm.OUT, "disk", "initrd.cpio"), mem=2048, wait=False)
    screen = m.wait_prompt()
    assert "A Linux guest is running." in screen
    assert re.search(r"(?m)^linux +running ", m.run("guest list", status=0))
    m.send("console linux\r")
    m.expect("guest-init: ready: Linux", 180)
    m.expect("guest:/# ")
    m.send("\x1bxq")
    m.wait_prompt()
    proposed = re.search(r"guest create web [^\n]*", screen)[0]
    m.run(proposed, status=0)
    m.send("guest start web ; console web\r")
    m.expect("guest-init: ready: Linux .* on 2 CPUs", 180)
    m.expect("guest:/# ")
    # The shell of the guest ends, so the guest does, and with it the console.
    m.send("exit\r")
    m.expect("web: powered off", 60)
    m.wait_prompt()
    m.run("guest destroy web", status=0)
    assert re.search(r"(?m)^linux +running ", m.run("guest list", status=0))
