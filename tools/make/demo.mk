# SPDX-License-Identifier: GPL-2.0-only
#
# Foreign packages, the boot disk, and the demonstration.

.PHONY: setup demo demo-disk run debian-disk iso
PYTHON ?= /usr/bin/python3
fetch = tools/fetch-foreign --arch arm64 --dl $(DL)
fetch32 = tools/fetch-foreign --arch armhf --dl $(DL)
disk := $(O)/disk
# A make that was started without -j uses all processors for the one below it.
parallel = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

setup:
	@tools/setup check

# The tools have to be there before a make that builds can even be read, so it is another make.
demo:
	@tools/setup demo$(if $(filter x86,$(ARCH)),-x86)
	@$(MAKE) $(parallel) demo-disk
	@echo "  QEMU    starts (Ctrl-A x ends it); the first lines of the hypervisor follow"
	@exec tools/run-qemu $(qemu-options) --image $(O)/vmm.bin --initrd $(disk)/initrd.cpio \
		--nic user $(if $(QEMU_ARGS),-- $(QEMU_ARGS))

# make run GIC=2 CPU=max SMP=4 MEM=1024 QEMU_ARGS="-s": other machines with the same disk
qemu-options = --arch $(ARCH) $(if $(GIC),--gic $(GIC)) $(if $(CPU),--cpu $(CPU)) $(if $(SMP),--smp $(SMP)) \
	$(if $(MEM),--mem $(MEM)) $(if $(APPEND),--append '$(APPEND)') \
	$(if $(filter y,$(VERBOSE)),--show)
run: demo

demo-disk: image $(disk)/initrd.cpio

# A CD, also for USB sticks, that starts the demo on PCs by GRUB. APPEND="..." is the command line.
iso: $(O)/xvisor.iso
ifeq ($(ARCH),x86)
$(O)/xvisor.iso: $(O)/vmm.bin $(disk)/initrd.cpio tools/mkiso FORCE
	$(call run,ISO    ,tools/mkiso -o $@ --image $< --module $(disk)/initrd.cpio --append '$(APPEND)')
else
$(O)/xvisor.iso:
	$(error make iso: CD images are for PCs; take make iso ARCH=x86 with a folder of its own, such as \
		O=build-x86)
endif

# All that tests need: the demo's disk, the tiny guests, the small kernel and the 32-bit one. That
# one is of another package list; when it cannot be had, the tests with it say so and are skipped.
.PHONY: test-disk test-disk-arm32
ifeq ($(ARCH),x86)
test-disk: demo-disk guests $(disk)/amd64/vmlinuz $(disk)/amd64/initrd.cpio.gz
else
test-disk: demo-disk guests $(disk)/cloud-arm64/vmlinuz $(disk)/cloud-arm64/initrd.cpio.gz \
		$(disk)/arm64/ext4.cpio.gz $(disk)/arm64/8021q.cpio.gz \
		$(disk)/debian.img
	@$(MAKE) --no-print-directory test-disk-arm32 || \
		echo "  (no 32-bit Linux: its tests will be skipped; try make test-disk-arm32)"
endif
test-disk-arm32: $(disk)/arm32/vmlinuz $(disk)/arm32/initrd.cpio.gz

# What is unpacked of Debian's packages: the kernels (the generic one, and the small one for
# virtual machines) with their modules for virtio, power button, watchdog and entropy, and a busybox that
# needs no library.
kernel-files := --only 'boot/vmlinuz-*' --only '*/kernel/drivers/*virtio*' --only '*failover.ko*' \
	--only '*/evdev.ko*' --only '*/gpio_keys.ko*' --only '*/acpi/button.ko*' \
	--only '*/sp805_wdt.ko*' --only '*/watchdog.ko*' --only '*/arm_smccc_trng.ko*' \
	--only '*/fs/ext4/*' --only '*/fs/jbd2/*' --only '*/fs/mbcache.ko*' \
	--only '*/lib/*crc*.ko*' --only '*/crypto/crc32c_generic.ko*' --only '*/net/8021q/*' \
	--only '*/net/802/*' --only '*/net/llc/llc.ko*'

$(DL)/arm64/linux-image-%.deb:
	@$(fetch) 'linux-image-$*=linux-image-*'
$(DL)/arm64/%.deb:
	@$(fetch) $*

$(O)/foreign/linux-%/.done: $(DL)/arm64/linux-image-%.deb tools/make/demo.mk
	$(call say,UNPACK ,$<)@$(fetch) --unpack $(@D) $(kernel-files) 'linux-image-$*=linux-image-*'
	@touch $@
$(O)/foreign/busybox/.done: $(DL)/arm64/busybox-static.deb
	$(call say,UNPACK ,$<)@$(fetch) --unpack $(@D) --only '*bin/busybox' busybox-static
	@touch $@

# The same of Debian's 32-bit architecture: the kernel for many machines (armmp).
$(DL)/armhf/linux-image-armmp.deb:
	@$(fetch32) 'linux-image-armmp=linux-image-*'
$(DL)/armhf/busybox-static.deb:
	@$(fetch32) busybox-static
$(O)/foreign/linux-arm32/.done: $(DL)/armhf/linux-image-armmp.deb tools/make/demo.mk
	$(call say,UNPACK ,$<)@$(fetch32) --unpack $(@D) $(kernel-files) \
		'linux-image-armmp=linux-image-*'
	@touch $@
$(O)/foreign/busybox-arm32/.done: $(DL)/armhf/busybox-static.deb
	$(call say,UNPACK ,$<)@$(fetch32) --unpack $(@D) --only '*bin/busybox' busybox-static
	@touch $@

# $(disk)/<flavour>/{vmlinuz,initrd.cpio.gz}: what a Linux guest is started with
$(disk)/%/vmlinuz: $(O)/foreign/linux-%/.done
	@mkdir -p $(@D)
	@cp $(O)/foreign/linux-$*/boot/vmlinuz-* $@
$(disk)/%/initrd.cpio.gz: $(O)/foreign/linux-%/.done $(O)/foreign/busybox/.done tools/mkinitramfs \
		tools/mkcpio.py
	$(call make-initramfs,linux-$*,busybox)
# For tests that want a file system or VLANs in a guest: appended to the one above.
$(disk)/%/8021q.cpio.gz: $(O)/foreign/linux-%/.done tools/mkinitramfs tools/mkcpio.py
	@mkdir -p $(@D)
	$(call say,CPIO   ,$@)@tools/mkinitramfs --modules $(O)/foreign/linux-$*/lib/modules \
		--only 8021q -o $@
$(disk)/%/ext4.cpio.gz: $(O)/foreign/linux-%/.done tools/mkinitramfs tools/mkcpio.py
	@mkdir -p $(@D)
	$(call say,CPIO   ,$@)@tools/mkinitramfs --modules $(O)/foreign/linux-$*/lib/modules \
		--only crc32c_generic --only ext4 -o $@

# The same for PCs: the small kernel for virtual machines, and the generic one.
define amd64-rules
$(DL)/amd64/linux-image-$1.deb:
	@tools/fetch-foreign --arch amd64 --dl $(DL) 'linux-image-$1=linux-image-*'
$(O)/foreign/linux-$1/.done: $(DL)/amd64/linux-image-$1.deb tools/make/demo.mk
	@tools/fetch-foreign --arch amd64 --dl $(DL) --unpack $$(@D) $$(kernel-files) \
		'linux-image-$1=linux-image-*'
	@touch $$@
$(disk)/$1/initrd.cpio.gz: $(O)/foreign/linux-$1/.done $(O)/foreign/busybox-amd64/.done \
		tools/mkinitramfs tools/mkcpio.py
	$$(call make-initramfs,linux-$1,busybox-amd64)
endef
$(foreach flavour,amd64 cloud-amd64,$(eval $(call amd64-rules,$(flavour))))
$(DL)/amd64/busybox-static.deb:
	@tools/fetch-foreign --arch amd64 --dl $(DL) busybox-static
$(O)/foreign/busybox-amd64/.done: $(DL)/amd64/busybox-static.deb
	@tools/fetch-foreign --arch amd64 --dl $(DL) --unpack $(@D) --only '*bin/busybox' busybox-static
	@touch $@

$(disk)/arm32/initrd.cpio.gz: $(O)/foreign/linux-arm32/.done $(O)/foreign/busybox-arm32/.done \
		tools/mkinitramfs tools/mkcpio.py
	$(call make-initramfs,linux-arm32,busybox-arm32)
# $(call make-initramfs,folder of the kernel,of busybox)
define make-initramfs
@mkdir -p $(@D)
$(call say,CPIO   ,$@)@tools/mkinitramfs --modules $(O)/foreign/$1/lib/modules \
	--busybox $$(find $(O)/foreign/$2 -name busybox -type f) -o $@
endef

# What the demonstration runs: a kernel, and a script that makes guests of it.
demo-flavour := $(if $(filter x86,$(ARCH)),cloud-amd64,arm64)
demo-script := tests/$(if $(filter x86,$(ARCH)),x86/pc,arm64/virt)/boot.xscript
$(disk)/initrd.cpio: $(disk)/$(demo-flavour)/vmlinuz $(disk)/$(demo-flavour)/initrd.cpio.gz \
		$(demo-script) tools/mkcpio.py
	$(call say,CPIO   ,$@)@tools/mkcpio.py -o $@ boot/vmlinuz=$(disk)/$(demo-flavour)/vmlinuz \
		boot/initrd.cpio.gz=$(disk)/$(demo-flavour)/initrd.cpio.gz \
		boot.xscript=$(demo-script)

# A disk with an installed Debian that boots by itself: shim and GRUB, the small kernel, systemd. Its
# packages are configured by a machine that runs for minutes: see tools/mkdebian.
debian-disk: $(disk)/debian.img
debian-packages := usr-is-merged '?essential' apt tzdata systemd-sysv udev kmod iproute2 iputils-ping \
	e2fsprogs zstd linux-image-cloud-arm64 grub-efi-arm64 grub-efi-arm64-signed shim-signed \
	u-boot-menu
# Packages that are there to be installed.
debian-archives := hello tree less

# Written only when it has changed.
$(DL)/arm64/debian-disk.list: FORCE
	@$(fetch) --closure debian-disk $(debian-packages)
$(disk)/debian.img: $(DL)/arm64/debian-disk.list tools/mkdebian tools/debian-stage2 \
		$(disk)/cloud-arm64/vmlinuz $(disk)/cloud-arm64/initrd.cpio.gz \
		$(patsubst %,$(DL)/arm64/%.deb,$(debian-archives))
	$(call say,DISK   ,$@)@tools/mkdebian --dl $(DL)/arm64 --list debian-disk.list \
		--kernel $(disk)/cloud-arm64/vmlinuz --initrd $(disk)/cloud-arm64/initrd.cpio.gz \
		$(addprefix --archives ,$(debian-archives)) -o $@
