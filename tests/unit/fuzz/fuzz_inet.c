/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hypervisor's own network against any frames: as they are, or with headers that are right so
 * that what is behind them is looked at; a TCP service that takes what comes and says something,
 * time that passes. Whatever is sent is well formed (inet_world.c looks), nothing is left.
 */
#include "fuzz.h"

#include <core/inet.h>
#include <core/net.h>

#include "../inet_world.h"

#define ME   0x0a000001u
#define PEER 0x0a000002u

static unsigned room_left;

static void opened(struct tcp_service *s)
{
	tcp_send(s, "hello, this is a terminal\r\n", 27);
}

static size_t room(struct tcp_service *s)
{
	return room_left;
}

static void received(struct tcp_service *s, const uint8_t *buf, size_t n)
{
	FUZZ_CHECK(n <= room_left);
	if (n && buf[0] == 'q')
		tcp_close(s);
	tcp_send(s, buf, n);
}

static void closed(struct tcp_service *s)
{
}

static const struct tcp_service_ops ops = { opened, room, received, closed };

static void raw(struct fuzz_input *in)
{
	uint8_t frame[1600];
	size_t n = fuzz_byte(in) * 6u + 1, i;

	for (i = 0; i < n; i++)
		frame[i] = fuzz_byte(in);
	if (n >= 6)
		memcpy(frame, w_mac(), 6);
	w_receive(frame, n);
}

static void packet(struct fuzz_input *in)
{
	uint8_t data[256], frame[1518];
	size_t n = fuzz_byte(in), i;
	uint8_t proto = fuzz_byte(in);

	for (i = 0; i < n; i++)
		data[i] = fuzz_byte(in);
	w_receive(frame, w_ip(frame, PEER, ME, proto % 3 == 0 ? 1 : proto % 3 == 1 ? 17 : proto,
			      data, n));
}

/* Near to what would be right: numbers are relative to what we sent last. */
static void segment(struct fuzz_input *in)
{
	static uint32_t seq = 1000;
	uint32_t iss = 0x5a5a5a5au;
	struct w_tcp t = { .from = PEER, .port = 4000, .to = 23, .window = 8000 };
	uint8_t data[64];
	size_t n = fuzz_byte(in) % 64, i;

	t.flags = fuzz_byte(in);
	t.seq = seq + (uint32_t)(int8_t)fuzz_byte(in);
	t.ack = iss + fuzz_byte(in);
	if (fuzz_byte(in) == 0)
		t.window = 0;
	for (i = 0; i < n; i++)
		data[i] = fuzz_byte(in);
	w_tcp(&t, ME, data, n);
	if (t.flags & 2)
		seq = t.seq + 1;
	else
		seq += (uint32_t)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tcp_service service = { .port = 23, .idle_limit = 60, .ops = &ops };
	struct fuzz_input in = { data, size };

	FUZZ_CHECK(!inet_attach("lan"));
	if (fuzz_byte(&in) & 1)
		FUZZ_CHECK(!inet_set_static(ME, 0xffffff00u, 0));
	else
		FUZZ_CHECK(!inet_set_dhcp());
	FUZZ_CHECK(!tcp_listen(&service));
	w_arp_request(PEER, ME);
	while (in.size) {
		uint8_t what = fuzz_byte(&in);

		room_left = what >> 4 ? 1000 : what & 1;
		switch (what % 5) {
		case 0:
			raw(&in);
			break;
		case 1:
			packet(&in);
			break;
		case 2:
		case 3:
			segment(&in);
			break;
		default:
			w_pass((uint64_t)fuzz_byte(&in) << (what >> 3 & 31));
			break;
		}
		(void)w_run();
	}
	tcp_unlisten(&service);
	FUZZ_CHECK(w_end() == 0);
	return 0;
}
