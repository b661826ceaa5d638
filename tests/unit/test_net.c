/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Switches: who gets which frame, addresses, VLANs, rates, counters, and life of ports and switches
 * in any order.
 */
#include "net_world.h"

static struct tport a, b, c;

static void begin(enum net_policy policy)
{
	world_begin();
	CHECK_EQ(net_switch_create("lan", policy), 0);
	tport_make(&a, "a/net0");
	tport_make(&b, "b/net0");
	tport_make(&c, "c/net0");
	CHECK_EQ(net_port_attach(&a.port, "lan"), 0);
	CHECK_EQ(net_port_attach(&b.port, "lan"), 0);
	CHECK_EQ(net_port_attach(&c.port, "lan"), 0);
}

static void end(void)
{
	long lost;

	tport_drop(&a);
	tport_drop(&b);
	tport_drop(&c);
	CHECK_EQ(net_switch_destroy("lan", NULL), 0);
	lost = world_end();
	CHECK_EQ(lost, 0);
}

static void forget(void)
{
	tport_forget(&a);
	tport_forget(&b);
	tport_forget(&c);
}

/** Who got how many since the last look? */
#define GOT(na, nb, nc) do {	\
	CHECK_EQ(a.n, na);	\
	CHECK_EQ(b.n, nb);	\
	CHECK_EQ(c.n, nc);	\
	forget();		\
} while (0)

static unsigned macs_of(const char *name)
{
	struct net_switch_info info = { 0 };

	net_list_lock();
	net_switch_info(net_switch_find(name), &info);
	net_list_unlock();
	return info.macs;
}

TEST(learns_and_floods)
{
	begin(NET_POLICY_BRIDGE);
	tsend_plain(&a, 2, 1, -1); /* unknown: to all others */
	GOT(0, 1, 1);
	tsend_plain(&b, 1, 2, -1); /* learned from the first */
	GOT(1, 0, 0);
	tsend_plain(&a, 2, 1, -1);
	GOT(0, 1, 0);
	tsend_plain(&c, BROADCAST, 3, -1);
	GOT(1, 1, 0);
	CHECK_EQ(macs_of("lan"), 3);
	tsend_plain(&c, 1, 2, -1); /* 2 has moved from b to c */
	GOT(1, 0, 0);
	tsend_plain(&a, 2, 1, -1);
	GOT(0, 0, 1);
	CHECK_EQ(macs_of("lan"), 3);
	tsend_plain(&a, 1, 1, -1); /* to itself: nobody's business */
	GOT(0, 0, 0);
	CHECK_EQ(net_switch_flush("lan"), 0);
	CHECK_EQ(macs_of("lan"), 0);
	tsend_plain(&b, 1, 2, -1);
	GOT(1, 0, 1);
	CHECK_EQ(net_switch_flush("nix"), -ENOENT);
	end();
}

TEST(hub_floods_all)
{
	begin(NET_POLICY_HUB);
	tsend_plain(&a, 2, 1, -1);
	GOT(0, 1, 1);
	tsend_plain(&b, 1, 2, -1);
	GOT(1, 0, 1);
	CHECK_EQ(macs_of("lan"), 0);
	end();
}

TEST(what_ends_at_a_switch)
{
	uint8_t f[64];
	uint32_t len = tframe_build(f, 2, 1, -1);

	begin(NET_POLICY_BRIDGE);
	/* between neighbours only: spanning tree, pause, LLDP */
	memcpy(f, "\x01\x80\xc2\x00\x00\x00", 6);
	tsend(&a, f, len);
	f[5] = 0x0e;
	tsend(&a, f, len);
	GOT(0, 0, 0);
	f[5] = 0x10; /* not one of them */
	tsend(&a, f, len);
	GOT(0, 1, 1);
	/* sent by a group */
	tframe_build(f, 2, 1, -1);
	f[6] |= 1;
	tsend(&a, f, len);
	GOT(0, 0, 0);
	CHECK_EQ(a.port.stats.tx_dropped, 1);
	end();
}

TEST(ageing)
{
	begin(NET_POLICY_BRIDGE);
	CHECK_EQ(net_switch_set_age("lan", 10), 0);
	CHECK_EQ(net_switch_set_age("lan", 0), -EINVAL);
	CHECK_EQ(net_switch_set_age("nix", 10), -ENOENT);
	tsend_plain(&b, 9, 2, -1);
	forget();
	world_advance(8000000000);
	tsend_plain(&a, 2, 1, -1);
	GOT(0, 1, 0);
	world_advance(5000000000);
	tsend_plain(&a, 2, 1, -1); /* being talked to is not being heard */
	GOT(0, 1, 1);
	tsend_plain(&b, 1, 2, -1);
	GOT(1, 0, 0);
	world_advance(9000000000);
	tsend_plain(&b, 1, 2, -1); /* heard again: a is too old, b is kept */
	GOT(1, 0, 0);
	world_advance(9000000000);
	tsend_plain(&a, 2, 1, -1);
	GOT(0, 1, 0);
	end();
}

static void count_macs(const struct net_mac_info *mac, void *arg)
{
	unsigned *n = arg;

	(*n)++;
	CHECK(mac->port == &a.port || mac->port == &b.port);
	CHECK_EQ(mac->vlan, 1);
	CHECK_EQ(mac->mac[0], 2);
}

TEST(a_flood_of_addresses)
{
	struct net_switch_info info;
	unsigned n = 0;
	uint32_t i;

	begin(NET_POLICY_BRIDGE);
	tsend_plain(&b, 9, 2, -1);
	for (i = 0; i < 200000; i++) {
		tsend_plain(&a, 2, 1000 + i, -1);
		if (i % 1000 == 0)
			world_work();
	}
	forget();
	/* b is where it was, and there are not more than a's share. */
	tsend_plain(&a, 2, 1, -1);
	GOT(0, 1, 0);
	net_list_lock();
	net_switch_info(net_switch_find("lan"), &info);
	net_switch_macs(net_switch_find("lan"), count_macs, &n);
	net_list_unlock();
	CHECK_EQ(n, info.macs);
	CHECK(info.macs > 16 && info.macs <= 257);
	CHECK(info.mac_slots >= 2 * info.macs && info.mac_slots <= 4096);
	/* and the others are learned as ever */
	for (i = 0; i < 20; i++) {
		tsend_plain(&c, 9, 500 + i, -1);
		world_work();
	}
	forget();
	for (i = 0; i < 20; i++)
		tsend_plain(&a, 500 + i, 1, -1);
	CHECK(c.n == 20 && b.n == 0);
	forget();
	/* When they have aged, their places are used again. */
	world_advance(400000000000);
	for (i = 0; i < 2000; i++)
		tsend_plain(&b, 9, 5000 + i, -1);
	CHECK(macs_of("lan") <= 2 * 257);
	end();
}

TEST(counters_and_room)
{
	begin(NET_POLICY_BRIDGE);
	tsend_plain(&b, 1, 2, -1);
	tsend_plain(&a, 2, 1, -1);
	CHECK_EQ(a.port.stats.tx_frames, 1);
	CHECK_EQ(a.port.stats.tx_bytes, 60);
	CHECK_EQ(a.port.stats.rx_frames, 1);
	CHECK_EQ(b.port.stats.rx_frames, 1);
	CHECK_EQ(b.port.stats.rx_bytes, 60);
	b.full = true;
	tsend_plain(&a, 2, 1, -1);
	CHECK_EQ(b.port.stats.rx_frames, 1);
	CHECK_EQ(b.port.stats.rx_dropped, 1);
	CHECK_EQ(a.port.stats.tx_frames, 2);
	forget();
	end();
}

TEST(one_interrupt_per_burst)
{
	uint8_t f[64];
	uint32_t len = tframe_build(f, BROADCAST, 1, -1);
	struct mem_seg seg = { f, len };
	struct net_frame frame = { .segs = &seg, .nr_segs = 1, .len = len };
	struct net_burst burst;
	struct tport more[8];
	unsigned i, round;

	begin(NET_POLICY_BRIDGE);
	net_burst_begin(&burst, &a.port);
	for (i = 0; i < 20; i++)
		net_send(&burst, &frame);
	CHECK_EQ(b.ends, 0);
	net_burst_end(&burst);
	CHECK_EQ(b.ends, 1);
	CHECK_EQ(c.ends, 1);
	CHECK_EQ(a.ends, 0);
	GOT(0, 20, 20);
	/* more receivers than a burst remembers: nobody is forgotten */
	for (i = 0; i < 8; i++) {
		char name[8] = "m0";

		name[1] = (char)('0' + i);
		tport_make(&more[i], name);
		CHECK_EQ(net_port_attach(&more[i].port, "lan"), 0);
	}
	net_burst_begin(&burst, &a.port);
	for (round = 0; round < 3; round++)
		net_send(&burst, &frame);
	net_burst_end(&burst);
	for (i = 0; i < 8; i++) {
		CHECK_EQ(more[i].n, 3);
		CHECK(more[i].ends >= 1);
		tport_drop(&more[i]);
	}
	GOT(0, 3, 3);
	end();
}

/* --- VLANs --------------------------------------------------------------------------------- */

static void allow(uint32_t *bits, unsigned vid)
{
	bits[vid / 32] |= 1u << vid % 32;
}

TEST(access_ports)
{
	begin(NET_POLICY_BRIDGE);
	CHECK_EQ(net_port_set_access("a/net0", 5), 0);
	CHECK_EQ(net_port_set_access("b/net0", 5), 0);
	tsend_plain(&a, BROADCAST, 1, -1);
	GOT(0, 1, 0);
	tsend_plain(&c, BROADCAST, 3, -1);
	GOT(0, 0, 0);
	/* an address known in one VLAN is not in another */
	tsend_plain(&c, 1, 3, -1);
	GOT(0, 0, 0);
	tsend_plain(&b, 1, 2, -1);
	GOT(1, 0, 0);
	/* a guest cannot tag itself into another VLAN, nor into its own */
	tsend_plain(&c, BROADCAST, 3, 5);
	tsend_plain(&c, BROADCAST, 3, 1);
	GOT(0, 0, 0);
	CHECK_EQ(c.port.stats.tx_dropped, 2);
	/* a tag with a priority only is none */
	tsend_plain(&a, BROADCAST, 1, 0xe000);
	CHECK_EQ(b.got[0].len, 60);
	CHECK_EQ(get_be16(b.got[0].data + 12), 0x88b5);
	GOT(0, 1, 0);
	CHECK_EQ(net_port_set_access("a/net0", 0), -EINVAL);
	CHECK_EQ(net_port_set_access("a/net0", 4095), -EINVAL);
	CHECK_EQ(net_port_set_access("nix", 5), -ENOENT);
	CHECK_EQ(net_port_set_access("a/net0", 1), 0);
	tsend_plain(&a, BROADCAST, 1, -1);
	GOT(0, 0, 1);
	end();
}

TEST(trunks)
{
	uint32_t bits[128] = { 0 };
	char text[64];

	begin(NET_POLICY_BRIDGE);
	allow(bits, 5);
	allow(bits, 6);
	allow(bits, 7);
	allow(bits, 100);
	CHECK_EQ(net_port_set_trunk("c/net0", bits, 1), 0);
	CHECK_EQ(net_port_set_access("a/net0", 5), 0);
	net_list_lock();
	net_port_vlan_text(&c.port, text, sizeof(text));
	net_list_unlock();
	CHECK_STR(text, "trunk 5-7,100 native 1");
	/* out by the trunk: tagged; its own VLAN: not */
	tsend_plain(&a, BROADCAST, 1, -1);
	REQUIRE(c.n == 1);
	CHECK_EQ(c.got[0].len, 64);
	CHECK_EQ(get_be16(c.got[0].data + 12), 0x8100);
	CHECK_EQ(get_be16(c.got[0].data + 14), 5);
	CHECK_EQ(get_be16(c.got[0].data + 16), 0x88b5);
	GOT(0, 0, 1);
	tsend_plain(&b, BROADCAST, 2, -1);
	CHECK_EQ(c.got[0].len, 60);
	GOT(0, 0, 1);
	/* in by the trunk: the tag says where, and goes */
	tsend_plain(&c, BROADCAST, 3, 0x6005);
	REQUIRE(a.n == 1);
	CHECK_EQ(a.got[0].len, 60);
	CHECK_EQ(get_be16(a.got[0].data + 12), 0x88b5);
	CHECK_EQ(a.got[0].data[14], 0x5a);
	GOT(1, 0, 0);
	tsend_plain(&c, BROADCAST, 3, -1);
	GOT(0, 1, 0);
	tsend_plain(&c, BROADCAST, 3, 8); /* not allowed */
	GOT(0, 0, 0);
	/* learned per VLAN */
	tsend_plain(&a, 3, 1, -1);
	GOT(0, 0, 1);
	/* without a native VLAN */
	CHECK_EQ(net_port_set_trunk("c/net0", bits, 0), 0);
	tsend_plain(&c, BROADCAST, 3, -1);
	tsend_plain(&b, BROADCAST, 2, -1);
	GOT(0, 0, 0);
	CHECK_EQ(net_port_set_trunk("nix", bits, 0), -ENOENT);
	CHECK_EQ(net_port_set_trunk("c/net0", bits, 4095), -EINVAL);
	end();
}

/* --- rates --------------------------------------------------------------------------------- */

TEST(rates)
{
	uint64_t bytes, frames;
	unsigned i, passed = 0;

	begin(NET_POLICY_BRIDGE);
	CHECK_EQ(net_port_set_rate("a/net0", 60000, 0), 0); /* 1000 frames a second */
	tsend_plain(&b, 1, 2, -1);
	for (i = 0; i < 10000; i++) {
		tsend_plain(&a, 2, 1, -1);
		world_advance(100000);
		passed += b.n;
		forget();
	}
	CHECK(passed >= 1000 && passed <= 1060);
	CHECK_EQ(a.port.stats.tx_limited, 10000 - passed);
	net_list_lock();
	net_port_rate(&a.port, &bytes, &frames);
	net_list_unlock();
	CHECK_EQ(bytes, 60000);
	CHECK_EQ(frames, 0);
	CHECK_EQ(net_port_set_rate("a/net0", 0, 500), 0);
	for (passed = 0, i = 0; i < 10000; i++) {
		tsend_plain(&a, 2, 1, -1);
		world_advance(100000);
		passed += b.n;
		forget();
	}
	CHECK(passed >= 500 && passed <= 530);
	/* A frame that is larger than a second's bytes still passes, and is paid for. */
	CHECK_EQ(net_port_set_rate("a/net0", 10, 0), 0);
	tsend_plain(&a, 2, 1, -1);
	tsend_plain(&a, 2, 1, -1);
	GOT(0, 1, 0);
	world_advance(5900000000);
	tsend_plain(&a, 2, 1, -1);
	tsend_plain(&a, 2, 1, -1);
	GOT(0, 0, 0);
	world_advance(100000000);
	tsend_plain(&a, 2, 1, -1);
	GOT(0, 1, 0);
	CHECK_EQ(net_port_set_rate("a/net0", 0, 0), 0);
	for (i = 0; i < 50; i++)
		tsend_plain(&a, 2, 1, -1);
	GOT(0, 50, 0);
	CHECK_EQ(net_port_set_rate("nix", 1, 1), -ENOENT);
	end();
}

/* --- life ---------------------------------------------------------------------------------- */

TEST(waits_for_its_switch)
{
	world_begin();
	tport_make(&a, "a/net0");
	tport_make(&b, "b/net0");
	CHECK_EQ(net_port_attach(&a.port, "lan"), 1);
	CHECK(!a.up);
	tsend_plain(&a, 2, 1, -1);
	CHECK_EQ(a.port.stats.tx_dropped, 1);
	CHECK_EQ(net_switch_create("lan", NET_POLICY_BRIDGE), 0);
	CHECK(a.up);
	CHECK_EQ(net_port_attach(&a.port, "lan"), -EBUSY);
	CHECK_EQ(net_port_attach(&b.port, "lan"), 0);
	CHECK(b.up);
	tsend_plain(&a, 2, 1, -1);
	CHECK_EQ(b.n, 1);
	tport_forget(&b);
	CHECK_EQ(net_switch_destroy("lan", NULL), 0);
	CHECK(!a.up && !b.up);
	CHECK_EQ(net_switch_destroy("lan", NULL), -ENOENT);
	tsend_plain(&a, 2, 1, -1);
	CHECK_EQ(b.n, 0);
	/* both come back */
	CHECK_EQ(net_switch_create("lan", NET_POLICY_HUB), 0);
	tsend_plain(&a, 2, 1, -1);
	CHECK_EQ(b.n, 1);
	net_port_detach(&b.port);
	CHECK(!b.up);
	CHECK_EQ(net_port_attach_name("b/net0", "other"), 1);
	CHECK_EQ(net_port_attach_name("nix", "other"), -ENOENT);
	CHECK_EQ(net_port_attach_name("b/net0", "no name"), -EINVAL);
	CHECK_EQ(net_switch_create("other", NET_POLICY_BRIDGE), 0);
	CHECK(b.up);
	CHECK_EQ(net_port_detach_name("b/net0"), 0);
	CHECK_EQ(net_port_detach_name("nix"), -ENOENT);
	tport_drop(&a);
	tport_drop(&b);
	CHECK_EQ(net_switch_destroy("lan", NULL), 0);
	CHECK_EQ(net_switch_destroy("other", NULL), 0);
	CHECK_EQ(world_end(), 0);
}

TEST(names)
{
	world_begin();
	CHECK_EQ(net_switch_create("", NET_POLICY_BRIDGE), -EINVAL);
	CHECK_EQ(net_switch_create("a b", NET_POLICY_BRIDGE), -EINVAL);
	CHECK_EQ(net_switch_create("a/b", NET_POLICY_BRIDGE), -EINVAL);
	CHECK_EQ(net_switch_create("-a", NET_POLICY_BRIDGE), -EINVAL);
	CHECK_EQ(net_switch_create("0123456789012345678901234567890x", NET_POLICY_BRIDGE), -EINVAL);
	CHECK_EQ(net_switch_create("0123456789012345678901234567890", NET_POLICY_BRIDGE), 0);
	CHECK_EQ(net_switch_create("lan", NET_POLICY_BRIDGE), 0);
	CHECK_EQ(net_switch_create("lan", NET_POLICY_BRIDGE), -EEXIST);
	tport_make(&a, "a/net0");
	memset(&b, 0, sizeof(b));
	strcpy(b.port.name, "a/net0");
	CHECK_EQ(net_port_register(&b.port), -EEXIST);
	strcpy(b.port.name, "lan");
	CHECK_EQ(net_port_register(&b.port), -EEXIST);
	tport_drop(&a);
	CHECK_EQ(net_switch_destroy("lan", NULL), 0);
	CHECK_EQ(net_switch_destroy("0123456789012345678901234567890", NULL), 0);
	CHECK_EQ(world_end(), 0);
}

TEST(many_ports_come_and_go)
{
	static struct tport many[100];
	unsigned i, round;
	char name[16];

	begin(NET_POLICY_BRIDGE);
	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "m%u", i);
		tport_make(&many[i], name);
		CHECK_EQ(net_port_attach(&many[i].port, "lan"), 0);
	}
	for (round = 0; round < 300; round++) {
		struct tport *t = &many[unit_random_below(100)];

		if (t->port.sw)
			net_port_detach(&t->port);
		else
			CHECK_EQ(net_port_attach(&t->port, "lan"), 0);
		for (i = 0; i < 100; i++)
			tsend_plain(&many[i], 2000 + (uint32_t)unit_random_below(100), 2000 + i,
				    -1);
		world_work();
		for (i = 0; i < 100; i++)
			tport_forget(&many[i]);
	}
	forget();
	/* each is found where it is */
	for (i = 0; i < 100; i++) {
		if (!many[i].port.sw)
			continue;
		tsend_plain(&a, 2000 + i, 1, -1);
		CHECK_EQ(many[i].n, 1);
	}
	for (i = 0; i < 100; i++)
		tport_drop(&many[i]);
	forget();
	end();
}

TEST(out_of_memory)
{
	size_t n;

	for (n = 1;; n++) {
		int err;

		world_begin();
		fake_heap_fail_at(n);
		err = net_switch_create("lan", NET_POLICY_BRIDGE);
		if (!err) {
			fake_heap_fail_at(0);
			tport_make(&a, "a");
			fake_heap_fail_at(1);
			CHECK_EQ(net_port_attach(&a.port, "lan"), -ENOMEM);
			CHECK(!a.up);
			fake_heap_fail_at(0);
			CHECK_EQ(net_port_attach(&a.port, "lan"), 0);
			fake_heap_fail_at(1);
			CHECK_EQ(net_port_set_access("a", 5), -ENOMEM);
			CHECK_EQ(net_port_set_rate("a", 5, 5), -ENOMEM);
			fake_heap_fail_at(0);
			tport_drop(&a);
			CHECK_EQ(net_switch_destroy("lan", NULL), 0);
		} else {
			CHECK_EQ(err, -ENOMEM);
			CHECK_EQ(net_switch_destroy("lan", NULL), -ENOENT);
		}
		fake_heap_fail_at(0);
		CHECK_EQ(world_end(), 0);
		if (!err)
			break;
	}
	CHECK(n > 2);
}

/* --- interfaces of the host ---------------------------------------------------------------- */

static unsigned nd_opened, nd_closed, nd_sent, nd_ends;
static int nd_error;

static int nd_open(struct netdev *nd)
{
	nd_opened++;
	return nd_error;
}

static void nd_close(struct netdev *nd)
{
	nd_closed++;
}

static bool nd_transmit(struct netdev *nd, const struct net_frame *frame)
{
	nd_sent++;
	return true;
}

static void nd_burst_end(struct netdev *nd)
{
	nd_ends++;
}

TEST(uplinks)
{
	static const struct netdev_ops ops = { nd_open, nd_close, nd_transmit, nd_burst_end };
	struct netdev nd = { .ops = &ops, .driver = "test", .mtu = 1500, .mac = { 2, 1 } };
	struct netdev other = nd;
	uint8_t f[64];
	struct mem_seg seg = { f, tframe_build(f, BROADCAST, 77, -1) };
	struct net_frame frame = { .segs = &seg, .nr_segs = 1, .len = seg.len };

	begin(NET_POLICY_BRIDGE);
	CHECK_EQ(netdev_register(&nd), 0);
	CHECK_EQ(netdev_register(&other), 0);
	CHECK_STR(nd.name, "eth0");
	CHECK_STR(other.name, "eth1");
	CHECK(netdev_next(NULL) == &nd && netdev_next(&other) == NULL);
	netdev_receive(&nd, &frame); /* nobody has it */
	netdev_receive_end(&nd);
	GOT(0, 0, 0);
	nd_error = -EIO;
	CHECK_EQ(net_port_attach_name("eth0", "lan"), -EIO);
	CHECK(!nd.open && !nd.port.sw);
	nd_error = 0;
	CHECK_EQ(net_port_attach_name("eth0", "lan"), 0);
	CHECK_EQ(net_port_attach_name("eth0", "lan"), -EBUSY);
	CHECK_EQ(nd_opened, 2);
	netdev_receive(&nd, &frame);
	netdev_receive(&nd, &frame);
	CHECK_EQ(a.ends, 0);
	netdev_receive_end(&nd);
	netdev_receive_end(&nd);
	CHECK_EQ(a.ends, 1);
	GOT(2, 2, 2);
	tsend_plain(&a, 77, 1, -1);
	CHECK_EQ(nd_sent, 1);
	CHECK_EQ(nd_ends, 1);
	GOT(0, 0, 0);
	/* The switch goes; the interface is not taken by the next of that name. */
	CHECK_EQ(net_switch_destroy("lan", NULL), 0);
	CHECK_EQ(nd_closed, 1);
	CHECK_EQ(net_switch_create("lan", NET_POLICY_BRIDGE), 0);
	CHECK_EQ(nd_opened, 2);
	CHECK(a.up);
	netdev_unregister(&nd);
	netdev_unregister(&other);
	end();
}

TEST(frames_of_any_length)
{
	uint8_t *f = malloc(NET_FRAME_MAX + 100);
	uint32_t len;

	begin(NET_POLICY_BRIDGE);
	c.port.mtu = 9000;
	b.port.mtu = NET_MTU_MAX;
	memset(f, 7, NET_FRAME_MAX + 100);
	for (len = 1; len < NET_FRAME_MAX + 100; len += len < 100 ? 1 : 977) {
		uint8_t *exact = malloc(len);

		tframe_build(f, BROADCAST, 1, -1);
		memcpy(exact, f, len);
		tsend(&a, exact, len);
		CHECK_EQ(b.n, len >= 14 && len <= NET_MTU_MAX + 14);
		CHECK_EQ(c.n, len >= 14 && len <= 9014);
		if (b.n)
			CHECK(b.got[0].len == len && !memcmp(b.got[0].data, exact, len));
		free(exact);
		forget();
	}
	free(f);
	end();
}

TEST(frames_in_pieces)
{
	uint8_t f[200];
	struct mem_seg segs[201];
	struct net_frame frame = { .segs = segs, .len = sizeof(f) };
	struct net_burst burst;
	unsigned i, round;

	begin(NET_POLICY_BRIDGE);
	for (i = 0; i < sizeof(f); i++)
		f[i] = (uint8_t)i;
	tframe_build(f, BROADCAST, 1, -1);
	for (round = 0; round < 200; round++) {
		uint32_t at = 0, n;

		frame.nr_segs = 0;
		while (at < sizeof(f) && frame.nr_segs < 199) {
			n = (uint32_t)unit_random_below(round % 40 + 2); /* empty ones too */
			n = MIN_T(uint32_t, n, sizeof(f) - at);
			segs[frame.nr_segs].va = f + at;
			segs[frame.nr_segs++].len = n;
			at += n;
		}
		segs[frame.nr_segs].va = f + at;
		segs[frame.nr_segs++].len = (uint32_t)sizeof(f) - at;
		/* as behind a header of the device's own */
		frame.skip = 0;
		if (round & 1) {
			memmove(segs + 1, segs, frame.nr_segs++ * sizeof(segs[0]));
			frame.skip = segs[0].len = 1 + round / 8;
		}
		net_burst_begin(&burst, &a.port);
		net_send(&burst, &frame);
		net_burst_end(&burst);
		REQUIRE(b.n == 1 && b.got[0].len == sizeof(f));
		CHECK_MEM(b.got[0].data, f, sizeof(f));
		forget();
	}
	end();
}
