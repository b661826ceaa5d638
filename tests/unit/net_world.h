/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Switches for tests: ports that keep what they get, frames built by hand, and checks of frames
 * that are written apart from the code under test. Time and threads are those of emu_world.h.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <core/net.h>
#include <core/netswitch.h>
#include <libs/byteorder.h>
#include <libs/errno.h>

#include "emu_world.h"
#include "fake.h"
#include "unit.h"

#define TPORT_FRAMES 64

struct tport {
	struct net_port port;
	struct tframe {
		uint8_t *data;
		uint32_t len;
		uint8_t flags, gso_type;
		uint16_t hdr_len, gso_size, csum_start, csum_offset;
	} got[TPORT_FRAMES];
	unsigned n;	 /* frames that came since the last look; only the first are kept */
	unsigned ends;	 /* bursts that ended */
	unsigned links;	 /* link() calls */
	bool up, full, refuse;
};

static inline void tport_forget(struct tport *t)
{
	unsigned i;

	for (i = 0; i < t->n && i < TPORT_FRAMES; i++)
		free(t->got[i].data);
	t->n = 0;
	t->ends = 0;
}

static inline bool tport_deliver(struct net_port *port, const struct net_frame *frame)
{
	struct tport *t = port->priv;
	struct tframe *got = t->n < TPORT_FRAMES ? &t->got[t->n] : NULL;
	struct net_iter it;

	if (t->full)
		return false;
	if (got) {
		got->data = malloc(frame->len ? frame->len : 1);
		got->len = frame->len;
		net_iter_init(&it, frame, 0);
		net_iter_copy(&it, got->data, frame->len);
		got->flags = frame->flags;
		got->gso_type = frame->gso_type;
		got->hdr_len = frame->hdr_len;
		got->gso_size = frame->gso_size;
		got->csum_start = frame->csum_start;
		got->csum_offset = frame->csum_offset;
	}
	t->n++;
	return true;
}

static inline void tport_burst_end(struct net_port *port)
{
	((struct tport *)port->priv)->ends++;
}

static inline int tport_link(struct net_port *port, bool up)
{
	struct tport *t = port->priv;

	t->links++;
	if (up && t->refuse)
		return -EIO;
	t->up = up;
	return 0;
}

static const struct net_port_ops tport_ops = { tport_deliver, tport_burst_end, tport_link };

static inline void tport_make(struct tport *t, const char *name)
{
	memset(t, 0, sizeof(*t));
	strcpy(t->port.name, name);
	t->port.ops = &tport_ops;
	t->port.priv = t;
	CHECK_EQ(net_port_register(&t->port), 0);
}

static inline void tport_drop(struct tport *t)
{
	net_port_unregister(&t->port);
	tport_forget(t);
}

/** Send bytes as they are, in one piece. */
static inline void tsend(struct tport *t, const void *data, uint32_t len)
{
	struct mem_seg seg = { (void *)(uintptr_t)data, len };
	struct net_frame frame = { .segs = &seg, .nr_segs = 1, .len = len };
	struct net_burst burst;

	net_burst_begin(&burst, &t->port);
	net_send(&burst, &frame);
	net_burst_end(&burst);
}

/** An address of the tests: 02:00:00:00:00:<n>. */
static inline void tmac(uint8_t *mac, uint32_t n)
{
	mac[0] = 2;
	mac[1] = 0;
	put_be32(mac + 2, n);
}

#define BROADCAST 0xffffffffu

/** An Ethernet frame of 60 bytes. @param vid  tag; -1 none */
static inline uint32_t tframe_build(uint8_t *f, uint32_t dst, uint32_t src, int tci)
{
	uint32_t at = 12;

	memset(f, 0x5a, 64);
	tmac(f, dst);
	if (dst == BROADCAST)
		memset(f, 0xff, 6);
	tmac(f + 6, src);
	if (tci >= 0) {
		put_be16(f + at, 0x8100);
		put_be16(f + at + 2, (uint16_t)tci);
		at += 4;
	}
	put_be16(f + at, 0x88b5);
	return at + 48;
}

static inline void tsend_plain(struct tport *t, uint32_t dst, uint32_t src, int tci)
{
	uint8_t f[64];

	tsend(t, f, tframe_build(f, dst, src, tci));
}

/* --- checksums, the slow way --------------------------------------------------------------- */

static inline uint16_t ref_sum(const uint8_t *p, uint32_t n, uint32_t sum)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/** Pseudo header's sum, of an IPv4 or IPv6 header at ip. */
static inline uint32_t ref_pseudo(const uint8_t *ip, uint8_t proto, uint32_t len)
{
	bool v6 = ip[0] >> 4 == 6;

	return ref_sum(ip + (v6 ? 8 : 12), v6 ? 32 : 8, 0) + proto + len;
}
