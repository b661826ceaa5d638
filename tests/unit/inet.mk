# SPDX-License-Identifier: GPL-2.0-only
#
# The hypervisor's own network: tests and a harness in a world of their own.

inet-files := $(addprefix core/inet/,arp.c dhcp.c icmp.c iface.c tcp.c telnet.c) core/net/frame.c core/net/rate.c \
	libs/copy.c libs/ringbuf.c libs/strlcpy.c \
	$(addprefix tests/unit/,inet_world.c fake_heap.c fake_log.c fake_thread.c)

test_inet := $(inet-files)
fuzz_inet := $(inet-files)
