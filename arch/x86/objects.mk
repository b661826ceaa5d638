# SPDX-License-Identifier: GPL-2.0-only
subdir-y += boot
subdir-y += common
subdir-y += host
subdir-y += svm
