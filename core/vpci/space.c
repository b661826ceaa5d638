/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory and I/O space of a guest's PCI bus: which BAR an address belongs to. The guest may move
 * BARs at any time (bus->lock); accesses look at where they are without a lock, so one that comes
 * in between is served by the old place or the new one, as on a real bus.
 *
 * What was found last for a page is kept as a hint. A hint is taken only of a BAR that no earlier
 * one overlaps; others are searched for, so that the order decides and not who was there before.
 */
#include "vpci_priv.h"

#include <libs/byteorder.h>

static uint64_t bar_address(const struct vpci_function *fn, const struct vpci_bar *bar)
{
	const uint8_t *reg = fn->config + PCI_BAR0 + 4 * bar->index;
	uint64_t at = get_le32(reg) & ~(bar->flags & VPCI_BAR_IO ? 0x3u : 0xfu);

	if (bar->flags & VPCI_BAR_MEM64)
		at |= (uint64_t)get_le32(reg + 4) << 32;
	return at;
}

static bool bar_on(const struct vpci_function *fn, const struct vpci_bar *bar)
{
	uint8_t need = bar->flags & VPCI_BAR_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY;

	return bar->size && fn->config[PCI_COMMAND] & need;
}

static bool same_space(const struct vpci_bar *a, const struct vpci_bar *b)
{
	return !((a->flags ^ b->flags) & VPCI_BAR_IO);
}

/** Is any BAR in front of this one where it is? */
static bool is_alone(const struct vpci_bus *bus, const struct vpci_bar *bar)
{
	const struct vpci_function *fn;

	list_for_each_entry(fn, &bus->functions, link) {
		for (unsigned i = 0; i < VPCI_BARS; i++) {
			const struct vpci_bar *b = &fn->bars[i];

			if (b == bar)
				return true;
			if (b->size && b->at != VPCI_NOWHERE && same_space(b, bar) &&
			    (bar->at - b->at < b->size || b->at - bar->at < bar->size))
				return false;
		}
	}
	return true;
}

void vpci_bars_update(struct vpci_function *fn)
{
	struct vpci_bus *bus = fn->bus;
	struct vpci_function *other;
	bool moved = false;

	for (unsigned i = 0; i < VPCI_BARS; i++) {
		struct vpci_bar *b = &fn->bars[i];
		uint64_t at = bar_on(fn, b) ? bar_address(fn, b) : VPCI_NOWHERE;

		if (at >= VPCI_NOWHERE)
			at = VPCI_NOWHERE; /* no CPU has such an address */
		moved = moved || at != b->at;
		if (at != b->at)
			WRITE_ONCE(b->alone, false);
		WRITE_ONCE(b->at, at);
	}
	if (!moved)
		return;
	list_for_each_entry(other, &bus->functions, link) {
		for (unsigned i = 0; i < VPCI_BARS; i++) {
			struct vpci_bar *b = &other->bars[i];

			if (b->size && b->at != VPCI_NOWHERE)
				WRITE_ONCE(b->alone, is_alone(bus, b));
		}
	}
}

/** @return whether the BAR has addr, with its offset there */
static inline bool bar_has(const struct vpci_bar *bar, uint64_t addr, uint64_t *offset)
{
	*offset = addr - READ_ONCE(bar->at);
	return *offset < bar->size;
}

static struct vpci_bar *search(struct vpci_bus *bus, bool io, uint64_t addr, uint64_t *offset)
{
	struct vpci_function *fn;

	list_for_each_entry(fn, &bus->functions, link) {
		for (unsigned i = 0; i < VPCI_BARS; i++) {
			struct vpci_bar *b = &fn->bars[i];

			if (!(b->flags & VPCI_BAR_IO) == !io && bar_has(b, addr, offset))
				return b;
		}
	}
	return NULL;
}

enum emu_result vpci_space_access(struct vpci_bus *bus, bool io, uint64_t addr,
				  struct emu_access *acc)
{
	struct vpci_bar **hint = &bus->hints[addr >> 12 & (VPCI_HINTS - 1)];
	struct vpci_bar *bar = io ? NULL : READ_ONCE(*hint);
	uint64_t offset, outer = acc->offset;
	enum emu_result result;

	if (unlikely(!bar || !READ_ONCE(bar->alone) || !bar_has(bar, addr, &offset))) {
		bar = search(bus, io, addr, &offset);
		if (bar && !io)
			WRITE_ONCE(*hint, bar);
	}
	if (unlikely(!bar || acc->size > bar->size - offset)) {
		if (!acc->is_write)
			acc->value = ~0ull >> (64 - 8 * acc->size);
		return EMU_OK;
	}
	acc->offset = offset;
	if (bar->fn->table && bar->index == bar->fn->msix_bar)
		result = vpci_msix_access(bar->fn, acc);
	else
		result = bar->fn->ops->bar_access(bar->fn, bar->index, acc);
	acc->offset = outer;
	return result;
}
