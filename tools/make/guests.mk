# SPDX-License-Identifier: GPL-2.0-only
#
# The tiny bare-metal guests of tests/guests, one program each: $(O)/guests/<name>.bin is what a
# guest is created with, <name>.elf has the symbols. tests/guests/objects.mk says what they are
# made of:
#	lib-y += start.o print.o	linked into each
#	guests-y += bench		a guest, of bench.o,
#	bench-y := bench.o table.o	or of these
#	CFLAGS_bench.o := -O3
# They know nothing of the hypervisor: their own headers are in tests/guests/include, their linker
# script is tests/guests/guest.lds.S. Those for x86 are in tests/guests/x86, alike.

guests-y :=
lib-y :=
guest-folder := tests/guests$(if $(filter x86,$(ARCH)),/x86)
-include $(guest-folder)/objects.mk

guest-obj := $(O)/obj/$(guest-folder)
guest-lds := $(guest-obj)/guest.lds
guest-objects = $(addprefix $(guest-obj)/,$(lib-y) $(or $($(1)-y),$(1).o))
guest-elfs := $(patsubst %,$(O)/guests/%.elf,$(guests-y))
all-guest-objects := $(sort $(foreach g,$(guests-y),$(call guest-objects,$(g))))
guest-includes := -nostdinc -D_LIBC_LIMITS_H_ -isystem $(cc-include) -Itests/guests/include
guest-codegen := -std=gnu11 -ffreestanding -O2 -g -fno-pic -fno-pie -fno-common \
	-fno-strict-aliasing -ffunction-sections -fdata-sections -fno-stack-protector \
	-fno-asynchronous-unwind-tables $(port-cflags)
$(call make-folders,$(guest-elfs) $(all-guest-objects))
$(foreach o,$(patsubst $(guest-obj)/%,%,$(all-guest-objects)),\
	$(eval cflags-$(guest-folder)/$(o) := $(CFLAGS_$(o))))

.PHONY: guests
guests: $(patsubst %.elf,%.bin,$(guest-elfs))

$(guest-obj)/%.o: $(guest-folder)/%.c FORCE
	$(call run,CC     ,$(CC) -MMD -MP -MF $@.d $(cc-target) $(guest-includes) $(guest-codegen) \
		$(warnings) $(prefix-maps) $(cflags-$(guest-folder)/$*.o) -c -o $@ $<)

$(guest-obj)/%.o: $(guest-folder)/%.S FORCE
	$(call run,AS     ,$(CC) -MMD -MP -MF $@.d $(cc-target) $(guest-includes) -D__ASSEMBLY__ -g \
		$(port-cflags) $(prefix-maps) $(cflags-$(guest-folder)/$*.o) -c -o $@ $<)

$(guest-lds): $(guest-folder)/guest.lds.S FORCE
	$(call run,LDS    ,$(CC) -E -P -x c -MMD -MP -MF $@.d -MT $@ $(cc-target) $(guest-includes) \
		-D__ASSEMBLY__ -D__LINKER__ -o $@ $<)

define guest-rule
$$(O)/guests/$(1).elf: $$(call guest-objects,$(1)) $$(guest-lds) FORCE
	$$(call run,LD     ,$$(LD) $$(port-ldflags) -nostdlib -static --gc-sections --build-id=none \
		-z noexecstack -e _start -T $$(guest-lds) -o $$@ $$(call guest-objects,$(1)) $$(libgcc))
endef
$(foreach g,$(guests-y),$(eval $(call guest-rule,$(g))))

$(O)/guests/%.bin: $(O)/guests/%.elf FORCE
	$(call run,BIN    ,$(OBJCOPY) $(or $(port-guest),-O binary) $< $@)

-include $(wildcard $(addsuffix .d,$(all-guest-objects) $(guest-lds)))
