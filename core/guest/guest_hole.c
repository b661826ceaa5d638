/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory that goes back to the host while the guest lives, and comes again when it is touched
 * (guest->mem_moves). Stage 2 tells then what is where: a page that is not mapped is a hole.
 *
 * guest->map_lock guards stage 2, the pins, and the frames that were taken away and are not free
 * yet. guest->watch_lock, above it, guards those who keep pointers, and frames that they still use.
 * Copies hold guest->mem_lock, a spinlock: who has taken it after a page was unmapped knows that
 * nobody copies to or from it any more.
 */
#include <core/guest_hole.h>

#include <arch/irqflags.h>
#include <core/guest.h>
#include <core/log.h>
#include <core/mem.h>
#include <libs/errno.h>
#include <libs/string.h>
#include "guest_priv.h"

#define FREED_FIRST 64
#define RAM_ATTR    (PG_READ | PG_WRITE | PG_EXEC)

void guest_holes_init(struct guest *guest)
{
	spin_init(&guest->mem_lock);
	mutex_init(&guest->watch_lock);
	list_init(&guest->pins);
	list_init(&guest->watches);
}

/* RAM of this guest alone, wherever it is on the host. */
static bool may_move(const struct region *r)
{
	return (r->flags & (REGION_REAL | REGION_RAM | REGION_ALLOCED | REGION_SHARED)) ==
	       (REGION_REAL | REGION_RAM | REGION_ALLOCED);
}

/* --- looking ---------------------------------------------------------------------------------- */

void *guest_moving_ptr(struct guest *guest, const struct region *r, gpa_t gpa, uint64_t *avail)
{
	uint64_t leaf, n;
	hpa_t hpa;

	if (!pgtable_lookup(&guest->stage2, gpa, &hpa, NULL, &leaf))
		return NULL;
	n = MIN(leaf - (gpa & (leaf - 1)), r->size - (gpa - r->gpa));
	n = MIN(n, BLOCK_SIZE - (hpa & (BLOCK_SIZE - 1)));
	if (avail)
		*avail = n;
	return mem_map_frames(hpa, 1);
}

bool guest_region_moves(const struct guest *guest, const struct region *r)
{
	return guest_mem_moves(guest) && may_move(r);
}

bool guest_gpa_moves(struct guest *guest, gpa_t gpa)
{
	const struct region *r = guest_region(guest, gpa);

	return r && may_move(r);
}

bool guest_can_fill(const struct guest *guest, const struct region *r)
{
	return guest_region_moves(guest, r) && !arch_irq_disabled();
}

/* --- pins and watches ------------------------------------------------------------------------- */

void guest_mem_pin(struct guest *guest, struct guest_mem_pin *pin)
{
	mutex_lock(&guest->map_lock);
	list_add_tail(&guest->pins, &pin->link);
	mutex_unlock(&guest->map_lock);
}

void guest_mem_unpin(struct guest *guest, struct guest_mem_pin *pin)
{
	mutex_lock(&guest->map_lock);
	list_del(&pin->link);
	mutex_unlock(&guest->map_lock);
}

void guest_mem_watch(struct guest *guest, struct guest_mem_watch *watch)
{
	mutex_lock(&guest->watch_lock);
	list_add_tail(&guest->watches, &watch->link);
	mutex_unlock(&guest->watch_lock);
}

void guest_mem_unwatch(struct guest *guest, struct guest_mem_watch *watch)
{
	mutex_lock(&guest->watch_lock);
	list_del(&watch->link);
	mutex_unlock(&guest->watch_lock);
}

static bool is_pinned(const struct guest *guest, gpa_t gpa, uint64_t size)
{
	const struct guest_mem_pin *pin;

	list_for_each_entry(pin, &guest->pins, link) {
		if (gpa < pin->gpa + pin->size && pin->gpa < gpa + size)
			return true;
	}
	return false;
}

/* --- giving back ------------------------------------------------------------------------------ */

static bool make_room(struct frame_runs *runs, unsigned more)
{
	unsigned room = MAX(runs->room ? runs->room * 2 : FREED_FIRST, runs->n + more);
	struct frame_run *run;

	if (runs->n + more <= runs->room)
		return true;
	run = heap_realloc(runs->run, room * sizeof(*run));
	if (!run)
		return false;
	runs->run = run;
	runs->room = room;
	return true;
}

/* There is room. */
static void add_run(struct frame_runs *runs, hpa_t hpa, uint64_t size)
{
	struct frame_run *last = runs->n ? &runs->run[runs->n - 1] : NULL;

	if (last && last->hpa + last->size == hpa)
		last->size += size;
	else
		runs->run[runs->n++] = (struct frame_run){ hpa, size };
}

/*
 * Unmap [gpa, gpa + size) of the leaf that begins at `start`. What remains of it is mapped in
 * smaller leaves, through a moment in which all of it is unmapped: who runs into that waits for
 * map_lock and finds it again.
 */
static int cut_leaf(struct guest *guest, gpa_t start, uint64_t leaf, hpa_t hpa, gpa_t gpa,
		    uint64_t size)
{
	uint64_t before = gpa - start, behind = start + leaf - (gpa + size);
	int err;

	pgtable_unmap(&guest->stage2, start, leaf);
	if (!before && !behind)
		return 0;
	arch_tlb_flush_gpa(arch_guest_root(guest), start, leaf);
	err = before ? pgtable_map(&guest->stage2, start, hpa, before, RAM_ATTR) : 0;
	if (!err && behind)
		err = pgtable_map(&guest->stage2, gpa + size, hpa + before + size, behind,
				  RAM_ATTR);
	if (!err)
		return 0;
	/* There was no page for a table; for what was there before none is needed. */
	pgtable_unmap(&guest->stage2, start, leaf);
	if (pgtable_map(&guest->stage2, start, hpa, leaf, RAM_ATTR))
		log_error("%s: memory at 0x%llx is lost", guest->name, (unsigned long long)start);
	return err;
}

/* Behind a region that does not move, or behind none: where the next one begins. */
static gpa_t skip(const struct guest *guest, const struct region *r, gpa_t gpa, gpa_t end)
{
	if (r)
		return ALIGN_UP(r->gpa + r->size, PAGE_SIZE);
	for (unsigned i = 0; i < guest->nr_regions - guest->nr_ports; i++) {
		if (guest->regions[i].gpa > gpa)
			return ALIGN_UP(guest->regions[i].gpa, PAGE_SIZE);
	}
	return end;
}

/* One leaf's part of [gpa, end). @return where to go on; *released gets what was given back */
static gpa_t release_leaf(struct guest *guest, gpa_t gpa, gpa_t end, uint64_t *released)
{
	const struct region *r = guest_region(guest, gpa);
	uint64_t leaf, size;
	gpa_t start;
	hpa_t hpa;

	if (!r || !may_move(r))
		return skip(guest, r, gpa, end);
	end = MIN(end, r->gpa + r->size);
	if (!pgtable_lookup(&guest->stage2, gpa, &hpa, NULL, &leaf))
		return MIN(end, ALIGN_DOWN(gpa, leaf) + leaf);
	start = ALIGN_DOWN(gpa, leaf);
	size = MIN(end, start + leaf) - gpa;
	if (is_pinned(guest, gpa, size))
		size = PAGE_SIZE;
	if (is_pinned(guest, gpa, size) || !make_room(&guest->freed, 1) ||
	    cut_leaf(guest, start, leaf, hpa - (gpa - start), gpa, size))
		return gpa + size;
	add_run(&guest->freed, hpa, size);
	guest->hole_bytes += size;
	*released += size;
	return gpa + size;
}

uint64_t guest_mem_release(struct guest *guest, gpa_t gpa, uint64_t size)
{
	gpa_t at = ALIGN_UP(gpa, PAGE_SIZE), end = ALIGN_DOWN(gpa + size, PAGE_SIZE);
	uint64_t released = 0;

	if (!guest_mem_moves(guest) || gpa + size < gpa || at < gpa)
		return 0;
	mutex_lock(&guest->map_lock);
	while (at < end)
		at = release_leaf(guest, at, end, &released);
	mutex_unlock(&guest->map_lock);
	return released;
}

void guest_mem_released(struct guest *guest)
{
	arch_tlb_flush_guest(arch_guest_root(guest));
}

static bool is_used(struct guest *guest, const struct frame_run *run)
{
	const uint8_t *va = (const uint8_t *)(mem_direct_base() + run->hpa);
	struct guest_mem_watch *watch;
	bool used = false;

	list_for_each_entry(watch, &guest->watches, link)
		used |= watch->uses(watch, va, run->size);
	return used;
}

void guest_mem_settle(struct guest *guest)
{
	struct frame_runs *stuck = &guest->stuck;
	unsigned long flags;
	unsigned i, kept = 0;

	mutex_lock(&guest->watch_lock);
	mutex_lock(&guest->map_lock);
	if (make_room(stuck, guest->freed.n)) {
		for (i = 0; i < guest->freed.n; i++)
			add_run(stuck, guest->freed.run[i].hpa, guest->freed.run[i].size);
		guest->freed.n = 0;
	}
	mutex_unlock(&guest->map_lock);
	/* Copies that found the pages before they were unmapped have ended. */
	flags = spin_lock_irqsave(&guest->mem_lock);
	spin_unlock_irqrestore(&guest->mem_lock, flags);
	for (i = 0; i < stuck->n; i++) {
		struct frame_run run = stuck->run[i];

		if (is_used(guest, &run))
			stuck->run[kept++] = run;
		else
			frame_free(run.hpa, run.size >> PAGE_SHIFT);
	}
	stuck->n = kept;
	mutex_unlock(&guest->watch_lock);
}

/* --- coming again ----------------------------------------------------------------------------- */

/* A frame for [gpa, gpa + size), zeroed and mapped. */
static bool fill(struct guest *guest, gpa_t gpa, uint64_t size)
{
	hpa_t hpa = frame_alloc_guest(size >> PAGE_SHIFT, size);

	if (!hpa)
		return false;
	if (frames_zero(hpa, size) &&
	    !pgtable_map(&guest->stage2, gpa, hpa, size, RAM_ATTR)) {
		guest->hole_bytes -= size;
		return true;
	}
	frame_free(hpa, size >> PAGE_SHIFT);
	return false;
}

bool guest_mem_fill(struct guest *guest, const struct region *r, gpa_t gpa)
{
	gpa_t block = ALIGN_DOWN(gpa, BLOCK_SIZE);
	uint64_t leaf;
	bool ok;

	if (!guest_region_moves(guest, r))
		return false;
	mutex_lock(&guest->map_lock);
	ok = pgtable_lookup(&guest->stage2, gpa, NULL, NULL, &leaf);
	/* A whole block where there is nothing of it, and the host has one. */
	if (!ok && leaf >= BLOCK_SIZE && block >= r->gpa &&
	    block + BLOCK_SIZE <= r->gpa + r->size)
		ok = fill(guest, block, BLOCK_SIZE);
	if (!ok)
		ok = fill(guest, ALIGN_DOWN(gpa, PAGE_SIZE), PAGE_SIZE);
	mutex_unlock(&guest->map_lock);
	return ok;
}

/* --- end -------------------------------------------------------------------------------------- */

static void free_runs(struct frame_runs *runs)
{
	for (unsigned i = 0; i < runs->n; i++)
		frame_free(runs->run[i].hpa, runs->run[i].size >> PAGE_SHIFT);
	heap_free(runs->run);
	*runs = (struct frame_runs){ .n = 0 };
}

bool guest_holes_release(struct guest *guest, const struct region *r)
{
	gpa_t gpa, end = r->gpa + r->size;
	uint64_t leaf;
	hpa_t hpa;

	if (!guest_region_moves(guest, r))
		return false;
	for (gpa = r->gpa; gpa < end; gpa = ALIGN_DOWN(gpa, leaf) + leaf) {
		if (!pgtable_lookup(&guest->stage2, gpa, &hpa, NULL, &leaf))
			continue;
		frame_free(hpa, MIN(leaf - (gpa & (leaf - 1)), end - gpa) >> PAGE_SHIFT);
	}
	return true;
}

void guest_holes_fini(struct guest *guest)
{
	free_runs(&guest->freed);
	free_runs(&guest->stuck);
}

uint64_t guest_mem_held(const struct guest *guest)
{
	return guest_ram_size(guest) - READ_ONCE(guest->hole_bytes);
}
