/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's own port and the thread behind it. Frames for us are copied into a bounded ring
 * by whoever sends them (rx_lock); the thread takes them out and does all that has to be done in
 * time, under inet.lock.
 */
#include "inet_priv.h"

#include <core/log.h>
#include <core/mem.h>
#include <core/netswitch.h>
#include <core/random.h>
#include <core/spinlock.h>
#include <core/time.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/printf.h>
#include <libs/string.h>

#define RX_SLOTS 16
#define RX_SLOT	 ALIGN_UP(ETH_MAX, 16)
#define RX_SHORT 8 /* slots that are shared out fairly; each sender may have one in a period */
#define BATCH	 64 /* frames before others of the same priority have a turn */

struct inet inet = { .lock = MUTEX_INIT(inet.lock) };

static spinlock_t rx_lock = SPINLOCK_INIT;
static uint8_t *rx_ring; /* RX_SLOTS of RX_SLOT bytes */
static uint16_t rx_len[RX_SLOTS];
static unsigned rx_first, rx_used;
static struct net_fair rx_fair;
static uint64_t rx_dropped;

/* --- sums ------------------------------------------------------------------------------------ */

uint32_t inet_sum(uint32_t sum, const void *p, size_t n)
{
	const uint8_t *b = p;

	for (; n > 1; n -= 2, b += 2)
		sum += get_be16(b);
	if (n)
		sum += (uint32_t)*b << 8;
	return sum;
}

uint16_t inet_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint32_t inet_pseudo(uint32_t src, uint32_t dst, uint8_t proto, size_t n)
{
	return (src >> 16) + (src & 0xffff) + (dst >> 16) + (dst & 0xffff) + proto + (uint32_t)n;
}

/* --- sending --------------------------------------------------------------------------------- */

void inet_transmit(size_t n)
{
	const struct mem_seg seg = { .va = inet.tx, .len = (uint32_t)n };
	const struct net_frame frame = { .segs = &seg, .nr_segs = 1, .len = (uint32_t)n };
	struct net_burst burst;

	net_burst_begin(&burst, &inet.port);
	net_send(&burst, &frame);
	net_burst_end(&burst);
}

static void ip_header(uint32_t to, uint8_t proto, size_t n)
{
	uint8_t *ip = inet.tx + NET_HDR_LEN;

	memcpy(inet.tx + NET_MAC_LEN, inet.port.mac, NET_MAC_LEN);
	put_be16(inet.tx + 12, ETH_IPV4);
	ip[0] = 0x45;
	ip[1] = 0;
	put_be16(ip + 2, (uint16_t)(IP_HLEN + n));
	put_be16(ip + 4, inet.ip_id++);
	put_be16(ip + 6, 0x4000); /* do not fragment */
	ip[8] = 64;
	ip[9] = proto;
	put_be16(ip + 10, 0);
	put_be32(ip + 12, inet.addr);
	put_be32(ip + 16, to);
	put_be16(ip + 10, inet_fold(inet_sum(0, ip, IP_HLEN)));
}

int inet_send(uint32_t to, uint8_t proto, size_t n)
{
	uint32_t hop = to;

	if (!inet.addr)
		return -ENETUNREACH;
	if ((to ^ inet.addr) & inet.mask) {
		hop = inet.gateway;
		if (!hop)
			return -ENETUNREACH;
	}
	ip_header(to, proto, n);
	if (arp_resolve(hop, NET_HDR_LEN + IP_HLEN + n))
		inet_transmit(NET_HDR_LEN + IP_HLEN + n);
	return 0;
}

void inet_broadcast(uint8_t proto, size_t n)
{
	ip_header(BROADCAST, proto, n);
	memset(inet.tx, 0xff, NET_MAC_LEN);
	inet_transmit(NET_HDR_LEN + IP_HLEN + n);
}

/* --- receiving ------------------------------------------------------------------------------- */

static bool for_us(const uint8_t *eth)
{
	static const uint8_t all[NET_MAC_LEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	uint16_t type = get_be16(eth + 12);

	return (type == ETH_IPV4 || type == ETH_ARP) &&
	       (!memcmp(eth, inet.port.mac, NET_MAC_LEN) || !memcmp(eth, all, NET_MAC_LEN));
}

/* Is there a slot for this sender? rx_lock. */
static bool has_room(const struct net_frame *frame)
{
	if (RX_SLOTS - rx_used > RX_SHORT)
		return true;
	net_fair_begin(&rx_fair);
	return rx_used < RX_SLOTS && net_fair_pass(&rx_fair, frame->from, 1);
}

/* In the sender's thread: copy, and let our own thread do the rest. */
static bool deliver(struct net_port *port, const struct net_frame *frame)
{
	uint8_t eth[NET_HDR_LEN];
	unsigned long flags;
	bool room;

	if (frame->len > ETH_MAX || net_frame_read(frame, 0, eth, sizeof(eth)) < sizeof(eth) ||
	    !for_us(eth))
		return true; /* not dropped: not ours */
	flags = spin_lock_irqsave(&rx_lock);
	room = has_room(frame);
	if (room) {
		unsigned slot = (rx_first + rx_used++) % RX_SLOTS;

		rx_len[slot] = (uint16_t)net_frame_read(frame, 0, rx_ring + slot * RX_SLOT,
							frame->len);
	} else {
		rx_dropped++;
	}
	spin_unlock_irqrestore(&rx_lock, flags);
	if (room)
		thread_wake(inet.thread);
	return room;
}

static const struct net_port_ops port_ops = { .deliver = deliver };

static bool parse_ip(const uint8_t *eth, size_t len, struct inet_packet *p)
{
	const uint8_t *ip = eth + NET_HDR_LEN;
	size_t hlen, total;

	if (len < NET_HDR_LEN + IP_HLEN)
		return false;
	hlen = (size_t)(ip[0] & 15) * 4;
	total = get_be16(ip + 2);
	if (ip[0] >> 4 != 4 || hlen < IP_HLEN || total < hlen || total > len - NET_HDR_LEN ||
	    inet_fold(inet_sum(0, ip, hlen)))
		return false;
	/* Fragments: nothing that we talk to needs them. */
	if (get_be16(ip + 6) & 0x3fff)
		return false;
	*p = (struct inet_packet){ .eth = eth, .ip = ip, .data = ip + hlen, .len = total - hlen,
				   .src = get_be32(ip + 12), .dst = get_be32(ip + 16),
				   .proto = ip[9], .ttl = ip[8] };
	return true;
}

static void ip_input(const uint8_t *eth, size_t len)
{
	struct inet_packet p;

	if (!parse_ip(eth, len, &p)) {
		inet.bad++;
		return;
	}
	if (p.proto == IP_UDP)
		udp_input(&p); /* before there is an address, too */
	if (!inet.addr || p.dst != inet.addr || !p.src || p.src >> 28 == 0xe ||
	    p.src == BROADCAST || p.src >> 24 == 127)
		return;
	if (p.proto == IP_ICMP)
		icmp_input(&p);
	else if (p.proto == IP_TCP)
		tcp_input(&p);
}

/* @return false when there is none */
static bool take_frame(uint8_t *buf, size_t *len)
{
	unsigned long flags = spin_lock_irqsave(&rx_lock);
	bool any = rx_used;

	if (any) {
		*len = rx_len[rx_first];
		memcpy(buf, rx_ring + rx_first * RX_SLOT, *len);
		rx_first = (rx_first + 1) % RX_SLOTS;
		rx_used--;
	}
	spin_unlock_irqrestore(&rx_lock, flags);
	return any;
}

/* Under inet.lock. @return next moment of interest; 0: there are more frames */
static uint64_t work(uint8_t *frame)
{
	uint64_t now, next;
	unsigned n;
	size_t len;

	for (n = 0; n < BATCH; n++) {
		if (!take_frame(frame, &len))
			break;
		if (get_be16(frame + 12) == ETH_ARP)
			arp_input(frame, len);
		else
			ip_input(frame, len);
	}
	now = time_now();
	next = arp_timer(now);
	next = MIN(next, dhcp_timer(now));
	next = MIN(next, tcp_timer(now));
	return n == BATCH ? 0 : next;
}

static void inet_thread(void *arg)
{
	uint8_t *frame = arg;
	uint64_t next;

	while (!__atomic_load_n(&inet.stop, __ATOMIC_ACQUIRE)) {
		mutex_lock(&inet.lock);
		next = work(frame);
		mutex_unlock(&inet.lock);
		if (next)
			thread_block(next);
		else
			thread_yield();
	}
	heap_free(frame);
}

void inet_kick(void)
{
	struct thread *t = __atomic_load_n(&inet.thread, __ATOMIC_ACQUIRE);

	if (t)
		thread_wake(t);
}

void inet_quiesce(void)
{
	mutex_lock(&inet.lock);
	mutex_unlock(&inet.lock);
}

/* --- attaching ------------------------------------------------------------------------------- */

static struct mutex life = MUTEX_INIT(life);

static void make_mac(uint8_t *mac)
{
	random_bytes(mac, NET_MAC_LEN);
	mac[0] = (uint8_t)((mac[0] & ~1u) | 2); /* local, one station */
}

static int start_thread(void)
{
	uint8_t *frame = heap_alloc(RX_SLOT);

	rx_ring = heap_alloc(RX_SLOTS * RX_SLOT);
	inet.stop = false;
	rx_used = 0;
	inet.thread = frame && rx_ring ? thread_create("inet", inet_thread, frame, PRIO_DEFAULT) :
					 NULL;
	if (inet.thread)
		return 0;
	heap_free(frame);
	heap_free(rx_ring);
	rx_ring = NULL;
	return -ENOMEM;
}

static void stop_thread(void)
{
	__atomic_store_n(&inet.stop, true, __ATOMIC_RELEASE);
	thread_wake(inet.thread);
	thread_join(inet.thread);
	__atomic_store_n(&inet.thread, NULL, __ATOMIC_RELEASE);
	heap_free(rx_ring);
	rx_ring = NULL;
}

static int attach_port(const char *name)
{
	int err;

	inet.port = (struct net_port){ .name = "host", .ops = &port_ops };
	make_mac(inet.port.mac);
	err = net_port_register(&inet.port);
	if (err)
		return err;
	err = net_port_attach(&inet.port, name);
	if (err) {
		net_port_unregister(&inet.port);
		return err > 0 ? -ENOENT : err;
	}
	return 0;
}

int inet_attach(const char *switch_name)
{
	int err = -EBUSY;

	mutex_lock(&life);
	if (inet.up)
		goto out;
	err = start_thread();
	if (err)
		goto out;
	thread_start(inet.thread);
	err = attach_port(switch_name);
	if (err) {
		stop_thread();
		goto out;
	}
	mutex_lock(&inet.lock);
	strlcpy(inet.sw, switch_name, sizeof(inet.sw));
	inet.up = true;
	mutex_unlock(&inet.lock);
out:
	mutex_unlock(&life);
	return err;
}

int inet_detach(void)
{
	int err = -ENOENT;

	mutex_lock(&life);
	if (inet.up) {
		mutex_lock(&inet.lock);
		inet.up = false;
		dhcp_stop();
		inet.mode = INET_NONE;
		inet.addr = 0;
		inet_changed();
		mutex_unlock(&inet.lock);
		net_port_unregister(&inet.port);
		stop_thread();
		err = 0;
	}
	mutex_unlock(&life);
	return err;
}

/* --- addresses ------------------------------------------------------------------------------- */

void inet_changed(void)
{
	tcp_abort_all();
	arp_flush();
}

static bool host_address(uint32_t addr, uint32_t mask)
{
	uint32_t host = addr & ~mask;

	/* Of nets with two addresses both are hosts (RFC 3021). */
	return addr >> 24 && addr >> 24 != 127 && addr >> 28 < 14 &&
	       (~mask <= 1 || (host && host != ~mask));
}

int inet_set_static(uint32_t addr, uint32_t mask, uint32_t gateway)
{
	int err = 0;

	if (!mask || (~mask & (~mask + 1)) || !host_address(addr, mask) ||
	    (gateway && ((gateway ^ addr) & mask || gateway == addr ||
			 !host_address(gateway, mask))))
		return -EINVAL;
	mutex_lock(&inet.lock);
	if (inet.up) {
		dhcp_stop();
		inet.mode = INET_STATIC;
		inet.addr = addr;
		inet.mask = mask;
		inet.gateway = gateway;
		inet.dns = 0;
		inet.lease_end = 0;
		inet_changed();
	} else {
		err = -ENOENT;
	}
	mutex_unlock(&inet.lock);
	return err;
}

int inet_set_none(void)
{
	int err = -ENOENT;

	mutex_lock(&inet.lock);
	if (inet.up) {
		dhcp_stop();
		inet.mode = INET_NONE;
		inet.addr = inet.mask = inet.gateway = inet.dns = 0;
		inet_changed();
		err = 0;
	}
	mutex_unlock(&inet.lock);
	return err;
}

int inet_set_dhcp(void)
{
	int err = -ENOENT;

	mutex_lock(&inet.lock);
	if (inet.up) {
		inet.mode = INET_DHCP;
		inet.addr = inet.mask = inet.gateway = inet.dns = 0;
		inet_changed();
		dhcp_start();
		inet_kick();
		err = 0;
	}
	mutex_unlock(&inet.lock);
	return err;
}

void inet_info(struct inet_info *info)
{
	mutex_lock(&inet.lock);
	*info = (struct inet_info){ .attached = inet.up, .mode = inet.mode, .addr = inet.addr,
				    .mask = inet.mask, .gateway = inet.gateway, .dns = inet.dns,
				    .lease_end = inet.lease_end, .rx_dropped = rx_dropped,
				    .bad = inet.bad };
	if (inet.up)
		strlcpy(info->sw, inet.sw, sizeof(info->sw));
	memcpy(info->mac, inet.port.mac, NET_MAC_LEN);
	mutex_unlock(&inet.lock);
}

bool inet_parse(const char *text, uint32_t *addr)
{
	unsigned parts = 0, digits = 0, value = 0;
	uint32_t sum = 0;

	for (;; text++) {
		if (*text >= '0' && *text <= '9' && digits < 3) {
			value = value * 10 + (unsigned)(*text - '0');
			digits++;
			continue;
		}
		if (!digits || value > 255 || (*text && *text != '.') || parts == 4)
			return false;
		sum = sum << 8 | value;
		parts++;
		if (!*text)
			break;
		value = digits = 0;
	}
	*addr = sum;
	return parts == 4;
}

const char *inet_format(char *buf, uint32_t addr)
{
	snprintf(buf, INET_TEXT, "%u.%u.%u.%u", addr >> 24, addr >> 16 & 255, addr >> 8 & 255,
		 addr & 255);
	return buf;
}
