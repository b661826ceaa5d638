# SPDX-License-Identifier: GPL-2.0-only
#
# Compiler, binutils and the flags of every compilation. What belongs to one processor is in
# arch/<ARCH>/port.mk. gcc is the default; "make CC=clang" (with LD=ld.lld if you like) works too.

# From the port: default-cross, clang-target, debian-arch, port-cflags, linker-script, port-includes
include arch/$(ARCH)/port.mk

cross := $(or $(CROSS_COMPILE),$(default-cross))
CC = $(cross)gcc
LD = $(cross)ld
AR = $(cross)ar
NM = $(cross)nm
OBJCOPY = $(cross)objcopy
OBJDUMP = $(cross)objdump
PYTHON ?= /usr/bin/python3

cc-is-clang := $(findstring clang,$(notdir $(CC)))
ifneq ($(cc-is-clang),)
$(call need,$(CC),clang)
else
$(call need,$(CC),$(if $(cross),gcc-$(patsubst %-,%,$(cross)),gcc))
endif
binutils-package := binutils$(if $(cross),-$(patsubst %-,%,$(cross)))
$(call need,$(LD),$(if $(findstring lld,$(LD)),lld,$(binutils-package)))
$(call need,$(OBJCOPY),$(binutils-package))
$(call need,$(NM),$(binutils-package))
$(call need,$(PYTHON),python3)

ifneq ($(cc-is-clang),)
cc-target := --target=$(clang-target)
cc-include := $(shell $(CC) -print-resource-dir)/include
else
cc-target :=
cc-include := $(shell $(CC) -print-file-name=include)
endif

# gcc's <limits.h> would look for a C library's one behind it, unless that was read already.
includes := -nostdinc -D_LIBC_LIMITS_H_ -isystem $(cc-include) -Ilibs/include -Icore/include -Iarch/include \
	$(addprefix -I,$(port-includes)) -isystem $(O)/foreign/include -include $(autoconf-h)

# The same bytes come out whatever the folders are called.
prefix-maps := -ffile-prefix-map=$(abspath $(O))=build -ffile-prefix-map=$(O)=build \
	-ffile-prefix-map=$(CURDIR)=. $(if $(cc-is-clang),,-gno-record-gcc-switches)

# Tables have a default row that others override, so that is no mistake.
warnings := -Wall -Wextra -Wno-unused-parameter -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wvla -Wundef -Wpointer-arith -Wwrite-strings \
	-Wimplicit-fallthrough -Wformat=2 -Wno-format-nonliteral -Wshadow \
	$(if $(cc-is-clang),-Wno-initializer-overrides,-Wno-override-init -Wlogical-op -Wduplicated-cond) $(if $(filter y,$(WERROR)),-Werror)

# What runs seldom: small even where that takes more instructions.
small := $(or $(port-small),-Os)
# What is on the way of exits and of data, unless the whole image is to be small.
fast := $(if $(CONFIG_OPTIMIZE_SIZE),$(small),-O2)

codegen := -std=gnu11 -ffreestanding $(fast) -g -fno-pic -fno-pie \
	-fno-common -fno-strict-aliasing -fmerge-all-constants \
	-fno-align-functions \
	$(if $(cc-is-clang),,-fno-align-jumps -fno-align-loops -fno-align-labels) \
	-ffunction-sections -fdata-sections \
	-fstack-protector$(if $(CONFIG_STACK_PROTECTOR_STRONG),-strong) \
	-fno-omit-frame-pointer \
	-momit-leaf-frame-pointer \
	-fno-asynchronous-unwind-tables -fno-unwind-tables -fno-delete-null-pointer-checks \
	$(port-cflags) $(port-image-cflags)

# Folders whose code runs with translation on, and has its data in normal memory, of which a
# processor reads words at any alignment. Ports run before that, drivers have memory of devices.
normal-memory := core emulators boards commands tests
all-cflags := $(cc-target) $(includes) $(codegen) $(warnings) $(prefix-maps)
all-asflags := $(cc-target) $(includes) -D__ASSEMBLY__ -g $(port-cflags) $(prefix-maps) \
	$(if $(filter y,$(WERROR)),-Wa$(comma)--fatal-warnings)
all-ldflags := $(port-ldflags) -nostdlib -static --gc-sections --build-id=none -z noexecstack \
	--orphan-handling=warn -z max-page-size=4096
