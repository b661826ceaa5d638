/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver of virtio disks, on a device that is a disk in memory: requests of all shapes, limits
 * of the device, errors, devices that do not answer or make no sense. The driver is part of this
 * file because it never lets go of a disk, which the test has to.
 */
#include "fake.h"
#include "vio_fake.h"

#include <string.h>

#include "../../drivers/virtio/virtio_blk.c"

#define SECTORS 4096
#define ALL_F	(F_SEG_MAX | F_FLUSH | F_DISCARD | F_WRITE_ZEROES)

static struct vio_fake f;
static uint8_t *medium;
static unsigned flushes, discards, zeroes, most_segs, fail_at;
static uint32_t longest;
static bool backwards;
static struct blockdev *bd;

/* One request as the device does it (5.2.6). */
static uint8_t do_request(const struct fake_chain *c)
{
	uint32_t type = get_le32(c->segs[0].p);
	uint64_t sector = get_le64(c->segs[0].p + 8), at = sector * 512, n;
	bool write = type != 0;
	unsigned i;

	CHECK(c->n >= 2 && c->segs[0].len == 16 && c->segs[c->n - 1].len == 1);
	if (fail_at && !--fail_at)
		return 1;
	if (type == 4) {
		flushes++;
		return 0;
	}
	if (type == 11 || type == 13) {
		CHECK(c->n == 3 && c->nr_out == 2 && c->segs[1].len == 16 && !sector);
		at = get_le64(c->segs[1].p) * 512;
		n = get_le32(c->segs[1].p + 8) * 512ull;
		CHECK(n && n <= 100 * 512 && at + n <= SECTORS * 512);
		if (type == 13)
			memset(medium + at, 0, n);
		zeroes += type == 13;
		discards += type == 11;
		return 0;
	}
	CHECK(type <= 1 && c->nr_out == (write ? c->n - 1 : 1));
	for (i = 1; i + 1 < c->n; i++) {
		CHECK(at + c->segs[i].len <= SECTORS * 512);
		if (write)
			memcpy(medium + at, c->segs[i].p, c->segs[i].len);
		else
			memcpy(c->segs[i].p, medium + at, c->segs[i].len);
		at += c->segs[i].len;
		longest = MAX(longest, c->segs[i].len);
	}
	CHECK(at % 512 == 0);
	most_segs = MAX(most_segs, c->n - 2);
	return 0;
}

static void serve(struct vio_fake *dev, unsigned queue)
{
	static struct fake_chain all[256];
	unsigned n = 0, i;

	while (n < ARRAY_SIZE(all) && fake_pop(dev, queue, &all[n]))
		n++;
	for (i = 0; i < n; i++)
		*all[i].segs[all[i].n - 1].p = do_request(&all[i]);
	for (i = 0; i < n; i++)
		fake_push(dev, queue, all[backwards ? n - 1 - i : i].head, 1);
}

static uint32_t block_size = 512;
static unsigned out_of_memory_at;

static int begin_with(uint64_t features, uint32_t size_max, uint32_t seg_max, uint16_t queue)
{
	unsigned i;
	int err;

	world_begin();
	fake_log_clear();
	fake_init(&f, VIO_ID_BLOCK, features);
	f.queue_max[0] = queue;
	put_le64(f.config + CFG_CAPACITY, SECTORS);
	put_le32(f.config + CFG_SIZE_MAX, size_max);
	put_le32(f.config + CFG_SEG_MAX, seg_max);
	put_le32(f.config + CFG_BLK_SIZE, block_size);
	put_le32(f.config + CFG_DISCARD_MAX, 64);
	put_le32(f.config + CFG_ZEROES_MAX, 100);
	f.serve = serve;
	medium = heap_alloc(SECTORS * 512);
	for (i = 0; i < SECTORS * 512; i++)
		medium[i] = (uint8_t)unit_random();
	memset(medium + 510, 0, 2);	/* no table of partitions */
	fail_at = 0;
	backwards = false;
	fake_heap_fail_at(out_of_memory_at);
	err = vio_register(&f.vd);
	bd = blockdev_next(NULL);
	flushes = discards = zeroes = most_segs = longest = 0;
	return err;
}

static int begin(uint64_t features)
{
	return begin_with(features, 4096, 126, 256);
}

static void end(void)
{
	struct disk *d = bd ? bd->priv : NULL;

	if (d) {
		/* the watch over it ends when there is nothing to watch */
		world_advance(2 * PATIENCE);
		CHECK_EQ(d->in_flight, 0);
		CHECK(!timer_armed(&d->timer));
		CHECK_EQ(blockdev_unregister(bd), 0);
		heap_free(d->parts);
		heap_free(d->bounce);
		heap_free(d);
	}
	heap_free(medium);
	fake_fini(&f);
	CHECK_EQ(world_end(), 0);
}

TEST(appears)
{
	CHECK_EQ(begin(ALL_F), 0);
	REQUIRE(bd);
	CHECK_STR(bd->name, "vda");
	CHECK(bd->sectors == SECTORS && bd->block_size == 512 && !bd->read_only);
	CHECK(bd->can_discard && bd->can_zero);
	end();
	CHECK_EQ(begin(F_RO | F_BLK_SIZE), 0);
	REQUIRE(bd);
	CHECK(bd->read_only && !bd->can_discard && !bd->can_zero);
	end();
}

TEST(behind_caches)
{
	/* A device like others of its platform, where these do not see what caches have. */
	CHECK_EQ(begin(F_FLUSH | VIO_F_ACCESS_PLATFORM), -ENOTSUP);
	CHECK(strstr(fake_log_text(), "dma-coherent"));
	end();
}

/* --- requests of all shapes ---------------------------------------------------------- */

#define REQUESTS 40
#define AREA	 100 /* sectors of each one's part of the disk */
#define SEGS	 150

static struct shot {
	struct block_request rq;
	struct mem_seg segs[SEGS];
	uint8_t *data;
	unsigned ended;
} shots[REQUESTS];

static void shot_done(struct block_request *rq)
{
	container_of(rq, struct shot, rq)->ended++;
}

/* Cut the data into pieces of any length, empty ones among them. */
static unsigned cut(struct mem_seg *segs, uint8_t *data, size_t left, unsigned most)
{
	unsigned n = 0;

	while (left) {
		size_t len = n + 1 == most ? left :
					     unit_random_below(MIN_T(size_t, left, 2000) + 1);

		segs[n].va = data;
		segs[n++].len = (uint32_t)len;
		data += len;
		left -= len;
	}
	return n;
}

static void fire(struct shot *s, uint64_t first)
{
	uint64_t n = unit_random_below(AREA) + 1, from = first + unit_random_below(AREA + 1 - n);

	s->ended = 0;
	s->data = heap_alloc(n * 512);
	s->rq = (struct block_request){
		.op = unit_random_below(2) ? BLOCK_READ : BLOCK_WRITE, .sector = from, .sectors = n,
		.segs = s->segs, .done = shot_done,
	};
	s->rq.nr_segs = cut(s->segs, s->data, n * 512, (unsigned)unit_random_below(SEGS) + 1);
	blockdev_submit(bd, &s->rq);
}

static void many(uint64_t features, uint32_t size_max, uint32_t seg_max, uint16_t queue)
{
	unsigned round, i;
	size_t bytes;

	CHECK_EQ(begin_with(features, size_max, seg_max, queue), 0);
	REQUIRE(bd);
	for (round = 0; round < 60; round++) {
		backwards = round & 1;
		for (i = 0; i < REQUESTS; i++)
			fire(&shots[i], i * AREA);
		world_advance(1000000);
		for (i = 0; i < REQUESTS; i++) {
			bytes = shots[i].rq.sectors * 512;
			CHECK_EQ(shots[i].ended, 1);
			CHECK_EQ(shots[i].rq.status, 0);
			CHECK_MEM(shots[i].data, medium + shots[i].rq.sector * 512, bytes);
			heap_free(shots[i].data);
		}
		if (unit_failed())
			break;
	}
	CHECK(most_segs <= (features & F_SEG_MAX ? seg_max : 1));
	CHECK(!(features & F_SIZE_MAX) || longest <= size_max);
	end();
}

TEST(shapes)
{
	many(ALL_F, 0, 126, 256);
	many(ALL_F | VIO_F_INDIRECT | VIO_F_EVENT_IDX, 0, 126, 256);
	/* so small a ring that nearly all wait */
	many(ALL_F | VIO_F_EVENT_IDX, 0, 126, 8);
	/* limits of the device: requests go in parts */
	many(ALL_F | VIO_F_INDIRECT, 0, 40, 64);
	many(ALL_F | F_SIZE_MAX, 700, 126, 64);
	many(ALL_F | F_SIZE_MAX | VIO_F_INDIRECT | VIO_F_EVENT_IDX, 513, 5, 16);
	/* one piece only: blocks in several pieces are collected */
	many(F_FLUSH, 0, 0, 64);
	many(F_FLUSH | F_SIZE_MAX | VIO_F_EVENT_IDX, 512, 0, 4);
}

TEST(ranges_and_flush)
{
	struct shot *s = &shots[0];

	CHECK_EQ(begin(ALL_F), 0);
	REQUIRE(bd);
	medium[50 * 512] = 1;
	CHECK_EQ(blockdev_zero(bd, 50, 1000), 0);
	CHECK_EQ(zeroes, 10);	/* at most 100 sectors each */
	CHECK(!medium[50 * 512] && !memcmp(medium + 50 * 512, medium + 50 * 512 + 1, 511999));
	CHECK_EQ(blockdev_flush(bd), 0);
	CHECK_EQ(flushes, 1);
	s->ended = 0;
	s->rq = (struct block_request){ .op = BLOCK_DISCARD, .sectors = 130, .done = shot_done };
	blockdev_submit(bd, &s->rq);
	world_advance(1000);
	CHECK(s->ended == 1 && !s->rq.status && discards == 3);
	end();
	/* without a cache there is nothing to flush */
	CHECK_EQ(begin(F_SEG_MAX), 0);
	REQUIRE(bd);
	CHECK_EQ(blockdev_flush(bd), 0);
	CHECK_EQ(flushes, 0);
	end();
}

TEST(errors)
{
	uint8_t *data = heap_alloc(SECTORS * 512);
	struct mem_seg seg = { data, SECTORS * 512 };
	struct shot *s = &shots[0];
	unsigned n;

	for (n = 1; n < 10; n++) {
		CHECK_EQ(begin(ALL_F | F_SIZE_MAX), 0);
		REQUIRE(bd);
		fail_at = n;
		s->ended = 0;
		s->rq = (struct block_request){ .op = BLOCK_READ, .sectors = SECTORS, .segs = &seg,
						.nr_segs = 1, .done = shot_done };
		blockdev_submit(bd, &s->rq);
		world_advance(1000000);
		CHECK_EQ(s->ended, 1);
		/* 126 pieces of 4 KiB each: five parts */
		CHECK_EQ(s->rq.status, n <= 5 ? -EIO : 0);
		fail_at = 0;
		CHECK_EQ(blockdev_rw(bd, 3, data, 5, false), 0);
		CHECK_MEM(data, medium + 3 * 512, 5 * 512);
		end();
	}
	heap_free(data);
}

/* --- devices that do not answer, or make no sense ------------------------------------------ */

TEST(no_answer)
{
	unsigned i;

	CHECK_EQ(begin_with(ALL_F, 0, 126, 8), 0);
	REQUIRE(bd);
	f.serve = NULL;
	for (i = 0; i < REQUESTS; i++)
		fire(&shots[i], i * AREA);
	world_advance(PATIENCE);
	world_advance(PATIENCE);
	CHECK_EQ(world_work(), 1);
	CHECK_EQ(f.status, 0);	/* it cannot write to memory any more */
	CHECK(strstr(fake_log_text(), "vda"));
	for (i = 0; i < REQUESTS; i++) {
		CHECK_EQ(shots[i].ended, 1);
		CHECK_EQ(shots[i].rq.status, -EIO);
		heap_free(shots[i].data);
	}
	CHECK_EQ(blockdev_flush(bd), -EIO);
	end();
}

/* One that is slow is not given up. */
TEST(slow_answer)
{
	unsigned i, round;

	CHECK_EQ(begin(ALL_F), 0);
	REQUIRE(bd);
	f.serve = NULL;
	for (i = 0; i < 4; i++)
		fire(&shots[i], i * AREA);
	for (round = 0; round < 4; round++) {
		struct fake_chain c;

		world_advance(PATIENCE - 1000);
		REQUIRE(fake_pop(&f, 0, &c));
		*c.segs[c.n - 1].p = do_request(&c);
		fake_push(&f, 0, c.head, 1);
	}
	CHECK_EQ(world_work(), 0);
	for (i = 0; i < 4; i++) {
		CHECK(shots[i].ended == 1 && !shots[i].rq.status);
		heap_free(shots[i].data);
	}
	f.serve = serve;
	end();
}

TEST(grows)
{
	CHECK_EQ(begin(ALL_F), 0);
	REQUIRE(bd);
	put_le64(f.config, 5000);
	vio_interrupt(&f.vd, VIO_INT_CONFIG);
	CHECK_EQ(bd->sectors, 5000);
	put_le64(f.config, UINT64_MAX);
	vio_interrupt(&f.vd, VIO_INT_CONFIG);
	CHECK_EQ(bd->sectors, 5000);
	f.status |= VIO_S_NEEDS_RESET;
	vio_interrupt(&f.vd, VIO_INT_CONFIG);
	CHECK(strstr(fake_log_text(), "broken"));
	end();
}

TEST(bad_configuration)
{
	static const uint32_t sizes[] = { 0, 1, 511, 513, 131072, 0xffffffff };
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		block_size = sizes[i];
		CHECK_EQ(begin(F_BLK_SIZE), -EINVAL);
		CHECK(!bd && strstr(fake_log_text(), "blocks of"));
		end();
	}
	block_size = 512;
	CHECK_EQ(begin_with(F_SIZE_MAX, 511, 1, 64), -EINVAL);
	CHECK(!bd && strstr(fake_log_text(), "less than"));
	end();
	CHECK_EQ(begin_with(ALL_F, 0, 126, 3), -EINVAL);
	CHECK(!bd && strstr(fake_log_text(), "too short"));
	end();
}

TEST(out_of_memory)
{
	unsigned n;
	int err = -ENOMEM;

	for (n = 1; err && n < 30; n++) {
		out_of_memory_at = n;
		err = begin(ALL_F | VIO_F_INDIRECT);
		fake_heap_fail_at(0);
		out_of_memory_at = 0;
		CHECK(!err || err == -ENOMEM);
		end();
	}
	CHECK(!err && n > 4);
}
