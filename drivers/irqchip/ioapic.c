/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interrupts of a PC: I/O APICs (Intel 82093AA) and messages of PCI devices, which both become
 * vectors of the CPUs' own APICs (port/apic.h). Interrupt numbers are: 0 to 15 the CPU's own, then
 * the lines of the I/O APICs (global system interrupt n is 16 + n), then messages. apic_lock guards
 * the index registers and what is given away; handlers find numbers by vectors without it.
 */
#include <port/apic.h>
#include <arch/mmio.h>
#include <core/dev.h>
#include <core/dt.h>
#include <core/irq.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/pci.h>
#include <core/spinlock.h>
#include <libs/bitmap.h>
#include <libs/errno.h>

#define PRIVATE	     16
#define TIMER	     0
#define MESSAGES     128
#define CHIPS_MAX    16
#define NR_VECTORS   (APIC_VECTOR_LAST - APIC_VECTOR_FIRST + 1)
#define MSI_ADDRESS  0xfee00000u

/* Registers, by index */
#define IOAPIC_VERSION	0x01
#define IOAPIC_ENTRY(n) (0x10 + 2 * (n))

#define ENTRY_LOW    BIT32(13)
#define ENTRY_REMOTE BIT32(14)
#define ENTRY_LEVEL  BIT32(15)
#define ENTRY_MASKED BIT32(16)

/* Cells: number and how it is signalled; CELL_PRIVATE: a number of the CPU's own */
#define CELL_EDGE_LOW	0x2
#define CELL_LEVEL_HIGH 0x4
#define CELL_LEVEL_LOW	0x8
#define CELL_PRIVATE	0x100

struct ioapic {
	uint8_t *regs;
	unsigned first, n;	/* global system interrupts */
};

static struct ioapic chips[CHIPS_MAX];
static unsigned nr_chips, nr_lines;
static spinlock_t apic_lock = SPINLOCK_INIT;

/* Of each number above the CPU's own */
static struct line {
	uint8_t vector;	  /* 0: none yet */
	bool low, level, enabled;
	uint8_t running;  /* its handler */
	uint32_t apic;	  /* where to */
} *lines;
/* Of each vector: the number, 0: none */
static uint16_t numbers[NR_VECTORS];

static struct line *line_of(unsigned hwirq)
{
	return &lines[hwirq - PRIVATE];
}

static bool is_message(unsigned hwirq)
{
	return hwirq >= PRIVATE + nr_lines;
}

/* --- hardware -------------------------------------------------------------------------------- */

static uint32_t ioapic_read(const struct ioapic *io, unsigned reg)
{
	mmio_write32(io->regs, reg);
	return mmio_read32(io->regs + 0x10);
}

static void ioapic_write(const struct ioapic *io, unsigned reg, uint32_t v)
{
	mmio_write32(io->regs, reg);
	mmio_write32(io->regs + 0x10, v);
}

/* The chip that a line is at, and which there. @return NULL: at none */
static const struct ioapic *chip_of(unsigned hwirq, unsigned *pin)
{
	unsigned gsi = hwirq - PRIVATE, i;

	for (i = 0; i < nr_chips; i++) {
		*pin = gsi - chips[i].first;
		if (gsi >= chips[i].first && *pin < chips[i].n)
			return &chips[i];
	}
	return NULL;
}

/* Make the redirection entry of a line what we know of it. Lock held. */
static void update(unsigned hwirq)
{
	const struct line *l = line_of(hwirq);
	const struct ioapic *io;
	unsigned pin;

	if (is_message(hwirq))
		return;
	io = chip_of(hwirq, &pin);
	if (!io)
		return;
	if (!l->enabled || !l->vector) {
		ioapic_write(io, IOAPIC_ENTRY(pin), ENTRY_MASKED);
		return;
	}
	ioapic_write(io, IOAPIC_ENTRY(pin) + 1, l->apic << 24);
	ioapic_write(io, IOAPIC_ENTRY(pin), l->vector | (l->low ? ENTRY_LOW : 0) |
		     (l->level ? ENTRY_LEVEL : 0));
}

/* A vector for a number. Lock held. @return 0 or -ENOSPC */
static int give_vector(unsigned hwirq)
{
	struct line *l = line_of(hwirq);
	unsigned i;

	/* From the top: what is asked for first has the higher priority. */
	for (i = NR_VECTORS; !l->vector && i--;) {
		if (numbers[i])
			continue;
		l->vector = (uint8_t)(APIC_VECTOR_FIRST + i);
		WRITE_ONCE(numbers[i], (uint16_t)hwirq);
	}
	return l->vector ? 0 : -ENOSPC;
}

/* --- struct irqchip --------------------------------------------------------------------------- */

static void switch_line(unsigned hwirq, bool on)
{
	unsigned long flags;

	if (hwirq < PRIVATE)
		return;
	flags = spin_lock_irqsave(&apic_lock);
	line_of(hwirq)->enabled = on;
	update(hwirq);
	spin_unlock_irqrestore(&apic_lock, flags);
}

static void apic_enable(unsigned hwirq)
{
	switch_line(hwirq, true);
}

static void apic_disable(unsigned hwirq)
{
	switch_line(hwirq, false);
}

static void apic_deactivate(unsigned hwirq)
{
}

static bool apic_is_active(unsigned hwirq)
{
	return hwirq >= PRIVATE && __atomic_load_n(&line_of(hwirq)->running, __ATOMIC_ACQUIRE);
}

static void apic_set_active(unsigned hwirq, bool active)
{
}

static int apic_set_type(unsigned hwirq, bool level)
{
	unsigned long flags;
	int err;

	if (hwirq < PRIVATE)
		return 0;
	if (level && is_message(hwirq))
		return -EINVAL;
	flags = spin_lock_irqsave(&apic_lock);
	line_of(hwirq)->level = level;
	err = give_vector(hwirq);
	spin_unlock_irqrestore(&apic_lock, flags);
	return err;
}

static int apic_set_cpu(unsigned hwirq, unsigned cpu)
{
	uint32_t apic = apic_id_of(cpu);
	unsigned long flags;

	/* The device has been told the message's address already. */
	if (hwirq < PRIVATE || apic > 0xff || (is_message(hwirq) && cpu))
		return -EINVAL;
	flags = spin_lock_irqsave(&apic_lock);
	line_of(hwirq)->apic = apic;
	update(hwirq);
	spin_unlock_irqrestore(&apic_lock, flags);
	return 0;
}

static int apic_xlate(const uint32_t *cells, unsigned n, bool *level)
{
	if (n != 2)
		return -EINVAL;
	*level = cells[1] & (CELL_LEVEL_HIGH | CELL_LEVEL_LOW);
	if (cells[1] & CELL_PRIVATE)
		return cells[0] < PRIVATE ? (int)cells[0] : -EINVAL;
	if (cells[0] >= nr_lines)
		return -EINVAL;
	line_of(PRIVATE + cells[0])->low = cells[1] & (CELL_EDGE_LOW | CELL_LEVEL_LOW);
	return (int)(PRIVATE + cells[0]);
}

static void apic_init_cpu(void)
{
}

static void apic_kick(unsigned cpu)
{
	apic_send(cpu, APIC_VECTOR_KICK);
}

static void device_vector(unsigned vector)
{
	unsigned hwirq = READ_ONCE(numbers[vector - APIC_VECTOR_FIRST]);
	struct line *l;

	if (!hwirq)
		return;
	l = line_of(hwirq);
	__atomic_store_n(&l->running, 1, __ATOMIC_RELAXED);
	if (READ_ONCE(l->enabled))
		(void)irq_dispatch(hwirq);
	__atomic_store_n(&l->running, 0, __ATOMIC_RELEASE);
}

static void apic_entry(void)
{
	unsigned vector = apic_take();

	if (!vector) {
		apic_window();
		return;
	}
	if (likely(vector == APIC_VECTOR_TIMER)) {
		apic_eoi();
		(void)irq_dispatch(TIMER);
	} else if (vector == APIC_VECTOR_KICK) {
		apic_eoi();
		sched_ipi();
	} else if (vector == APIC_VECTOR_TELL) {
		apic_eoi();
		mcheck_tell();
	} else if (vector >= APIC_VECTOR_FIRST && vector <= APIC_VECTOR_LAST) {
		device_vector(vector);
		apic_eoi();
	}
	/* A spurious one is not to be ended. */
}

static struct irqchip apic_chip = {
	.name = "APIC",
	.nr_private = PRIVATE,
	.entry = apic_entry,
	.enable = apic_enable,
	.disable = apic_disable,
	.deactivate = apic_deactivate,
	.is_active = apic_is_active,
	.set_active = apic_set_active,
	.set_type = apic_set_type,
	.set_cpu = apic_set_cpu,
	.xlate = apic_xlate,
	.init_cpu = apic_init_cpu,
	.kick = apic_kick,
};

/* --- messages --------------------------------------------------------------------------------- */

static void msi_free(struct msi_controller *mc, uint32_t id, unsigned n, struct msi_vector *v)
{
	unsigned long flags = spin_lock_irqsave(&apic_lock);

	while (n--) {
		struct line *l = line_of(v[n].hwirq);

		WRITE_ONCE(numbers[l->vector - APIC_VECTOR_FIRST], 0);
		l->vector = 0;
	}
	spin_unlock_irqrestore(&apic_lock, flags);
}

static int msi_alloc(struct msi_controller *mc, uint32_t id, unsigned n, struct msi_vector *v)
{
	unsigned long flags = spin_lock_irqsave(&apic_lock);
	unsigned at, got = 0;

	for (at = PRIVATE + nr_lines; at < apic_chip.nr_irqs && got < n; at++) {
		if (line_of(at)->vector)
			continue;
		if (give_vector(at))
			break;
		v[got++] = (struct msi_vector){
			.address = MSI_ADDRESS | apic_id_of(0) << 12,
			.data = line_of(at)->vector,
			.hwirq = at,
		};
	}
	spin_unlock_irqrestore(&apic_lock, flags);
	if (got == n)
		return 0;
	msi_free(mc, id, got, v);
	return -ENOSPC;
}

static struct msi_controller messages = { .alloc = msi_alloc, .free = msi_free };

/* --- probing ---------------------------------------------------------------------------------- */

static int add_chip(const struct dt_node *node)
{
	struct ioapic *io = &chips[nr_chips];
	uint64_t pa, size;
	unsigned pin;
	int err = nr_chips == CHIPS_MAX ? -ENOSPC : dt_reg(node, 0, &pa, &size);

	if (err)
		return err;
	io->regs = mem_map_device(pa, 0x20);
	if (!io->regs)
		return -ENOMEM;
	io->first = dt_u32_or(node, "gsi-base", 0);
	io->n = (ioapic_read(io, IOAPIC_VERSION) >> 16 & 0xff) + 1;
	for (pin = 0; pin < io->n; pin++)
		ioapic_write(io, IOAPIC_ENTRY(pin), ENTRY_MASKED);
	nr_chips++;
	nr_lines = MAX(nr_lines, io->first + io->n);
	return 0;
}

static int ioapic_probe(struct device *dev)
{
	struct dt_node *node;
	int err = 0;

	dt_for_each_child(node, dev->node)
		if (!err && dt_has(node, "gsi-base"))
			err = add_chip(node);
	if (err)
		return err;
	if (!nr_chips || PRIVATE + nr_lines + MESSAGES > IRQ_GROUPS << IRQ_GROUP_BITS) {
		log_error("%u I/O APICs with %u lines: not supported", nr_chips, nr_lines);
		return -EINVAL;
	}
	lines = heap_calloc(nr_lines + MESSAGES, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	apic_chip.nr_irqs = PRIVATE + nr_lines + MESSAGES;
	if (IS_ENABLED(CONFIG_PCI)) {
		messages.node = dev->node;
		msi_controller_register(&messages);
	}
	return irqchip_register(&apic_chip, dev->node);
}

static const struct dt_match ioapic_match[] = {
	{ "intel,ioapics", NULL },
	{ NULL, NULL },
};

DRIVER(ioapic) {
	.name = "ioapic",
	.class = DRIVER_IRQCHIP,
	.match = ioapic_match,
	.probe = ioapic_probe,
};
