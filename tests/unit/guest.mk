# SPDX-License-Identifier: GPL-2.0-only
#
# Tests and harnesses of guests' descriptions, images and boards.

guest-libs := libs/errno.c libs/parse.c
guest-desc-files := $(addprefix core/guest/,guest_desc.c desc_props.c desc_vcpu.c desc_region.c \
	desc_space.c)
guest-image-files := $(addprefix core/guest/,image.c image_formats.c image_open.c image_place.c \
	guest_image.c) libs/elf.c libs/crc32.c libs/inflate.c libs/gunzip.c
guest-fakes := $(dt-files) $(fake-files) tests/unit/fake_guest.c tests/unit/fake_files.c \
	core/shell/out.c libs/format.c libs/strlcpy.c
# What guests there are: the table of a real port stands in that of the fake one.
arm-kinds := arch/arm/common/guest_kinds.c
x86-kinds := arch/x86/common/guest_kinds.c
guest-files := $(guest-libs) $(guest-desc-files) $(guest-image-files) $(guest-fakes) $(host-port)
guest-all := $(guest-files) $(arm-kinds)
image-files := $(guest-libs) $(filter-out core/guest/guest_image.c,$(guest-image-files)) \
	$(fake-files) tests/unit/fake_files.c

test_guest_desc := $(guest-all)
ldlibs_test_guest_desc := -lfdt
test_image := $(image-files) $(arm-kinds)
test_image_x86 := $(image-files) $(x86-kinds)
test_guest_image := $(guest-all)
ldlibs_test_guest_image := -lfdt
test_guest_config := $(guest-all) core/guest/config.c
ldlibs_test_guest_config := -lfdt
test_fdt_load := $(guest-all) core/guest/fdt_load.c
ldlibs_test_fdt_load := -lfdt
test_board_virt := $(guest-all) $(addprefix core/guest/,config.c guest_fdt.c) \
	$(addprefix boards/,virt.c virt_boot.c build.c net_value.c disk_value.c arm_fdt.c arm_fdt_pci.c)
ldlibs_test_board_virt := -lfdt
cflags_test_board_virt := -DCONFIG_EMU_PCI_HOST=1 -DCONFIG_EMU_GICV2M=1 -DCONFIG_EMU_GICV3_ITS=1 \
	-DCONFIG_EMU_FW_CFG=1 -DCONFIG_EMU_VIRTIO_PCI=1

test_guest_hole := $(mem-files) $(host-port) $(dt-files) tests/unit/fake_log.c tests/unit/fake_thread.c \
	$(addprefix core/guest/,guest_mem.c guest_hole.c shared_mem.c) libs/errno.c libs/strlcpy.c
ldlibs_test_guest_hole := -lfdt
cflags_test_guest_hole := -DCONFIG_EMU_VIRTIO_BALLOON=1

fuzz_guest_desc := $(guest-all)
ldlibs_fuzz_guest_desc := -lfdt
fuzz_image := $(image-files) $(arm-kinds)
fuzz_image_x86 := $(image-files) $(x86-kinds)
fuzz_guest_config := $(guest-all) core/guest/config.c core/guest/fdt_load.c
ldlibs_fuzz_guest_config := -lfdt
test_board_pc := $(guest-files) $(x86-kinds) core/guest/config.c $(addprefix boards/,pc.c \
	pc_boot.c pc_acpi.c build.c disk_value.c net_value.c)
ldlibs_test_board_pc := -lfdt
cflags_test_board_pc := -DCONFIG_PORT_SPACE=1 -DCONFIG_EMU_FW_CFG=1
