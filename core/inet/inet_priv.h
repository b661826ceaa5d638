/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the files of core/inet. inet.lock guards all of it but the queue of received frames and
 * what TCP services send, which have spin locks of their own.
 */
#pragma once

#include <core/inet.h>
#include <core/thread.h>

#define ETH_IPV4 0x0800
#define ETH_ARP	 0x0806

#define IP_ICMP 1
#define IP_TCP	6
#define IP_UDP	17

#define IP_HLEN	    20 /* what we send; no options */
#define ETH_MTU	    1500
#define ETH_MAX	    (NET_HDR_LEN + ETH_MTU)
#define BROADCAST   0xffffffffu
#define NS_PER_S    1000000000ull
#define NS_PER_MS   1000000ull
#define NEVER	    UINT64_MAX

/** A packet from the wire: pointers into one copy of it. */
struct inet_packet {
	const uint8_t *eth;
	const uint8_t *ip;
	const uint8_t *data; /* behind the IP header */
	size_t len;	     /* of data */
	uint32_t src, dst;
	uint8_t proto, ttl;
};

struct inet {
	struct mutex lock;
	bool up;		/* attached, thread runs */
	bool stop;
	char sw[32];
	struct net_port port;
	struct thread *thread;
	/* address */
	enum inet_mode mode;
	uint32_t addr, mask, gateway, dns;
	uint64_t lease_end;
	uint16_t ip_id;
	uint64_t bad;
	uint8_t tx[ETH_MAX];	/* packet being made; under lock */
};

extern struct inet inet;

/* --- iface.c -------------------------------------------------------------------------------- */

/** Let the thread look. Any context. */
void inet_kick(void);
/** Where the data of an IP packet to be sent goes, up to ETH_MTU - IP_HLEN bytes. */
static inline uint8_t *inet_payload(void)
{
	return inet.tx + NET_HDR_LEN + IP_HLEN;
}
/**
 * Send n bytes that are at inet_payload(). Where the receiver's hardware address is not known, the
 * packet waits for it, one for each.
 * @return 0, -ENETUNREACH
 */
int inet_send(uint32_t to, uint8_t proto, size_t n);
/** The same to everybody, also without an address. */
void inet_broadcast(uint8_t proto, size_t n);
/** Ones' complement sum (RFC 1071), to be continued and folded. */
uint32_t inet_sum(uint32_t sum, const void *p, size_t n);
uint16_t inet_fold(uint32_t sum);
/** Sum of a pseudo header. */
uint32_t inet_pseudo(uint32_t src, uint32_t dst, uint8_t proto, size_t n);
/** A new address (0: none) is in force: connections of the old one end. */
void inet_changed(void);

/* --- arp.c ---------------------------------------------------------------------------------- */

/**
 * Hardware address of a neighbour.
 * @return false: not known yet; it is asked for, and the packet at inet.tx is kept
 */
bool arp_resolve(uint32_t addr, size_t frame_len);
void arp_input(const uint8_t *eth, size_t len);
/** @return next moment to be called */
uint64_t arp_timer(uint64_t now);
void arp_flush(void);
/** Did nobody answer for this address lately? */
bool arp_failed(uint32_t addr);
/** Send a frame of n bytes that is at inet.tx. */
void inet_transmit(size_t n);

/* --- icmp.c, dhcp.c, tcp.c ------------------------------------------------------------------ */

void icmp_input(const struct inet_packet *p);
void udp_input(const struct inet_packet *p);
void dhcp_start(void);
void dhcp_stop(void);
void dhcp_input(const uint8_t *msg, size_t len, uint32_t from);
uint64_t dhcp_timer(uint64_t now);
void tcp_input(const struct inet_packet *p);
/** Send what is due, time out what is over. @return next moment to be called */
uint64_t tcp_timer(uint64_t now);
/** All connections end at once. */
void tcp_abort_all(void);
