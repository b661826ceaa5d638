/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The translation of an emulated ITS, see gicv3_its.h: a table of devices, each with a table of
 * events that grows with the highest one mapped. map.lock guards lookups against changes.
 */
#include "gicv3_its.h"

#include <core/mem.h>
#include <libs/errno.h>
#include <libs/string.h>

/* Entry: 1 in bit 31, collection from bit 16, LPI below. */
#define ENTRY_VALID BIT32(31)

static its_entry entry_make(uint32_t lpi, uint32_t collection)
{
	return ENTRY_VALID | collection << 16 | lpi;
}

static uint32_t entry_lpi(its_entry entry)
{
	return entry & 0xffff;
}

static uint32_t entry_collection(its_entry entry)
{
	return entry >> 16 & (ITS_COLLECTIONS - 1);
}

static struct its_device *find(const struct its_map *m, uint32_t device)
{
	return m->devices && device < ITS_DEVICES ? m->devices[device] : NULL;
}

/** The entry of a mapped event; NULL: there is none. */
static its_entry *entry_of(const struct its_map *m, uint32_t device, uint32_t event)
{
	struct its_device *d = find(m, device);

	return d && event < d->room && d->entries[event] ? &d->entries[event] : NULL;
}

int its_lpi_of(struct its_map *m, uint32_t device, uint32_t event)
{
	unsigned long flags = spin_lock_irqsave(&m->lock);
	const its_entry *entry = entry_of(m, device, event);
	int lpi = entry ? (int)entry_lpi(*entry) : -ENOENT;

	spin_unlock_irqrestore(&m->lock, flags);
	return lpi;
}

/* --- events ------------------------------------------------------------------------- */

static void set_entry(struct its_map *m, its_entry *entry, its_entry value)
{
	unsigned long flags = spin_lock_irqsave(&m->lock);

	*entry = value;
	spin_unlock_irqrestore(&m->lock, flags);
}

static uint32_t used_bit(uint32_t lpi)
{
	return BIT32(lpi % 32);
}

static uint32_t *used_word(struct its_map *m, uint32_t lpi)
{
	return &m->used[(lpi - VGIC_LPI_FIRST) / 32];
}

/* An event is none any more: its LPI neither. */
static void drop_entry(struct its_map *m, its_entry *entry)
{
	uint32_t lpi = entry_lpi(*entry);

	if (!*entry)
		return;
	set_entry(m, entry, 0);
	*used_word(m, lpi) &= ~used_bit(lpi);
	vgic_lpi_unmap(m->gic, lpi);
}

/** Room for an event in its device's table. @return 0 or -ENOMEM */
static int grow(struct its_map *m, struct its_device *d, uint32_t event)
{
	uint32_t room = MAX(d->room * 2, 8u);
	its_entry *entries, *old = d->entries;
	unsigned long flags;

	if (event < d->room)
		return 0;
	while (room <= event)
		room *= 2;
	if (m->room - d->room + room > ITS_EVENTS_MAX)
		return -ENOMEM;
	entries = heap_calloc(room, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	if (old)
		memcpy(entries, old, d->room * sizeof(*entries));
	flags = spin_lock_irqsave(&m->lock);
	m->room += room - d->room;
	d->entries = entries;
	d->room = room;
	spin_unlock_irqrestore(&m->lock, flags);
	heap_free(old);
	return 0;
}

int its_map_event(struct its_map *m, uint32_t device, uint32_t event, uint32_t lpi,
		  uint32_t collection)
{
	struct its_device *d = find(m, device);
	int err;

	if (!d)
		return -ENOENT;
	if (event >= d->events || collection >= ITS_COLLECTIONS || lpi < VGIC_LPI_FIRST ||
	    lpi >= vgic_lpi_end(m->gic))
		return -ERANGE;
	err = grow(m, d, event);
	if (err)
		return err;
	drop_entry(m, &d->entries[event]);
	if (*used_word(m, lpi) & used_bit(lpi))
		return -EEXIST;
	err = vgic_lpi_map(m->gic, lpi, m->targets[collection]);
	if (err)
		return err;
	*used_word(m, lpi) |= used_bit(lpi);
	set_entry(m, &d->entries[event], entry_make(lpi, collection));
	return 0;
}

int its_unmap_event(struct its_map *m, uint32_t device, uint32_t event)
{
	its_entry *entry = entry_of(m, device, event);

	if (!entry)
		return -ENOENT;
	drop_entry(m, entry);
	return 0;
}

int its_move_event(struct its_map *m, uint32_t device, uint32_t event, uint32_t collection)
{
	its_entry *entry = entry_of(m, device, event);

	if (collection >= ITS_COLLECTIONS)
		return -ERANGE;
	if (!entry || m->targets[collection] == VGIC_NOWHERE)
		return -ENOENT;
	set_entry(m, entry, entry_make(entry_lpi(*entry), collection));
	vgic_lpi_route(m->gic, entry_lpi(*entry), m->targets[collection]);
	return 0;
}

/* --- devices and collections -------------------------------------------------------- */

/** The tables that the first device needs. */
static int make_tables(struct its_map *m)
{
	if (m->devices)
		return 0;
	m->used = heap_calloc(ITS_LPIS / 32, sizeof(*m->used));
	m->devices = m->used ? heap_calloc(ITS_DEVICES, sizeof(*m->devices)) : NULL;
	if (m->devices)
		return 0;
	heap_free(m->used);
	m->used = NULL;
	return -ENOMEM;
}

int its_unmap_device(struct its_map *m, uint32_t device)
{
	struct its_device *d = find(m, device);
	unsigned long flags;

	if (!d)
		return -ENOENT;
	for (uint32_t i = 0; i < d->room; i++)
		drop_entry(m, &d->entries[i]);
	flags = spin_lock_irqsave(&m->lock);
	m->devices[device] = NULL;
	m->room -= d->room;
	spin_unlock_irqrestore(&m->lock, flags);
	heap_free(d->entries);
	heap_free(d);
	return 0;
}

int its_map_device(struct its_map *m, uint32_t device, uint32_t events)
{
	struct its_device *d;
	unsigned long flags;

	if (device >= ITS_DEVICES || events > 1u << ITS_EVENT_BITS)
		return -ERANGE;
	if (find(m, device) && its_unmap_device(m, device))
		return -ENOENT;
	if (make_tables(m))
		return -ENOMEM;
	d = heap_zalloc(sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->events = events;
	flags = spin_lock_irqsave(&m->lock);
	m->devices[device] = d;
	spin_unlock_irqrestore(&m->lock, flags);
	return 0;
}

int its_map_collection(struct its_map *m, uint32_t collection, unsigned vcpu)
{
	if (collection >= ITS_COLLECTIONS)
		return -ERANGE;
	if (m->targets[collection] == vcpu)
		return 0;
	m->targets[collection] = (uint8_t)vcpu;
	for (unsigned n = 0; m->devices && n < ITS_DEVICES; n++) {
		const struct its_device *d = m->devices[n];

		for (uint32_t i = 0; d && i < d->room; i++)
			if (d->entries[i] && entry_collection(d->entries[i]) == collection)
				vgic_lpi_route(m->gic, entry_lpi(d->entries[i]), vcpu);
	}
	return 0;
}

/* --- life ------------------------------------------------------------------------------- */

void its_map_init(struct its_map *m, struct vgic *gic)
{
	memset(m, 0, sizeof(*m));
	m->gic = gic;
	spin_init(&m->lock);
	memset(m->targets, VGIC_NOWHERE, sizeof(m->targets));
}

void its_map_reset(struct its_map *m)
{
	struct its_device **devices = m->devices;
	unsigned long flags = spin_lock_irqsave(&m->lock);

	m->devices = NULL;
	m->room = 0;
	memset(m->targets, VGIC_NOWHERE, sizeof(m->targets));
	spin_unlock_irqrestore(&m->lock, flags);
	for (unsigned n = 0; devices && n < ITS_DEVICES; n++) {
		if (devices[n])
			heap_free(devices[n]->entries);
		heap_free(devices[n]);
	}
	heap_free(devices);
	heap_free(m->used);
	m->used = NULL;
}

void its_map_count(struct its_map *m, unsigned *devices, unsigned *events)
{
	*devices = 0;
	*events = 0;
	for (unsigned n = 0; m->devices && n < ITS_DEVICES; n++) {
		const struct its_device *d = m->devices[n];

		*devices += d != NULL;
		for (uint32_t i = 0; d && i < d->room; i++)
			*events += d->entries[i] != 0;
	}
}
