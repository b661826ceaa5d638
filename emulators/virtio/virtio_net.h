/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside the virtio network device (Virtual I/O Device 1.2, 5.1): numbers of the standard, and the
 * device's state, shared by the way of frames (virtio_net.c) and the control queue
 * (virtio_net_ctrl.c).
 */
#pragma once

#include <core/net.h>
#include <core/time.h>

#include "virtio.h"

/* Features (5.1.3). */
#define F_CSUM		      BIT(0)
#define F_GUEST_CSUM	      BIT(1)
#define F_CTRL_GUEST_OFFLOADS BIT(2)
#define F_MTU		      BIT(3)
#define F_MAC		      BIT(5)
#define F_GUEST_TSO4	      BIT(7)
#define F_GUEST_TSO6	      BIT(8)
#define F_GUEST_ECN	      BIT(9)
#define F_HOST_TSO4	      BIT(11)
#define F_HOST_TSO6	      BIT(12)
#define F_HOST_ECN	      BIT(13)
#define F_MRG_RXBUF	      BIT(15)
#define F_STATUS	      BIT(16)
#define F_CTRL_VQ	      BIT(17)
#define F_CTRL_RX	      BIT(18)
#define F_CTRL_VLAN	      BIT(19)
#define F_CTRL_RX_EXTRA	      BIT(20)
#define F_GUEST_ANNOUNCE      BIT(21)
#define F_MQ		      BIT(22)
#define F_CTRL_MAC_ADDR	      BIT(23)
#define F_GUEST_USO4	      BIT(54)
#define F_GUEST_USO6	      BIT(55)
#define F_HOST_USO	      BIT(56)

#define GUEST_OFFLOADS                                                                             \
	(F_GUEST_CSUM | F_GUEST_TSO4 | F_GUEST_TSO6 | F_GUEST_ECN | F_GUEST_USO4 | F_GUEST_USO6)

/* Status in configuration space (5.1.4). */
#define S_LINK_UP  1
#define S_ANNOUNCE 2

#define VNET_HDR_LEN 12
#define PAIRS_MAX    8
#define MACS_MAX     64 /* of the filter: unicast and multicast each */
#define VLAN_WORDS   (4096 / 32)

/** Header in front of each frame (5.1.6). */
struct vnet_hdr {
	uint8_t flags, gso_type;
	uint16_t hdr_len, gso_size, csum_start, csum_offset, num_buffers;
};

/** Which frames the driver wants (5.1.6.5.1, 5.1.6.5.2, 5.1.6.5.3). */
struct vnet_filter {
	bool promisc, allmulti, alluni, nomulti, nouni, nobcast;
	bool too_many_uni, too_many_multi; /* more addresses than fit: all come */
	uint8_t nr_uni, nr_multi;
	uint64_t uni[MACS_MAX], multi[MACS_MAX]; /* first byte lowest */
	uint32_t vlans[VLAN_WORDS];
};

/** Room in a receive queue; its lock. */
struct vnet_room {
	uint16_t most;	/* buffers that the driver has in it at best, as far as that is seen */
	uint16_t spare; /* with no more than these, they are shared out fairly */
	bool refused;	/* somebody got none in this period */
	struct net_fair fair;
};

struct virtio_net {
	struct virtio_dev *vd;
	struct net_port port;
	uint64_t mac;	     /* first byte lowest; atomic */
	uint16_t max_pairs;
	uint16_t pairs;	     /* in use; atomic */
	bool link;	     /* atomic */
	bool announce;	     /* the driver is to tell the network that it is there; atomic */
	uint32_t rx_pending; /* receive queues with frames since the last interrupt; atomic */
	uint32_t tx_owed;    /* pairs whose transmit queue tx_timer looks after; atomic */
	struct timer tx_timer;
	struct vnet_room room[PAIRS_MAX];
	struct vnet_filter filter; /* locks of all receive queues */
};

static inline struct virtqueue *vnet_rx_queue(const struct virtio_net *n, unsigned pair)
{
	return &n->vd->queues[2 * pair];
}

/** Filters as they are after a reset. */
void virtio_net_filter_reset(struct virtio_net *n);
/** The receive queue's lock is held. */
bool virtio_net_filter_pass(const struct virtio_net *n, const struct net_frame *frame);
/** Serve the control queue. */
bool virtio_net_ctrl(struct virtio_net *n, struct virtqueue *vq);
/** What receives takes depends on these of the driver's features. */
void virtio_net_set_offloads(struct virtio_net *n, uint64_t features);
