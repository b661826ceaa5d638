/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host interrupts. A chip driver registers itself for its device-tree node; others ask for
 * interrupt N of a device node. Handlers run in interrupt context with IRQs masked and must not
 * sleep.
 *
 * Numbers are those of the root chip. The first PRIVATE_IRQS of them are private to each CPU; they
 * are requested on the boot CPU before other CPUs start, and then are enabled on each.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <core/cpu.h>
#include <libs/util.h>

struct dt_node;
struct shell_out;

typedef void (*irq_handler)(void *arg);

/** What an interrupt controller driver supplies. Interrupt context or IRQs masked. */
struct irqchip {
	const char *name;
	unsigned nr_irqs;
	unsigned nr_private;	/**< the first so many are private to each CPU */
	/**
	 * The root chip's part of irq_host_entry(): acknowledge, irq_dispatch(), priority drop and,
	 * where that says so, deactivate, until nothing is pending.
	 */
	void (*entry)(void);
	void (*enable)(unsigned hwirq);
	void (*disable)(unsigned hwirq);
	/** Let an acknowledged interrupt be signalled again. */
	void (*deactivate)(unsigned hwirq);
	/** Is it acknowledged and not deactivated (on this CPU if private)? */
	bool (*is_active)(unsigned hwirq);
	/** Make it active or not, as if acknowledged or deactivated (on this CPU if private). */
	void (*set_active)(unsigned hwirq, bool active);
	/**
	 * Is its line up, or does an edge wait (on this CPU if private)? NULL where no interrupt
	 * is claimed by irq_request_linked().
	 */
	bool (*is_pending)(unsigned hwirq);
	/** @param level true: level triggered @return 0 or -EINVAL */
	int (*set_type)(unsigned hwirq, bool level);
	/** Route a shared interrupt to a logical CPU; NULL when there is no choice. */
	int (*set_cpu)(unsigned hwirq, unsigned cpu);
	/** Translate an `interrupts` specifier. @return hwirq or -EINVAL; *level as specified */
	int (*xlate)(const uint32_t *cells, unsigned n, bool *level);
	/** Prepare a further CPU, on that CPU, IRQs masked. */
	void (*init_cpu)(void);
	/** Send the kick IPI: that CPU calls sched_ipi(). After writes that it shall see. */
	void (*kick)(unsigned cpu);
};

/**
 * Register a chip for its node (`interrupt-controller`). The first one is the root chip and takes
 * the CPU's interrupt. Thread context.
 * @return 0, -EINVAL, or -EBUSY when there is a root already
 */
must_check int irqchip_register(const struct irqchip *chip, struct dt_node *node);
/** Numbers of message-signalled interrupts that have no line (GICv3: LPIs) begin here. */
#define IRQ_LPI_FIRST 8192
/**
 * Register what switches IRQ_LPI_FIRST … IRQ_LPI_FIRST + chip->nr_irqs - 1: of chip, only enable,
 * disable, set_type and set_cpu are called. Their handlers are run by irq_dispatch_lpi(). Thread
 * context.
 * @return 0, -EBUSY, -ENOMEM
 */
must_check int irqchip_add_lpis(const struct irqchip *chip);
/** The root chip, NULL before one is there. */
const struct irqchip *irqchip_root(void);
/** Its node. */
struct dt_node *irqchip_root_node(void);

/**
 * Claim the interrupt of index n of a device node and enable it (on this CPU, if private). Thread
 * context.
 * @param name  kept, not copied
 * @return number at the root chip (>= 0), -EPROBE_DEFER when the chip is not there yet, or as
 *         irq_of_node() and irq_request()
 */
must_check int irq_request_node(struct dt_node *node, unsigned n, const char *name, irq_handler fn,
				void *arg);
/**
 * Claim by number of the root chip. Thread context.
 * @return 0, -EPROBE_DEFER, -EINVAL, -EBUSY when somebody has it, -ENOMEM
 */
must_check int irq_request(unsigned hwirq, bool level, const char *name, irq_handler fn, void *arg);
/**
 * Like irq_request(), for an interrupt whose deactivation is left to a guest (hardware-linked
 * slot). A handler that gives it to no guest calls irq_deactivate().
 */
must_check int irq_request_linked(unsigned hwirq, bool level, const char *name, irq_handler fn,
				  void *arg);
/** Disable and give back; its handler is not running any more afterwards. Thread context. */
void irq_free(unsigned hwirq);
/**
 * Claim a level interrupt together with others who claim it so: each handler is called, and finds
 * out whether its device is meant. Thread context. @return as irq_request()
 */
must_check int irq_request_shared(unsigned hwirq, const char *name, irq_handler fn, void *arg);
/** Give back what irq_request_shared() claimed with this arg. Thread context. */
void irq_free_shared(unsigned hwirq, void *arg);
/** Let a claimed interrupt come, or not, on this CPU if private. Any context. */
void irq_enable(unsigned hwirq);
void irq_disable(unsigned hwirq);
/** Deactivate a linked interrupt that no guest will deactivate. IRQs masked. */
void irq_deactivate(unsigned hwirq);
/** Route a shared interrupt to another CPU than 0. @return 0, -EINVAL */
must_check int irq_set_cpu(unsigned hwirq, unsigned cpu);
/**
 * Number that interrupt n of a node has at the root chip, without claiming it.
 * @param level  receives whether it is level triggered; may be NULL
 * @return number, -ENOENT when the node has none, -EINVAL, -ENXIO when it is of another controller,
 *         -EPROBE_DEFER when there is no controller yet
 */
must_check int irq_of_node(struct dt_node *node, unsigned n, bool *level);

/**
 * The same for a specifier that stands elsewhere (`interrupt-map`).
 * @param controller  its node
 * @return number, -EINVAL, -ENXIO, -EPROBE_DEFER as above
 */
must_check int irq_of_cells(const struct dt_node *controller, const uint32_t *cells, unsigned n,
			    bool *level);

/** Up-call of the port: take and handle all pending interrupts. IRQs masked. */
void irq_host_entry(void);
/** Prepare the calling CPU, a further one: its interface, and all private interrupts claimed. */
void irq_init_cpu(void);
/** Interrupts that a CPU has taken so far. Thread context. */
uint64_t irq_count(unsigned cpu);
/** Table of interrupts with counts per CPU. */
void irq_show(struct shell_out *out);

/* --- for chip drivers: the way to the handler -------------------------------------------- */

/** A claimed interrupt. */
struct irq_desc {
	irq_handler fn;		/* NULL: given back */
	void *arg;
	bool linked;
	bool level;
	uint32_t running;	/* handlers of a message interrupt that run now */
	const char *name;
	uint32_t counts[];	/* per logical CPU */
};

#define IRQ_GROUP_BITS 5
#define IRQ_GROUPS     32
/** Descriptors by number, in groups that are made when first needed and stay. */
extern struct irq_desc **irq_groups[IRQ_GROUPS];

/** The slow end of irq_dispatch(): nobody has claimed it. @return true */
bool irq_unclaimed(unsigned hwirq);
/** Run the handler of a number from IRQ_LPI_FIRST on. It needs no deactivation. IRQs masked. */
void irq_dispatch_lpi(unsigned hwirq);

/**
 * Run the handler. @param hwirq  below IRQ_GROUPS << IRQ_GROUP_BITS
 * @return whether the chip has to deactivate it
 */
static inline bool irq_dispatch(unsigned hwirq)
{
	struct irq_desc **group = irq_groups[hwirq >> IRQ_GROUP_BITS];
	struct irq_desc *desc = group ? group[hwirq & (BIT32(IRQ_GROUP_BITS) - 1)] : NULL;

	irq_handler fn = desc ? READ_ONCE(desc->fn) : NULL; /* it may be given back meanwhile */

	if (unlikely(!fn))
		return irq_unclaimed(hwirq);
	desc->counts[this_cpu()->id]++;
	fn(desc->arg);
	return !desc->linked;
}
