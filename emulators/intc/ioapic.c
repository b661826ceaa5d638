/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IOAPIC (Intel 82093AA) of 24 inputs, with the register for ends of interrupts of later ones. Its
 * inputs become messages to the local APICs by a table that the guest writes. apic_set.lock guards
 * its state.
 */
#include "apic.h"

#include <core/mem.h>
#include <core/shell.h>
#include <libs/errno.h>
#include <libs/string.h>

/* Registers in memory, and those behind the window. */
enum { SELECT = 0x00, WINDOW = 0x10, EOI_REGISTER = 0x40 };
enum { IO_ID, IO_VERSION, IO_ARBITRATION, IO_TABLE = 0x10 };
#define VERSION (0x20u | (APIC_PINS - 1) << 16)

#define ENTRY_LOGICAL	 BIT(11)
#define ENTRY_REMOTE_IRR BIT(14)
#define ENTRY_LEVEL	 BIT(15)
#define ENTRY_MASKED	 BIT(16)
#define ENTRY_WRITABLE	 (0xff00000000000000ull | 0x1afff)

struct ioapic {
	struct apic_set *set;
	uint8_t select, id;
	uint32_t lines; /* levels */
	uint64_t table[APIC_PINS];
};

/* Send what a pin is programmed for. */
static void send(struct ioapic *io, unsigned pin)
{
	uint64_t e = io->table[pin];
	struct apic_message m = {
		.dest = (uint32_t)(e >> 56),
		.vector = (uint8_t)e,
		.mode = e >> 8 & 7,
		.logical = e & ENTRY_LOGICAL,
		.level = e & ENTRY_LEVEL,
	};

	if (m.mode == APIC_EXTINT)
		return; /* the 8259s have a way of their own */
	if (m.level)
		io->table[pin] |= ENTRY_REMOTE_IRR;
	apic_deliver(io->set, &m, NULL);
}

/* A level that is let through and not in service. */
static void look(struct ioapic *io, unsigned pin)
{
	uint64_t e = io->table[pin];

	if (e & ENTRY_LEVEL && !(e & (ENTRY_MASKED | ENTRY_REMOTE_IRR)) && io->lines & BIT32(pin))
		send(io, pin);
}

void ioapic_set_line(struct ioapic *io, unsigned pin, bool level)
{
	bool was = io->lines & BIT32(pin);
	uint64_t e = io->table[pin];

	io->lines = level ? io->lines | BIT32(pin) : io->lines & ~BIT32(pin);
	if (e & ENTRY_LEVEL)
		look(io, pin);
	else if (level && !was && !(e & ENTRY_MASKED))
		send(io, pin);
}

void ioapic_eoi(struct ioapic *io, unsigned vector)
{
	for (unsigned pin = 0; pin < APIC_PINS; pin++) {
		uint64_t *e = &io->table[pin];

		if ((*e & 0xff) != vector || !(*e & ENTRY_REMOTE_IRR))
			continue;
		*e &= ~ENTRY_REMOTE_IRR;
		look(io, pin);
	}
}

static uint32_t read_window(const struct ioapic *io)
{
	unsigned n = io->select - IO_TABLE;

	switch (io->select) {
	case IO_ID:
	case IO_ARBITRATION:
		return (uint32_t)io->id << 24;
	case IO_VERSION:
		return VERSION;
	}
	return n < 2 * APIC_PINS ? (uint32_t)(io->table[n / 2] >> 32 * (n & 1)) : 0;
}

static void write_window(struct ioapic *io, uint32_t value)
{
	unsigned n = io->select - IO_TABLE, shift = 32 * (n & 1);
	uint64_t *e, mask;

	if (io->select == IO_ID)
		io->id = value >> 24 & 0xf;
	if (n >= 2 * APIC_PINS)
		return;
	e = &io->table[n / 2];
	mask = ENTRY_WRITABLE & (uint64_t)UINT32_MAX << shift;
	*e = (*e & ~mask) | ((uint64_t)value << shift & mask);
	/* Edges are not in service for long: nothing of an older level is left. */
	if (!(*e & ENTRY_LEVEL))
		*e &= ~ENTRY_REMOTE_IRR;
	look(io, n / 2);
}

static enum emu_result ioapic_access(struct emu_dev *dev, struct emu_access *acc)
{
	struct ioapic *io = dev->priv;
	unsigned long flags;

	if (acc->offset & 3 || acc->size < 4 || (acc->offset & 15 && acc->offset < EOI_REGISTER))
		return acc->offset < EOI_REGISTER ? EMU_WIDTH : EMU_NONE;
	flags = spin_lock_irqsave(&io->set->lock);
	if (!acc->is_write)
		acc->value = acc->offset == SELECT   ? io->select
			     : acc->offset == WINDOW ? read_window(io)
						     : 0;
	else if (acc->offset == SELECT)
		io->select = (uint8_t)acc->value;
	else if (acc->offset == WINDOW)
		write_window(io, (uint32_t)acc->value);
	else if (acc->offset == EOI_REGISTER)
		ioapic_eoi(io, acc->value & 0xff);
	spin_unlock_irqrestore(&io->set->lock, flags);
	return acc->offset <= WINDOW || acc->offset == EOI_REGISTER ? EMU_OK : EMU_NONE;
}

static void ioapic_reset(struct emu_dev *dev)
{
	struct ioapic *io = dev->priv;

	io->select = io->id = 0;
	for (unsigned pin = 0; pin < APIC_PINS; pin++)
		io->table[pin] = ENTRY_MASKED;
}

static int ioapic_probe(struct emu_dev *dev)
{
	struct ioapic *io = heap_zalloc(sizeof(*io));

	if (!io)
		return -ENOMEM;
	dev->priv = io;
	ioapic_reset(dev);
	return 0;
}

/* Local APICs may be made later than this. */
static int ioapic_ready(struct emu_dev *dev)
{
	struct ioapic *io = dev->priv;

	io->set = apic_set_of(dev->guest);
	if (!io->set)
		return emu_fail(dev, -ENODEV, "there are no local APICs; an IOAPIC needs the "
				"region with compatible \"intel,ce4100-lapic\"");
	if (io->set->ioapic)
		return emu_fail(dev, -EEXIST, "there is another IOAPIC");
	io->set->ioapic = io;
	return 0;
}

static void ioapic_remove(struct emu_dev *dev)
{
	struct apic_set *set = apic_set_of(dev->guest);

	if (set && set->ioapic == dev->priv)
		set->ioapic = NULL;
	heap_free(dev->priv);
	dev->priv = NULL;
}

static void ioapic_show(struct emu_dev *dev, struct shell_out *out)
{
	const struct ioapic *io = dev->priv;

	for (unsigned pin = 0; pin < APIC_PINS; pin++) {
		uint64_t e = io->table[pin];

		if (!(e & ENTRY_MASKED))
			out_printf(out, "pin %u: vector 0x%x to %u, %s%s%s\n", pin,
				   (unsigned)e & 0xff, (unsigned)(e >> 56),
				   e & ENTRY_LEVEL ? "level" : "edge",
				   io->lines & BIT32(pin) ? ", asserted" : "",
				   e & ENTRY_REMOTE_IRR ? ", in service" : "");
	}
}

static const struct dt_match matches[] = {
	{ "intel,ce4100-ioapic", NULL },
	{ NULL, NULL },
};

static const char *const props[] = { NULL };

EMULATOR(ioapic) {
	.name = "ioapic",
	.match = matches,
	.props = props,
	.probe = ioapic_probe,
	.remove = ioapic_remove,
	.reset = ioapic_reset,
	.ready = ioapic_ready,
	.access = ioapic_access,
	.show = ioapic_show,
};
