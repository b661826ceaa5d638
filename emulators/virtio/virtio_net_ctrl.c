/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control queue of the virtio network device (Virtual I/O Device 1.2, 5.1.6.5): which frames
 * the driver wants, its address, how many queues it uses, what it takes. Filters are changed under
 * the locks of all receive queues and looked at under the one of a frame's queue.
 */
#include "virtio_net.h"

#include <libs/byteorder.h>
#include <libs/string.h>

/* Classes and commands. */
#define CLASS_RX       0
#define RX_PROMISC     0
#define RX_ALLMULTI    1
#define RX_ALLUNI      2
#define RX_NOMULTI     3
#define RX_NOUNI       4
#define RX_NOBCAST     5
#define CLASS_MAC      1
#define MAC_TABLE_SET  0
#define MAC_ADDR_SET   1
#define CLASS_VLAN     2
#define VLAN_ADD       0
#define VLAN_DEL       1
#define CLASS_ANNOUNCE 3
#define ANNOUNCE_ACK   0
#define CLASS_MQ       4
#define MQ_PAIRS_SET   0
#define CLASS_OFFLOADS 5
#define OFFLOADS_SET   0

#define ACK_OK	0
#define ACK_ERR 1

#define TYPE_VLAN      0x8100
#define MULTICAST      1
#define BROADCAST      0xffffffffffffull
#define TABLE_LONGEST  65536 /* addresses; longer is nonsense */

/* --- filters ------------------------------------------------------------------------------- */

/** Without several queues, what would be the second pair's is the control queue (5.1.2). */
static unsigned receivers(const struct virtio_net *n)
{
	return virtio_has(n->vd, F_MQ) ? n->max_pairs : 1;
}

static void lock_receivers(struct virtio_net *n)
{
	unsigned i;

	for (i = 0; i < receivers(n); i++)
		mutex_lock(&vnet_rx_queue(n, i)->lock);
}

static void unlock_receivers(struct virtio_net *n)
{
	unsigned i;

	for (i = receivers(n); i-- > 0;)
		mutex_unlock(&vnet_rx_queue(n, i)->lock);
}

void virtio_net_filter_reset(struct virtio_net *n)
{
	struct vnet_filter *f = &n->filter;

	lock_receivers(n);
	memset(f, 0, sizeof(*f));
	/* Until the driver says what it wants, or for ever if it cannot. */
	f->promisc = true;
	if (!virtio_has(n->vd, F_CTRL_VLAN))
		memset(f->vlans, 0xff, sizeof(f->vlans));
	unlock_receivers(n);
}

static bool among(const uint64_t *macs, unsigned n, uint64_t mac)
{
	unsigned i;

	for (i = 0; i < n && macs[i] != mac; i++)
		;
	return i < n;
}

static bool wants_address(const struct virtio_net *n, uint64_t dst)
{
	const struct vnet_filter *f = &n->filter;

	if (likely(dst == READ_ONCE(n->mac)))
		return !f->nouni || f->promisc;
	if (f->promisc)
		return true;
	if (dst == BROADCAST)
		return !f->nobcast;
	if (dst & MULTICAST)
		return !f->nomulti && (f->allmulti || f->too_many_multi ||
				       among(f->multi, f->nr_multi, dst));
	return !f->nouni && (f->alluni || f->too_many_uni || among(f->uni, f->nr_uni, dst));
}

bool virtio_net_filter_pass(const struct virtio_net *n, const struct net_frame *frame)
{
	const uint8_t *h = frame->head;
	uint8_t copy[NET_HDR_LEN], tci[2];
	uint64_t dst;
	unsigned vid;

	if (unlikely(frame->head_len < NET_HDR_LEN)) {
		net_frame_read(frame, 0, copy, sizeof(copy));
		h = copy;
	}
	dst = get_le32(h) | (uint64_t)get_le16(h + 4) << 32;
	if (unlikely(get_be16(h + 12) == TYPE_VLAN)) {
		net_frame_read(frame, NET_HDR_LEN, tci, sizeof(tci));
		vid = get_be16(tci) & 0xfff;
		if (!(n->filter.vlans[vid / 32] & BIT32(vid % 32)))
			return false;
	}
	return wants_address(n, dst);
}

/* --- commands: @return whether the command was right --------------------------------------- */

static bool set_rx_mode(struct virtio_net *n, uint8_t command, const struct vq_chain *chain)
{
	struct vnet_filter *f = &n->filter;
	bool *const flags[] = {
		[RX_PROMISC] = &f->promisc, [RX_ALLMULTI] = &f->allmulti,
		[RX_ALLUNI] = &f->alluni,   [RX_NOMULTI] = &f->nomulti,
		[RX_NOUNI] = &f->nouni,	    [RX_NOBCAST] = &f->nobcast,
	};
	uint8_t on;

	if (!virtio_has(n->vd, command <= RX_ALLMULTI ? F_CTRL_RX : F_CTRL_RX_EXTRA) ||
	    command >= ARRAY_SIZE(flags) || vq_read(chain, 2, &on, 1) != 1 || on > 1)
		return false;
	lock_receivers(n);
	*flags[command] = on;
	unlock_receivers(n);
	return true;
}

/** Read a table of addresses at *off, which is moved behind it. */
static bool read_macs(const struct vq_chain *chain, uint64_t *off, uint64_t *macs, uint8_t *count,
		      bool *too_many)
{
	uint8_t raw[NET_MAC_LEN];
	uint32_t n, i;

	if (vq_read(chain, *off, raw, 4) != 4)
		return false;
	n = get_le32(raw);
	*off += 4;
	if (n > TABLE_LONGEST || *off + (uint64_t)n * NET_MAC_LEN > chain->out_len)
		return false;
	*too_many = n > MACS_MAX;
	*count = (uint8_t)(*too_many ? 0 : n);
	for (i = 0; i < *count; i++) {
		vq_read(chain, *off + i * NET_MAC_LEN, raw, NET_MAC_LEN);
		macs[i] = get_le32(raw) | (uint64_t)get_le16(raw + 4) << 32;
	}
	*off += (uint64_t)n * NET_MAC_LEN;
	return true;
}

static bool set_mac_table(struct virtio_net *n, const struct vq_chain *chain)
{
	struct vnet_filter *f = &n->filter;
	uint64_t off = 2;
	bool ok;

	lock_receivers(n);
	ok = read_macs(chain, &off, f->uni, &f->nr_uni, &f->too_many_uni) &&
	     read_macs(chain, &off, f->multi, &f->nr_multi, &f->too_many_multi);
	/* Half a table is none: rather too many frames than too few. */
	if (!ok) {
		f->too_many_uni = true;
		f->too_many_multi = true;
	}
	unlock_receivers(n);
	return ok;
}

static bool set_mac(struct virtio_net *n, uint8_t command, const struct vq_chain *chain)
{
	uint8_t raw[NET_MAC_LEN];

	if (command == MAC_TABLE_SET)
		return virtio_has(n->vd, F_CTRL_RX) && set_mac_table(n, chain);
	if (command != MAC_ADDR_SET || !virtio_has(n->vd, F_CTRL_MAC_ADDR) ||
	    vq_read(chain, 2, raw, sizeof(raw)) != sizeof(raw) || raw[0] & MULTICAST)
		return false;
	WRITE_ONCE(n->mac, get_le32(raw) | (uint64_t)get_le16(raw + 4) << 32);
	return true;
}

static bool set_vlan(struct virtio_net *n, uint8_t command, const struct vq_chain *chain)
{
	uint8_t raw[2];
	unsigned vid;

	if (command > VLAN_DEL || !virtio_has(n->vd, F_CTRL_VLAN) ||
	    vq_read(chain, 2, raw, sizeof(raw)) != sizeof(raw))
		return false;
	vid = get_le16(raw);
	if (vid / 32 >= VLAN_WORDS)
		return false;
	lock_receivers(n);
	if (command == VLAN_ADD)
		n->filter.vlans[vid / 32] |= BIT32(vid % 32);
	else
		n->filter.vlans[vid / 32] &= ~BIT32(vid % 32);
	unlock_receivers(n);
	return true;
}

static bool set_pairs(struct virtio_net *n, uint8_t command, const struct vq_chain *chain)
{
	uint8_t raw[2];
	unsigned pairs;

	if (command != MQ_PAIRS_SET || !virtio_has(n->vd, F_MQ) ||
	    vq_read(chain, 2, raw, sizeof(raw)) != sizeof(raw))
		return false;
	pairs = get_le16(raw);
	if (!pairs || pairs > n->max_pairs)
		return false;
	WRITE_ONCE(n->pairs, (uint16_t)pairs);
	return true;
}

static bool set_offloads(struct virtio_net *n, uint8_t command, const struct vq_chain *chain)
{
	uint8_t raw[8];
	uint64_t offloads;

	if (command != OFFLOADS_SET || !virtio_has(n->vd, F_CTRL_GUEST_OFFLOADS) ||
	    vq_read(chain, 2, raw, sizeof(raw)) != sizeof(raw))
		return false;
	offloads = get_le64(raw);
	if (offloads & ~(n->vd->driver_features & GUEST_OFFLOADS))
		return false;
	virtio_net_set_offloads(n, offloads);
	return true;
}

static bool command(struct virtio_net *n, const struct vq_chain *chain)
{
	uint8_t hdr[2];

	if (vq_read(chain, 0, hdr, sizeof(hdr)) != sizeof(hdr))
		return false;
	switch (hdr[0]) {
	case CLASS_RX:
		return set_rx_mode(n, hdr[1], chain);
	case CLASS_MAC:
		return set_mac(n, hdr[1], chain);
	case CLASS_VLAN:
		return set_vlan(n, hdr[1], chain);
	case CLASS_ANNOUNCE:
		if (hdr[1] != ANNOUNCE_ACK || !virtio_has(n->vd, F_GUEST_ANNOUNCE))
			return false;
		WRITE_ONCE(n->announce, false);
		return true;
	case CLASS_MQ:
		return set_pairs(n, hdr[1], chain);
	case CLASS_OFFLOADS:
		return set_offloads(n, hdr[1], chain);
	default:
		return false;
	}
}

static bool serve_one(struct vq_chain *chain)
{
	uint8_t ack = command(chain->vq->vd->priv, chain) ? ACK_OK : ACK_ERR;

	vq_push(chain, (uint32_t)vq_write(chain, 0, &ack, sizeof(ack)));
	return true;
}

bool virtio_net_ctrl(struct virtio_net *n, struct virtqueue *vq)
{
	return vq_serve(vq, serve_one);
}
