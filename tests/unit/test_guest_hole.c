/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of a guest that goes back to the host and comes again, over the real frames and page
 * tables: contents against a model, what is pinned, what is in use, a host that has no more.
 */
#include <stdio.h>
#include <string.h>

#include <core/dt.h>
#include <core/guest.h>
#include <core/guest_hole.h>
#include <core/mem.h>
#include <core/shell.h>
#include <libs/errno.h>

#include "../../core/guest/guest_priv.h"
#include "fake.h"
#include "host_machine.h"
#include "unit.h"

#define RAM_SIZE (48 * MIB)
#define BASE	 0x40000000ull
#define SIZE	 (8 * MIB)
#define PAGES	 (SIZE / PAGE_SIZE)

void out_printf(struct shell_out *out, const char *fmt, ...)
{
}

static struct guest guest;
static struct region region;
static uint64_t model[PAGES]; /* the first word of each page */
static uint64_t free_before;

static uint64_t frames_free(void)
{
	struct frame_stats st;

	frame_stats_get(&st);
	return st.free;
}

static bool begin(bool moves)
{
	static struct dt_node *node;

	if (!node) {
		machine_start(RAM_SIZE);
		node = dt_new_tree();
	}
	page_free(page_alloc(1), 1);
	fake_log_clear();
	memset(&guest, 0, sizeof(guest));
	memset(model, 0, sizeof(model));
	strcpy(guest.name, "g");
	mutex_init(&guest.map_lock);
	guest_holes_init(&guest);
	region = (struct region){ .node = node, .gpa = BASE, .size = SIZE,
				  .flags = REGION_REAL | REGION_MEMORY | REGION_RAM |
					   REGION_ALLOCED };
	guest.regions = &region;
	guest.nr_regions = 1;
	free_before = frames_free();
	CHECK_EQ(arch_guest_init(&guest), 0);
	CHECK_EQ(guest_memory_init(&guest, NULL), 0);
	guest.mem_moves = moves;
	return !unit_failed();
}

static void end(void)
{
	uint64_t now;

	guest_memory_fini(&guest);
	arch_guest_fini(&guest);
	page_free(page_alloc(1), 1);
	now = frames_free();
	/* Page tables of the host and pages of the heap may stay. */
	if (now > free_before || free_before - now > 24)
		unit_fail(__FILE__, __LINE__, "%llu pages were free, now %llu",
			  (unsigned long long)free_before, (unsigned long long)now);
}

static void put(unsigned page, uint64_t value)
{
	model[page] = value;
	CHECK_EQ(guest_mem_write(&guest, BASE + page * PAGE_SIZE, &value, 8), 0);
}

static void compare(unsigned page)
{
	uint64_t value = ~0ull;

	CHECK_EQ(guest_mem_read(&guest, BASE + page * PAGE_SIZE, &value, 8), 0);
	if (value != model[page])
		unit_fail(__FILE__, __LINE__, "page %u has %llx, not %llx", page,
			  (unsigned long long)value, (unsigned long long)model[page]);
}

static uint64_t release(unsigned page, unsigned n)
{
	uint64_t bytes = guest_mem_release(&guest, BASE + page * PAGE_SIZE, n * PAGE_SIZE);

	guest_mem_released(&guest);
	guest_mem_settle(&guest);
	return bytes;
}

TEST(goes_and_comes)
{
	uint64_t at_first;

	REQUIRE(begin(true));
	at_first = frames_free();
	for (unsigned i = 0; i < PAGES; i++)
		put(i, i + 1);
	CHECK_EQ(frames_free(), at_first);
	/* A block, a page in the midst of another, and what is partly gone already. */
	CHECK_EQ(release(512, 512), 2 * MIB);
	/* The list of them may have taken a page. */
	CHECK(frames_free() >= at_first + 510);
	CHECK_EQ(release(1024 + 7, 1), PAGE_SIZE);
	CHECK_EQ(guest_mem_held(&guest), SIZE - 2 * MIB - PAGE_SIZE);
	CHECK_EQ(release(1000, 40), 15 * PAGE_SIZE);
	CHECK_EQ(release(512, 512), 0);
	memset(model + 512, 0, 528 * sizeof(*model));
	for (unsigned i = 0; i < PAGES; i++)
		compare(i);
	CHECK_EQ(guest_mem_held(&guest), SIZE);
	/* Not all of a page, none of the guest's, more than all addresses. */
	CHECK_EQ(guest_mem_release(&guest, BASE + 1, 2 * PAGE_SIZE - 2), 0);
	CHECK_EQ(guest_mem_release(&guest, BASE - 2 * MIB, MIB), 0);
	CHECK_EQ(guest_mem_release(&guest, ~0ull - PAGE_SIZE, 2 * PAGE_SIZE), 0);
	CHECK_EQ(guest_mem_release(&guest, BASE - PAGE_SIZE, 2 * PAGE_SIZE), PAGE_SIZE);
	/* Where there is nothing it does not look at each page. */
	CHECK_EQ(guest_mem_release(&guest, 0, BASE + 2 * PAGE_SIZE), PAGE_SIZE);
	CHECK_EQ(guest_mem_release(&guest, BASE + SIZE, BIT(62)), 0);
	end();
}

TEST(stays_without_a_balloon)
{
	REQUIRE(begin(false));
	put(3, 5);
	CHECK_EQ(release(0, PAGES), 0);
	compare(3);
	end();
}

TEST(random_pages)
{
	REQUIRE(begin(true));
	for (unsigned step = 0; step < 20000 && !unit_failed(); step++) {
		unsigned page = (unsigned)unit_random_below(PAGES), n;
		uint64_t avail = 0, *p;

		switch (unit_random_below(8)) {
		case 0:
			n = unit_random_below(4) ? 1 + (unsigned)unit_random_below(8) : 512;
			n = MIN_T(unsigned, n, PAGES - page);
			(void)guest_mem_release(&guest, BASE + page * PAGE_SIZE, n * PAGE_SIZE);
			memset(model + page, 0, n * sizeof(*model));
			break;
		case 1:
			guest_mem_released(&guest);
			guest_mem_settle(&guest);
			break;
		case 2:
			p = guest_mem_ptr(&guest, BASE + page * PAGE_SIZE, true, &avail);
			CHECK(p && avail >= PAGE_SIZE && *p == model[page]);
			break;
		case 3:
		case 4:
			compare(page);
			break;
		default:
			put(page, unit_random());
			break;
		}
	}
	for (unsigned i = 0; i < PAGES; i++)
		compare(i);
	end();
}

static const uint8_t *in_use;

static bool uses(struct guest_mem_watch *watch, const uint8_t *va, uint64_t size)
{
	return in_use >= va && in_use < va + size;
}

TEST(pinned_or_in_use)
{
	struct guest_mem_pin pin = { .gpa = BASE + 5 * PAGE_SIZE + 100, .size = PAGE_SIZE };
	struct guest_mem_watch watch = { .uses = uses };
	uint64_t before;

	REQUIRE(begin(true));
	list_init(&pin.link);
	list_init(&watch.link);
	guest_mem_pin(&guest, &pin);
	for (unsigned i = 0; i < 16; i++)
		put(i, i + 100);
	CHECK_EQ(release(0, 16), 14 * PAGE_SIZE);
	compare(5);
	compare(6);
	guest_mem_unpin(&guest, &pin);
	CHECK_EQ(release(4, 3), 2 * PAGE_SIZE);
	/* Somebody writes to it still: the frame is kept until he does not. */
	guest_mem_watch(&guest, &watch);
	put(600, 1);
	in_use = guest_mem_ptr(&guest, BASE + 600 * PAGE_SIZE + 8, true, NULL);
	before = frames_free();
	CHECK_EQ(release(600, 1), PAGE_SIZE);
	CHECK(frames_free() <= before);
	before = frames_free();
	*(uint8_t *)(uintptr_t)in_use = 0xff;
	model[600] = 0;
	compare(600);
	in_use = NULL;
	before = frames_free();
	guest_mem_settle(&guest);
	CHECK_EQ(frames_free(), before + 1);
	guest_mem_unwatch(&guest, &watch);
	end();
}

TEST(host_has_no_more)
{
	static struct frame_run taken[4096];
	unsigned n = 0;
	uint64_t value;

	REQUIRE(begin(true));
	put(700, 7);
	CHECK_EQ(release(0, 512), 2 * MIB);
	for (uint64_t pages = 512; pages; pages /= 2)
		while (n < ARRAY_SIZE(taken) && (taken[n].hpa = frame_alloc(pages, PAGE_SIZE)))
			taken[n++].size = pages;
	CHECK_EQ(frames_free(), 0);
	CHECK_EQ(guest_mem_read(&guest, BASE, &value, 8), -EFAULT);
	CHECK(!guest_mem_ptr(&guest, BASE, true, NULL));
	CHECK(!guest_mem_fill(&guest, &region, BASE));
	compare(700);
	while (n--)
		frame_free(taken[n].hpa, taken[n].size);
	compare(0);
	end();
}
