/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ICMP (RFC 792): answers to echo requests, and echo requests of our own; and what comes by UDP,
 * which is DHCP only. Guarded by inet.lock.
 */
#include "inet_priv.h"

#include <core/random.h>
#include <core/time.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/string.h>

#define ECHO_REPLY	0
#define UNREACHABLE	3
#define ECHO_REQUEST	8
#define TIME_EXCEEDED	11
#define ICMP_HLEN	8
#define PING_MAX	1400
#define DHCP_CLIENT	68
#define UDP_HLEN	8

static struct mutex ping_lock = MUTEX_INIT(ping_lock);

/* The one echo request that is waited for. */
static struct {
	bool waiting, answered;
	int err;
	uint16_t id, seq;
	uint32_t to;
	unsigned size;
	uint64_t sent;
	struct inet_echo echo;
	struct waitq wq;
} ping = { .wq = WAITQ_INIT(ping.wq) };

static void echo_reply(const struct inet_packet *p)
{
	uint8_t *out = inet_payload();

	if (p->len > ETH_MTU - IP_HLEN)
		return;
	memcpy(out, p->data, p->len);
	out[0] = ECHO_REPLY;
	put_be16(out + 2, 0);
	put_be16(out + 2, inet_fold(inet_sum(0, out, p->len)));
	(void)inet_send(p->src, IP_ICMP, p->len);
}

static void finish(const struct inet_packet *p, int err)
{
	ping.echo.ns = time_now() - ping.sent;
	ping.echo.from = p->src;
	ping.echo.ttl = p->ttl;
	ping.err = err;
	ping.answered = true;
	ping.waiting = false;
	waitq_wake_all(&ping.wq);
}

static bool is_ours(const uint8_t *icmp)
{
	return ping.waiting && get_be16(icmp + 4) == ping.id && get_be16(icmp + 6) == ping.seq;
}

/* A router's complaint carries the header that it is about, and 8 bytes. */
static void complaint(const struct inet_packet *p)
{
	const uint8_t *ip = p->data + ICMP_HLEN;
	size_t hlen;

	if (p->len < ICMP_HLEN + IP_HLEN + 8)
		return;
	hlen = (size_t)(ip[0] & 15) * 4;
	if (hlen < IP_HLEN || p->len < ICMP_HLEN + hlen + 8 || ip[9] != IP_ICMP ||
	    get_be32(ip + 16) != ping.to || ip[hlen] != ECHO_REQUEST || !is_ours(ip + hlen))
		return;
	finish(p, -EHOSTUNREACH);
}

void icmp_input(const struct inet_packet *p)
{
	if (p->len < ICMP_HLEN || inet_fold(inet_sum(0, p->data, p->len))) {
		inet.bad++;
		return;
	}
	switch (p->data[0]) {
	case ECHO_REQUEST:
		echo_reply(p);
		break;
	case ECHO_REPLY:
		if (is_ours(p->data) && p->src == ping.to && p->len == ICMP_HLEN + ping.size)
			finish(p, 0);
		break;
	case UNREACHABLE:
	case TIME_EXCEEDED:
		complaint(p);
		break;
	}
}

static int send_request(uint32_t to, uint16_t seq, unsigned size)
{
	uint8_t *out = inet_payload();
	unsigned i;

	random_bytes(&ping.id, sizeof(ping.id));
	ping.seq = seq;
	ping.to = to;
	ping.size = size;
	ping.answered = false;
	ping.waiting = true;
	out[0] = ECHO_REQUEST;
	out[1] = 0;
	put_be16(out + 2, 0);
	put_be16(out + 4, ping.id);
	put_be16(out + 6, seq);
	for (i = 0; i < size; i++)
		out[ICMP_HLEN + i] = (uint8_t)i;
	put_be16(out + 2, inet_fold(inet_sum(0, out, ICMP_HLEN + size)));
	ping.sent = time_now();
	return inet_send(to, IP_ICMP, ICMP_HLEN + size);
}

int inet_ping(uint32_t to, uint16_t seq, unsigned size, uint64_t deadline, struct inet_echo *echo)
{
	int err;

	if (size > PING_MAX)
		return -EINVAL;
	mutex_lock(&ping_lock);
	mutex_lock(&inet.lock);
	err = inet.up ? send_request(to, seq, size) : -ENOENT;
	mutex_unlock(&inet.lock);
	if (!err)
		(void)waitq_wait_until(&ping.wq, READ_ONCE(ping.answered), deadline);
	mutex_lock(&inet.lock);
	if (!err && ping.answered)
		err = ping.err;
	else if (!err)
		err = arp_failed(to) ? -EHOSTUNREACH : -ETIMEDOUT;
	ping.waiting = false;
	*echo = ping.echo;
	mutex_unlock(&inet.lock);
	mutex_unlock(&ping_lock);
	return err;
}

void udp_input(const struct inet_packet *p)
{
	size_t len;

	if (p->len < UDP_HLEN)
		return;
	len = get_be16(p->data + 4);
	if (len < UDP_HLEN || len > p->len ||
	    (get_be16(p->data + 6) &&
	     inet_fold(inet_sum(inet_pseudo(p->src, p->dst, IP_UDP, len), p->data, len)))) {
		inet.bad++;
		return;
	}
	if (get_be16(p->data + 2) == DHCP_CLIENT)
		dhcp_input(p->data + UDP_HLEN, len - UDP_HLEN, p->src);
}
