/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's own network: addresses, ARP, echo, DHCP's conversation, TCP with losses, and the
 * bytes of telnet.
 */
#include "unit.h"

#include <string.h>

#include <core/inet.h>
#include <libs/byteorder.h>
#include <libs/errno.h>

#include "../../core/inet/telnet.h"
#include "inet_world.h"

#define ME     0x0a000001u
#define PEER   0x0a000002u
#define MASK   0xffffff00u
#define SECOND 1000000000ull
#define FIN    1
#define SYN    2
#define RST    4
#define ACK    16
#define ISS    0x5a5a5a5au /* of the world's random numbers */

static void begin(void)
{
	CHECK_EQ(inet_attach("lan"), 0);
	CHECK_EQ(inet_set_static(ME, MASK, 0), 0);
	w_arp_request(PEER, ME);
	w_run();
	w_forget();
}

static const uint8_t *last(void)
{
	return w_sent[(w_nr_sent - 1) % W_FRAMES].data;
}

TEST(addresses)
{
	uint32_t a = 0;
	char text[INET_TEXT];

	CHECK(inet_parse("10.0.2.15", &a));
	CHECK_EQ(a, 0x0a00020f);
	CHECK(!strcmp(inet_format(text, 0xfffefdfc), "255.254.253.252"));
	CHECK(!inet_parse("10.0.2", &a));
	CHECK(!inet_parse("10.0.2.256", &a));
	CHECK(!inet_parse("10.0.2.1.1", &a));
	CHECK(!inet_parse("10..2.1", &a));
	CHECK(!inet_parse("", &a));
	CHECK(!inet_parse("1.2.3.4 ", &a));
	CHECK_EQ(inet_set_static(ME, MASK, 0), -ENOENT);
	CHECK_EQ(inet_attach("wan"), -ENOENT);
	CHECK_EQ(inet_attach("lan"), 0);
	CHECK_EQ(inet_attach("lan"), -EBUSY);
	CHECK_EQ(inet_set_static(ME, 0xff00ff00, 0), -EINVAL);
	CHECK_EQ(inet_set_static(0x0a0000ff, MASK, 0), -EINVAL);
	CHECK_EQ(inet_set_static(0x7f000001, MASK, 0), -EINVAL);
	CHECK_EQ(inet_set_static(ME, MASK, 0x0a000101), -EINVAL);
	CHECK_EQ(inet_set_static(ME, MASK, 0x0a0000fe), 0);
	CHECK_EQ(w_end(), 0);
}

TEST(arp_and_echo)
{
	uint8_t echo[16] = { 8, 0, 0, 0, 1, 2, 3, 4, 'a', 'b' }, frame[128];
	struct inet_echo result;

	begin();
	put_be16(echo + 2, 0xffff - 0);
	put_be16(echo + 2, 0);
	{
		uint32_t sum = 0;
		size_t i;

		for (i = 0; i < sizeof(echo); i += 2)
			sum += get_be16(echo + i);
		while (sum >> 16)
			sum = (sum & 0xffff) + (sum >> 16);
		put_be16(echo + 2, (uint16_t)~sum);
	}
	w_receive(frame, w_ip(frame, PEER, ME, 1, echo, sizeof(echo)));
	w_run();
	CHECK_EQ(w_nr_sent, 1);
	CHECK_EQ(last()[34], 0); /* echo reply */
	CHECK_EQ(last()[34 + 8], 'a');
	/* Not for us, or damaged: silence. */
	w_forget();
	w_receive(frame, w_ip(frame, PEER, ME + 5, 1, echo, sizeof(echo)));
	echo[9] ^= 1;
	w_receive(frame, w_ip(frame, PEER, ME, 1, echo, sizeof(echo)));
	w_run();
	CHECK_EQ(w_nr_sent, 0);
	/* A neighbour that is not known is asked for, several times, and then is no neighbour. */
	CHECK_EQ(inet_ping(0x0a000009, 1, 8, 0, &result), -ETIMEDOUT);
	w_pass(3 * SECOND);
	CHECK_EQ(w_nr_sent, 4);
	CHECK_EQ(get_be16(last() + 12), 0x0806);
	CHECK_EQ(inet_ping(0x0b000009, 1, 8, 0, &result), -ENETUNREACH);
	CHECK_EQ(w_end(), 0);
}

/* --- DHCP ------------------------------------------------------------------------------------ */

static void dhcp_answer(uint8_t type, uint32_t yours, uint32_t lease)
{
	uint8_t msg[8 + 300] = { 0 }, frame[512], *b = msg + 8, *o = b + 236;

	put_be16(msg, 67);
	put_be16(msg + 2, 68);
	put_be16(msg + 4, sizeof(msg));
	b[0] = 2;
	put_be32(b + 4, ISS);
	put_be32(b + 16, yours);
	memcpy(b + 28, w_mac(), 6);
	put_be32(o, 0x63825363);
	o += 4;
	*o++ = 53, *o++ = 1, *o++ = type;
	*o++ = 1, *o++ = 4, put_be32(o, MASK), o += 4;
	*o++ = 3, *o++ = 4, put_be32(o, PEER), o += 4;
	*o++ = 51, *o++ = 4, put_be32(o, lease), o += 4;
	*o++ = 54, *o++ = 4, put_be32(o, PEER), o += 4;
	*o++ = 255;
	w_receive(frame, w_ip(frame, PEER, 0xffffffff, 17, msg, sizeof(msg)));
	w_run();
}

static uint8_t dhcp_type(void)
{
	return last()[14 + 20 + 8 + 236 + 4 + 2];
}

TEST(dhcp)
{
	struct inet_info info;

	CHECK_EQ(inet_attach("lan"), 0);
	CHECK_EQ(inet_set_dhcp(), 0);
	w_run();
	CHECK_EQ(w_nr_sent, 1);
	CHECK_EQ(dhcp_type(), 1);
	w_pass(7 * SECOND);
	CHECK_EQ(w_nr_sent, 3); /* asked again, slower each time */
	dhcp_answer(2, ME, 100);
	CHECK_EQ(dhcp_type(), 3);
	dhcp_answer(5, ME, 100);
	inet_info(&info);
	CHECK_EQ(info.addr, ME);
	CHECK_EQ(info.gateway, PEER);
	/* Renewed at half of the time; with no answer the address goes when the lease ends. */
	w_forget();
	w_pass(51 * SECOND);
	CHECK_EQ(dhcp_type(), 3);
	dhcp_answer(5, ME, 100);
	w_pass(99 * SECOND);
	inet_info(&info);
	CHECK_EQ(info.addr, ME);
	w_pass(2 * SECOND);
	inet_info(&info);
	CHECK_EQ(info.addr, 0);
	CHECK_EQ(dhcp_type(), 1);
	CHECK_EQ(w_end(), 0);
}

/* --- TCP ------------------------------------------------------------------------------------- */

static char got[256];
static size_t got_len;
static int opens, closes;
static size_t room_now = 200;

static void opened(struct tcp_service *s)
{
	opens++;
}

static size_t room(struct tcp_service *s)
{
	return room_now;
}

static void received(struct tcp_service *s, const uint8_t *buf, size_t n)
{
	memcpy(got + got_len, buf, n);
	got_len += n;
}

static void closed(struct tcp_service *s)
{
	closes++;
}

static const struct tcp_service_ops ops = { opened, room, received, closed };
static struct tcp_service service;
static struct w_tcp peer;

static void segment(uint8_t flags, const char *data)
{
	size_t n = data ? strlen(data) : 0;

	peer.flags = flags;
	w_tcp(&peer, ME, data, n);
	peer.seq += (uint32_t)n + !!(flags & (SYN | FIN));
	w_run();
}

static const uint8_t *tcp(void)
{
	return last() + 34;
}

static void connect_peer(void)
{
	begin();
	opens = closes = 0;
	got_len = 0;
	room_now = 200;
	service = (struct tcp_service){ .port = 23, .ops = &ops, .idle_limit = 60 };
	CHECK_EQ(tcp_listen(&service), 0);
	peer = (struct w_tcp){ .from = PEER, .port = 4000, .to = 23, .seq = 100, .window = 1000 };
	segment(SYN, NULL);
	CHECK_EQ(tcp()[13], SYN | ACK);
	CHECK_EQ(get_be32(tcp() + 4), ISS);
	CHECK_EQ(get_be32(tcp() + 8), 101);
	peer.ack = ISS + 1;
	segment(ACK, NULL);
	CHECK_EQ(opens, 1);
	w_forget();
}

static void finish(void)
{
	tcp_unlisten(&service);
	CHECK_EQ(w_end(), 0);
}

TEST(tcp_talks)
{
	connect_peer();
	segment(ACK, "hello");
	CHECK_EQ(got_len, 5);
	CHECK_EQ(get_be32(tcp() + 8), 106);
	/* Sent again: taken once. What is ahead of its time waits with them. */
	peer.seq -= 5;
	segment(ACK, "hello");
	CHECK_EQ(got_len, 5);
	peer.seq += 10;
	segment(ACK, "later");
	CHECK_EQ(got_len, 5);
	CHECK_EQ(get_be32(tcp() + 8), 106);
	peer.seq = 106;
	CHECK_EQ(tcp_send(&service, "answer", 6), 6);
	w_run();
	CHECK(!memcmp(tcp() + 20, "answer", 6));
	/* Lost: again, slower each time. */
	w_forget();
	w_pass(4 * SECOND);
	CHECK_EQ(w_nr_sent, 3);
	CHECK(!memcmp(tcp() + 20, "answer", 6));
	peer.ack += 6;
	segment(ACK, NULL);
	w_forget();
	w_pass(4 * SECOND);
	CHECK_EQ(w_nr_sent, 0);
	/* They end: we do too. */
	segment(FIN | ACK, NULL);
	CHECK_EQ(tcp()[13] & FIN, FIN);
	peer.ack += 1;
	segment(ACK, NULL);
	CHECK_EQ(closes, 1);
	finish();
}

TEST(tcp_ends)
{
	connect_peer();
	/* Somebody else is refused, a reset that is not at the place is not believed. */
	peer.port = 4001;
	segment(SYN, NULL);
	CHECK_EQ(tcp()[13] & RST, RST);
	peer.port = 4000;
	peer.seq = 150;
	segment(RST, NULL);
	CHECK_EQ(closes, 0);
	peer.seq = 101;
	segment(RST, NULL);
	CHECK_EQ(closes, 1);
	finish();
	/* Nobody answers any more. */
	connect_peer();
	CHECK_EQ(tcp_send(&service, "x", 1), 1);
	w_pass(200 * SECOND);
	CHECK_EQ(closes, 1);
	finish();
	/* Nothing is typed. */
	connect_peer();
	w_pass(61 * SECOND);
	CHECK(w_nr_sent > 0);
	peer.ack = get_be32(tcp() + 4) + (uint32_t)(get_be16(last() + 16) - 40) + 1;
	segment(ACK, NULL);
	CHECK_EQ(closes, 1);
	finish();
}

TEST(tcp_windows)
{
	static char big[4000];

	connect_peer();
	memset(big, 'b', sizeof(big));
	/* Their window is full: a byte now and then, and on when it opens. */
	CHECK_EQ(tcp_send(&service, big, sizeof(big)), sizeof(big));
	w_run();
	peer.ack = ISS + 1 + 1000;
	peer.window = 0;
	segment(ACK, NULL);
	w_forget();
	w_pass(20 * SECOND);
	CHECK(w_nr_sent > 2 && w_nr_sent < 12);
	CHECK_EQ(get_be16(last() + 16), 41);
	peer.window = 5000;
	segment(ACK, NULL);
	CHECK(get_be16(last() + 16) > 500);
	/* Our room is full, and it is told when there is some again. */
	room_now = 0;
	segment(ACK, NULL);
	peer.ack = ISS + 1 + 4000;
	segment(ACK, "no");
	CHECK_EQ(got_len, 0);
	CHECK_EQ(get_be16(tcp() + 14), 0);
	room_now = 200;
	w_forget();
	w_pass(SECOND);
	CHECK(w_nr_sent >= 1);
	CHECK_EQ(get_be16(tcp() + 14), 200);
	finish();
}

/* --- telnet ---------------------------------------------------------------------------------- */

static uint8_t answers[16];
static size_t nr_answers;

static void note(void *arg, const uint8_t answer[3])
{
	memcpy(answers + nr_answers, answer, 3);
	nr_answers += 3;
}

TEST(telnet_bytes)
{
	uint8_t in[] = { 'a', 255, 253, 24, 'b', 255, 255, 255, 250, 24, 1, 255, 255, 255, 240, 'c',
			 '\r', 0, 'd', '\r', '\n', 'e', '\r', 'f', 255, 251, 3 };
	static const uint8_t want[] = { 'a', 'b', 255, 'c', '\r', 'd', '\r', 'e', '\r', 'f' };
	struct telnet_in state = { 0 };
	size_t n, i, total = 0;
	uint8_t out[32];

	/* However it is cut. */
	for (i = 0; i < sizeof(in); i++) {
		n = telnet_decode(&state, &in[i], 1, note, NULL);
		if (n)
			out[total++] = in[i];
	}
	CHECK_EQ(total, sizeof(want));
	CHECK(!memcmp(out, want, sizeof(want)));
	CHECK_EQ(nr_answers, 3);
	CHECK(answers[0] == 255 && answers[1] == 252 && answers[2] == 24);
}
