/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DHCP client (RFC 2131, 2132): asks, takes the first offer, renews at half of the lease by
 * broadcast, and gives the address up when the lease has ended. Guarded by inet.lock.
 */
#include "inet_priv.h"

#include <core/log.h>
#include <core/random.h>
#include <core/time.h>
#include <libs/byteorder.h>
#include <libs/string.h>

#define PORT_SERVER 67
#define PORT_CLIENT 68
#define UDP_HLEN    8
#define FIXED	    236 /* bytes of a message before the options */
#define COOKIE	    0x63825363u
#define MSG_LEN	    300 /* some servers want this much (RFC 951) */

#define OPT_MASK    1
#define OPT_ROUTER  3
#define OPT_DNS	    6
#define OPT_NAME    12
#define OPT_WANTED  50
#define OPT_LEASE   51
#define OPT_TYPE    53
#define OPT_SERVER  54
#define OPT_LIST    55
#define OPT_CLIENT  61
#define OPT_END	    255

enum { DISCOVER = 1, OFFER, REQUEST, DECLINE, ACK, NAK };
enum dhcp_state { IDLE, SELECTING, REQUESTING, BOUND, RENEWING };

#define RETRY_FIRST (2 * NS_PER_S)
#define RETRY_MAX   (32 * NS_PER_S)
#define RENEW_RETRY (10 * NS_PER_S)

static struct {
	enum dhcp_state state;
	uint32_t xid;
	uint32_t wanted, server;
	uint64_t next, wait; /* next message, and how long after it the one after */
	uint64_t renew;	     /* moment */
	uint64_t began;
} dhcp;

struct options {
	uint8_t type;
	uint32_t mask, router, dns, lease, server;
};

/* --- messages -------------------------------------------------------------------------------- */

static uint8_t *put_option(uint8_t *o, uint8_t code, const void *data, uint8_t n)
{
	o[0] = code;
	o[1] = n;
	memcpy(o + 2, data, n);
	return o + 2 + n;
}

static uint8_t *put_addr(uint8_t *o, uint8_t code, uint32_t addr)
{
	uint8_t b[4];

	put_be32(b, addr);
	return put_option(o, code, b, 4);
}

static void send_message(uint8_t type)
{
	static const uint8_t list[] = { OPT_MASK, OPT_ROUTER, OPT_DNS, OPT_LEASE };
	uint8_t *udp = inet_payload(), *msg = udp + UDP_HLEN, *o = msg + FIXED;
	uint8_t client[1 + NET_MAC_LEN] = { 1 };

	memset(udp, 0, UDP_HLEN + MSG_LEN);
	put_be16(udp, PORT_CLIENT);
	put_be16(udp + 2, PORT_SERVER);
	put_be16(udp + 4, UDP_HLEN + MSG_LEN);
	msg[0] = 1; /* BOOTREQUEST */
	msg[1] = 1;
	msg[2] = NET_MAC_LEN;
	put_be32(msg + 4, dhcp.xid);
	put_be16(msg + 8, (uint16_t)MIN_T(uint64_t, (time_now() - dhcp.began) / NS_PER_S, 0xffff));
	put_be16(msg + 10, 0x8000); /* the answer as a broadcast, please */
	put_be32(msg + 12, inet.addr);
	memcpy(msg + 28, inet.port.mac, NET_MAC_LEN);
	put_be32(o, COOKIE);
	o = put_option(o + 4, OPT_TYPE, &type, 1);
	memcpy(client + 1, inet.port.mac, NET_MAC_LEN);
	o = put_option(o, OPT_CLIENT, client, sizeof(client));
	o = put_option(o, OPT_NAME, "xvisor", 6);
	if (type == REQUEST && !inet.addr) {
		o = put_addr(o, OPT_WANTED, dhcp.wanted);
		o = put_addr(o, OPT_SERVER, dhcp.server);
	}
	o = put_option(o, OPT_LIST, list, sizeof(list));
	*o = OPT_END;
	inet_broadcast(IP_UDP, UDP_HLEN + MSG_LEN);
}

static bool parse_options(const uint8_t *msg, size_t len, struct options *out)
{
	size_t at = FIXED + 4;

	*out = (struct options){ 0 };
	if (len < at || get_be32(msg + FIXED) != COOKIE)
		return false;
	while (at < len && msg[at] != OPT_END) {
		const uint8_t *value = msg + at + 2;
		uint8_t n;

		if (!msg[at]) { /* padding */
			at++;
			continue;
		}
		if (len - at < 2 || len - at - 2 < msg[at + 1])
			return false;
		n = msg[at + 1];
		if (msg[at] == OPT_TYPE && n == 1)
			out->type = *value;
		else if (msg[at] == OPT_MASK && n == 4)
			out->mask = get_be32(value);
		else if (msg[at] == OPT_ROUTER && n >= 4)
			out->router = get_be32(value);
		else if (msg[at] == OPT_DNS && n >= 4)
			out->dns = get_be32(value);
		else if (msg[at] == OPT_LEASE && n == 4)
			out->lease = get_be32(value);
		else if (msg[at] == OPT_SERVER && n == 4)
			out->server = get_be32(value);
		at += 2u + n;
	}
	return out->type;
}

/* --- states ---------------------------------------------------------------------------------- */

static void enter(enum dhcp_state state, uint64_t now)
{
	dhcp.state = state;
	dhcp.next = now;
	dhcp.wait = RETRY_FIRST;
}

void dhcp_start(void)
{
	random_bytes(&dhcp.xid, sizeof(dhcp.xid));
	dhcp.began = time_now();
	enter(SELECTING, dhcp.began);
}

void dhcp_stop(void)
{
	dhcp.state = IDLE;
}

static void lose_address(const char *why)
{
	char text[INET_TEXT];

	log_warn("network: address %s is lost (%s); asking for another",
		 inet_format(text, inet.addr), why);
	inet.addr = inet.mask = inet.gateway = inet.dns = 0;
	inet.lease_end = 0;
	inet_changed();
	dhcp_start();
}

static void bind_address(uint32_t addr, const struct options *opt)
{
	uint64_t now = time_now();
	char text[INET_TEXT];

	dhcp.state = BOUND;
	inet.lease_end = opt->lease == UINT32_MAX ? NEVER : now + opt->lease * NS_PER_S;
	dhcp.renew = opt->lease == UINT32_MAX ? NEVER : now + opt->lease * NS_PER_S / 2;
	if (inet.addr == addr)
		return;
	inet.addr = addr;
	inet.mask = opt->mask ? opt->mask : 0xffffff00u;
	inet.gateway = opt->router;
	inet.dns = opt->dns;
	inet_changed();
	log_info("network: address %s by DHCP", inet_format(text, addr));
}

void dhcp_input(const uint8_t *msg, size_t len, uint32_t from)
{
	struct options opt;
	uint32_t yours;

	if (dhcp.state == IDLE || len < FIXED || msg[0] != 2 || get_be32(msg + 4) != dhcp.xid ||
	    memcmp(msg + 28, inet.port.mac, NET_MAC_LEN) || !parse_options(msg, len, &opt))
		return;
	yours = get_be32(msg + 16);
	if (dhcp.state == SELECTING && opt.type == OFFER && yours) {
		dhcp.wanted = yours;
		dhcp.server = opt.server ? opt.server : from;
		enter(REQUESTING, time_now());
	} else if (dhcp.state == REQUESTING || dhcp.state == RENEWING) {
		if (opt.type == NAK && dhcp.state == RENEWING)
			lose_address("the server says so");
		else if (opt.type == NAK)
			dhcp_start();
		else if (opt.type == ACK && yours && opt.lease)
			bind_address(yours, &opt);
	}
}

uint64_t dhcp_timer(uint64_t now)
{
	if (dhcp.state == IDLE)
		return NEVER;
	if (dhcp.state == BOUND) {
		if (now < dhcp.renew)
			return dhcp.renew;
		enter(RENEWING, now);
	}
	if (dhcp.state == RENEWING && now >= inet.lease_end)
		lose_address("its lease has ended");
	if (now < dhcp.next)
		return MIN(dhcp.next, dhcp.state == RENEWING ? inet.lease_end : NEVER);
	send_message(dhcp.state == SELECTING ? DISCOVER : REQUEST);
	dhcp.next = now + (dhcp.state == RENEWING ? RENEW_RETRY : dhcp.wait);
	/* A server that offered and is silent now is given up. */
	if (dhcp.state == REQUESTING && dhcp.wait >= 4 * RETRY_FIRST)
		dhcp_start();
	else
		dhcp.wait = MIN_T(uint64_t, dhcp.wait * 2, RETRY_MAX);
	return dhcp.next;
}
