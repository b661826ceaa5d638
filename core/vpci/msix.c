/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts of a guest's PCI functions: MSI-X (PCI 3.0, 6.8.2) and INTx lines. function->lock
 * guards table and pending bits, bus->line_lock the lines; the message itself is delivered with
 * function->lock held, so that none comes after its masking was seen.
 */
#include "vpci_priv.h"

#include <core/mem.h>
#include <libs/byteorder.h>
#include <libs/bits.h>
#include <libs/errno.h>
#include <libs/string.h>

#define MSIX_CONTROL	 2 /* in the capability, 16 bits */
#define MSIX_TABLE	 4
#define MSIX_PBA	 8
#define MSIX_LEN	 12
#define MSIX_ENABLE	 0x80 /* in the high byte of control */
#define MSIX_MASK_ALL	 0x40
#define VECTOR_MASKED	 1u
#define VECTOR_SIZE	 sizeof(struct vpci_vector)
/* Pending bits are behind the table, where room for them is left in one page if they fit. */
#define PBA_FIRST	 0x800u
#define MSIX_VECTORS_MAX 2048

static unsigned pba_offset(unsigned vectors)
{
	return MAX(vectors * (unsigned)VECTOR_SIZE, PBA_FIRST);
}

static unsigned pba_size(unsigned vectors)
{
	return DIV_ROUND_UP(vectors, 64) * 8;
}

int vpci_msix_init(struct vpci_function *fn, unsigned bar, unsigned vectors)
{
	unsigned pba = pba_offset(vectors);
	uint8_t cap[MSIX_LEN - 2] = { 0 };
	int at;

	if (!vectors || vectors > MSIX_VECTORS_MAX || bar >= VPCI_BARS || fn->bars[bar].size)
		return -EINVAL;
	put_le16(cap + MSIX_CONTROL - 2, (uint16_t)(vectors - 1));
	put_le32(cap + MSIX_TABLE - 2, bar);
	put_le32(cap + MSIX_PBA - 2, pba | bar);
	at = vpci_capability_add(fn, PCI_CAP_MSIX, cap, sizeof(cap));
	if (at < 0)
		return at;
	fn->table = heap_calloc(vectors, VECTOR_SIZE);
	fn->pending = heap_calloc(pba_size(vectors), 1);
	if (!fn->table || !fn->pending) {
		vpci_msix_free(fn);
		return -ENOMEM;
	}
	fn->vectors = (uint16_t)vectors;
	fn->msix_cap = (uint8_t)at;
	fn->msix_bar = (uint8_t)bar;
	fn->writable[at + MSIX_CONTROL + 1] = MSIX_ENABLE | MSIX_MASK_ALL;
	vpci_bar_init(fn, bar, MAX_T(uint64_t, roundup_pow2(pba + pba_size(vectors)), 4096),
		      VPCI_BAR_MEM32);
	vpci_msix_reset(fn);
	return 0;
}

void vpci_msix_free(struct vpci_function *fn)
{
	heap_free(fn->table);
	heap_free(fn->pending);
	fn->table = NULL;
	fn->pending = NULL;
	fn->vectors = 0;
}

void vpci_msix_reset(struct vpci_function *fn)
{
	unsigned long flags = spin_lock_irqsave(&fn->lock);

	if (fn->table) {
		memset(fn->table, 0, fn->vectors * VECTOR_SIZE);
		memset(fn->pending, 0, pba_size(fn->vectors));
		for (unsigned i = 0; i < fn->vectors; i++)
			fn->table[i].control = VECTOR_MASKED;
	}
	spin_unlock_irqrestore(&fn->lock, flags);
}

bool vpci_msix_owns(const struct vpci_function *fn, unsigned offset)
{
	return fn->msix_cap && offset - fn->msix_cap < MSIX_LEN;
}

/* --- messages ------------------------------------------------------------------------------- */

static void send(struct vpci_function *fn, const struct vpci_vector *v)
{
	guest_msi_send(fn->bus->guest, fn->devfn, (uint64_t)v->addr_high << 32 | v->addr_low,
		       v->data);
}

/** Send a message that waits, if it may go now. Lock held. */
static void release(struct vpci_function *fn, unsigned n)
{
	uint32_t bit = BIT32(n % 32);

	if (!fn->msix_live || fn->table[n].control & VECTOR_MASKED || !(fn->pending[n / 32] & bit))
		return;
	fn->pending[n / 32] &= ~bit;
	send(fn, &fn->table[n]);
}

void vpci_msix_notify(struct vpci_function *fn, unsigned n)
{
	unsigned long flags;

	if (unlikely(n >= fn->vectors))
		return;
	flags = spin_lock_irqsave(&fn->lock);
	if (likely(fn->msix_live && !(fn->table[n].control & VECTOR_MASKED)))
		send(fn, &fn->table[n]);
	else if (fn->msix_on)
		fn->pending[n / 32] |= BIT32(n % 32);
	spin_unlock_irqrestore(&fn->lock, flags);
}

void vpci_msix_update(struct vpci_function *fn)
{
	uint8_t control = fn->msix_cap ? fn->config[fn->msix_cap + MSIX_CONTROL + 1] : 0;
	unsigned long flags;
	bool on = control & MSIX_ENABLE, live;

	if (!fn->msix_cap)
		return;
	live = on && !(control & MSIX_MASK_ALL) && vpci_bus_master(fn);
	flags = spin_lock_irqsave(&fn->lock);
	if (!on && fn->msix_on)
		memset(fn->pending, 0, pba_size(fn->vectors));
	WRITE_ONCE(fn->msix_on, on);
	if (live && !fn->msix_live) {
		fn->msix_live = true;
		for (unsigned i = 0; i < fn->vectors; i++)
			release(fn, i);
	}
	fn->msix_live = live;
	spin_unlock_irqrestore(&fn->lock, flags);
}

/* --- the table ------------------------------------------------------------------------------ */

/** The 32-bit word at an offset of the BAR; lock held. */
static uint32_t read_word(const struct vpci_function *fn, unsigned offset)
{
	unsigned n = offset / (unsigned)VECTOR_SIZE, pba = pba_offset(fn->vectors);
	const struct vpci_vector *v = &fn->table[n];

	if (offset >= pba)
		return offset - pba < pba_size(fn->vectors) ? fn->pending[(offset - pba) / 4] : 0;
	if (n >= fn->vectors)
		return 0;
	switch (offset % VECTOR_SIZE) {
	case 0:
		return v->addr_low;
	case 4:
		return v->addr_high;
	case 8:
		return v->data;
	default:
		return v->control;
	}
}

static void write_word(struct vpci_function *fn, unsigned offset, uint32_t value)
{
	unsigned n = offset / (unsigned)VECTOR_SIZE;
	struct vpci_vector *v = &fn->table[n];

	if (offset >= pba_offset(fn->vectors) || n >= fn->vectors)
		return; /* pending bits are read-only */
	switch (offset % VECTOR_SIZE) {
	case 0:
		v->addr_low = value & ~3u;
		break;
	case 4:
		v->addr_high = value;
		break;
	case 8:
		v->data = value;
		break;
	default:
		v->control = value & VECTOR_MASKED;
		release(fn, n);
		break;
	}
}

enum emu_result vpci_msix_access(struct vpci_function *fn, struct emu_access *acc)
{
	unsigned offset = (unsigned)acc->offset & ~3u, lane = acc->offset & 3;
	unsigned long flags;
	uint64_t value;

	/* Drivers use words and double words (6.8.2); a narrower read gets its part. */
	if (acc->offset & (acc->size - 1) || (acc->is_write && acc->size < 4))
		return EMU_WIDTH;
	flags = spin_lock_irqsave(&fn->lock);
	if (acc->is_write) {
		write_word(fn, offset, (uint32_t)acc->value);
		if (acc->size == 8)
			write_word(fn, offset + 4, (uint32_t)(acc->value >> 32));
	} else {
		value = read_word(fn, offset);
		if (acc->size == 8)
			value |= (uint64_t)read_word(fn, offset + 4) << 32;
		acc->value = value >> 8 * lane & ~0ull >> (64 - 8 * acc->size);
	}
	spin_unlock_irqrestore(&fn->lock, flags);
	return EMU_OK;
}

/* --- lines ---------------------------------------------------------------------------------- */

/** Each slot is turned by one (PCI-to-PCI bridge 1.2, 9.1), as the board's interrupt-map says. */
static unsigned line_of(const struct vpci_function *fn)
{
	return ((fn->devfn >> 3) + fn->config[PCI_INTERRUPT_PIN] - 1u) % 4;
}

/* One of its lines has changed. line_lock held. */
static void drive_route(struct vpci_bus *bus, unsigned irq)
{
	bool level = false;

	if (!irq)
		return;
	for (unsigned i = 0; i < ARRAY_SIZE(bus->routes); i++)
		level |= bus->routes[i] == irq && bus->line_users[i];
	guest_irq_set(bus->guest, irq, level);
}

void vpci_bus_route(struct vpci_bus *bus, unsigned line, unsigned irq)
{
	unsigned long flags = spin_lock_irqsave(&bus->line_lock);
	unsigned before = bus->routes[line];

	if (before != irq) {
		bus->routes[line] = (uint8_t)irq;
		drive_route(bus, before);
		drive_route(bus, irq);
	}
	spin_unlock_irqrestore(&bus->line_lock, flags);
}

void vpci_intx_update(struct vpci_function *fn)
{
	struct vpci_bus *bus = fn->bus;
	unsigned line = line_of(fn);
	unsigned long flags;
	bool out;

	if (!fn->config[PCI_INTERRUPT_PIN] || !bus)
		return;
	flags = spin_lock_irqsave(&bus->line_lock);
	out = fn->intx && !READ_ONCE(fn->msix_on) &&
	      !(READ_ONCE(fn->config[PCI_COMMAND + 1]) & PCI_COMMAND_INTX_DISABLE >> 8);
	if (out != fn->intx_out) {
		fn->intx_out = out;
		bus->line_users[line] += out ? 1 : -1;
		if (bus->line_users[line] == out && bus->irqs[line] >= 0)
			guest_irq_set(bus->guest, (unsigned)bus->irqs[line], out);
		drive_route(bus, bus->routes[line]);
	}
	spin_unlock_irqrestore(&bus->line_lock, flags);
}

void vpci_intx_set(struct vpci_function *fn, bool level)
{
	/* The update reads it under the lock: of two that set it, the last one updates last. */
	WRITE_ONCE(fn->intx, level);
	vpci_intx_update(fn);
}
