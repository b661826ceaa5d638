/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtio network device's control queue, several queues, link, and floods.
 */
#include "virtio_net_driver.h"

/* --- control queue ------------------------------------------------------------------------- */

/** A command with its data. @return the acknowledgement, -1: none came */
static int command(uint8_t class, uint8_t cmd, const void *data, uint32_t len)
{
	unsigned q = d.features & F_MQ ? 4 : CTRL;
	uint8_t hdr[2] = { class, cmd };
	uint32_t id, n;

	put(CMD_AT, hdr, 2);
	put(CMD_AT + 2, data, len);
	*world_mem(CMD_AT + 0x800) = 0x77;
	vd_desc(&d, q, 0, CMD_AT, 2 + len, V_NEXT, 1);
	vd_desc(&d, q, 1, CMD_AT + 0x800, 1, V_WRITE, 0);
	vd_offer(&d, q, 0);
	vd_notify(&d, q);
	if (!vd_used(&d, q, &id, &n) || n != 1)
		return -1;
	return *world_mem(CMD_AT + 0x800);
}

static int flag(uint8_t cmd, uint8_t on)
{
	return command(0, cmd, &on, 1);
}

/** Does a frame to this address come through? */
static bool comes(uint32_t dst, const char *mac)
{
	uint8_t f[64];
	uint32_t len = tframe_build(f, dst, 2, -1), id, n;

	if (mac)
		memcpy(f, mac, 6);
	tsend(&peer, f, len);
	if (!vd_used(&d, RX, &id, &n))
		return false;
	vd_offer(&d, RX, (uint16_t)id);
	return true;
}

static bool own_comes(void)
{
	return comes(0, (const char *)port()->mac);
}

#define CONTROL (BASE | F_CTRL_VQ | F_CTRL_RX | F_CTRL_RX_EXTRA | F_CTRL_VLAN | F_CTRL_MAC_ADDR)

TEST(filters)
{
	uint8_t table[8 + 6 * 70];
	uint32_t i;

	start_net(CONTROL, 1);
	give_buffers(4, 0x800);
	/* Until the driver says something, everything comes. */
	CHECK(comes(77, NULL));
	CHECK_EQ(flag(0, 0), 0);
	CHECK(!comes(77, NULL) && own_comes() && comes(BROADCAST, NULL));
	CHECK(!comes(0, "\x01\x00\x5e\x00\x00\x05"));
	CHECK_EQ(flag(1, 1), 0); /* all multicast */
	CHECK(comes(0, "\x01\x00\x5e\x00\x00\x05"));
	CHECK_EQ(flag(1, 0), 0);
	/* one unicast, one multicast address */
	put_le32(table, 1);
	tmac(table + 4, 77);
	put_le32(table + 10, 1);
	memcpy(table + 14, "\x01\x00\x5e\x00\x00\x05", 6);
	CHECK_EQ(command(1, 0, table, 20), 0);
	CHECK(comes(77, NULL) && !comes(78, NULL));
	CHECK(comes(0, "\x01\x00\x5e\x00\x00\x05") && !comes(0, "\x01\x00\x5e\x00\x00\x06"));
	/* more than are kept: all come */
	put_le32(table, 70);
	for (i = 0; i < 70; i++)
		tmac(table + 4 + 6 * i, 100 + i);
	put_le32(table + 4 + 6 * 70, 0);
	CHECK_EQ(command(1, 0, table, sizeof(table)), 0);
	CHECK(comes(78, NULL) && !comes(0, "\x01\x00\x5e\x00\x00\x05"));
	/* tables that lie about their length */
	CHECK_EQ(command(1, 0, table, 20), 1);
	CHECK_EQ(command(1, 0, table, 3), 1);
	put_le32(table, 0xffffffff);
	CHECK_EQ(command(1, 0, table, 20), 1);
	memset(table, 0, 8);
	CHECK_EQ(command(1, 0, table, 8), 0);
	CHECK(!comes(78, NULL) && own_comes());
	CHECK_EQ(flag(5, 1), 0); /* no broadcast */
	CHECK(!comes(BROADCAST, NULL));
	CHECK_EQ(flag(4, 1), 0); /* no unicast */
	CHECK(!own_comes());
	CHECK_EQ(flag(4, 0) | flag(5, 0) | flag(2, 1), 0); /* all unicast */
	CHECK(comes(78, NULL));
	CHECK_EQ(flag(0, 1), 0);
	CHECK(comes(78, NULL));
	/* what is filtered is not counted as lost */
	CHECK_EQ(port()->stats.rx_dropped, 0);
	end_net();
}

TEST(own_address)
{
	static const uint8_t mac[6] = { 2, 9, 9, 9, 9, 9 }, group[6] = { 3 };

	start_net(CONTROL, 1);
	give_buffers(4, 0x800);
	CHECK_EQ(flag(0, 0), 0);
	CHECK(!comes(0, (const char *)mac));
	CHECK_EQ(command(1, 1, mac, 6), 0);
	CHECK(comes(0, (const char *)mac));
	CHECK_EQ(world_read(d.dev, V_CONFIG + 1, 1), 9);
	CHECK_EQ(command(1, 1, group, 6), 1);
	CHECK_EQ(command(1, 1, mac, 5), 1);
	end_net();
}

TEST(vlan_filter)
{
	uint32_t bits[128] = { 1 << 5 | 1 << 6 };
	uint8_t f[64], vid[2];
	uint32_t len = tframe_build(f, BROADCAST, 2, 5), id, n;

	start_net(CONTROL, 1);
	give_buffers(4, 0x800);
	CHECK_EQ(net_port_set_trunk("peer", bits, 1), 0);
	CHECK_EQ(net_port_set_trunk("g/net0", bits, 1), 0);
	tsend(&peer, f, len);
	CHECK(!vd_used(&d, RX, &id, &n));
	put_le16(vid, 5);
	CHECK_EQ(command(2, 0, vid, 2), 0);
	tsend(&peer, f, len);
	REQUIRE(vd_used(&d, RX, &id, &n));
	CHECK_EQ(get_be16(world_mem(RX_AT(id) + VNET_HDR_LEN + 14)), 5);
	CHECK_EQ(command(2, 1, vid, 2), 0);
	tsend(&peer, f, len);
	CHECK(!vd_used(&d, RX, &id, &n));
	put_le16(vid, 4096);
	CHECK_EQ(command(2, 0, vid, 2), 1);
	CHECK_EQ(command(2, 2, vid, 2), 1);
	end_net();
}

TEST(guest_offloads)
{
	uint64_t all = F_GUEST_CSUM | F_GUEST_TSO4 | F_GUEST_TSO6 | F_GUEST_ECN | F_GUEST_USO4 |
		       F_GUEST_USO6, v;

	start_net(BASE | F_CTRL_VQ | F_CTRL_GUEST_OFFLOADS | all, 1);
	CHECK_EQ(port()->caps, NET_CAP_ALL);
	v = cpu_to_le64(F_GUEST_CSUM | F_GUEST_TSO4);
	CHECK_EQ(command(5, 0, &v, 8), 0);
	CHECK_EQ(port()->caps, NET_CAP_CSUM | NET_CAP_TSO4);
	v = 0;
	CHECK_EQ(command(5, 0, &v, 8), 0);
	CHECK_EQ(port()->caps, 0);
	v = cpu_to_le64(F_GUEST_TSO4); /* of no use without the first */
	CHECK_EQ(command(5, 0, &v, 8), 0);
	CHECK_EQ(port()->caps, 0);
	v = cpu_to_le64(F_CSUM);
	CHECK_EQ(command(5, 0, &v, 8), 1);
	CHECK_EQ(command(5, 0, &v, 7), 1);
	world_w32(d.dev, V_STATUS, 0);
	CHECK_EQ(port()->caps, 0);
	end_net();
}

TEST(commands_that_are_none)
{
	unsigned class, cmd, n;
	uint8_t data[64];
	uint32_t id, len;

	start_net(BASE | F_CTRL_VQ, 1);
	for (class = 0; class < 8; class++) {
		for (cmd = 0; cmd < 8; cmd++) {
			for (n = 0; n < 10; n++) {
				memset(data, 0xff, sizeof(data));
				/* nothing of it was negotiated */
				CHECK_EQ(command((uint8_t)class, (uint8_t)cmd, data, n), 1);
			}
		}
	}
	/* without room for an answer, without a command */
	vd_desc(&d, CTRL, 0, CMD_AT, 1, 0, 0);
	vd_offer(&d, CTRL, 0);
	vd_notify(&d, CTRL);
	CHECK(vd_used(&d, CTRL, &id, &len) && len == 0);
	vd_desc(&d, CTRL, 0, CMD_AT, 1, V_WRITE, 0);
	vd_offer(&d, CTRL, 0);
	vd_notify(&d, CTRL);
	CHECK(vd_used(&d, CTRL, &id, &len) && len == 1);
	CHECK(!vd_broken(&d));
	end_net();
}

/* --- several queues, link, floods ---------------------------------------------------------- */

TEST(several_queues)
{
	uint8_t f[64], pairs[2];
	unsigned i, seen = 0;
	uint32_t id, n;

	start_net(BASE | F_CTRL_VQ | F_MQ, 2);
	for (i = 0; i < 8; i++) {
		vd_desc(&d, 0, i, RX_AT(i), 0x400, V_WRITE, 0);
		vd_offer(&d, 0, (uint16_t)i);
		vd_desc(&d, 2, i, RX_AT(i) + 0x400, 0x400, V_WRITE, 0);
		vd_offer(&d, 2, (uint16_t)i);
	}
	put_le16(pairs, 3);
	CHECK_EQ(command(4, 0, pairs, 2), 1);
	put_le16(pairs, 0);
	CHECK_EQ(command(4, 0, pairs, 2), 1);
	/* one pair is in use before the driver says so */
	for (i = 0; i < 4; i++)
		tsend_plain(&peer, 9, 2, -1);
	for (i = 0; i < 4; i++)
		CHECK(vd_used(&d, 0, &id, &n));
	put_le16(pairs, 2);
	CHECK_EQ(command(4, 0, pairs, 2), 0);
	/* The same connection always comes to the same queue, all of them to both. */
	for (i = 0; i < 60; i++) {
		unsigned q;

		memset(f, 0, sizeof(f));
		tframe_build(f, 9, 2, -1);
		put_be16(f + 12, 0x0800);
		memset(f + 14, 0, 40);
		f[14] = 0x45;
		f[23] = 17;
		put_be32(f + 26, 0x0a000001);
		put_be32(f + 30, 0x0a000002);
		put_be32(f + 34, i / 2); /* ports */
		tsend(&peer, f, 60);
		q = vd_used(&d, 0, &id, &n) ? 0 : 2;
		if (q == 2)
			REQUIRE(vd_used(&d, 2, &id, &n));
		vd_offer(&d, q, (uint16_t)id);
		if (i & 1)
			CHECK_EQ(seen & 4, q ? 4 : 0);
		seen = (seen & 3) | (q ? 2u : 1u) | (q ? 4u : 0u);
	}
	CHECK_EQ(seen & 3, 3);
	/* Both queues send. */
	put(TX_AT, no_hdr, VNET_HDR_LEN);
	put(TX_AT + VNET_HDR_LEN, f, 60);
	vd_desc(&d, 3, 0, TX_AT, 72, 0, 0);
	vd_offer(&d, 3, 0);
	vd_notify(&d, 3);
	CHECK_EQ(peer.n, 1);
	end_net();
	/* A driver without them has its control queue behind the first pair. */
	start_net(CONTROL, 1);
	end_net();
	make_net(2, "lan");
	CHECK(vd_negotiate(&d, CONTROL));
	for (i = 0; i < 3; i++)
		vd_queue(&d, i, ENTRIES, RING(i));
	vd_ready(&d);
	CHECK_EQ(flag(0, 0), 0);
	end_net();
}

TEST(link_goes_and_comes)
{
	uint8_t f[64];
	uint32_t len = tframe_build(f, BROADCAST, 2, -1), id, n;

	start_net(BASE | F_CTRL_VQ | F_GUEST_ANNOUNCE, 1);
	give_buffers(4, 0x800);
	CHECK_EQ(world_read(d.dev, V_CONFIG + 6, 2), S_LINK_UP);
	net_port_detach(port());
	CHECK_EQ(world_read(d.dev, V_CONFIG + 6, 2), 0);
	CHECK_EQ(world_r32(d.dev, V_ISR), 2);
	world_w32(d.dev, V_ACK, 2);
	send_plain(2, 1);
	CHECK_EQ(peer.n, 0);
	tsend(&peer, f, len);
	CHECK(!vd_used(&d, RX, &id, &n));
	CHECK_EQ(net_port_attach_name("g/net0", "lan"), 0);
	CHECK_EQ(world_read(d.dev, V_CONFIG + 6, 2), S_LINK_UP | S_ANNOUNCE);
	CHECK_EQ(world_r32(d.dev, V_ISR) & 2, 2);
	CHECK_EQ(command(3, 0, "", 0), 0);
	CHECK_EQ(world_read(d.dev, V_CONFIG + 6, 2), S_LINK_UP);
	tsend(&peer, f, len);
	CHECK(vd_used(&d, RX, &id, &n));
	end_net();
	/* A switch that is not there yet. */
	fake_log_clear();
	make_net(1, "later");
	CHECK(strstr(fake_log_text(), "there is no switch \"later\" yet"));
	CHECK_EQ(world_read(d.dev, V_CONFIG + 6, 2), 0);
	CHECK_EQ(net_switch_create("later", NET_POLICY_BRIDGE), 0);
	CHECK_EQ(world_read(d.dev, V_CONFIG + 6, 2), S_LINK_UP);
	CHECK_EQ(net_switch_destroy("later", NULL), 0);
	end_net();
}

TEST(reset_in_the_midst)
{
	uint32_t id, n;
	unsigned i;

	start_net(CONTROL, 1);
	give_buffers(4, 0x800);
	CHECK_EQ(flag(0, 0), 0);
	world_w32(d.dev, V_STATUS, 0);
	tsend_plain(&peer, BROADCAST, 2, -1);
	CHECK_EQ(port()->stats.rx_dropped, 1);
	CHECK(vd_negotiate(&d, CONTROL));
	for (i = 0; i < 3; i++)
		vd_queue(&d, i, ENTRIES, RING(i));
	vd_ready(&d);
	give_buffers(4, 0x800);
	/* the filter is forgotten */
	CHECK(comes(77, NULL));
	CHECK(!vd_used(&d, RX, &id, &n));
	end_net();
}

TEST(a_flood_is_left_to_the_worker)
{
	uint8_t f[64];
	uint32_t len = tframe_build(f, BROADCAST, 1, -1);
	struct tport many[40];
	unsigned i;
	char name[8];

	start_net(BASE, 1);
	for (i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "m%u", i);
		tport_make(&many[i], name);
		CHECK_EQ(net_port_attach(&many[i].port, "lan"), 0);
	}
	/* Each of 16 frames to 41 ports: more than one exit may take after 25 of them. */
	put(TX_AT, no_hdr, VNET_HDR_LEN);
	put(TX_AT + VNET_HDR_LEN, f, len);
	for (i = 0; i < ENTRIES; i++)
		vd_desc(&d, TX, i, TX_AT, VNET_HDR_LEN + len, 0, 0);
	for (i = 0; i < 3 * ENTRIES; i++) {
		vd_offer(&d, TX, (uint16_t)(i % ENTRIES));
		if (i % ENTRIES == ENTRIES - 1) {
			vd_notify(&d, TX);
			world_threads(100);
		}
	}
	CHECK_EQ(peer.n, 3 * ENTRIES);
	CHECK_EQ(many[39].n, 3 * ENTRIES);
	for (i = 0; i < 40; i++)
		tport_drop(&many[i]);
	end_net();
}
