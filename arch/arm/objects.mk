# SPDX-License-Identifier: GPL-2.0-only
subdir-y += common
subdir-$(CONFIG_ARM64) += arm64
