# SPDX-License-Identifier: GPL-2.0-only
#
# Tests and harnesses of networks, in the world of the emulators' tests.

net-files := $(addprefix core/net/,frame.c macs.c net.c netdev.c offload.c rate.c switch.c) libs/copy.c \
	core/random/random.c tests/unit/fake_ram.c
net-all := $(net-files) $(emu-world)

test_net := $(net-all)

$(foreach t,test_net,$(eval ldlibs_$(t) := -lfdt))
