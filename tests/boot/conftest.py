# SPDX-License-Identifier: GPL-2.0-only
"""Fixtures of the tests that boot machines."""
import os
import pathlib
import re

import pytest

import vm


def pytest_addoption(parser):
    """A way to look at one test's machine."""
    parser.addoption("--keep", action="store_true", help="keep the initrd of tests that passed")


@pytest.fixture
def machine(request):
    """A function that starts a machine; all machines are ended when the test is over.

        def test_x(machine):
            m = machine(gic=2, files={...})        # at the prompt
            m = machine(wait=False)                # just started
    """
    running = []

    def start(wait=True, **options):
        name = re.sub(r"^test_", "", request.node.name)
        name = "%s.%s" % (request.node.path.stem.replace("test_", ""), name)
        if running:
            name += ".%d" % (len(running) + 1)
        new = vm.Machine(name, **options)
        running.append(new)
        new.__enter__()
        if wait:
            new.wait_prompt()
        return new

    yield start
    for one in running:
        one.kill()
        if one.temporary and os.path.exists(one.temporary) and not request.config.getoption("keep"):
            os.unlink(one.temporary)


@pytest.fixture(scope="session")
def linux():
    """The files of a Linux guest, made by "make demo-disk": kernel and initramfs."""
    folder = pathlib.Path(vm.OUT, "disk", os.environ.get("LINUX_FLAVOUR", "arm64"))
    files = {"/boot/vmlinuz": folder / "vmlinuz", "/boot/initrd.cpio.gz": folder / "initrd.cpio.gz"}
    for path in files.values():
        assert path.exists(), "%s is missing: make demo-disk" % path
    return files


def pytest_runtest_makereport(item, call):
    """Say where the log of a failed test is."""
    if call.excinfo is not None and call.when == "call":
        stem = item.path.stem.replace("test_", "")
        item.add_report_section("call", "log", "%s/tests/%s.%s.log" % (
            vm.OUT, stem, re.sub(r"[^A-Za-z0-9._-]+", "_", item.name.replace("test_", "", 1))))
