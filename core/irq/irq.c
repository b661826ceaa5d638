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

/* Message interrupts: the chip that has them, and their descriptors. Set once. */
static const struct irqchip *lpi_chip;
static struct irq_desc ***lpi_groups;
static unsigned nr_lpis;

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
	root_entry();
}

/* The chip that a number belongs to, NULL for none. */
static const struct irqchip *chip_of(unsigned hwirq)
{
	if (likely(root && hwirq < root->nr_irqs))
		return root;
	return hwirq - IRQ_LPI_FIRST < load_acquire(&nr_lpis) ? lpi_chip : NULL;
}

bool irq_unclaimed(unsigned hwirq)
{
	const struct irqchip *chip = chip_of(hwirq);

	if (chip)
		chip->disable(hwirq);
	log_warn("interrupt %u of %s came but nobody has claimed it; it is off now", hwirq,
		 root->name);
	return true;
}

/* --- chips --------------------------------------------------------------------- */

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

cold_fn int irqchip_register(const struct irqchip *chip, struct dt_node *node)
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

cold_fn int irqchip_add_lpis(const struct irqchip *chip)
{
	if (lpi_chip)
		return -EBUSY;
	lpi_groups = heap_calloc(DIV_ROUND_UP(chip->nr_irqs, GROUP_LEN), sizeof(*lpi_groups));
	if (!lpi_groups)
		return -ENOMEM;
	lpi_chip = chip;
	store_release(&nr_lpis, chip->nr_irqs);
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

cold_fn void irq_init_cpu(void)
{
	unsigned i;

	if (!root)
		return;
	root->init_cpu();
	for (i = 0; i < root->nr_private && irq_groups[0]; i++)
		if (irq_groups[0][i] && irq_groups[0][i]->fn)
			root->enable(i);
}

/* --- claiming ----------------------------------------------------------------------- */

/* Where the group of a number is found, NULL when there are no such numbers. */
static struct irq_desc ***group_of(unsigned hwirq)
{
	if (hwirq < IRQ_MAX)
		return &irq_groups[hwirq >> IRQ_GROUP_BITS];
	hwirq -= IRQ_LPI_FIRST;
	return hwirq < load_acquire(&nr_lpis) ? &lpi_groups[hwirq >> IRQ_GROUP_BITS] : NULL;
}

static struct irq_desc *find(unsigned hwirq)
{
	struct irq_desc ***group = group_of(hwirq);

	return group && *group ? (*group)[hwirq % GROUP_LEN] : NULL;
}

/* The descriptor of a number, made when there is none. Lock held. */
static struct irq_desc *make(unsigned hwirq)
{
	struct irq_desc ***group = group_of(hwirq);
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

static cold_fn int request(unsigned hwirq, const struct irq_desc *want)
{
	const struct irqchip *chip = chip_of(hwirq);
	struct irq_desc *desc;
	unsigned long flags;
	int err = 0;

	if (!root)
		return -EPROBE_DEFER;
	if (!chip || !want->fn)
		return -EINVAL;
	flags = spin_lock_irqsave(&irq_lock);
	desc = make(hwirq);
	if (!desc)
		err = -ENOMEM;
	else if (desc->fn)
		err = -EBUSY;
	if (!err) {
		chip->disable(hwirq);
		err = chip->set_type(hwirq, want->level);
	}
	if (!err && hwirq >= chip->nr_private && chip->set_cpu)
		err = chip->set_cpu(hwirq, 0);
	if (!err) {
		desc->arg = want->arg;
		desc->linked = want->linked;
		desc->level = want->level;
		desc->name = want->name;
		store_release(&desc->fn, want->fn);
		chip->enable(hwirq);
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

/* A handler that another CPU has begun keeps its interrupt active until it ends. */
static void wait_handled(unsigned hwirq, const struct irq_desc *desc)
{
	if (hwirq >= IRQ_LPI_FIRST)
		while (load_acquire(&desc->running))
			arch_relax();
	else if (hwirq >= root->nr_private && !desc->linked)
		while (root->is_active(hwirq))
			arch_relax();
}

cold_fn void irq_free(unsigned hwirq)
{
	const struct irqchip *chip = chip_of(hwirq);
	struct irq_desc *desc = find(hwirq);
	unsigned long flags;

	if (!desc)
		return;
	flags = spin_lock_irqsave(&irq_lock);
	chip->disable(hwirq);
	__atomic_store_n(&desc->fn, NULL, __ATOMIC_SEQ_CST);
	spin_unlock_irqrestore(&irq_lock, flags);
	wait_handled(hwirq, desc);
}

/* --- message interrupts, which have no active state ------------------------------------ */

void irq_dispatch_lpi(unsigned hwirq)
{
	struct irq_desc *desc = find(hwirq);
	irq_handler fn = NULL;

	if (desc) {
		/* Whoever gives it back either sees that it runs, or it does not run any more. */
		__atomic_fetch_add(&desc->running, 1, __ATOMIC_SEQ_CST);
		fn = __atomic_load_n(&desc->fn, __ATOMIC_SEQ_CST);
		if (fn) {
			desc->counts[this_cpu()->id]++;
			fn(desc->arg);
		}
		__atomic_fetch_sub(&desc->running, 1, __ATOMIC_RELEASE);
	}
	if (!fn)
		(void)irq_unclaimed(hwirq);
}

/* --- shared interrupts -------------------------------------------------------------------- */

/* One of those who share an interrupt; first is the arg of the descriptor. */
struct sharer {
	struct sharer *next;
	irq_handler fn;
	void *arg;
	const char *name;
};
struct sharers {
	struct sharer *first;
};

static void run_sharers(void *arg)
{
	const struct sharer *at;

	for (at = load_acquire(&((struct sharers *)arg)->first); at; at = at->next)
		at->fn(at->arg);
}

cold_fn int irq_request_shared(unsigned hwirq, const char *name, irq_handler fn, void *arg)
{
	struct sharers *all = heap_zalloc(sizeof(*all));
	struct sharer *one = heap_zalloc(sizeof(*one));
	struct irq_desc *desc;
	unsigned long flags;
	int err = -ENOMEM;

	if (!all || !one)
		goto err_free;
	*one = (struct sharer){ .fn = fn, .arg = arg, .name = name };
	all->first = one;
	err = irq_request(hwirq, true, name, run_sharers, all);
	if (!err)
		return 0;
	if (err != -EBUSY)
		goto err_free;
	flags = spin_lock_irqsave(&irq_lock);
	desc = find(hwirq);
	if (desc->fn == run_sharers) {
		struct sharers *there = desc->arg;

		one->next = there->first;
		store_release(&there->first, one);
		err = 0;
	}
	spin_unlock_irqrestore(&irq_lock, flags);
	heap_free(all);
	if (!err)
		return 0;
	all = NULL;
err_free:
	heap_free(all);
	heap_free(one);
	return err;
}

cold_fn void irq_free_shared(unsigned hwirq, void *arg)
{
	struct irq_desc *desc = find(hwirq);
	struct sharer **at, *one = NULL;
	struct sharers *all;
	unsigned long flags;
	bool last;

	if (!desc || desc->fn != run_sharers)
		return;
	flags = spin_lock_irqsave(&irq_lock);
	all = desc->arg;
	root->disable(hwirq);
	for (at = &all->first; *at; at = &(*at)->next) {
		if ((*at)->arg == arg) {
			one = *at;
			store_release(at, one->next);
			break;
		}
	}
	/* Who comes to share it from here on finds nobody to share it with. */
	last = !all->first;
	if (last)
		desc->fn = NULL;
	spin_unlock_irqrestore(&irq_lock, flags);
	wait_handled(hwirq, desc);
	heap_free(one);
	if (last) {
		heap_free(all);
		return;
	}
	flags = spin_lock_irqsave(&irq_lock);
	if (desc->fn)
		root->enable(hwirq);
	spin_unlock_irqrestore(&irq_lock, flags);
}

void irq_enable(unsigned hwirq)
{
	const struct irqchip *chip = chip_of(hwirq);

	if (chip)
		chip->enable(hwirq);
}

void irq_disable(unsigned hwirq)
{
	const struct irqchip *chip = chip_of(hwirq);

	if (chip)
		chip->disable(hwirq);
}

void irq_deactivate(unsigned hwirq)
{
	root->deactivate(hwirq);
}

int irq_set_cpu(unsigned hwirq, unsigned cpu)
{
	const struct irqchip *chip = chip_of(hwirq);

	if (!chip || hwirq < chip->nr_private || !chip->set_cpu)
		return -EINVAL;
	return chip->set_cpu(hwirq, cpu);
}

/* --- from the device tree -------------------------------------------------------------- */

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
static cold_fn int spec_extended(const struct dt_prop *prop, unsigned n, struct spec *spec)
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

static cold_fn int spec_plain(const struct dt_node *node, unsigned n, struct spec *spec)
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

int irq_of_cells(const struct dt_node *controller, const uint32_t *cells, unsigned n, bool *level)
{
	bool is_level;
	int hwirq;

	if (!root || controller != root_node)
		return root ? -ENXIO : -EPROBE_DEFER;
	hwirq = root->xlate(cells, n, &is_level);
	if (hwirq >= 0 && level)
		*level = is_level;
	return hwirq;
}

cold_fn int irq_of_node(struct dt_node *node, unsigned n, bool *level)
{
	struct spec spec = { NULL, { 0 }, 0 };
	const struct dt_prop *extended;
	int hwirq;

	dt_lock();
	extended = dt_prop(node, "interrupts-extended");
	hwirq = extended ? spec_extended(extended, n, &spec) : spec_plain(node, n, &spec);
	dt_unlock();
	return hwirq ? hwirq : irq_of_cells(spec.parent, spec.cells, spec.n, level);
}

/* --- for people ------------------------------------------------------------ */

#define SHARERS_SHOWN 8

static cold_fn void show_one(struct shell_out *out, unsigned hwirq, unsigned cpus)
{
	struct irq_desc *desc = find(hwirq);
	const char *more[SHARERS_SHOWN];
	const struct sharer *at;
	unsigned long flags;
	unsigned cpu, i = 0;

	if (!desc || !desc->fn)
		return;
	out_printf(out, "%5u  %-5s", hwirq,
		   hwirq >= IRQ_LPI_FIRST ? "MSI" : desc->level ? "level" : "edge");
	for (cpu = 0; cpu < cpus; cpu++)
		out_printf(out, "  %10u", READ_ONCE(desc->counts[cpu]));
	out_printf(out, "  %s%s", desc->name, desc->linked ? " (linked to guests)" : "");
	flags = spin_lock_irqsave(&irq_lock);
	if (desc->fn == run_sharers) {
		at = ((struct sharers *)desc->arg)->first;
		for (; at && at->next && i < ARRAY_SIZE(more); at = at->next)
			more[i++] = at->name;
	}
	spin_unlock_irqrestore(&irq_lock, flags);
	while (i)
		out_printf(out, ", %s", more[--i]);
	out_puts(out, "\n");
}

cold_fn uint64_t irq_count(unsigned cpu)
{
	uint64_t sum = 0;
	unsigned i;

	for (i = 0; root && cpu < nr_counts && i < root->nr_irqs; i++) {
		const struct irq_desc *desc = find(i);

		if (desc)
			sum += READ_ONCE(desc->counts[cpu]);
	}
	return sum;
}

cold_fn void irq_show(struct shell_out *out)
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
	for (i = 0; i < root->nr_irqs; i++)
		show_one(out, i, cpus);
	for (i = 0; i < nr_lpis; i++)
		show_one(out, IRQ_LPI_FIRST + i, cpus);
}
