/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Checksums and segmentation in software, for receivers that cannot take what the sender left to
 * be done. Headers are copied once, looked at in the copy and sent from there; data stays where it
 * is. No data of its own, no lock.
 */
#include "net_priv.h"

#include <libs/byteorder.h>
#include <libs/string.h>

#define TYPE_IPV4 0x0800
#define TYPE_IPV6 0x86dd
#define TYPE_VLAN 0x8100

#define PROTO_TCP 6
#define PROTO_UDP 17

/* Internet and transport headers (RFC 791, 8200, 9293, 768). */
#define IPV4_LEN	2
#define IPV4_ID		4
#define IPV4_FRAGMENT	6
#define IPV4_PROTO	9
#define IPV4_CSUM	10
#define IPV4_ADDRS	12
#define IPV4_HDR	20
#define IPV6_LEN	4
#define IPV6_ADDRS	8
#define IPV6_HDR	40
#define TCP_SEQ		4
#define TCP_OFFSET	12
#define TCP_FLAGS	13
#define TCP_CSUM	16
#define TCP_HDR		20
#define UDP_LEN		4
#define UDP_CSUM	6
#define UDP_HDR		8
#define TCP_FIN		0x01
#define TCP_PSH		0x08
#define TCP_CWR		0x80

/* Headers as they were looked at, and a tag that was added since. */
#define HEAD_MAX (NET_HEADERS_MAX + NET_VLAN_LEN)

/* --- checksums (RFC 1071) ------------------------------------------------------------------ */

/**
 * Sum of 16-bit words in the CPU's byte order, not folded: the carries make the order of bytes
 * not matter before the end.
 */
static uint64_t sum_words(const uint8_t *p, size_t n)
{
	uint64_t sum = 0;

	for (; n >= 8; n -= 8, p += 8) {
		uint64_t w = *(const unaligned_u64 *)(const void *)p;

		sum += (w & 0xffffffff) + (w >> 32);
	}
	if (n & 4) {
		sum += *(const unaligned_u32 *)(const void *)p;
		p += 4;
	}
	if (n & 2) {
		sum += *(const unaligned_u16 *)(const void *)p;
		p += 2;
	}
	if (n & 1)
		sum += be16_to_cpu((uint16_t)(*p << 8));
	return sum;
}

static uint16_t fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/** The sum as a number. */
static uint32_t sum_bytes(const uint8_t *p, size_t n)
{
	return be16_to_cpu(fold(sum_words(p, n)));
}

/** Sum of a frame's bytes from `off` to its end. */
static uint16_t sum_frame(const struct net_frame *frame, uint32_t off)
{
	uint32_t left = frame->len - off, n;
	const uint8_t *p;
	struct net_iter it;
	uint64_t sum = 0;
	bool odd = false;

	net_iter_init(&it, frame, off);
	while (left && (n = (uint32_t)MIN_T(size_t, net_iter_piece(&it, &p), left))) {
		uint16_t part = fold(sum_words(p, n));

		sum += odd ? swap16(part) : part;
		odd ^= n & 1;
		left -= n;
	}
	return be16_to_cpu(fold(sum));
}

/* --- headers ------------------------------------------------------------------------------- */

/** Where the headers of a frame with segmentation are; false: it is not what it says. */
static bool parse_headers(const struct net_frame *frame, const uint8_t *h, size_t n,
			  struct net_headers *hdr)
{
	uint8_t gso = frame->gso_type & ~NET_GSO_ECN;
	unsigned off = NET_HDR_LEN, ip;
	uint16_t type = get_be16(h + 12);

	if (type == TYPE_VLAN) {
		type = get_be16(h + 16);
		off += NET_VLAN_LEN;
	}
	hdr->l3 = (uint16_t)off;
	hdr->l4 = frame->csum_start;
	hdr->ipv6 = type == TYPE_IPV6;
	hdr->udp = gso == NET_GSO_UDP_L4;
	if (hdr->l4 > n || (type != TYPE_IPV4 && type != TYPE_IPV6) ||
	    (gso == NET_GSO_TCPV4 && hdr->ipv6) || (gso == NET_GSO_TCPV6 && !hdr->ipv6))
		return false;
	ip = hdr->ipv6 ? IPV6_HDR : IPV4_HDR;
	if (off + ip > hdr->l4)
		return false;
	if (!hdr->ipv6 && (h[off] >> 4 != 4 || off + 4u * (h[off] & 15) != hdr->l4 ||
			   h[off + IPV4_PROTO] != (hdr->udp ? PROTO_UDP : PROTO_TCP) ||
			   get_be16(h + off + IPV4_FRAGMENT) & 0x3fff))
		return false;
	if (hdr->ipv6 && h[off] >> 4 != 6)
		return false;
	if (hdr->udp) {
		hdr->payload = (uint16_t)(hdr->l4 + UDP_HDR);
		return frame->csum_offset == UDP_CSUM && hdr->payload <= n;
	}
	if ((size_t)hdr->l4 + TCP_HDR > n || frame->csum_offset != TCP_CSUM)
		return false;
	hdr->payload = (uint16_t)(hdr->l4 + 4u * (h[hdr->l4 + TCP_OFFSET] >> 4));
	return hdr->payload >= hdr->l4 + TCP_HDR && hdr->payload <= n;
}

bool net_offloads_ok(const struct net_frame *frame)
{
	uint8_t h[NET_HEADERS_MAX], gso = frame->gso_type & ~NET_GSO_ECN;
	struct net_headers hdr;
	size_t n;

	if (!(frame->flags & NET_NEEDS_CSUM))
		return !frame->gso_type;
	if (frame->csum_start < NET_HDR_LEN ||
	    (uint32_t)frame->csum_start + frame->csum_offset + 2 > frame->len ||
	    frame->csum_start + frame->csum_offset + 2 > NET_HEADERS_MAX)
		return false;
	if (gso == NET_GSO_NONE)
		return !frame->gso_type;
	if (gso != NET_GSO_TCPV4 && gso != NET_GSO_TCPV6 && gso != NET_GSO_UDP_L4)
		return false;
	if (!frame->gso_size || frame->len / frame->gso_size >= NET_SEGMENTS_MAX ||
	    (gso == NET_GSO_UDP_L4 && frame->gso_type & NET_GSO_ECN))
		return false;
	n = net_frame_read(frame, 0, h, MIN_T(uint32_t, frame->csum_start + 60u, sizeof(h)));
	return parse_headers(frame, h, n, &hdr);
}

/** Sum of addresses and protocol that a transport checksum begins with, without the length. */
static uint32_t pseudo_sum(const uint8_t *h, const struct net_headers *hdr)
{
	const uint8_t *addrs = h + hdr->l3 + (hdr->ipv6 ? IPV6_ADDRS : IPV4_ADDRS);

	return sum_bytes(addrs, hdr->ipv6 ? 32 : 8) + (hdr->udp ? PROTO_UDP : PROTO_TCP);
}

/* --- one segment --------------------------------------------------------------------------- */

struct segmenting {
	uint8_t head[HEAD_MAX]; /* of the frame, as it came */
	struct net_headers hdr;
	bool csum;		/* the receiver does checksums */
};

/** Lengths and numbers of the internet header of segment `number`. */
static void patch_l3(uint8_t *h, const struct net_headers *hdr, uint32_t len, unsigned number)
{
	uint8_t *ip = h + hdr->l3;

	if (hdr->ipv6) {
		put_be16(ip + IPV6_LEN, (uint16_t)(len - hdr->l3 - IPV6_HDR));
		return;
	}
	put_be16(ip + IPV4_LEN, (uint16_t)(len - hdr->l3));
	put_be16(ip + IPV4_ID, (uint16_t)(get_be16(ip + IPV4_ID) + number));
	put_be16(ip + IPV4_CSUM, 0);
	put_be16(ip + IPV4_CSUM, (uint16_t)~sum_bytes(ip, hdr->l4 - hdr->l3));
}

/** Transport header; `done` bytes of data went before, `last`: none follow. */
static void patch_l4(uint8_t *h, const struct net_headers *hdr, uint32_t len, uint32_t done,
		     bool last)
{
	uint8_t *l4 = h + hdr->l4;

	if (hdr->udp) {
		put_be16(l4 + UDP_LEN, (uint16_t)(len - hdr->l4));
		return;
	}
	put_be32(l4 + TCP_SEQ, get_be32(l4 + TCP_SEQ) + done);
	if (!last)
		l4[TCP_FLAGS] &= (uint8_t)~(TCP_FIN | TCP_PSH);
	if (done)
		l4[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
}

/** The checksum is right for what the frame is now. `at` is in h, a copy of its headers. */
static void finish_csum(struct net_frame *frame, uint8_t *h, bool udp)
{
	uint32_t at = frame->csum_start + frame->csum_offset;
	uint16_t sum = (uint16_t)~sum_frame(frame, frame->csum_start);

	/* Zero would mean that there is none (RFC 768); in TCP both zeros are the same. */
	put_be16(h + at, udp && !sum ? 0xffff : sum);
	frame->flags &= (uint8_t)~NET_NEEDS_CSUM;
	frame->csum_start = 0;
	frame->csum_offset = 0;
}

static void make_segment(const struct segmenting *s, const struct net_frame *frame, uint32_t done,
			 uint32_t n, struct net_frame *out, uint8_t *h)
{
	uint32_t len = s->hdr.payload + n;
	bool last = s->hdr.payload + done + n == frame->len;

	memcpy(h, s->head, s->hdr.payload);
	patch_l3(h, &s->hdr, len, done / frame->gso_size);
	patch_l4(h, &s->hdr, len, done, last);
	*out = *frame;
	out->head = h;
	out->head_len = s->hdr.payload;
	out->skip = frame->skip - frame->head_len + s->hdr.payload + done;
	out->len = len;
	out->gso_type = NET_GSO_NONE;
	out->gso_size = 0;
	out->hdr_len = 0;
	put_be16(h + s->hdr.l4 + frame->csum_offset,
		 fold(pseudo_sum(h, &s->hdr) + (len - s->hdr.l4)));
	if (!s->csum)
		finish_csum(out, h, s->hdr.udp);
}

/* --- whole frames -------------------------------------------------------------------------- */

static unsigned segment(const struct net_frame *frame, uint32_t caps,
			bool (*fn)(void *arg, const struct net_frame *frame), void *arg)
{
	struct segmenting s = { .csum = caps & NET_CAP_CSUM };
	uint8_t h[HEAD_MAX];
	struct net_frame out;
	unsigned total = 0;
	uint32_t done = 0;
	size_t there = net_frame_read(frame, 0, s.head, sizeof(s.head));

	/* The bytes may be others now than when they were found to be good. */
	if (!parse_headers(frame, s.head, there, &s.hdr) || s.hdr.payload < frame->head_len)
		return 0;
	do {
		uint32_t n = MIN_T(uint32_t, frame->len - s.hdr.payload - done, frame->gso_size);

		make_segment(&s, frame, done, n, &out, h);
		fn(arg, &out);
		total++;
		done += n;
	} while (s.hdr.payload + done < frame->len);
	return total;
}

unsigned net_offload(const struct net_frame *frame, uint32_t caps,
		     bool (*fn)(void *arg, const struct net_frame *frame), void *arg)
{
	struct net_frame out = *frame;
	uint8_t h[HEAD_MAX];
	uint32_t end;

	/* Segmentation is of no use without checksums. */
	if (!(caps & NET_CAP_CSUM))
		caps = 0;
	if (net_needs(frame) & ~caps & ~NET_CAP_CSUM)
		return segment(frame, caps, fn, arg);
	if (net_needs(frame) & ~caps) {
		end = MAX_T(uint32_t, frame->csum_start + frame->csum_offset + 2, frame->head_len);
		net_frame_read(frame, 0, h, end);
		out.head = h;
		out.head_len = (uint16_t)end;
		out.skip = frame->skip + (end - frame->head_len);
		/* Of the two only UDP has its checksum there. */
		finish_csum(&out, h, frame->csum_offset == UDP_CSUM);
	}
	fn(arg, &out);
	return 1;
}
