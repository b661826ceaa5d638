# SPDX-License-Identifier: GPL-2.0-only
#
# Every folder below that has objects.

subdir-y += $(patsubst emulators/%/objects.mk,%,$(sort $(wildcard emulators/*/objects.mk)))
