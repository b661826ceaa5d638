/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory for BARs and bridges. Where firmware has given all of them a place that the host bridge
 * reaches, it stays so; else all are placed anew: first how much each bridge needs is added up from
 * the last one to the first, then everything is laid out from the host bridge down, what has to be
 * aligned most first. Runs once for each host, at boot.
 */
#include "pci_priv.h"

#include <core/dt.h>
#include <core/log.h>
#include <libs/byteorder.h>
#include <libs/errno.h>

#define BRIDGE_UNIT MIB		/* what a bridge forwards: multiples of this */
#define SHIFT_MIN   4		/* the smallest BAR */
#define SHIFT_MAX   46
#define ROW_CELLS   7		/* of `ranges`: 3 of the bus, 2 of the parent, 2 of size */
#define CLOSED_BASE 0xfff0	/* of a bridge: base above limit */

/* --- what the host bridge forwards ---------------------------------------------------- */

/* One row of `ranges`: flags and address on the bus, address of the parent, size. */
static void take_row(struct pci_host *host, const uint8_t *p, uint64_t cpu, uint64_t size)
{
	uint32_t kind = get_be32(p) >> 24 & 3;	/* 1: I/O, 2: memory, 3: 64-bit memory */
	struct pci_window w = { get_be64(p + 4), size, cpu };
	enum pci_space space;

	if (kind < 2 || !size || w.base + size < w.base || cpu + size < cpu)
		return;
	space = w.base + size <= BIT(32) ? PCI_MEM32 : PCI_MEM64;
	/* of several, the largest */
	if (size > host->windows[space].size)
		host->windows[space] = w;
}

int pci_read_windows(struct pci_host *host)
{
	const struct dt_node *node = host->node;
	const struct dt_prop *ranges;
	uint32_t cells = node->parent ? dt_u32_or(node->parent, "#address-cells", 2) : 0, row, at;
	char path[96];
	int err = -EINVAL;

	dt_path(node, path, sizeof(path));
	dt_lock();
	ranges = dt_prop(node, "ranges");
	row = 4 * (ROW_CELLS - 2 + cells);
	if (cells < 1 || cells > 2 || dt_u32_or(node, "#address-cells", 0) != 3 ||
	    dt_u32_or(node, "#size-cells", 0) != 2 || !ranges || ranges->len % row)
		goto out;
	for (at = 0; at < ranges->len; at += row) {
		const uint8_t *p = ranges->data + at, *q = p + 12 + 4 * cells;
		uint64_t cpu = cells == 1 ? get_be32(p + 12) : get_be64(p + 12);

		if (!dt_translate(node->parent, &cpu, get_be64(q)))
			take_row(host, p, cpu, get_be64(q));
	}
	err = 0;
out:
	dt_unlock();
	if (err)
		log_error("%s: ranges of this PCI host bridge are not understood", path);
	return err;
}

/* --- functions of one host --------------------------------------------------------------- */

static struct pci_dev *first_of(struct pci_host *host)
{
	struct pci_dev *dev = pci_next(NULL);

	while (dev && dev->host != host)
		dev = pci_next(dev);
	return dev;
}

static struct pci_dev *next_of(struct pci_dev *dev)
{
	struct pci_dev *next = pci_next(dev);

	return next && next->host == dev->host ? next : NULL;
}

/* What is forwarded to the bus that a function is on. */
static const struct pci_window *window_of(const struct pci_dev *dev, enum pci_space space)
{
	return dev->bridge ? &dev->bridge->below[space] : &dev->host->windows[space];
}

static bool inside(const struct pci_window *w, uint64_t address, uint64_t size)
{
	return size <= w->size && address >= w->base && address - w->base <= w->size - size;
}

/* --- as firmware left it ----------------------------------------------------------------- */

static void read_bridge(struct pci_dev *dev)
{
	uint32_t mem = pci_read32(dev, PCI_MEMORY_BASE), pref = pci_read32(dev, PCI_PREFETCH_BASE);
	uint64_t base = (uint64_t)(mem & 0xfff0) << 16, limit = (mem & 0xfff00000) | 0xfffff;

	dev->below[PCI_MEM32] = (struct pci_window){ base, limit > base ? limit + 1 - base : 0, 0 };
	base = (uint64_t)pci_read32(dev, PCI_PREFETCH_BASE_HI) << 32 |
	       (uint64_t)(pref & 0xfff0) << 16;
	limit = (uint64_t)pci_read32(dev, PCI_PREFETCH_LIMIT_HI) << 32 | (pref & 0xfff00000) |
		0xfffff;
	dev->below[PCI_MEM64] = (struct pci_window){ base, limit > base ? limit + 1 - base : 0, 0 };
}

/* Which of the spaces forwards a BAR as it is; PCI_SPACES: none. */
static enum pci_space found_in(const struct pci_dev *dev, const struct pci_bar *bar)
{
	enum pci_space space;

	for (space = PCI_MEM32; space < PCI_SPACES; space++)
		if (bar->address && inside(window_of(dev, space), bar->address, bar->size))
			break;
	return space;
}

static bool is_assigned(struct pci_host *host)
{
	struct pci_dev *dev;
	unsigned i;

	for (dev = first_of(host); dev; dev = next_of(dev)) {
		if (dev->is_bridge)
			read_bridge(dev);
		for (i = 0; i < PCI_BARS; i++)
			if (dev->bars[i].size && found_in(dev, &dev->bars[i]) == PCI_SPACES)
				return false;
	}
	return true;
}

/* --- placing anew ---------------------------------------------------------------------- */

/* One thing to place: BAR i of a function, or what a bridge forwards (i == PCI_BARS). */
static bool item(struct pci_dev *dev, unsigned i, enum pci_space space, uint64_t *size,
		 uint64_t *align)
{
	if (i < PCI_BARS) {
		*size = *align = dev->bars[i].space == space ? dev->bars[i].size : 0;
	} else {
		*size = dev->is_bridge ? dev->below[space].size : 0;
		*align = dev->below[space].cpu;
	}
	return *size;
}

static void put_bar(struct pci_dev *dev, unsigned i, uint64_t address)
{
	const struct pci_bar *bar = &dev->bars[i];

	dev->bars[i].address = address;
	pci_write32(dev, PCI_BAR0 + 4 * i, (uint32_t)address);
	if (bar->is64)
		pci_write32(dev, PCI_BAR0 + 4 * i + 4, (uint32_t)(address >> 32));
}

/**
 * Lay out one space of the bus below a bridge (NULL: of the host) from base on; with put, write it
 * down. What ends above limit is left out.
 * @return the end
 */
struct layout {
	struct pci_host *host;
	struct pci_dev *bridge;
	enum pci_space space;
	uint64_t base, limit;
	bool put;
	uint64_t align;	/* out: the largest */
};

static void place(struct layout *l, struct pci_dev *dev, unsigned i, uint64_t *at)
{
	uint64_t size, align, start;

	(void)item(dev, i, l->space, &size, &align);
	start = ALIGN_UP(*at, align);
	if (start < *at || size > l->limit || start > l->limit - size) {
		if (l->put && i < PCI_BARS) {
			log_error("%s: no room for BAR %u (0x%llx bytes)", dev->name, i,
				  (unsigned long long)size);
			put_bar(dev, i, 0);
		} else if (l->put) {
			log_error("%s: no room for what is behind this bridge", dev->name);
			dev->below[l->space].size = 0;
		}
		return;
	}
	if (l->put && i < PCI_BARS)
		put_bar(dev, i, start);
	else if (l->put)
		dev->below[l->space].base = start;
	l->align = MAX(l->align, align);
	*at = start + size;
}

static uint64_t lay_out(struct layout *l)
{
	uint64_t at = l->base, size, align;
	struct pci_dev *dev;
	unsigned shift, i;

	for (shift = SHIFT_MAX; shift >= SHIFT_MIN; shift--)
		for (dev = first_of(l->host); dev; dev = next_of(dev))
			for (i = 0; dev->bridge == l->bridge && i <= PCI_BARS; i++)
				if (item(dev, i, l->space, &size, &align) && align == BIT(shift))
					place(l, dev, i, &at);
	return at;
}

/* How much a bridge has to forward; those behind it know already. */
static void add_up(struct pci_dev *dev)
{
	enum pci_space space;

	for (space = PCI_MEM32; space < PCI_SPACES; space++) {
		struct layout l = { dev->host, dev, space, 0, UINT64_MAX, false, BRIDGE_UNIT };
		uint64_t end = lay_out(&l);

		dev->below[space].base = 0;
		dev->below[space].size = ALIGN_UP(end, BRIDGE_UNIT);
		dev->below[space].cpu = l.align;
	}
}

static void write_bridge(struct pci_dev *dev)
{
	const struct pci_window *mem = &dev->below[PCI_MEM32], *pref = &dev->below[PCI_MEM64];
	uint64_t end = mem->base + mem->size - 1;

	pci_write16(dev, PCI_IO_BASE, 0x00f0);
	pci_write32(dev, PCI_MEMORY_BASE, !mem->size ? CLOSED_BASE :
		    (uint32_t)(end & 0xfff00000) | (uint32_t)(mem->base >> 16 & 0xfff0));
	end = pref->base + pref->size - 1;
	pci_write32(dev, PCI_PREFETCH_BASE, !pref->size ? CLOSED_BASE :
		    (uint32_t)(end & 0xfff00000) | (uint32_t)(pref->base >> 16 & 0xfff0));
	pci_write32(dev, PCI_PREFETCH_BASE_HI, pref->size ? (uint32_t)(pref->base >> 32) : 0);
	pci_write32(dev, PCI_PREFETCH_LIMIT_HI, pref->size ? (uint32_t)(end >> 32) : 0);
}

static void lay_out_bus(struct pci_host *host, struct pci_dev *bridge)
{
	enum pci_space space;

	for (space = PCI_MEM32; space < PCI_SPACES; space++) {
		const struct pci_window *w = bridge ? &bridge->below[space] : &host->windows[space];
		struct layout l = { host, bridge, space, w->base, w->base + w->size, true, 0 };

		/* Address 0 means that there is none. */
		l.base = MAX_T(uint64_t, l.base, w->size ? PAGE_SIZE : 0);
		(void)lay_out(&l);
	}
	if (bridge)
		write_bridge(bridge);
}

static void place_all(struct pci_host *host)
{
	struct pci_dev *dev;

	/* Those behind a bridge come later in the list. */
	list_for_each_entry_reverse(dev, &pci_devices, link)
		if (dev->host == host && dev->is_bridge)
			add_up(dev);
	lay_out_bus(host, NULL);
	for (dev = first_of(host); dev; dev = next_of(dev))
		if (dev->is_bridge)
			lay_out_bus(host, dev);
}

void pci_assign(struct pci_host *host)
{
	struct pci_dev *dev;
	unsigned i, space;

	if (!is_assigned(host))
		place_all(host);
	for (dev = first_of(host); dev; dev = next_of(dev)) {
		for (i = 0; i < PCI_BARS; i++) {
			struct pci_bar *bar = &dev->bars[i];

			for (space = 0; bar->address && space < PCI_SPACES; space++)
				if (inside(&host->windows[space], bar->address, bar->size))
					bar->pa = bar->address - host->windows[space].base +
						  host->windows[space].cpu;
			if (!bar->pa)
				bar->address = 0;
		}
	}
}
