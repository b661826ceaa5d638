/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libs/bitmap.c against a plain array of bool, with sizes around the words' ends. The maps come
 * from malloc() so that the sanitizer sees a word too much.
 */
#include <stdlib.h>
#include <string.h>

#include <libs/bitmap.h>

#include "unit.h"

#define MAX_BITS	200

/* A bitmap, and what it should be. */
struct pair {
	unsigned long *map;
	bool model[MAX_BITS];
	size_t bits;
};

static struct pair make_pair(size_t bits)
{
	struct pair p = { .bits = bits };

	p.map = malloc(BITMAP_WORDS(bits) * sizeof(unsigned long));
	/* What is behind the end must not matter. */
	memset(p.map, 0xff, BITMAP_WORDS(bits) * sizeof(unsigned long));
	bitmap_clear_range(p.map, 0, bits);
	return p;
}

static size_t model_next(const struct pair *p, size_t from, bool value)
{
	while (from < p->bits && p->model[from] != value)
		from++;
	return from < p->bits ? from : p->bits;
}

static size_t model_weight(const struct pair *p)
{
	size_t n = 0, i;

	for (i = 0; i < p->bits; i++)
		n += p->model[i];
	return n;
}

static size_t model_run(const struct pair *p, size_t from, size_t n, size_t align)
{
	size_t start, i;

	for (start = from; start + n <= p->bits; start++) {
		if (start % align)
			continue;
		for (i = 0; i < n && !p->model[start + i]; i++)
			;
		if (i == n)
			return start;
	}
	return p->bits;
}

static void check_pair(const struct pair *p)
{
	size_t i, n = 0;

	for (i = 0; i < p->bits; i++)
		CHECK(bitmap_test(p->map, i) == p->model[i]);
	for (i = 0; i <= p->bits + 1; i++) {
		CHECK_EQ(bitmap_find_next(p->map, p->bits, i), model_next(p, i, true));
		CHECK_EQ(bitmap_find_next_zero(p->map, p->bits, i), model_next(p, i, false));
	}
	CHECK_EQ(bitmap_find_first(p->map, p->bits), model_next(p, 0, true));
	CHECK_EQ(bitmap_find_first_zero(p->map, p->bits), model_next(p, 0, false));
	CHECK_EQ(bitmap_weight(p->map, p->bits), model_weight(p));
	CHECK(bitmap_empty(p->map, p->bits) == (model_weight(p) == 0));
	CHECK(bitmap_full(p->map, p->bits) == (model_weight(p) == p->bits));
	bitmap_for_each(i, p->map, p->bits) {
		CHECK(p->model[i]);
		n++;
	}
	CHECK_EQ(n, model_weight(p));
}

/* One random change of both. */
static void change(struct pair *p)
{
	size_t bit = unit_random_below(p->bits);
	size_t n = unit_random_below(p->bits - bit + 1), i;
	bool value = unit_random_below(2);

	switch (unit_random_below(4)) {
	case 0:
		bitmap_assign(p->map, bit, value);
		p->model[bit] = value;
		break;
	case 1:
		if (value)
			bitmap_set_range(p->map, bit, n);
		else
			bitmap_clear_range(p->map, bit, n);
		for (i = 0; i < n; i++)
			p->model[bit + i] = value;
		break;
	case 2:
		CHECK(bitmap_test_and_set_atomic(p->map, bit) == p->model[bit]);
		bitmap_clear_atomic(p->map, bit);
		p->model[bit] = false;
		break;
	default:
		bitmap_set_atomic(p->map, bit);
		CHECK(bitmap_test_and_clear_atomic(p->map, bit));
		p->model[bit] = false;
		break;
	}
}

TEST(changes_and_searches_match_the_model)
{
	static const size_t sizes[] = { 1, 2, 63, 64, 65, 127, 128, 129, 200 };
	size_t s;

	for (s = 0; s < ARRAY_SIZE(sizes); s++) {
		struct pair p = make_pair(sizes[s]);
		int round;

		check_pair(&p);
		for (round = 0; round < 400 && !unit_failed(); round++) {
			size_t n = 1 + unit_random_below(20);
			size_t from = unit_random_below(p.bits);
			size_t align = (size_t)1 << unit_random_below(5);

			change(&p);
			check_pair(&p);
			CHECK_EQ(bitmap_find_zero_run(p.map, p.bits, from, n, align),
				 model_run(&p, from, n, align));
		}
		free(p.map);
	}
}

TEST(whole_maps)
{
	size_t bits;

	for (bits = 1; bits <= 130; bits++) {
		size_t size = BITMAP_WORDS(bits) * sizeof(unsigned long);
		unsigned long *a = malloc(size), *b = malloc(size), *c = malloc(size);

		bitmap_fill(a, bits);
		CHECK(bitmap_full(a, bits));
		CHECK_EQ(bitmap_weight(a, BITMAP_WORDS(bits) * BITS_PER_LONG), bits);
		bitmap_zero(b, bits);
		CHECK(bitmap_empty(b, bits));
		CHECK(!bitmap_equal(a, b, bits) && !bitmap_intersects(a, b, bits));
		bitmap_set(b, bits - 1);
		CHECK(bitmap_intersects(a, b, bits));
		bitmap_andnot(c, a, b, bits);
		CHECK_EQ(bitmap_weight(c, bits), bits - 1);
		bitmap_or(c, c, b, bits);
		CHECK(bitmap_equal(c, a, bits));
		bitmap_and(c, a, b, bits);
		CHECK(bitmap_equal(c, b, bits));
		/* Bits behind the end do not make maps different. */
		memset(c, 0xff, size);
		CHECK(bitmap_equal(c, a, bits));
		bitmap_copy(b, c, bits);
		CHECK_EQ(bitmap_weight(b, BITMAP_WORDS(bits) * BITS_PER_LONG), bits);
		free(a);
		free(b);
		free(c);
	}
}

TEST(an_empty_map)
{
	unsigned long none[1] = { ~0ul };

	CHECK_EQ(bitmap_find_next(none, 0, 0), 0);
	CHECK_EQ(bitmap_weight(none, 0), 0);
	CHECK(bitmap_empty(none, 0) && bitmap_full(none, 0));
	CHECK_EQ(bitmap_find_zero_run(none, 0, 0, 1, 1), 0);
	bitmap_set_range(none, 0, 0);
}
