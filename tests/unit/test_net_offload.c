/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Offloads: frames go as they are to those who can take them, and as whole ones to others. Offloads
 * that make no sense are refused.
 */
#include "net_gso.h"

static struct tport a, b;
static struct gso g;

static void begin(uint32_t caps)
{
	world_begin();
	CHECK_EQ(net_switch_create("lan", NET_POLICY_BRIDGE), 0);
	tport_make(&a, "a");
	tport_make(&b, "b");
	a.port.mtu = NET_MTU_MAX;
	b.port.mtu = NET_MTU_MAX;
	b.port.caps = caps;
	CHECK_EQ(net_port_attach(&a.port, "lan"), 0);
	CHECK_EQ(net_port_attach(&b.port, "lan"), 0);
	memset(&g, 0, sizeof(g));
}

static void end(void)
{
	tport_drop(&a);
	tport_drop(&b);
	CHECK_EQ(net_switch_destroy("lan", NULL), 0);
	CHECK_EQ(world_end(), 0);
}

/** Send a frame in pieces that begin and end anywhere. */
static void send_pieces(struct net_frame *frame)
{
	struct mem_seg segs[40];
	struct net_burst burst;
	uint32_t at = 0;

	frame->segs = segs;
	frame->nr_segs = 0;
	while (at < frame->len) {
		uint32_t n = (uint32_t)unit_random_below(frame->len / 8 + 2);

		if (frame->nr_segs == 39 || n > frame->len - at)
			n = frame->len - at;
		segs[frame->nr_segs].va = g.data + at;
		segs[frame->nr_segs++].len = n;
		at += n;
	}
	net_burst_begin(&burst, &a.port);
	net_send(&burst, frame);
	net_burst_end(&burst);
}

static void send_gso(void)
{
	struct net_frame frame = { 0 };

	gso_build(&g);
	gso_frame(&g, &frame);
	send_pieces(&frame);
}

TEST(kept_between_those_who_can)
{
	begin(NET_CAP_ALL);
	g.payload = 30000;
	g.mss = 1448;
	g.options = 12;
	send_gso();
	REQUIRE(b.n == 1);
	CHECK_EQ(b.got[0].len, g.len);
	CHECK_MEM(b.got[0].data, g.data, g.len);
	CHECK_EQ(b.got[0].flags, NET_NEEDS_CSUM);
	CHECK_EQ(b.got[0].gso_type, NET_GSO_TCPV4);
	CHECK_EQ(b.got[0].gso_size, 1448);
	CHECK_EQ(b.got[0].csum_start, 34);
	CHECK_EQ(b.got[0].csum_offset, 16);
	CHECK_EQ(b.port.stats.rx_frames, 1);
	end();
}

static void segmented(uint32_t payload, uint32_t mss)
{
	unsigned i;

	g.payload = payload;
	g.mss = mss;
	send_gso();
	CHECK_EQ(b.n, gso_segments(&g));
	for (i = 0; i < b.n && i < TPORT_FRAMES; i++) {
		CHECK_EQ(b.got[i].flags | b.got[i].gso_type | b.got[i].gso_size, 0);
		gso_check(&g, i, b.got[i].data, b.got[i].len, 0);
	}
	tport_forget(&b);
}

TEST(segmented_in_software)
{
	static const uint32_t sizes[] = { 0, 1, 2, 1447, 1448, 1449, 2896, 2897, 30001, 60000 };
	unsigned i, kind;

	begin(0);
	for (kind = 0; kind < 8; kind++) {
		g.v6 = kind & 1;
		g.udp = kind & 2;
		g.options = kind & 4 ? 12 : 0;
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			g.fin = i & 1;
			g.ecn = !g.udp && i & 2;
			segmented(sizes[i], 1448);
		}
		segmented(6000, 100);
		segmented(60000, 8961);
		segmented(777, 777);
	}
	CHECK_EQ(a.port.stats.tx_dropped, 0);
	end();
}

TEST(segmented_and_checksums_kept)
{
	unsigned i;

	begin(NET_CAP_CSUM);
	g.payload = 5000;
	g.mss = 1400;
	send_gso();
	CHECK_EQ(b.n, 4);
	for (i = 0; i < b.n; i++) {
		struct tframe *f = &b.got[i];

		CHECK_EQ(f->flags, NET_NEEDS_CSUM);
		CHECK_EQ(f->gso_type, 0);
		/* what the receiver does with it */
		put_be16(f->data + f->csum_start + f->csum_offset,
			 (uint16_t)~ref_sum(f->data + f->csum_start, f->len - f->csum_start, 0));
		gso_check(&g, i, f->data, f->len, 0);
	}
	end();
}

TEST(each_needs_its_capability)
{
	static const struct {
		bool v6, udp, ecn;
		uint32_t cap;
	} kinds[] = {
		{ false, false, false, NET_CAP_TSO4 },
		{ true, false, false, NET_CAP_TSO6 },
		{ false, true, false, NET_CAP_USO },
		{ true, true, false, NET_CAP_USO },
		{ false, false, true, NET_CAP_TSO4 | NET_CAP_ECN },
	};
	unsigned i;

	begin(0);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		uint32_t need = kinds[i].cap | NET_CAP_CSUM, bit;

		g.v6 = kinds[i].v6;
		g.udp = kinds[i].udp;
		g.ecn = kinds[i].ecn;
		g.payload = 5000;
		g.mss = 1000;
		b.port.caps = need;
		send_gso();
		CHECK_EQ(b.n, 1);
		tport_forget(&b);
		for (bit = 1; bit <= NET_CAP_ECN; bit <<= 1) {
			b.port.caps = NET_CAP_ALL & ~bit;
			send_gso();
			CHECK_EQ(b.n, need & bit ? 5 : 1);
			tport_forget(&b);
		}
	}
	end();
}

TEST(checksum_alone)
{
	struct net_frame frame;
	unsigned kind;
	uint32_t n;

	begin(0);
	for (kind = 0; kind < 4; kind++) {
		for (n = 0; n < 1400; n += n < 70 ? 1 : 333) {
			memset(&g, 0, sizeof(g));
			g.v6 = kind & 1;
			g.udp = kind & 2;
			g.payload = n;
			g.mss = 1400;
			gso_build(&g);
			memset(&frame, 0, sizeof(frame));
			gso_frame(&g, &frame);
			frame.gso_type = 0;
			frame.gso_size = 0;
			send_pieces(&frame);
			REQUIRE(b.n == 1);
			CHECK_EQ(b.got[0].flags, 0);
			CHECK_EQ(b.got[0].len, g.len);
			CHECK_EQ(ref_sum(b.got[0].data + g.l4, g.len - g.l4,
					 ref_pseudo(b.got[0].data + g.l3, g.udp ? 17 : 6,
						    g.len - g.l4)), 0xffff);
			tport_forget(&b);
		}
	}
	end();
}

TEST(zero_of_udp_is_not_none)
{
	uint8_t *f = g.data;
	struct net_frame frame = { 0 };
	uint16_t sum;

	begin(0);
	g.udp = true;
	g.payload = 2;
	g.mss = 100;
	gso_build(&g);
	/* data that makes the sum all ones */
	put_be16(f + g.body, 0);
	sum = ref_sum(f + g.l4, g.len - g.l4, 0);
	put_be16(f + g.body, (uint16_t)(0xffff - sum));
	gso_frame(&g, &frame);
	frame.gso_type = 0;
	send_pieces(&frame);
	REQUIRE(b.n == 1);
	CHECK_EQ(get_be16(b.got[0].data + g.l4 + 6), 0xffff);
	end();
}

TEST(with_vlan_tags)
{
	uint32_t bits[128] = { 0 };
	unsigned i;

	begin(0);
	bits[0] = 1 << 5;
	CHECK_EQ(net_port_set_trunk("a", bits, 0), 0);
	CHECK_EQ(net_port_set_access("b", 5), 0);
	g.tagged = true;
	g.payload = 5000;
	g.mss = 1400;
	send_gso(); /* the tag goes on the way */
	CHECK_EQ(b.n, 4);
	for (i = 0; i < b.n; i++)
		gso_check(&g, i, b.got[i].data, b.got[i].len, 4);
	tport_forget(&b);
	/* and stays */
	CHECK_EQ(net_port_set_trunk("b", bits, 0), 0);
	send_gso();
	CHECK_EQ(b.n, 4);
	for (i = 0; i < b.n; i++) {
		CHECK_EQ(get_be32(b.got[i].data + 12), 0x81002005);
		gso_check(&g, i, b.got[i].data, b.got[i].len, 0);
	}
	tport_forget(&b);
	b.port.caps = NET_CAP_ALL;
	send_gso();
	REQUIRE(b.n == 1);
	CHECK_EQ(b.got[0].csum_start, g.l4);
	CHECK_EQ(b.got[0].hdr_len, g.body);
	CHECK_MEM(b.got[0].data, g.data, g.len);
	end();
}

TEST(too_long_for_the_receiver)
{
	begin(NET_CAP_ALL);
	b.port.mtu = 1500;
	g.payload = 20000;
	g.mss = 1460;
	send_gso();
	CHECK_EQ(b.n, 1);
	g.mss = 1461;
	send_gso();
	CHECK_EQ(b.n, 1);
	CHECK_EQ(b.port.stats.rx_dropped, 1);
	b.port.caps = 0;
	send_gso();
	CHECK_EQ(b.n, 1);
	end();
}

TEST(offloads_that_make_no_sense)
{
	unsigned i, passed = 0;

	begin(0);
	for (i = 0; i < 20000; i++) {
		struct net_frame frame = { 0 };

		memset(&g, 0, sizeof(g));
		g.v6 = unit_random() & 1;
		g.udp = unit_random() & 1;
		g.payload = (uint32_t)unit_random_below(3000);
		g.mss = (uint32_t)unit_random_below(3000);
		gso_build(&g);
		gso_frame(&g, &frame);
		switch (unit_random_below(9)) {
		case 0:
			frame.csum_start = (uint16_t)unit_random();
			break;
		case 1:
			frame.csum_offset = (uint16_t)unit_random();
			break;
		case 2:
			frame.gso_type = (uint8_t)unit_random();
			break;
		case 3:
			frame.flags = (uint8_t)unit_random();
			break;
		case 4:
			frame.gso_size = (uint16_t)unit_random_below(5);
			break;
		case 5:
			frame.len = (uint32_t)unit_random_below(g.body + 1);
			break;
		case 6: /* any byte of the headers */
			g.data[12 + unit_random_below(60)] = (uint8_t)unit_random();
			break;
		case 7:
			frame.hdr_len = (uint16_t)unit_random();
			break;
		}
		send_pieces(&frame);
		passed += b.n > 0;
		CHECK(b.n <= NET_SEGMENTS_MAX);
		tport_forget(&b);
	}
	/* Some are refused, and some did no harm. */
	CHECK(passed > 5000 && passed < 19000);
	CHECK_EQ(a.port.stats.tx_frames + a.port.stats.tx_dropped, 20000);
	CHECK(a.port.stats.tx_dropped > 1000);
	end();
}
