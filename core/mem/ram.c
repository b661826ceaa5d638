/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What RAM there is, from the boot loader's device tree: memory nodes less reservations, the image,
 * the blob and the initrd. Read once at boot; constant afterwards.
 */
#include <arch/cpu.h>
#include <core/log.h>
#include <core/mem.h>
#include <libs/string.h>
#include <libs/util.h>
#include <libfdt.h>
#include "mem_priv.h"

#define RANGES_MAX 16
#define WINDOW	   GIB	/* records of the first zone are in the image */

static struct {
	hpa_t start;
	uint64_t size;
} ranges[RANGES_MAX];
static unsigned nr_ranges;

bool mem_ram_range(unsigned n, hpa_t *start, uint64_t *size)
{
	if (n >= nr_ranges)
		return false;
	*start = ranges[n].start;
	*size = ranges[n].size;
	return true;
}

bool mem_is_ram(hpa_t pa, uint64_t size)
{
	unsigned i;

	for (i = 0; i < nr_ranges; i++)
		if (pa >= ranges[i].start && size <= ranges[i].size &&
		    pa - ranges[i].start <= ranges[i].size - size)
			return true;
	return false;
}

static uint64_t cells(const fdt32_t *p, int n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 32 | fdt32_to_cpu(*p++);
	return v;
}

/* Call fn for each reg entry of a node below one with the given cell counts. */
static void each_reg(const void *fdt, int node, int ac, int sc, void (*fn)(hpa_t, uint64_t))
{
	int len, i;
	const fdt32_t *reg = fdt_getprop(fdt, node, "reg", &len);

	if (!reg || ac < 1 || ac > 2 || sc < 1 || sc > 2)
		return;
	for (i = 0; (i + ac + sc) * 4 <= len; i += ac + sc)
		fn(cells(reg + i, ac), cells(reg + i + ac, sc));
}

static void add_range(hpa_t start, uint64_t size)
{
	hpa_t end = ALIGN_DOWN(MIN(start + size, (hpa_t)MEM_PHYS_LIMIT), PAGE_SIZE);

	start = ALIGN_UP(start, PAGE_SIZE);
	if (start >= end || nr_ranges == RANGES_MAX) {
		log_warn("RAM at 0x%llx is not used: %s", (unsigned long long)start,
			 start >= end ? "beyond the direct map" : "too many ranges");
		return;
	}
	ranges[nr_ranges].start = start;
	ranges[nr_ranges++].size = end - start;
}

static void reserve(hpa_t start, uint64_t size)
{
	frame_take_range(start, start + size);
}

static bool is_memory(const void *fdt, int node)
{
	const char *type = fdt_getprop(fdt, node, "device_type", NULL);
	const char *status = fdt_getprop(fdt, node, "status", NULL);

	return type && !strcmp(type, "memory") && (!status || !strncmp(status, "ok", 2));
}

static void read_ranges(const void *fdt)
{
	int node;

	fdt_for_each_subnode(node, fdt, 0)
		if (is_memory(fdt, node))
			each_reg(fdt, node, fdt_address_cells(fdt, 0), fdt_size_cells(fdt, 0),
				 add_range);
}

static uint64_t chosen_addr(const void *fdt, const char *prop)
{
	int len, node = fdt_path_offset(fdt, "/chosen");
	const fdt32_t *v = node < 0 ? NULL : fdt_getprop(fdt, node, prop, &len);

	return v && (len == 4 || len == 8) ? cells(v, len / 4) : 0;
}

static void reserve_known(const void *fdt)
{
	int n = fdt_num_mem_rsv(fdt), node = fdt_path_offset(fdt, "/reserved-memory");
	uint64_t start, size, initrd = chosen_addr(fdt, "linux,initrd-start");
	hpa_t image, image_end;
	int sub;

	while (n-- > 0)
		if (!fdt_get_mem_rsv(fdt, n, &start, &size))
			reserve(start, size);
	if (node >= 0)
		fdt_for_each_subnode(sub, fdt, node)
			each_reg(fdt, sub, fdt_address_cells(fdt, node), fdt_size_cells(fdt, node),
				 reserve);
	if (initrd)
		reserve(initrd, chosen_addr(fdt, "linux,initrd-end") - initrd);
	reserve(arch_boot_fdt(), fdt_totalsize(fdt));
	arch_image_range(&image, &image_end);
	reserve(image, image_end - image);
}

/* The first zone: the part around the image whose records fit into the image's own. */
static void first_zone(hpa_t *done_start, hpa_t *done_end)
{
	static uint64_t records[(WINDOW / BLOCK_SIZE + 1) * 2];
	hpa_t image, image_end;
	unsigned i;

	arch_image_range(&image, &image_end);
	for (i = 0; i < nr_ranges; i++) {
		hpa_t start = ranges[i].start, end = start + ranges[i].size;

		if (image < start || image >= end)
			continue;
		start = MAX(start, ALIGN_DOWN(image, WINDOW));
		end = MIN(end, start + WINDOW);
		if (frame_zone_bytes(start, end - start) > sizeof(records))
			panic("memory records do not fit");
		frame_add_zone(start, end - start, (struct frame_block *)records);
		*done_start = start;
		*done_end = end;
		return;
	}
	panic("the device tree has no memory node that contains this image (0x%llx)",
	      (unsigned long long)image);
}

static void more_zone(const void *fdt, hpa_t start, hpa_t end)
{
	size_t pages;
	void *records;

	if (start >= end)
		return;
	pages = DIV_ROUND_UP(frame_zone_bytes(start, end - start), PAGE_SIZE);
	records = page_alloc(pages);
	if (!records) {
		log_warn("no memory to manage RAM at 0x%llx: not used", (unsigned long long)start);
		return;
	}
	frame_add_zone(start, end - start, records);
}

void mem_init(const void *fdt)
{
	hpa_t start = 0, end = 0;
	unsigned i;

	if (!fdt || fdt_check_full(fdt, fdt_totalsize(fdt)))
		panic("no valid device tree from the boot loader (x0 = 0x%llx): it must pass one",
		      (unsigned long long)arch_boot_fdt());
	read_ranges(fdt);
	first_zone(&start, &end);
	reserve_known(fdt);
	page_init();
	for (i = 0; i < nr_ranges; i++) {
		hpa_t s = ranges[i].start, e = s + ranges[i].size;

		if (start >= s && start < e) {
			more_zone(fdt, s, start);
			more_zone(fdt, end, e);
		} else {
			more_zone(fdt, s, e);
		}
	}
	/* Once more, for what is in the zones that have come since. */
	reserve_known(fdt);
	page_note_blob();
}
