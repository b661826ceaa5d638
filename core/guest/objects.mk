# SPDX-License-Identifier: GPL-2.0-only

# descriptions of guests and what they boot from
obj-y += guest_desc.o desc_props.o desc_vcpu.o desc_region.o desc_space.o
obj-y += image.o image_formats.o image_open.o image_place.o guest_image.o fdt_load.o host_load.o
# guests made by one line
obj-y += config.o guest_fdt.o

# guests that run
obj-y += guest.o guest_mem.o guest_hole.o shared_mem.o vcpu.o vcpu_life.o vcpu_control.o \
	exit.o

obj-$(CONFIG_PORT_SPACE) += port.o

# not on the way of any exit: small before fast
$(foreach o,guest_desc desc_props desc_vcpu desc_region desc_space image image_formats image_open \
	image_place guest_image fdt_load host_load config guest_fdt guest guest_hole shared_mem \
	vcpu_life vcpu_control,\
	$(eval CFLAGS_$(o).o := $(small)))
