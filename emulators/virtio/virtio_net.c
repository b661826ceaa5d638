/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Virtio network device (Virtual I/O Device 1.2, 5.1): a port of a switch. What the guest sends
 * goes from its buffers straight into those of the receivers, in this thread; what it gets is put
 * into its buffers by whoever sends. The queues' locks guard all of that; checksums and
 * segmentation are left to the receiver if its driver knows how, else core/net does them.
 */
#include "virtio_net.h"

#include <core/log.h>
#include <core/mem.h>
#include <core/netswitch.h>
#include <core/shell.h>
#include <libs/atomic.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

#define QUEUE_SIZE 256
/* Room for the longest chain, or for as many receive buffers as a frame may be spread over. */
#define POOL_SIZE  8192
#define RX_BUFFERS 64

/*
 * The last part of a receive queue, which is shared out fairly, and what one sender may have of the
 * whole in a period then.
 */
#define SPARE_PART  4u
#define SENDER_PART 32u

/* What one exit may take. */
#define TX_FRAMES 128
#define TX_BYTES  (1 * MIB)
#define TX_WORK	  1024
/* Frames sent after which the guest gets their buffers back, and receivers hear of them. */
#define TX_PIECE  16
/*
 * ns until the guest is told that frames were sent, if it has not seen that for itself: drivers
 * look when they send or receive anyway.
 */
#define TX_TELL	  1000000

#define CONFIG_LEN    12
#define CONFIG_STATUS 6
#define CONFIG_PAIRS  8
#define CONFIG_MTU    10

#define FEATURES                                                                                   \
	(F_CSUM | F_GUEST_CSUM | F_CTRL_GUEST_OFFLOADS | F_MTU | F_MAC | F_GUEST_TSO4 |            \
	 F_GUEST_TSO6 | F_GUEST_ECN | F_HOST_TSO4 | F_HOST_TSO6 | F_HOST_ECN | F_MRG_RXBUF |       \
	 F_STATUS | F_CTRL_VQ | F_CTRL_RX | F_CTRL_VLAN | F_CTRL_RX_EXTRA | F_GUEST_ANNOUNCE |     \
	 F_CTRL_MAC_ADDR | F_GUEST_USO4 | F_GUEST_USO6 | F_HOST_USO)

/* --- from the guest ------------------------------------------------------------------------ */

/** May the driver ask for this of a frame? */
static bool gso_negotiated(const struct virtio_dev *vd, uint8_t gso_type)
{
	if (gso_type & NET_GSO_ECN && !virtio_has(vd, F_HOST_ECN))
		return false;
	switch (gso_type & ~NET_GSO_ECN) {
	case NET_GSO_TCPV4:
		return virtio_has(vd, F_HOST_TSO4);
	case NET_GSO_TCPV6:
		return virtio_has(vd, F_HOST_TSO6);
	case NET_GSO_UDP_L4:
		return virtio_has(vd, F_HOST_USO);
	default:
		return false;
	}
}

/** Copy the header of a frame to be sent. @return false: there is none that could be right */
static bool read_hdr(const struct vq_chain *chain, struct vnet_hdr *hdr)
{
	uint8_t copy[VNET_HDR_LEN];
	const volatile uint8_t *first;
	const uint8_t *raw = copy;

	if (likely(chain->nr_out && chain->segs[0].len >= VNET_HDR_LEN))
		raw = chain->segs[0].va;
	else if (vq_read(chain, 0, copy, VNET_HDR_LEN) != VNET_HDR_LEN)
		return false;
	/* Each field is read once: the guest may change it. */
	first = raw;
	hdr->flags = first[0] & NET_NEEDS_CSUM;
	hdr->gso_type = first[1];
	if (likely(!(hdr->flags | hdr->gso_type)))
		return true;
	hdr->hdr_len = get_le16(raw + 2);
	hdr->gso_size = get_le16(raw + 4);
	hdr->csum_start = get_le16(raw + 6);
	hdr->csum_offset = get_le16(raw + 8);
	return (!hdr->flags || virtio_has(chain->vq->vd, F_CSUM)) &&
	       (!hdr->gso_type || gso_negotiated(chain->vq->vd, hdr->gso_type));
}

static void send_chain(struct virtio_net *n, struct net_burst *burst, const struct vq_chain *chain)
{
	struct vnet_hdr hdr = { 0 };
	struct net_frame frame;

	if (unlikely(!read_hdr(chain, &hdr) || chain->out_len > VNET_HDR_LEN + NET_FRAME_MAX)) {
		__atomic_fetch_add(&n->port.stats.tx_dropped, 1, __ATOMIC_RELAXED);
		return;
	}
	frame.head = NULL;
	frame.segs = chain->segs;
	frame.nr_segs = chain->nr_out;
	frame.head_len = 0;
	frame.skip = VNET_HDR_LEN;
	frame.len = (uint32_t)chain->out_len - VNET_HDR_LEN;
	frame.flags = hdr.flags;
	frame.gso_type = hdr.gso_type;
	frame.hdr_len = hdr.hdr_len;
	frame.gso_size = hdr.gso_size;
	frame.csum_start = hdr.csum_start;
	frame.csum_offset = hdr.csum_offset;
	net_send(burst, &frame);
}

static void tx_timer_fn(struct timer *timer)
{
	struct virtio_net *n = container_of(timer, struct virtio_net, tx_timer);
	uint32_t owed = __atomic_exchange_n(&n->tx_owed, 0, __ATOMIC_ACQUIRE);
	unsigned i;

	for (i = 0; owed; i++, owed >>= 1) {
		if (owed & 1)
			vq_signal(&n->vd->queues[2 * i + 1]);
	}
}

/** Frames were sent: an interrupt now if the ring is filling, or some time later. */
static void tx_tell(struct virtio_net *n, struct virtqueue *vq)
{
	uint32_t pair = BIT32(vq->index / 2);

	if (unlikely(READ_ONCE(vq->unsignalled) >= vq->num / 2)) {
		vq_signal(vq);
		return;
	}
	if (!(READ_ONCE(n->tx_owed) & pair))
		__atomic_fetch_or(&n->tx_owed, pair, __ATOMIC_RELEASE);
	/* It is not armed any more when it looks at what is owed. */
	full_fence();
	if (!timer_armed(&n->tx_timer))
		timer_start(&n->tx_timer, time_now() + TX_TELL);
}

/** @return whether there is more than one exit may take */
static bool transmit(struct virtio_net *n, struct virtqueue *vq)
{
	struct net_burst burst;
	struct vq_chain *chain;
	unsigned frames = 0;
	uint64_t bytes = 0;
	bool more = false;

	net_burst_begin(&burst, &n->port);
	do {
		vq_quiet(vq);
		while (!more && (chain = vq_pop(vq))) {
			bytes += chain->out_len;
			send_chain(n, &burst, chain);
			vq_fill(chain, 0);
			frames++;
			if (frames % TX_PIECE == 0)
				vq_publish(vq);
			more = frames >= TX_FRAMES || bytes >= TX_BYTES || burst.work >= TX_WORK;
		}
		vq_publish(vq);
	} while (!more && vq_listen(vq));
	net_burst_end(&burst);
	if (likely(frames))
		tx_tell(n, vq);
	return more;
}

static bool net_serve(struct virtio_dev *vd, struct virtqueue *vq)
{
	struct virtio_net *n = vd->priv;
	unsigned ctrl = virtio_has(vd, F_MQ) ? 2u * n->max_pairs : 2;

	if (vq->index == ctrl && virtio_has(vd, F_CTRL_VQ))
		return virtio_net_ctrl(n, vq);
	if (vq->index & 1)
		return transmit(n, vq);
	/* New receive buffers are looked at when there is a frame: no more notifications. */
	vq_quiet(vq);
	return false;
}

/* --- to the guest -------------------------------------------------------------------------- */

/**
 * The receive queue for a frame: the same for all frames of a connection, in a network without
 * loss of order.
 */
static unsigned steer(const struct net_frame *frame, unsigned pairs)
{
	uint8_t h[NET_HDR_LEN + NET_VLAN_LEN + 44];
	unsigned at = NET_HDR_LEN, n = 0, i;
	uint32_t hash = 0;
	bool ports;

	net_frame_read(frame, 0, h, sizeof(h));
	if (get_be16(h + 12) == 0x8100)
		at += NET_VLAN_LEN;
	switch (get_be16(h + at - 2)) {
	case 0x0800: /* addresses; ports of whole TCP and UDP packets */
		ports = (h[at] & 15) == 5 && (h[at + 9] == 6 || h[at + 9] == 17) &&
			!(get_be16(h + at + 6) & 0x3fff);
		at += 12;
		n = ports ? 12 : 8;
		break;
	case 0x86dd:
		ports = h[at + 6] == 6 || h[at + 6] == 17;
		at += 8;
		n = ports ? 36 : 32;
		break;
	default:
		break;
	}
	for (i = 0; i < n; i += 4) {
		hash = (hash ^ get_le32(h + at + i)) * 0x9e3779b1u;
		hash ^= hash >> 15;
	}
	return (unsigned)((uint64_t)(hash * 0x85ebca6bu) * pairs >> 32);
}

/**
 * Take buffers for so many bytes.
 * @return how many, 0: there are not enough, none was taken
 */
static unsigned take_buffers(struct virtqueue *vq, struct vq_chain **chains, uint64_t bytes)
{
	bool merge = virtio_has(vq->vd, F_MRG_RXBUF);
	struct vq_chain *chain;
	uint64_t room = 0;
	unsigned n = 0;

	while (n < RX_BUFFERS && (chain = vq_pop(vq))) {
		chains[n++] = chain;
		room += chain->in_len;
		if (likely(room >= bytes))
			return n;
		if (!merge)
			break;
	}
	while (n)
		vq_unpop(chains[--n]);
	return 0;
}

/** Fill a buffer from byte `off` on. @return bytes */
static uint32_t fill_buffer(const struct vq_chain *chain, uint32_t off, struct net_iter *it,
			    uint32_t n)
{
	const struct mem_seg *seg = chain->segs + chain->nr_out;
	uint32_t done = 0;
	unsigned i;

	for (i = 0; i < chain->nr_in && done < n; i++, seg++) {
		uint32_t here;

		if (off >= seg->len) {
			off -= seg->len;
			continue;
		}
		here = MIN(seg->len - off, n - done);
		net_iter_copy(it, (uint8_t *)seg->va + off, here);
		done += here;
		off = 0;
	}
	return done;
}

/** The header in front of a frame. */
static void make_hdr(uint8_t *raw, const struct net_frame *frame, unsigned buffers)
{
	put_le64(raw, 0);
	put_le32(raw + 8, buffers << 16);
	if (frame->flags | frame->gso_type) {
		raw[0] = frame->flags;
		raw[1] = frame->gso_type;
		put_le16(raw + 2, frame->hdr_len);
		put_le16(raw + 4, frame->gso_size);
		put_le16(raw + 6, frame->csum_start);
		put_le16(raw + 8, frame->csum_offset);
	}
}

/** The usual case: each buffer is one piece of memory. */
static void fill_simple(struct virtqueue *vq, struct vq_buffer *buffers, unsigned n,
			const struct net_frame *frame)
{
	uint32_t left = frame->len, off = VNET_HDR_LEN;
	struct net_iter it;
	unsigned i;

	make_hdr(buffers[0].va, frame, n);
	net_iter_init(&it, frame, 0);
	for (i = 0; i < n; i++) {
		uint32_t here = MIN(buffers[i].len - off, left);

		net_iter_copy(&it, buffers[i].va + off, here);
		buffers[i].len = off + here;
		left -= here;
		off = 0;
	}
	vq_return_buffers(vq, buffers, n);
}

/** Whatever the driver put up. */
static bool receive_any(struct virtqueue *vq, const struct net_frame *frame)
{
	struct vq_chain *chains[RX_BUFFERS];
	unsigned n = take_buffers(vq, chains, VNET_HDR_LEN + frame->len), i;
	uint32_t left = frame->len, off = VNET_HDR_LEN;
	uint8_t raw[VNET_HDR_LEN];
	struct net_iter it;

	if (unlikely(!n))
		return false;
	make_hdr(raw, frame, n);
	vq_write(chains[0], 0, raw, sizeof(raw));
	net_iter_init(&it, frame, 0);
	for (i = 0; i < n; i++) {
		uint32_t done = fill_buffer(chains[i], off, &it, left);

		vq_fill(chains[i], off + done);
		left -= done;
		off = 0;
	}
	vq_publish(vq);
	return true;
}

/**
 * The queue is becoming empty: whoever sends more than others gets no more of it. How much the
 * driver puts up at best is not told: it is taken to be the whole queue when one was refused, and
 * then less and less, down to what is there, while nobody is.
 * @return whether this frame may have a part
 */
static noinline_fn bool share_room(struct virtqueue *vq, struct vnet_room *room,
				   const struct net_frame *frame)
{
	unsigned here = 0;
	bool pass;

	if (!room->spare)
		return true;
	if (net_fair_begin(&room->fair)) {
		while (here < room->spare && vq_has_more(vq, here))
			here++;
		if (!room->refused)
			room->most = (uint16_t)MAX(here, room->most - DIV_ROUND_UP(room->most, 8u));
		room->spare = room->most / SPARE_PART;
		room->refused = false;
	}
	pass = net_fair_pass(&room->fair, frame->from, MAX(room->most / SENDER_PART, 2u));
	room->refused |= !pass;
	return pass;
}

/** Put a frame into the queue's buffers; its lock is held. @return false: no room */
static bool receive(struct virtqueue *vq, struct vnet_room *room, const struct net_frame *frame)
{
	struct vq_buffer buffers[RX_BUFFERS];
	unsigned n;

	if (unlikely(!vq_has_more(vq, room->spare)) && !share_room(vq, room, frame))
		return false;
	n = vq_take_buffers(vq, buffers, virtio_has(vq->vd, F_MRG_RXBUF) ? RX_BUFFERS : 1,
				     VNET_HDR_LEN + frame->len);

	if (unlikely(!n)) {
		if (receive_any(vq, frame))
			return true;
		if (!vq_has_more(vq, 0)) {
			room->most = vq->num;
			room->spare = vq->num / SPARE_PART;
			room->refused = true;
		}
		return false;
	}
	fill_simple(vq, buffers, n, frame);
	return true;
}

static bool port_deliver(struct net_port *port, const struct net_frame *frame)
{
	struct virtio_net *n = port->priv;
	unsigned pairs = READ_ONCE(n->pairs), pair = pairs > 1 ? steer(frame, pairs) : 0;
	struct virtqueue *vq = vnet_rx_queue(n, pair);
	bool wanted = true, ok = false;

	mutex_lock(&vq->lock);
	if (likely(vq->ready && virtio_live(n->vd))) {
		wanted = virtio_net_filter_pass(n, frame);
		ok = wanted && receive(vq, &n->room[pair], frame);
	}
	mutex_unlock(&vq->lock);
	if (ok)
		__atomic_fetch_or(&n->rx_pending, BIT32(pair), __ATOMIC_RELAXED);
	/* What the driver does not want is not lost. */
	return ok || !wanted;
}

static void port_burst_end(struct net_port *port)
{
	struct virtio_net *n = port->priv;
	uint32_t pending = __atomic_exchange_n(&n->rx_pending, 0, __ATOMIC_RELAXED);
	unsigned i;

	for (i = 0; pending; i++, pending >>= 1) {
		if (pending & 1)
			vq_signal(vnet_rx_queue(n, i));
	}
}

static int port_link(struct net_port *port, bool up)
{
	struct virtio_net *n = port->priv;

	/* Others may know this guest behind another port: it shall make itself heard (5.1.6.5.4) */
	WRITE_ONCE(n->announce, up && virtio_live(n->vd) && virtio_has(n->vd, F_GUEST_ANNOUNCE));
	WRITE_ONCE(n->link, up);
	virtio_config_changed(n->vd);
	return 0;
}

static const struct net_port_ops port_ops = {
	.deliver = port_deliver,
	.burst_end = port_burst_end,
	.link = port_link,
};

/* --- configuration, life ------------------------------------------------------------------- */

void virtio_net_set_offloads(struct virtio_net *n, uint64_t features)
{
	uint32_t caps = 0;

	/* All others need the first (5.1.3.1). */
	if (features & F_GUEST_CSUM)
		caps = NET_CAP_CSUM | (features & F_GUEST_TSO4 ? NET_CAP_TSO4 : 0) |
		       (features & F_GUEST_TSO6 ? NET_CAP_TSO6 : 0) |
		       (features & F_GUEST_ECN ? NET_CAP_ECN : 0) |
		       (features & F_GUEST_USO4 && features & F_GUEST_USO6 ? NET_CAP_USO : 0);
	WRITE_ONCE(n->port.caps, caps);
}

static void net_config_read(struct virtio_dev *vd, uint8_t *buf)
{
	struct virtio_net *n = vd->priv;
	uint64_t mac = READ_ONCE(n->mac);
	unsigned i;

	for (i = 0; i < NET_MAC_LEN; i++)
		buf[i] = (uint8_t)(mac >> 8 * i);
	put_le16(buf + CONFIG_STATUS, (READ_ONCE(n->link) ? S_LINK_UP : 0) |
					      (READ_ONCE(n->announce) ? S_ANNOUNCE : 0));
	put_le16(buf + CONFIG_PAIRS, n->max_pairs);
	put_le16(buf + CONFIG_MTU, (uint16_t)n->port.mtu);
}

static void net_reset(struct virtio_dev *vd)
{
	struct virtio_net *n = vd->priv;

	WRITE_ONCE(n->pairs, 1);
	WRITE_ONCE(n->announce, false);
	virtio_net_set_offloads(n, 0);
	virtio_net_filter_reset(n);
	memset(n->room, 0, sizeof(n->room));
}

static void net_start(struct virtio_dev *vd)
{
	struct virtio_net *n = vd->priv;

	virtio_net_set_offloads(n, vd->driver_features);
	virtio_net_filter_reset(n);
}

static unsigned pairs_of(const struct dt_node *node)
{
	return MIN(MAX(dt_u32_or(node, "queues", 1), 1u), (uint32_t)PAIRS_MAX);
}

static unsigned net_count_queues(const struct emu_dev *dev)
{
	return 2 * pairs_of(dev->node) + 1;
}

static unsigned net_check(const struct dt_node *node, const char *path, struct shell_out *out)
{
	uint32_t mtu = dt_u32_or(node, "mtu", NET_MTU), queues = dt_u32_or(node, "queues", 1);
	const struct dt_prop *mac = dt_prop(node, "local-mac-address");
	unsigned errors = 0;

	if (!net_name_ok(dt_string(node, "switch", 0))) {
		out_printf(out, "%s: switch=\"%s\" is no name of a switch: it has 1 to 31 letters, "
			   "digits, '-', '_' and '.', and begins with a letter or digit.\n", path,
			   dt_string(node, "switch", 0));
		errors++;
	}
	if (mtu < NET_MTU_MIN || mtu > NET_MTU_MAX) {
		out_printf(out, "%s: mtu is %u; it can be %u to %u.\n", path, mtu, NET_MTU_MIN,
			   NET_MTU_MAX);
		errors++;
	}
	if (!queues || queues > PAIRS_MAX) {
		out_printf(out, "%s: queues is %u; it can be 1 to %u pairs.\n", path, queues,
			   PAIRS_MAX);
		errors++;
	}
	if (mac && (mac->len != NET_MAC_LEN || *(const uint8_t *)mac->data & 1)) {
		out_printf(out, "%s: local-mac-address is no address of one interface: it has 6 "
			   "bytes, the lowest bit of the first one zero.\n", path);
		errors++;
	}
	return errors;
}

/** The address that a device has: its node's, or one of its name, the same each time. */
static uint64_t choose_mac(const struct dt_node *node, const char *name)
{
	const struct dt_prop *mac = dt_prop(node, "local-mac-address");
	uint64_t v = 0;
	unsigned i;

	if (mac && mac->len == NET_MAC_LEN) {
		for (i = 0; i < NET_MAC_LEN; i++)
			v |= (uint64_t)((const uint8_t *)mac->data)[i] << 8 * i;
		return v;
	}
	v = 0xcbf29ce484222325ull; /* FNV-1a */
	for (; *name; name++)
		v = (v ^ (uint8_t)*name) * 0x100000001b3ull;
	v ^= v >> 48;
	/* Locally administered, of one interface (IEEE 802, 8.4). */
	return (v & 0xfffffffffffcull) | 2;
}

/** "web/net0", or the next number that is free. */
static int register_port(struct virtio_net *n)
{
	const struct guest *guest = n->vd->dev->guest;
	unsigned i;
	int err = -EEXIST;

	for (i = 0; err == -EEXIST && i < 1000; i++) {
		snprintf(n->port.name, sizeof(n->port.name), "%s/net%u", guest->name, i);
		err = net_port_register(&n->port);
	}
	return err;
}

static void attach(struct virtio_net *n, const char *name)
{
	int err = net_port_attach(&n->port, name);

	if (err > 0)
		log_warn("%s: there is no switch \"%s\" yet; it has no link until \"net switch "
			 "create %s\"", n->port.name, name, name);
	else if (err)
		log_error("%s: cannot be attached to switch \"%s\": %s", n->port.name, name,
			  error_text(err));
}

static cold_fn int net_probe(struct virtio_dev *vd)
{
	const struct dt_node *node = vd->dev->node;
	struct virtio_net *n = heap_zalloc(sizeof(*n));
	unsigned i;
	int err;

	if (!n)
		return -ENOMEM;
	vd->priv = n;
	n->vd = vd;
	n->max_pairs = (uint16_t)pairs_of(node);
	n->port.ops = &port_ops;
	n->port.priv = n;
	n->port.mtu = dt_u32_or(node, "mtu", NET_MTU);
	timer_init(&n->tx_timer, tx_timer_fn);
	vd->features |= n->max_pairs > 1 ? F_MQ : 0;
	net_reset(vd);
	err = register_port(n);
	if (err) {
		log_error("%s: its port cannot be made: %s", vd->dev->name, error_text(err));
		heap_free(n);
		return err;
	}
	n->mac = choose_mac(node, n->port.name);
	for (i = 0; i < NET_MAC_LEN; i++)
		n->port.mac[i] = (uint8_t)(n->mac >> 8 * i);
	attach(n, dt_string(node, "switch", 0));
	return 0;
}

static void net_remove(struct virtio_dev *vd)
{
	struct virtio_net *n = vd->priv;

	net_port_unregister(&n->port);
	timer_stop(&n->tx_timer);
	heap_free(n);
}

static void net_show(struct virtio_dev *vd, struct shell_out *out)
{
	struct virtio_net *n = vd->priv;

	out_printf(out, "port %s, switch %s, link %s, %u of %u pairs of queues, offloads 0x%x\n",
		   n->port.name, n->port.wants[0] ? n->port.wants : "-",
		   READ_ONCE(n->link) ? "up" : "down", READ_ONCE(n->pairs), n->max_pairs,
		   READ_ONCE(n->port.caps));
}

const struct virtio_ops virtio_net_ops = {
	.name = "network",
	.type = VIRTIO_ID_NET,
	.nr_queues = 3,
	.queue_size = QUEUE_SIZE,
	.pool_size = POOL_SIZE,
	.features = FEATURES,
	.config_len = CONFIG_LEN,
	.count_queues = net_count_queues,
	.check = net_check,
	.probe = net_probe,
	.remove = net_remove,
	.reset = net_reset,
	.start = net_start,
	.serve = net_serve,
	.config_read = net_config_read,
	.show = net_show,
};
