/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The walk through a guest's page tables. Other vCPUs change them meanwhile: an entry is read once,
 * and marked as accessed only if it still is what was read. No data, no lock.
 */
#include "guest_walk.h"

#define ENTRY_P	    BIT(0)
#define ENTRY_W	    BIT(1)
#define ENTRY_U	    BIT(2)
#define ENTRY_A	    BIT(5)
#define ENTRY_D	    BIT(6)
#define ENTRY_LARGE BIT(7)
#define ENTRY_NX    BIT(63)
#define ADDRESS	    GENMASK(51, 12)
/* Somebody else changes entries all the time: the last try takes them as they are. */
#define TRIES	    4

/* How the tables of a mode look. */
struct format {
	uint8_t levels;
	uint8_t bits;  /* of the index at each level */
	uint8_t entry; /* bytes */
};

static struct format format_of(const struct guest_paging *p)
{
	if (!(p->cr4 & GUEST_CR4_PAE))
		return (struct format){ 2, 10, 4 };
	if (!(p->efer & GUEST_EFER_LMA))
		return (struct format){ 3, 9, 8 };
	return (struct format){ p->cr4 & GUEST_CR4_LA57 ? 5 : 4, 9, 8 };
}

/* What is not memory reads as ones, as a bus without a device does. */
static uint64_t read_entry(const struct guest_paging *p, uint64_t gpa, unsigned size)
{
	const void *at = p->ram(p->ctx, gpa, false);

	if (!at)
		return size == 4 ? 0xffffffffu : ~0ull;
	if (size == 4)
		return __atomic_load_n((const uint32_t *)at, __ATOMIC_RELAXED);
	return __atomic_load_n((const uint64_t *)at, __ATOMIC_RELAXED);
}

/** @return false: it is another one by now */
static bool mark_entry(const struct guest_paging *p, uint64_t gpa, unsigned size, uint64_t entry,
		       uint64_t bits)
{
	void *at;

	if ((entry & bits) == bits)
		return true;
	at = p->ram(p->ctx, gpa, true);
	if (!at)
		return true; /* tables in ROM are never marked */
	if (size == 4) {
		uint32_t was = (uint32_t)entry;

		return __atomic_compare_exchange_n((uint32_t *)at, &was, (uint32_t)(entry | bits),
						   false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	}
	return __atomic_compare_exchange_n((uint64_t *)at, &entry, entry | bits, false,
					   __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

/* Bits that have to be zero. */
static uint64_t reserved_bits(const struct guest_paging *p, const struct format *f, unsigned level,
			      bool leaf)
{
	uint64_t bits;

	if (f->entry == 4)
		return leaf && level == 1 ? GENMASK(21, 21) : 0;
	bits = p->gpa_bits < 52 ? GENMASK(51, p->gpa_bits) : 0;
	if (!(p->efer & GUEST_EFER_NXE))
		bits |= ENTRY_NX;
	if (f->levels == 3 && level == 2) /* pointers to directories have no rights */
		return bits | GENMASK(2, 1) | GENMASK(8, 5) | GENMASK(63, 52);
	if (f->levels == 3)
		bits |= GENMASK(62, 52);
	if (level >= 3)
		bits |= ENTRY_LARGE;
	if (leaf && level)
		bits |= GENMASK(12 + 9 * level - 1, 13); /* bit 12 is a memory type's */
	return bits;
}

static bool is_leaf(const struct guest_paging *p, const struct format *f, unsigned level,
		    uint64_t entry)
{
	if (level == 0)
		return true;
	if (!(entry & ENTRY_LARGE))
		return false;
	if (f->entry == 4)
		return p->cr4 & GUEST_CR4_PSE;
	return level == 1 || (level == 2 && f->levels > 3);
}

static uint64_t leaf_address(const struct format *f, unsigned level, uint64_t entry, uint64_t gva)
{
	uint64_t offset = BIT(12 + f->bits * level) - 1;

	if (f->entry == 4 && level) /* bits 20 to 13 are 39 to 32 of the address */
		return (entry & 0xffc00000u) | (entry & GENMASK(20, 13)) << 19 | (gva & offset);
	return (entry & ADDRESS & ~offset) | (gva & offset);
}

/** Are the rights of all levels, or-ed as their absence, enough? */
static bool allowed(const struct guest_paging *p, uint32_t access, uint64_t denied, bool nx)
{
	bool user = access & WALK_USER;

	if (access & WALK_FETCH) {
		if (nx)
			return false;
		return user ? !(denied & ENTRY_U)
			    : !(p->cr4 & GUEST_CR4_SMEP) || denied & ENTRY_U;
	}
	if (user && denied & ENTRY_U)
		return false;
	if (!user && !(denied & ENTRY_U) && p->cr4 & GUEST_CR4_SMAP &&
	    !(p->rflags & GUEST_RFLAGS_AC))
		return false;
	return !(access & WALK_WRITE && denied & ENTRY_W && (user || p->cr0 & GUEST_CR0_WP));
}

enum result { OK, FAULT, AGAIN };

/* What was met on the way down. */
struct path {
	uint64_t gpa[5], entry[5];
	uint64_t denied; /* W and U that some level does not give */
	bool nx;
};

/* Down to the leaf. @return its level; -1: a fault, its reason in *error */
static int descend(const struct guest_paging *p, const struct format *f, uint64_t gva,
		   struct path *path, uint32_t *error)
{
	uint64_t table = p->cr3 & (f->levels == 3 ? GENMASK(31, 5) : ADDRESS), entry;
	unsigned level = f->levels, index;
	bool leaf;

	do {
		level--;
		index = gva >> (12 + f->bits * level) & ((1u << f->bits) - 1);
		if (f->levels == 3 && level == 2)
			index &= 3;
		path->gpa[level] = table + index * f->entry;
		entry = read_entry(p, path->gpa[level], f->entry);
		path->entry[level] = entry;
		if (!(entry & ENTRY_P))
			return -1;
		*error |= WALK_PRESENT;
		leaf = is_leaf(p, f, level, entry);
		if (entry & reserved_bits(p, f, level, leaf)) {
			*error |= WALK_RESERVED;
			return -1;
		}
		*error &= ~WALK_PRESENT;
		if (!(f->levels == 3 && level == 2))
			path->denied |= ~entry;
		path->nx |= f->entry == 8 && entry & ENTRY_NX;
		table = f->entry == 4 ? entry & 0xfffff000u : entry & ADDRESS;
	} while (!leaf);
	return (int)level;
}

static enum result walk_once(const struct guest_paging *p, uint64_t gva, uint32_t access,
			     uint64_t *gpa, uint32_t *error)
{
	struct format f = format_of(p);
	struct path path = { .denied = 0 };
	int leaf = descend(p, &f, gva, &path, error);

	if (leaf < 0)
		return FAULT;
	if (!allowed(p, access, path.denied, path.nx)) {
		*error |= WALK_PRESENT;
		return FAULT;
	}
	for (int level = f.levels - 1; level >= leaf; level--) {
		uint64_t bits = ENTRY_A;

		if (f.levels == 3 && level == 2)
			continue; /* has no such bit */
		if (level == leaf && access & WALK_WRITE)
			bits |= ENTRY_D;
		if (!mark_entry(p, path.gpa[level], f.entry, path.entry[level], bits))
			return AGAIN;
	}
	*gpa = leaf_address(&f, (unsigned)leaf, path.entry[leaf], gva);
	return OK;
}

bool guest_walk(const struct guest_paging *p, uint64_t gva, uint32_t access, uint64_t *gpa,
		uint32_t *error)
{
	uint32_t told = access;
	enum result result = AGAIN;

	if (!(p->cr0 & GUEST_CR0_PG)) {
		*gpa = gva & 0xffffffffu;
		return true;
	}
	/* Fetches are told only where they can differ from reads. */
	if (!(p->cr4 & GUEST_CR4_SMEP) &&
	    !(p->efer & GUEST_EFER_NXE && p->cr4 & GUEST_CR4_PAE))
		told &= ~WALK_FETCH;
	for (unsigned i = 0; result == AGAIN && i < TRIES; i++) {
		*error = told;
		result = walk_once(p, gva, access, gpa, error);
	}
	/* Changed at each try: a fault that makes the guest try again is always right. */
	return result == OK;
}
