# SPDX-License-Identifier: GPL-2.0-only
#
# The one Makefile of the hypervisor. It reads a fragment (objects.mk) from every folder, so that
# this single make knows the whole graph; the rules themselves are in tools/make/*.mk.
# "make help" lists what can be asked for.

MAKEFLAGS += --no-builtin-rules --no-builtin-variables --no-print-directory
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
SHELL := /bin/bash


# Lists of make are words between blanks.
$(foreach path,CURDIR O DL,$(if $(filter 0 1,$(words $($(path)))),,\
	$(error $(if $(filter CURDIR,$(path)),this folder,$(path)) is "$($(path))", and make cannot \
	work with blanks in paths: take another)))

# The output folder; nothing is ever written outside it, except by "make setup" (packages).
O ?= build
override O := $(patsubst %/,%,$(O))
# Where packages of the target's architecture are kept once they were downloaded.
DL ?= $(O)/dl
VERBOSE ?= n
WERROR ?= y

.PHONY: all
all: image

include tools/make/util.mk
include tools/make/config.mk
# Without a configuration nothing is known of the target yet: make makes one, and begins again.
ifneq ($(and $(build-goals),$(wildcard $(autoconf-mk))),)
include tools/make/toolchain.mk
include tools/make/image.mk
include tools/make/guests.mk
endif
include tools/make/demo.mk
include tools/make/check.mk
include tools/make/help.mk
