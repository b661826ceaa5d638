/* SPDX-License-Identifier: GPL-2.0-only */
/* Captures: the file is what a reader of pcap expects, and whatever happens, nobody waits. */
#include "fake_sink.h"
#include "net_gso.h"

#include <core/time.h>

static struct tport a, b;
static struct gso g;

static void begin(size_t room)
{
	world_begin();
	fake_sink_begin(room);
	world_set_epoch(1700000000);
	CHECK_EQ(net_switch_create("lan", NET_POLICY_BRIDGE), 0);
	tport_make(&a, "a");
	tport_make(&b, "b");
	a.port.mtu = NET_MTU_MAX;
	b.port.mtu = NET_MTU_MAX;
	b.port.caps = NET_CAP_ALL;
	CHECK_EQ(net_port_attach(&a.port, "lan"), 0);
	CHECK_EQ(net_port_attach(&b.port, "lan"), 0);
}

static void end(void)
{
	tport_drop(&a);
	tport_drop(&b);
	CHECK_EQ(net_switch_destroy("lan", NULL), 0);
	CHECK(!fake_sink_open());
	fake_sink_begin(0);
	CHECK_EQ(world_end(), 0);
}

/* --- a reader of the format ---------------------------------------------------------------- */

struct reader {
	const uint8_t *at;
	size_t left;
};

static uint32_t field(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

static bool read_header(struct reader *r)
{
	r->at = fake_sink_content(&r->left);
	if (r->left < 24 || field(r->at) != 0xa1b23c4d || field(r->at + 4) != (4u << 16 | 2) ||
	    field(r->at + 20) != 1)
		return false;
	r->at += 24;
	r->left -= 24;
	return true;
}

/** @return length of the next frame, 0 at the end; its seconds and bytes */
static uint32_t read_record(struct reader *r, uint32_t *seconds, const uint8_t **data)
{
	uint32_t len;

	if (!r->left)
		return 0;
	CHECK(r->left >= 16);
	len = field(r->at + 8);
	CHECK_EQ(field(r->at + 12), len);
	CHECK(field(r->at + 4) < 1000000000 && r->left >= 16 + len);
	*seconds = field(r->at);
	*data = r->at + 16;
	r->at += 16 + len;
	r->left -= 16 + len;
	return len;
}

TEST(of_a_switch)
{
	uint32_t bits[128] = { 1 << 5 }, seconds, first;
	struct reader r;
	const uint8_t *data;
	uint8_t f[64];

	begin(100000);
	CHECK_EQ(net_capture_start("lan", "/file"), 0);
	CHECK_EQ(net_capture_start("lan", "/file"), -EALREADY);
	CHECK_EQ(net_capture_start("nix", "/file"), -ENXIO);
	CHECK_EQ(net_capture_start("a", "/file"), -EBUSY);
	CHECK_EQ(net_capture_start("a", "/other"), -EROFS);
	CHECK_EQ(net_capture_stop("a"), -ENODATA);
	world_advance(5000000000);
	first = (uint32_t)time_wallclock();
	CHECK(first > 1700000000);
	tsend_plain(&a, 2, 1, -1);
	CHECK_EQ(net_port_set_trunk("a", bits, 0), 0);
	CHECK_EQ(net_port_set_trunk("b", bits, 0), 0);
	world_advance(2500000000);
	tsend_plain(&b, 1, 2, 0x6005);
	world_threads(100);
	CHECK_EQ(net_capture_stop("lan"), 0);
	CHECK(!fake_sink_open() && fake_sink_synced());
	REQUIRE(read_header(&r));
	CHECK_EQ(read_record(&r, &seconds, &data), 60);
	CHECK_EQ(seconds, first);
	tframe_build(f, 2, 1, -1);
	CHECK_MEM(data, f, 60);
	/* a frame of another VLAN has its tag */
	CHECK_EQ(read_record(&r, &seconds, &data), 64);
	CHECK(seconds == first + 2 || seconds == first + 3);
	tframe_build(f, 1, 2, 0x6005);
	CHECK_MEM(data, f, 64);
	CHECK_EQ(read_record(&r, &seconds, &data), 0);
	/* over: nothing more is written */
	tsend_plain(&b, 1, 2, 5);
	end();
}

TEST(of_a_port)
{
	struct reader r;
	const uint8_t *data;
	uint32_t seconds;
	unsigned i;

	begin(100000);
	CHECK_EQ(net_capture_start("b", "/file"), 0);
	tsend_plain(&b, 1, 2, -1); /* from it */
	tsend_plain(&a, 2, 1, -1); /* to it */
	tsend_plain(&a, 1, 1, -1); /* neither */
	CHECK_EQ(net_capture_stop("b"), 0);
	REQUIRE(read_header(&r));
	for (i = 0; read_record(&r, &seconds, &data); i++)
		CHECK_EQ(data[11], i ? 1 : 2);
	CHECK_EQ(i, 2);
	end();
}

TEST(as_on_a_wire)
{
	struct net_frame frame = { 0 };
	struct mem_seg seg;
	struct net_burst burst;
	struct reader r;
	const uint8_t *data;
	uint32_t len, seconds;
	unsigned i;

	begin(100000);
	memset(&g, 0, sizeof(g));
	g.payload = 20000;
	g.mss = 1448;
	gso_build(&g);
	gso_frame(&g, &frame);
	seg.va = g.data;
	seg.len = g.len;
	frame.segs = &seg;
	frame.nr_segs = 1;
	CHECK_EQ(net_capture_start("lan", "/file"), 0);
	net_burst_begin(&burst, &a.port);
	net_send(&burst, &frame);
	net_burst_end(&burst);
	CHECK_EQ(b.n, 1);
	CHECK_EQ(net_capture_stop("lan"), 0);
	REQUIRE(read_header(&r));
	for (i = 0; (len = read_record(&r, &seconds, &data)); i++)
		gso_check(&g, i, data, len, 0);
	CHECK_EQ(i, gso_segments(&g));
	end();
}

static void info_of(const char *name, struct net_capture_info *info)
{
	struct net_switch_info i;

	net_list_lock();
	net_switch_info(net_switch_find(name), &i);
	net_capture_info(i.capture, info);
	net_list_unlock();
}

/** Frames of many lengths, again and again around the ring; each is whole. */
TEST(faster_than_the_file)
{
	static uint8_t f[60000];
	struct net_capture_info info;
	uint64_t written = 0, dropped;
	uint32_t seconds, len, i;
	struct reader r;
	const uint8_t *data;

	begin(1 << 30);
	CHECK_EQ(net_capture_start("lan", "/file"), 0);
	for (i = 0; i < 4000; i++) {
		len = 60 + (uint32_t)unit_random_below(i % 7 ? 2000 : 50000);
		memset(f, (int)i, len);
		tframe_build(f, BROADCAST, 1, -1);
		put_be32(f + 20, len);
		tsend(&a, f, len);
		tport_forget(&b);
		if (i % 400 == 399)
			world_threads(100);
	}
	info_of("lan", &info);
	dropped = info.dropped;
	CHECK(dropped > 100 && info.frames + info.dropped == 4000 && !info.err);
	CHECK_EQ(net_capture_stop("lan"), 0);
	REQUIRE(read_header(&r));
	while ((len = read_record(&r, &seconds, &data))) {
		CHECK_EQ(get_be32(data + 20), len);
		CHECK(len < 100 || (data[64] == data[len - 1] && data[len / 2 + 32] == data[64]));
		written++;
	}
	CHECK_EQ(written, 4000 - dropped);
	CHECK_EQ(b.port.stats.rx_frames, 4000);
	end();
}

TEST(no_space_left)
{
	struct net_capture_info info;
	unsigned i;

	begin(1000);
	CHECK_EQ(net_capture_start("lan", "/file"), 0);
	for (i = 0; i < 20; i++)
		tsend_plain(&a, 2, 1, -1);
	world_advance(1000000000);
	tsend_plain(&a, 2, 1, -1);
	/* The frames are written when half of the ring is used, or at the end: here by hand. */
	for (i = 0; i < 6000; i++) {
		tsend_plain(&a, 2, 1, -1);
		tport_forget(&b);
	}
	world_threads(100);
	info_of("lan", &info);
	CHECK_EQ(info.err, -ENOSPC);
	CHECK(strstr(fake_log_text(), "/file: writing failed"));
	/* it goes on counting, and nobody waits */
	tsend_plain(&a, 2, 1, -1);
	CHECK_EQ(net_capture_stop("lan"), 0);
	end();
}

TEST(goes_with_what_it_captures)
{
	begin(100000);
	CHECK_EQ(net_capture_start("a", "/file"), 0);
	tsend_plain(&a, 2, 1, -1);
	tport_drop(&a);
	CHECK(!fake_sink_open());
	tport_make(&a, "a");
	CHECK_EQ(net_capture_start("lan", "/file"), 0);
	CHECK_EQ(net_switch_destroy("lan", NULL), 0);
	CHECK(!fake_sink_open());
	CHECK_EQ(net_switch_create("lan", NET_POLICY_BRIDGE), 0);
	end();
}

TEST(out_of_memory)
{
	size_t n;
	int err = -ENOMEM;

	begin(100000);
	for (n = 1; err; n++) {
		fake_heap_fail_at(n);
		err = net_capture_start("lan", "/file");
		fake_heap_fail_at(0);
		CHECK(err == 0 || (err == -ENOMEM && !fake_sink_open()));
	}
	CHECK(n > 3);
	CHECK_EQ(net_capture_stop("lan"), 0);
	end();
}
