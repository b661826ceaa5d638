/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver of virtio network interfaces, between a switch and a device that is the other side of
 * the standard: frames of all lengths both ways, with and without offloads and merged buffers. The
 * driver is part of this file because it never lets go of a device, which the test has to.
 */
#include "net_world.h"
#include "vio_fake.h"

#include "../../drivers/virtio/virtio_net.c"

#define ALL_F (F_CSUM | F_GUEST_CSUM | F_MAC | F_GUEST_LONG | F_HOST_TSO4 | F_HOST_TSO6 | \
	       F_HOST_ECN | F_HOST_USO | F_MRG_RXBUF | F_STATUS | F_CTRL_VQ | F_CTRL_RX)

static struct vio_fake f;
static struct tport peer;
static unsigned kicks, starts, stops, promiscuous;
static bool refuse_ctrl;

/* --- the poll thread: run by the test ------------------------------------------------------- */

void net_poll_init(struct net_poll *np, bool (*poll)(struct net_poll *np))
{
	np->poll = poll;
}

int net_poll_start(struct net_poll *np, const char *name)
{
	starts++;
	return 0;
}

void net_poll_stop(struct net_poll *np)
{
	stops++;
}

void net_poll_kick(struct net_poll *np)
{
	kicks++;
}

static void poll_all(void)
{
	struct nic *nic = f.vd.priv;

	while (nic_poll(&nic->poll))
		;
}

/* --- the device ------------------------------------------------------------------------- */

static struct tframe sent[16];
static unsigned nr_sent;

static void take_frame(const struct fake_chain *c)
{
	struct tframe *t = &sent[nr_sent % ARRAY_SIZE(sent)];
	uint8_t *all = malloc(80000);
	uint32_t len = 0;
	unsigned i;

	CHECK_EQ(c->n, c->nr_out);
	for (i = 0; i < c->n; i++) {
		memcpy(all + len, c->segs[i].p, c->segs[i].len);
		len += c->segs[i].len;
	}
	CHECK(len > 12);
	free(t->data);
	*t = (struct tframe){ malloc(len - 12), len - 12, all[0], all[1], get_le16(all + 2),
			      get_le16(all + 4), get_le16(all + 6), get_le16(all + 8) };
	memcpy(t->data, all + 12, len - 12);
	CHECK_EQ(get_le16(all + 10), 0);
	free(all);
	nr_sent++;
}

static void serve(struct vio_fake *dev, unsigned queue)
{
	struct fake_chain c;

	if (queue == RING_RX)
		return;
	while (fake_pop(dev, queue, &c)) {
		if (queue == RING_TX) {
			take_frame(&c);
			fake_push(dev, queue, c.head, 0);
			continue;
		}
		CHECK(c.n == 3 && c.nr_out == 2 && c.segs[0].len == 2 && c.segs[1].len == 1);
		CHECK(!c.segs[0].p[0] && !c.segs[0].p[1]);
		promiscuous = c.segs[1].p[0];
		c.segs[2].p[0] = refuse_ctrl;
		fake_push(dev, queue, c.head, 1);
	}
}

/* A frame from outside, in as many buffers as it takes. @return false: there are none */
static bool arrive(const uint8_t *data, uint32_t len, const struct tframe *meta)
{
	struct fake_chain c[40];
	uint32_t left = len, at = 12;
	unsigned n = DIV_ROUND_UP(len + 12, 2048), i;

	for (i = 0; i < n; i++) {
		if (!fake_pop(&f, RING_RX, &c[i]))
			return false;
		CHECK(c[i].n == 1 && !c[i].nr_out && c[i].segs[0].len == 2048);
	}
	memset(c[0].segs[0].p, 0, 12);
	c[0].segs[0].p[0] = meta->flags;
	c[0].segs[0].p[1] = meta->gso_type;
	put_le16(c[0].segs[0].p + 2, meta->hdr_len);
	put_le16(c[0].segs[0].p + 4, meta->gso_size);
	put_le16(c[0].segs[0].p + 6, meta->csum_start);
	put_le16(c[0].segs[0].p + 8, meta->csum_offset);
	put_le16(c[0].segs[0].p + 10, (uint16_t)n);
	for (i = 0; i < n; i++, at = 0) {
		uint32_t part = MIN(left, 2048 - at);

		memcpy(c[i].segs[0].p + at, data, part);
		fake_push(&f, RING_RX, c[i].head, part + at);
		data += part;
		left -= part;
	}
	return true;
}

static void begin(uint64_t features)
{
	world_begin();
	fake_log_clear();
	kicks = starts = stops = promiscuous = nr_sent = 0;
	refuse_ctrl = false;
	fake_init(&f, VIO_ID_NET, features);
	memcpy(f.config, "\x52\x54\x00\x12\x34\x56\x01\x00", 8);
	f.serve = serve;
	f.at_once = BIT32(RING_CTRL);
	CHECK_EQ(vio_register(&f.vd), 0);
	CHECK_EQ(net_switch_create("lan", NET_POLICY_BRIDGE), 0);
	tport_make(&peer, "peer");
	peer.port.caps = NET_CAP_ALL;
	peer.port.mtu = NET_MTU_MAX;
	CHECK_EQ(net_port_attach(&peer.port, "lan"), 0);
}

static void end(void)
{
	struct nic *nic = f.vd.priv;
	unsigned i;

	CHECK_EQ(net_switch_destroy("lan", NULL), 0);
	tport_drop(&peer);
	netdev_unregister(&nic->nd);
	if (nic->rx) {
		page_free(nic->rx, RX_PIECES * PIECE / PAGE_SIZE);
		page_free(nic->tx, TX_PIECES * PIECE / PAGE_SIZE);
	}
	heap_free(nic);
	fake_fini(&f);
	for (i = 0; i < ARRAY_SIZE(sent); i++) {
		free(sent[i].data);
		sent[i].data = NULL;
	}
	CHECK_EQ(world_end(), 0);
}

static struct netdev *nd(void)
{
	return &((struct nic *)f.vd.priv)->nd;
}

TEST(appears)
{
	begin(ALL_F);
	CHECK_STR(nd()->name, "eth0");
	CHECK_MEM(nd()->mac, "\x52\x54\x00\x12\x34\x56", 6);
	CHECK_EQ(nd()->caps, NET_CAP_ALL);
	CHECK(nd()->link_up && nd()->mtu == 1500);
	CHECK_EQ(world_pages(), 3);	/* rings only: it is not in use */
	CHECK_EQ(net_port_attach(&nd()->port, "lan"), 0);
	CHECK(promiscuous == 1 && starts == 1);
	f.config[6] = 0;
	vio_interrupt(&f.vd, VIO_INT_CONFIG);
	CHECK(!nd()->link_up && strstr(fake_log_text(), "eth0: link is down"));
	tsend_plain(&peer, 2, 1, -1);
	world_advance(1000);
	CHECK_EQ(nr_sent, 0);
	end();
	/* an address of its own making; no offloads without checksums, nothing long in one piece */
	begin(F_HOST_TSO4 | F_GUEST_LONG | F_MTU);
	put_le16(f.config + 10, 9000);
	CHECK(!(f.accepted & F_GUEST_LONG));
	CHECK_EQ(nd()->caps, 0);
	CHECK_EQ(nd()->mac[0] & 3, 2);
	end();
}

TEST(refused_command)
{
	begin(ALL_F);
	refuse_ctrl = true;
	CHECK_EQ(net_port_attach(&nd()->port, "lan"), -EIO);
	CHECK_EQ(starts, 0);
	refuse_ctrl = false;
	CHECK_EQ(net_port_attach(&nd()->port, "lan"), 0);
	end();
}

static uint8_t big[70000];

static void fill(uint32_t len)
{
	uint32_t i;

	for (i = 0; i < len; i++)
		big[i] = (uint8_t)unit_random();
	tmac(big, 2);
	tmac(big + 6, 1);
	put_be16(big + 12, 0x88b5);
}

/* Out: the bytes, and what is said of them, as the switch gave them. */
TEST(sends)
{
	static const uint32_t lens[] = { 60, 61, 1514, 2035, 2036, 2037, 4084, 65000, 65549 };
	struct mem_seg segs[3];
	struct net_burst burst;
	unsigned i;

	begin(ALL_F);
	nd()->mtu = NET_MTU_MAX;
	CHECK_EQ(net_port_attach(&nd()->port, "lan"), 0);
	for (i = 0; i < ARRAY_SIZE(lens); i++) {
		struct net_frame frame = { .segs = segs, .nr_segs = 3, .len = lens[i] };
		const struct tframe *t = &sent[i];

		fill(lens[i]);
		segs[0] = (struct mem_seg){ big, 20 };
		segs[1] = (struct mem_seg){ big + 20, 1 };
		segs[2] = (struct mem_seg){ big + 21, lens[i] - 21 };
		net_burst_begin(&burst, &peer.port);
		net_send(&burst, &frame);
		CHECK_EQ(f.notified[RING_TX], i);
		net_burst_end(&burst);
		CHECK_EQ(f.notified[RING_TX], i + 1);
		world_advance(1000);
		REQUIRE(nr_sent == i + 1);
		CHECK_EQ(t->len, lens[i]);
		CHECK_MEM(t->data, big, lens[i]);
		CHECK(!t->flags && !t->gso_type);
	}
	end();
}

TEST(sends_with_offloads)
{
	struct mem_seg seg = { big, 9014 };
	struct net_frame frame = {
		.segs = &seg, .nr_segs = 1, .len = 9014, .flags = NET_NEEDS_CSUM,
		.gso_type = NET_GSO_TCPV4, .hdr_len = 54, .gso_size = 1460, .csum_start = 34,
		.csum_offset = 16,
	};
	struct net_burst burst;

	begin(ALL_F);
	CHECK_EQ(net_port_attach(&nd()->port, "lan"), 0);
	fill(9014);
	put_be16(big + 12, 0x0800);
	big[14] = 0x45;
	big[23] = 6;
	put_be16(big + 16, 9000);
	big[20] = big[21] = 0;
	big[46] = 0x50;
	big[47] = 0x10;
	net_burst_begin(&burst, &peer.port);
	net_send(&burst, &frame);
	net_burst_end(&burst);
	world_advance(1000);
	REQUIRE(nr_sent == 1);
	CHECK_EQ(sent[0].len, 9014);
	CHECK(sent[0].flags == 1 && sent[0].gso_type == 1 && sent[0].gso_size == 1460 &&
	      sent[0].csum_start == 34 && sent[0].csum_offset == 16 && sent[0].hdr_len == 54);
	end();
}

/* A device that does not take anything: what does not fit is dropped, and later all goes on. */
TEST(full)
{
	unsigned i;

	begin(ALL_F);
	CHECK_EQ(net_port_attach(&nd()->port, "lan"), 0);
	f.serve = NULL;
	for (i = 0; i < TX_PIECES + 10; i++)
		tsend_plain(&peer, 2, 1, -1);
	CHECK_EQ(nd()->port.stats.rx_dropped, 10);
	f.serve = serve;
	serve(&f, RING_TX);
	CHECK_EQ(nr_sent, TX_PIECES);
	tsend_plain(&peer, 2, 1, -1);
	world_advance(1000);
	CHECK_EQ(nr_sent, TX_PIECES + 1);
	CHECK_EQ(nd()->port.stats.rx_dropped, 10);
	end();
}

TEST(receives)
{
	static const uint32_t lens[] = { 60, 1514, 2036, 2037, 30000, 65549 };
	struct tframe meta = { .flags = 1, .csum_start = 34, .csum_offset = 16 };
	unsigned i, round;

	begin(ALL_F);
	CHECK_EQ(net_port_attach(&nd()->port, "lan"), 0);
	for (round = 0; round < 50; round++) {
		for (i = 0; i < ARRAY_SIZE(lens); i++) {
			fill(lens[i]);
			REQUIRE(arrive(big, lens[i], &meta));
			CHECK(kicks);
			kicks = 0;
			poll_all();
			REQUIRE(peer.n == 1);
			CHECK_EQ(peer.got[0].len, lens[i]);
			CHECK_MEM(peer.got[0].data, big, lens[i]);
			CHECK_EQ(peer.got[0].flags, 1);
			CHECK_EQ(peer.got[0].csum_start, 34);
			tport_forget(&peer);
		}
	}
	/* while it looks anyway it is not interrupted */
	fill(60);
	REQUIRE(arrive(big, 60, &meta));
	kicks = 0;
	REQUIRE(arrive(big, 60, &meta) && arrive(big, 60, &meta));
	CHECK_EQ(kicks, 0);
	poll_all();
	CHECK_EQ(peer.n, 3);
	end();
}

/* All buffers filled at once, closed and opened again. */
TEST(flood)
{
	struct tframe meta = { .flags = 0 };
	unsigned n = 0;

	begin(ALL_F);
	CHECK_EQ(net_port_attach(&nd()->port, "lan"), 0);
	fill(60);
	while (arrive(big, 60, &meta))
		n++;
	CHECK_EQ(n, RX_PIECES);
	poll_all();
	CHECK_EQ(peer.n, RX_PIECES);
	tport_forget(&peer);
	for (n = 0; n < 100; n++)
		REQUIRE(arrive(big, 60, &meta));
	net_port_detach(&nd()->port);
	CHECK_EQ(stops, 1);
	CHECK_EQ(net_port_attach(&nd()->port, "lan"), 0);
	poll_all();
	CHECK_EQ(peer.n, 0);	/* what came before is not delivered */
	for (n = 0; arrive(big, 60, &meta); n++)
		;
	CHECK_EQ(n, RX_PIECES);
	end();
}

/* Headers that lie: about the number of buffers, about lengths. */
TEST(lies)
{
	struct fake_chain c;
	unsigned i;

	begin(ALL_F);
	CHECK_EQ(net_port_attach(&nd()->port, "lan"), 0);
	for (i = 0; i < 2000; i++) {
		REQUIRE(fake_pop(&f, RING_RX, &c));
		memset(c.segs[0].p, (int)unit_random(), 12);
		put_le16(c.segs[0].p + 10, (uint16_t)unit_random_below(50));
		fake_push(&f, RING_RX, c.head, (uint32_t)unit_random_below(i & 1 ? 20 : 5000));
		poll_all();
	}
	end();
}
