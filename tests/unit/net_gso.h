/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames with offloads, and what has to come out of them when they are done in software: found out
 * the slow way, apart from the code under test.
 */
#pragma once

#include "net_world.h"

#define GSO_PAYLOAD_MAX 60000

struct gso {
	bool v6, udp, tagged, ecn;
	uint16_t options; /* of TCP, bytes */
	uint32_t payload, mss;
	bool fin;
	/* made */
	uint8_t data[GSO_PAYLOAD_MAX + 200];
	uint32_t len, l3, l4, body;
};

/** The frame as a guest's stack leaves it. */
static inline void gso_build(struct gso *g)
{
	uint8_t *f = g->data, *ip, *l4;
	uint32_t i, total;

	tmac(f, BROADCAST);
	memset(f, 0xff, 6);
	tmac(f + 6, 1);
	g->l3 = g->tagged ? 18 : 14;
	if (g->tagged) {
		put_be16(f + 12, 0x8100);
		put_be16(f + 14, 0x2005);
	}
	put_be16(f + g->l3 - 2, g->v6 ? 0x86dd : 0x0800);
	g->l4 = g->l3 + (g->v6 ? 40 : 20);
	g->body = g->l4 + (g->udp ? 8 : 20u + g->options);
	g->len = g->body + g->payload;
	total = g->len - g->l3;
	ip = f + g->l3;
	l4 = f + g->l4;
	memset(ip, 0, g->body - g->l3);
	if (g->v6) {
		ip[0] = 0x60;
		put_be16(ip + 4, (uint16_t)(total - 40));
		ip[6] = g->udp ? 17 : 6;
		for (i = 8; i < 40; i++)
			ip[i] = (uint8_t)(i * 7);
	} else {
		ip[0] = 0x45;
		put_be16(ip + 2, (uint16_t)total);
		put_be16(ip + 4, 0xfffe);
		put_be16(ip + 6, 0x4000);
		ip[8] = 64;
		ip[9] = g->udp ? 17 : 6;
		put_be32(ip + 12, 0x0a000001);
		put_be32(ip + 16, 0x0a0000fe);
		put_be16(ip + 10, (uint16_t)~ref_sum(ip, 20, 0));
	}
	put_be32(l4, 0x1234abcd); /* ports */
	if (g->udp) {
		put_be16(l4 + 4, (uint16_t)(g->len - g->l4));
	} else {
		put_be32(l4 + 4, 0xfffffff0);
		l4[12] = (uint8_t)((20 + g->options) / 4 << 4);
		l4[13] = (uint8_t)(0x18 | (g->fin ? 1 : 0) | (g->ecn ? 0x80 : 0));
		memset(l4 + 20, 1, g->options);
	}
	put_be16(l4 + (g->udp ? 6 : 16),
		 ref_sum(l4, 0, ref_pseudo(ip, g->udp ? 17 : 6, g->len - g->l4)));
	for (i = 0; i < g->payload; i++)
		f[g->body + i] = (uint8_t)(i * 31 + i / 251);
}

static inline void gso_frame(const struct gso *g, struct net_frame *frame)
{
	frame->len = g->len;
	frame->flags = NET_NEEDS_CSUM;
	frame->gso_type = g->udp ? NET_GSO_UDP_L4 : g->v6 ? NET_GSO_TCPV6 : NET_GSO_TCPV4;
	if (g->ecn)
		frame->gso_type |= NET_GSO_ECN;
	frame->gso_size = (uint16_t)g->mss;
	frame->hdr_len = (uint16_t)g->body;
	frame->csum_start = (uint16_t)g->l4;
	frame->csum_offset = g->udp ? 6 : 16;
}

/** Is this the right segment `i` with its headers `shift` bytes nearer to the beginning? */
static inline void gso_check(const struct gso *g, unsigned i, const uint8_t *f, uint32_t len,
			     uint32_t shift)
{
	uint32_t l3 = g->l3 - shift, l4 = g->l4 - shift, body = g->body - shift, off = i * g->mss;
	uint32_t n = MIN(g->payload - off, g->mss);
	const uint8_t *ip = f + l3;
	bool last = off + n == g->payload;

	CHECK_EQ(len, body + n);
	if (len != body + n)
		return;
	if (g->v6) {
		CHECK_EQ(get_be16(ip + 4), len - l3 - 40);
		CHECK_MEM(ip + 8, g->data + g->l3 + 8, 32);
	} else {
		CHECK_EQ(get_be16(ip + 2), len - l3);
		CHECK_EQ(get_be16(ip + 4), (uint16_t)(0xfffe + i));
		CHECK_EQ(ref_sum(ip, 20, 0), 0xffff);
	}
	CHECK_EQ(ref_sum(f + l4, len - l4, ref_pseudo(ip, g->udp ? 17 : 6, len - l4)), 0xffff);
	if (g->udp) {
		CHECK_EQ(get_be16(f + l4 + 4), len - l4);
	} else {
		CHECK_EQ(get_be32(f + l4 + 4), 0xfffffff0 + off);
		CHECK_EQ(f[l4 + 13] & 9, last ? 8 | g->fin : 0);
		CHECK_EQ(f[l4 + 13] & 0x80, g->ecn && !i ? 0x80 : 0);
	}
	CHECK_MEM(f + body, g->data + g->body + off, n);
}

static inline unsigned gso_segments(const struct gso *g)
{
	return g->payload ? (g->payload + g->mss - 1) / g->mss : 1;
}
