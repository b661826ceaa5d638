# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_RTC_PL031) += pl031.o
