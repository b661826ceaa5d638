/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads a guest's node into a struct guest_desc and finds all errors of it; vCPUs and regions are
 * in desc_vcpu.c and desc_region.c. Nothing is changed but the caller's structure; the tree's lock
 * is held meanwhile.
 */
#include <core/guest_desc.h>

#include "desc.h"

#include <core/mem.h>
#include <libs/string.h>

#define PSCI_0_2 0x00000002u
#define PSCI_1_0 0x00010000u
#define PSCI_1_1 0x00010001u

static const char *const guest_props[] = {
	"device_type", "model", "compatible", "endianness", "psci_version", "on_reset", NULL,
};
static const char *const guest_nodes[] = { "aliases", "vcpus", "vcpu_template", "aspace", NULL };

static void read_name(struct desc_ctx *ctx, struct guest_desc *desc)
{
	const char *name = ctx->guest->name;
	size_t n = strlen(name);

	if (n >= sizeof(desc->name))
		desc_error(ctx, ctx->guest, NULL,
			   "the name has %u characters; a guest's name has at most %u", (unsigned)n,
			   (unsigned)sizeof(desc->name) - 1);
	else if (!guest_name_ok(name))
		desc_error(ctx, ctx->guest, NULL,
			   "the name must be of letters, digits, '-', '_' "
			   "and '.', and begin with a letter or digit");
	strlcpy(desc->name, name, sizeof(desc->name));
}

bool guest_name_ok(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.";
	size_t n = strlen(name);

	return n > 0 && n < GUEST_NAME_MAX && strspn(name, letters) == n && name[0] != '-' &&
	       name[0] != '_' && name[0] != '.';
}

/* One of two words. @return index of the word, 0 when the property is missing or wrong */
static unsigned read_choice(struct desc_ctx *ctx, const char *prop, const char *first,
			    const char *second)
{
	const char *word = desc_string(ctx, ctx->guest, prop, DESC_OPTIONAL);

	if (word && strcmp(word, first) && strcmp(word, second))
		desc_error(ctx, ctx->guest, prop, "is \"%s\", must be \"%s\" or \"%s\"", word,
			   first, second);
	return word && !strcmp(word, second);
}

static void read_psci(struct desc_ctx *ctx, struct guest_desc *desc)
{
	desc->psci_version = PSCI_1_1;
	if (!desc_u32(ctx, ctx->guest, "psci_version", DESC_RANGE(DESC_OPTIONAL, 0, UINT32_MAX),
		      &desc->psci_version))
		return;
	if (desc->psci_version != PSCI_0_2 && desc->psci_version != PSCI_1_0 &&
	    desc->psci_version != PSCI_1_1)
		desc_error(ctx, ctx->guest, "psci_version",
			   "is 0x%x, must be 2 (for 0.2), 0x10000 (1.0) or 0x10001 (1.1)",
			   desc->psci_version);
}

static void check_aliases(struct desc_ctx *ctx)
{
	struct dt_node *aliases = dt_child(ctx->guest, "aliases");
	struct dt_prop *prop;

	if (!aliases)
		return;
	dt_for_each_prop(prop, aliases) {
		const char *path;

		if (!strcmp(prop->name, "phandle") || !strcmp(prop->name, "linux,phandle") ||
		    !strcmp(prop->name, "name"))
			continue;
		path = desc_string(ctx, aliases, prop->name, DESC_REQUIRED);
		if (path && (path[0] != '/' || !dt_find_from(ctx->guest, path + 1)))
			desc_error(ctx, aliases, prop->name,
				   "there is no node \"%s\" in this guest's tree", path);
	}
}

static void check_nodes(struct desc_ctx *ctx)
{
	struct dt_node *node;

	dt_for_each_child(node, ctx->guest) {
		const char *near;
		unsigned i = 0;

		/* What dtc -@ adds. */
		if (!strncmp(node->name, "__", 2))
			continue;
		while (guest_nodes[i] && strcmp(node->name, guest_nodes[i]))
			i++;
		if (guest_nodes[i])
			continue;
		near = desc_nearest(node->name, guest_nodes, NULL);
		if (near)
			desc_error(ctx, node, NULL, "unknown node; did you mean \"%s\"?", near);
		else
			desc_error(
				ctx, node, NULL,
				"unknown node; a guest has aliases, vcpus, vcpu_template, aspace");
	}
}

unsigned guest_desc_read(struct dt_node *node, struct guest_desc *desc, struct shell_out *out)
{
	struct desc_ctx ctx = { .out = out, .guest = node };
	const char *type;

	memset(desc, 0, sizeof(*desc));
	dt_lock();
	read_name(&ctx, desc);
	type = desc_string(&ctx, node, "device_type", DESC_REQUIRED);
	if (type && strcmp(type, "guest"))
		desc_error(&ctx, node, "device_type", "is \"%s\", must be \"guest\"", type);
	desc_string(&ctx, node, "model", DESC_OPTIONAL);
	desc->big_endian = read_choice(&ctx, "endianness", "little", "big");
	desc->reset_stops = read_choice(&ctx, "on_reset", "restart", "stop");
	read_psci(&ctx, desc);
	desc_known_props(&ctx, node, guest_props, NULL);
	check_nodes(&ctx);
	check_aliases(&ctx);
	desc_read_vcpus(&ctx, desc);
	desc_read_regions(&ctx, desc);
	dt_unlock();
	return ctx.errors;
}

void guest_desc_free(struct guest_desc *desc)
{
	for (unsigned i = 0; i < desc->nr_regions; i++)
		heap_free(desc->regions[i].extents);
	heap_free(desc->regions);
	heap_free(desc->vcpus);
	memset(desc, 0, sizeof(*desc));
}
