# SPDX-License-Identifier: GPL-2.0-only
#
# Tests and harnesses of emulators and of the classes of core that they use. Each test program has
# the emulators that it needs; EMULATOR() puts them into the table that emu_find() looks at.

emu-world := tests/unit/emu_world.c tests/unit/emu_world_file.c tests/unit/emu_world_mem.c tests/unit/fake_heap.c \
	tests/unit/fake_log.c libs/ringbuf.c libs/errno.c libs/strlcpy.c core/emu/emu.c core/emu/vpower.c core/vserial/vserial.c \
	core/dt/tree.c core/dt/address.c core/dt/edit.c core/dt/blob.c
emu-block := core/block/blockdev.c core/block/request.c core/block/ramdisk.c core/block/vdisk.c \
	core/block/partition.c core/block/mbr.c core/block/gpt.c core/block/fault.c libs/copy.c libs/crc32.c libs/parse.c \
	libs/format.c
emu-virtio := emulators/virtio/virtio.c emulators/virtio/virtio_mmio.c \
	emulators/virtio/virtqueue.c emulators/virtio/virtio_balloon.c \
	emulators/virtio/virtio_blk.c emulators/virtio/virtio_console.c \
	emulators/virtio/virtio_rng.c core/random/random.c $(emu-block)
emu-virtio-config := -DCONFIG_EMU_VIRTIO_BALLOON=1 -DCONFIG_EMU_VIRTIO_BLK=1 -DCONFIG_EMU_VIRTIO_CONSOLE=1 \
	-DCONFIG_EMU_VIRTIO_RNG=1

test_emu := $(emu-world) emulators/misc/zero.c emulators/misc/vminfo.c
test_vserial := $(emu-world)
test_block := $(emu-world) $(emu-block)
test_vdisk := $(emu-world) $(emu-block)
test_partition := $(emu-world) $(emu-block)
test_random := $(emu-world) core/random/random.c
test_pl011 := $(emu-world) emulators/serial/pl011.c
test_pl031 := $(emu-world) emulators/rtc/pl031.c
test_sp805 := $(emu-world) emulators/timer/sp805.c
test_pl061 := $(emu-world) emulators/gpio/pl061.c
flash-files := libs/bitmap.c emulators/flash/cfi_flash.c emulators/flash/flash_store.c
test_flash := $(emu-world) $(flash-files) $(emu-block)
test_virtio := $(emu-world) $(emu-virtio)
cflags_test_virtio := $(emu-virtio-config)
test_virtio_devices := $(emu-world) $(emu-virtio)
cflags_test_virtio_devices := $(emu-virtio-config)
test_virtio_flight := $(emu-world) $(emu-virtio)
cflags_test_virtio_flight := $(emu-virtio-config)
test_virtio_packed := $(emu-world) $(emu-virtio)
test_balloon := $(emu-world) $(emu-virtio)
cflags_test_balloon := $(emu-virtio-config)
cflags_test_virtio_packed := $(emu-virtio-config)

fuzz_registers := $(emu-world) $(flash-files) emulators/misc/zero.c emulators/misc/vminfo.c \
	emulators/serial/pl011.c emulators/rtc/pl031.c emulators/timer/sp805.c \
	emulators/gpio/pl061.c $(emu-virtio)
cflags_fuzz_registers := $(emu-virtio-config)
fuzz_partition := $(emu-world) $(emu-block)
fuzz_virtqueue := $(emu-world) $(emu-virtio)
cflags_fuzz_virtqueue := $(emu-virtio-config)
fuzz_balloon := $(emu-world) $(emu-virtio)
cflags_fuzz_balloon := $(emu-virtio-config)

$(foreach t,test_emu test_vserial test_block test_vdisk test_partition test_random test_pl011 test_pl031 test_sp805 test_pl061 \
	test_flash test_virtio test_virtio_devices test_virtio_packed test_balloon test_virtio_flight fuzz_registers fuzz_partition fuzz_virtqueue \
	fuzz_balloon,$(eval ldlibs_$(t) := -lfdt))
test_port := $(emu-world) core/guest/port.c
ldlibs_test_port := -lfdt
apic-files := $(addprefix emulators/intc/,lapic.c lapic_timer.c lapic_ipi.c ioapic.c i8259.c)
test_apic := $(emu-world) $(apic-files)
ldlibs_test_apic := -lfdt
pc-devices := $(addprefix emulators/,timer/i8254.c timer/hpet.c rtc/mc146818.c serial/uart16550.c input/i8042.c \
	acpi/acpi_pm.c misc/debug_exit.c misc/debugcon.c) libs/date.c
test_pc_devices := $(emu-world) $(pc-devices) core/emu/msi.c
ldlibs_test_pc_devices := -lfdt
fuzz_pc := $(emu-world) $(apic-files) $(pc-devices) core/emu/msi.c
ldlibs_fuzz_pc := -lfdt
