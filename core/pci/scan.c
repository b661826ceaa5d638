/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is on the buses of a PCI host bridge: functions, bridges, sizes of BARs. Buses are numbered
 * anew, depth first. Nothing decodes memory or masters the bus meanwhile.
 */
#include "pci_priv.h"

#include <core/log.h>
#include <core/mem.h>
#include <libs/errno.h>
#include <libs/printf.h>

#define BUS_DEPTH_MAX 8	/* bridges above each other; bounds the stack */
#define SLOTS	      32
#define FUNCTIONS     8
#define HEADER_KIND   0x7f
#define HEADER_MULTI  0x80
#define BAR_IO	      1
#define BAR_TYPE      6
#define BAR_64	      4
#define BAR_PREFETCH  8
/* A non-prefetchable BAR so large goes above 4 GiB if it can. */
#define LARGE	      (64 * MIB)

/* --- BARs --------------------------------------------------------------------------------- */

/* Ones written to a BAR read back as the bits that it decodes. */
static uint32_t bar_bits(struct pci_dev *dev, unsigned reg)
{
	uint32_t old = pci_read32(dev, reg), bits;

	pci_write32(dev, reg, UINT32_MAX);
	bits = pci_read32(dev, reg);
	pci_write32(dev, reg, old);
	return bits;
}

/* @return BARs that it takes */
static unsigned size_bar(struct pci_dev *dev, unsigned n, unsigned count)
{
	unsigned reg = PCI_BAR0 + 4 * n;
	struct pci_bar *bar = &dev->bars[n];
	uint32_t old = pci_read32(dev, reg);
	uint64_t bits = bar_bits(dev, reg);
	uint32_t flags = (uint32_t)bits;
	bool high_ok = dev->host->windows[PCI_MEM64].size;

	if (flags & BAR_IO || !bits)
		return 1;
	bits &= ~UINT64_C(0xf);
	bar->is64 = (flags & BAR_TYPE) == BAR_64 && n + 1 < count;
	bar->address = old & ~UINT32_C(0xf);
	if (bar->is64) {
		bits |= (uint64_t)bar_bits(dev, reg + 4) << 32;
		bar->address |= (uint64_t)pci_read32(dev, reg + 4) << 32;
	} else {
		bits |= UINT64_C(0xffffffff) << 32;
	}
	/* the lowest bit that it decodes: BARs are powers of two */
	bar->size = bits & -bits;
	if (bar->is64 && high_ok && (flags & BAR_PREFETCH || (!dev->bridge && bar->size >= LARGE)))
		bar->space = PCI_MEM64;
	return bar->is64 ? 2 : 1;
}

static void size_bars(struct pci_dev *dev)
{
	unsigned count = dev->is_bridge ? 2 : PCI_BARS, n;

	for (n = 0; n < count; )
		n += size_bar(dev, n, count);
}

/* --- functions and bridges -------------------------------------------------------------------- */

static struct pci_dev *add_function(struct pci_host *host, struct pci_dev *bridge, uint16_t bdf)
{
	struct pci_dev *dev = heap_zalloc(sizeof(*dev));
	unsigned cap;

	if (!dev)
		return NULL;
	dev->host = host;
	dev->bridge = bridge;
	dev->bdf = bdf;
	dev->vendor = pci_read16(dev, PCI_VENDOR_ID);
	dev->device = pci_read16(dev, PCI_DEVICE_ID);
	dev->class = pci_read32(dev, PCI_CLASS_REVISION) >> 8;
	dev->is_bridge = (pci_read8(dev, PCI_HEADER_TYPE) & HEADER_KIND) == 1;
	(void)snprintf(dev->name, sizeof(dev->name), "%04x:%02x:%02x.%x", host->domain & 0xffff,
		       bdf >> 8, bdf >> 3 & 0x1f, bdf & 7);
	list_add_tail(&pci_devices, &dev->link);
	pci_command(dev, PCI_COMMAND_INTX_OFF,
		    PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	if ((pci_read8(dev, PCI_HEADER_TYPE) & HEADER_KIND) <= 1)
		size_bars(dev);
	if (dev->is_bridge) {
		cap = pci_find_cap(dev, PCI_CAP_EXPRESS, 0);
		dev->express = cap ? pci_read16(dev, cap + 2) >> 4 & 0xf : 0;
	}
	return dev;
}

static int scan_bus(struct pci_host *host, struct pci_dev *bridge, uint8_t bus, unsigned depth);

static void set_buses(struct pci_dev *dev, uint8_t secondary, uint8_t subordinate)
{
	uint32_t rest = pci_read32(dev, PCI_BUSES) & 0xff000000;

	pci_write32(dev, PCI_BUSES, rest | (uint32_t)subordinate << 16 |
		    (uint32_t)secondary << 8 | dev->bdf >> 8);
}

static int scan_behind(struct pci_dev *dev, unsigned depth)
{
	struct pci_host *host = dev->host;
	int err;

	if (host->next_bus > host->last_bus || !host->next_bus || depth == BUS_DEPTH_MAX) {
		set_buses(dev, 0, 0);
		log_warn("%s: what is behind this bridge is not used: %s", dev->name,
			 depth == BUS_DEPTH_MAX ? "there are too many bridges above it" :
						  "the host bridge has no more bus numbers");
		return 0;
	}
	dev->secondary = host->next_bus++;
	set_buses(dev, dev->secondary, host->last_bus);
	err = scan_bus(host, dev, dev->secondary, depth + 1);
	set_buses(dev, dev->secondary, (uint8_t)(host->next_bus - 1));
	return err;
}

static bool function_there(struct pci_host *host, uint16_t bdf)
{
	uint32_t vendor = host->ops->read(host, bdf, PCI_VENDOR_ID, 2);

	return vendor != 0xffff && vendor;
}

/* A link has one device at its other end. */
static bool is_link(const struct pci_dev *bridge)
{
	return bridge->express == PCI_EXPRESS_ROOT_PORT ||
	       bridge->express == PCI_EXPRESS_DOWNSTREAM;
}

static int scan_bus(struct pci_host *host, struct pci_dev *bridge, uint8_t bus, unsigned depth)
{
	unsigned slots = bridge && is_link(bridge) ? 1 : SLOTS, slot, fn;
	int err = 0;

	for (slot = 0; slot < slots && !err; slot++) {
		unsigned functions = 1;

		for (fn = 0; fn < functions && !err; fn++) {
			uint16_t bdf = (uint16_t)(bus << 8 | slot << 3 | fn);
			struct pci_dev *dev;

			if (!function_there(host, bdf))
				continue;
			dev = add_function(host, bridge, bdf);
			if (!dev)
				return -ENOMEM;
			if (!fn && pci_read8(dev, PCI_HEADER_TYPE) & HEADER_MULTI)
				functions = FUNCTIONS;
			if (dev->is_bridge)
				err = scan_behind(dev, depth);
		}
	}
	return err;
}

int pci_scan(struct pci_host *host)
{
	host->next_bus = (uint8_t)(host->first_bus + 1);
	return scan_bus(host, NULL, host->first_bus, 0);
}
