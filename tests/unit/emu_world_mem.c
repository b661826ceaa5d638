/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory in the world for emulators: the guest's, and pages of the hypervisor.
 */
#include "emu_world.h"

#include <stdlib.h>
#include <string.h>

#include <core/guest_hole.h>
#include <core/mem.h>
#include <libs/errno.h>

static uint8_t *ram[2], *rom;
static unsigned unmaps;
static uint64_t unmap_size;
static size_t pages;
static bool pages_fail;
static void (*on_access)(void);

void world_mem_begin(void)
{
	ram[0] = calloc(1, WORLD_PIECE);
	ram[1] = calloc(1, WORLD_PIECE);
	rom = calloc(1, WORLD_ROM_SIZE);
	unmaps = 0;
	pages_fail = false;
	on_access = NULL;
}

void world_mem_end(void)
{
	free(ram[0]);
	free(ram[1]);
	free(rom);
}

void *page_alloc(size_t n)
{
	void *p = pages_fail ? NULL : aligned_alloc(PAGE_SIZE, n * PAGE_SIZE);

	if (!p)
		return NULL;
	pages += n;
	return memset(p, 0, n * PAGE_SIZE);
}

void page_free(void *va, size_t n)
{
	pages -= n;
	free(va);
}

void frame_stats_get(struct frame_stats *out)
{
	*out = (struct frame_stats){ .total = 1 << 16, .free = 1 << 16, .largest = 1 << 16 };
}

size_t world_pages(void)
{
	return pages;
}

void world_pages_fail(bool fail)
{
	pages_fail = fail;
}

__attribute__((weak)) uint8_t *world_ram(uint64_t off, uint64_t *avail)
{
	*avail = WORLD_PIECE - off % WORLD_PIECE;
	return ram[off / WORLD_PIECE] + off % WORLD_PIECE;
}

static uint8_t *mem_at(uint64_t gpa, bool write, uint64_t *avail)
{
	if (gpa - WORLD_RAM < WORLD_RAM_SIZE)
		return world_ram(gpa - WORLD_RAM, avail);
	if (gpa - WORLD_ROM < WORLD_ROM_SIZE && !write) {
		*avail = WORLD_ROM_SIZE - (gpa - WORLD_ROM);
		return rom + (gpa - WORLD_ROM);
	}
	return NULL;
}

uint8_t *world_mem(uint64_t gpa)
{
	uint64_t avail;

	return mem_at(gpa, false, &avail);
}

void world_on_access(void (*fn)(void))
{
	on_access = fn;
}

void *guest_mem_ptr(struct guest *g, gpa_t gpa, bool write, uint64_t *avail)
{
	uint64_t n;
	void *p = mem_at(gpa, write, &n);

	if (on_access)
		on_access();
	if (p && avail)
		*avail = n;
	return p;
}

int guest_mem_read(struct guest *g, gpa_t gpa, void *buf, size_t len)
{
	uint8_t *to = buf;

	if (on_access)
		on_access();
	while (len) {
		uint64_t n;
		const uint8_t *p = mem_at(gpa, false, &n);

		if (!p)
			return -EFAULT;
		n = MIN_T(uint64_t, n, len);
		memcpy(to, p, n);
		to += n;
		gpa += n;
		len -= n;
	}
	return 0;
}

int guest_mem_write(struct guest *g, gpa_t gpa, const void *buf, size_t len)
{
	const uint8_t *from = buf;

	while (len) {
		uint64_t n;
		uint8_t *p = mem_at(gpa, true, &n);

		if (!p)
			return -EFAULT;
		n = MIN_T(uint64_t, n, len);
		memcpy(p, from, n);
		from += n;
		gpa += n;
		len -= n;
	}
	return 0;
}

int guest_mem_load(struct guest *g, gpa_t gpa, const void *buf, size_t len)
{
	const uint8_t *from = buf;
	struct emu_dev *dev;

	list_for_each_entry(dev, &g->devices, link) {
		if (gpa - dev->region->gpa >= dev->region->size || !dev->emu->mem)
			continue;
		while (len) {
			uint64_t off = gpa - dev->region->gpa;
			size_t n = MIN_T(size_t, PAGE_SIZE - off % PAGE_SIZE, len);
			uint8_t *page = dev->emu->mem(dev, off, true);

			if (!page)
				return -EFAULT;
			memcpy(page + off % PAGE_SIZE, from, n);
			from += n;
			gpa += n;
			len -= n;
		}
		return 0;
	}
	return guest_mem_write(g, gpa, buf, len);
}

void guest_region_unmap(struct guest *g, struct region *region, uint64_t offset, uint64_t size)
{
	unmaps++;
	unmap_size = size;
}

unsigned world_unmaps(uint64_t *size)
{
	if (size)
		*size = unmap_size;
	return unmaps;
}

struct region *guest_region(struct guest *g, gpa_t gpa)
{
	static struct region memory = { .flags = REGION_REAL | REGION_MEMORY | REGION_RAM,
					.gpa = WORLD_RAM, .size = WORLD_RAM_SIZE };

	struct emu_dev *dev;

	list_for_each_entry(dev, &g->devices, link)
		if (!dev->parent && gpa - dev->region->gpa < dev->region->size)
			return dev->region;
	return gpa - WORLD_RAM < WORLD_RAM_SIZE ? &memory : NULL;
}

/* Memory of this guest moves in test_balloon.c and fuzz_balloon.c only. */
__attribute__((weak)) uint64_t guest_mem_release(struct guest *g, gpa_t gpa, uint64_t size)
{
	return 0;
}

__attribute__((weak)) void guest_mem_released(struct guest *g)
{
}

__attribute__((weak)) void guest_mem_settle(struct guest *g)
{
}

__attribute__((weak)) void guest_mem_pin(struct guest *g, struct guest_mem_pin *pin)
{
	list_add_tail(&g->pins, &pin->link);
}

__attribute__((weak)) void guest_mem_unpin(struct guest *g, struct guest_mem_pin *pin)
{
	list_del(&pin->link);
}

void guest_mem_watch(struct guest *g, struct guest_mem_watch *watch)
{
	list_add_tail(&g->watches, &watch->link);
}

void guest_mem_unwatch(struct guest *g, struct guest_mem_watch *watch)
{
	list_del(&watch->link);
}

uint64_t guest_ram_size(const struct guest *g)
{
	return WORLD_RAM_SIZE;
}
