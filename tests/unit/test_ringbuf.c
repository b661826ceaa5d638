/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libs/ringbuf.c against a flat array.
 */
#include <stdlib.h>
#include <string.h>

#include <libs/ringbuf.h>

#include "unit.h"

#define MODEL	4096

/* A queue and all bytes that were ever written into it; front is the oldest still there. */
struct pair {
	struct ringbuf rb;
	uint8_t bytes[MODEL];
	size_t front;
	size_t end;
};

static void check_pair(struct pair *p)
{
	size_t used = p->end - p->front, offset = unit_random_below(used + 2);
	uint8_t buf[64];
	const uint8_t *chunk;
	size_t n;

	CHECK_EQ(ringbuf_used(&p->rb), used);
	CHECK_EQ(ringbuf_space(&p->rb), p->rb.size - used);
	CHECK(ringbuf_empty(&p->rb) == (used == 0));
	CHECK(ringbuf_full(&p->rb) == (used == p->rb.size));
	n = ringbuf_peek(&p->rb, offset, buf, sizeof(buf));
	CHECK_EQ(n, offset < used ? used - offset : 0);
	CHECK_MEM(buf, p->bytes + p->front + offset, n);
	n = ringbuf_chunk(&p->rb, &chunk);
	CHECK(n <= used && (n > 0) == (used > 0));
	CHECK_MEM(chunk, p->bytes + p->front, n);
}

static void write_some(struct pair *p, bool overwrite)
{
	uint8_t buf[40];
	size_t n = unit_random_below(sizeof(buf)), i, space = ringbuf_space(&p->rb);

	for (i = 0; i < n; i++)
		buf[i] = (uint8_t)unit_random();
	if (overwrite) {
		size_t lost = n > space ? n - space : 0;

		CHECK_EQ(ringbuf_overwrite(&p->rb, buf, n), lost);
		p->front += lost;
	} else {
		size_t fits = n < space ? n : space;

		CHECK_EQ(ringbuf_write(&p->rb, buf, n), fits);
		n = fits;
	}
	memcpy(p->bytes + p->end, buf, n);
	p->end += n;
}

static void read_some(struct pair *p, bool skip)
{
	uint8_t buf[40];
	size_t n = unit_random_below(sizeof(buf)), used = p->end - p->front;
	size_t expected = n < used ? n : used;

	if (skip) {
		CHECK_EQ(ringbuf_skip(&p->rb, n), expected);
	} else {
		CHECK_EQ(ringbuf_read(&p->rb, buf, n), expected);
		CHECK_MEM(buf, p->bytes + p->front, expected);
	}
	p->front += expected;
}

TEST(random_operations_match_the_model)
{
	static struct pair p;
	size_t size;

	for (size = 1; size <= 33; size += 4) {
		uint8_t *memory = malloc(size);
		int round;

		ringbuf_init(&p.rb, memory, size);
		p.front = p.end = 0;
		for (round = 0; round < 3000 && !unit_failed(); round++) {
			if (p.end > MODEL - 64) {
				ringbuf_reset(&p.rb);
				p.front = p.end = 0;
			}
			if (unit_random_below(2))
				write_some(&p, unit_random_below(4) == 0);
			else
				read_some(&p, unit_random_below(3) == 0);
			check_pair(&p);
		}
		free(memory);
	}
}

TEST(single_bytes)
{
	uint8_t memory[2];
	struct ringbuf rb;

	ringbuf_init(&rb, memory, sizeof(memory));
	CHECK_EQ(ringbuf_get(&rb), -1);
	CHECK(ringbuf_put(&rb, 0xff) && ringbuf_put(&rb, 0) && !ringbuf_put(&rb, 1));
	CHECK_EQ(ringbuf_get(&rb), 0xff);
	CHECK(ringbuf_put(&rb, 2));
	CHECK_EQ(ringbuf_get(&rb), 0);
	CHECK_EQ(ringbuf_get(&rb), 2);
	CHECK_EQ(ringbuf_get(&rb), -1);
}
