/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor on its own network: one port on a switch with an IPv4 address, static or by DHCP;
 * ARP, ICMP echo, and TCP connections that others open. Thread context unless said otherwise; one
 * mutex inside. Addresses are in the CPU's byte order, 192.168.0.1 is 0xc0a80001.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <core/net.h>
#include <libs/util.h>

#define INET_TEXT 16 /**< an address as text, with NUL */

enum inet_mode { INET_NONE, INET_STATIC, INET_DHCP };

struct inet_info {
	bool attached;
	char sw[32];		   /* switch */
	uint8_t mac[NET_MAC_LEN];
	enum inet_mode mode;
	uint32_t addr, mask, gateway, dns; /* 0: none */
	uint64_t lease_end;	   /* time_now() scale; UINT64_MAX: for ever; 0: no lease */
	uint64_t rx_dropped;	   /* no room for them */
	uint64_t bad;		   /* malformed, or with a wrong checksum */
};

/** Put the port "host" on a switch. @return 0, -EBUSY (it is on one), -ENOENT, -ENOMEM */
must_check int inet_attach(const char *switch_name);
/** Take it off; connections end. @return 0 or -ENOENT */
must_check int inet_detach(void);
/**
 * Static address; 0 for no gateway.
 * @return 0, -ENOENT (not attached), -EINVAL (an address that no host can have, a mask with holes,
 *         a gateway that is on another network)
 */
must_check int inet_set_static(uint32_t addr, uint32_t mask, uint32_t gateway);
/** No address. @return 0 or -ENOENT */
must_check int inet_set_none(void);
/** Ask for an address by DHCP (RFC 2131) and keep it; does not wait. @return 0, -ENOENT */
must_check int inet_set_dhcp(void);
void inet_info(struct inet_info *info);
/** "10.0.2.2" @return false when it is no address */
bool inet_parse(const char *text, uint32_t *addr);
/** @param buf  INET_TEXT bytes @return buf */
const char *inet_format(char *buf, uint32_t addr);

/** What came of an echo request. */
struct inet_echo {
	uint64_t ns;	/* round trip */
	uint32_t from;	/* who answered */
	uint8_t ttl;
};
/**
 * Send an ICMP echo request and wait for its answer. One caller at a time, others wait.
 * @param size  bytes of data, at most 1400
 * @return 0, -ETIMEDOUT, -EHOSTUNREACH (no answer to ARP, or a router says so), -ENETUNREACH (no
 *         address, no gateway), -ENOENT
 */
must_check int inet_ping(uint32_t to, uint16_t seq, unsigned size, uint64_t deadline,
			 struct inet_echo *echo);

/* --- TCP (RFC 9293), passive side ------------------------------------------------------------ */

struct tcp_service;

/** What a service does with its connection; it has one at a time, others are refused. */
struct tcp_service_ops {
	/** Somebody connected: inet's mutex is held, no call back. */
	void (*opened)(struct tcp_service *service);
	/** Bytes that it would take now; inet's mutex held. */
	size_t (*room)(struct tcp_service *service);
	/** Bytes came, no more than there was room for; inet's mutex held. */
	void (*received)(struct tcp_service *service, const uint8_t *buf, size_t n);
	/** The connection has ended, from either side or by time; inet's mutex held. */
	void (*closed)(struct tcp_service *service);
};

struct tcp_conn;

struct tcp_service {
	uint16_t port;
	uint32_t idle_limit;	/* seconds without a byte from there; 0: none */
	const struct tcp_service_ops *ops;
	void *priv;
	bool busy;		/* not ready for another connection yet; may change at any time */
	/* inet's */
	struct list link;
	struct tcp_conn *conn;
};

/** @return 0, -EADDRINUSE, -ENOMEM */
must_check int tcp_listen(struct tcp_service *service);
/** End its connection and listen no more; closed() was called when this returns. */
void tcp_unlisten(struct tcp_service *service);
/** End the connection after what is queued has been sent. Any context. */
void tcp_close(struct tcp_service *service);
/** Queue bytes. Any context. @return how many there was room for */
size_t tcp_send(struct tcp_service *service, const void *buf, size_t n);
/** Wait for room. @return false when there is no connection any more, or the moment passed */
bool tcp_wait_room(struct tcp_service *service, size_t n, uint64_t deadline);
/** Wait until no function of a service is running. Thread context, not from one of them. */
void inet_quiesce(void);
/** Who is connected. @return false: nobody */
bool tcp_peer(struct tcp_service *service, uint32_t *addr, uint16_t *port);
