/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host interrupts: who has claimed which, and the way from the CPU's interrupt to the handler.
 * irq_lock guards claiming; handlers find descriptors without a lock, because descriptors and
 * their groups, once made, stay.
 */
#include <core/irq.h>

#include <core/dt.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/shell.h>
#include <core/spinlock.h>
#include <libs/atomic.h>
#include <libs/byteorder.h>
#include <libs/errno.h>
#include <libs/string.h>

#define IRQ_MAX	  (IRQ_GROUPS << IRQ_GROUP_BITS)
#define GROUP_LEN (1u << IRQ_GROUP_BITS)
#define CPUS_MAX  64u

struct irq_desc **irq_groups[IRQ_GROUPS];

static spinlock_t irq_lock = SPINLOCK_INIT;
static const struct irqchip *root;
static struct dt_node *root_node;
static unsigned nr_counts;	/* elements of irq_desc.counts */

/* Before a chip is there the CPU cannot be interrupted; were it, nothing could be told of it. */
static void no_entry(void)
{
}
static void (*root_entry)(void) = no_entry;

void irq_host_entry(void)
{
	this_cpu()->irqs++;
	root_entry();
}

bool irq_unclaimed(unsigned hwirq)
{
	if (hwirq < root->nr_irqs)
		root->disable(hwirq);
	log_warn("interrupt %u of %s came but nobody has claimed it; it is off now", hwirq,
		 root->name);
	return true;
}

/* --- chips --------------------------------------------------------------------------- */

/* CPUs that the tree has: more than can run, so every logical number has its count. */
static unsigned count_cpus(void)
{
	struct dt_node *cpus = dt_find("/cpus"), *node;
	unsigned n = 0;

	if (!cpus)
		return 1;
	dt_lock();
	dt_for_each_child(node, cpus) {
		const char *type = dt_string(node, "device_type", 0);

		if (type && !strcmp(type, "cpu"))
			n++;
	}
	dt_unlock();
	return CLAMP(n, 1u, CPUS_MAX);
}

int irqchip_register(const struct irqchip *chip, struct dt_node *node)
{
	if (!dt_has(node, "interrupt-controller") || chip->nr_irqs > IRQ_MAX ||
	    chip->nr_private > GROUP_LEN)
		return -EINVAL;
	if (root)
		return -EBUSY;
	nr_counts = count_cpus();
	root_node = dt_get(node);
	root = chip;
	store_release(&root_entry, chip->entry);
	return 0;
}

const struct irqchip *irqchip_root(void)
{
	return root;
}

struct dt_node *irqchip_root_node(void)
{
	return root_node;
}

void irq_init_cpu(void)
{
	unsigned i;

	if (!root)
		return;
	root->init_cpu();
	for (i = 0; i < root->nr_private && irq_groups[0]; i++)
		if (irq_groups[0][i] && irq_groups[0][i]->fn)
			root->enable(i);
}

/* --- claiming ----------------------------------------------------------------------------- */

static struct irq_desc *find(unsigned hwirq)
{
	struct irq_desc **group;

	if (hwirq >= IRQ_MAX)
		return NULL;
	group = irq_groups[hwirq >> IRQ_GROUP_BITS];
	return group ? group[hwirq % GROUP_LEN] : NULL;
}

/* The descriptor of a number, made when there is none. Lock held. */
static struct irq_desc *make(unsigned hwirq)
{
	struct irq_desc ***group = &irq_groups[hwirq >> IRQ_GROUP_BITS];
	struct irq_desc *desc = find(hwirq);

	if (desc)
		return desc;
	if (!*group) {
		struct irq_desc **table = heap_calloc(GROUP_LEN, sizeof(*table));

		if (!table)
			return NULL;
		store_release(group, table);
	}
	desc = heap_zalloc(sizeof(*desc) + nr_counts * sizeof(desc->counts[0]));
	if (desc)
		store_release(&(*group)[hwirq % GROUP_LEN], desc);
	return desc;
}

static int request(unsigned hwirq, const struct irq_desc *want)
{
	struct irq_desc *desc;
	unsigned long flags;
	int err = 0;

	if (!root)
		return -EPROBE_DEFER;
	if (hwirq >= root->nr_irqs || !want->fn)
		return -EINVAL;
	flags = spin_lock_irqsave(&irq_lock);
	desc = make(hwirq);
	if (!desc)
		err = -ENOMEM;
	else if (desc->fn)
		err = -EBUSY;
	if (!err) {
		root->disable(hwirq);
		err = root->set_type(hwirq, want->level);
	}
	if (!err && hwirq >= root->nr_private && root->set_cpu)
		err = root->set_cpu(hwirq, 0);
	if (!err) {
		desc->arg = want->arg;
		desc->linked = want->linked;
		desc->level = want->level;
		desc->name = want->name;
		store_release(&desc->fn, want->fn);
		root->enable(hwirq);
	}
	spin_unlock_irqrestore(&irq_lock, flags);
	return err;
}

int irq_request(unsigned hwirq, bool level, const char *name, irq_handler fn, void *arg)
{
	const struct irq_desc want = { .fn = fn, .arg = arg, .level = level, .name = name };

	return request(hwirq, &want);
}

int irq_request_linked(unsigned hwirq, bool level, const char *name, irq_handler fn, void *arg)
{
	const struct irq_desc want = {
		.fn = fn, .arg = arg, .level = level, .linked = true, .name = name,
	};

	return request(hwirq, &want);
}

int irq_request_node(struct dt_node *node, unsigned n, const char *name, irq_handler fn, void *arg)
{
	bool level;
	int hwirq = irq_of_node(node, n, &level), err;

	if (hwirq < 0)
		return hwirq;
	err = irq_request((unsigned)hwirq, level, name, fn, arg);
	return err ? err : hwirq;
}

void irq_free(unsigned hwirq)
{
	struct irq_desc *desc = find(hwirq);
	unsigned long flags;

	if (!desc)
		return;
	flags = spin_lock_irqsave(&irq_lock);
	root->disable(hwirq);
	__atomic_store_n(&desc->fn, NULL, __ATOMIC_RELEASE);
	spin_unlock_irqrestore(&irq_lock, flags);
	/* A handler that another CPU has begun keeps its interrupt active until it ends. */
	while (hwirq >= root->nr_private && !desc->linked && root->is_active(hwirq))
		arch_relax();
}

void irq_enable(unsigned hwirq)
{
	if (root && hwirq < root->nr_irqs)
		root->enable(hwirq);
}

void irq_disable(unsigned hwirq)
{
	if (root && hwirq < root->nr_irqs)
		root->disable(hwirq);
}

void irq_deactivate(unsigned hwirq)
{
	root->deactivate(hwirq);
}

int irq_set_cpu(unsigned hwirq, unsigned cpu)
{
	if (!root || hwirq < root->nr_private || hwirq >= root->nr_irqs || !root->set_cpu)
		return -EINVAL;
	return root->set_cpu(hwirq, cpu);
}

/* --- from the device tree -------------------------------------------------------------------- */

#define SPEC_CELLS_MAX 8

/* An interrupt specifier and the controller that it is for. */
struct spec {
	const struct dt_node *parent;
	uint32_t cells[SPEC_CELLS_MAX];
	unsigned n;
};

static void take_cells(struct spec *spec, const uint8_t *data)
{
	unsigned i;

	for (i = 0; i < spec->n; i++)
		spec->cells[i] = get_be32(data + 4 * i);
}

/* `interrupts-extended`: pairs of phandle and specifier, each as long as its controller says. */
static int spec_extended(const struct dt_prop *prop, unsigned n, struct spec *spec)
{
	uint32_t at = 0;

	for (;;) {
		if (prop->len - at < 4)
			return prop->len == at ? -ENOENT : -EINVAL;
		spec->parent = dt_find_phandle(get_be32(prop->data + at));
		spec->n = spec->parent ? dt_u32_or(spec->parent, "#interrupt-cells", 0) : 0;
		at += 4;
		if (!spec->n || spec->n > SPEC_CELLS_MAX || (prop->len - at) / 4 < spec->n)
			return -EINVAL;
		if (!n--)
			break;
		at += 4 * spec->n;
	}
	take_cells(spec, prop->data + at);
	return 0;
}

/* The controller that a node's `interrupts` are for: said by the node or the next one above. */
static const struct dt_node *interrupt_parent(const struct dt_node *node)
{
	uint32_t phandle;

	for (; node; node = node->parent)
		if (!dt_u32(node, "interrupt-parent", 0, &phandle))
			return dt_find_phandle(phandle);
	return NULL;
}

static int spec_plain(const struct dt_node *node, unsigned n, struct spec *spec)
{
	const struct dt_prop *prop = dt_prop(node, "interrupts");

	if (!prop)
		return -ENOENT;
	spec->parent = interrupt_parent(node);
	/* a controller's own interrupt (maintenance) may be named without naming itself */
	if (!spec->parent && dt_has(node, "interrupt-controller"))
		spec->parent = node;
	spec->n = spec->parent ? dt_u32_or(spec->parent, "#interrupt-cells", 0) : 0;
	if (!spec->n || spec->n > SPEC_CELLS_MAX || prop->len % (4 * spec->n))
		return -EINVAL;
	if (n >= prop->len / (4 * spec->n))
		return -ENOENT;
	take_cells(spec, prop->data + (size_t)n * 4 * spec->n);
	return 0;
}

int irq_of_node(struct dt_node *node, unsigned n, bool *level)
{
	struct spec spec = { NULL, { 0 }, 0 };
	const struct dt_prop *extended;
	bool is_level;
	int hwirq;

	dt_lock();
	extended = dt_prop(node, "interrupts-extended");
	hwirq = extended ? spec_extended(extended, n, &spec) : spec_plain(node, n, &spec);
	dt_unlock();
	if (hwirq)
		return hwirq;
	if (!root || spec.parent != root_node)
		return root ? -ENXIO : -EPROBE_DEFER;
	hwirq = root->xlate(spec.cells, spec.n, &is_level);
	if (hwirq >= 0 && level)
		*level = is_level;
	return hwirq;
}

/* --- for people ------------------------------------------------------------------ */

void irq_show(struct shell_out *out)
{
	unsigned cpus = MIN(cpu_count(), MAX(nr_counts, 1u)), i, cpu;

	if (!root) {
		out_puts(out, "There is no interrupt controller.\n");
		return;
	}
	out_printf(out, "%5s  %-5s", root->name, "TYPE");
	for (cpu = 0; cpu < cpus; cpu++)
		out_printf(out, "  %8s%-2u", "CPU", cpu);
	out_puts(out, "  NAME\n");
	for (i = 0; i < root->nr_irqs; i++) {
		struct irq_desc *desc = find(i);

		if (!desc || !desc->fn)
			continue;
		out_printf(out, "%5u  %-5s", i, desc->level ? "level" : "edge");
		for (cpu = 0; cpu < cpus; cpu++)
			out_printf(out, "  %10u", READ_ONCE(desc->counts[cpu]));
		out_printf(out, "  %s%s\n", desc->name, desc->linked ? " (linked to guests)" : "");
	}
}
