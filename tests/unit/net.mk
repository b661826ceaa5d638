# SPDX-License-Identifier: GPL-2.0-only
#
# Tests and harnesses of networks, in the world of the emulators' tests.

net-files := $(addprefix core/net/,capture.c frame.c macs.c net.c netdev.c offload.c rate.c switch.c) \
	libs/copy.c core/random/random.c
net-world := $(net-files) tests/unit/fake_sink.c $(filter-out %_file.c,$(emu-world))

test_net := $(net-world)
test_net_offload := $(net-world)
test_net_capture := $(net-world)

test_e1000 := drivers/net/e1000.c core/net/frame.c libs/copy.c tests/unit/fake_heap.c tests/unit/fake_log.c

$(foreach t,test_net test_net_offload test_net_capture,$(eval ldlibs_$(t) := -lfdt))

# The device without captures, which want another file system than disks do.
virtio-net-world := $(sort $(filter-out core/net/capture.c,$(net-files)) $(emu-virtio) $(emu-world) \
	emulators/virtio/virtio_net.c emulators/virtio/virtio_net_ctrl.c tests/unit/fake_capture.c)
test_virtio_net := $(virtio-net-world)
test_virtio_net_ctrl := $(virtio-net-world)
fuzz_net := $(virtio-net-world)
$(foreach t,test_virtio_net test_virtio_net_ctrl fuzz_net,$(eval cflags_$(t) := -DCONFIG_EMU_VIRTIO_NET=1)\
	$(eval ldlibs_$(t) := -lfdt))
