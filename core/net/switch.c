/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A frame's way through a switch: from its sender's memory to each port that it is for. It runs in
 * the sender's thread between net_burst_begin() and net_burst_end(), which mark the port as busy,
 * and takes no lock; net_priv.h says how what it reads is changed.
 */
#include "net_priv.h"

#include <libs/atomic.h>
#include <libs/byteorder.h>
#include <libs/copy.h>

#define TYPE_VLAN 0x8100
#define VID_MASK  0xfff

/* Addresses as the first six bytes of a little-endian word. */
#define MAC_BITS      GENMASK(47, 0)
#define MULTICAST     BIT(0)
/* 01:80:c2:00:00:00 to :0f are between neighbours and end here (IEEE 802.1D, 7.12.6). */
#define RESERVED_MASK 0xf0ffffffffffull
#define RESERVED      0x0000c28001ull

/** An Ethernet header, aligned so that its fields are read as words. */
union header {
	uint64_t w[3];
	uint32_t half[6];
	uint16_t quarter[12];
	uint8_t b[NET_HDR_LEN + NET_VLAN_LEN];
};

/** A frame in the switch: without tag, its headers copied once. */
struct passing {
	struct net_frame frame;
	union header header;
	struct net_burst *burst;
	uint16_t vid, tci; /* tci: as it came, 0 without a tag */
	uint64_t dst, src;
};

static uint32_t epoch; /* lowest bit: which count of a port new bursts use; net_mutex */

static inline void count(uint64_t *counter, uint64_t n)
{
	__atomic_fetch_add(counter, n, __ATOMIC_RELAXED);
}

/* --- bursts -------------------------------------------------------------------------------- */

void net_burst_begin(struct net_burst *burst, struct net_port *from)
{
	burst->epoch = READ_ONCE(epoch) & 1;
	__atomic_fetch_add(&from->active[burst->epoch], 1, __ATOMIC_RELAXED);
	/* Who takes something away sees that we are busy, or we see that it has gone. */
	full_fence();
	burst->from = from;
	burst->sw = __atomic_load_n(&from->sw, __ATOMIC_ACQUIRE);
	burst->now = net_moment();
	burst->work = 0;
	burst->nr = 0;
}

void net_burst_end(struct net_burst *burst)
{
	unsigned i;

	for (i = 0; i < burst->nr; i++)
		burst->touched[i]->ops->burst_end(burst->touched[i]);
	burst->nr = 0;
	__atomic_fetch_sub(&burst->from->active[burst->epoch], 1, __ATOMIC_RELEASE);
}

static void wait_idle(unsigned which)
{
	struct net_port *port;

	list_for_each_entry(port, &net_port_list, link) {
		uint64_t pause = 20000;

		while (__atomic_load_n(&port->active[which], __ATOMIC_ACQUIRE)) {
			thread_sleep(pause);
			pause = MIN(2 * pause, UINT64_C(2000000));
		}
	}
}

void net_synchronize(void)
{
	unsigned old = epoch & 1;

	full_fence();
	/* Bursts of the one before are few and old; then those until now, while new ones count
	 * elsewhere, so that a port which never stops sending does not keep us. */
	wait_idle(!old);
	WRITE_ONCE(epoch, epoch + 1);
	full_fence();
	wait_idle(old);
}

/** This port is to be told at the end of the burst. */
static void touch(struct net_burst *burst, struct net_port *port)
{
	unsigned i;

	if (!port->ops->burst_end)
		return;
	for (i = 0; i < burst->nr; i++) {
		if (burst->touched[i] == port)
			return;
	}
	if (burst->nr == NET_BURST_PORTS) {
		/* A flood. The oldest hears of it now. */
		struct net_port *oldest = burst->touched[0];

		for (i = 1; i < NET_BURST_PORTS; i++)
			burst->touched[i - 1] = burst->touched[i];
		burst->nr--;
		oldest->ops->burst_end(oldest);
	}
	burst->touched[burst->nr++] = port;
}

/* --- VLANs --------------------------------------------------------------------------------- */

static inline bool vlan_allowed(const struct net_vlans *vlans, unsigned vid)
{
	return vlans->allowed[vid / 32] & BIT32(vid % 32);
}

/** VLAN of a frame from a port; 0: it may not come in. */
static uint16_t vlan_in(const struct net_vlans *vlans, uint16_t tagged)
{
	if (likely(!vlans))
		return tagged ? 0 : NET_VLAN_DEFAULT;
	/* A tag without a VLAN has only a priority (IEEE 802.1Q). */
	if (!tagged)
		return vlans->native;
	return vlans->trunk && tagged <= NET_VLAN_MAX && vlan_allowed(vlans, tagged) ? tagged : 0;
}

enum vlan_way { VLAN_NO, VLAN_PLAIN, VLAN_TAGGED };

static inline enum vlan_way vlan_out(const struct net_vlans *vlans, uint16_t vid)
{
	if (likely(!vlans))
		return vid == NET_VLAN_DEFAULT ? VLAN_PLAIN : VLAN_NO;
	if (vid == vlans->native)
		return VLAN_PLAIN;
	return vlans->trunk && vlan_allowed(vlans, vid) ? VLAN_TAGGED : VLAN_NO;
}

/** Offsets follow when the header grows or shrinks by a tag. */
static void move_offsets(struct net_frame *frame, int by)
{
	frame->len = (uint32_t)((int32_t)frame->len + by);
	if (frame->flags & NET_NEEDS_CSUM)
		frame->csum_start = (uint16_t)(frame->csum_start + by);
	if (frame->hdr_len)
		frame->hdr_len = (uint16_t)(frame->hdr_len + by);
}

/** The frame with its VLAN's tag; head has room for one. */
static void add_tag(struct net_frame *frame, union header *head, const struct passing *p)
{
	uint16_t tci = (uint16_t)((p->tci & ~VID_MASK) | p->vid);

	*frame = p->frame;
	*head = p->header;
	head->quarter[8] = p->header.quarter[6];
	head->quarter[6] = cpu_to_be16(TYPE_VLAN);
	head->quarter[7] = cpu_to_be16(tci);
	frame->head = head;
	frame->head_len = NET_HDR_LEN + NET_VLAN_LEN;
	move_offsets(frame, NET_VLAN_LEN);
}

/* --- to a port ----------------------------------------------------------------------------- */

static bool deliver_one(void *arg, const struct net_frame *frame)
{
	struct net_port *port = arg;

	if (unlikely(!port->ops->deliver(port, frame))) {
		count(&port->stats.rx_dropped, 1);
		return false;
	}
	count(&port->stats.rx_frames, 1);
	count(&port->stats.rx_bytes, frame->len);
	return true;
}

/** Is the frame, or each of its segments, within what the port's network carries? */
static bool fits(const struct net_port *port, const struct net_frame *frame)
{
	uint32_t most = (port->mtu ? port->mtu : NET_MTU) + NET_HDR_LEN;

	if (likely(frame->len <= most))
		return true;
	if (!frame->gso_type)
		return false;
	/* The shortest headers; a guest that asks for a bit more than that harms nobody. */
	return frame->csum_start + (frame->gso_type == NET_GSO_UDP_L4 ? 8u : 20u) +
	       frame->gso_size <= most;
}

static void deliver(struct passing *p, struct net_port *port)
{
	struct net_capture *capture = __atomic_load_n(&port->capture, __ATOMIC_ACQUIRE);
	const struct net_frame *frame = &p->frame;
	struct net_frame tagged;
	union header head;
	unsigned total = 1;

	switch (vlan_out(__atomic_load_n(&port->vlans, __ATOMIC_ACQUIRE), p->vid)) {
	case VLAN_NO:
		return;
	case VLAN_TAGGED:
		add_tag(&tagged, &head, p);
		frame = &tagged;
		break;
	case VLAN_PLAIN:
		break;
	}
	if (unlikely(!fits(port, &p->frame))) {
		count(&port->stats.rx_dropped, 1);
		return;
	}
	if (unlikely(capture))
		net_capture_frame(capture, frame);
	if (likely(!(net_needs(frame) & ~READ_ONCE(port->caps))))
		deliver_one(port, frame);
	else
		total = net_offload(frame, READ_ONCE(port->caps), deliver_one, port);
	p->burst->work += total;
	touch(p->burst, port);
}

static void flood(struct passing *p, struct net_switch *sw)
{
	struct net_ports *ports = __atomic_load_n(&sw->ports, __ATOMIC_ACQUIRE);
	unsigned i;

	for (i = 0; i < ports->n; i++) {
		struct net_port *port = __atomic_load_n(&ports->at[i], __ATOMIC_ACQUIRE);

		if (port && port != p->burst->from)
			deliver(p, port);
	}
}

/* --- from a port --------------------------------------------------------------------------- */

/** Copy the frame's header, take a tag out. @return false: no frame that could be sent */
static bool take_header(struct passing *p, const struct net_frame *frame)
{
	union header *h = &p->header;

	if (frame->len < NET_HDR_LEN || frame->len > NET_FRAME_MAX || frame->head_len ||
	    ((frame->flags | frame->gso_type) && !net_offloads_ok(frame)))
		return false;
	h->w[1] = 0;
	h->w[2] = 0;
	if (likely(frame->segs[0].len >= frame->skip + sizeof(h->b)))
		copy_data(h->b, (const uint8_t *)frame->segs[0].va + frame->skip, sizeof(h->b));
	else
		net_frame_read(frame, 0, h->b, sizeof(h->b));
	p->frame = *frame;
	p->frame.from = p->burst->from;
	p->frame.head = h;
	p->frame.head_len = NET_HDR_LEN;
	p->frame.skip += NET_HDR_LEN;
	p->dst = le64_to_cpu(h->w[0]) & MAC_BITS;
	p->src = le64_to_cpu(h->w[0]) >> 48 | (uint64_t)le32_to_cpu(h->half[2]) << 16;
	p->tci = 0;
	if (likely(h->quarter[6] != cpu_to_be16(TYPE_VLAN)))
		return !(p->src & MULTICAST);
	if (frame->len < sizeof(h->b) ||
	    (frame->flags & NET_NEEDS_CSUM && frame->csum_start < sizeof(h->b)))
		return false;
	p->tci = be16_to_cpu(h->quarter[7]);
	h->quarter[6] = h->quarter[8];
	p->frame.skip += NET_VLAN_LEN;
	move_offsets(&p->frame, -NET_VLAN_LEN);
	return !(p->src & MULTICAST);
}

/** Show those who capture what came in: a port as it came, a switch with the VLAN's tag. */
static void capture_in(struct passing *p, struct net_port *from, struct net_switch *sw,
		       const struct net_frame *frame)
{
	struct net_capture *capture = __atomic_load_n(&from->capture, __ATOMIC_ACQUIRE);
	struct net_frame tagged;
	union header head;

	if (capture)
		net_capture_frame(capture, frame);
	capture = __atomic_load_n(&sw->capture, __ATOMIC_ACQUIRE);
	if (!capture)
		return;
	if (p->vid == NET_VLAN_DEFAULT) {
		net_capture_frame(capture, &p->frame);
		return;
	}
	add_tag(&tagged, &head, p);
	net_capture_frame(capture, &tagged);
}

static void forward(struct passing *p, struct net_switch *sw)
{
	uint64_t vlan = (uint64_t)p->vid << 48;
	struct net_port *from = p->burst->from, *to;

	if (sw->policy == NET_POLICY_HUB) {
		flood(p, sw);
		return;
	}
	macs_learn(sw, vlan | p->src, from, p->burst->now);
	if (p->dst & MULTICAST) {
		if (likely((p->dst & RESERVED_MASK) != RESERVED))
			flood(p, sw);
		return;
	}
	to = macs_find(sw, vlan | p->dst, p->burst->now);
	if (unlikely(!to))
		flood(p, sw);
	else if (likely(to != from))
		deliver(p, to);
}

void net_send(struct net_burst *burst, const struct net_frame *frame)
{
	struct net_port *from = burst->from;
	struct net_switch *sw = burst->sw;
	struct passing p;
	struct net_rate *rate;

	burst->work++;
	p.burst = burst;
	if (unlikely(!sw || !take_header(&p, frame))) {
		count(&from->stats.tx_dropped, 1);
		return;
	}
	p.vid = vlan_in(__atomic_load_n(&from->vlans, __ATOMIC_ACQUIRE), p.tci & VID_MASK);
	if (unlikely(!p.vid)) {
		count(&from->stats.tx_dropped, 1);
		return;
	}
	rate = __atomic_load_n(&from->rate, __ATOMIC_ACQUIRE);
	if (unlikely(rate) && !net_rate_pass(rate, frame->len)) {
		count(&from->stats.tx_limited, 1);
		return;
	}
	count(&from->stats.tx_frames, 1);
	count(&from->stats.tx_bytes, frame->len);
	if (unlikely(READ_ONCE(from->capture) || READ_ONCE(sw->capture)))
		capture_in(&p, from, sw, frame);
	forward(&p, sw);
}
