/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The vCPUs of a guest's description: nodes below `vcpus`, and `vcpu_template` with its count.
 * Reads only; the results belong to the caller's struct guest_desc.
 */
#include "desc.h"

#include <arch/guest_kinds.h>
#include <core/cpu.h>
#include <core/mem.h>
#include <core/thread.h>
#include <libs/byteorder.h>
#include <libs/string.h>

#define PRIO_VCPU_DEFAULT 3

static const char *const vcpu_props[] = {
	"device_type", "compatible",  "start_pc", "priority", "time_slice",
	"deadline",    "periodicity", "affinity", "poweroff", NULL,
};

static bool is_cpu(const struct arch_cpu_name *cpu, const char *name)
{
	size_t n = strlen(cpu->prefix), all = strlen(name);
	size_t end = cpu->suffix ? strlen(cpu->suffix) : 0;

	return all > n + end && !strncmp(name, cpu->prefix, n) &&
	       (!end || !strcmp(name + all - end, cpu->suffix));
}

static void read_compatible(struct desc_ctx *ctx, struct vcpu_desc *v)
{
	const char *name = desc_string(ctx, v->node, "compatible", DESC_REQUIRED);

	if (!name)
		return;
	for (const struct arch_cpu_name *cpu = arch_guest_kinds.cpus; cpu->prefix; cpu++) {
		if (is_cpu(cpu, name)) {
			v->narrow = cpu->narrow;
			return;
		}
	}
	desc_error(ctx, v->node, "compatible",
		   "unknown processor \"%s\"; a 64-bit one is \"%s\"", name,
		   arch_guest_kinds.usual_cpu);
}

/* Numbers that only the port understands. */
static void read_numbers(struct desc_ctx *ctx, struct vcpu_desc *v)
{
	const struct arch_cpu_number *number = arch_guest_kinds.numbers;

	for (unsigned i = 0; i < ARCH_CPU_NUMBERS && number[i].prop; i++) {
		v->numbers[i] = number[i].normal;
		desc_u32(ctx, v->node, number[i].prop,
			 DESC_RANGE(DESC_OPTIONAL, number[i].min, number[i].max), &v->numbers[i]);
		for (unsigned k = 0; k < i; k++) {
			if (v->numbers[k] == v->numbers[i])
				desc_error(ctx, v->node, number[i].prop, "is that of %s, %u",
					   number[k].prop, v->numbers[k]);
		}
	}
}

/* Of a vCPU's node, or of the template. */
static void check_props(struct desc_ctx *ctx, struct dt_node *node, bool template)
{
	const struct arch_cpu_number *number = arch_guest_kinds.numbers;
	const char *more[ARCH_CPU_NUMBERS + 2];
	unsigned n = 0;

	for (; n < ARCH_CPU_NUMBERS && number[n].prop; n++)
		more[n] = number[n].prop;
	if (template)
		more[n++] = "count";
	more[n] = NULL;
	desc_known_props(ctx, node, vcpu_props, more);
}

/* A list of logical CPU numbers. */
static void read_affinity(struct desc_ctx *ctx, struct vcpu_desc *v)
{
	const struct dt_prop *prop = dt_prop(v->node, "affinity");

	if (!prop)
		return;
	if (prop->len < 4 || prop->len % 4) {
		desc_error(ctx, v->node, "affinity", "must be a list of CPU numbers, a cell each");
		return;
	}
	for (uint32_t i = 0; i < prop->len; i += 4) {
		uint32_t cpu = get_be32(prop->data + i);

		if (cpu >= cpu_count() || cpu >= 64) {
			desc_error(ctx, v->node, "affinity",
				   "there is no CPU %u; this host has CPUs 0 to %u", cpu,
				   cpu_count() - 1);
			continue;
		}
		v->affinity |= BIT(cpu);
	}
}

static void read_times(struct desc_ctx *ctx, struct vcpu_desc *v)
{
	v->slice = TIME_SLICE_DEFAULT;
	desc_u64(ctx, v->node, "time_slice", DESC_OPTIONAL, &v->slice);
	if (v->slice == 0)
		v->slice = TIME_SLICE_DEFAULT;
	if (v->slice < DESC_SLICE_MIN) {
		desc_error(ctx, v->node, "time_slice",
			   "is %u ns, must be %u ns or more (10000000 is usual)",
			   (unsigned)v->slice, DESC_SLICE_MIN);
	}
	/* As long as nobody says otherwise, a vCPU shall have done its slice within its slice. */
	v->deadline = v->slice;
	desc_u64(ctx, v->node, "deadline", DESC_OPTIONAL, &v->deadline);
	if (v->deadline < v->slice)
		v->deadline = v->slice;
	v->period = v->deadline;
	desc_u64(ctx, v->node, "periodicity", DESC_OPTIONAL, &v->period);
	if (v->period < v->deadline)
		v->period = v->deadline;
}

static void read_vcpu(struct desc_ctx *ctx, struct dt_node *node, struct vcpu_desc *v,
		      bool template)
{
	const char *type = desc_string(ctx, node, "device_type", DESC_REQUIRED);
	struct dt_node *child;
	uint32_t prio = PRIO_VCPU_DEFAULT;

	v->node = node;
	if (type && strcmp(type, "vcpu"))
		desc_error(ctx, node, "device_type", "is \"%s\", must be \"vcpu\"", type);
	read_compatible(ctx, v);
	desc_u64(ctx, node, "start_pc", DESC_OPTIONAL, &v->start_pc);
	if (v->start_pc % 2)
		desc_error(ctx, node, "start_pc", "is odd; no instruction can be there");
	desc_u32(ctx, node, "priority", DESC_RANGE(DESC_OPTIONAL, 0, PRIO_VCPU_MAX), &prio);
	v->prio = (int)prio;
	read_times(ctx, v);
	read_affinity(ctx, v);
	v->poweroff = desc_flag(node, "poweroff");
	read_numbers(ctx, v);
	check_props(ctx, node, template);
	dt_for_each_child(child, node)
		desc_error(ctx, child, NULL, "a vCPU has no nodes below it; remove it");
}

static unsigned count_vcpus(struct dt_node *vcpus)
{
	struct dt_node *node;
	unsigned n = 0;

	dt_for_each_child(node, vcpus)
		n += strcmp(node->name, "vcpu_template") && dt_available(node);
	return n;
}

/* The template: below the guest, as Xvisor's trees have it, or below `vcpus`. */
static struct dt_node *find_template(struct desc_ctx *ctx, struct dt_node *vcpus)
{
	struct dt_node *node = dt_child(ctx->guest, "vcpu_template");
	struct dt_node *other = vcpus ? dt_child(vcpus, "vcpu_template") : NULL;

	if (node && other)
		desc_error(ctx, other, NULL, "there is a vcpu_template beside vcpus too; keep one");
	node = node ? node : other;
	return node && dt_available(node) ? node : NULL;
}

static void read_nodes(struct desc_ctx *ctx, struct guest_desc *desc, struct dt_node *vcpus)
{
	struct dt_node *node;

	dt_for_each_child(node, vcpus) {
		if (strcmp(node->name, "vcpu_template") && dt_available(node))
			read_vcpu(ctx, node, &desc->vcpus[desc->nr_vcpus++], false);
	}
}

/* vCPUs of a template differ only in that all but the guest's first wait to be turned on. */
static void expand_template(struct desc_ctx *ctx, struct guest_desc *desc, struct dt_node *template,
			    unsigned count)
{
	struct vcpu_desc model = { 0 };

	read_vcpu(ctx, template, &model, true);
	for (unsigned i = 0; i < count; i++) {
		struct vcpu_desc *v = &desc->vcpus[desc->nr_vcpus];

		*v = model;
		v->poweroff = desc->nr_vcpus != 0;
		desc->nr_vcpus++;
	}
}

static bool any_starts(const struct guest_desc *desc)
{
	for (unsigned i = 0; i < desc->nr_vcpus; i++) {
		if (!desc->vcpus[i].poweroff)
			return true;
	}
	return false;
}

void desc_read_vcpus(struct desc_ctx *ctx, struct guest_desc *desc)
{
	static const char *const no_props[] = { NULL };
	struct dt_node *vcpus = dt_child(ctx->guest, "vcpus");
	struct dt_node *template = find_template(ctx, vcpus);
	unsigned single = vcpus ? count_vcpus(vcpus) : 0;
	uint32_t many = 0;

	if (template)
		desc_u32(ctx, template, "count", DESC_RANGE(DESC_OPTIONAL, 1, DESC_VCPUS_MAX),
			 &many);
	if (vcpus)
		desc_known_props(ctx, vcpus, no_props, NULL);
	if (single + many == 0) {
		desc_error(
			ctx, ctx->guest, "vcpus",
			template
				? "there is no vCPU: vcpu_template has no count; load the "
				  "tree with vfs guest_fdt_load <guest> <file> <number of vCPUs>"
				: "there is no vCPU; put at least one node into vcpus");
		return;
	}
	if (single + many > DESC_VCPUS_MAX) {
		desc_error(ctx, ctx->guest, "vcpus", "%u vCPUs are too many; at most %u can be",
			   single + many, DESC_VCPUS_MAX);
		return;
	}
	desc->vcpus = heap_calloc(single + many, sizeof(*desc->vcpus));
	if (!desc->vcpus) {
		desc_error(ctx, ctx->guest, "vcpus", "not enough memory to read them");
		return;
	}
	if (vcpus)
		read_nodes(ctx, desc, vcpus);
	if (template)
		expand_template(ctx, desc, template, many);
	if (!any_starts(desc))
		desc_error(
			ctx, ctx->guest, "vcpus",
			"all vCPUs have poweroff, so the guest would never begin; take it from "
			"one");
}
