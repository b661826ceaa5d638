/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio network interfaces of the host (Virtual I/O Device 1.2, 5.1). Frames lie in pieces of
 * memory that the driver has: one copy on the way out, none on the way in, where they are handed on
 * from where the device has put them. The receive ring is the poll thread's; nic->lock guards the
 * transmit ring and its pieces.
 */
#include "vio.h"

#include <core/log.h>
#include <core/mem.h>
#include <core/net.h>
#include <core/netpoll.h>
#include <core/random.h>
#include <core/spinlock.h>
#include <core/time.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/seg.h>
#include <libs/string.h>

#define F_CSUM	     BIT(0)
#define F_GUEST_CSUM BIT(1)
#define F_MTU	     BIT(3)
#define F_MAC	     BIT(5)
#define F_GUEST_TSO4 BIT(7)
#define F_GUEST_TSO6 BIT(8)
#define F_GUEST_ECN  BIT(9)
#define F_HOST_TSO4  BIT(11)
#define F_HOST_TSO6  BIT(12)
#define F_HOST_ECN   BIT(13)
#define F_MRG_RXBUF  BIT(15)
#define F_STATUS     BIT(16)
#define F_CTRL_VQ    BIT(17)
#define F_CTRL_RX    BIT(18)
#define F_GUEST_USO4 BIT(54)
#define F_GUEST_USO6 BIT(55)
#define F_HOST_USO   BIT(56)
/* What a receiver gets that has more than one piece for a frame. */
#define F_GUEST_LONG (F_GUEST_TSO4 | F_GUEST_TSO6 | F_GUEST_ECN | F_GUEST_USO4 | F_GUEST_USO6)

enum { CFG_MAC = 0, CFG_STATUS = 6, CFG_MTU = 10 };
enum { RING_RX, RING_TX, RING_CTRL };

#define STATUS_LINK_UP 1
#define CTRL_RX	       0 /* class; and its command */
#define CTRL_PROMISC   0
#define CTRL_NS	       1000000000ull

#define PIECE	    2048
#define RX_PIECES   128
#define TX_PIECES   128
#define FRAME_SEGS  36u /* pieces of the longest frame, 64 KiB and headers */
#define BURST	    64

/* In front of each frame (5.1.6). */
struct net_hdr {
	uint8_t flags, gso_type;
	uint16_t hdr_len, gso_size, csum_start, csum_offset;
	uint16_t num_buffers;
};

struct nic {
	struct netdev nd;
	struct vio_dev *vd;
	struct net_poll poll;
	uint8_t *rx, *tx;	/* pieces; NULL until first opened */
	bool rx_given;		/* the device has, or had, all pieces */
	spinlock_t lock;
	uint16_t tx_next[TX_PIECES]; /* of the same frame, or free */
	uint16_t tx_free, tx_left;
	struct {
		uint8_t class, command, on, ack;
	} ctrl;
};

#define NO_PIECE 0xffff

/* --- receiving ---------------------------------------------------------------------------- */

static void give(struct vring *vr, uint8_t *piece)
{
	if (!vring_begin(vr, 1))
		return;
	vring_put(vr, piece, PIECE, true);
	vring_end(vr, piece);
}

/* One frame, whose pieces are the device's again afterwards. @return false: there is none */
static bool receive(struct nic *nic)
{
	struct vring *vr = &nic->vd->rings[RING_RX];
	struct mem_seg segs[FRAME_SEGS];
	struct net_frame frame = { .segs = segs };
	unsigned n, count = 1;
	struct net_hdr *hdr;
	uint32_t len;
	bool good;

	for (n = 0; n < count; n++) {
		uint8_t *piece = vring_get(vr, &len);

		if (!piece)
			break;
		if (!n) {
			hdr = (struct net_hdr *)(void *)piece;
			if (vio_has(nic->vd, F_MRG_RXBUF))
				count = le16_to_cpu(hdr->num_buffers);
			count = CLAMP(count, 1u, FRAME_SEGS);
		}
		segs[n].va = piece;
		segs[n].len = MIN_T(uint32_t, len, PIECE);
		frame.len += segs[n].len;
	}
	if (!n)
		return false;
	hdr = segs[0].va;
	good = n == count && segs[0].len > sizeof(*hdr);
	if (good) {
		frame.nr_segs = (uint16_t)n;
		frame.skip = sizeof(*hdr);
		frame.len -= sizeof(*hdr);
		frame.flags = hdr->flags & (NET_NEEDS_CSUM | NET_DATA_VALID);
		frame.gso_type = hdr->gso_type;
		frame.hdr_len = le16_to_cpu(hdr->hdr_len);
		frame.gso_size = le16_to_cpu(hdr->gso_size);
		frame.csum_start = le16_to_cpu(hdr->csum_start);
		frame.csum_offset = le16_to_cpu(hdr->csum_offset);
		netdev_receive(&nic->nd, &frame);
	}
	while (n--)
		give(vr, segs[n].va);
	return true;
}

static bool nic_poll(struct net_poll *np)
{
	struct nic *nic = container_of(np, struct nic, poll);
	struct vring *vr = &nic->vd->rings[RING_RX];
	unsigned n;

	for (n = 0; n < BURST && receive(nic); n++)
		;
	netdev_receive_end(&nic->nd);
	vring_kick(vr);
	return n == BURST || vring_listen(vr);
}

static void received(struct vring *vr)
{
	struct nic *nic = vr->dev->priv;

	vring_quiet(vr);
	net_poll_kick(&nic->poll);
}

/* --- sending --------------------------------------------------------------------------------- */

static uint8_t *tx_piece(const struct nic *nic, uint16_t i)
{
	return nic->tx + (size_t)i * PIECE;
}

/* Give back a frame's pieces. Lock held. */
static void put_pieces(struct nic *nic, uint16_t first)
{
	uint16_t last = first;

	for (nic->tx_left++; nic->tx_next[last] != NO_PIECE; nic->tx_left++)
		last = nic->tx_next[last];
	nic->tx_next[last] = nic->tx_free;
	nic->tx_free = first;
}

/* Take n, linked. Lock held. @return the first, NO_PIECE */
static uint16_t take_pieces(struct nic *nic, unsigned n)
{
	struct vring *vr = &nic->vd->rings[RING_TX];
	uint16_t first, last;
	uint8_t *sent;

	while ((sent = vring_get(vr, NULL)))
		put_pieces(nic, (uint16_t)((size_t)(sent - nic->tx) / PIECE));
	if (n > nic->tx_left)
		return NO_PIECE;
	nic->tx_left -= (uint16_t)n;
	first = last = nic->tx_free;
	while (--n)
		last = nic->tx_next[last];
	nic->tx_free = nic->tx_next[last];
	nic->tx_next[last] = NO_PIECE;
	return first;
}

static void copy_frame(struct nic *nic, uint16_t i, const struct net_frame *frame)
{
	struct net_hdr *hdr = (struct net_hdr *)(void *)tx_piece(nic, i);
	uint32_t left = frame->len, at = sizeof(*hdr), n;
	struct net_iter it;

	*hdr = (struct net_hdr){
		.flags = frame->flags & NET_NEEDS_CSUM,
		.gso_type = frame->gso_type,
		.hdr_len = cpu_to_le16(frame->hdr_len),
		.gso_size = cpu_to_le16(frame->gso_size),
		.csum_start = cpu_to_le16(frame->csum_start),
		.csum_offset = cpu_to_le16(frame->csum_offset),
	};
	net_iter_init(&it, frame, 0);
	for (; left; i = nic->tx_next[i], at = 0, left -= n) {
		n = MIN(left, PIECE - at);
		net_iter_copy(&it, tx_piece(nic, i) + at, n);
	}
}

/* Lock held. @return false: the device is broken */
static bool post(struct nic *nic, uint16_t first, unsigned n, uint32_t bytes)
{
	struct vring *vr = &nic->vd->rings[RING_TX];
	uint16_t i;

	if (!vring_begin(vr, n)) {
		put_pieces(nic, first);
		return false;
	}
	for (i = first; n; n--, i = nic->tx_next[i], bytes -= MIN(bytes, (uint32_t)PIECE))
		vring_put(vr, tx_piece(nic, i), MIN(bytes, (uint32_t)PIECE), false);
	vring_end(vr, tx_piece(nic, first));
	return true;
}

static bool nic_transmit(struct netdev *nd, const struct net_frame *frame)
{
	struct nic *nic = nd->priv;
	uint32_t bytes = frame->len + sizeof(struct net_hdr);
	unsigned n = DIV_ROUND_UP(bytes, PIECE);
	unsigned long flags;
	uint16_t first;
	bool sent;

	if (!READ_ONCE(nd->link_up))
		return false;
	flags = spin_lock_irqsave(&nic->lock);
	first = take_pieces(nic, n);
	spin_unlock_irqrestore(&nic->lock, flags);
	if (first == NO_PIECE)
		return false;
	copy_frame(nic, first, frame);
	flags = spin_lock_irqsave(&nic->lock);
	sent = post(nic, first, n, bytes);
	spin_unlock_irqrestore(&nic->lock, flags);
	return sent;
}

static void nic_burst_end(struct netdev *nd)
{
	struct nic *nic = nd->priv;
	unsigned long flags = spin_lock_irqsave(&nic->lock);

	vring_kick(&nic->vd->rings[RING_TX]);
	spin_unlock_irqrestore(&nic->lock, flags);
}

/* --- opening ------------------------------------------------------------------------------- */

/* Receive for all addresses; a device without the command does so anyhow. */
static int set_promiscuous(struct nic *nic)
{
	struct vring *vr = &nic->vd->rings[RING_CTRL];
	uint64_t limit = time_now() + CTRL_NS;

	if (!vio_has(nic->vd, F_CTRL_VQ) || !vio_has(nic->vd, F_CTRL_RX))
		return 0;
	nic->ctrl.class = CTRL_RX;
	nic->ctrl.command = CTRL_PROMISC;
	nic->ctrl.on = 1;
	nic->ctrl.ack = 0xff;
	if (!vring_begin(vr, 3))
		return -EIO;
	vring_put(vr, &nic->ctrl.class, 2, false);
	vring_put(vr, &nic->ctrl.on, 1, false);
	vring_put(vr, &nic->ctrl.ack, 1, true);
	vring_end(vr, nic);
	vring_kick(vr);
	while (!vring_get(vr, NULL)) {
		if (time_now() > limit)
			return -ETIMEDOUT;
		thread_sleep(100000);
	}
	return READ_ONCE(nic->ctrl.ack) ? -EIO : 0;
}

static int make_pieces(struct nic *nic)
{
	uint16_t i;

	if (nic->rx)
		return 0;
	nic->rx = page_alloc(RX_PIECES * PIECE / PAGE_SIZE);
	nic->tx = page_alloc(TX_PIECES * PIECE / PAGE_SIZE);
	if (!nic->rx || !nic->tx) {
		page_free(nic->rx, RX_PIECES * PIECE / PAGE_SIZE);
		page_free(nic->tx, TX_PIECES * PIECE / PAGE_SIZE);
		nic->rx = nic->tx = NULL;
		return -ENOMEM;
	}
	for (i = 0; i < TX_PIECES; i++)
		nic->tx_next[i] = i + 1u < TX_PIECES ? (uint16_t)(i + 1) : NO_PIECE;
	nic->tx_left = TX_PIECES;
	return 0;
}

static int nic_open(struct netdev *nd)
{
	struct nic *nic = nd->priv;
	struct vring *vr = &nic->vd->rings[RING_RX];
	uint8_t *old;
	unsigned i;
	int err = make_pieces(nic);

	if (!err)
		err = set_promiscuous(nic);
	if (err)
		return err;
	/* What came while it was closed is of no interest any more. */
	while (nic->rx_given && (old = vring_get(vr, NULL)))
		give(vr, old);
	for (i = 0; i < MIN_T(unsigned, RX_PIECES, vr->num) && !nic->rx_given; i++)
		give(vr, nic->rx + (size_t)i * PIECE);
	nic->rx_given = true;
	vring_kick(vr);
	return net_poll_start(&nic->poll, nd->name);
}

/* The device fills the pieces that it has, and then finds no more. */
static void nic_close(struct netdev *nd)
{
	struct nic *nic = nd->priv;

	net_poll_stop(&nic->poll);
	vring_quiet(&nic->vd->rings[RING_RX]);
}

static const struct netdev_ops nic_ops = {
	.open = nic_open,
	.close = nic_close,
	.transmit = nic_transmit,
	.burst_end = nic_burst_end,
};

/* --- probe --------------------------------------------------------------------------------- */

static bool link_of(struct vio_dev *vd)
{
	return !vio_has(vd, F_STATUS) || vio_config16(vd, CFG_STATUS) & STATUS_LINK_UP;
}

static void config_changed(struct vio_dev *vd)
{
	struct nic *nic = vd->priv;
	bool up = link_of(vd);

	if (up != nic->nd.link_up)
		log_info("%s: link is %s", nic->nd.name, up ? "up" : "down");
	WRITE_ONCE(nic->nd.link_up, up);
}

static void read_config(struct nic *nic)
{
	struct vio_dev *vd = nic->vd;
	struct netdev *nd = &nic->nd;
	unsigned i;

	if (vio_has(vd, F_MAC)) {
		for (i = 0; i < NET_MAC_LEN; i++)
			nd->mac[i] = vio_config8(vd, CFG_MAC + i);
	} else {
		random_bytes(nd->mac, NET_MAC_LEN);
		nd->mac[0] = (uint8_t)((nd->mac[0] & 0xfc) | 2);
	}
	nd->mtu = vio_has(vd, F_MTU) ? vio_config16(vd, CFG_MTU) : 1500;
	/* longer frames need a buffer for themselves or several for one */
	if (!vio_has(vd, F_MRG_RXBUF))
		nd->mtu = MIN(nd->mtu, 1500u);
	nd->link_up = link_of(vd);
	nd->caps = vio_has(vd, F_CSUM) ? NET_CAP_CSUM : 0;
	if (!nd->caps)
		return;
	nd->caps |= (vio_has(vd, F_HOST_TSO4) ? NET_CAP_TSO4 : 0) |
		    (vio_has(vd, F_HOST_TSO6) ? NET_CAP_TSO6 : 0) |
		    (vio_has(vd, F_HOST_ECN) ? NET_CAP_ECN : 0) |
		    (vio_has(vd, F_HOST_USO) ? NET_CAP_USO : 0);
}

static int net_probe(struct vio_dev *vd)
{
	static const struct vring_spec rings[] = {
		[RING_RX] = { RX_PIECES, false, received },
		[RING_TX] = { TX_PIECES, false, NULL },
		[RING_CTRL] = { 4, false, NULL },
	};
	struct nic *nic = heap_zalloc(sizeof(*nic));
	int err;

	if (!nic)
		return -ENOMEM;
	nic->vd = vd;
	vd->priv = nic;
	spin_init(&nic->lock);
	net_poll_init(&nic->poll, nic_poll);
	err = vio_rings(vd, rings, vio_has(vd, F_CTRL_VQ) ? 3 : 2);
	if (err)
		goto err_free;
	read_config(nic);
	nic->nd.ops = &nic_ops;
	nic->nd.priv = nic;
	nic->nd.driver = "virtio-net";
	vio_ready(vd);
	err = netdev_register(&nic->nd);
	if (!err)
		return 0;
err_free:
	heap_free(nic);
	return err;
}

/* Frames longer than a piece come in several, if the device can do that. */
static uint64_t choose(uint64_t offered)
{
	return offered & F_MRG_RXBUF ? offered : offered & ~F_GUEST_LONG;
}

VIO_DRIVER(net) {
	.name = "virtio-net",
	.type = VIO_ID_NET,
	.features = F_CSUM | F_GUEST_CSUM | F_MTU | F_MAC | F_GUEST_LONG | F_HOST_TSO4 |
		    F_HOST_TSO6 | F_HOST_ECN | F_MRG_RXBUF | F_STATUS | F_CTRL_VQ | F_CTRL_RX |
		    F_HOST_USO,
	.choose = choose,
	.probe = net_probe,
	.config_changed = config_changed,
};
