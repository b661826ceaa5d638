# SPDX-License-Identifier: GPL-2.0-only
#
# The image: reads objects.mk of every folder, compiles and links.
#
# objects.mk of a folder, all names relative to it:
#	obj-y += a.o			always
#	obj-$(CONFIG_B) += b.o		if this symbol of openconf.cfg is set
#	subdir-y += c			a folder below it with its own objects.mk
#	CFLAGS_a.o := -O3		more flags for one object
#	CFLAGS_a.o := $(fast)		the speed of the rest, in a folder with
#	cflags-y := $(small)		more flags for all objects of this folder
# Folders of "normal-memory" (toolchain.mk) get $(port-unaligned) without asking.

folders := $(patsubst %/objects.mk,%,$(wildcard $(addsuffix /objects.mk,\
	arch/$(ARCH) libs core drivers emulators boards commands tests/self)))

# PARTIAL=y: go on without folders that are named but not there yet (for use with "objects")
missing = $(if $(filter y,$(PARTIAL)),$(warning $(1)),$(error $(1)))

define read-folder
obj-y :=
subdir-y :=
cflags-y :=
$(if $(wildcard $(1)/objects.mk),,$(call missing,$(1)/objects.mk is missing; \
	$(dir $(1))objects.mk names its folder))
-include $(1)/objects.mk
objs += $$(addprefix $(1)/,$$(obj-y))
fragments += $$(wildcard $(1)/objects.mk)
$$(foreach o,$$(obj-y),$$(eval cflags-$(1)/$$(o) := $(if $(filter \
	$(normal-memory),$(firstword $(subst /, ,$(1)))),$$(port-unaligned)) $$(cflags-y) $$(CFLAGS_$$(o)))$$(eval CFLAGS_$$(o) :=))
$$(foreach d,$$(addprefix $(1)/,$$(subdir-y)),$$(eval $$(call read-folder,$$(d))))
endef

# Of what unpacks the image, in a port that has that
objs :=
$(foreach d,$(port-unpack),$(eval $(call read-folder,$(d))))
unpack-objs := $(objs)

objs :=
$(foreach d,$(folders),$(eval $(call read-folder,$(d))))

ifneq ($(words $(objs)),$(words $(sort $(objs))))
$(error listed twice in an objects.mk: $(strip $(foreach o,$(sort $(objs)),$(if \
	$(filter-out 1,$(words $(filter $(o),$(objs)))),$(o)))))
endif

obj := $(O)/obj
objects := $(addprefix $(obj)/,$(objs))
lds := $(obj)/vmm.lds
libfdt := $(O)/foreign/lib/libfdt.a
libfdt-h := $(O)/foreign/include/libfdt.h
libgcc := $(shell $(if $(cc-is-clang),$(cross)gcc,$(CC)) -print-libgcc-file-name 2>/dev/null)
unpack-objects := $(addprefix $(obj)/,$(unpack-objs))
unpack-lds := $(if $(port-unpack),$(obj)/unpack.lds)
$(call make-folders,$(objects) $(unpack-objects) $(obj)/x)

$(obj)/%.o: %.c FORCE | $(libfdt-h)
	$(call run,CC     ,$(CC) -MMD -MP -MF $@.d $(all-cflags) $(cflags-$*.o) -c -o $@ $<)

$(obj)/%.o: %.S FORCE | $(libfdt-h)
	$(call run,AS     ,$(CC) -MMD -MP -MF $@.d $(all-asflags) $(cflags-$*.o) -c -o $@ $<)

$(lds): $(linker-script)
$(unpack-lds): $(port-unpack)/unpack.lds.S
$(lds) $(unpack-lds): FORCE
	$(call run,LDS    ,$(CC) -E -P -x c -MMD -MP -MF $@.d -MT $@ $(cc-target) $(includes) \
		-D__ASSEMBLY__ -D__LINKER__ -o $@ $(filter %.lds.S,$^))

-include $(wildcard $(addsuffix .d,$(objects) $(unpack-objects) $(lds) $(unpack-lds)))

# The target's own libfdt, from its Debian package. Of its headers only the two that describe the
# interface are taken: libfdt_env.h would want a C library, ours is in libs/include.
$(libfdt) $(libfdt-h) &: | tools/fetch-foreign
	@tools/fetch-foreign --arch $(debian-arch) --dl $(DL) --unpack $(O)/foreign/libfdt libfdt-dev
	@mkdir -p $(O)/foreign/lib $(O)/foreign/include
	@cp $(O)/foreign/libfdt/usr/include/{fdt,libfdt}.h $(O)/foreign/include/
	@cp $(O)/foreign/libfdt/usr/lib/*/libfdt.a $(libfdt)

# The table of function names that backtraces use is made from the image that it goes into, so the
# image is linked twice: without names, then with them. Names are behind all code, so code does not
# move; that it did not is checked.
symtab := $(O)/symtab

$(symtab)/%.o: $(symtab)/%.S
	@$(CC) $(cc-target) $(port-cflags) -c -o $@ $<

$(symtab)/empty.S: tools/symtab | $(symtab)/
	@$(PYTHON) tools/symtab --empty -o $@

$(symtab)/names.S: $(O)/vmm.pass1.elf tools/symtab
	$(call say,SYMTAB ,$(NM) $< | tools/symtab -o $@)@$(NM) $< | $(PYTHON) tools/symtab -o $@

$(symtab)/:
	@mkdir -p $@

link = $(LD) $(all-ldflags) -T $(lds) -o $@ $(objects) $(1) $(libfdt) $(libgcc)

$(O)/vmm.pass1.elf: $(objects) $(symtab)/empty.o $(lds) $(libfdt) $(fragments) FORCE
	$(call run,LD     ,$(call link,$(symtab)/empty.o))

$(O)/vmm.elf: $(O)/vmm.pass1.elf $(symtab)/names.o FORCE
	$(call run,LD     ,$(call link,$(symtab)/names.o) && $(NM) $@ | \
		$(PYTHON) tools/symtab --check $(symtab)/names.S)

# Loaders take the image itself, or one that is packed, with what unpacks it before it: its own
# objects (port-unpack), and such of the image (port-unpack-libs).
unpack := $(O)/unpack
loaded := $(O)/$(if $(port-unpack),unpack/)vmm.elf

ifneq ($(port-unpack),)
$(call make-folders,$(unpack)/x)

$(unpack)/payload.gz: $(O)/vmm.elf FORCE
	$(call run,GZIP   ,$(OBJCOPY) -O binary $< $(unpack)/payload && gzip -9nc $(unpack)/payload >$@)

$(obj)/$(port-unpack)/payload.o: $(unpack)/payload.gz

$(unpack)/vmm.elf: $(unpack-objects) $(addprefix $(obj)/,$(port-unpack-libs)) $(unpack-lds) $(O)/vmm.elf FORCE
	$(call run,LD     ,$(LD) $(all-ldflags) -T $(unpack-lds) -o $@ $(filter %.o,$^) \
		--defsym=kernel_end=0x$$($(NM) $(O)/vmm.elf | sed -n 's/ [A-Z] _end$$//p'))
endif

$(O)/vmm.bin: $(loaded) FORCE
	$(call run,BIN    ,$(or $(port-image),$(OBJCOPY) -O binary) $< $@)

.PHONY: image
image: $(O)/vmm.bin
	@printf '  %-7s %s: %d KB\n' IMAGE $< $$(( ($$(stat -c %s $<) + 1023) / 1024 ))

# Objects alone, for a tree whose rest does not build yet: "make -k objects", or one of them:
# "make core/sched/sched.o".
.PHONY: objects
objects: $(objects)
$(objs): %: $(obj)/% ;
.PHONY: $(objs)
