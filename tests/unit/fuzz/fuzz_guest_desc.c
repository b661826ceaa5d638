/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptions of guests with any changes: a sound tree is edited as the input says, then read.
 * What is accepted has to be as sound as guest_create() takes it to be.
 */
#include "fuzz.h"

#include "fake.h"
#include "fake_guest.h"

#include <core/dt.h>
#include <core/emu.h>
#include <core/guest_desc.h>

/* One emulator, for what is called so. */
const struct emulator *emu_find(const struct dt_node *node, const void **match_data)
{
	static const char *const props[] = { "fifo_size", NULL };
	static const struct emulator uart = { .name = "uart", .props = props };

	return dt_compatible(node, "uart") ? &uart : NULL;
}

static const char *const names[] = {
	"device_type", "manifest_type", "address_type", "guest_physical_addr", "physical_size",
	"host_physical_addr", "alias_physical_addr", "align_order", "map_order", "shared_mem",
	"compatible", "interrupts", "guest_irq_count", "start_pc", "priority", "time_slice",
	"deadline", "periodicity", "affinity", "poweroff", "gentimer_virt_irq", "psci_version",
	"endianness", "on_reset", "count", "status", "mem0", "fifo_size", "nonsense", "phandle",
};
static const char *const words[] = {
	"guest",       "vcpu",	     "real",   "virtual",  "alias",
	"memory",      "io",	     "ram",    "rom",	   "alloced_ram",
	"alloced_rom", "shared_ram", "serial", "uart",	   "armv8,generic",
	"armv7a,x",    "big",	     "stop",   "disabled", "/aspace/mem0",
	"/",	       "",
};
static const char *const nodes[] = { "vcpus", "vcpu_template", "aspace", "aliases", "a", "b", "c" };

static void set(struct dt_node *node, const char *name, const void *data, uint32_t n)
{
	if (dt_set(node, name, data, n))
		return;
}

static void region(struct dt_node *aspace, const char *name, uint64_t gpa, uint64_t size)
{
	struct dt_node *node = dt_add_node(aspace, name);

	if (!node)
		return;
	set(node, "manifest_type", "real", 5);
	set(node, "address_type", "memory", 7);
	set(node, "device_type", "alloced_ram", 12);
	FUZZ_CHECK(!dt_set_u64(node, "guest_physical_addr", gpa));
	FUZZ_CHECK(!dt_set_u64(node, "physical_size", size));
}

static struct dt_node *sound(struct dt_node *top)
{
	struct dt_node *guest = dt_add_node(top, "g"), *vcpus = dt_add_node(guest, "vcpus");
	struct dt_node *aspace = dt_add_node(guest, "aspace"), *vcpu = dt_add_node(vcpus, "vcpu0");

	set(guest, "device_type", "guest", 6);
	set(vcpu, "device_type", "vcpu", 5);
	set(vcpu, "compatible", "armv8,generic", 14);
	FUZZ_CHECK(!dt_set_u32(aspace, "guest_irq_count", 64));
	region(aspace, "mem0", 0x40000000, 0x1000000);
	region(aspace, "mem1", 0x50000000, 0x1000000);
	region(aspace, "mem2", 0x60000000, 0x1000000);
	return guest;
}

static struct dt_node *pick(struct dt_node *guest, unsigned n)
{
	struct dt_node *node = guest, *next;

	for (; n; n--) {
		next = dt_next(node, guest);
		node = next ? next : guest;
	}
	return node;
}

/* One change. @return whether there is more input */
static void change(struct dt_node *guest, struct fuzz_input *in)
{
	uint8_t what = fuzz_byte(in);
	struct dt_node *node = pick(guest, fuzz_byte(in) % 16);
	const char *name = names[fuzz_byte(in) % (sizeof(names) / sizeof(*names))];
	uint8_t bytes[16];
	const char *word;

	switch (what % 8) {
	case 0:
		if (dt_set_u32(node, name, (uint32_t)fuzz_byte(in)))
			return;
		break;
	case 1:
		if (dt_set_u64(node, name, fuzz_u64(in) & ~(what & 0x80 ? 0 : 0xfffULL)))
			return;
		break;
	case 2:
		word = words[fuzz_byte(in) % (sizeof(words) / sizeof(*words))];
		set(node, name, word, (uint32_t)strlen(word) + 1);
		break;
	case 3:
		if (dt_del_prop(node, name))
			return;
		break;
	case 4:
		dt_add_node(node, nodes[fuzz_byte(in) % (sizeof(nodes) / sizeof(*nodes))]);
		break;
	case 5:
		if (node != guest && dt_del_node(node))
			return;
		break;
	case 6:
		for (unsigned i = 0; i < sizeof(bytes); i++)
			bytes[i] = fuzz_byte(in);
		set(node, name, bytes, fuzz_byte(in) % (sizeof(bytes) + 1));
		break;
	case 7:
		if (strcmp(node->name, "aspace") == 0)
			region(node, what & 0x80 ? "x" : "y", fuzz_u64(in), 0x1000);
		break;
	}
}

static void check(const struct guest_desc *d)
{
	FUZZ_CHECK(d->nr_vcpus >= 1 && d->nr_vcpus <= 64 && d->nr_irqs >= 1);
	for (unsigned i = 0; i < d->nr_vcpus; i++) {
		const struct vcpu_desc *v = &d->vcpus[i];

		FUZZ_CHECK(v->node && v->prio >= 0 && v->prio <= 7 && v->slice >= 100000);
		FUZZ_CHECK(v->deadline >= v->slice && v->period >= v->deadline);
		FUZZ_CHECK(v->affinity < 1 << FAKE_CPUS);
	}
	for (unsigned i = 0; i < d->nr_regions; i++) {
		const struct region *r = &d->regions[i];

		FUZZ_CHECK(r->node && r->size && r->gpa + r->size > r->gpa);
		FUZZ_CHECK(!!(r->flags & REGION_REAL) + !!(r->flags & REGION_VIRTUAL) +
				   !!(r->flags & REGION_ALIAS) ==
			   1);
		FUZZ_CHECK(i == 0 || r[-1].gpa + r[-1].size <= r->gpa);
		FUZZ_CHECK(!(r->flags & REGION_VIRTUAL) || dt_compatible(r->node, "uart"));
		FUZZ_CHECK((r->flags & REGION_VIRTUAL) || !((r->gpa | r->size) & 0xfff));
		if ((r->flags & REGION_REAL) && !(r->flags & (REGION_ALLOCED | REGION_SHARED)))
			FUZZ_CHECK(r->nr_extents == 1 && r->extents[0].size == r->size);
		else
			FUZZ_CHECK(r->nr_extents == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	size_t live = fake_heap_live();
	struct dt_node *top = dt_new_tree(), *guest = sound(top);
	struct guest_desc desc;

	while (in.size)
		change(guest, &in);
	fake_out_clear();
	if (guest_desc_read(guest, &desc, &fake_out))
		FUZZ_CHECK(fake_out_text()[0]);
	else
		check(&desc);
	guest_desc_free(&desc);
	FUZZ_CHECK(dt_del_node(top) == 0);
	FUZZ_CHECK(fake_heap_live() == live);
	return 0;
}
