/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtio network device between a driver that goes by the standard (or does not) and a port of
 * a switch: frames both ways, offloads, buffers of all kinds.
 */
#include "virtio_net_driver.h"

TEST(what_it_offers)
{
	uint64_t mac;
	unsigned i;

	make_net(1, "lan");
	CHECK_EQ(world_r32(d.dev, V_DEVICE_ID), 1);
	CHECK(!(~features() & (F_CSUM | F_GUEST_CSUM | F_MTU | F_MAC | F_GUEST_TSO4 | F_HOST_TSO4 |
			       F_HOST_USO | F_GUEST_USO4 | F_MRG_RXBUF | F_STATUS | F_CTRL_VQ)));
	CHECK(!(features() & F_MQ));
	for (mac = 0, i = 0; i < 6; i++)
		mac |= (uint64_t)world_read(d.dev, V_CONFIG + i, 1) << 8 * i;
	CHECK_EQ(mac & 3, 2); /* locally administered, of one interface */
	CHECK(!memcmp(&mac, port()->mac, 6));
	CHECK_EQ(world_read(d.dev, V_CONFIG + 6, 2), S_LINK_UP);
	CHECK_EQ(world_read(d.dev, V_CONFIG + 8, 2), 1);
	CHECK_EQ(world_read(d.dev, V_CONFIG + 10, 2), 9000);
	end_net();
	/* The same address each time, and another one for another interface. */
	make_net(4, "lan");
	for (i = 0; i < 6; i++)
		CHECK_EQ(world_read(d.dev, V_CONFIG + i, 1), (uint8_t)(mac >> 8 * i));
	CHECK(features() & F_MQ);
	CHECK_EQ(world_read(d.dev, V_CONFIG + 8, 2), 4);
	end_net();
}

TEST(sends)
{
	uint8_t f[64];
	uint32_t len = tframe_build(f, 2, 1, -1), id, n, i;

	start_net(BASE, 1);
	send_plain(2, 1);
	REQUIRE(peer.n == 1 && peer.got[0].len == 60);
	CHECK_MEM(peer.got[0].data, f, 60);
	CHECK_EQ(peer.ends, 1);
	tport_forget(&peer);
	/* Header and frame cut anywhere, and an indirect table. */
	put(TX_AT, no_hdr, VNET_HDR_LEN);
	put(TX_AT + VNET_HDR_LEN, f, len);
	for (i = 1; i < VNET_HDR_LEN + len; i += 3) {
		vd_desc(&d, TX, 0, TX_AT, i, V_NEXT, 3);
		vd_desc(&d, TX, 3, TX_AT + i, VNET_HDR_LEN + len - i, 0, 0);
		vd_offer(&d, TX, 0);
		vd_desc_at(CMD_AT, 0, TX_AT, i, V_NEXT, 1);
		vd_desc_at(CMD_AT, 1, TX_AT + i, VNET_HDR_LEN + len - i, 0, 0);
		vd_desc(&d, TX, 5, CMD_AT, 32, V_INDIRECT, 0);
		vd_offer(&d, TX, 5);
		vd_notify(&d, TX);
		CHECK(vd_used(&d, TX, &id, &n) && id == 0 && n == 0);
		CHECK(vd_used(&d, TX, &id, &n) && id == 5 && n == 0);
		REQUIRE(peer.n == 2);
		CHECK_MEM(peer.got[0].data, f, 60);
		CHECK_MEM(peer.got[1].data, f, 60);
		tport_forget(&peer);
	}
	CHECK(!vd_broken(&d));
	end_net();
}

TEST(tells_of_sent_frames)
{
	uint32_t id, n;
	unsigned i;

	start_net(BASE & ~V_F_EVENT, 1);
	send_plain(2, 1);
	/* Not at once, but not never. */
	CHECK(!world_line(V_IRQ));
	world_advance(2000000);
	CHECK(world_line(V_IRQ));
	world_w32(d.dev, V_ACK, 1);
	CHECK(!world_line(V_IRQ));
	world_advance(2000000);
	CHECK(!world_line(V_IRQ));
	/* At once when the ring fills. */
	for (i = 0; i < ENTRIES / 2; i++) {
		vd_desc(&d, TX, i, TX_AT, 100, 0, 0);
		vd_offer(&d, TX, (uint16_t)i);
	}
	vd_notify(&d, TX);
	CHECK(world_line(V_IRQ));
	while (vd_used(&d, TX, &id, &n))
		;
	/* A device that goes away meanwhile. */
	send_plain(2, 1);
	tport_forget(&peer);
	end_net();
	world_advance(2000000);
}

TEST(sends_nonsense)
{
	uint8_t f[2000], hdr[VNET_HDR_LEN] = { 0 };
	uint32_t id, n, len;

	start_net(BASE, 1);
	memset(f, 0, sizeof(f));
	/* too short for a header, for a frame */
	for (len = 1; len < VNET_HDR_LEN + 14; len++) {
		vd_desc(&d, TX, 0, TX_AT, len, 0, 0);
		vd_offer(&d, TX, 0);
		vd_notify(&d, TX);
		CHECK(vd_used(&d, TX, &id, &n));
	}
	/* a buffer to write */
	vd_desc(&d, TX, 0, TX_AT, 100, V_WRITE, 0);
	vd_offer(&d, TX, 0);
	vd_notify(&d, TX);
	CHECK(vd_used(&d, TX, &id, &n));
	CHECK_EQ(peer.n, 0);
	CHECK_EQ(port()->stats.tx_dropped, VNET_HDR_LEN + 14);
	/* offloads that were not negotiated */
	tframe_build(f, 2, 1, -1);
	hdr[0] = 1;
	put_le16(hdr + 6, 34);
	put_le16(hdr + 8, 16);
	send_raw(hdr, f, 100);
	hdr[1] = 1;
	put_le16(hdr + 4, 500);
	send_raw(hdr, f, 1500);
	CHECK_EQ(peer.n, 0);
	/* DATA_VALID is not for the driver to say, and ignored */
	memset(hdr, 0, sizeof(hdr));
	hdr[0] = 2;
	send_raw(hdr, f, 60);
	REQUIRE(peer.n == 1);
	CHECK_EQ(peer.got[0].flags, 0);
	CHECK(!vd_broken(&d));
	end_net();
}

TEST(offloads_of_the_driver)
{
	uint8_t f[3000] = { 0 }, hdr[VNET_HDR_LEN] = { 0 };

	start_net(BASE | F_CSUM | F_HOST_TSO4, 1);
	peer.port.caps = NET_CAP_ALL;
	tframe_build(f, 2, 1, -1);
	put_be16(f + 12, 0x0800);
	f[14] = 0x45;
	f[20] = 0; /* no fragment */
	f[21] = 0;
	f[23] = 6;
	f[46] = 0x50;
	hdr[0] = 1;
	hdr[1] = 1;
	put_le16(hdr + 2, 54);
	put_le16(hdr + 4, 1000);
	put_le16(hdr + 6, 34);
	put_le16(hdr + 8, 16);
	send_raw(hdr, f, 3000);
	REQUIRE(peer.n == 1);
	CHECK_EQ(peer.got[0].len, 3000);
	CHECK_EQ(peer.got[0].gso_type, 1);
	CHECK_EQ(peer.got[0].gso_size, 1000);
	CHECK_EQ(peer.got[0].hdr_len, 54);
	CHECK_EQ(peer.got[0].csum_start, 34);
	tport_forget(&peer);
	peer.port.caps = 0;
	send_raw(hdr, f, 3000);
	CHECK_EQ(peer.n, 3);
	tport_forget(&peer);
	hdr[1] = 4; /* TSO6 was not negotiated */
	send_raw(hdr, f, 3000);
	hdr[1] = 0x81; /* nor ECN */
	send_raw(hdr, f, 3000);
	CHECK_EQ(peer.n, 0);
	end_net();
}

TEST(receives)
{
	uint8_t f[64];
	uint32_t id, n;

	start_net(BASE | F_MRG_RXBUF, 1);
	tsend_plain(&peer, 9, 2, -1);
	CHECK_EQ(port()->stats.rx_dropped, 1); /* no buffers */
	CHECK(!world_line(V_IRQ));
	give_buffers(4, 0x800);
	tsend_plain(&peer, 9, 2, -1);
	tsend_plain(&peer, 9, 2, -1);
	tframe_build(f, 9, 2, -1);
	for (unsigned i = 0; i < 2; i++) {
		CHECK(vd_used(&d, RX, &id, &n));
		CHECK(id == i && n == VNET_HDR_LEN + 60);
		CHECK_EQ(get_le16(world_mem(RX_AT(i) + 10)), 1);
		CHECK_MEM(world_mem(RX_AT(i)), no_hdr, 10);
		CHECK_MEM(world_mem(RX_AT(i) + VNET_HDR_LEN), f, 60);
	}
	CHECK(world_line(V_IRQ));
	/* New buffers need no notification: the driver was told so. */
	CHECK_EQ(port()->stats.rx_frames, 2);
	end_net();
}

/* @return how many of these frames the device had room for */
static unsigned pass(struct tport *from, uint32_t src, unsigned n)
{
	uint64_t before = port()->stats.rx_frames;

	while (n--)
		tsend_plain(from, 9, src, -1);
	return (unsigned)(port()->stats.rx_frames - before);
}

static void take_all(void)
{
	uint32_t id, n;

	while (vd_used(&d, RX, &id, &n))
		;
}

TEST(last_room_is_shared)
{
	static struct tport other;
	unsigned i;

	start_net(BASE | F_MRG_RXBUF, 1);
	tport_make(&other, "other");
	CHECK_EQ(net_port_attach(&other.port, "lan"), 0);
	give_buffers(ENTRIES, 0x800);
	/* Alone, and nobody was refused before: all of it. */
	CHECK_EQ(pass(&peer, 2, ENTRIES + 1), ENTRIES);
	take_all();
	give_buffers(ENTRIES, 0x800);
	/* Of the last quarter, two for each and period. */
	CHECK_EQ(pass(&peer, 2, 100), ENTRIES * 3 / 4 + 2);
	CHECK_EQ(pass(&other, 3, 1), 1);
	CHECK_EQ(pass(&peer, 2, 1), 0);
	CHECK_EQ(pass(&other, 3, 2), 1);
	take_all();
	/* A driver that has only three in it: soon they are all for whoever comes. */
	for (i = 0; i < 40; i++) {
		world_advance(5000000);
		give_buffers(1, 0x800);
		CHECK_EQ(pass(&peer, 2, 1), 1);
		take_all();
	}
	give_buffers(3, 0x800);
	CHECK_EQ(pass(&peer, 2, 3), 3);
	tport_drop(&other);
	end_net();
}

/** A frame over several buffers. @return bytes that came back, the same as were sent */
static void merged(uint32_t len, uint32_t buffer, unsigned buffers)
{
	uint8_t *f = malloc(len), *got = malloc(len + buffer + VNET_HDR_LEN);
	uint32_t id, n, at = 0;
	unsigned i;

	for (i = 0; i < len; i++)
		f[i] = (uint8_t)(i * 13 + i / 256);
	tframe_build(f, 9, 2, -1);
	tsend(&peer, f, len);
	for (i = 0; vd_used(&d, RX, &id, &n); i++) {
		CHECK(n <= buffer);
		memcpy(got + at, world_mem(RX_AT(id)), n);
		at += n;
		vd_desc(&d, RX, id, RX_AT(id), buffer, V_WRITE, 0);
		vd_offer(&d, RX, (uint16_t)id);
	}
	CHECK_EQ(i, buffers);
	if (buffers) {
		CHECK_EQ(at, VNET_HDR_LEN + len);
		CHECK_EQ(get_le16(got + 10), buffers);
		CHECK_MEM(got + VNET_HDR_LEN, f, len);
	}
	free(f);
	free(got);
}

TEST(buffers_are_merged)
{
	uint32_t len;

	start_net(BASE | F_MRG_RXBUF, 1);
	give_buffers(16, 500);
	for (len = 64; len < 7900; len += 61)
		merged(len, 500, (len + VNET_HDR_LEN + 499) / 500);
	/* more than there is room for: none is taken */
	merged(8000, 500, 0);
	merged(7988, 500, 16);
	CHECK_EQ(port()->stats.rx_dropped, 1);
	merged(9100, 500, 0); /* longer than its MTU */
	end_net();
	/* Buffers that are too small to be simple. */
	start_net(BASE | F_MRG_RXBUF, 1);
	give_buffers(16, 15);
	for (len = 64; len < 230; len++)
		merged(len, 15, len + VNET_HDR_LEN <= 240 ? (len + VNET_HDR_LEN + 14) / 15 : 0);
	CHECK(!vd_broken(&d));
	end_net();
}

TEST(buffers_in_pieces)
{
	static const struct {
		uint64_t at;
		uint32_t len;
	} pieces[] = {
		{ WORLD_RAM + 0x4000, 5 }, { WORLD_RAM + 0x5000, 7 }, { WORLD_RAM + 0x6000, 1 },
		/* across the two pieces of memory */
		{ WORLD_RAM + WORLD_PIECE - 20, 100 },
	};
	uint8_t f[64], got[200];
	uint32_t id, n, at = 0, i;

	start_net(BASE, 1);
	for (i = 0; i < 4; i++)
		vd_desc(&d, RX, i, pieces[i].at, pieces[i].len, V_WRITE | (i < 3 ? V_NEXT : 0),
			(uint16_t)(i + 1));
	vd_offer(&d, RX, 0);
	vd_notify(&d, RX);
	tsend_plain(&peer, 9, 2, -1);
	REQUIRE(vd_used(&d, RX, &id, &n));
	CHECK(id == 0 && n == VNET_HDR_LEN + 60);
	for (i = 0; i < 4; i++) {
		uint32_t b;

		for (b = 0; b < pieces[i].len; b++)
			got[at++] = *world_mem(pieces[i].at + b);
	}
	tframe_build(f, 9, 2, -1);
	CHECK_MEM(got + VNET_HDR_LEN, f, 60);
	/* Without merging, one buffer has to do; the frame is dropped, the buffer is kept. */
	vd_desc(&d, RX, 0, RX_AT(0), VNET_HDR_LEN + 59, V_WRITE, 0);
	vd_offer(&d, RX, 0);
	tsend_plain(&peer, 9, 2, -1);
	CHECK(!vd_used(&d, RX, &id, &n));
	CHECK_EQ(port()->stats.rx_dropped, 1);
	tsend(&peer, f, 59);
	CHECK(vd_used(&d, RX, &id, &n));
	CHECK(!vd_broken(&d));
	/* Buffers that are no memory stop the device; nobody else is harmed. */
	vd_desc(&d, RX, 0, 0x1000, 2000, V_WRITE, 0);
	vd_offer(&d, RX, 0);
	tsend_plain(&peer, 9, 2, -1);
	CHECK(vd_broken(&d));
	tsend_plain(&peer, 9, 2, -1);
	CHECK_EQ(port()->stats.rx_dropped, 3);
	end_net();
}

/* --- packed rings -------------------------------------------------------------------------- */

#define P_NUM 6 /* not a power of two */

static uint16_t p_at, p_seen;
static bool p_wrap, p_seen_wrap;

static void packed_offer(uint16_t id)
{
	uint64_t at = RING(RX) + 16u * p_at;
	uint8_t raw[16];

	put_le64(raw, RX_AT(id));
	put_le32(raw + 8, 100);
	put_le16(raw + 12, id);
	put_le16(raw + 14, (uint16_t)(V_WRITE | (p_wrap ? 1u << 7 : 1u << 15)));
	put(at, raw, 16);
	if (++p_at == P_NUM) {
		p_at = 0;
		p_wrap = !p_wrap;
	}
}

static bool packed_used(uint16_t *id, uint32_t *len)
{
	uint64_t at = RING(RX) + 16u * p_seen;
	uint16_t flags = vd_read16(at + 14);

	if (!(flags & 1u << 7) == p_seen_wrap || !(flags & 1u << 15) == p_seen_wrap)
		return false;
	*id = vd_read16(at + 12);
	*len = get_le32(world_mem(at + 8));
	if (++p_seen == P_NUM) {
		p_seen = 0;
		p_seen_wrap = !p_seen_wrap;
	}
	return true;
}

TEST(packed_rings)
{
	uint8_t f[500];
	uint16_t id, i, round;
	uint32_t len;

	make_net(1, "lan");
	CHECK(vd_negotiate(&d, BASE | V_F_PACKED | F_MRG_RXBUF));
	world_w32(d.dev, V_QUEUE_SEL, RX);
	world_w32(d.dev, V_QUEUE_NUM, P_NUM);
	vd_reg64(&d, V_DESC, RING(RX));
	vd_reg64(&d, V_AVAIL, RING(RX) + 0x100);
	vd_reg64(&d, V_USED, RING(RX) + 0x110);
	memset(world_mem(RING(RX)), 0, 0x120);
	world_w32(d.dev, V_QUEUE_READY, 1);
	vd_ready(&d);
	p_at = p_seen = 0;
	p_wrap = p_seen_wrap = true;
	for (i = 0; i < P_NUM; i++)
		packed_offer(i);
	for (round = 0; round < 50; round++) {
		uint32_t size = 60 + round * 7u, at = 0;
		uint8_t got[600];
		unsigned n = 0;

		for (i = 0; i < size; i++)
			f[i] = (uint8_t)(i + round);
		tframe_build(f, 9, 2, -1);
		tsend(&peer, f, size);
		while (packed_used(&id, &len)) {
			memcpy(got + at, world_mem(RX_AT(id)), len);
			at += len;
			n++;
			packed_offer(id);
		}
		CHECK_EQ(n, (size + VNET_HDR_LEN + 99) / 100);
		CHECK_EQ(at, VNET_HDR_LEN + size);
		CHECK_MEM(got + VNET_HDR_LEN, f, size);
	}
	end_net();
}

static unsigned check_node(const char *sw, uint32_t mtu, uint32_t queues, const void *mac,
			   uint32_t mac_len)
{
	struct dt_node *node;
	unsigned errors;
	int err;

	world_begin();
	node = world_node("net", "virtio,mmio");
	err = dt_set_u32(node, "interrupts", V_IRQ) || dt_set_u32(node, "virtio_type", 1) ||
	      dt_set_string(node, "switch", sw) || dt_set_u32(node, "queues", queues) ||
	      dt_set_u32(node, "mtu", mtu) || (mac && dt_set(node, "local-mac-address", mac,
							     mac_len));
	CHECK_EQ(err, 0);
	errors = virtio_net_ops.check(node, "/guests/g/net", world_out());
	world_end();
	return errors;
}

TEST(nodes_are_checked)
{
	CHECK_EQ(check_node("lan", 1500, 1, NULL, 0), 0);
	CHECK_EQ(check_node("lan", 1500, 8, "\x02\x01\x02\x03\x04\x05", 6), 0);
	CHECK_EQ(check_node("a b", 1500, 1, NULL, 0), 1);
	CHECK_EQ(check_node("lan", 67, 1, NULL, 0), 1);
	CHECK_EQ(check_node("lan", 65536, 1, NULL, 0), 1);
	CHECK_EQ(check_node("lan", 1500, 0, NULL, 0), 1);
	CHECK_EQ(check_node("lan", 1500, 9, NULL, 0), 1);
	CHECK_EQ(check_node("lan", 1500, 1, "\x03\x01\x02\x03\x04\x05", 6), 1);
	CHECK_EQ(check_node("lan", 1500, 1, "\x02\x01\x02\x03\x04", 5), 1);
}
