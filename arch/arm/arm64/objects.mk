# SPDX-License-Identifier: GPL-2.0-only
obj-y += entry.o
obj-y += vectors.o
obj-y += switch.o
obj-y += boot_map.o
obj-y += cache.o
obj-y += cpu.o
obj-y += start.o
obj-y += exception.o
obj-y += vcpu.o
obj-y += vcpu_state.o
obj-y += vcpu_sysreg.o
obj-y += vcpu_idreg.o
obj-y += vcpu_debug.o
obj-y += vcpu_icc.o
obj-y += vcpu_icc32.o
obj-y += vcpu_a32.o
obj-y += vcpu_spsr.o
obj-y += vcpu_cp.o
obj-y += vcpu_decode.o
obj-y += vcpu_decode32.o

# Not on the way of any exit: small before fast.
$(foreach o,boot_map cpu exception start vcpu_a32 vcpu_cp vcpu_debug vcpu_decode vcpu_decode32 vcpu_icc32 vcpu_idreg \
	vcpu_spsr,\
	$(eval CFLAGS_$(o).o := $(small)))
