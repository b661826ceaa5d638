/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside core/net: switches, their tables of ports and of addresses.
 *
 * What a frame's way reads (a switch's ports, its addresses, a port's VLANs, rate and captures) is
 * changed by publishing a new object with a release store and freeing the old one after
 * net_synchronize(). All changes are made under net_mutex, but for addresses, which are learned on
 * the way under the table's spin lock.
 */
#pragma once

#include <core/net.h>
#include <core/netswitch.h>
#include <core/spinlock.h>
#include <core/thread.h>

/** Learned addresses: sets of slots, found by hash. */
struct mac_slot {
	/* address (first byte lowest) and VLAN << 48, 0: empty; read without the lock */
	uint64_t key;
	uint64_t value; /* port's index << 32 | moment; likewise */
};
struct mac_table {
	uint64_t secret; /* odd: nobody can know which addresses share a set */
	unsigned shift;
	uint32_t count;	 /* slots */
	struct mac_slot slots[];
};

struct net_ports {
	unsigned n; /* places in use, some may be NULL */
	struct net_port *at[];
};

struct net_switch {
	struct list link;
	char name[32];
	enum net_policy policy;
	uint32_t age; /* moments, net_moment() */
	struct net_ports *ports;
	unsigned nr_ports;
	struct mac_table *macs;
	spinlock_t mac_lock; /* see macs.c */
	uint32_t nr_macs; /* slots in use; mac_lock */
	uint32_t sweep;	  /* where to look next for addresses that are too old; mac_lock */
	uint32_t macs_max;
	bool grow_asked;
	struct net_capture *capture;
};

/** VLANs of a port. */
struct net_vlans {
	uint16_t native; /* of frames without a tag; 0: none */
	bool trunk;
	uint32_t allowed[]; /* trunk: 4096 bits */
};

extern struct mutex net_mutex;
extern struct list net_switches, net_port_list, netdevs;

/** Wait until no burst is left that began before. Thread context. */
void net_synchronize(void);

/** Time in units of a bit more than a second, for ages. */
uint32_t net_moment(void);
/** So many seconds in these units. */
static inline uint32_t net_moments(uint32_t seconds)
{
	return (uint32_t)(seconds * UINT64_C(1000000000) >> 30);
}

/* --- macs.c -------------------------------------------------------------------------------- */

must_check int macs_init(struct net_switch *sw);
void macs_fini(struct net_switch *sw);
/** The address was heard from a port. During a burst. */
void macs_learn(struct net_switch *sw, uint64_t key, struct net_port *port, uint32_t now);
/** Port behind which an address is; NULL: not known, or too long ago. During a burst. */
struct net_port *macs_find(struct net_switch *sw, uint64_t key, uint32_t now);
/** Forget all behind a port, NULL: all. net_mutex. */
void macs_forget(struct net_switch *sw, const struct net_port *port);
/** Ports have come or gone: how many addresses there may be. net_mutex. */
void macs_limit(struct net_switch *sw);

/* --- offload.c ----------------------------------------------------------------------------- */

/** Headers that are looked at in software, at most. */
#define NET_HEADERS_MAX 256

/** What the headers of a frame with offloads are; all offsets from the frame's beginning. */
struct net_headers {
	uint16_t l3, l4, payload;
	bool ipv6, udp;
};
/** Are a frame's offloads such that a receiver can rely on them? */
bool net_offloads_ok(const struct net_frame *frame);
/**
 * Hand a frame on as one or several that want no more than `caps`; its offloads were found to be
 * good by net_offloads_ok().
 * @return how many frames that were
 */
unsigned net_offload(const struct net_frame *frame, uint32_t caps,
		     bool (*fn)(void *arg, const struct net_frame *frame), void *arg);
/** The capabilities that a frame needs. */
static inline uint32_t net_needs(const struct net_frame *frame)
{
	static const uint8_t by_type[] = {
		[NET_GSO_TCPV4] = NET_CAP_TSO4,
		[NET_GSO_TCPV6] = NET_CAP_TSO6,
		[NET_GSO_UDP_L4] = NET_CAP_USO,
	};
	uint8_t type = frame->gso_type & ~NET_GSO_ECN;

	return (frame->flags & NET_NEEDS_CSUM ? NET_CAP_CSUM : 0) |
	       (type < sizeof(by_type) ? by_type[type] : 0) |
	       (frame->gso_type & NET_GSO_ECN ? NET_CAP_ECN : 0);
}

/* --- rate.c -------------------------------------------------------------------------------- */

/** May a frame of so many bytes pass now? */
bool net_rate_pass(struct net_rate *rate, uint32_t len);
/** @return NULL when out of memory; freed by heap_free() */
struct net_rate *net_rate_create(uint64_t bytes, uint64_t frames);

/* --- capture.c ----------------------------------------------------------------------------- */

/** Put a frame into a capture's ring, or count it as dropped. During a burst. */
void net_capture_frame(struct net_capture *capture, const struct net_frame *frame);
/** Stop one, which is not published any more, and free it. Not under net_mutex. */
void net_capture_end(struct net_capture *capture);
