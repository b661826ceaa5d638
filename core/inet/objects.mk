# SPDX-License-Identifier: GPL-2.0-only

obj-y += arp.o
obj-y += dhcp.o
obj-y += icmp.o
obj-y += iface.o
obj-y += tcp.o
obj-y += telnet.o
obj-y += telnetd.o

# not on the way of guests: small before fast
cflags-y := $(small)
