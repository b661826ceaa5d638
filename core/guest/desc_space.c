/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the regions of a guest's description are to each other: none overlaps another, each alias
 * ends in one that is none, and there is memory to run in. Reads only.
 */
#include "desc.h"

#include <libs/printf.h>

/* An alias may point to another one, but not for ever. */
#define ALIAS_DEPTH_MAX 4

static bool same_space(const struct region *a, const struct region *b)
{
	return (a->flags & (REGION_MEMORY | REGION_IO)) == (b->flags & (REGION_MEMORY | REGION_IO));
}

static void check_overlaps(struct desc_ctx *ctx, const struct guest_desc *desc)
{
	const struct region *reach[2] = { NULL, NULL };

	/* Per space, the region that goes farthest so far: what begins before its end is inside. */
	for (unsigned i = 0; i < desc->nr_regions; i++) {
		const struct region *r = &desc->regions[i];
		const struct region **far = &reach[!!(r->flags & REGION_IO)];

		if (*far && r->gpa - (*far)->gpa < (*far)->size)
			desc_error(ctx, r->node, "guest_physical_addr",
				   "0x%" PRIx64 " to 0x%" PRIx64 " overlaps \"%s\", 0x%" PRIx64
				   " to 0x%" PRIx64,
				   r->gpa, r->gpa + r->size - 1, (*far)->node->name, (*far)->gpa,
				   (*far)->gpa + (*far)->size - 1);
		if (!*far || r->gpa + r->size > (*far)->gpa + (*far)->size)
			*far = r;
	}
}

/* The region that holds all of [gpa, gpa + size). */
static const struct region *holder(const struct guest_desc *desc, const struct region *like,
				   gpa_t gpa)
{
	for (unsigned i = 0; i < desc->nr_regions; i++) {
		const struct region *r = &desc->regions[i];

		if (same_space(r, like) && gpa >= r->gpa && gpa - r->gpa < r->size &&
		    like->size <= r->size - (gpa - r->gpa))
			return r;
	}
	return NULL;
}

/* @param complete  no region is missing because it could not be read */
static void check_alias(struct desc_ctx *ctx, const struct guest_desc *desc, const struct region *r,
			bool complete)
{
	const struct region *to = r;
	gpa_t gpa = r->gpa;

	for (unsigned depth = 0; depth < ALIAS_DEPTH_MAX; depth++) {
		gpa = to->alias + (gpa - to->gpa);
		to = holder(desc, r, gpa);
		if (!to && !complete)
			return;
		if (!to) {
			desc_error(ctx, r->node, "alias_physical_addr",
				   "there is no region that has all of 0x%" PRIx64 " to 0x%" PRIx64,
				   gpa, gpa + r->size - 1);
			return;
		}
		if (!(to->flags & REGION_ALIAS))
			return;
	}
	desc_error(ctx, r->node, "alias_physical_addr",
		   "leads through more than %u aliases; point it to the region itself",
		   ALIAS_DEPTH_MAX);
}

void desc_check_space(struct desc_ctx *ctx, const struct guest_desc *desc, bool complete)
{
	bool memory = false;

	check_overlaps(ctx, desc);
	for (unsigned i = 0; i < desc->nr_regions; i++) {
		const struct region *r = &desc->regions[i];

		if (r->flags & REGION_ALIAS)
			check_alias(ctx, desc, r, complete);
		else
			memory = memory || (r->flags & (REGION_RAM | REGION_ROM));
	}
	if (!memory && complete)
		desc_error(ctx, ctx->guest, "aspace",
			   "there is no memory; add a region with device_type \"alloced_ram\"");
}
