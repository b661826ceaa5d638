/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PCI functions for tests; interrupts are counted only.
 */
#include "pci_fake.h"
#include "unit.h"

#include <string.h>

#include <core/dt.h>
#include <core/mem.h>
#include <libs/byteorder.h>
#include <libs/errno.h>

#include "../../core/pci/pci_priv.h"

#define FUNCTIONS 64

struct pci_host fake_host;
unsigned fake_shared;

static struct pci_fake_fn fns[FUNCTIONS];
static unsigned nr_fns;

/* --- what core/pci needs of others --------------------------------------------------- */

void *mem_map_device(hpa_t pa, uint64_t size)
{
	return (void *)(uintptr_t)pa;
}

void mem_unmap_device(void *va, uint64_t size)
{
}

int irq_of_cells(const struct dt_node *controller, const uint32_t *cells, unsigned n, bool *level)
{
	return n == 3 && !cells[0] ? (int)cells[1] + 32 : -EINVAL;
}

int irq_request(unsigned hwirq, bool level, const char *name, irq_handler fn, void *arg)
{
	return level ? -EINVAL : 0;
}

void irq_free(unsigned hwirq)
{
}

int irq_request_shared(unsigned hwirq, const char *name, irq_handler fn, void *arg)
{
	fake_shared++;
	return 0;
}

void irq_free_shared(unsigned hwirq, void *arg)
{
	fake_shared--;
}

/* --- functions -------------------------------------------------------------------------- */

static unsigned bus_of(const struct pci_fake_fn *fn)
{
	return fn->bridge ? fn->bridge->config[PCI_BUSES + 1] : fake_host.first_bus;
}

/* Only by bridges whose numbers lead there. */
static bool reachable(const struct pci_fake_fn *fn, unsigned bus)
{
	const struct pci_fake_fn *at;

	for (at = fn->bridge; at; at = at->bridge)
		if (!at->config[PCI_BUSES + 1] || bus < at->config[PCI_BUSES + 1] ||
		    bus > at->config[PCI_BUSES + 2])
			return false;
	return true;
}

struct pci_fake_fn *pci_fake_fn_of(unsigned bus, unsigned slot, unsigned fn)
{
	unsigned i;

	for (i = 0; i < nr_fns; i++)
		if (bus_of(&fns[i]) == bus && fns[i].slot == slot && fns[i].fn == fn &&
		    reachable(&fns[i], bus))
			return &fns[i];
	return NULL;
}

static uint32_t fake_read(struct pci_host *host, uint16_t bdf, unsigned reg, unsigned width)
{
	struct pci_fake_fn *fn = pci_fake_fn_of(bdf >> 8, bdf >> 3 & 31, bdf & 7);
	uint32_t v = UINT32_MAX;

	CHECK(reg % width == 0 && reg + width <= 256);
	if (fn)
		v = get_le32(fn->config + (reg & ~3u)) >> 8 * (reg & 3);
	return width == 4 ? v : v & (BIT32(8 * width) - 1);
}

static void fake_write(struct pci_host *host, uint16_t bdf, unsigned reg, unsigned width,
		       uint32_t value)
{
	struct pci_fake_fn *fn = pci_fake_fn_of(bdf >> 8, bdf >> 3 & 31, bdf & 7);
	unsigned i;

	CHECK(reg % width == 0 && reg + width <= 256);
	for (i = 0; i < width && fn; i++) {
		uint8_t mask = fn->writable[reg + i];

		fn->config[reg + i] = (uint8_t)((fn->config[reg + i] & ~mask) |
						(value >> 8 * i & mask));
	}
}

static const struct pci_host_ops fake_ops = { fake_read, fake_write };

void pci_fake_begin(struct dt_node *node)
{
	memset(&fake_host, 0, sizeof(fake_host));
	fake_host.ops = &fake_ops;
	fake_host.node = node;
	fake_host.last_bus = 255;
	memset(fns, 0, sizeof(fns));
	nr_fns = 0;
}

void pci_fake_end(void)
{
	while (!list_empty(&pci_devices)) {
		struct pci_dev *dev = list_first_entry(&pci_devices, struct pci_dev, link);

		list_del(&dev->link);
		CHECK(!dev->vectors);
		heap_free(dev);
	}
}

struct pci_fake_fn *pci_fake_add(struct pci_fake_fn *bridge, unsigned slot, unsigned number,
				 uint16_t vendor, uint16_t device)
{
	struct pci_fake_fn *fn = &fns[nr_fns++];

	fn->bridge = bridge;
	fn->slot = (uint8_t)slot;
	fn->fn = (uint8_t)number;
	put_le16(fn->config + PCI_VENDOR_ID, vendor);
	put_le16(fn->config + PCI_DEVICE_ID, device);
	put_le16(fn->config + PCI_COMMAND, 7);	/* as if firmware used it */
	put_le16(fn->writable + PCI_COMMAND, 0x547);
	memset(fn->writable + 0x40, 0xff, 0xc0);
	return fn;
}

struct pci_fake_fn *pci_fake_bridge(struct pci_fake_fn *above, unsigned slot, unsigned express)
{
	struct pci_fake_fn *fn = pci_fake_add(above, slot, 0, 0x1b36, 1);

	fn->is_bridge = true;
	fn->config[PCI_HEADER_TYPE] = 1;
	memset(fn->writable + PCI_BUSES, 0xff, 3);
	put_le16(fn->writable + PCI_IO_BASE, 0xf0f0);
	put_le32(fn->writable + PCI_MEMORY_BASE, 0xfff0fff0);
	put_le32(fn->writable + PCI_PREFETCH_BASE, 0xfff0fff0);
	memset(fn->writable + PCI_PREFETCH_BASE_HI, 0xff, 8);
	if (express) {
		fn->config[PCI_STATUS] |= 0x10;
		fn->config[PCI_CAPABILITIES] = 0x40;
		fn->config[0x40] = PCI_CAP_EXPRESS;
		fn->config[0x42] = (uint8_t)(express << 4 | 2);
		memset(fn->writable + 0x40, 0, 4);
	}
	return fn;
}

void pci_fake_bar(struct pci_fake_fn *fn, unsigned bar, uint64_t size, unsigned flags)
{
	uint64_t bits = ~(size - 1);

	put_le32(fn->config + PCI_BAR0 + 4 * bar, flags);
	put_le32(fn->writable + PCI_BAR0 + 4 * bar, (uint32_t)bits & ~15u);
	if ((flags & 7) == 4)
		put_le32(fn->writable + PCI_BAR0 + 4 * bar + 4, (uint32_t)(bits >> 32));
}

/* --- checks ------------------------------------------------------------------------------ */

/* What the registers of a bridge forward. */
static bool forwards(const struct pci_fake_fn *b, uint64_t first, uint64_t last)
{
	uint64_t mem = get_le32(b->config + PCI_MEMORY_BASE);
	uint64_t pref = get_le32(b->config + PCI_PREFETCH_BASE);
	uint64_t low = (mem & 0xfff0) << 16, high = (mem & 0xfff00000) | 0xfffff;

	if (first >= low && last <= high)
		return true;
	low = (uint64_t)get_le32(b->config + PCI_PREFETCH_BASE_HI) << 32 | (pref & 0xfff0) << 16;
	high = (uint64_t)get_le32(b->config + PCI_PREFETCH_LIMIT_HI) << 32 |
	       (pref & 0xfff00000) | 0xfffff;
	return first >= low && last <= high;
}

static void check_bar(const struct pci_dev *dev, const struct pci_bar *bar)
{
	const struct pci_fake_fn *fn = pci_fake_fn_of(dev->bdf >> 8, dev->bdf >> 3 & 31,
						      dev->bdf & 7);
	unsigned n = (unsigned)(bar - dev->bars), i;
	uint64_t last = bar->address + bar->size - 1;
	const struct pci_fake_fn *at;
	struct pci_dev *other = NULL;

	CHECK(fn && bar->address % bar->size == 0);
	CHECK_EQ(get_le32(fn->config + PCI_BAR0 + 4 * n) & ~15u, (uint32_t)bar->address);
	CHECK(bar->is64 || !(last >> 32));
	for (at = fn->bridge; at; at = at->bridge)
		CHECK(forwards(at, bar->address, last));
	while ((other = pci_next(other)))
		for (i = 0; i < PCI_BARS; i++) {
			const struct pci_bar *b = &other->bars[i];

			CHECK(b == bar || !b->address || b->address > last ||
			      b->address + b->size - 1 < bar->address);
		}
}

void pci_fake_check_places(void)
{
	struct pci_dev *dev = NULL;
	unsigned i;

	while ((dev = pci_next(dev)))
		for (i = 0; i < PCI_BARS; i++)
			if (dev->bars[i].address)
				check_bar(dev, &dev->bars[i]);
}
