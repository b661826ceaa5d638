# SPDX-License-Identifier: GPL-2.0-only

lib-y += start.o print.o
guests-y += bench
