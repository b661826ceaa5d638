/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The regions of a guest's description: nodes below `aspace`, each memory, a device that is
 * emulated, a device of the host, or an alias of another region. Reads only; the results belong
 * to the caller's struct guest_desc.
 */
#include "desc.h"

#include <core/emu.h>
#include <core/mem.h>
#include <libs/byteorder.h>
#include <libs/printf.h>
#include <libs/string.h>

/* Orders of alignment and mapping: a page to 512 GiB. */
#define ORDER_MIN PAGE_SHIFT
#define ORDER_MAX 39
/* The port space of the CPUs that have one. */
#define IO_SPACE 0x10000u

static const char *const region_props[] = {
	"manifest_type", "address_type", "device_type", "guest_physical_addr", "physical_size",
	"host_physical_addr", "alias_physical_addr", "align_order", "map_order", "shared_mem",
	"compatible", "interrupts", NULL,
};

struct word_flags {
	const char *word;
	uint32_t flags;
};

static const struct word_flags manifest_types[] = {
	{ "real", REGION_REAL },
	{ "virtual", REGION_VIRTUAL },
	{ "alias", REGION_ALIAS },
	{ NULL, 0 },
};

static const struct word_flags address_types[] = {
	{ "memory", REGION_MEMORY },
	{ "io", REGION_IO },
	{ NULL, 0 },
};

/* Anything else in device_type is a class of devices. */
static const struct word_flags memory_types[] = {
	{ "ram", REGION_RAM },
	{ "rom", REGION_ROM },
	{ "alloced_ram", REGION_RAM | REGION_ALLOCED },
	{ "alloced_rom", REGION_ROM | REGION_ALLOCED },
	{ "shared_ram", REGION_RAM | REGION_SHARED },
	{ "shared_rom", REGION_ROM | REGION_SHARED },
	{ NULL, 0 },
};

static uint32_t word_find(const struct word_flags *table, const char *word)
{
	for (; table->word; table++) {
		if (!strcmp(table->word, word))
			return table->flags;
	}
	return 0;
}

/* @return flags of the two properties that say what the region is made of; 0 after an error */
static uint32_t read_kind(struct desc_ctx *ctx, const struct dt_node *node)
{
	const char *manifest = desc_string(ctx, node, "manifest_type", DESC_REQUIRED);
	const char *space = desc_string(ctx, node, "address_type", DESC_REQUIRED);
	uint32_t m = manifest ? word_find(manifest_types, manifest) : 0;
	uint32_t a = space ? word_find(address_types, space) : 0;

	if (manifest && !m)
		desc_error(ctx, node, "manifest_type",
			   "is \"%s\", must be \"real\", \"virtual\" or \"alias\"", manifest);
	if (space && !a)
		desc_error(ctx, node, "address_type", "is \"%s\", must be \"memory\" or \"io\"",
			   space);
	if (a == REGION_IO && !IS_ENABLED(CONFIG_PORT_SPACE)) {
		desc_error(ctx, node, "address_type",
			   "is \"io\", but this CPU has no port space; use \"memory\"");
		return 0;
	}
	return m && a ? m | a : 0;
}

/* @return flags of device_type; 0 after an error */
static uint32_t read_device_type(struct desc_ctx *ctx, const struct dt_node *node, uint32_t kind)
{
	const char *type = desc_string(ctx, node, "device_type", DESC_REQUIRED);
	uint32_t flags;

	if (!type)
		return 0;
	flags = word_find(memory_types, type);
	if (!flags)
		return REGION_DEVICE;
	if (kind & REGION_ALIAS)
		return flags & (REGION_RAM | REGION_ROM);
	if (kind & REGION_VIRTUAL) {
		desc_error(ctx, node, "device_type",
			   "\"%s\" is memory, which needs manifest_type \"real\"", type);
		return 0;
	}
	if (kind & REGION_IO) {
		desc_error(ctx, node, "device_type",
			   "\"%s\" is memory, which needs address_type \"memory\"", type);
		return 0;
	}
	return flags;
}

/* Where the region is for the guest. @return false after an error */
static bool read_range(struct desc_ctx *ctx, const struct dt_node *node, struct region *r)
{
	uint64_t limit = r->flags & REGION_IO ? IO_SPACE : arch_guest_gpa_limit();

	if (!desc_u64(ctx, node, "guest_physical_addr", DESC_REQUIRED, &r->gpa) ||
	    !desc_u64(ctx, node, "physical_size", DESC_REQUIRED, &r->size))
		return false;
	if (r->size == 0) {
		desc_error(ctx, node, "physical_size",
			   "is 0; set it, for example with vfs fdt_load ... "
			   "<alias>,physical_size,physsize,0x10000000");
		return false;
	}
	if (r->gpa >= limit || r->size > limit - r->gpa) {
		desc_error(ctx, node, "guest_physical_addr",
			   "0x%" PRIx64 " with 0x%" PRIx64 " bytes goes beyond 0x%" PRIx64
			   ", the highest address of a guest here",
			   r->gpa, r->size, limit - 1);
		return false;
	}
	return true;
}

static bool page_aligned(struct desc_ctx *ctx, const struct dt_node *node, const char *prop,
			 uint64_t v)
{
	if (IS_ALIGNED(v, PAGE_SIZE))
		return true;
	desc_error(ctx, node, prop, "0x%" PRIx64 " is not a multiple of the page size, 0x%lx", v,
		   PAGE_SIZE);
	return false;
}

/* A property that says nothing for this kind of region is a mistake of its writer. */
static void not_used(struct desc_ctx *ctx, const struct dt_node *node, const char *prop,
		     const char *why)
{
	if (dt_has(node, prop))
		desc_error(ctx, node, prop, "has no meaning %s; remove it", why);
}

static bool touches_ram(hpa_t start, uint64_t size)
{
	hpa_t ram;
	uint64_t len;

	for (unsigned i = 0; mem_ram_range(i, &ram, &len); i++) {
		if (start < ram + len && ram < start + size)
			return true;
	}
	return false;
}

/* Memory or registers of the host at a given place. */
static void read_host_range(struct desc_ctx *ctx, const struct dt_node *node, struct region *r)
{
	uint64_t hpa;

	if (!desc_u64(ctx, node, "host_physical_addr", DESC_REQUIRED, &hpa) ||
	    !page_aligned(ctx, node, "host_physical_addr", hpa))
		return;
	if (hpa + r->size < hpa) {
		desc_error(ctx, node, "host_physical_addr",
			   "0x%" PRIx64 " with 0x%" PRIx64
			   " bytes goes beyond the end of addresses",
			   hpa, r->size);
		return;
	}
	if (r->flags & (REGION_RAM | REGION_ROM)) {
		if (!mem_is_ram(hpa, r->size)) {
			desc_error(ctx, node, "host_physical_addr",
				   "0x%" PRIx64 " to 0x%" PRIx64
				   " is not memory of this host; see host ram",
				   hpa, hpa + r->size - 1);
			return;
		}
	} else if (touches_ram(hpa, r->size)) {
		desc_error(ctx, node, "host_physical_addr",
			   "0x%" PRIx64 " to 0x%" PRIx64
			   " is memory of this host, but device_type is that of a device",
			   hpa, hpa + r->size - 1);
		return;
	}
	r->extents = heap_zalloc(sizeof(*r->extents));
	if (!r->extents) {
		desc_error(ctx, node, NULL, "not enough memory to read the region");
		return;
	}
	r->nr_extents = 1;
	r->extents[0] = (struct extent){ .hpa = hpa, .size = r->size };
}

static void read_memory(struct desc_ctx *ctx, const struct dt_node *node, struct region *r)
{
	uint32_t order;

	page_aligned(ctx, node, "guest_physical_addr", r->gpa);
	if (!page_aligned(ctx, node, "physical_size", r->size))
		return;
	desc_u32(ctx, node, "align_order", DESC_RANGE(DESC_OPTIONAL, ORDER_MIN, ORDER_MAX), &order);
	desc_u32(ctx, node, "map_order", DESC_RANGE(DESC_OPTIONAL, ORDER_MIN, ORDER_MAX), &order);
	if (r->flags & REGION_SHARED) {
		desc_string(ctx, node, "shared_mem", DESC_REQUIRED);
		not_used(ctx, node, "host_physical_addr", "for shared memory");
	} else if (r->flags & REGION_ALLOCED) {
		not_used(ctx, node, "host_physical_addr",
			 "where the hypervisor chooses the memory (device_type \"ram\" names it)");
	} else {
		read_host_range(ctx, node, r);
	}
	if (!(r->flags & REGION_SHARED))
		not_used(ctx, node, "shared_mem",
			 "without device_type \"shared_ram\" or \"shared_rom\"");
	not_used(ctx, node, "compatible", "for memory");
	not_used(ctx, node, "interrupts", "for memory");
}

static void read_alias(struct desc_ctx *ctx, const struct dt_node *node, struct region *r)
{
	if (!desc_u64(ctx, node, "alias_physical_addr", DESC_REQUIRED, &r->alias))
		return;
	if (r->alias + r->size < r->alias)
		desc_error(ctx, node, "alias_physical_addr",
			   "0x%" PRIx64 " with 0x%" PRIx64
			   " bytes goes beyond the end of addresses",
			   r->alias, r->size);
	page_aligned(ctx, node, "guest_physical_addr", r->gpa);
	page_aligned(ctx, node, "alias_physical_addr", r->alias);
	page_aligned(ctx, node, "physical_size", r->size);
	not_used(ctx, node, "host_physical_addr", "for an alias");
	not_used(ctx, node, "compatible", "for an alias");
	not_used(ctx, node, "interrupts", "for an alias");
}

/* Emulated, or of the host where no emulator knows the name of a "real" one. */
static const struct emulator *read_device(struct desc_ctx *ctx, const struct dt_node *node,
					  struct region *r)
{
	const char *name = dt_string(node, "compatible", 0);
	const struct emulator *emu = name ? emu_find(node, NULL) : NULL;
	bool virtual = r->flags & REGION_VIRTUAL;
	char path[160];

	if (dt_has(node, "compatible") && !name)
		desc_error(ctx, node, "compatible",
			   "must be a list of strings that end with a NUL");
	if (emu && emu->on) {
		desc_error(ctx, node, "compatible",
			   "\"%s\" sits on a bus of kind \"%s\"; put its node below that of the "
			   "bus", name, emu->on);
		emu = NULL;
	} else if (emu) {
		/* Xvisor calls some "real" for which the emulator finds the host's part (GICV). */
		r->flags = (r->flags & ~REGION_REAL) | REGION_VIRTUAL;
		dt_path(node, path, sizeof(path));
		if (emu->check)
			ctx->errors += emu->check(node, path, ctx->out);
	} else if (virtual) {
		if (!dt_has(node, "compatible"))
			desc_error(ctx, node, "compatible",
				   "is missing: it says which emulator makes the device");
		else if (name)
			desc_error(ctx, node, "compatible",
				   "there is no emulator for \"%s\" in this hypervisor; take the "
				   "node out (devtree del) to do without the device", name);
	} else {
		page_aligned(ctx, node, "guest_physical_addr", r->gpa);
		if (page_aligned(ctx, node, "physical_size", r->size))
			read_host_range(ctx, node, r);
	}
	if (virtual)
		not_used(ctx, node, "host_physical_addr", "for an emulated device");
	not_used(ctx, node, "align_order", "for a device");
	not_used(ctx, node, "map_order", "for a device");
	not_used(ctx, node, "shared_mem", "for a device");
	return emu;
}

void desc_check_irqs(struct desc_ctx *ctx, const struct dt_node *node, unsigned nr_irqs)
{
	const struct dt_prop *prop = dt_prop(node, "interrupts");

	if (!prop)
		return;
	if (prop->len == 0 || prop->len % 4) {
		desc_error(ctx, node, "interrupts", "must be a list of numbers, a cell each");
		return;
	}
	for (uint32_t i = 0; nr_irqs && i < prop->len; i += 4) {
		uint32_t irq = get_be32(prop->data + i);

		if (irq >= nr_irqs)
			desc_error(ctx, node, "interrupts", "%u is too high: guest_irq_count is %u",
				   irq, nr_irqs);
	}
}

/* A device on a bus: a node below the bus's. */
static void read_bus_device(struct desc_ctx *ctx, const struct emulator *bus,
			    const struct dt_node *node, unsigned nr_irqs)
{
	static const char *const props[] = { "device_type", "compatible", "interrupts", "slot",
					     NULL };
	const char *name = desc_string(ctx, node, "compatible", DESC_REQUIRED);
	const struct emulator *emu = name ? emu_find(node, NULL) : NULL;
	struct dt_node *child;
	char path[160];

	if (!name)
		return;
	if (!emu || !emu->on || strcmp(emu->on, bus->bus)) {
		desc_error(ctx, node, "compatible",
			   "there is no emulator for \"%s\" on a bus of kind \"%s\" in this "
			   "hypervisor", name, bus->bus);
		return;
	}
	dt_path(node, path, sizeof(path));
	if (emu->check)
		ctx->errors += emu->check(node, path, ctx->out);
	desc_check_irqs(ctx, node, nr_irqs);
	desc_known_props(ctx, node, props, emu->props);
	dt_for_each_child(child, node)
		desc_error(ctx, child, NULL, "a device on a bus has no nodes below it; remove it");
}

/* @return true when the region can be compared with others */
static bool read_region(struct desc_ctx *ctx, struct dt_node *node, struct region *r,
			unsigned nr_irqs)
{
	const struct emulator *emu = NULL;
	uint32_t kind = read_kind(ctx, node);
	uint32_t type = kind ? read_device_type(ctx, node, kind) : 0;
	bool placed;
	struct dt_node *child;

	r->node = node;
	r->flags = kind | type;
	placed = kind && read_range(ctx, node, r);
	if (placed && (kind & REGION_ALIAS))
		read_alias(ctx, node, r);
	else if (placed && (type & (REGION_RAM | REGION_ROM)))
		read_memory(ctx, node, r);
	else if (placed && type)
		emu = read_device(ctx, node, r);
	else
		emu = dt_has(node, "compatible") ? emu_find(node, NULL) : NULL;
	if (!(kind & REGION_ALIAS))
		not_used(ctx, node, "alias_physical_addr", "without manifest_type \"alias\"");
	desc_check_irqs(ctx, node, nr_irqs);
	/* Without its emulator, nobody knows what else a device may have. */
	if (emu || !(type & REGION_DEVICE) || !(kind & REGION_VIRTUAL))
		desc_known_props(ctx, node, region_props, emu ? emu->props : NULL);
	dt_for_each_child(child, node) {
		if (emu && emu->bus && dt_available(child))
			read_bus_device(ctx, emu, child, nr_irqs);
		else if (!emu)
			desc_error(ctx, child, NULL, "a region has no nodes below it; remove it");
	}
	return placed && type;
}

/* Ports are behind all memory. */
static bool is_behind(const struct region *a, const struct region *b)
{
	if ((a->flags ^ b->flags) & REGION_IO)
		return a->flags & REGION_IO;
	return a->gpa > b->gpa;
}

/* Keep desc->regions sorted by address; of equal ones the first in the tree is first. */
static void insert(struct guest_desc *desc, const struct region *r)
{
	unsigned i = desc->nr_regions++;

	while (i > 0 && is_behind(&desc->regions[i - 1], r)) {
		desc->regions[i] = desc->regions[i - 1];
		i--;
	}
	desc->regions[i] = *r;
}

void desc_read_regions(struct desc_ctx *ctx, struct guest_desc *desc)
{
	static const char *const aspace_props[] = { "guest_irq_count", NULL };
	struct dt_node *aspace = dt_child(ctx->guest, "aspace");
	struct dt_node *node;
	bool complete = true;
	size_t n;

	if (!aspace) {
		desc_error(ctx, ctx->guest, "aspace",
			   "the node is missing: it holds the guest's memory and devices");
		return;
	}
	desc_known_props(ctx, aspace, aspace_props, NULL);
	desc_u32(ctx, aspace, "guest_irq_count", DESC_RANGE(DESC_REQUIRED, 1, DESC_IRQS_MAX),
		 &desc->nr_irqs);
	n = list_count(&aspace->children);
	if (n > DESC_REGIONS_MAX) {
		desc_error(ctx, aspace, NULL, "%u regions are too many; at most %u can be",
			   (unsigned)n, DESC_REGIONS_MAX);
		return;
	}
	desc->regions = heap_calloc(n ? n : 1, sizeof(*desc->regions));
	if (!desc->regions) {
		desc_error(ctx, aspace, NULL, "not enough memory to read the regions");
		return;
	}
	dt_for_each_child(node, aspace) {
		struct region r = { 0 };

		if (!dt_available(node))
			continue;
		if (read_region(ctx, node, &r, desc->nr_irqs))
			insert(desc, &r);
		else
			complete = false;
	}
	desc_check_space(ctx, desc, complete);
}
