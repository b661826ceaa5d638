# SPDX-License-Identifier: GPL-2.0-only

obj-$(CONFIG_RTC_CMOS) += cmos.o
obj-$(CONFIG_RTC_PL031) += pl031.o
