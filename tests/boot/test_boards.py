# SPDX-License-Identifier: GPL-2.0-only
"""Guest boards: what was built for QEMU's machine "virt" runs on the board of this name as it is,
and virt-v8 by its device tree; what cannot run is refused with a sentence."""
import gzip
import pathlib
import re
import struct
import subprocess

import pytest

import vm
from test_linux import in_guest

UBOOT = pathlib.Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin")
UEFI = pathlib.Path("/usr/share/qemu-efi-aarch64/QEMU_EFI.fd")
BOARDS = pathlib.Path(vm.TOP, "tests/arm64")
# Addresses of virt: the UART, and PSCI's SYSTEM_OFF
PROGRAM = """
	.globl _start
_start:	ldr	x1, =0x09000000
	adr	x2, text
1:	ldrb	w3, [x2], #1
	cbz	w3, 2f
	strb	w3, [x1]
	b	1b
2:	ldr	w4, [x0]
	ldr	w5, =0xedfe0dd0
	mov	w6, '?'
	mov	w7, 'd'
	cmp	w4, w5
	csel	w6, w7, w6, eq
	strb	w6, [x1]
	mov	w6, '\\n'
	strb	w6, [x1]
	ldr	w0, =0x84000008
	hvc	#0
	b	.
text:	.asciz	"program runs, x0: "
	.ltorg
"""

# The same in the 32-bit instruction set; the device tree is in r2 there.
PROGRAM32 = """
	.arm
	.arch_extension virt
	.globl _start
_start:	ldr	r1, =0x09000000
	ldr	r4, [r2]
	ldr	r5, =0xedfe0dd0
	mov	r6, #'?'
	cmp	r4, r5
	moveq	r6, #'d'
	adr	r3, text
1:	ldrb	r7, [r3], #1
	cmp	r7, #0
	strbne	r7, [r1]
	bne	1b
	strb	r6, [r1]
	mov	r7, #'\\n'
	strb	r7, [r1]
	ldr	r0, =0x84000008
	hvc	#0
	b	.
text:	.asciz	"32 bits, r2: "
	.ltorg
"""

# Its data are big-endian from the first instruction on; literals would be, too. Prints "BE" when a
# word of the console's identification comes the other way round, and goes out so.
PROGRAM_BE = """
	.globl _start
_start:	mov	x1, 0x09000000
	ldr	w2, [x1, 0xfe0]
	mov	w3, 0x11000000
	mov	w4, '-'
	mov	w5, 'B'
	cmp	w2, w3
	csel	w5, w5, w4, eq
	strb	w5, [x1]
	mov	w5, 0x45000000
	str	w5, [x1]
	mov	w5, '\\n'
	strb	w5, [x1]
	mov	w0, 8
	movk	w0, 0x8400, lsl 16
	hvc	#0
	b	.
"""


def run(*command, **options):
    """A tool of the build machine."""
    subprocess.run(command, check=True, capture_output=True, **options)


def dtb(folder, source):
    """Compile a device tree."""
    out = pathlib.Path(folder, pathlib.Path(source).stem + ".dtb")
    run("dtc", "-q", "-I", "dts", "-O", "dtb", "-o", str(out), str(source))
    return out


def assemble(folder, source, address):
    """An ELF file and a raw program."""
    obj, elf, raw = (pathlib.Path(folder, "p" + end) for end in (".o", ".elf", ".bin"))
    run("aarch64-linux-gnu-as", "-o", str(obj), "-", input=source.encode())
    run("aarch64-linux-gnu-ld", "-Ttext=%#x" % address, "-o", str(elf), str(obj))
    run("aarch64-linux-gnu-objcopy", "-O", "binary", "-j", ".text", str(elf), str(raw))
    return elf, raw


@pytest.mark.parametrize("gic", [2, 3])
def test_uboot(machine, gic):
    """U-Boot for QEMU's arm64 machine comes to its prompt, finds its devices, and resets."""
    assert UBOOT.exists(), "%s is missing: apt-get install u-boot-qemu" % UBOOT
    m = machine(gic=gic, files={"/u-boot.bin": UBOOT})
    m.run("guest create ub board=virt mem=128M firmware=/u-boot.bin", status=0)
    m.run("guest start ub", status=0)
    m.send("console ub\r")
    m.expect("Hit any key to stop autoboot")
    assert "DRAM:  128 MiB" in m.before
    m.send("x")
    m.expect_exact("=> ")
    m.send("fdt addr $fdtcontroladdr; fdt print /psci method\r")
    m.expect_exact('method = "hvc"')
    m.expect_exact("=> ")
    m.send("flinfo\r")
    m.expect(r"Bank # 2: CFI conformant flash .*  Size: 32 MB in 256 Sectors")
    m.expect_exact("=> ")
    # the environment survives a reset in the flash, which is written by commands
    m.send("setenv mark kept-in-flash; saveenv\r")
    m.expect("Writing to Flash|Saving Environment to Flash")
    m.expect_exact("=> ", 120)
    m.send("reset\r")
    m.expect("Hit any key to stop autoboot", 60)
    m.send("x")
    m.expect_exact("=> ")
    m.send("printenv mark\r")
    m.expect_exact("mark=kept-in-flash")
    m.expect_exact("=> ")
    m.send("poweroff\r")
    m.wait_prompt()


@pytest.mark.parametrize("gic", [2, 3])
def test_uefi(machine, gic):
    """UEFI firmware comes to its shell."""
    if not UEFI.exists():
        pytest.skip("%s is missing: apt-get install qemu-efi-aarch64" % UEFI)
    m = machine(gic=gic, files={"/efi.fd": UEFI})
    m.run("guest create efi board=virt mem=256M firmware=/efi.fd", status=0)
    m.run("guest start efi", status=0)
    m.send("console efi\r")
    m.expect("UEFI Interactive Shell", 120)
    m.expect("Shell> ", 60)
    m.send("reset -s\r")
    m.wait_prompt()


def virt_v8(machine, linux, tmp_path):
    """Xvisor's board by its device tree, with the files and the script of its README; the machine
    with its Linux at the shell, whose console the terminal is."""
    folder = BOARDS / "virt-v8"
    source = (folder / "linux/boot.S").read_text()
    files = {
        "/boot.xscript": folder / "linux/boot.xscript",
        "/virt-v8/virt-v8-guest.dtb": dtb(tmp_path, folder / "virt-v8-guest.dts"),
        "/virt-v8/virt-v8.dtb": dtb(tmp_path, folder / "linux/virt-v8.dts"),
        "/virt-v8/boot.bin": assemble(tmp_path, source, 0)[1],
        "/virt-v8/nor_flash.list": folder / "linux/nor_flash.list",
        "/virt-v8/Image": linux["/boot/vmlinuz"],
        "/virt-v8/initrd.cpio.gz": linux["/boot/initrd.cpio.gz"],
    }
    m = machine(gic=2, files=files)
    m.send("vserial bind guest0/uart0\r")
    m.expect(r"guest-init: ready: Linux \S+ on 2 CPUs", 180)
    m.expect_exact("guest:/# ")
    return m


def test_virt_v8(machine, linux, tmp_path):
    """Linux on Xvisor's board boots, boots again, and switches itself off."""
    m = virt_v8(machine, linux, tmp_path)
    m.send("reboot -f\r")
    m.expect(r"guest-init: ready: Linux \S+ on 2 CPUs", 180)
    m.expect_exact("guest:/# ")
    m.send("poweroff -f\r")
    m.wait_prompt(60)


def test_watchdog(machine, linux, tmp_path):
    """Linux feeds the watchdog SP805 and lives; when nobody feeds it, the guest is reset."""
    m = virt_v8(machine, linux, tmp_path)
    assert "sp805" in in_guest(m, "cat /sys/class/watchdog/watchdog0/identity")
    # Fed twice as often as it has to be, for twice its time.
    in_guest(m, "watchdog -T 6 -t 3 /dev/watchdog0; sleep 12", 120)
    assert re.search(r"^6$", in_guest(m, "cat /sys/class/watchdog/watchdog0/timeout"), re.M)
    m.send("killall -STOP watchdog; echo starving\r")
    m.expect(r"guest-init: ready: Linux \S+ on 2 CPUs", 180)
    m.expect_exact("guest:/# ")
    m.send("\x1bxq")
    m.wait_prompt()
    assert "the watchdog ran out, the guest is reset" in m.run("log show", status=0)
    assert "resets:  1" in m.run("guest status guest0", status=0)


def test_own_tree(machine, tmp_path):
    """virt as a device tree: it has no mistakes, and a program runs on it."""
    tree = dtb(tmp_path, BOARDS / "virt/virt-guest.dts")
    raw = assemble(tmp_path, PROGRAM, 0)[1]
    m = machine(gic=3, files={"/g.dtb": tree, "/p": raw, "/list": "0x0 /p\n"})
    output = m.run("guest check /g.dtb")
    assert "/aspace/mem0: physical_size: is 0" in output
    m.run("vfs guest_fdt_load g /g.dtb 2 mem0,physical_size,physsize,16M", status=0)
    # A device that only Xvisor has, as its own trees ask for.
    node = "/guests/g/aspace/fb"
    m.run("devtree node copy /guests/g/aspace fb /guests/g/aspace/rtc; "
          "devtree set %s compatible string simple-framebuffer; "
          "devtree set %s guest_physical_addr physaddr 0x0f000000" % (node, node), status=0)
    output = m.run("guest create g")
    assert (node + ': compatible: there is no emulator for "simple-framebuffer" in this '
            "hypervisor; take the node out (devtree del)") in output
    m.run("devtree del " + node, status=0)
    m.run("guest check /guests/g", status=0)
    m.run("guest create g", status=0)
    m.run("vfs guest_load_list g /list", status=0)
    m.run("guest kick g", status=0)
    m.send("console g\r")
    m.expect_exact("program runs, x0: ?")
    m.wait_prompt()
    # The same from memory of the host that was loaded before the guest that has it.
    m.run("guest destroy g; devtree del /guests/g", status=0)
    assert "in use" in m.run("vfs host_load 0x40200000 /p")
    m.run("vfs host_load 0x60000000 /p", status=0)
    m.run("vfs guest_fdt_load g /g.dtb 1 mem0,physical_size,physsize,16M "
          "mem0,device_type,string,ram mem0,host_physical_addr,physaddr,0x60000000 "
          "vcpus,start_pc,physaddr,0x40000000", status=0)
    m.run("guest create g; guest kick g", status=0)
    m.send("console g\r")
    m.expect_exact("program runs, x0: ?")
    m.wait_prompt()


SHARED = """/dts-v1/;
/ { device_type = "guest"; model = "m"; aliases { s = &S; }; vcpus { vcpu0 { device_type = "vcpu";
compatible = "armv8,generic"; start_pc = <0x40000000>; }; };
aspace { guest_irq_count = <64>; S: shared { manifest_type = "real"; address_type = "memory";
device_type = "shared_ram"; guest_physical_addr = <0x40000000>; physical_size = <0x10000>;
shared_mem = ""; }; }; };
"""


def test_shared_memory(machine, tmp_path):
    """Memory that guests share: made before them, or with the first; there until nobody has it."""
    (tmp_path / "s.dts").write_text(SHARED)
    m = machine(files={"/s.dtb": dtb(tmp_path, tmp_path / "s.dts")})
    m.run("shmem create early 64K 21", status=0)
    assert re.search(r"(?m)^early +64 KiB +0 +0x[0-9a-f]*[02468ace]00000$", m.run("shmem list"))
    for guest, name in (("a", "early"), ("b", "early"), ("c", "late")):
        m.run("vfs fdt_load /guests %s /s.dtb s,shared_mem,string,%s; guest create %s"
              % (guest, name, guest), status=0)
    table = m.run("shmem list", status=0)
    assert re.search(r"(?m)^early +64 KiB +2 ", table) and re.search(r"(?m)^late .* 1 ", table)
    hosts = [re.search(r"shared ram +(0x\w+)", m.run("guest regions " + name))[1] for name in "abc"]
    assert hosts[0] == hosts[1] != hosts[2]
    assert "destroy them first" in m.run("shmem destroy early")
    assert "there already" in m.run("shmem create early 4K")
    m.run("guest destroy a b c", status=0)
    assert "late" not in m.run("shmem list", status=0)
    m.run("shmem destroy early", status=0)


def test_big_endian(machine, tmp_path):
    """A guest that is big-endian by its description finds devices as they are."""
    source = (BOARDS / "virt/virt-guest.dts").read_text()
    model = 'device_type = "guest";'
    assert source.count(model) == 1
    big = tmp_path / "big.dts"
    big.write_text(source.replace(model, model + ' endianness = "big";'))
    raw = assemble(tmp_path, PROGRAM_BE, 0)[1]
    m = machine(files={"/g.dtb": dtb(tmp_path, big), "/p": raw, "/list": "0x0 /p\n"})
    m.run("vfs guest_fdt_load g /g.dtb 1 mem0,physical_size,physsize,16M", status=0)
    m.run("guest create g", status=0)
    m.run("vfs guest_load_list g /list", status=0)
    m.run("guest kick g", status=0)
    m.send("console g\r")
    m.expect_exact("BE")
    m.wait_prompt()


@pytest.mark.parametrize("form", ["elf", "raw", "raw-there", "elf.gz"])
def test_program(machine, tmp_path, form):
    """A bare-metal program in each form is started with the device tree in x0."""
    elf, raw = assemble(tmp_path, PROGRAM, 0x40080000 if form != "raw-there" else 0x40000000)
    packed = gzip.compress(elf.read_bytes())
    m = machine(files={"/p.elf": elf, "/p.bin": raw, "/there": raw, "/p.gz": packed})
    words = {"elf": "kernel=/p.elf", "raw": "kernel=/p.bin", "elf.gz": "kernel=/p.gz",
             "raw-there": "kernel=/there load=0x40000000"}[form]
    m.run("guest create p board=virt mem=16M " + words, status=0)
    m.run("guest start p", status=0)
    m.send("console p\r")
    m.expect_exact("program runs, x0: d")
    m.wait_prompt()
    m.run("guest destroy p", status=0)


def test_program_32(machine, tmp_path):
    """A program of the 32-bit state; in a 64-bit guest it is refused."""
    obj, elf = tmp_path / "p.o", tmp_path / "p.elf"
    run("clang", "--target=armv7a-none-eabi", "-x", "assembler", "-c", "-o", str(obj), "-",
        input=PROGRAM32.encode())
    run("ld.lld", "-Ttext=0x40080000", "-o", str(elf), str(obj))
    m = machine(files={"/p.elf": elf})
    assert "add arch=arm32" in m.run("guest create p board=virt mem=16M kernel=/p.elf")
    m.run("guest create p board=virt mem=16M kernel=/p.elf arch=arm32", status=0)
    m.run("guest start p", status=0)
    m.send("console p\r")
    m.expect_exact("32 bits, r2: d")
    m.wait_prompt()


REFUSED = [
    # words, what is said
    ("kernel=/none", "cannot be opened"),
    ("kernel=/text", "is a text, no kernel"),
    ("kernel=/bzImage", "kernel for x86"),
    ("kernel=/cut", "is cut off: it has 0x10000 of at least"),
    ("kernel=/k mem=16M", "too little memory: the guest has 16 MiB, and no room is left for"),
    ("kernel=/k mem=100G", "free on this host"),
    ("kernel=/k load=0x40010000", "above a multiple of 2 MiB"),
    ("kernel=/k load=0x10000000", "outside of the guest's memory"),
    ("kernel=/k initrd=/none", "initrd=/none cannot be loaded"),
    ("kernel=/k initrd=/empty", "initrd=/empty is empty"),
    ("kernel=/k vcpus=0", "no number of vCPUs"),
    ("kernel=/k vcpus=9 gic=2", "9 are more than the 8 that a GICv2 serves"),
    ("kernel=/k disk=/nodisk", "/nodisk"),
    ("kernel=/k kernal=/k", "did you mean \"kernel\"?"),
    ("", "there is nothing to boot"),
]


def test_refused(machine, linux):
    """What cannot be made is refused with a reason, and leaves nothing behind."""
    kernel = linux["/boot/vmlinuz"].read_bytes()
    bzimage = struct.pack("<510sHH4s", b"\xea" * 510, 0xaa55, 0, b"HdrS") + b"\xaa" * 4096
    m = machine(files={"/k": kernel, "/cut": kernel[:65536], "/empty": b"",
                       "/text": b"hello\n" * 99, "/bzImage": bzimage})
    m.run("guest create warm board=virt mem=128M kernel=/k", status=0)
    m.run("guest destroy warm", status=0)
    before = m.run("host ram")
    for words, sentence in REFUSED:
        output = m.run("guest create g board=virt " + words)
        assert sentence in output, "%s: %s" % (words, output)
        assert "g " not in m.run("guest list")
    assert m.run("host ram") == before
