# SPDX-License-Identifier: GPL-2.0-only
#
# Configuration: $(O)/.config is made by kconfig-frontends from openconf.cfg, and remembers ARCH,
# BOARD and CROSS_COMPILE. From it come include/config/auto.conf (for make) and
# include/generated/autoconf.h (given to every compilation).

config-goals := config menuconfig oldconfig defconfig savedefconfig allnoconfig randconfig
.PHONY: $(config-goals)

# Goals that build nothing of the image themselves (demo, check and their like start another make
# after they made sure that the tools are there).
no-build-goals := $(config-goals) help clean distclean setup demo run check bench soak doxygen \
	check-config check-layering check-headers check-format check-repro check-clang check-options check-unit \
	check-boot
build-goals := $(filter-out $(no-build-goals),$(or $(MAKECMDGOALS),all))

dotconfig := $(O)/.config
remembered = $(shell sed -n 's/^CONFIG_$(1)="\(.*\)"$$/\1/p' $(dotconfig))

ifneq ($(wildcard $(dotconfig)),)
config-arch := $(call remembered,ARCH)
config-board := $(call remembered,BOARD)
ARCH ?= $(config-arch)
ifeq ($(ARCH),$(config-arch))
BOARD ?= $(config-board)
CROSS_COMPILE ?= $(call remembered,CROSS_COMPILE)
endif
endif

ARCH ?= arm
default-board-arm := generic-v8
default-board-x86 := x86_64_generic
BOARD ?= $(default-board-$(ARCH))
CROSS_COMPILE ?=

board-folder := arch/$(ARCH)/board/$(BOARD)
ifeq ($(wildcard arch/$(ARCH)/openconf.cfg),)
$(error there is no ARCH=$(ARCH); there are: $(patsubst arch/%/openconf.cfg,%,$(wildcard arch/*/openconf.cfg)))
endif
ifeq ($(wildcard $(board-folder)/defconfig),)
$(error there is no BOARD=$(BOARD) for ARCH=$(ARCH); there are: \
	$(patsubst arch/$(ARCH)/board/%/defconfig,%,$(wildcard arch/$(ARCH)/board/*/defconfig)))
endif

# Building with another ARCH or BOARD than the configuration's would mix two images in one folder.
ifneq ($(build-goals),)
ifneq ($(config-arch),)
ifneq ($(ARCH)/$(BOARD),$(config-arch)/$(config-board))
$(error $(dotconfig) is for ARCH=$(config-arch) BOARD=$(config-board). Take another folder (make \
	O=... ARCH=$(ARCH) BOARD=$(BOARD)) or configure again (make ARCH=$(ARCH) BOARD=$(BOARD) defconfig))
endif
endif
endif

autoconf-mk := $(O)/include/config/auto.conf
autoconf-h := $(O)/include/generated/autoconf.h
# kconfig-frontends writes into "include/config" of the folder where it is started, so that is O.
kconfig-env = cd $(O) && srctree=$(CURDIR) KCONFIG_CONFIG=.config \
	KCONFIG_AUTOHEADER=include/generated/autoconf.h KCONFIG_AUTOCONFIG=include/config/auto.conf \
	KCONFIG_TRISTATE=include/config/tristate.conf CONFIG_=CONFIG_ OPENCONF_ARCH=$(ARCH) \
	OPENCONF_BOARD=$(BOARD) OPENCONF_CROSS_COMPILE=$(CROSS_COMPILE) \
	$(if $(RANDOM_SEED),KCONFIG_SEED=$(RANDOM_SEED))
kconfig = $(call need,kconfig-conf,kconfig-frontends)$(call make-folders,$(autoconf-mk) \
	$(autoconf-h))$(kconfig-env) kconfig-conf
kconfig-quiet := >kconfig.log 2>&1 || { cat kconfig.log >&2; exit 1; }

openconf-files := openconf.cfg $(wildcard $(addsuffix openconf.cfg,libs/ core/ core/*/ drivers/ drivers/*/ \
	emulators/ emulators/*/ boards/ commands/ tests/self/ arch/$(ARCH)/ arch/$(ARCH)/*/))

config:
	@$(kconfig) --oldaskconfig openconf.cfg
menuconfig:
	@$(call need,kconfig-mconf,kconfig-frontends)$(call make-folders,$(dotconfig))
	@$(kconfig-env) kconfig-mconf openconf.cfg
oldconfig:
	@$(kconfig) --oldconfig openconf.cfg
defconfig:
	@$(kconfig) --defconfig=$(CURDIR)/$(board-folder)/defconfig openconf.cfg $(kconfig-quiet)
	@echo "$(dotconfig) made from $(board-folder)/defconfig"
savedefconfig:
	@$(kconfig) --savedefconfig=defconfig openconf.cfg $(kconfig-quiet)
	@echo "$(O)/defconfig written; it belongs to $(board-folder)/defconfig"

allnoconfig:
	@$(kconfig) --allnoconfig openconf.cfg $(kconfig-quiet)
# RANDOM_SEED=n: the same choice again
randconfig:
	@$(kconfig) --randconfig openconf.cfg $(kconfig-quiet)

ifneq ($(build-goals),)
$(dotconfig):
	@mkdir -p $(O) 2>/dev/null && [ -w $(O) ] || \
		{ echo "O=$(O): there cannot be a folder to write to; take another (make O=...)" >&2; exit 1; }
	@echo "No configuration in $(O) yet: taking $(board-folder)/defconfig"
	@$(kconfig) --defconfig=$(CURDIR)/$(board-folder)/defconfig openconf.cfg $(kconfig-quiet)

# A symbol that is new since .config was written takes its default. The header keeps its time when
# nothing changed in it, so that nothing is compiled again.
$(autoconf-mk): $(dotconfig) $(openconf-files)
	@$(kconfig) --olddefconfig openconf.cfg $(kconfig-quiet)
	@cp -p $(autoconf-h) $(autoconf-h).old 2>/dev/null || true
	@$(kconfig) --silentoldconfig openconf.cfg $(kconfig-quiet)
	@if cmp -s $(autoconf-h) $(autoconf-h).old; then mv $(autoconf-h).old $(autoconf-h); fi
	@touch $@

include $(autoconf-mk)
endif
