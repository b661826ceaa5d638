/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Typed access to the properties of a guest's description, with an error sentence for whatever is
 * missing, malformed or unknown. No data, no lock.
 */
#include "desc.h"

#include <core/shell.h>
#include <libs/byteorder.h>
#include <libs/printf.h>
#include <libs/string.h>

/* Longer words than this are not compared with known names. */
#define NEAREST_MAX 31

void desc_printable(char *text)
{
	for (; *text; text++) {
		if (*text < ' ' || *text > '~')
			*text = '?';
	}
}

void desc_error(struct desc_ctx *ctx, const struct dt_node *node, const char *prop, const char *fmt,
		...)
{
	char path[160];
	char text[320];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	dt_path(node, path, sizeof(path));
	desc_printable(path);
	desc_printable(text);
	if (prop) {
		char name[48];

		strlcpy(name, prop, sizeof(name));
		desc_printable(name);
		out_printf(ctx->out, "%s: %s: %s\n", path, name, text);
	} else {
		out_printf(ctx->out, "%s: %s\n", path, text);
	}
	ctx->errors++;
}

/* Optimal string alignment distance: insertions, deletions, changes, swapped neighbours. */
static unsigned distance(const char *a, size_t na, const char *b, size_t nb)
{
	uint8_t rows[3][NEAREST_MAX + 1];
	size_t i, j;

	for (j = 0; j <= nb; j++)
		rows[0][j] = (uint8_t)j;
	for (i = 1; i <= na; i++) {
		const uint8_t *up = rows[(i - 1) % 3];
		uint8_t *row = rows[i % 3];

		row[0] = (uint8_t)i;
		for (j = 1; j <= nb; j++) {
			bool same = a[i - 1] == b[j - 1];
			uint8_t best = MIN_T(uint8_t, up[j] + 1, row[j - 1] + 1);

			best = MIN_T(uint8_t, best, up[j - 1] + !same);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = MIN_T(uint8_t, best, rows[(i - 2) % 3][j - 2] + 1);
			row[j] = best;
		}
	}
	return rows[na % 3][nb];
}

static void nearest_in(const char *word, size_t n, const char *const *names, const char **best,
		       unsigned *best_distance)
{
	for (; names && *names; names++) {
		size_t m = strlen(*names);
		unsigned d;

		if (m > NEAREST_MAX)
			continue;
		d = distance(word, n, *names, m);
		if (d < *best_distance) {
			*best_distance = d;
			*best = *names;
		}
	}
}

const char *desc_nearest(const char *word, const char *const *a, const char *const *b)
{
	size_t n = strnlen(word, NEAREST_MAX + 1);
	const char *best = NULL;
	unsigned limit = MAX_T(unsigned, 2, n / 3) + 1;

	if (n > NEAREST_MAX)
		return NULL;
	nearest_in(word, n, a, &best, &limit);
	nearest_in(word, n, b, &best, &limit);
	return best;
}

/* What any node of a device tree may have. */
static const char *const common_props[] = {
	"name", "phandle", "linux,phandle", "status", "#address-cells", "#size-cells", NULL,
};

static bool listed(const char *name, const char *const *names)
{
	for (; names && *names; names++) {
		if (!strcmp(name, *names))
			return true;
	}
	return false;
}

void desc_known_props(struct desc_ctx *ctx, const struct dt_node *node, const char *const *own,
		      const char *const *more)
{
	struct dt_prop *prop;

	dt_for_each_prop(prop, node) {
		const char *near;

		if (listed(prop->name, own) || listed(prop->name, more) ||
		    listed(prop->name, common_props))
			continue;
		near = desc_nearest(prop->name, own, more);
		if (near)
			desc_error(ctx, node, prop->name, "unknown property; did you mean \"%s\"?",
				   near);
		else
			desc_error(ctx, node, prop->name, "unknown property; remove it");
	}
}

static const struct dt_prop *find(struct desc_ctx *ctx, const struct dt_node *node,
				  const char *name, bool required)
{
	const struct dt_prop *prop = dt_prop(node, name);

	if (!prop && required)
		desc_error(ctx, node, name, "is missing");
	return prop;
}

bool desc_u32(struct desc_ctx *ctx, const struct dt_node *node, const char *name,
	      struct desc_range range, uint32_t *out)
{
	const struct dt_prop *prop = find(ctx, node, name, range.required);
	uint32_t v;

	if (!prop)
		return false;
	if (prop->len != 4) {
		desc_error(ctx, node, name, "must be one cell (4 bytes), not %u bytes", prop->len);
		return false;
	}
	v = get_be32(prop->data);
	if (v < range.lo || v > range.hi) {
		desc_error(ctx, node, name, "is %u, must be %u to %u", v, range.lo, range.hi);
		return false;
	}
	*out = v;
	return true;
}

bool desc_u64(struct desc_ctx *ctx, const struct dt_node *node, const char *name, bool required,
	      uint64_t *out)
{
	const struct dt_prop *prop = find(ctx, node, name, required);

	if (!prop)
		return false;
	if (prop->len != 4 && prop->len != 8) {
		desc_error(ctx, node, name, "must be one or two cells (4 or 8 bytes), not %u bytes",
			   prop->len);
		return false;
	}
	*out = prop->len == 4 ? get_be32(prop->data) : get_be64(prop->data);
	return true;
}

const char *desc_string(struct desc_ctx *ctx, const struct dt_node *node, const char *name,
			bool required)
{
	const struct dt_prop *prop = find(ctx, node, name, required);

	if (!prop)
		return NULL;
	if (prop->len < 2 || prop->data[0] == '\0') {
		desc_error(ctx, node, name, "is empty; give it a value");
		return NULL;
	}
	if (memchr(prop->data, '\0', prop->len) != prop->data + prop->len - 1) {
		desc_error(ctx, node, name, "must be one string that ends with a NUL");
		return NULL;
	}
	return (const char *)prop->data;
}

bool desc_flag(const struct dt_node *node, const char *name)
{
	const struct dt_prop *prop = dt_prop(node, name);

	return prop && !(prop->len == 4 && get_be32(prop->data) == 0);
}
