/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Heap and frames: what is handed out is aligned, apart from each other and all given back. Data
 * is the tests' own; no locks.
 */
#include "self.h"

#include <core/cpu.h>
#include <libs/errno.h>
#include <libs/string.h>

#define BLOCKS 64

void self_usage_get(struct self_usage *usage)
{
	heap_stats_get(&usage->heap);
	frame_stats_get(&usage->frames);
}

/* Less in use than before is fine: what others did before may have ended only now. */
static bool heap_no_more(const struct self_usage *before, const struct self_usage *now)
{
	return now->heap.pages <= before->heap.pages && now->heap.used <= before->heap.used &&
	       now->heap.allocs <= before->heap.allocs;
}

static bool frames_no_more(const struct self_usage *before, const struct self_usage *now)
{
	return now->frames.total == before->frames.total &&
	       now->frames.free >= before->frames.free && now->frames.own <= before->frames.own &&
	       now->frames.largest >= before->frames.largest;
}

static bool comes_back(const struct self_usage *before,
		       bool (*same)(const struct self_usage *, const struct self_usage *))
{
	struct self_usage now;
	unsigned i;

	for (i = 0; i < 50; i++) {
		self_usage_get(&now);
		if (same(before, &now))
			return true;
		thread_sleep(2 * MSEC);
	}
	return false;
}

bool self_heap_back(const struct self_usage *before)
{
	return comes_back(before, heap_no_more);
}

bool self_frames_back(const struct self_usage *before)
{
	return comes_back(before, frames_no_more);
}

/* --- heap ----------------------------------------------------------------------------------- */

/* All sizes of slabs and beyond: 1 to 8 KiB. */
static size_t size_of(unsigned i)
{
	return 1 + (size_t)i * i * 2;
}

static bool is_filled(const uint8_t *p, uint8_t with, size_t n)
{
	while (n--)
		if (*p++ != with)
			return false;
	return true;
}

static const char *heap_patterns(uint8_t **p)
{
	unsigned i;

	for (i = 0; i < BLOCKS; i++) {
		p[i] = heap_alloc(size_of(i));
		REQUIRE(p[i], "out of memory");
		REQUIRE(IS_ALIGNED((uintptr_t)p[i], 16), "a block is not aligned to 16 bytes");
		memset(p[i], (int)i + 1, size_of(i));
	}
	/* Grow some and shrink others, with the rest around them. */
	for (i = 0; i < BLOCKS; i += 3) {
		size_t other = size_of(BLOCKS - 1 - i);
		uint8_t *moved = heap_realloc(p[i], other);

		REQUIRE(moved, "out of memory for realloc");
		p[i] = moved;
		REQUIRE(is_filled(moved, (uint8_t)(i + 1), MIN(other, size_of(i))),
			"realloc lost the content");
		memset(moved, (int)i + 1, other);
	}
	for (i = 0; i < BLOCKS; i++)
		REQUIRE(is_filled(p[i], (uint8_t)(i + 1), i % 3 ? size_of(i) :
								  size_of(BLOCKS - 1 - i)),
			"a block was overwritten by another one");
	return NULL;
}

SELFTEST(heap_blocks, "heap.blocks")
{
	static uint8_t *p[BLOCKS];
	struct self_usage before;
	const char *wrong;
	unsigned i;

	memset(p, 0, sizeof(p));
	self_usage_get(&before);
	wrong = heap_patterns(p);
	for (i = 0; i < BLOCKS; i++)
		heap_free(p[i * 29 % BLOCKS]);
	if (!wrong && !self_heap_back(&before))
		wrong = "blocks that were freed still count as used";
	return wrong;
}

SELFTEST(heap_calloc, "heap.calloc")
{
	volatile size_t many = SIZE_MAX / 2 + 2, half = SIZE_MAX / 2;
	uint8_t *p = heap_alloc(3000);
	bool zero;

	REQUIRE(p, "out of memory");
	memset(p, 0xff, 3000);
	heap_free(p);
	p = heap_calloc(30, 100);
	REQUIRE(p, "out of memory");
	zero = is_filled(p, 0, 3000);
	heap_free(p);
	REQUIRE(zero, "calloc gave memory that is not zero");
	REQUIRE(!heap_calloc(many, 2), "calloc gave memory where n * size overflows");
	REQUIRE(!heap_alloc(half), "alloc gave half of all addresses");
	return NULL;
}

/* --- frames --------------------------------------------------------------------------------- */

static const struct {
	uint16_t pages;
	uint32_t align;
} runs[] = {
	{ 1, 0 },	   { 3, 0 },	    { 64, 0 },		{ 65, 4 * PAGE_SIZE },
	{ 2, BLOCK_SIZE }, { 511, 65536 },  { 512, 0 },		{ 513, BLOCK_SIZE },
	{ 1, 65536 },	   { 16, 16384 },   { 512, BLOCK_SIZE }, { 700, 2 * BLOCK_SIZE },
};

static const char *frames_take(hpa_t *at)
{
	unsigned i, k;

	for (i = 0; i < ARRAY_SIZE(runs); i++) {
		at[i] = frame_alloc(runs[i].pages, runs[i].align);
		REQUIRE(at[i], "out of memory");
		REQUIRE(IS_ALIGNED(at[i], MAX_T(uint64_t, runs[i].align, PAGE_SIZE)),
			"a run is not aligned");
		REQUIRE(mem_is_ram(at[i], (uint64_t)runs[i].pages << PAGE_SHIFT),
			"a run is not in RAM");
		for (k = 0; k < i; k++)
			REQUIRE(at[i] + ((hpa_t)runs[i].pages << PAGE_SHIFT) <= at[k] ||
					at[k] + ((hpa_t)runs[k].pages << PAGE_SHIFT) <= at[i],
				"two runs overlap");
	}
	return NULL;
}

static const char *frames_round(void)
{
	hpa_t at[ARRAY_SIZE(runs)] = { 0 };
	const char *wrong = frames_take(at);
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(runs); i++)
		if (at[i])
			frame_free(at[i], runs[i].pages);
	return wrong;
}

SELFTEST(frame_runs, "frames.runs")
{
	struct self_usage before;
	const char *wrong = frames_round();

	/* The first round may have made bookkeeping that stays. */
	REQUIRE(!wrong, wrong);
	self_usage_get(&before);
	wrong = frames_round();
	if (!wrong && !self_frames_back(&before))
		wrong = "frames that were freed are not free";
	return wrong;
}

/* With a free run of 600 pages at pa: take it by address, in parts. */
static const char *reserve_parts(hpa_t pa)
{
	REQUIRE(!frame_reserve(pa, 600), "free frames cannot be reserved");
	frame_free(pa + 100 * PAGE_SIZE, 400);
	REQUIRE(frame_reserve(pa + 99 * PAGE_SIZE, 2) == -EBUSY, "a frame was reserved twice");
	REQUIRE(frame_reserve(pa + 499 * PAGE_SIZE, 2) == -EBUSY, "a frame was reserved twice");
	REQUIRE(!frame_reserve(pa + 100 * PAGE_SIZE, 400), "a hole cannot be reserved");
	REQUIRE(frame_reserve(pa, 1) == -EBUSY && frame_reserve(pa + 599 * PAGE_SIZE, 1) == -EBUSY,
		"a frame was reserved twice");
	return NULL;
}

SELFTEST(frame_reserve, "frames.reserve")
{
	hpa_t pa = frame_alloc(600, 0);
	struct self_usage before;
	const char *wrong;

	REQUIRE(pa, "out of memory");
	REQUIRE(frame_reserve(pa, 600) == -EBUSY, "frames in use were reserved");
	REQUIRE(frame_reserve(MEM_PHYS_LIMIT, 1) == -ERANGE, "what is no RAM was reserved");
	frame_free(pa, 600);
	self_usage_get(&before);
	wrong = reserve_parts(pa);
	REQUIRE(!wrong, wrong);
	frame_free(pa, 600);
	return self_frames_back(&before) ? NULL : "frames that were freed are not free";
}

SELFTEST(frame_map, "frames.map")
{
	hpa_t pa = frame_alloc(1024, BLOCK_SIZE);
	uint64_t *p = pa ? mem_map_frames(pa, 1024 * PAGE_SIZE) : NULL;
	const char *wrong = NULL;
	size_t i, words = 1024 * PAGE_SIZE / 8;

	REQUIRE(pa, "out of memory");
	REQUIRE_OR_OUT(p, "frames cannot be mapped");
	REQUIRE_OR_OUT(mem_va_to_hpa(p) == pa && (va_t)p == mem_direct_base() + pa,
		       "the direct map is not linear");
	for (i = 0; i < words; i += 512)
		p[i] = i;
	for (i = 0; i < words && !wrong; i += 512)
		if (p[i] != i)
			wrong = "a mapped frame does not keep what is written";
out:
	frame_free(pa, 1024);
	return wrong;
}
