/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private to the reader of guest descriptions (guest_desc.c, desc_*.c): reports and typed access to
 * properties. No data of its own; used in thread context while the tree's node is held.
 */
#pragma once

#include <stdarg.h>
#include <core/dt.h>
#include <core/guest_desc.h>
#include <libs/util.h>

#define DESC_REGIONS_MAX 512
#define DESC_VCPUS_MAX	 64
#define DESC_IRQS_MAX	 1024
/** A slice below this would spend the host's time on switches. */
#define DESC_SLICE_MIN 100000

/** One reading of one guest node. */
struct desc_ctx {
	struct shell_out *out;
	struct dt_node *guest;
	unsigned errors;
};

/**
 * Report an error: "<path>: <prop>: <text>", counted.
 * @param prop  property that is wrong, or NULL
 */
void desc_error(struct desc_ctx *ctx, const struct dt_node *node, const char *prop, const char *fmt,
		...) printf_like(4, 5);

/**
 * Text that came from a file or a person, made fit for a terminal: control and non-ASCII bytes
 * become '?'. Used on what desc_error() prints and by others that quote names.
 */
void desc_printable(char *text);

/** Name out of the NULL-terminated lists that was probably meant, or NULL. @param b may be NULL */
const char *desc_nearest(const char *word, const char *const *a, const char *const *b);

/**
 * Report every property of a node that is in none of the lists.
 * @param own    NULL-terminated, of this kind of node
 * @param more   NULL-terminated, of the emulator; may be NULL
 */
void desc_known_props(struct desc_ctx *ctx, const struct dt_node *node, const char *const *own,
		      const char *const *more);

/* What readers do where the property is missing. */
#define DESC_OPTIONAL false
#define DESC_REQUIRED true

/** What a number may be, both ends included. */
struct desc_range {
	uint32_t lo, hi;
	bool required;
};

/** One cell in a range. @return true when *out was set */
bool desc_u32(struct desc_ctx *ctx, const struct dt_node *node, const char *prop,
	      struct desc_range range, uint32_t *out);
#define DESC_RANGE(required, lo, hi) ((struct desc_range){ (lo), (hi), (required) })
/** One or two cells. @return true when *out was set */
bool desc_u64(struct desc_ctx *ctx, const struct dt_node *node, const char *prop, bool required,
	      uint64_t *out);
/** Exactly one string that is not empty. @return NULL when missing or wrong */
const char *desc_string(struct desc_ctx *ctx, const struct dt_node *node, const char *prop,
			bool required);
/** A property whose presence is its meaning; a cell of 0 means no. */
bool desc_flag(const struct dt_node *node, const char *prop);

/** All vCPUs of ctx->guest. */
void desc_read_vcpus(struct desc_ctx *ctx, struct guest_desc *desc);
/** All regions of ctx->guest, then what they are to each other. */
void desc_read_regions(struct desc_ctx *ctx, struct guest_desc *desc);
/**
 * Overlaps and aliases of desc->regions, which are sorted.
 * @param complete  false: some could not be read, so what is missing is no further mistake
 */
void desc_check_space(struct desc_ctx *ctx, const struct guest_desc *desc, bool complete);
/** The `interrupts` of a region. */
void desc_check_irqs(struct desc_ctx *ctx, const struct dt_node *node, unsigned nr_irqs);
