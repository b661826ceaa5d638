/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ARP (RFC 826): who has which hardware address. A small table, whose oldest entry makes room; a
 * packet waits in its entry for the answer. Guarded by inet.lock.
 */
#include "inet_priv.h"

#include <core/mem.h>
#include <core/time.h>
#include <libs/byteorder.h>
#include <libs/string.h>

#define ENTRIES	  16
#define ARP_LEN	  28
#define TRIES	  4
#define RETRY	  (500 * NS_PER_MS)
#define LIFETIME  (120 * NS_PER_S)
#define FAIL_TIME (3 * NS_PER_S) /* that "nobody answers" is remembered */

enum arp_state { ARP_FREE, ARP_ASKED, ARP_KNOWN, ARP_FAILED };

static struct arp_entry {
	uint32_t addr;
	enum arp_state state;
	uint8_t mac[NET_MAC_LEN];
	uint8_t tries;
	uint64_t until;	  /* next try, or end of life */
	uint8_t *waiting; /* a frame, or NULL */
	size_t waiting_len;
} entries[ENTRIES];

static void forget(struct arp_entry *e)
{
	heap_free(e->waiting);
	*e = (struct arp_entry){ 0 };
}

void arp_flush(void)
{
	unsigned i;

	for (i = 0; i < ENTRIES; i++)
		forget(&entries[i]);
}

static struct arp_entry *find(uint32_t addr)
{
	unsigned i;

	for (i = 0; i < ENTRIES; i++)
		if (entries[i].state != ARP_FREE && entries[i].addr == addr)
			return &entries[i];
	return NULL;
}

/* A free one, or the one that ends first. */
static struct arp_entry *take(uint32_t addr)
{
	struct arp_entry *best = &entries[0];
	unsigned i;

	for (i = 0; i < ENTRIES && best->state != ARP_FREE; i++)
		if (entries[i].state == ARP_FREE || entries[i].until < best->until)
			best = &entries[i];
	forget(best);
	best->addr = addr;
	return best;
}

/* Request (1) or reply (2), made at inet.tx. */
static void send_arp(uint16_t op, const uint8_t *to_mac, uint32_t to)
{
	static const uint8_t all[NET_MAC_LEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	uint8_t *arp = inet.tx + NET_HDR_LEN;

	memcpy(inet.tx, op == 1 ? all : to_mac, NET_MAC_LEN);
	memcpy(inet.tx + NET_MAC_LEN, inet.port.mac, NET_MAC_LEN);
	put_be16(inet.tx + 12, ETH_ARP);
	put_be16(arp, 1);
	put_be16(arp + 2, ETH_IPV4);
	arp[4] = NET_MAC_LEN;
	arp[5] = 4;
	put_be16(arp + 6, op);
	memcpy(arp + 8, inet.port.mac, NET_MAC_LEN);
	put_be32(arp + 14, inet.addr);
	if (op == 1)
		memset(arp + 18, 0, NET_MAC_LEN);
	else
		memcpy(arp + 18, to_mac, NET_MAC_LEN);
	put_be32(arp + 24, to);
	memset(arp + ARP_LEN, 0, 60 - NET_HDR_LEN - ARP_LEN);
	inet_transmit(60);
}

static void keep(struct arp_entry *e, size_t len)
{
	heap_free(e->waiting);
	e->waiting = heap_alloc(len);
	e->waiting_len = len;
	if (e->waiting)
		memcpy(e->waiting, inet.tx, len);
}

bool arp_resolve(uint32_t addr, size_t frame_len)
{
	struct arp_entry *e = find(addr);

	if (e && e->state == ARP_KNOWN) {
		memcpy(inet.tx, e->mac, NET_MAC_LEN);
		return true;
	}
	if (!e || e->state == ARP_FAILED) {
		e = take(addr);
		e->state = ARP_ASKED;
		e->tries = 1;
		e->until = time_now() + RETRY;
		keep(e, frame_len);
		send_arp(1, NULL, addr);
	} else {
		keep(e, frame_len);
	}
	inet_kick();
	return false;
}

bool arp_failed(uint32_t addr)
{
	uint32_t hop = (addr ^ inet.addr) & inet.mask ? inet.gateway : addr;
	const struct arp_entry *e = find(hop);

	return e && e->state == ARP_FAILED;
}

static void learn(struct arp_entry *e, const uint8_t *mac)
{
	uint8_t *frame = e->waiting;

	e->state = ARP_KNOWN;
	e->until = time_now() + LIFETIME;
	memcpy(e->mac, mac, NET_MAC_LEN);
	if (!frame)
		return;
	e->waiting = NULL;
	memcpy(inet.tx, frame, e->waiting_len);
	memcpy(inet.tx, mac, NET_MAC_LEN);
	inet_transmit(e->waiting_len);
	heap_free(frame);
}

void arp_input(const uint8_t *eth, size_t len)
{
	const uint8_t *arp = eth + NET_HDR_LEN;
	struct arp_entry *e;
	uint32_t from;

	if (len < NET_HDR_LEN + ARP_LEN || get_be16(arp) != 1 || get_be16(arp + 2) != ETH_IPV4 ||
	    arp[4] != NET_MAC_LEN || arp[5] != 4 || arp[8] & 1) {
		inet.bad++;
		return;
	}
	from = get_be32(arp + 14);
	if (!inet.addr || !from || from == inet.addr)
		return;
	/* Only those that we asked about, or that want to talk to us, are remembered. */
	e = find(from);
	if (e)
		learn(e, arp + 8);
	if (get_be32(arp + 24) != inet.addr || get_be16(arp + 6) != 1)
		return;
	if (!e)
		learn(take(from), arp + 8);
	send_arp(2, arp + 8, from);
}

uint64_t arp_timer(uint64_t now)
{
	uint64_t next = NEVER;
	unsigned i;

	for (i = 0; i < ENTRIES; i++) {
		struct arp_entry *e = &entries[i];

		if (e->state == ARP_FREE)
			continue;
		if (now >= e->until) {
			if (e->state != ARP_ASKED) {
				forget(e);
				continue;
			}
			if (e->tries++ < TRIES) {
				e->until = now + RETRY;
				send_arp(1, NULL, e->addr);
			} else {
				heap_free(e->waiting);
				e->waiting = NULL;
				e->state = ARP_FAILED;
				e->until = now + FAIL_TIME;
			}
		}
		next = MIN(next, e->until);
	}
	return next;
}
