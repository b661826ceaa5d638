/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A guest's memory: frames behind regions, stage 2, access from the hypervisor. Regions and
 * extents are constant once the guest is created; pages of devices' own memory come and go under
 * guest->map_lock.
 */
#include <arch/cache.h>
#include <core/dt.h>
#include <core/emu.h>
#include <core/guest.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/shell.h>
#include <libs/errno.h>
#include <libs/string.h>
#include "guest_priv.h"

/* --- frames ---------------------------------------------------------------------------- */

void extents_free(struct extent *extents, unsigned n)
{
	while (n--)
		frame_free(extents[n].hpa, extents[n].size >> PAGE_SHIFT);
}

/* Zero frames that nobody shall see the former contents of; mapped here only meanwhile. */
bool frames_zero(hpa_t hpa, uint64_t size)
{
	void *va = mem_map_frames(hpa, size);

	if (!va)
		return false;
	arch_cache_zero(va, size);
	/* The guest may begin with its caches off. */
	arch_cache_clean_inval(va, size);
	mem_unmap_frames(hpa, size);
	return true;
}

cold_fn int extents_alloc(uint64_t size, uint64_t align, struct extent **out, unsigned *nr)
{
	struct extent *extents = NULL, *more;
	uint64_t done = 0, run = size;
	unsigned n = 0;

	while (done < size) {
		hpa_t hpa;

		run = MIN(run, size - done);
		hpa = frame_alloc_guest(run >> PAGE_SHIFT,
					run >= BLOCK_SIZE ? MAX(align, BLOCK_SIZE) : align);
		if (!hpa && run > PAGE_SIZE) {
			run = run > BLOCK_SIZE ? ALIGN_UP(run / 2, BLOCK_SIZE) :
						 ALIGN_UP(run / 2, PAGE_SIZE);
			continue;
		}
		more = hpa ? heap_realloc(extents, (n + 1) * sizeof(*extents)) : NULL;
		if (!more || !frames_zero(hpa, run)) {
			if (hpa)
				frame_free(hpa, run >> PAGE_SHIFT);
			extents_free(more ? more : extents, n);
			heap_free(more ? more : extents);
			return -ENOMEM;
		}
		extents = more;
		extents[n++] = (struct extent){ .offset = done, .hpa = hpa, .size = run };
		done += run;
	}
	*out = extents;
	*nr = n;
	return 0;
}

/* --- regions ------------------------------------------------------------------------------- */

static const char *region_name(const struct region *r)
{
	return r->node ? r->node->name : "region";
}

/* The description says which frames: RAM is reserved; anything else is a device of the host. */
static int region_fixed(struct guest *guest, struct region *r, struct shell_out *out)
{
	hpa_t hpa = r->extents[0].hpa;
	int err = 0;

	if (mem_is_ram(hpa, r->size))
		err = frame_reserve(hpa, r->size >> PAGE_SHIFT);
	else if (!(r->flags & REGION_DEVICE))
		err = -ERANGE;
	if (err)
		out_printf(out, "%s: %s: host memory 0x%llx of %llu KiB cannot be given: %s\n",
			   guest->name, region_name(r), (unsigned long long)hpa,
			   (unsigned long long)(r->size >> 10),
			   err == -EBUSY ? "it is in use" : "it is not RAM of this machine");
	return err;
}

static int region_back(struct guest *guest, struct region *r, struct shell_out *out)
{
	const char *name = dt_string(r->node, "shared_mem", 0);
	uint32_t order = dt_u32_or(r->node, "align_order", PAGE_SHIFT);
	struct frame_stats st;
	int err;

	if (r->flags & REGION_SHARED) {
		err = shared_mem_get(r, name ? name : region_name(r));
		if (err == -EINVAL)
			out_printf(out, "%s: %s: shared memory \"%s\" exists with another size\n",
				   guest->name, region_name(r), name);
	} else if (!(r->flags & REGION_ALLOCED) && r->extents) {
		return region_fixed(guest, r, out);
	} else {
		err = extents_alloc(r->size, 1ULL << MIN(order, 39U), &r->extents, &r->nr_extents);
	}
	if (err == -ENOMEM) {
		frame_stats_get(&st);
		/* A block is not for guests. */
		st.free -= MIN(st.free, BLOCK_SIZE >> PAGE_SHIFT);
		out_printf(out,
			   "%s: %s: no memory for %llu MiB: %llu MiB for guests are free on this "
			   "host\n",
			   guest->name, region_name(r), (unsigned long long)(r->size >> 20),
			   (unsigned long long)(st.free >> 8));
	}
	return err;
}

static int region_map(struct guest *guest, struct region *r)
{
	uint32_t attr = PG_READ | PG_EXEC | (r->flags & REGION_ROM ? 0 : PG_WRITE);
	unsigned i;

	if (r->flags & REGION_DEVICE)
		attr = PG_READ | PG_WRITE | PG_DEVICE;
	for (i = 0; i < r->nr_extents; i++) {
		const struct extent *e = &r->extents[i];
		int err = pgtable_map(&guest->stage2, r->gpa + e->offset, e->hpa, e->size, attr);

		if (err)
			return err;
	}
	return 0;
}

static void region_release(struct guest *guest, struct region *r)
{
	if (r->shared) {
		shared_mem_put(r);
	} else if (r->flags & REGION_REAL && r->nr_extents) {
		if (!guest_holes_release(guest, r) && mem_is_ram(r->extents[0].hpa, PAGE_SIZE))
			extents_free(r->extents, r->nr_extents);
		heap_free(r->extents);
		r->extents = NULL;
	}
}

cold_fn int guest_memory_init(struct guest *guest, struct shell_out *out)
{
	unsigned i;
	int err = pgtable_init(&guest->stage2, PGTABLE_STAGE2);

	if (err)
		return err;
	arch_guest_set_root(guest, guest->stage2.root);
	for (i = 0; i < guest->nr_regions; i++) {
		struct region *r = &guest->regions[i];

		if (!(r->flags & REGION_REAL))
			continue;
		err = region_back(guest, r, out);
		if (!err) {
			err = region_map(guest, r);
			if (err)
				region_release(guest, r);
		}
		if (err) {
			while (i--)
				region_release(guest, &guest->regions[i]);
			pgtable_fini(&guest->stage2);
			return err;
		}
	}
	return 0;
}

void guest_memory_fini(struct guest *guest)
{
	unsigned i;

	for (i = 0; i < guest->nr_regions; i++)
		region_release(guest, &guest->regions[i]);
	guest_holes_fini(guest);
	pgtable_fini(&guest->stage2);
}

int guest_map_device(struct guest *guest, gpa_t gpa, hpa_t hpa, uint64_t size)
{
	return pgtable_map(&guest->stage2, gpa, hpa, size, PG_READ | PG_WRITE | PG_DEVICE);
}

bool guest_map_device_page(struct guest *guest, struct region *r, gpa_t gpa, gpa_t seen)
{
	void *va;
	int err = -ENOENT;

	if (!r->dev || !r->dev->emu->mem)
		return false;
	mutex_lock(&guest->map_lock);
	va = r->dev->emu->mem(r->dev, ALIGN_DOWN(gpa, PAGE_SIZE) - r->gpa, false);
	if (va) {
		err = pgtable_map(&guest->stage2, ALIGN_DOWN(seen, PAGE_SIZE), mem_va_to_hpa(va),
				  PAGE_SIZE, PG_READ | PG_EXEC);
		if (err == -EEXIST)
			err = 0; /* another vCPU was here before */
	}
	mutex_unlock(&guest->map_lock);
	return !err;
}

/* Nothing of it is mapped afterwards; map_lock is held. */
static void unmap_pages(struct guest *guest, const struct region *r, gpa_t start, gpa_t end)
{
	void *tables;

	start = ALIGN_DOWN(start, PAGE_SIZE);
	end = ALIGN_UP(end, PAGE_SIZE);
	if (pgtable_unmap(&guest->stage2, start, end - start))
		log_error("%s: %s: no memory to unmap pages", guest->name, region_name(r));
	tables = pgtable_prune(&guest->stage2, start, end - start);
	arch_tlb_flush_gpa(arch_guest_root(guest), start, end - start);
	pgtable_free_pruned(tables);
}

/* And where aliases, and aliases of these, show it. */
static void unmap_everywhere(struct guest *guest, const struct region *r, gpa_t start, gpa_t end,
			     unsigned hops)
{
	unsigned i;

	unmap_pages(guest, r, start, end);
	for (i = 0; hops && i < guest->nr_regions; i++) {
		const struct region *alias = &guest->regions[i];
		gpa_t from = MAX(start, alias->alias);
		gpa_t to = MIN(end, alias->alias + alias->size);

		if (alias->flags & REGION_ALIAS && from < to)
			unmap_everywhere(guest, alias, alias->gpa + (from - alias->alias),
					 alias->gpa + (to - alias->alias), hops - 1);
	}
}

void guest_region_unmap(struct guest *guest, struct region *r, uint64_t offset, uint64_t size)
{
	mutex_lock(&guest->map_lock);
	unmap_everywhere(guest, r, r->gpa + offset, r->gpa + offset + size, ALIAS_HOPS);
	mutex_unlock(&guest->map_lock);
}

/* --- access ---------------------------------------------------------------------------------- */

struct region *guest_region(struct guest *guest, gpa_t gpa)
{
	unsigned lo = 0, hi = guest->nr_regions - guest->nr_ports;

	while (lo < hi) {
		unsigned mid = (lo + hi) / 2;
		struct region *r = &guest->regions[mid];

		if (gpa < r->gpa)
			hi = mid;
		else if (gpa - r->gpa < r->size)
			return r;
		else
			lo = mid + 1;
	}
	return NULL;
}

static struct region *memory_region(struct guest *guest, gpa_t *gpa)
{
	struct region *r = guest_region(guest, *gpa);
	unsigned hops = ALIAS_HOPS;

	while (r && r->flags & REGION_ALIAS && hops--) {
		*gpa = r->alias + (*gpa - r->gpa);
		r = guest_region(guest, *gpa);
	}
	return r && r->flags & (REGION_RAM | REGION_ROM) && r->nr_extents ? r : NULL;
}

static const struct extent *extent_at(const struct region *r, uint64_t offset)
{
	unsigned lo = 0, hi = r->nr_extents - 1;

	while (lo < hi) {
		unsigned mid = (lo + hi + 1) / 2;

		if (r->extents[mid].offset <= offset)
			lo = mid;
		else
			hi = mid - 1;
	}
	return &r->extents[lo];
}

/* By the extents, where memory stays what it was. */
static void *fixed_ptr(const struct region *r, gpa_t gpa, uint64_t *avail)
{
	uint64_t offset = gpa - r->gpa, in_extent, n;
	const struct extent *e = extent_at(r, offset);
	hpa_t hpa;

	in_extent = offset - e->offset;
	hpa = e->hpa + in_extent;
	/* As far as one block of the direct map goes: what is behind may not be mapped. */
	n = MIN(e->size - in_extent, BLOCK_SIZE - (hpa & (BLOCK_SIZE - 1)));
	if (avail)
		*avail = n;
	return mem_map_frames(hpa, 1);
}

static void *region_ptr(struct guest *guest, const struct region *r, gpa_t gpa, uint64_t *avail)
{
	void *p;

	if (likely(!guest_mem_moves(guest)))
		return fixed_ptr(r, gpa, avail);
	for (;;) {
		p = guest_moving_ptr(guest, r, gpa, avail);
		if (p || !guest_can_fill(guest, r) || !guest_mem_fill(guest, r, gpa))
			return p;
	}
}

void *guest_mem_ptr(struct guest *guest, gpa_t gpa, bool write, uint64_t *avail)
{
	struct region *r = memory_region(guest, &gpa);

	if (!r || (write && r->flags & REGION_ROM))
		return NULL;
	return region_ptr(guest, r, gpa, avail);
}

enum copy_way { COPY_READ, COPY_WRITE, COPY_LOAD };

static void copy_piece(uint8_t *p, uint8_t *buf, size_t n, enum copy_way way)
{
	if (way == COPY_READ)
		memcpy(buf, p, n);
	else
		memcpy(p, buf, n);
	if (way == COPY_LOAD)
		arch_cache_clean_inval(p, n);
}

/* At most a page, under the lock that keeps it in its place. @return bytes, 0: no memory */
static size_t copy_moving(struct guest *guest, const struct region *r, gpa_t gpa, uint8_t *buf,
			  size_t len, enum copy_way way)
{
	size_t n = MIN_T(size_t, len, PAGE_SIZE - (gpa & ~PAGE_MASK));

	for (;;) {
		unsigned long flags = spin_lock_irqsave(&guest->mem_lock);
		uint8_t *p = guest_moving_ptr(guest, r, gpa, NULL);

		if (p)
			copy_piece(p, buf, n, way);
		spin_unlock_irqrestore(&guest->mem_lock, flags);
		if (p)
			return n;
		if (!guest_can_fill(guest, r) || !guest_mem_fill(guest, r, gpa))
			return 0;
	}
}

static int copy(struct guest *guest, gpa_t gpa, uint8_t *buf, size_t len, bool write)
{
	while (len) {
		gpa_t at = gpa;
		struct region *r = memory_region(guest, &at);
		enum copy_way way = write ? COPY_WRITE : COPY_READ;
		uint64_t avail = 0;
		uint8_t *p;
		size_t n;

		if (!r || (write && r->flags & REGION_ROM))
			return -EFAULT;
		if (unlikely(guest_mem_moves(guest))) {
			n = copy_moving(guest, r, at, buf, len, way);
		} else {
			p = fixed_ptr(r, at, &avail);
			n = p ? MIN_T(uint64_t, avail, len) : 0;
			if (n)
				copy_piece(p, buf, n, way);
		}
		if (!n)
			return -EFAULT;
		gpa += n;
		buf += n;
		len -= n;
	}
	return 0;
}

int guest_mem_read(struct guest *guest, gpa_t gpa, void *buf, size_t len)
{
	return copy(guest, gpa, buf, len, false);
}

int guest_mem_write(struct guest *guest, gpa_t gpa, const void *buf, size_t len)
{
	return copy(guest, gpa, (uint8_t *)(uintptr_t)buf, len, true);
}

/* Where loading may write at gpa: ROM, memory that stays, or a device's own memory. */
static void *load_ptr(struct guest *guest, struct region *r, gpa_t gpa, uint64_t *avail)
{
	uint8_t *page;

	if (r)
		return fixed_ptr(r, gpa, avail);
	r = guest_region(guest, gpa);
	if (!r || !r->dev || !r->dev->emu->mem)
		return NULL;
	*avail = PAGE_SIZE - (gpa & ~PAGE_MASK);
	page = r->dev->emu->mem(r->dev, gpa - r->gpa, true);
	return page ? page + (gpa & ~PAGE_MASK) : NULL;
}

cold_fn int guest_mem_load(struct guest *guest, gpa_t gpa, const void *buf, size_t len)
{
	uint8_t *from = (uint8_t *)(uintptr_t)buf;

	while (len) {
		gpa_t at = gpa;
		struct region *r = memory_region(guest, &at);
		uint64_t avail = 0;
		uint8_t *p;
		size_t n;

		if (r && guest_mem_moves(guest)) {
			n = copy_moving(guest, r, at, from, len, COPY_LOAD);
		} else {
			p = load_ptr(guest, r, at, &avail);
			n = p ? MIN_T(uint64_t, avail, len) : 0;
			if (n)
				copy_piece(p, from, n, COPY_LOAD);
		}
		if (!n)
			return -EFAULT;
		gpa += n;
		from += n;
		len -= n;
	}
	return 0;
}

uint64_t guest_ram_size(const struct guest *guest)
{
	uint64_t sum = 0;
	unsigned i;

	for (i = 0; i < guest->nr_regions; i++)
		if (guest->regions[i].flags & REGION_RAM && guest->regions[i].flags & REGION_REAL)
			sum += guest->regions[i].size;
	return sum;
}
