/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host interrupts. A chip driver registers itself with the number of its
 * device-tree node; others ask for the interrupt N of a device node.
 * Handlers run in interrupt context with IRQs masked and must not sleep.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <libs/util.h>

struct dt_node;
struct irq_desc;
struct shell_out;

typedef void (*irq_handler)(void *arg);

/** What an interrupt controller driver supplies. Interrupt context or IRQs masked. */
struct irqchip {
	const char *name;
	unsigned nr_irqs;
	/** Acknowledge the highest pending interrupt; -1 none. Called by irq_host_entry() on the root chip. */
	int (*ack)(void);
	/** Priority drop after the handler, and deactivation unless the guest does it. */
	void (*eoi)(unsigned hwirq);
	void (*deactivate)(unsigned hwirq);
	void (*enable)(unsigned hwirq);
	void (*disable)(unsigned hwirq);
	/** @param level true: level triggered @return 0 or -EINVAL */
	int (*set_type)(unsigned hwirq, bool level);
	/** Route a shared interrupt to a logical CPU; NULL when there is no choice. */
	int (*set_cpu)(unsigned hwirq, unsigned cpu);
	/** Translate an `interrupts` specifier. @return hwirq or -EINVAL; *level as specified */
	int (*xlate)(const uint32_t *cells, unsigned n, bool *level);
	/** Prepare a further CPU, on that CPU, IRQs masked. */
	void (*init_cpu)(void);
	/** Send the kick IPI. */
	void (*kick)(unsigned cpu);
};

/** Register a chip for its node (`interrupt-controller`). The first root chip takes the CPU's interrupt. */
must_check int irqchip_register(const struct irqchip *chip, struct dt_node *node);
/** The root chip, NULL before one is there. */
const struct irqchip *irqchip_root(void);

/**
 * Claim the interrupt of index n of a device node and enable it.
 * Thread context. @param percpu  a private interrupt (PPI): enabled on this CPU only; call
 * irq_enable_percpu() on others.
 * @return hwirq of the root chip (>= 0) or negative errno; -EPROBE_DEFER when the chip is not there yet
 */
must_check int irq_request_node(struct dt_node *node, unsigned n, const char *name, irq_handler fn, void *arg);
/** Claim by number of the root chip. */
must_check int irq_request(unsigned hwirq, bool level, const char *name, irq_handler fn, void *arg);
/** Like irq_request(), for an interrupt whose deactivation is left to a guest (hardware-linked slot). */
must_check int irq_request_linked(unsigned hwirq, bool level, const char *name, irq_handler fn, void *arg);
void irq_free(unsigned hwirq);
void irq_enable(unsigned hwirq);
void irq_disable(unsigned hwirq);
/** Number that interrupt n of a node has at the root chip, without claiming. */
must_check int irq_of_node(struct dt_node *node, unsigned n, bool *level);

/** Up-call of the port: take and handle all pending interrupts. IRQs masked. */
void irq_host_entry(void);
/** Each further CPU. */
void irq_init_cpu(void);
/** Table of interrupts with counts per CPU. */
void irq_show(struct shell_out *out);
