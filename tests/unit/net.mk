# SPDX-License-Identifier: GPL-2.0-only
#
# Tests and harnesses of networks, in the world of the emulators' tests.

net-files := $(addprefix core/net/,capture.c frame.c macs.c net.c netdev.c offload.c rate.c switch.c) \
	libs/copy.c core/random/random.c
net-world := $(net-files) tests/unit/fake_sink.c $(filter-out %_file.c,$(emu-world))

test_net := $(net-world)
test_net_offload := $(net-world)
test_net_capture := $(net-world)

$(foreach t,test_net test_net_offload test_net_capture,$(eval ldlibs_$(t) := -lfdt))
