/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TCP (RFC 9293), passive side, one connection for each service: enough for terminals. What comes
 * out of order is dropped and asked for again; one segment in flight after a loss. State is
 * guarded by inet.lock; the bytes to be sent and the wish to close by the connection's tx_lock,
 * because they come from any context.
 */
#include "inet_priv.h"

#include <core/mem.h>
#include <core/random.h>
#include <core/spinlock.h>
#include <core/time.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/ringbuf.h>
#include <libs/string.h>

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10

#define TCP_HLEN    20
#define MSS	    (ETH_MTU - IP_HLEN - TCP_HLEN)
#define MSS_DEFAULT 536
#define TX_SIZE	    16384
#define WINDOW_SEGS 4 /* full segments in flight */
#define RTO_FIRST   (500 * NS_PER_MS)
#define RTO_MAX	    (16 * NS_PER_S)
#define TRIES	    8
#define HALF_OPEN   (3 * NS_PER_S) /* after which a newcomer takes its place */
#define ROOM_POLL   (50 * NS_PER_MS)

enum tcp_state { TCP_SYN_RCVD, TCP_OPEN };

struct tcp_conn {
	struct tcp_service *service;
	enum tcp_state state;
	uint32_t peer;
	uint16_t peer_port;
	uint16_t mss;
	/* The ring begins at snd_una once the SYN is acknowledged; after a loss nxt < max. */
	uint32_t snd_una, snd_nxt, snd_max;
	uint32_t snd_wnd;
	uint32_t rcv_nxt;
	uint16_t rcv_wnd;	   /* as told last */
	bool ack_due, peer_fin, fin_sent;
	bool opened;		   /* the service knows */
	uint8_t tries;
	uint64_t rto, resend_at;   /* NEVER: nothing in flight */
	uint64_t began, heard;
	spinlock_t tx_lock;
	bool closing;		   /* under tx_lock */
	struct ringbuf tx;
	uint8_t tx_buf[TX_SIZE];
};

static struct list services = LIST_INIT(services);
static struct waitq room = WAITQ_INIT(room);
/* service->conn is changed with inet.lock and this; either is enough to look at it. */
static spinlock_t conn_lock = SPINLOCK_INIT;

static bool before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* --- segments -------------------------------------------------------------------------------- */

struct segment {
	uint16_t from, to; /* ports */
	uint32_t seq, ack;
	uint8_t flags;
	uint16_t window;
};

/* Payload of n bytes is in place behind the header, which has hlen bytes. */
static void send_segment(uint32_t to, const struct segment *s, size_t hlen, size_t n)
{
	uint8_t *tcp = inet_payload();

	put_be16(tcp, s->from);
	put_be16(tcp + 2, s->to);
	put_be32(tcp + 4, s->seq);
	put_be32(tcp + 8, s->ack);
	tcp[12] = (uint8_t)(hlen / 4 << 4);
	tcp[13] = s->flags;
	put_be16(tcp + 14, s->window);
	put_be32(tcp + 16, 0);
	put_be16(tcp + 16, inet_fold(inet_sum(inet_pseudo(inet.addr, to, IP_TCP, hlen + n), tcp,
					      hlen + n)));
	(void)inet_send(to, IP_TCP, hlen + n);
}

static uint16_t window_of(struct tcp_conn *c)
{
	return (uint16_t)MIN(c->service->ops->room(c->service), (size_t)0xffff);
}

static void send_on(struct tcp_conn *c, uint32_t seq, uint8_t flags, size_t hlen, size_t n)
{
	struct segment s = { .from = c->service->port, .to = c->peer_port, .seq = seq,
			     .ack = c->rcv_nxt, .flags = flags };

	c->rcv_wnd = s.window = window_of(c);
	c->ack_due = false;
	send_segment(c->peer, &s, hlen, n);
}

static void send_syn_ack(struct tcp_conn *c)
{
	uint8_t *opt = inet_payload() + TCP_HLEN;

	opt[0] = 2; /* maximum segment size */
	opt[1] = 4;
	put_be16(opt + 2, MSS);
	send_on(c, c->snd_una, SYN | ACK, TCP_HLEN + 4, 0);
}

/* RFC 9293, 3.10.7.1: to what belongs to no connection. */
static void refuse(const struct inet_packet *p, const struct segment *in, size_t n)
{
	struct segment s = { .from = in->to, .to = in->from, .flags = RST };

	if (in->flags & RST)
		return;
	if (in->flags & ACK) {
		s.seq = in->ack;
	} else {
		s.ack = in->seq + (uint32_t)n + !!(in->flags & SYN) + !!(in->flags & FIN);
		s.flags |= ACK;
	}
	send_segment(p->src, &s, TCP_HLEN, 0);
}

/* --- life ------------------------------------------------------------------------------------ */

static void end_conn(struct tcp_conn *c)
{
	struct tcp_service *service = c->service;
	unsigned long flags = spin_lock_irqsave(&conn_lock);

	service->conn = NULL;
	spin_unlock_irqrestore(&conn_lock, flags);
	if (c->opened)
		service->ops->closed(service);
	heap_free(c);
	waitq_wake_all(&room);
}

static void reset_conn(struct tcp_conn *c)
{
	send_on(c, c->snd_nxt, RST | ACK, TCP_HLEN, 0);
	end_conn(c);
}

void tcp_abort_all(void)
{
	struct tcp_service *service;

	list_for_each_entry(service, &services, link) {
		if (service->conn)
			end_conn(service->conn);
	}
}

static uint16_t mss_option(const uint8_t *tcp, size_t hlen)
{
	size_t at = TCP_HLEN;

	while (at < hlen && tcp[at]) {
		if (tcp[at] == 1) {
			at++;
			continue;
		}
		if (hlen - at < 2 || tcp[at + 1] < 2 || tcp[at + 1] > hlen - at)
			break;
		if (tcp[at] == 2 && tcp[at + 1] == 4)
			return MAX_T(uint16_t, MIN_T(uint16_t, get_be16(tcp + at + 2), MSS), 64);
		at += tcp[at + 1];
	}
	return MSS_DEFAULT;
}

static void accept_syn(struct tcp_service *service, const struct inet_packet *p,
		       const struct segment *in, uint16_t mss)
{
	struct tcp_conn *c = service->conn;
	unsigned long flags;
	uint64_t now = time_now();

	if (c && c->state == TCP_SYN_RCVD && now - c->began > HALF_OPEN) {
		end_conn(c);
		c = NULL;
	}
	if (c || READ_ONCE(service->busy) || !(c = heap_zalloc(sizeof(*c)))) {
		refuse(p, in, 0);
		return;
	}
	c->service = service;
	c->peer = p->src;
	c->peer_port = in->from;
	c->mss = mss;
	random_bytes(&c->snd_una, sizeof(c->snd_una));
	c->snd_nxt = c->snd_max = c->snd_una + 1;
	c->snd_wnd = in->window;
	c->rcv_nxt = in->seq + 1;
	c->began = c->heard = now;
	c->rto = RTO_FIRST;
	c->resend_at = now + c->rto;
	spin_init(&c->tx_lock);
	ringbuf_init(&c->tx, c->tx_buf, sizeof(c->tx_buf));
	flags = spin_lock_irqsave(&conn_lock);
	service->conn = c;
	spin_unlock_irqrestore(&conn_lock, flags);
	send_syn_ack(c);
}

/* --- sending --------------------------------------------------------------------------------- */

/* Bytes of the ring from offset off on, without taking them out. */
static void peek_tx(struct tcp_conn *c, size_t off, uint8_t *to, size_t n)
{
	size_t at = (c->tx.read_at + off) % TX_SIZE, first = MIN(n, TX_SIZE - at);

	memcpy(to, c->tx_buf + at, first);
	memcpy(to + first, c->tx_buf, n - first);
}

/* The next segment of data, if the window lets it go. @return whether something was sent */
static bool send_data(struct tcp_conn *c, uint64_t now)
{
	uint32_t flight = c->snd_nxt - c->snd_una;
	uint32_t limit = MIN(c->snd_wnd, (uint32_t)(c->tries ? 1 : WINDOW_SEGS) * c->mss);
	unsigned long flags = spin_lock_irqsave(&c->tx_lock);
	size_t n = ringbuf_used(&c->tx), all = n;
	bool closing = c->closing, last;

	if (flight > all) { /* the end is on its way too */
		spin_unlock_irqrestore(&c->tx_lock, flags);
		return false;
	}
	/* A closed window is tried with one byte, at the pace of retransmission. */
	if (!c->snd_wnd && !flight && n && now >= c->resend_at)
		limit = 1;
	n = n > flight && limit > flight ? MIN(n - flight, (size_t)(limit - flight)) : 0;
	n = MIN(n, (size_t)c->mss);
	if (n)
		peek_tx(c, flight, inet_payload() + TCP_HLEN, n);
	spin_unlock_irqrestore(&c->tx_lock, flags);
	last = flight + n == all;
	if (closing && last) {
		send_on(c, c->snd_nxt, FIN | PSH | ACK, TCP_HLEN, n);
		c->snd_nxt += (uint32_t)n + 1;
		c->fin_sent = true;
	} else if (n) {
		send_on(c, c->snd_nxt, ACK | (last ? PSH : 0), TCP_HLEN, n);
		c->snd_nxt += (uint32_t)n;
	} else {
		if (!c->snd_wnd && all && !flight && c->resend_at == NEVER)
			c->resend_at = now + c->rto;
		return false;
	}
	if (before(c->snd_max, c->snd_nxt))
		c->snd_max = c->snd_nxt;
	if (c->resend_at == NEVER || now >= c->resend_at)
		c->resend_at = now + c->rto;
	return true;
}

/* Nothing was acknowledged in time: begin again behind what was. @return false: it is over */
static bool resend(struct tcp_conn *c, uint64_t now)
{
	if (++c->tries > TRIES) {
		reset_conn(c);
		return false;
	}
	c->rto = MIN_T(uint64_t, c->rto * 2, RTO_MAX);
	if (c->state == TCP_SYN_RCVD) {
		c->resend_at = now + c->rto;
		send_syn_ack(c);
		return true;
	}
	c->snd_nxt = c->snd_una;
	/* send_data() sees that the moment has come, and sets the next one. */
	return true;
}

/* @return next moment of interest; NEVER when the connection is gone */
static uint64_t run_conn(struct tcp_conn *c, uint64_t now)
{
	uint64_t idle = c->service->idle_limit * NS_PER_S, next;

	if (now >= c->resend_at && !resend(c, now))
		return NEVER;
	if (idle && c->state == TCP_OPEN && now - c->heard >= idle) {
		static const char bye[] = "\r\n[closed: nothing was typed for too long]\r\n";
		unsigned long flags = spin_lock_irqsave(&c->tx_lock);

		if (!c->closing)
			ringbuf_write(&c->tx, bye, sizeof(bye) - 1);
		c->closing = true;
		spin_unlock_irqrestore(&c->tx_lock, flags);
		idle = 0;
	}
	if (c->state != TCP_SYN_RCVD)
		while (send_data(c, now))
			;
	/* More room than they were told of, who may be waiting for it. */
	if (c->ack_due || (c->state == TCP_OPEN && c->rcv_wnd < MSS_DEFAULT / 2 &&
			   window_of(c) > c->rcv_wnd))
		send_on(c, c->snd_nxt, ACK, TCP_HLEN, 0);
	next = c->resend_at;
	if (c->rcv_wnd < MSS_DEFAULT / 2)
		next = MIN_T(uint64_t, next, now + ROOM_POLL);
	if (idle && c->state == TCP_OPEN)
		next = MIN(next, c->heard + idle);
	return next;
}

uint64_t tcp_timer(uint64_t now)
{
	struct tcp_service *service;
	uint64_t next = NEVER;

	list_for_each_entry(service, &services, link) {
		if (service->conn) {
			uint64_t moment = run_conn(service->conn, now);

			next = MIN(next, moment);
		}
	}
	return next;
}

/* --- receiving ------------------------------------------------------------------------------- */

/* What of ours they have. @return false when they name what was never sent */
static bool take_ack(struct tcp_conn *c, const struct segment *in)
{
	uint32_t acked = in->ack - c->snd_una;
	unsigned long flags;
	size_t data = acked;
	uint8_t gone[64];

	if (before(c->snd_max, in->ack)) {
		c->ack_due = true;
		return false;
	}
	c->snd_wnd = in->window;
	if (!in->window)
		c->tries = 0; /* it lives, and does not want more now */
	if (!acked || before(in->ack, c->snd_una))
		return true;
	c->snd_una = in->ack;
	if (before(c->snd_nxt, c->snd_una))
		c->snd_nxt = c->snd_una;
	c->tries = 0;
	c->rto = RTO_FIRST;
	c->resend_at = c->snd_una == c->snd_max ? NEVER : time_now() + c->rto;
	if (c->state == TCP_SYN_RCVD) {
		c->state = TCP_OPEN;
		data--;
	}
	if (c->fin_sent && c->snd_una == c->snd_max)
		data--;
	flags = spin_lock_irqsave(&c->tx_lock);
	while (data) {
		size_t n = ringbuf_read(&c->tx, gone, MIN(data, sizeof(gone)));

		if (!n)
			break;
		data -= n;
	}
	spin_unlock_irqrestore(&c->tx_lock, flags);
	waitq_wake_all(&room);
	return true;
}

/* Data that is next in order; what is before it, they have sent again. */
static void take_data(struct tcp_conn *c, const struct segment *in, const uint8_t *data, size_t n)
{
	uint32_t old = c->rcv_nxt - in->seq;
	size_t take;

	if (!n && !(in->flags & FIN))
		return;
	c->ack_due = true;
	if (before(c->rcv_nxt, in->seq) || old > n)
		return;
	data += old;
	n -= old;
	take = MIN(n, c->service->ops->room(c->service));
	if (take) {
		c->heard = time_now();
		c->service->ops->received(c->service, data, take);
		c->rcv_nxt += (uint32_t)take;
	}
	if (take == n && in->flags & FIN && !c->peer_fin) {
		unsigned long flags;

		c->peer_fin = true;
		c->rcv_nxt++;
		flags = spin_lock_irqsave(&c->tx_lock);
		c->closing = true;
		spin_unlock_irqrestore(&c->tx_lock, flags);
	}
}

static void input_conn(struct tcp_conn *c, const struct segment *in, const uint8_t *data, size_t n)
{
	uint32_t wnd = MAX(c->rcv_wnd, (uint16_t)1);

	if (in->flags & RST) {
		/* Only at the very place is it believed at once (RFC 5961, 3.2). */
		if (in->seq == c->rcv_nxt)
			end_conn(c);
		else if (in->seq - c->rcv_nxt < wnd)
			c->ack_due = true;
		return;
	}
	if (in->flags & SYN) {
		if (c->state == TCP_SYN_RCVD && in->seq + 1 == c->rcv_nxt)
			send_syn_ack(c);
		else
			c->ack_due = true;
		return;
	}
	if (!(in->flags & ACK) || !take_ack(c, in))
		return;
	if (c->state == TCP_SYN_RCVD)
		return;
	if (!c->opened) {
		c->opened = true;
		c->service->ops->opened(c->service);
	}
	take_data(c, in, data, n);
	/*
	 * They have all that we had to say. What they may still send nobody would read: it is
	 * refused, so that the service is free at once for the next.
	 */
	if (c->fin_sent && c->snd_una == c->snd_max) {
		if (c->ack_due)
			send_on(c, c->snd_nxt, ACK, TCP_HLEN, 0);
		end_conn(c);
	}
}

void tcp_input(const struct inet_packet *p)
{
	const uint8_t *tcp = p->data;
	struct tcp_service *service, *found = NULL;
	struct segment in;
	size_t hlen;

	hlen = p->len >= TCP_HLEN ? (size_t)(tcp[12] >> 4) * 4 : 0;
	if (hlen < TCP_HLEN || hlen > p->len ||
	    inet_fold(inet_sum(inet_pseudo(p->src, p->dst, IP_TCP, p->len), tcp, p->len))) {
		inet.bad++;
		return;
	}
	in = (struct segment){ .from = get_be16(tcp), .to = get_be16(tcp + 2),
			       .seq = get_be32(tcp + 4), .ack = get_be32(tcp + 8),
			       .flags = tcp[13], .window = get_be16(tcp + 14) };
	list_for_each_entry(service, &services, link) {
		if (service->port == in.to)
			found = service;
	}
	if (found && found->conn && found->conn->peer == p->src &&
	    found->conn->peer_port == in.from)
		input_conn(found->conn, &in, tcp + hlen, p->len - hlen);
	else if (found && (in.flags & (SYN | ACK | RST | FIN)) == SYN)
		accept_syn(found, p, &in, mss_option(tcp, hlen));
	else
		refuse(p, &in, p->len - hlen);
}

/* --- for services ---------------------------------------------------------------------------- */

int tcp_listen(struct tcp_service *service)
{
	struct tcp_service *other;
	int err = 0;

	mutex_lock(&inet.lock);
	list_for_each_entry(other, &services, link) {
		if (other->port == service->port)
			err = -EADDRINUSE;
	}
	service->conn = NULL;
	if (!err)
		list_add_tail(&services, &service->link);
	mutex_unlock(&inet.lock);
	return err;
}

void tcp_unlisten(struct tcp_service *service)
{
	mutex_lock(&inet.lock);
	if (service->conn)
		reset_conn(service->conn);
	list_del(&service->link);
	mutex_unlock(&inet.lock);
}

void tcp_close(struct tcp_service *service)
{
	unsigned long flags = spin_lock_irqsave(&conn_lock);

	if (service->conn) {
		spin_lock(&service->conn->tx_lock);
		service->conn->closing = true;
		spin_unlock(&service->conn->tx_lock);
	}
	spin_unlock_irqrestore(&conn_lock, flags);
	inet_kick();
}

size_t tcp_send(struct tcp_service *service, const void *buf, size_t n)
{
	unsigned long flags = spin_lock_irqsave(&conn_lock);
	struct tcp_conn *c = service->conn;
	size_t done = 0;

	if (c && c->opened) {
		spin_lock(&c->tx_lock);
		if (!c->closing)
			done = ringbuf_write(&c->tx, buf, n);
		spin_unlock(&c->tx_lock);
	}
	spin_unlock_irqrestore(&conn_lock, flags);
	if (done)
		inet_kick();
	return done;
}

/* @return 1 there is room, 0 there is not, -1 there never will be */
static int room_now(struct tcp_service *service, size_t n)
{
	unsigned long flags = spin_lock_irqsave(&conn_lock);
	struct tcp_conn *c = service->conn;
	int result = -1;

	if (c && !READ_ONCE(c->closing))
		result = ringbuf_space(&c->tx) >= MIN(n, (size_t)TX_SIZE / 2);
	spin_unlock_irqrestore(&conn_lock, flags);
	return result;
}

bool tcp_wait_room(struct tcp_service *service, size_t n, uint64_t deadline)
{
	(void)waitq_wait_until(&room, room_now(service, n), deadline);
	return room_now(service, n) == 1;
}

bool tcp_peer(struct tcp_service *service, uint32_t *addr, uint16_t *port)
{
	bool any;

	mutex_lock(&inet.lock);
	any = service->conn && service->conn->opened;
	if (any) {
		*addr = service->conn->peer;
		*port = service->conn->peer_port;
	}
	mutex_unlock(&inet.lock);
	return any;
}
