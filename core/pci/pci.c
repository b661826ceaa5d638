/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions on the host's PCI buses: the list of them, access to configuration space, drivers. The
 * list is made while drivers are probed, by one thread, and does not change afterwards.
 */
#include "pci_priv.h"

#include <core/dt.h>
#include <core/log.h>
#include <core/mem.h>
#include <core/table.h>
#include <libs/errno.h>

TABLE(struct pci_driver, pci_driver);

struct list pci_devices = LIST_INIT(pci_devices);

static unsigned nr_hosts;

struct pci_dev *pci_next(struct pci_dev *prev)
{
	struct list *next = prev ? prev->link.next : pci_devices.next;

	return next == &pci_devices ? NULL : list_entry(next, struct pci_dev, link);
}

/* --- configuration space ----------------------------------------------------------------- */

uint8_t pci_read8(struct pci_dev *dev, unsigned reg)
{
	return (uint8_t)dev->host->ops->read(dev->host, dev->bdf, reg, 1);
}

uint16_t pci_read16(struct pci_dev *dev, unsigned reg)
{
	return (uint16_t)dev->host->ops->read(dev->host, dev->bdf, reg, 2);
}

uint32_t pci_read32(struct pci_dev *dev, unsigned reg)
{
	return dev->host->ops->read(dev->host, dev->bdf, reg, 4);
}

void pci_write8(struct pci_dev *dev, unsigned reg, uint8_t v)
{
	dev->host->ops->write(dev->host, dev->bdf, reg, 1, v);
}

void pci_write16(struct pci_dev *dev, unsigned reg, uint16_t v)
{
	dev->host->ops->write(dev->host, dev->bdf, reg, 2, v);
}

void pci_write32(struct pci_dev *dev, unsigned reg, uint32_t v)
{
	dev->host->ops->write(dev->host, dev->bdf, reg, 4, v);
}

void pci_command(struct pci_dev *dev, uint16_t set, uint16_t clear)
{
	uint16_t old = pci_read16(dev, PCI_COMMAND);

	pci_write16(dev, PCI_COMMAND, (uint16_t)((old & ~clear) | set));
}

void pci_enable(struct pci_dev *dev)
{
	for (; dev; dev = dev->bridge)
		pci_command(dev, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 0);
}

void pci_disable(struct pci_dev *dev)
{
	pci_command(dev, 0, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

unsigned pci_find_cap(struct pci_dev *dev, uint8_t id, unsigned after)
{
	unsigned at, steps = (256 - 64) / 4;

	if (!(pci_read16(dev, PCI_STATUS) & BIT32(4)))
		return 0;
	at = pci_read8(dev, after ? after + 1 : PCI_CAPABILITIES) & 0xfc;
	for (; at >= 64 && steps; steps--) {
		if (pci_read8(dev, at) == id)
			return at;
		at = pci_read8(dev, at + 1) & 0xfc;
	}
	return 0;
}

void *pci_map_bar(struct pci_dev *dev, unsigned bar, uint64_t offset, uint64_t size)
{
	const struct pci_bar *b = bar < PCI_BARS ? &dev->bars[bar] : NULL;
	void *va = NULL;

	if (!b || !b->address || !size || size > b->size || offset > b->size - size)
		log_error("%s: there are not 0x%llx bytes at 0x%llx of memory BAR %u", dev->name,
			  (unsigned long long)size, (unsigned long long)offset, bar);
	else
		va = mem_map_device(b->pa + offset, size);
	return va;
}

/* --- drivers ------------------------------------------------------------------------------ */

static const struct pci_driver *find_driver(const struct pci_dev *dev,
					    const struct pci_match **match)
{
	table_for_each(struct pci_driver, driver, pci_driver) {
		for (*match = (*driver)->match; (*match)->vendor; ++*match)
			if ((*match)->vendor == dev->vendor &&
			    ((*match)->device == dev->device || (*match)->device == PCI_ANY))
				return *driver;
	}
	return NULL;
}

static void bind(struct pci_dev *dev)
{
	const struct pci_match *match;
	int err;

	dev->driver = find_driver(dev, &match);
	if (!dev->driver)
		return;
	err = dev->driver->probe(dev, match);
	if (!err)
		return;
	if (err != -ENODEV)
		log_error("%s: driver %s cannot take it: %s", dev->name, dev->driver->name,
			  error_text(err));
	dev->driver = NULL;
}

int pci_host_register(struct pci_host *host)
{
	struct list *last = pci_devices.prev;
	struct pci_dev *dev;
	int err;

	host->coherent = dt_has(host->node, "dma-coherent");
	host->domain = dt_u32_or(host->node, "linux,pci-domain", nr_hosts);
	err = pci_read_windows(host);
	if (!err)
		err = pci_scan(host);
	if (err)
		return err;
	nr_hosts++;
	pci_assign(host);
	/* Bridges route; there is nothing to drive in them. */
	for (dev = list_entry(last->next, struct pci_dev, link); &dev->link != &pci_devices;
	     dev = list_next_entry(dev, link))
		if (!dev->is_bridge)
			bind(dev);
	return 0;
}
