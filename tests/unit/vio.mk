# SPDX-License-Identifier: GPL-2.0-only
#
# The host's virtio drivers, on devices that are made of the other side of the standard.

vio-files := drivers/virtio/vio.c drivers/virtio/vring.c tests/unit/vio_fake.c $(emu-world)

test_vring := $(vio-files)
test_vio_blk := $(vio-files) $(emu-block)
test_vio_console := $(vio-files) core/chardev/chardev.c

test_vio_net := $(filter-out $(emu-world),$(vio-files)) $(net-world)

$(foreach t,test_vring test_vio_blk test_vio_console test_vio_net,$(eval ldlibs_$(t) := -lfdt))

fuzz_vio := $(vio-files) $(emu-block)
ldlibs_fuzz_vio := -lfdt
