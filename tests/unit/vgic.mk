# SPDX-License-Identifier: GPL-2.0-only
#
# Tests and harnesses of the guest's interrupt controllers. They have a world of their own, with
# list registers, several CPUs and a guest that takes interrupts.

vgic-files := emulators/intc/vgic.c emulators/intc/vgic_slots.c emulators/intc/vgic_regs.c \
	emulators/intc/vgic_dist.c emulators/intc/vgic_cpuif.c emulators/intc/gicv2.c \
	emulators/intc/gicv2_cpuif.c emulators/intc/gicv3.c emulators/intc/gicv3_cpuif.c \
	emulators/intc/vgic_lpi.c emulators/intc/gicv3_its.c emulators/intc/its_map.c
vgic-world := $(vgic-files) tests/unit/vgic_world.c tests/unit/vgic_hw.c tests/unit/vgic_guest.c \
	tests/unit/vgic_mem.c tests/unit/fake_heap.c tests/unit/fake_log.c \
	tests/unit/fake_thread.c core/emu/emu.c core/dt/tree.c core/dt/address.c core/dt/edit.c \
	core/dt/blob.c libs/errno.c libs/strlcpy.c

vgic-tests := test_vgic_model test_vgic_v3 test_vgic_v2 test_vgic_slots \
	test_vgic_vcpus test_vgic_soft test_vgic_soft_v3 test_its
vgic-fuzzers := fuzz_vgic fuzz_its
$(foreach t,$(vgic-tests) $(vgic-fuzzers),$(eval $(t) := $(vgic-world))$(eval ldlibs_$(t) := -lfdt))
