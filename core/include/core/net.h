/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Networks, as devices and drivers see them: frames, ports of layer-2 switches, and the host's
 * network interfaces. A frame is never queued: it is copied once, from where its sender has it to
 * where its receiver wants it, in the sender's thread; a receiver without room drops it. What
 * people do with switches is in core/netswitch.h.
 *
 * Locks: one mutex (core/net's) guards the lists of ports, switches and interfaces. A frame's way
 * takes no lock of a switch: a burst marks its port as busy instead, and whoever takes a port or a
 * switch away waits until no burst that may know it is left. deliver() may take the lock of a
 * receiving queue; it must not call into core/net.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libs/list.h>
#include <libs/seg.h>
#include <libs/util.h>

#define NET_MAC_LEN   6
#define NET_HDR_LEN   14    /**< Ethernet header: destination, source, type */
#define NET_VLAN_LEN  4	    /**< 802.1Q tag */
#define NET_MTU	      1500  /**< bytes behind the header, if not said otherwise */
#define NET_MTU_MIN   68    /**< least that a port may have (RFC 791) */
#define NET_MTU_MAX   65535
#define NET_FRAME_MAX (NET_MTU_MAX + NET_HDR_LEN + NET_VLAN_LEN)
#define NET_NAME_MAX  48
#define NET_BURST_PORTS 6
#define NET_SEGMENTS_MAX 1024 /**< of one frame with segmentation */

/* What a receiver takes without our doing it in software (as VIRTIO_NET_F_GUEST_...). */
#define NET_CAP_CSUM BIT32(0) /**< partial checksums */
#define NET_CAP_TSO4 BIT32(1)
#define NET_CAP_TSO6 BIT32(2)
#define NET_CAP_USO  BIT32(3)
#define NET_CAP_ECN  BIT32(4) /**< TCP segmentation with CWR set */
#define NET_CAP_ALL  (NET_CAP_CSUM | NET_CAP_TSO4 | NET_CAP_TSO6 | NET_CAP_USO | NET_CAP_ECN)

/* net_frame.flags and .gso_type: numbers of Virtual I/O Device 1.2, 5.1.6. */
#define NET_NEEDS_CSUM 1 /**< the checksum at csum_start + csum_offset holds a pseudo header's */
#define NET_DATA_VALID 2 /**< checksums were found to be good */
#define NET_GSO_NONE   0
#define NET_GSO_TCPV4  1
#define NET_GSO_TCPV6  4
#define NET_GSO_UDP_L4 5
#define NET_GSO_ECN    0x80

/**
 * One frame on its way. Its bytes are head[0 ... head_len), then those of the segments from byte
 * `skip` on, as many as make `len`. The segments may be a guest's memory, which changes meanwhile.
 * Whoever makes a frame for net_send() has segments only: head and head_len are zero. Whoever takes
 * one reads it by net_iter_copy().
 */
struct net_frame {
	const void *head; /* headers that the switch or software offloads changed */
	const struct net_port *from; /* set by net_send() */
	const struct mem_seg *segs;
	uint16_t nr_segs;
	uint16_t head_len;
	uint32_t skip;
	uint32_t len; /* bytes, Ethernet header on, without frame check sequence */
	uint8_t flags;
	uint8_t gso_type;
	uint16_t hdr_len, gso_size, csum_start, csum_offset; /* bytes of the frame */
};

/** Reading a frame from its beginning. */
struct net_iter {
	const struct net_frame *frame;
	const struct mem_seg *seg;
	const uint8_t *at;  /* what is left of the current piece */
	uint32_t here;
	uint16_t segs_left; /* behind the current piece */
};
/** Begin at byte `off`. */
void net_iter_init(struct net_iter *it, const struct net_frame *frame, uint32_t off);
/** The next contiguous bytes. @return how many, 0 at the end of what the frame has */
size_t net_iter_piece(struct net_iter *it, const uint8_t **p);
/** Copy the frame's next n bytes; zeros behind its end. The two must not overlap. */
void net_iter_copy(struct net_iter *it, void *dst, size_t n);
/** Copy n bytes from offset `off` of a frame. @return bytes that there were, the rest is zeros */
size_t net_frame_read(const struct net_frame *frame, uint32_t off, void *dst, size_t n);

struct net_port;
struct net_switch;
struct net_vlans;
struct net_rate;
struct net_capture;

/** What a port's owner supplies. Thread context, in the thread of whoever sends. */
struct net_port_ops {
	/**
	 * Take a frame: copy it. Several threads may call at once. Offloads that the port has no
	 * capability for have been done.
	 * @return false: no room or not wanted now, dropped (the switch counts)
	 */
	bool (*deliver)(struct net_port *port, const struct net_frame *frame);
	/** The sender's burst is over: interrupt whoever waits, ring the bell. May be NULL. */
	void (*burst_end)(struct net_port *port);
	/**
	 * Attached to a switch (nothing was sent yet), or not any more (nothing is under way).
	 * core/net's mutex is held. May be NULL. @return 0, or why it cannot be attached
	 */
	int (*link)(struct net_port *port, bool up);
};

/** Counters are the port's view: rx came to it from the switch, tx went from it into the switch. */
struct net_stats {
	uint64_t rx_frames, rx_bytes, tx_frames, tx_bytes;
	uint64_t rx_dropped; /* no room at the receiver, or too long for it */
	uint64_t tx_dropped; /* malformed, wrong VLAN, no switch */
	uint64_t tx_limited; /* above its rate */
};

/**
 * One port. Its memory is its owner's (a guest's device, an interface of the host, the
 * hypervisor's own network), who zeroes it and fills the first part.
 */
struct net_port {
	char name[NET_NAME_MAX];   /* "web/net0", "eth0": unique */
	const struct net_port_ops *ops;
	void *priv;
	uint32_t caps;		   /* NET_CAP_... that deliver() takes; may change at any time */
	uint32_t mtu;		   /* 0: NET_MTU; longer frames are not delivered */
	bool uplink;		   /* many addresses may be behind it */
	uint8_t mac[NET_MAC_LEN];  /* only to be shown */
	/* core/net's */
	struct list link;
	struct net_switch *sw;	   /* NULL: not attached */
	char wants[32];		   /* switch that it is attached to when there is one; "": none */
	uint16_t index;		   /* in its switch */
	uint16_t macs;		   /* addresses learned behind it */
	uint32_t active[2];	   /* bursts under way, by the epoch in which they began */
	struct net_vlans *vlans;   /* NULL: VLAN 1, untagged */
	struct net_rate *rate;	   /* NULL: no limit */
	struct net_capture *capture;
	struct net_stats stats;
};

/**
 * Make a port known, not attached. Thread context.
 * @return 0, -EEXIST: there is one of this name
 */
must_check int net_port_register(struct net_port *port);
/**
 * Detach and forget it. When this returns nothing is delivered to it and none of its own frames is
 * on the way. Thread context; no lock held that deliver(), burst_end() or link() take.
 */
void net_port_unregister(struct net_port *port);
/**
 * Attach to a switch by name. Where there is none yet, the port stays without link until one of
 * this name is created. Thread context; locks as for net_port_unregister().
 * @return 0 attached, 1 there is no such switch now, -EBUSY attached to one, -ENOMEM, -ENOSPC
 *         (65535 ports), -EINVAL (no name of a switch), or what link() said
 */
must_check int net_port_attach(struct net_port *port, const char *switch_name);
/** Take it from its switch, as net_port_unregister() does; it wants none afterwards. */
void net_port_detach(struct net_port *port);

/**
 * Frames that one thread sends from a port in a row. Lives on the sender's stack or in its queue;
 * receivers are interrupted once, at the end. Between begin and end the sender may sleep, but not
 * detach or unregister any port.
 */
struct net_burst {
	struct net_port *from;
	struct net_switch *sw;
	uint32_t now;	 /* moment at which addresses are seen */
	uint32_t work;	 /* frames handed to ports so far: a sender bounds its bursts by it */
	uint8_t epoch;
	uint8_t nr;
	struct net_port *touched[NET_BURST_PORTS];
};
void net_burst_begin(struct net_burst *burst, struct net_port *from);
/** A frame goes from the port into its switch. What is wrong with it is counted, never fatal. */
void net_send(struct net_burst *burst, const struct net_frame *frame);
void net_burst_end(struct net_burst *burst);

/**
 * Share a receiver's last room among those who send: without that, one that sends all the time has
 * all of it, because whatever becomes free is taken at once. Zeroed at first; the receiver's lock.
 */
#define NET_FAIR_SLOTS 32
struct net_fair {
	uint32_t period;
	uint8_t had[NET_FAIR_SLOTS];
};
/** A new period of some milliseconds has begun, in which everybody may have something again. */
bool net_fair_begin(struct net_fair *fair);
/**
 * Room is short: may this sender have one more?
 * @param quota  frames that one may have in a period
 */
bool net_fair_pass(struct net_fair *fair, const struct net_port *from, unsigned quota);

/* --- the host's interfaces ---------------------------------------------------------------- */

struct netdev;

struct netdev_ops {
	/** Begin to receive, all addresses (promiscuous). Thread context. @return 0 or error */
	int (*open)(struct netdev *nd);
	/** Stop; no netdev_receive() is running or comes when this returns. */
	void (*close)(struct netdev *nd);
	/**
	 * Copy a frame into the transmit ring. Thread context; several threads may call at once.
	 * @return false: full or no link, dropped
	 */
	bool (*transmit)(struct netdev *nd, const struct net_frame *frame);
	/** Make the hardware look at what was put there: once per burst. */
	void (*burst_end)(struct netdev *nd);
};

/** A network interface of the host, "eth0". It is the uplink of at most one switch. */
struct netdev {
	/* the driver's, set before netdev_register() */
	const struct netdev_ops *ops;
	void *priv;
	const char *driver;	  /* "virtio-net", "e1000e": to be shown */
	uint8_t mac[NET_MAC_LEN];
	uint32_t mtu;
	uint32_t caps;		  /* NET_CAP_... that transmit() takes */
	bool link_up;		  /* may change at any time */
	/* core/net's */
	struct list link;
	char name[16];
	struct net_port port;	  /* its port when it is an uplink */
	struct net_burst burst;	  /* of the driver's receive thread */
	bool in_burst, open;
};

/**
 * Make an interface known; it is named ethN. Thread context; it may be opened before this returns.
 * @return 0 or -ENOSPC
 */
must_check int netdev_register(struct netdev *nd);
/** It goes away: detached and closed. Thread context, the driver's locks not held. */
void netdev_unregister(struct netdev *nd);
/**
 * Driver: a frame was received. Thread context (the driver's own receive thread, one at a time).
 * The frame's memory is the driver's again when this returns.
 */
void netdev_receive(struct netdev *nd, const struct net_frame *frame);
/** After the last one of a burst, and before the thread waits for more. */
void netdev_receive_end(struct netdev *nd);
