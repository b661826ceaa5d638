/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * core/mem over the fake port: everything goes through the page tables that it writes. The machine
 * is started once; each test leaves the memory as it found it.
 */
#include <stdlib.h>
#include <string.h>

#include <arch/cpu.h>
#include <arch/mmio.h>
#include <arch/pgtable.h>
#include <libs/errno.h>

#include "fake.h"
#include "host_machine.h"
#include "unit.h"

#define RAM_SIZE	(32 * MIB)
#define RUNS		64

static struct frame_stats at_start;

/* All tests run in one program: the first that comes starts the machine. */
static void begin(void)
{
	static bool started;

	if (!started)
		machine_start(RAM_SIZE);
	started = true;
	/* Let reserves fill, so that the numbers can be compared later. */
	page_free(page_alloc(1), 1);
	frame_stats_get(&at_start);
}

static void end(void)
{
	struct frame_stats now;

	page_free(page_alloc(1), 1);
	frame_stats_get(&now);
	if (now.free > at_start.free || at_start.free - now.free > 16)
		unit_fail(__FILE__, __LINE__, "%llu pages were free, now %llu; log: %s",
			  (unsigned long long)at_start.free, (unsigned long long)now.free,
			  fake_log_text());
	/* What a test made may leave page tables and reserves behind, but few. */
	CHECK_EQ(now.total, at_start.total);
}

TEST(the_machine_is_known)
{
	hpa_t start, image_end;
	uint64_t size;

	begin();
	arch_image_range(&start, &image_end);
	CHECK(mem_ram_range(0, &start, &size) && start == MACHINE_RAM && size == RAM_SIZE);
	CHECK(!mem_ram_range(1, &start, &size));
	CHECK(mem_is_ram(MACHINE_RAM, RAM_SIZE) && !mem_is_ram(MACHINE_RAM, RAM_SIZE + 1));
	CHECK(!mem_is_ram(MACHINE_RAM - 1, 2) && !mem_is_ram(UINT64_MAX - 5, 10));
	CHECK_EQ(at_start.total, RAM_SIZE / PAGE_SIZE);
	CHECK(at_start.free < at_start.total && at_start.own >= 256);
	CHECK_EQ(frame_reserve(MACHINE_RAM, 1), -EBUSY);
	CHECK_EQ(frame_reserve(image_end - PAGE_SIZE, 1), -EBUSY);
	CHECK_EQ(frame_reserve(arch_boot_fdt(), 1), -EBUSY);
	CHECK_EQ(frame_reserve(MACHINE_RAM + RAM_SIZE, 1), -ERANGE);
	end();
}

struct run {
	hpa_t start;
	size_t pages;
};

static void check_run(const struct run *runs, size_t n, const struct run *new, uint64_t align)
{
	size_t i;

	CHECK(new->start % PAGE_SIZE == 0 && (!align || new->start % align == 0));
	CHECK(mem_is_ram(new->start, new->pages << PAGE_SHIFT));
	for (i = 0; i < n; i++)
		CHECK(new->start + (new->pages << PAGE_SHIFT) <= runs[i].start ||
		      runs[i].start + (runs[i].pages << PAGE_SHIFT) <= new->start);
}

TEST(frames_do_not_overlap_and_come_back)
{
	struct run runs[RUNS];
	size_t n = 0;
	int round;

	begin();
	for (round = 0; round < 3000 && !unit_failed(); round++) {
		if (n == RUNS || (n && unit_random_below(2))) {
			size_t i = unit_random_below(n);

			frame_free(runs[i].start, runs[i].pages);
			runs[i] = runs[--n];
		} else {
			uint64_t align = unit_random_below(3) ? 0 :
				PAGE_SIZE << unit_random_below(12);
			struct run new;

			new.pages = 1 + unit_random_below(unit_random_below(8) ? 40 : 1500);
			new.start = frame_alloc(new.pages, align);
			if (!new.start)
				continue;
			check_run(runs, n, &new, align);
			runs[n++] = new;
		}
	}
	while (n) {
		n--;
		frame_free(runs[n].start, runs[n].pages);
	}
	end();
}

TEST(a_part_of_a_run_can_be_freed)
{
	hpa_t run;

	begin();
	run = frame_alloc(1024, BLOCK_SIZE);
	REQUIRE(run != 0);
	frame_free(run + 5 * PAGE_SIZE, 3);
	CHECK_EQ(frame_reserve(run + 5 * PAGE_SIZE, 3), 0);
	CHECK_EQ(frame_reserve(run + 4 * PAGE_SIZE, 2), -EBUSY);
	frame_free(run, 1024);
	CHECK_ABORTS(frame_free(run, 1));
	CHECK_ABORTS(frame_free(MACHINE_RAM + RAM_SIZE, 1));
	end();
}

TEST(pages_are_zeroed_and_visible)
{
	uint8_t *pages[20];
	size_t i, at;

	begin();
	for (i = 0; i < 20; i++) {
		size_t n = i < 18 ? 1 + i : 600;

		pages[i] = page_alloc(n);
		REQUIRE(pages[i] != NULL);
		for (at = 0; at < n * PAGE_SIZE; at += 512)
			CHECK_EQ(pages[i][at], 0);
		memset(pages[i], 0xff, n * PAGE_SIZE);
		CHECK_EQ(*(uint8_t *)host_ram_ptr(mem_va_to_hpa(pages[i])), 0xff);
	}
	for (i = 0; i < 20; i++)
		page_free(pages[i], i < 18 ? 1 + i : 600);
	page_free(NULL, 1);
	end();
}

TEST(guest_frames_are_not_visible_until_they_are_mapped)
{
	hpa_t run;
	volatile uint8_t *p;

	begin();
	run = frame_alloc(1024, BLOCK_SIZE);
	REQUIRE(run != 0);
	p = (volatile uint8_t *)(arch_va_direct_base() + run);
	CHECK_ABORTS(*p = 1);
	CHECK(mem_map_frames(run, 1024 * PAGE_SIZE) == p);
	p[1024 * PAGE_SIZE - 1] = 7;
	CHECK_EQ(*(uint8_t *)host_ram_ptr(run + 1024 * PAGE_SIZE - 1), 7);
	frame_free(run, 1024);
	CHECK_ABORTS(*p = 1);
	end();
}

TEST(memory_runs_out_and_comes_back)
{
	void **first = NULL, **p;
	size_t n = 0, freed = 0;

	begin();
	while ((p = page_alloc(1)) != NULL) {
		*p = first;
		first = p;
		n++;
	}
	CHECK(n > 5000);
	CHECK(heap_alloc(100000) == NULL);
	CHECK(frame_alloc(1, 0) == 0);
	while (first) {
		p = first;
		first = *p;
		page_free(p, 1);
		freed++;
	}
	CHECK_EQ(freed, n);
	end();
}

TEST(guests_leave_a_block_to_the_hypervisor)
{
	static hpa_t taken[32768];
	size_t n = 0;
	void *own;

	begin();
	for (size_t pages = BLOCK_SIZE >> PAGE_SHIFT; pages; pages /= 2)
		while (n < ARRAY_SIZE(taken) && (taken[n] = frame_alloc_guest(pages, 0)) != 0)
			taken[n++] |= pages; /* the address is one of a page */
	CHECK(n > 8);
	CHECK(frame_alloc_guest(1, 0) == 0);
	own = page_alloc(256);
	CHECK(own);
	page_free(own, 256);
	while (n--)
		frame_free(taken[n] & PAGE_MASK, taken[n] & ~PAGE_MASK);
	end();
}

static void check_fill(const uint8_t *p, size_t size, uint8_t value)
{
	size_t i;

	for (i = 0; i < size; i++) {
		if (p[i] != value) {
			unit_fail(__FILE__, __LINE__, "byte %zu of %zu was overwritten", i, size);
			return;
		}
	}
}

TEST(heap_blocks_keep_their_content)
{
	static struct {
		uint8_t *p;
		size_t size;
	} blocks[200];
	struct heap_stats before, after;
	int round;
	size_t i;

	begin();
	heap_stats_get(&before);
	for (round = 0; round < 20000 && !unit_failed(); round++) {
		size_t size;

		i = unit_random_below(ARRAY_SIZE(blocks));
		size = unit_random_below(unit_random_below(20) ? 300 : 20000);
		check_fill(blocks[i].p, blocks[i].size, (uint8_t)i);
		if (unit_random_below(2)) {
			heap_free(blocks[i].p);
			blocks[i].p = heap_alloc(size);
		} else {
			size_t kept = size < blocks[i].size ? size : blocks[i].size;

			blocks[i].p = heap_realloc(blocks[i].p, size);
			check_fill(blocks[i].p, kept, (uint8_t)i);
		}
		blocks[i].size = size;
		CHECK((uintptr_t)blocks[i].p % 16 == 0 && blocks[i].p);
		memset(blocks[i].p, (int)i, size);
	}
	for (i = 0; i < ARRAY_SIZE(blocks); i++)
		heap_free(blocks[i].p);
	heap_stats_get(&after);
	CHECK(after.used == before.used && after.allocs == before.allocs);
	CHECK_EQ(after.pages, before.pages);
	end();
}

TEST(heap_refuses_what_cannot_be)
{
	char *s;

	begin();
	CHECK(heap_alloc(SIZE_MAX) == NULL);
	CHECK(heap_calloc(SIZE_MAX / 2, 3) == NULL);
	CHECK(heap_alloc(RAM_SIZE) == NULL);
	s = heap_strdup("text");
	CHECK_STR(s, "text");
	heap_free(s);
	CHECK_ABORTS(heap_free(s));
	heap_free(NULL);
	end();
}

TEST(stacks_have_a_guard)
{
	va_t top;

	begin();
	top = stack_alloc(8192);
	REQUIRE(top != 0);
	CHECK_EQ(top % 16, 0);
	memset((void *)(top - 8192), 1, 8192);
	CHECK_ABORTS(*(volatile char *)(top - 8193) = 1);
	CHECK(stack_guard_hit(top - 8193) && !stack_guard_hit(top - 1));
	stack_free(top, 8192);
	CHECK(!stack_guard_hit(top - 8193));
	CHECK_ABORTS(*(volatile char *)(top - 1) = 1);
	end();
}

static uint64_t read_offset(void *priv, uint64_t offset, unsigned int size)
{
	return offset;
}

static void write_nothing(void *priv, uint64_t offset, unsigned int size, uint64_t value)
{
}

TEST(devices_are_mapped_on_demand)
{
	struct host_mmio device = { read_offset, write_nothing, NULL };
	volatile uint8_t *a, *b;

	begin();
	host_mmio_add(0x9000000, 0x10000, &device);
	a = mem_map_device(0x9000120, 0x100);
	b = mem_map_device(0x9000ffc, 8);
	REQUIRE(a && b);
	CHECK_EQ(mmio_read32(a), 0x120);
	CHECK_EQ(mmio_read32(b), 0xffc);
	CHECK_EQ(mmio_read32(b + 4), 0x1000);
	CHECK_EQ(mem_va_to_hpa((const void *)(uintptr_t)a), 0x9000120);
	CHECK_EQ(mem_va_to_hpa((const void *)(mem_direct_base() + 0x9000120)), 0);
	mem_unmap_device((void *)(uintptr_t)a, 0x100);
	CHECK_ABORTS(mmio_read32(a));
	CHECK_EQ(mmio_read32(b), 0xffc);
	mem_unmap_device((void *)(uintptr_t)b, 8);
	end();
}
