/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rings of the host's virtio drivers against a device that checks all that it gets.
 */
#include "fake.h"
#include "vio_fake.h"

#include <string.h>

#include <core/mem.h>
#include <libs/errno.h>

#define TYPE   42
#define CHAINS 64

static struct vring_spec spec;
static unsigned callbacks;

static void used(struct vring *vr)
{
	callbacks++;
}

static int probe(struct vio_dev *vd)
{
	int err = vio_rings(vd, &spec, 1);

	if (!err)
		vio_ready(vd);
	return err;
}

VIO_DRIVER(ringtest) { .name = "ringtest", .type = TYPE, .probe = probe };

static struct vio_fake f;

static struct vring *begin(uint64_t features, uint16_t max, bool indirect)
{
	world_begin();
	fake_log_clear();
	callbacks = 0;
	spec = (struct vring_spec){ max, indirect, used };
	fake_init(&f, TYPE, features);
	CHECK_EQ(vio_register(&f.vd), 0);
	CHECK_EQ(f.status, VIO_S_ACKNOWLEDGE | VIO_S_DRIVER | VIO_S_FEATURES_OK | VIO_S_DRIVER_OK);
	return f.vr[0];
}

static void end(void)
{
	fake_fini(&f);
	CHECK_EQ(world_end(), 0);
}

/* A chain that is under way: numbers to read, room to write. */
struct chain {
	bool busy;
	unsigned out, in;
	uint32_t written;
	uint8_t data[40][8];
};

static bool give(struct vring *vr, struct chain *c, unsigned out, unsigned in)
{
	unsigned i;

	if (!vring_begin(vr, out + in))
		return false;
	c->busy = true;
	c->out = out;
	c->in = in;
	for (i = 0; i < out + in; i++) {
		memset(c->data[i], (int)(i + 1), 8);
		vring_put(vr, c->data[i], 8, i >= out);
	}
	vring_end(vr, c);
	return true;
}

/* The device's work: reads what is to be read, fills what is to be filled. */
static uint32_t serve(const struct fake_chain *chain)
{
	uint32_t written = 0;
	unsigned i, k;

	for (i = 0; i < chain->n; i++) {
		CHECK_EQ(chain->segs[i].len, 8);
		for (k = 0; k < 8; k++)
			CHECK_EQ(chain->segs[i].p[k], i + 1);
		if (i < chain->nr_out)
			continue;
		memset(chain->segs[i].p, 0x80 + (int)i, 8);
		written += 8;
	}
	return written;
}

static void take_back(struct vring *vr, unsigned *busy)
{
	struct chain *c;
	uint32_t len;
	unsigned i;

	while ((c = vring_get(vr, &len))) {
		CHECK(c->busy);
		CHECK_EQ(len, c->in * 8);
		for (i = 0; i < c->out + c->in; i++)
			CHECK_EQ(c->data[i][7], i < c->out ? i + 1 : 0x80 + i);
		c->busy = false;
		--*busy;
	}
}

/* Chains of all lengths come and go in any order; every descriptor is free in the end. */
static void live(uint64_t features, bool indirect, uint16_t max)
{
	struct vring *vr = begin(features, max, indirect);
	struct chain *chains = heap_calloc(CHAINS, sizeof(*chains));
	struct fake_chain *device = heap_calloc(CHAINS, sizeof(*device));
	unsigned busy = 0, at_device = 0, round, i;
	bool tables = indirect && features & VIO_F_INDIRECT, kicked = false;

	REQUIRE(vr && vr->num == max);
	for (round = 0; round < 40000; round++) {
		struct chain *c = &chains[unit_random_below(CHAINS)];
		unsigned out = (unsigned)unit_random_below(20);
		unsigned in = (unsigned)unit_random_below(20) + !out;

		switch (unit_random_below(4)) {
		case 0:
			if (!c->busy && give(vr, c, out, in))
				busy++;
			break;
		case 1:
			i = f.notified[0];
			vring_kick(vr);
			kicked |= f.notified[0] != i;
			/* nothing that it waits for is kept from it */
			CHECK(f.seen[0] == vr->avail_idx || kicked || f.notified[0]);
			break;
		case 2:
			if (at_device < CHAINS && fake_pop(&f, 0, &device[at_device])) {
				CHECK(!device[at_device].indirect || tables);
				CHECK(!device[at_device].indirect ||
				      device[at_device].n <= VRING_TABLE);
				at_device++;
			}
			break;
		default:
			if (at_device) {
				i = (unsigned)unit_random_below(at_device);
				fake_push(&f, 0, device[i].head, serve(&device[i]));
				device[i] = device[--at_device];
			}
			if (unit_random_below(3) == 0)
				take_back(vr, &busy);
		}
	}
	while (fake_pop(&f, 0, &device[0]))
		fake_push(&f, 0, device[0].head, serve(&device[0]));
	while (at_device--)
		fake_push(&f, 0, device[at_device].head, serve(&device[at_device]));
	take_back(vr, &busy);
	CHECK_EQ(busy, 0);
	CHECK_EQ(vr->nr_free, vr->num);
	CHECK_STR(fake_log_text(), "");
	heap_free(device);
	heap_free(chains);
	end();
}

TEST(chains_of_all_kinds)
{
	live(0, false, 64);
	live(VIO_F_INDIRECT, true, 32);
	live(VIO_F_INDIRECT, false, 128);
	live(VIO_F_EVENT_IDX, false, 64);
	live(VIO_F_EVENT_IDX | VIO_F_INDIRECT, true, 8);
}

/* The 16-bit indices come round many times in the above; here the events at that point. */
TEST(events)
{
	struct vring *vr = begin(VIO_F_EVENT_IDX, 4, false);
	struct fake_chain chain;
	static struct chain c;
	unsigned i;

	REQUIRE(vr);
	for (i = 0; i < 70000; i++) {
		REQUIRE(give(vr, &c, 1, 0));
		vring_kick(vr);
		CHECK_EQ(f.notified[0], i + 1);
		vring_kick(vr);
		CHECK_EQ(f.notified[0], i + 1);	/* it knows */
		REQUIRE(fake_pop(&f, 0, &chain));
		fake_push(&f, 0, chain.head, 0);
		CHECK_EQ(f.interrupts[0], i + 1);
		CHECK(vring_get(vr, NULL) == &c);
		CHECK(!vring_listen(vr));
		if (unit_failed())
			break;
	}
	/* Quiet: no interrupt; listening again tells that something was missed. */
	vring_quiet(vr);
	callbacks = 0;
	REQUIRE(give(vr, &c, 1, 0) && fake_pop(&f, 0, &chain));
	fake_push(&f, 0, chain.head, 0);
	CHECK_EQ(callbacks, 0);
	CHECK(vring_listen(vr));
	CHECK(vring_get(vr, NULL) == &c);
	/* Not told of a chain that it has seen by itself. */
	i = f.notified[0];
	REQUIRE(give(vr, &c, 1, 0) && fake_pop(&f, 0, &chain));
	vring_kick(vr);
	CHECK_EQ(f.notified[0], i);
	end();
}

TEST(flags)
{
	struct vring *vr = begin(0, 4, false);
	struct fake_chain chain;
	static struct chain c;

	REQUIRE(vr && give(vr, &c, 1, 0));
	vr->used->flags = 1;
	vring_kick(vr);
	CHECK_EQ(f.notified[0], 0);
	vring_quiet(vr);
	REQUIRE(fake_pop(&f, 0, &chain));
	fake_push(&f, 0, chain.head, 0);
	CHECK_EQ(callbacks, 0);
	CHECK(vring_listen(vr));
	end();
}

static void lie(uint32_t id)
{
	struct vring *vr = begin(0, 4, false);
	struct fake_chain chain;
	static struct chain c;

	REQUIRE(vr && give(vr, &c, 2, 0) && fake_pop(&f, 0, &chain));
	fake_push(&f, 0, id, 0);
	CHECK(!vring_get(vr, NULL));
	CHECK(strstr(fake_log_text(), "not given"));
	fake_log_clear();
	CHECK(!vring_get(vr, NULL));
	CHECK(!vring_begin(vr, 1));
	CHECK(!vring_listen(vr));
	CHECK_STR(fake_log_text(), "");	/* said once */
	end();
}

TEST(devices_that_lie)
{
	lie(4);
	lie(UINT32_MAX);
	lie(1);		/* part of a chain, not its head */
	lie(3);		/* free */
}

TEST(room)
{
	struct vring *vr = begin(VIO_F_INDIRECT, 8, true);
	static struct chain c[8];
	unsigned i;

	REQUIRE(vr);
	CHECK(!vring_begin(vr, 9));	/* neither a table nor the ring has room for it */
	for (i = 0; i < 8; i++)
		CHECK(give(vr, &c[i], 4, 4));
	CHECK(!vring_begin(vr, 1));
	end();
}

/* --- the bus ---------------------------------------------------------------------------------- */

static void refused(int err, const char *words)
{
	world_begin();
	fake_log_clear();
	CHECK_EQ(vio_register(&f.vd), err);
	CHECK(!f.vd.nr_rings && !f.claimed);
	CHECK(strstr(fake_log_text(), words));
	end();
}

TEST(devices_that_are_refused)
{
	spec = (struct vring_spec){ 8, false, used };
	fake_init(&f, TYPE, 0);
	f.offered = VIO_F_EVENT_IDX;
	refused(-ENOTSUP, "before version 1");
	CHECK_EQ(f.status, VIO_S_FAILED);
	fake_init(&f, TYPE, 0);
	f.refuse_features = true;
	refused(-ENOTSUP, "does not accept");
	fake_init(&f, TYPE, 0);
	f.queue_max[0] = 0;
	refused(-ENODEV, "no queue 0");
	fake_init(&f, 77, 0);
	refused(-ENODEV, "type 77");
	CHECK_EQ(f.status, VIO_S_ACKNOWLEDGE);
}

TEST(odd_sizes)
{
	struct vring *vr;

	fake_init(&f, TYPE, 0);
	world_begin();
	spec = (struct vring_spec){ 64, false, used };
	f.queue_max[0] = 50;
	CHECK_EQ(vio_register(&f.vd), 0);
	vr = f.vr[0];
	REQUIRE(vr);
	CHECK_EQ(vr->num, 32);
	end();
}

TEST(config_of_64_bits)
{
	world_begin();
	fake_init(&f, TYPE, 0);
	memcpy(f.config + 8, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
	CHECK_EQ(vio_config64(&f.vd, 8), 0x0807060504030201);
	end();
}

TEST(out_of_memory)
{
	unsigned n;
	int err = -ENOMEM;

	for (n = 1; err; n++) {
		world_begin();
		spec = (struct vring_spec){ 8, true, used };
		fake_init(&f, TYPE, VIO_F_INDIRECT);
		fake_heap_fail_at(n);
		err = vio_register(&f.vd);
		fake_heap_fail_at(0);
		CHECK(!err || err == -ENOMEM);
		end();
		REQUIRE(n < 20);
	}
	CHECK(n > 2);
	world_begin();
	fake_init(&f, TYPE, 0);
	world_pages_fail(true);
	CHECK_EQ(vio_register(&f.vd), -ENOMEM);
	world_pages_fail(false);
	end();
}
